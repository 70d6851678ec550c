//! Live sources: cameras, screens and network streams. A driver captures on a thread of its own; the producer here makes
//! frames with true times of what it gives, and sees to it that nothing is lost in silence.

mod account;
mod capture;
mod decode;
pub mod driver;
mod messages;
mod packets;
mod producer;
mod stamps;
mod watch;

pub use self::producer::LiveProducer;
use crate::{
    base::{error::Code, time::Rational},
    pipeline::report::SourceInfo,
    pixels::{ColourSpace, geometry::FieldOrder},
};

/// What a live source is to its program, besides its driver.
#[derive(Debug, Clone)]
pub struct LiveSetup {
    /// Its name in messages, quoted, such as `the device "/dev/video0"`.
    pub name: String,
    /// Its metadata; size, pixel format and codec are those of the first frame.
    pub info: SourceInfo,
    /// Whether `info.frame_rate` was asked for, so that another one is worth a warning.
    pub is_rate_asked: bool,
    /// Longest wait for the first frame, in nanoseconds.
    pub first_frame_ns: u64,
    /// The code of the error if no frame comes while it is opened.
    pub offline: Code,
    /// Frames to leave out after each start.
    pub burn: u32,
    /// Largest number of pixels of a frame.
    pub max_pixels: u32,
}

/// The metadata of a live source before its first frame, which shows the rest. A rate that is not known is that of most.
#[must_use]
pub fn info(frame_rate: Option<Rational>, colour: ColourSpace, codec: &str, container: &str) -> SourceInfo {
    const USUAL_RATE: Rational = Rational::new(30, 1);
    SourceInfo {
        frame_rate: frame_rate.unwrap_or(USUAL_RATE),
        is_frame_rate_guessed: frame_rate.is_none(),
        is_variable_rate: false,
        width: 0,
        height: 0,
        stereo_count: 1,
        colour,
        pixel_format: String::new(),
        pixel_aspect: None,
        rotation: 0,
        flip: false,
        field_order: FieldOrder::Unknown,
        codec: codec.to_owned(),
        container: container.to_owned(),
        duration_seconds: None,
        frames: None,
        video_tracks: 1,
        sound_tracks: 0,
    }
}

#[cfg(test)]
mod tests;
