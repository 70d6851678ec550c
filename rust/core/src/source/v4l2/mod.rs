//! Capture devices: cameras and grabbers, by Video4Linux2.

mod control_values;
mod controls;
mod discover;
mod driver;
mod fourcc;
mod list;
mod mode;
mod node;
mod offers;
pub mod options;
mod packets;
mod pixels;
mod problems;
mod registry;
mod signal;
mod stream;
mod system;
mod text;

use std::sync::Arc;

pub use self::{
    control_values::{ControlKind, MenuEntry},
    controls::{ControlInfo, DeviceControls},
    list::{DeviceInfo, FormatInfo, InputInfo, RateInfo, SizeInfo, SizeRange, list_devices},
    options::{ControlValue, DeviceOptions},
    system::Holder,
};
use self::{
    discover::find,
    driver::DeviceDriver,
    mode::{Chosen, Frames},
    registry::Claim,
    system::{Linux, System},
};
use super::live::{
    self, LiveSetup,
    driver::{CaptureDriver, Loss},
};
use crate::{
    base::error::{Code, Error, Result, Stage},
    pipeline::report::SourceInfo,
};

/// The device that is meant by a name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct FoundDevice {
    /// Its id, which stays the same.
    pub id: String,
    /// The path of its node now.
    pub path: String,
}

/// Finds the device that is meant by a name of any kind.
///
/// # Errors
///
/// `DeviceNotFound`, or why it is none.
pub fn find_device(name: &str) -> Result<FoundDevice> {
    options::check_name("device", name)?;
    let system: Arc<dyn System> = Arc::new(Linux);
    let device = find(&system, name)?;
    Ok(FoundDevice { id: device.id, path: device.entry.path.display().to_string() })
}

/// A device that is open and ready to stream: its driver, what a source of it is, and its controls.
pub type Opened = (Box<dyn CaptureDriver>, LiveSetup, Arc<dyn DeviceControls>);

/// Opens a capture device and has it take its mode; it streams from the driver's start on.
///
/// # Errors
///
/// `InvalidArgument`; `DeviceNotFound`, `PermissionDenied`, `DeviceBusy`, `DeviceAlreadyConnected`, `NoSignal`,
/// `UnsupportedMode`, or why else it cannot be used.
pub fn open(options: &DeviceOptions) -> Result<Opened> {
    open_on(&(Arc::new(Linux) as Arc<dyn System>), options)
}

fn open_on(system: &Arc<dyn System>, options: &DeviceOptions) -> Result<Opened> {
    options.check()?;
    let device = find(system, &options.device)?;
    let settings = format!(
        "{:?}",
        (
            options.width,
            options.height,
            options.frame_rate,
            &options.pixel_format,
            &options.input,
            options.frames_to_burn
        )
    );
    let claim = Claim::new(&device, &settings, options.colour)?;
    let mut driver = DeviceDriver::new(system, &device, options, claim)?;
    let opened = driver.open_at(&device.entry.path).and_then(|()| {
        let Some(open) = &mut driver.open else { return Ok(()) };
        open.is_restored = true;
        // Controls may change what the mode was chosen by.
        open.is_fresh &= options.controls.is_empty();
        driver.shared.restore(open.node.as_ref()).map_err(Loss::Lost)
    });
    if let Err(loss) = opened {
        return Err(match loss {
            Loss::Lost(error) => error,
            Loss::Changed => Error::new(Code::DeviceOffline, Stage::Source, "Cannot open the device: it changes"),
        });
    }
    let setup = LiveSetup {
        name: driver.shared.name.clone(),
        info: info(options, driver.chosen()),
        is_rate_asked: options.frame_rate.is_some(),
        first_frame_ns: u64::from(options.open_timeout_ms) * 1_000_000,
        offline: Code::DeviceOffline,
        burn: options.frames_to_burn,
        max_pixels: options.max_pixels,
    };
    let controls: Arc<dyn DeviceControls> = driver.shared.clone();
    Ok((Box::new(driver), setup, controls))
}

fn info(options: &DeviceOptions, chosen: Option<&Chosen>) -> SourceInfo {
    let rate = chosen.and_then(|chosen| chosen.mode.rate);
    let (width, height) = chosen.map_or((0, 0), |chosen| chosen.mode.size);
    let codec = match chosen.map(|chosen| &chosen.content) {
        Some(Frames::Coded(coded, _)) => coded.name(),
        _ => "rawvideo",
    };
    SourceInfo {
        width,
        height,
        pixel_format: chosen.map(|chosen| chosen.mode.fourcc.name()).unwrap_or_default(),
        ..live::info(rate, options.colour, codec, "v4l2")
    }
}

#[cfg(test)]
mod tests;
