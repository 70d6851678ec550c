//! Which capture devices there are, and which of them is meant.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use super::{
    node::{CAN_CAPTURE, CAN_CAPTURE_PLANES, abilities},
    problems::Problems,
    system::{AtPath, Entry, System},
    text::text,
};
use crate::{
    base::error::{Code, Error, Result, Stage},
    sys::{
        self,
        v4l2::{Capability, Errno},
    },
};

/// V4L2_CAP_STREAMING and those of other kinds of node.
const CAN_STREAM: u32 = 0x0400_0000;
const IS_OUTPUT: u32 = 0x2 | 0x2000;
const IS_MEMORY_TO_MEMORY: u32 = 0x4000 | 0x8000;
const IS_METADATA: u32 = 0x0080_0000 | 0x0800_0000;

/// Longest time that a node may take to say what it is.
const PROBE_TIME: Duration = Duration::from_secs(2);

/// The models that GIFT-Grab names: the beginning of the device's name, and which of those that have it is meant.
const MODELS: [(&str, &str, usize); 4] = [
    ("DVI2PCIeDuo_DVI", "DVI2PCI", 0),
    ("DVI2PCIeDuo_SDI", "DVI2PCI", 1),
    ("DeckLinkSDI4K", "DeckLink SDI 4K", 0),
    ("DeckLink4KExtreme12G", "DeckLink 4K Extreme 12G", 0),
];

/// What stays the same when a device is plugged in again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    /// Its USB serial number, or where it is connected.
    pub(super) base: String,
    /// Where it is connected.
    pub(super) bus: String,
    /// Which of its nodes it is.
    pub(super) index: u32,
}

/// A capture device.
#[derive(Clone)]
pub(super) struct Device {
    pub(super) entry: Entry,
    pub(super) card: String,
    pub(super) driver: String,
    pub(super) identity: Identity,
    /// Its name in the list of devices.
    pub(super) id: String,
}

/// What a node is.
#[derive(Clone)]
pub(super) enum Probed {
    Capture(Device),
    /// A node that gives no pictures, and why.
    Other(&'static str),
    /// A loop device that nobody feeds now.
    Unfed(Device),
    Refused(Errno),
}

impl Identity {
    fn of(entry: &Entry, capability: &Capability) -> Self {
        let bus = text(&capability.bus_info);
        // A device with neither would be none.
        let place = if bus.is_empty() { entry.path.display().to_string() } else { bus.clone() };
        let serial = entry
            .usb
            .as_ref()
            .and_then(|usb| Some(format!("usb:{}:{}:{}", usb.vendor, usb.product, usb.serial.as_ref()?)));
        Self { base: serial.unwrap_or_else(|| format!("bus:{place}")), bus, index: entry.index }
    }

    /// Its name, as long as no other device has the same.
    fn name(&self) -> String {
        if self.index == 0 { self.base.clone() } else { format!("{}-index{}", self.base, self.index) }
    }

    /// Its name where several devices have the same serial number.
    fn full_name(&self) -> String {
        format!("{}@{}", self.name(), self.bus)
    }
}

/// Why a node gives no pictures; `None` if it does.
fn other_kind(abilities: u32) -> Option<&'static str> {
    let has = |flags: u32| abilities & flags != 0;
    match () {
        () if has(IS_MEMORY_TO_MEMORY) => Some("it converts pictures, and captures none"),
        () if has(CAN_CAPTURE | CAN_CAPTURE_PLANES) && !has(CAN_STREAM) => Some("it does not stream"),
        () if has(CAN_CAPTURE | CAN_CAPTURE_PLANES) => None,
        () if has(IS_METADATA) => Some("it gives data about pictures, but no pictures"),
        () if has(IS_OUTPUT) => Some("it takes pictures, and gives none"),
        () => Some("it captures no video"),
    }
}

/// What a node is, by its own word.
pub(super) fn probe(system: &dyn System, entry: &Entry) -> Probed {
    match system.open(&entry.path).and_then(|node| node.capability()) {
        Ok(capability) => classify(entry, &capability),
        Err(Errno::NOTTY) => Probed::Other("it is no capture device"),
        Err(error) => Probed::Refused(error),
    }
}

