//! The controls of a device: listed, read and set by name, from any thread, while it streams.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use serde::Serialize;

use super::{
    control_values::{ControlKind, MenuEntry, items, raw_value, read},
    node::Node,
    options::ControlValue,
    text::text,
};
use crate::{
    base::error::{Code, Error, Result, Stage},
    sys::v4l2::{ControlQuery, Errno},
};

/// V4L2_CTRL_FLAG_NEXT_CTRL: the one after this.
const NEXT: u32 = 0x8000_0000;

/// Most controls of a device.
const MOST_CONTROLS: usize = 1000;

/// V4L2_CTRL_FLAG_*
mod flag {
    pub(super) const DISABLED: u32 = 0x1;
    pub(super) const GRABBED: u32 = 0x2;
    pub(super) const READ_ONLY: u32 = 0x4;
    pub(super) const INACTIVE: u32 = 0x10;
    pub(super) const VOLATILE: u32 = 0x80;
}

/// A control of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlInfo {
    /// Its name, in lower case with `_` between words, as `v4l2-ctl` has it.
    pub name: String,
    /// Its name as its driver writes it.
    pub label: String,
    /// What it is.
    pub kind: ControlKind,
    /// The least number, or the least length of a text.
    pub minimum: i64,
    /// The greatest.
    pub maximum: i64,
    /// The step between numbers.
    pub step: u64,
    /// The value that it has at first; `null` for a button or a text.
    pub default_value: Option<i64>,
    /// Its value; `null` if it cannot be read.
    pub value: Option<ControlValue>,
    /// The items of a menu.
    pub items: Vec<MenuEntry>,
    /// It cannot be set at all.
    pub is_read_only: bool,
    /// It cannot be set now: another control, such as an automatic one, decides about it.
    pub is_inactive: bool,
    /// It cannot be set while the device streams.
    pub is_grabbed: bool,
    /// Its value may change by itself.
    pub is_volatile: bool,
}

/// The controls of one device, for any thread, at any time.
pub trait DeviceControls: Send + Sync {
    /// All controls with their values.
    ///
    /// # Errors
    ///
    /// `DeviceLost` while the device is away.
    fn list(&self) -> Result<Vec<ControlInfo>>;

    /// The value of a control.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for a control that there is not, or that cannot be read; `DeviceLost` while the device is away.
    fn get(&self, name: &str) -> Result<ControlValue>;

    /// Sets a control, and returns the value that it has then. The value is set again whenever the device comes back.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for a control that there is not, a value that it cannot have, or a control that cannot be set
    /// now; `DeviceLost` while the device is away.
    fn set(&self, name: &str, value: &ControlValue) -> Result<ControlValue>;
}

/// What the driver of a device and its controls share.
#[derive(Default)]
pub(super) struct Shared {
    /// The device, while it is open.
    pub(super) node: Mutex<Option<Arc<dyn Node>>>,
    /// What was set through us.
    pub(super) remembered: Mutex<BTreeMap<String, ControlValue>>,
    /// Its name in messages.
    pub(super) name: String,
}

impl Shared {
    fn node(&self) -> Result<Arc<dyn Node>> {
        self.node.lock().clone().ok_or_else(|| {
            let message = format!("Cannot use the controls of {}: it is not open now", self.name);
            Error::new(Code::DeviceLost, Stage::Source, message)
        })
    }

    /// Sets everything again that was set through us, those that switch something automatic first.
    ///
    /// # Errors
    ///
    /// The first one; the other controls are set all the same.
    pub(super) fn restore(&self, node: &dyn Node) -> Result<()> {
        let remembered = self.remembered.lock().clone();
        if remembered.is_empty() {
            return Ok(());
        }
        let known = controls(node);
        let mut wanted: Vec<_> = remembered.iter().map(|(name, value)| (find(&known, name), name, value)).collect();
        wanted.sort_by_key(|(control, ..)| control.map_or(u8::MAX, order));
        // Whether one can be set may depend on any other, so that what was refused is tried once more.
        wanted.retain(|(_, name, value)| set(node, &self.name, name, value).is_err());
        let errors = wanted.iter().filter_map(|(_, name, value)| set(node, &self.name, name, value).err());
        errors.reduce(|first, _| first).map_or(Ok(()), |error| Err(error.with_field("controls")))
    }
}

impl DeviceControls for Shared {
    fn list(&self) -> Result<Vec<ControlInfo>> {
        let node = self.node()?;
        Ok(controls(node.as_ref()).iter().filter_map(|control| info(node.as_ref(), control)).collect())
    }

    fn get(&self, name: &str) -> Result<ControlValue> {
        let node = self.node()?;
        let known = controls(node.as_ref());
        let control = find(&known, name).ok_or_else(|| unknown(&self.name, name, &known))?;
        let refuse = |why: &str| {
            let message = format!("Cannot read the control {name:?} of {}: {why}", self.name);
            Error::argument("name", message)
        };
        read(node.as_ref(), control).map_err(|error| match error {
            Errno::ACCESS => refuse("it can only be set"),
            error => lost_or(error, refuse(&describe(error)), &self.name),
        })
    }

    fn set(&self, name: &str, value: &ControlValue) -> Result<ControlValue> {
        let node = self.node()?;
        let (name, value, is_button) = set(node.as_ref(), &self.name, name, value)?;
        if !is_button {
            self.remembered.lock().insert(name, value.clone());
        }
        Ok(value)
    }
}

