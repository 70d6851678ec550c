//! Options of capture devices. The TypeScript types are generated from these structs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        checks::{check_text, ranges},
        error::{Error, Result},
        time::Rational,
    },
    frame::header::MAX_SIZE,
    pixels::ColourSpace,
};

/// Most controls that are set while a device is opened.
const MOST_CONTROLS: usize = 256;

/// The value of a control of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged, expecting = "a control must be true, false, a whole number or a text")]
pub enum ControlValue {
    /// Of a switch; `true` presses a button.
    Switch(bool),
    /// Of a number, or the place in a menu.
    Number(i64),
    /// Of a text, or the item of a menu.
    Text(String),
}

/// Options of a capture device. What is asked for is given exactly, or refused.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = Self::describe_ranges)]
pub struct DeviceOptions {
    /// The device: its `id` in the list of devices, which stays the same when it is plugged in again; its path, such as
    /// `/dev/video0` or one in `/dev/v4l/by-id`; its serial number; its name; or the name that GIFT-Grab has for its
    /// model, such as `DVI2PCIeDuo_SDI`.
    pub device: String,
    /// Colour space of the frames that observers see.
    pub colour: ColourSpace,
    /// Width in pixels. Without a size, the largest that the device gives at 25 frames per second or more, up to
    /// 1920 x 1080; of an HDMI or SDI input that of the signal.
    #[serde(default)]
    pub width: Option<u32>,
    /// Height in pixels.
    #[serde(default)]
    pub height: Option<u32>,
    /// Frames per second. Without it 30, or the nearest rate that the device gives; of an HDMI or SDI input that of the
    /// signal.
    #[serde(default)]
    pub frame_rate: Option<Rational>,
    /// The format in which the device hands frames over, as four characters such as `YUYV` or `MJPG`, or by FFmpeg's name,
    /// such as `yuyv422` or `mjpeg`. Without it the one nearest to `colour`, or a compressed one where no other has the
    /// frame rate.
    #[serde(default)]
    pub pixel_format: Option<String>,
    /// The input of a device that has several: its number from 0, or its name. Without it the one that is set.
    #[serde(default)]
    pub input: Option<String>,
    /// Controls to set, by name, such as `{ "brightness": 40, "auto_exposure": "Manual Mode" }`. They are set again
    /// whenever the device comes back; all others stay as they are.
    #[serde(default)]
    pub controls: BTreeMap<String, ControlValue>,
    /// Frames to leave out after each start, while a device settles.
    #[serde(default)]
    pub frames_to_burn: u32,
    /// Longest wait for the first frame, in milliseconds.
    #[serde(default = "default_open_timeout_ms")]
    pub open_timeout_ms: u32,
    /// Keep the device open while no target wants frames, so that no other program can change its settings. Its stream is
    /// stopped all the same.
    #[serde(default = "default_keep_open")]
    pub keep_open: bool,
    /// Largest number of pixels in a frame; larger frames are refused.
    #[serde(default = "default_max_pixels")]
    pub max_pixels: u32,
}

fn default_open_timeout_ms() -> u32 {
    5000
}
fn default_keep_open() -> bool {
    true
}
fn default_max_pixels() -> u32 {
    64 * 1024 * 1024
}

ranges!(DeviceOptions {
    width: 1..=MAX_SIZE,
    height: 1..=MAX_SIZE,
    frames_to_burn: 0..=10_000,
    open_timeout_ms: 100..=600_000,
    max_pixels: 1..=2_147_483_647,
});

impl DeviceOptions {
    /// Options that ask for nothing in particular.
    #[must_use]
    pub fn new(device: &str, colour: ColourSpace) -> Self {
        Self {
            device: device.to_owned(),
            colour,
            width: None,
            height: None,
            frame_rate: None,
            pixel_format: None,
            input: None,
            controls: BTreeMap::new(),
            frames_to_burn: 0,
            open_timeout_ms: default_open_timeout_ms(),
            keep_open: default_keep_open(),
            max_pixels: default_max_pixels(),
        }
    }

    /// Checks every field, without touching the device.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        self.check_ranges()?;
        let texts = [
            ("device", Some(&self.device)),
            ("pixelFormat", self.pixel_format.as_ref()),
            ("input", self.input.as_ref()),
        ];
        for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text?))) {
            check_name(field, text)?;
        }
        if let Some(rate) = self.frame_rate {
            rate.check_frame_rate("frameRate")?;
        }
        if self.controls.len() > MOST_CONTROLS {
            let message = format!("Cannot set {} controls: at most {MOST_CONTROLS} can be set", self.controls.len());
            return Err(Error::argument("controls", message));
        }
        for (name, value) in &self.controls {
            check_text("controls", name)?;
            if let ControlValue::Text(text) = value {
                check_text("controls", text)?;
            }
        }
        Ok(())
    }
}

/// Refuses a name without anything in it.
pub(super) fn check_name(field: &str, text: &str) -> Result<()> {
    check_text(field, text)?;
    if text.trim().is_empty() {
        return Err(Error::argument(field, format!("Cannot use {field} {text:?}: it is empty")));
    }
    Ok(())
}
