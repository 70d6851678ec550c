//! Options of file writers. The TypeScript types are generated from these structs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    av::PixelFormat,
    base::{
        checks::{check_path, check_text, ranges},
        error::{Error, Result},
        time::{Rational, RecordingRate, check_instant},
    },
    codec::{Codec, Container, EncodeOptions, EncoderProfile},
    frame::FrameForm,
    pipeline::input::{DEFAULT_QUEUE_BYTES, DEFAULT_QUEUE_SECONDS, InputConfig, Limits},
    pixels::StereoPacking,
};

/// The behaviour of a writer when the size, the pixel aspect or the orientation of the frames changes, or the number of
/// their views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnResize {
    /// Continue in the size of the first frame. Where packets are copied they are recorded as they are, with a warning. Others are scaled into it with their proportions, between black bars where
    /// these differ, which is reported once by a warning. Where views are packed, a missing one is replaced by the last
    /// one, and surplus ones are left out.
    #[default]
    Scale,
    /// Finish the file and continue in the next one: after `NAME.mp4` follow `NAME_002.mp4`, `NAME_003.mp4` and so on.
    /// So it does after a pause that the container cannot express. Each file begins at time 0. A number that is taken is
    /// passed over, unless `overwrite` is set. The program needs permission to write the folder of the file.
    Segment,
}

/// The behaviour of a writer when no frames come for a while from a live source, once they come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnGap {
    /// The last frame before the gap is shown until the first one after it.
    #[default]
    Hold,
    /// A black frame is shown from the end of the last frame until the first one after the gap.
    Black,
    /// Finish the file and continue in the next one, named as by `onResize`. Where packets are copied the next one begins
    /// with the first key frame after the gap: if the stream goes on as it was, the packets before it belong to this one.
    Segment,
}

/// Descriptive metadata, written into the container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordingMetadata {
    /// Title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Free comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Moment of creation, ISO 8601; by default the wall clock at the first frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<String>,
}

impl RecordingMetadata {
    fn check(&self) -> Result<()> {
        for (field, text) in [("metadata.title", &self.title), ("metadata.comment", &self.comment)] {
            text.as_deref().map_or(Ok(()), |text| check_text(field, text))?;
        }
        self.creation_time.as_deref().map_or(Ok(()), |instant| check_instant(CREATION_TIME, instant).map(drop))
    }

    /// Refuses a moment of creation that the container cannot state.
    pub(super) fn check_creation_in(&self, container: Container) -> Result<()> {
        // Seconds since 1904 in 32 bits (ISO/IEC 14496-12, 8.2.2): readers take the 64 bits of version 1 for others.
        const MP4: std::ops::RangeInclusive<i64> = -2_082_844_800..=2_212_122_495;
        let Some(instant) = self.creation_time.as_deref() else { return Ok(()) };
        if !matches!(container, Container::Mp4 | Container::Mov)
            || MP4.contains(&check_instant(CREATION_TIME, instant)?)
        {
            return Ok(());
        }
        let muxer = container.info().muxer;
        let message =
            format!("Cannot use {CREATION_TIME} {instant:?}: {muxer} holds only instants from 1904 to 2040; use .mkv");
        Err(Error::argument(CREATION_TIME, message))
    }
}

/// The field of the moment of creation.
const CREATION_TIME: &str = "metadata.creationTime";

/// Options of a file writer.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = Self::describe_ranges)]
pub struct FileWriterOptions {
    /// Codec to encode with; `copy` encodes nothing, and takes only a live source that gives packets.
    pub codec: Codec,
    /// Path of the file; its extension chooses the container.
    pub path: String,
    /// Frame rate of the file, in frames per second: the grid on which frames are placed. `"source"` gives each frame its own
    /// time instead, which makes a file of variable rate; avi has no place for that. Frames that are copied keep their times
    /// whatever the rate, which then only says how long the last one is shown.
    pub frame_rate: RecordingRate,
    /// The aim of the encoder's defaults.
    #[serde(default)]
    pub profile: EncoderProfile,
    /// Encoder by FFmpeg's name, or `rav1e`; by default the first of the codec's encoders that works.
    #[serde(default)]
    pub encoder: Option<String>,
    /// Speed against size, in the encoder's own words; `capabilities()` lists them.
    #[serde(default)]
    pub preset: Option<String>,
    /// Constant quality on the codec's own scale, lower is better; excludes `bitRate`.
    #[serde(default)]
    pub quality: Option<f64>,
    /// Average bit rate in bit/s; excludes `quality`.
    #[serde(default)]
    pub bit_rate: Option<u64>,
    /// Longest distance between key frames in frames; by default one second (live) or five (quality).
    #[serde(default)]
    pub gop: Option<u32>,
    /// Encoder threads; 0 lets the encoder choose.
    #[serde(default)]
    pub threads: u32,
    /// Raw options for the encoder, by FFmpeg's names, set last; one that is not known to open no file is refused.
    #[serde(default)]
    pub encoder_options: BTreeMap<String, String>,
    /// How the views of stereo frames are packed in the picture, top-bottom unless chosen; excludes `view`. Two views are
    /// tagged as stereo where the container or the codec has a tag for it; more are packed without a tag.
    #[serde(default)]
    pub stereo: Option<StereoPacking>,
    /// The only view of each frame that is recorded; by default all are. A frame without it is an error.
    #[serde(default)]
    pub view: Option<u32>,
    /// The behaviour of the writer when the size of the frames changes.
    #[serde(default)]
    pub on_resize: OnResize,
    /// The behaviour of the writer when its live source stalls, loses its signal or is lost, and comes back.
    #[serde(default)]
    pub on_gap: OnGap,
    /// Descriptive metadata.
    #[serde(default)]
    pub metadata: RecordingMetadata,
    /// Replace an existing file. Without it an existing file is refused.
    #[serde(default)]
    pub overwrite: bool,
    /// For mp4 and mov: at a clean close replace the fragmented file by one with a single index, which costs one
    /// copy of the file. The recording opens either way.
    #[serde(default = "default_true")]
    pub finalise: bool,
    /// Milliseconds between syncs to the disk.
    #[serde(default = "default_sync_interval")]
    pub sync_interval_ms: u32,
    /// Seconds for which frames of a source in real time may wait for the encoder: a machine that did something
    /// else for so long costs no frame. `queueBytes` bounds them too, whichever is less.
    #[serde(default = "default_queue_seconds")]
    pub queue_seconds: f64,
    /// Bytes of such frames.
    #[serde(default = "default_queue_bytes")]
    pub queue_bytes: u64,
}