pub(super) fn classify(entry: &Entry, capability: &Capability) -> Probed {
    let identity = Identity::of(entry, capability);
    let device = Device {
        entry: entry.clone(),
        card: text(&capability.card),
        driver: text(&capability.driver),
        id: identity.name(),
        identity,
    };
    let abilities = abilities(capability);
    match other_kind(abilities) {
        None => Probed::Capture(device),
        // It captures whenever a program feeds it; meanwhile it says that it does something else, or nothing.
        Some(_) if device.driver.contains("loopback") => Probed::Unfed(device),
        Some(why) => Probed::Other(why),
    }
}

/// What each node is. A node that does not answer holds the others up for a moment only.
pub(super) fn probe_all(system: &Arc<dyn System>) -> Vec<(Entry, Probed)> {
    let entries = system.entries();
    let (answers, answered) = mpsc::sync_channel(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let (system, entry, answers) = (system.clone(), entry.clone(), answers.clone());
        // Without a thread the node counts as one that does not answer.
        let _ = sys::spawn("gg-probe", move || drop(answers.send((place, probe(system.as_ref(), &entry)))));
    }
    drop(answers);
    let mut found: Vec<_> = entries.into_iter().map(|entry| (entry, Probed::Refused(Errno::TIMEDOUT))).collect();
    let deadline = Instant::now() + PROBE_TIME;
    while let Ok((place, probed)) = answered.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        found[place].1 = probed;
    }
    name_apart(&mut found);
    found
}

/// Gives devices of one serial number names that differ.
fn name_apart(found: &mut [(Entry, Probed)]) {
    let names: Vec<_> = devices(found).map(|device| device.identity.name()).collect();
    for (_, probed) in found.iter_mut() {
        if let Probed::Capture(device) | Probed::Unfed(device) = probed {
            let name = device.identity.name();
            if names.iter().filter(|other| **other == name).count() > 1 {
                device.id = device.identity.full_name();
            }
        }
    }
}

fn devices(found: &[(Entry, Probed)]) -> impl Iterator<Item = &Device> {
    found.iter().filter_map(|(_, probed)| match probed {
        Probed::Capture(device) | Probed::Unfed(device) => Some(device),
        Probed::Other(_) | Probed::Refused(_) => None,
    })
}

/// The device that is known by this identity, wherever it is now.
pub(super) fn find_again(system: &Arc<dyn System>, identity: &Identity) -> Option<Device> {
    let found = probe_all(system);
    let is_like = |device: &&Device| device.identity.base == identity.base && device.identity.index == identity.index;
    // Of several that look alike it is the one in the same place.
    let mut alike = devices(&found).filter(is_like);
    let is_there = |device: &&Device| device.identity.bus == identity.bus;
    devices(&found).filter(is_like).find(is_there).or_else(|| alike.next().filter(|_| alike.next().is_none())).cloned()
}

/// The device that is meant by a text.
pub(super) fn find(system: &Arc<dyn System>, wanted: &str) -> Result<Device> {
    let wanted = wanted.trim();
    if wanted.starts_with('/') {
        return at_path(system, wanted);
    }
    let found = probe_all(system);
    let is = |text: &str| text.eq_ignore_ascii_case(wanted);
    let is_serial = |device: &Device| {
        device.entry.usb.as_ref().and_then(|usb| usb.serial.as_ref()).is_some_and(|serial| is(serial))
    };
    let is_node = |device: &Device| device.entry.path.file_name().is_some_and(|name| name == wanted);
    let tests: [&dyn Fn(&Device) -> bool; 4] = [
        &|device| is(&device.id) || is(&device.identity.full_name()),
        &|device| is(&device.identity.name()) || is_node(device),
        &is_serial,
        &|device| is(&device.card),
    ];
    for test in tests {
        let meant: Vec<_> = devices(&found).filter(|device| test(device)).collect();
        match meant.as_slice() {
            [] => {}
            [device] => return checked(system, device, &found),
            several => return Err(ambiguous(wanted, several)),
        }
    }
    if let Some((_, begin, place)) = MODELS.iter().find(|(model, ..)| is(model)) {
        let mut meant: Vec<_> = devices(&found).filter(|device| device.card.contains(begin)).collect();
        meant.sort_by(|one, other| {
            (&one.identity.bus, one.entry.number).cmp(&(&other.identity.bus, other.entry.number))
        });
        if let Some(device) = meant.get(*place) {
            return checked(system, device, &found);
        }
    }
    Err(nothing(system.as_ref(), wanted, &found))
}

