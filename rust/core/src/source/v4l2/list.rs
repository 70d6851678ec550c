//! The list of capture devices.

use serde::Serialize;

use super::{
    discover::{Device, Probed, probe_all},
    offers::{Rates, Sizes, offers, rates},
    problems::Problems,
    signal,
    system::{Holder, Linux, System},
    text::text,
};
use crate::{
    base::{error::Error, time::Rational},
    sys::v4l2::Errno,
};
use std::sync::Arc;

/// A capture device.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceInfo {
    /// By which it is opened: the same when it is plugged in again, also where its path is another one then.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The path of its node now.
    pub path: String,
    /// The name of its driver.
    pub driver: String,
    /// Where it is connected.
    pub bus: String,
    /// Its serial number, if it states one.
    pub serial: Option<String>,
    /// The speed of its USB connection in megabits per second: 480 where a port of USB 2 slows it down.
    pub usb_speed: Option<u32>,
    /// Why it cannot be used, such as `permission_denied`; `null` if it can be opened.
    pub problem: Option<Error>,
    /// The programs that have it open, as far as they can be seen.
    pub users: Vec<Holder>,
    /// Its inputs.
    pub inputs: Vec<InputInfo>,
    /// The formats that it offers on the input that is set.
    pub formats: Vec<FormatInfo>,
}

/// An input of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "DeviceInput")]
#[serde(rename_all = "camelCase")]
pub struct InputInfo {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// It is the one that is set.
    pub is_selected: bool,
    /// Whether it gets a signal; `null` unless it is the one that is set.
    pub has_signal: Option<bool>,
}

/// A format of a device.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "DeviceFormat")]
#[serde(rename_all = "camelCase")]
pub struct FormatInfo {
    /// Its four characters.
    pub four_cc: String,
    /// FFmpeg's name of the pixel format or the codec; `null` if frames cannot be read from it.
    pub name: Option<String>,
    /// Its sizes.
    pub sizes: Vec<SizeInfo>,
}

/// One size of frames, or a range of sizes.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "DeviceSize")]
#[serde(rename_all = "camelCase")]
pub struct SizeInfo {
    /// Width in pixels; of a range the greatest.
    pub width: u32,
    /// Height in pixels; of a range the greatest.
    pub height: u32,
    /// The least sizes and the steps of a range.
    pub range: Option<SizeRange>,
    /// Its frame rates; of a range those of the greatest size.
    pub rates: Vec<RateInfo>,
}

/// The lower end of a range of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "DeviceSizeRange")]
#[serde(rename_all = "camelCase")]
pub struct SizeRange {
    /// The least width.
    pub width: u32,
    /// The least height.
    pub height: u32,
    /// Pixels between one width and the next.
    pub step_x: u32,
    /// Pixels between one height and the next.
    pub step_y: u32,
}

/// One frame rate, or a range of rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "DeviceRate")]
#[serde(rename_all = "camelCase")]
pub struct RateInfo {
    /// Frames per second; of a range the highest.
    pub rate: Rational,
    /// The lowest rate of a range.
    pub lowest: Option<Rational>,
}

/// The capture devices of this machine, those that cannot be used among them. Nodes that give no pictures are none.
#[must_use]
pub fn list_devices() -> Vec<DeviceInfo> {
    list(&(Arc::new(Linux) as Arc<dyn System>))
}

pub(super) fn list(system: &Arc<dyn System>) -> Vec<DeviceInfo> {
    let found = probe_all(system).into_iter();
    found
        .filter_map(|(entry, probed)| match probed {
            Probed::Capture(device) => Some(describe(system.as_ref(), &device)),
            Probed::Refused(error) => {
                let path = entry.path.display().to_string();
                let serial = entry.usb.as_ref().and_then(|usb| usb.serial.clone());
                let usb_speed = entry.usb.as_ref().and_then(|usb| usb.speed);
                let problem = problem(system.as_ref(), &path, &entry.path, error);
                Some(DeviceInfo { serial, usb_speed, problem: Some(problem), ..plain(path) })
            }
            Probed::Unfed(_) | Probed::Other(_) => None,
        })
        .collect()
}

fn problem(system: &dyn System, name: &str, path: &std::path::Path, error: Errno) -> Error {
    Problems { system, name: format!("the device {name:?}"), path }.refused("look at it", error)
}

/// A device of which only the path is known.
fn plain(path: String) -> DeviceInfo {
    DeviceInfo {
        id: path.clone(),
        name: String::new(),
        path,
        driver: String::new(),
        bus: String::new(),
        serial: None,
        usb_speed: None,
        problem: None,
        users: Vec::new(),
        inputs: Vec::new(),
        formats: Vec::new(),
    }
}

fn describe(system: &dyn System, device: &Device) -> DeviceInfo {
    let mut info = DeviceInfo {
        id: device.id.clone(),
        name: device.card.clone(),
        driver: device.driver.clone(),
        bus: device.identity.bus.clone(),
        serial: device.entry.usb.as_ref().and_then(|usb| usb.serial.clone()),
        usb_speed: device.entry.usb.as_ref().and_then(|usb| usb.speed),
        users: system.holders(&device.entry.path),
        ..plain(device.entry.path.display().to_string())
    };
    let node = match system.open(&device.entry.path) {
        Ok(node) => node,
        Err(error) => {
            info.problem = Some(problem(system, &device.card, &device.entry.path, error));
            return info;
        }
    };
    let node = node.as_ref();
    let selected = node.input().ok();
    let inputs = signal::inputs(node).into_iter().map(|input| {
        let is_selected = selected == Some(input.index);
        let has_signal = is_selected.then(|| signal::look(node).0 == signal::Signal::Good);
        InputInfo { index: input.index, name: text(&input.name), is_selected, has_signal }
    });
    info.inputs = inputs.collect();
    let formats = offers(node).into_iter().map(|offer| {
        let sizes = offer.sizes.iter().map(|sizes| {
            let (width, height) = sizes.largest();
            let range = match *sizes {
                Sizes::One(..) => None,
                Sizes::Range([width, _, step_x], [height, _, step_y]) => {
                    Some(SizeRange { width, height, step_x, step_y })
                }
            };
            let rates = rates(node, offer.fourcc, (width, height)).into_iter().map(|rates| match rates {
                Rates::One(rate) => RateInfo { rate, lowest: None },
                Rates::Range(lowest, rate) => RateInfo { rate, lowest: Some(lowest) },
            });
            SizeInfo { width, height, range, rates: rates.collect() }
        });
        let name = offer.fourcc.form().map(|_| offer.fourcc.name());
        FormatInfo { four_cc: offer.fourcc.to_string(), name, sizes: sizes.collect() }
    });
    info.formats = formats.collect();
    info
}
