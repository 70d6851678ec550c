//! The devices that this process uses: each is used once.

use std::sync::LazyLock;

use parking_lot::Mutex;

use super::discover::{Device, Identity};
use crate::{
    base::error::{Code, Error, Result, Stage},
    pixels::ColourSpace,
};

static IN_USE: LazyLock<Mutex<Vec<(Identity, String, ColourSpace)>>> = LazyLock::new(Mutex::default);

/// The right to use a device, until it is dropped.
#[derive(Debug)]
pub(super) struct Claim(Identity);

impl Claim {
    /// Claims a device; `settings` are what else is asked of it.
    pub(super) fn new(device: &Device, settings: &str, colour: ColourSpace) -> Result<Self> {
        let mut in_use = IN_USE.lock();
        if let Some((_, others, other_colour)) = in_use.iter().find(|(identity, ..)| *identity == device.identity) {
            let name = &device.card;
            let (code, why) = if *other_colour != colour {
                (Code::DeviceAlreadyConnected, format!("it is in use with the colour space {other_colour:?}"))
            } else if others != settings {
                (Code::DeviceAlreadyConnected, "it is in use with other settings".to_owned())
            } else {
                (Code::DeviceBusy, "another source of this program is using it".to_owned())
            };
            let message = format!("Cannot open the device {name:?}: {why}; close that source first, or attach to it");
            return Err(Error::new(code, Stage::Source, message).with_field("device"));
        }
        in_use.push((device.identity.clone(), settings.to_owned(), colour));
        Ok(Self(device.identity.clone()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        IN_USE.lock().retain(|(identity, ..)| *identity != self.0);
    }
}
