//! What a source can be asked for. The TypeScript types are generated from these structs.

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        checks::{check_path, check_range},
        error::Result,
        time::Rational,
    },
    pixels::ColourSpace,
};

/// How a source keeps time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pacing {
    /// At the source's own rate, by absolute deadlines; a target that cannot keep up drops frames, counted.
    #[default]
    Realtime,
    /// As fast as every target accepts; nothing is ever dropped.
    Asap,
}

/// What a file reader does after its last frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AtEnd {
    /// End: the `ended` event and promise.
    #[default]
    Stop,
    /// Begin again; timestamps run on.
    Loop,
    /// Go on with black frames at the file's rate until closed.
    Black,
}

/// Options of a file reader.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileReaderOptions {
    /// Path of the file.
    pub path: String,
    /// Colour space of the frames that observers see.
    pub colour: ColourSpace,
    /// How the reader keeps time.
    #[serde(default)]
    pub pacing: Pacing,
    /// What follows the last frame.
    #[serde(default)]
    pub at_end: AtEnd,
    /// Decoder threads, 1 to 64; 0 chooses.
    #[serde(default)]
    #[schemars(range(min = 0, max = 64))]
    pub threads: u32,
    /// Refuse a video whose frames have more pixels than this.
    #[serde(default = "default_max_pixels")]
    #[schemars(range(min = 1, max = 2_147_483_647_u32))]
    pub max_pixels: u32,
}

/// Options of the synthetic test pattern: moving bars under a machine-readable barcode of the frame index.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestPatternOptions {
    /// Width in pixels, 16 to 16384.
    #[serde(default = "default_width")]
    #[schemars(range(min = 16, max = 16384))]
    pub width: u32,
    /// Height in pixels, 16 to 16384.
    #[serde(default = "default_height")]
    #[schemars(range(min = 16, max = 16384))]
    pub height: u32,
    /// Frames per second.
    #[serde(default = "default_rate")]
    pub frame_rate: Rational,
    /// Colour space in which the pattern is drawn.
    #[serde(default)]
    pub colour: ColourSpace,
    /// Views of each frame, 1 to 8: all carry the same barcode, and each differs visibly from the others.
    #[serde(default = "default_stereo_count")]
    #[schemars(range(min = 1, max = 8))]
    pub stereo_count: u32,
    /// How the pattern keeps time. In real time it behaves as a camera: an instant that was missed is gone.
    #[serde(default)]
    pub pacing: Pacing,
    /// End after this many frames; 0 runs until closed.
    #[serde(default)]
    #[schemars(range(min = 0, max = 4_294_967_295_u64))]
    pub frames: u64,
}

/// Options of every kind of source.
#[derive(Debug, Clone)]
pub enum SourceOptions {
    /// A video file.
    File(FileReaderOptions),
    /// The test pattern.
    Pattern(TestPatternOptions),
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

impl FileReaderOptions {
    /// Checks what can be known before the file is touched.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        check_path("path", &self.path)?;
        check_range("threads", u64::from(self.threads), 0, 64)?;
        check_range("maxPixels", u64::from(self.max_pixels), 1, i32::MAX as u64)
    }
}

impl TestPatternOptions {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        check_range("width", u64::from(self.width), 16, 16384)?;
        check_range("height", u64::from(self.height), 16, 16384)?;
        check_range("stereoCount", u64::from(self.stereo_count), 1, 8)?;
        check_range("frames", self.frames, 0, u64::from(u32::MAX))?;
        self.frame_rate.check_frame_rate("frameRate").map(drop)
    }
}