/// The name of a control as `v4l2-ctl` writes it.
pub(super) fn plain_name(label: &str) -> String {
    let mut name = String::with_capacity(label.len());
    for letter in label.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    name.trim_end_matches('_').to_owned()
}

/// All controls that have a value or can be pressed, as the driver describes them.
fn controls(node: &dyn Node) -> Vec<ControlQuery> {
    let mut found: Vec<ControlQuery> = Vec::new();
    let mut id = 0;
    while found.len() < MOST_CONTROLS {
        let Ok(control) = node.query_control(id | NEXT) else { break };
        if control.id <= id {
            // A driver that does not go on would be asked for ever.
            break;
        }
        id = control.id;
        let is_usable = ControlKind::of(control.kind, control.elements, control.maximum).is_some();
        if is_usable && control.flags & flag::DISABLED == 0 {
            found.push(control);
        }
    }
    found
}

fn find<'a>(controls: &'a [ControlQuery], name: &str) -> Option<&'a ControlQuery> {
    let wanted = plain_name(name);
    controls.iter().find(|control| plain_name(&text(&control.name)) == wanted)
}

/// What is set first: what switches something automatic, then other choices, then numbers, and buttons last.
fn order(control: &ControlQuery) -> u8 {
    let name = plain_name(&text(&control.name));
    let kind = ControlKind::of(control.kind, control.elements, control.maximum).map(|(kind, _)| kind);
    match kind {
        Some(ControlKind::Switch | ControlKind::Menu) if name.contains("auto") => 0,
        Some(ControlKind::Switch | ControlKind::Menu) => 1,
        Some(ControlKind::Button) => 3,
        _ => 2,
    }
}

fn info(node: &dyn Node, control: &ControlQuery) -> Option<ControlInfo> {
    let (kind, _) = ControlKind::of(control.kind, control.elements, control.maximum)?;
    let label = text(&control.name);
    let is = |flags: u32| control.flags & flags != 0;
    Some(ControlInfo {
        name: plain_name(&label),
        label,
        kind,
        minimum: control.minimum,
        maximum: control.maximum,
        step: control.step,
        default_value: (!matches!(kind, ControlKind::Button | ControlKind::Text)).then_some(control.default),
        value: read(node, control).ok(),
        items: items(node, control),
        is_read_only: is(flag::READ_ONLY),
        is_inactive: is(flag::INACTIVE),
        is_grabbed: is(flag::GRABBED),
        is_volatile: is(flag::VOLATILE),
    })
}

/// Sets a control; returns its name, the value that it has then, and whether it is a button.
fn set(node: &dyn Node, device: &str, name: &str, value: &ControlValue) -> Result<(String, ControlValue, bool)> {
    let known = controls(node);
    let control = find(&known, name).ok_or_else(|| unknown(device, name, &known))?;
    let refuse =
        |field: &str, why: &str| Error::argument(field, format!("Cannot set the control {name:?} of {device}: {why}"));
    if control.flags & flag::READ_ONLY != 0 {
        return Err(refuse("name", "it can only be read"));
    }
    if control.flags & flag::GRABBED != 0 {
        return Err(refuse("name", "it cannot be changed while the device streams"));
    }
    if control.flags & flag::INACTIVE != 0 {
        return Err(refuse("name", &why_inactive(&known, control)));
    }
    let raw = raw_value(node, control, value).map_err(|why| refuse("value", &why))?;
    node.set_control(control.id, &raw).map_err(|error| {
        let why = match error {
            Errno::ACCESS => why_inactive(&known, control),
            Errno::BUSY => "it cannot be changed while the device streams".to_owned(),
            error => describe(error),
        };
        lost_or(error, refuse("value", &why), device)
    })?;
    let is_button = control.kind == 4;
    let value = if is_button { value.clone() } else { read(node, control).unwrap_or_else(|_| value.clone()) };
    Ok((plain_name(name), value, is_button))
}

/// Why another control decides about this one, naming that one if its name tells.
fn why_inactive(known: &[ControlQuery], control: &ControlQuery) -> String {
    let own = plain_name(&text(&control.name));
    let subject = own.split('_').next().unwrap_or_default();
    let mut names = known.iter().map(|other| plain_name(&text(&other.name)));
    let automatic = names.find(|name| *name != own && name.contains("auto") && name.contains(subject));
    automatic.map_or_else(
        || "it is inactive, because another control decides about it".to_owned(),
        |name| format!("it is inactive, because {name:?} decides about it; set that to manual first"),
    )
}

fn unknown(device: &str, name: &str, known: &[ControlQuery]) -> Error {
    let names: Vec<_> = known.iter().map(|control| plain_name(&text(&control.name))).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Error::argument("name", format!("Cannot find the control {name:?} of {device}; it has {names}"))
}

/// The system's words for an error.
fn describe(error: Errno) -> String {
    let text = std::io::Error::from(error).to_string();
    format!("its driver refuses: {}", text.split(" (os error").next().unwrap_or(&text))
}

fn lost_or(error: Errno, other: Error, device: &str) -> Error {
    if matches!(error, Errno::NODEV | Errno::NXIO) {
        let message = format!("Cannot use the controls of {device}: it was unplugged");
        return Error::new(Code::DeviceLost, Stage::Source, message);
    }
    other
}
