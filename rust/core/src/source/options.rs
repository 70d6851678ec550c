//! Options of sources. The TypeScript types are generated from these structs.

use serde::{Deserialize, Serialize};

use super::{network::options::NetworkOptions, screen::options::ScreenOptions, v4l2::DeviceOptions};
use crate::{
    base::{
        checks::{check_path, ranges},
        error::Result,
        time::Rational,
    },
    frame::header::{MAX_SIZE, MAX_VIEWS},
    pixels::ColourSpace,
};

/// How a source keeps time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pacing {
    /// At the source's own rate, by absolute deadlines; a target that cannot keep up drops frames, counted.
    #[default]
    Realtime,
    /// As fast as every target accepts; no frame is dropped for lack of time.
    Asap,
}

/// The behaviour of a file reader after its last frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AtEnd {
    /// End: the `ended` event and promise.
    #[default]
    Stop,
    /// Begin again; timestamps run on.
    Loop,
    /// Continue with black frames at the file's rate until closed.
    Black,
}

/// Options of a file reader.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = Self::describe_ranges)]
pub struct FileReaderOptions {
    /// Path of the file.
    pub path: String,
    /// Colour space of the frames that observers see.
    pub colour: ColourSpace,
    /// How the reader keeps time.
    #[serde(default)]
    pub pacing: Pacing,
    /// The behaviour of the reader after the last frame.
    #[serde(default)]
    pub at_end: AtEnd,
    /// Frames per second of a raw stream (h264, hevc, mjpeg and the like), which states no times; by default the rate in its
    /// headers, or 25. Any other container is refused with it.
    #[serde(default)]
    pub frame_rate: Option<Rational>,
    /// Turn pictures upright by the file's display matrix, so that nothing is left to the player. Without it they come as
    /// they are coded, and recordings get the matrix.
    #[serde(default)]
    pub autorotate: bool,
    /// Decoder threads; 0 chooses.
    #[serde(default)]
    pub threads: u32,
    /// Number of the video track, from 0 and without cover pictures; by default the one that FFmpeg finds best.
    #[serde(default)]
    pub track: Option<u32>,
    /// Largest number of pixels in a frame; a video with larger frames is refused.
    #[serde(default = "default_max_pixels")]
    pub max_pixels: u32,
}

/// Options of the synthetic test pattern: moving bars under a machine-readable barcode of the frame index.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = Self::describe_ranges)]
pub struct TestPatternOptions {
    /// Width in pixels.
    #[serde(default = "default_width")]
    pub width: u32,
    /// Height in pixels.
    #[serde(default = "default_height")]
    pub height: u32,
    /// Frames per second.
    #[serde(default = "default_rate")]
    pub frame_rate: Rational,
    /// Colour space in which the pattern is drawn.
    #[serde(default)]
    pub colour: ColourSpace,
    /// Views of each frame: all carry the same barcode, and each differs visibly from the others.
    #[serde(default = "default_stereo_count")]
    pub stereo_count: u32,
    /// How the pattern keeps time. In real time it behaves like a camera: an instant that was missed is gone.
    #[serde(default)]
    pub pacing: Pacing,
    /// Number of frames after which it ends; 0 runs until closed.
    #[serde(default)]
    pub frames: u64,
}

/// Options of every kind of source.
#[derive(Debug, Clone)]
pub enum SourceOptions {
    /// A video file.
    File(FileReaderOptions),
    /// The test pattern.
    Pattern(TestPatternOptions),
    /// A capture device.
    Device(DeviceOptions),
    /// A screen.
    Screen(ScreenOptions),
    /// A network stream.
    Network(NetworkOptions),
}

fn default_max_pixels() -> u32 {
    64 * 1024 * 1024
}
fn default_width() -> u32 {
    1280
}
fn default_height() -> u32 {
    720
}
fn default_stereo_count() -> u32 {
    1
}
fn default_rate() -> Rational {
    Rational::new(30, 1)
}

ranges!(FileReaderOptions { threads: 0..=64, track: 0..=999, max_pixels: 1..=2_147_483_647 });

ranges!(TestPatternOptions {
    width: 16..=MAX_SIZE,
    height: 16..=MAX_SIZE,
    stereo_count: 1..=MAX_VIEWS,
    frames: 0..=4_294_967_295,
});

impl FileReaderOptions {
    /// Checks every field, without touching the file.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        check_path("path", &self.path)?;
        if let Some(rate) = self.frame_rate {
            rate.check_frame_rate("frameRate")?;
        }
        self.check_ranges()
    }
}

impl TestPatternOptions {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        self.check_ranges()?;
        self.frame_rate.check_frame_rate("frameRate").map(drop)
    }
}