fn checked(system: &Arc<dyn System>, device: &Device, found: &[(Entry, Probed)]) -> Result<Device> {
    let is_unfed = found.iter().any(|(entry, probed)| matches!(probed, Probed::Unfed(_)) && *entry == device.entry);
    if is_unfed { Err(unfed(system.as_ref(), device)) } else { Ok(device.clone()) }
}

fn unfed(_: &dyn System, device: &Device) -> Error {
    let message = format!(
        "Cannot open {:?}: it is a loop device that no program feeds now; start that program first",
        device.entry.path.display().to_string()
    );
    Error::new(Code::DeviceOffline, Stage::Source, message).with_field("device")
}

fn ambiguous(wanted: &str, several: &[&Device]) -> Error {
    let ids: Vec<_> = several.iter().map(|device| format!("{:?}", device.id)).collect();
    let message = format!("Cannot choose the device {wanted:?}: several are called so; name one of {}", ids.join(", "));
    Error::argument("device", message)
}

fn at_path(system: &Arc<dyn System>, wanted: &str) -> Result<Device> {
    let refuse = |why: &str| {
        let message = format!("Cannot find the device {wanted:?}: {why}");
        Error::new(Code::DeviceNotFound, Stage::Source, message).with_field("device")
    };
    let entry = match system.at(Path::new(wanted)) {
        AtPath::Node(entry) => entry,
        AtPath::Nothing => return Err(refuse("there is nothing at this path")),
        AtPath::Other(what) => return Err(refuse(&format!("there is {what} at this path"))),
    };
    match probe(system.as_ref(), &entry) {
        Probed::Capture(device) => Ok(device),
        Probed::Unfed(device) => Err(unfed(system.as_ref(), &device)),
        Probed::Other(why) => {
            let found = probe_all(system);
            let siblings = devices(&found).filter(|device| is_sibling(&device.entry, &entry));
            let siblings: Vec<_> =
                siblings.map(|device| format!("{:?}", device.entry.path.display().to_string())).collect();
            let use_other =
                if siblings.is_empty() { String::new() } else { format!("; use {}", siblings.join(" or ")) };
            Err(refuse(&format!("{why}{use_other}")))
        }
        Probed::Refused(error) => {
            let problems =
                Problems { system: system.as_ref(), name: format!("the device {wanted:?}"), path: &entry.path };
            Err(problems.refused("open it", error).with_field("device"))
        }
    }
}

/// Whether two nodes are of one USB device.
fn is_sibling(one: &Entry, other: &Entry) -> bool {
    one.usb.is_some() && one.usb == other.usb
}

fn nothing(system: &dyn System, wanted: &str, found: &[(Entry, Probed)]) -> Error {
    let known: Vec<_> = devices(found).map(|device| format!("{:?} ({:?})", device.id, device.card)).collect();
    let known = if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
    let mut message = format!("Cannot find the device {wanted:?}: {known}");
    let locked = found.iter().find(|(_, probed)| matches!(probed, Probed::Refused(Errno::ACCESS | Errno::PERM)));
    if let Some((entry, _)) = locked {
        let path = entry.path.display().to_string();
        let group =
            system.group(&entry.path).map(|group| format!(", for which its user must be in the group {group:?}"));
        message += &format!("; this program may not open {path:?}{}", group.unwrap_or_default());
    }
    if wanted.to_ascii_lowercase().starts_with("decklink") {
        message += "; the driver of DeckLink cards offers no Video4Linux2 device";
    }
    Error::new(Code::DeviceNotFound, Stage::Source, message).with_field("device")
}