fn default_true() -> bool {
    true
}
fn default_sync_interval() -> u32 {
    1000
}
fn default_queue_seconds() -> f64 {
    DEFAULT_QUEUE_SECONDS
}
fn default_queue_bytes() -> u64 {
    DEFAULT_QUEUE_BYTES as u64
}

ranges!(FileWriterOptions {
    bit_rate: 1000..=2_000_000_000,
    gop: 1..=10_000,
    threads: 0..=64,
    view: 0..=255,
    sync_interval_ms: 100..=60_000,
    queue_seconds: 0.1..=60.0,
    queue_bytes: 1_000_000..=8_000_000_000,
});

impl FileWriterOptions {
    /// The input queue of an encoder that converts every frame to `preferred`, if to one format; or of what copies packets.
    pub(crate) fn input(&self, preferred: Option<PixelFormat>) -> InputConfig {
        let wait_ns = (self.queue_seconds * 1e9) as u64;
        let bytes = usize::try_from(self.queue_bytes).unwrap_or(usize::MAX);
        let form = if self.codec == Codec::Copy { FrameForm::Packets } else { FrameForm::Pictures };
        InputConfig { limits: Limits::ride_out(wait_ns, bytes), policy: None, preferred, form }
    }

    /// The encoder's options among them.
    pub(crate) fn encoding(&self) -> EncodeOptions {
        EncodeOptions {
            codec: self.codec,
            frame_rate: match self.frame_rate {
                RecordingRate::Fixed(rate) => rate,
                RecordingRate::Source => Rational::new(30, 1),
            },
            profile: self.profile,
            encoder: self.encoder.clone(),
            preset: self.preset.clone(),
            quality: self.quality,
            bit_rate: self.bit_rate,
            gop: self.gop,
            threads: self.threads,
            raw: self.encoder_options.clone(),
            stereo: self.stereo.unwrap_or_default(),
        }
    }

    /// Refuses options that mean nothing where packets are copied.
    fn check_copied(&self) -> Result<()> {
        let given = [
            ("profile", self.profile != EncoderProfile::default()),
            ("encoder", self.encoder.is_some()),
            ("preset", self.preset.is_some()),
            ("quality", self.quality.is_some()),
            ("bitRate", self.bit_rate.is_some()),
            ("gop", self.gop.is_some()),
            ("encoderOptions", !self.encoder_options.is_empty()),
            ("stereo", self.stereo.is_some()),
            ("view", self.view.is_some()),
        ];
        if let Some((field, _)) = given.iter().find(|(_, is_given)| *is_given) {
            let message = format!("Cannot use {field} with the codec Copy: the packets are recorded as they come");
            return Err(Error::argument(field, message));
        }
        if self.on_gap == OnGap::Black {
            let message = "Cannot use onGap black with the codec Copy: a black frame would have to be encoded; use hold or \
                           segment";
            return Err(Error::argument("onGap", message));
        }
        Ok(())
    }

    /// Checks every field that can be checked alone.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        check_path("path", &self.path)?;
        if let RecordingRate::Fixed(rate) = self.frame_rate {
            rate.check_frame_rate("frameRate")?;
        }
        if self.quality.is_some() && self.bit_rate.is_some() {
            return Err(Error::argument("bitRate", "Cannot use both quality and bitRate: choose one"));
        }
        if self.view.is_some() && self.stereo.is_some() {
            return Err(Error::argument("stereo", "Cannot use both stereo and view: one view needs no packing"));
        }
        if self.codec == Codec::Copy {
            self.check_copied()?;
        }
        self.metadata.check()?;
        self.check_ranges()
    }
}
