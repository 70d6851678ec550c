//! The results of `stats()` and `close()`: every frame in exactly one bucket, and latencies.

use serde::Serialize;

pub use super::latency::Latency;
use super::live::{GapReport, LiveState, LiveStats};
use crate::{
    base::{
        error::{Error, Stage},
        time::{Rational, RecordingRate},
    },
    pixels::geometry::FieldOrder,
};

/// Why a captured frame was not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The encoder did not keep up and the frame queue was full.
    EncoderOverload,
    /// The disk did not keep up and the packet queue held the encoder back.
    StorageOverload,
    /// The target's frame rate is below the source's: there was no slot on its grid.
    FrameRate,
    /// The encoder accepted the frame and returned no packet for it.
    Encoder,
    /// The target was detached while the frame waited for its turn.
    Detached,
    /// The observer did not keep up and its queue was full.
    ObserverOverload,
    /// A newer frame came before the observer took this one, and only the newest was wanted.
    Superseded,
    /// The filter did not keep up and its queue was full.
    FilterOverload,
    /// The observer left, or the filter's graph ended, before it had the frame.
    Closed,
    /// An output of the encoder did not keep up; everything up to its next key frame is left out.
    OutputOverload,
    /// The packet cannot be decoded by itself, and the key frame that it builds on is not in the file.
    AwaitingKeyFrame,
}

/// Frames that were not recorded, by reason and stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DroppedFrames {
    /// Why.
    pub reason: DropReason,
    /// Where.
    pub stage: Stage,
    /// How many.
    pub frames: u64,
}

/// The ledger of one target: `captured = written + dropped + failed + inFlight`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// Frames that the source handed to this target.
    pub captured: u64,
    /// Frames whose packet is in the file.
    pub written: u64,
    /// Frames dropped by a named policy.
    pub dropped: u64,
    /// Frames lost to an error.
    pub failed: u64,
    /// Frames on their way; 0 once closed.
    pub in_flight: u64,
    /// The dropped frames by reason and stage.
    pub drops: Vec<DroppedFrames>,
}

impl Ledger {
    /// The ledger of frames whose packets go to an output with the ledger `packets`, of which it was read first.
    pub(crate) fn with_output(mut self, packets: Self) -> Self {
        self.written = packets.written;
        self.failed += packets.failed;
        self.dropped += packets.dropped;
        self.drops.extend(packets.drops);
        self.in_flight = self.captured - self.written - self.dropped - self.failed;
        self
    }
}

/// The part of a recording that is safe on the disk: a power cut loses nothing of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DurableStats {
    /// Frames.
    pub frames: u64,
    /// Bytes.
    pub bytes: u64,
    /// Syncs that succeeded.
    pub syncs: u64,
}

/// The stats of a source so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceStats {
    /// Frames captured.
    pub captured: u64,
    /// Instants that a real-time source missed because the process did not run, and frames of a live one that it was too
    /// busy to take.
    pub missed: u64,
    /// Frames captured more than one period after their deadline.
    pub late: u64,
    /// Damaged pieces of the input that the decoder skipped.
    pub decode_errors: u64,
    /// Jumps of the input's clock, after each of which time went on by one period.
    pub discontinuities: u64,
    /// Seconds of video captured.
    pub duration_seconds: f64,
    /// Time from each frame's deadline to its capture; empty unless paced.
    pub lateness: Latency,
    /// Time between successive captures.
    pub interval: Latency,
    /// What only a live source has; `null` for others.
    pub live: Option<LiveStats>,
}

/// The stats of a filter so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FilterStats {
    /// Every frame that came in exactly one bucket; `written` are those that the graph accepted.
    pub frames: Ledger,
    /// Frames that came out, with or without a target.
    pub given: u64,
    /// From capture to the filtered frame.
    pub capture_to_filtered: Latency,
    /// Frames waiting for the filter.
    pub queue: u32,
}

/// The fixed properties of a source.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceInfo {
    /// Frames per second; of a variable rate the one that the input states, or the average.
    pub frame_rate: Rational,
    /// Whether the input states no rate, so that `frameRate` is a guess.
    pub is_frame_rate_guessed: bool,
    /// Whether frames do not come at one rate, as far as the headers and the first frames show.
    pub is_variable_rate: bool,
    /// Width of the first frame in pixels.
    pub width: u32,
    /// Height of the first frame in pixels.
    pub height: u32,
    /// Views of each frame; 1 unless it is a stereo source. Width and height are those of one view.
    pub stereo_count: u32,
    /// Colour space of the frames that observers see.
    pub colour: crate::pixels::ColourSpace,
    /// FFmpeg's name of the pixel format in which frames are captured.
    pub pixel_format: String,
    /// Width to height of one pixel, if the input states it.
    pub pixel_aspect: Option<Rational>,
    /// Degrees clockwise by which frames are to be turned for showing them: 0, 90, 180 or 270.
    pub rotation: u32,
    /// Whether left and right are to be exchanged afterwards.
    pub flip: bool,
    /// The order of the fields of interlaced frames.
    pub field_order: FieldOrder,
    /// FFmpeg's name of the codec, or `pattern`.
    pub codec: String,
    /// FFmpeg's name of the container, or `pattern`.
    pub container: String,
    /// Length in seconds, if the input states it.
    pub duration_seconds: Option<f64>,
    /// Number of frames, if the input states it.
    pub frames: Option<u64>,
    /// Video tracks of the input, of which one is read; cover pictures are none.
    pub video_tracks: u32,
    /// Tracks of sound in the input, which are not read.
    pub sound_tracks: u32,
}

/// The fixed properties of a target.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetInfo {
    /// Path of the file, as given.
    pub path: String,
    /// Codec.
    pub codec: crate::codec::Codec,
    /// Container.
    pub container: crate::codec::Container,
    /// Encoder that serves the codec.
    pub encoder: String,
    /// Frames per second, or `"source"` where frames keep the times of their source.
    pub frame_rate: RecordingRate,
}

/// The stats of a target so far, and the final ones in its report.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetStats {
    /// Every frame in exactly one bucket.
    pub frames: Ledger,
    /// Bytes in the file, or in all files of the recording.
    pub bytes: u64,
    /// Bytes copied so far to give the file its index; 0 before, and where none is made.
    pub indexed_bytes: u64,
    /// Seconds of video in the file, or in all files of the recording.
    pub duration_seconds: f64,
    /// Jumps of the frames' times, after each of which the recording went on right after the frame before.
    pub discontinuities: u64,
    /// Frames that the driver of a live source, or its network, lost before they were captured.
    pub lost: u64,
    /// Times without frames of a live source.
    pub gaps: u64,
    /// Black frames that stand for such times, counted as captured too.
    pub inserted: u64,
    /// The part that is safe on the disk.
    pub durable: DurableStats,
    /// From capture to the encoded packet.
    pub capture_to_packet: Latency,
    /// From the encoded packet to the disk.
    pub packet_to_durable: Latency,
    /// Frames waiting for the encoder.
    pub frame_queue: u32,
    /// Packets waiting for the writer thread.
    pub packet_queue: u32,
}

/// The stats of one observer so far.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TapStats {
    /// Every frame in exactly one bucket: `written` are those that the observer has seen, `failed` those at which it
    /// failed.
    pub frames: Ledger,
    /// From capture until the observer gets the frame.
    pub capture_to_observer: Latency,
    /// Frames waiting for the observer.
    pub queue: u32,
}

/// One file of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SegmentReport {
    /// Path of the file.
    pub path: String,
    /// Width of the coded frames in pixels.
    pub width: u32,
    /// Height of the coded frames in pixels.
    pub height: u32,
    /// Frames in it.
    pub frames: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Seconds of video in it.
    pub duration_seconds: f64,
    /// Where it begins on the time line of the recording, in seconds.
    pub start_seconds: f64,
    /// Whether its container was closed properly.
    pub finalised: bool,
    /// Whether everything in it is synced to the disk.
    pub synced: bool,
}

/// The report on a recording. Of several files, size, pixel format and start are the first one's.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordingReport {
    /// Where and how it was recorded.
    pub target: TargetInfo,
    /// The final stats.
    pub stats: TargetStats,
    /// Width of the coded frames in pixels; 0 when no frame was recorded.
    pub width: u32,
    /// Height of the coded frames in pixels; 0 when no frame was recorded.
    pub height: u32,
    /// FFmpeg's name of the coded pixel format; empty when no frame was recorded.
    pub pixel_format: String,
    /// Wall clock at the first frame, ISO 8601; empty when no frame was recorded.
    pub started_at: String,
    /// Whether the file exists: without a frame none is left.
    pub exists: bool,
    /// Whether the container was closed properly, of every file; one that was not still opens.
    pub finalised: bool,
    /// Whether everything written is synced to the disk.
    pub synced: bool,
    /// The files, in their order: one, or several where a change of size began new ones; none without a frame.
    pub segments: Vec<SegmentReport>,
    /// The times without frames of a live source: the first hundred.
    pub gaps: Vec<GapReport>,
    /// What degraded, in the order of the warnings: the first hundred.
    pub warnings: Vec<Error>,
}

/// An event of an object.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A source has handed on its last frame.
    Ended,
    /// `target` is attached: it gets every frame from now on.
    Attached {
        /// Identity of the target.
        target: u32,
    },
    /// `target` gets no further frame.
    Detached {
        /// Identity of the target.
        target: u32,
    },
    /// Frames wait for long, or are dropped, because a stage does not keep up. The first drop is reported at once, and
    /// what goes on at most once a second.
    Overload {
        /// The stage that does not keep up.
        stage: Stage,
        /// Why frames are dropped, or will be.
        reason: DropReason,
        /// Frames dropped for this reason so far; 0 while they only wait.
        frames: u64,
    },
    /// The disk is nearly full; at most one event a minute.
    #[serde(rename = "disklow")]
    DiskLow {
        /// Bytes left.
        free_bytes: u64,
    },
    /// The times of frames jumped: in a source its input's clock, in a recording another source, a step of the clock, or a
    /// gap that the container cannot express. Time goes on right after the frame before; at most one event a second.
    Discontinuity {
        /// Where on the time line of the source or the recording, in seconds.
        at_seconds: f64,
        /// By how much the frame's own time differs, in seconds: below 0 for a step back.
        jump_seconds: f64,
    },
    /// The frames of a source have another size from now on.
    Resize {
        /// Width of its full frames in pixels.
        width: u32,
        /// Height of its full frames in pixels.
        height: u32,
    },
    /// A live source does something else from now on.
    State {
        /// What.
        state: LiveState,
        /// The wall clock at the change, ISO 8601.
        at: String,
        /// Why, unless frames come.
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<Error>,
        /// The time without frames that ends with it, if one does.
        #[serde(skip_serializing_if = "Option::is_none")]
        gap: Option<Box<GapReport>>,
    },
    /// A target that had no room for a frame has room again.
    Room,
    /// Something degraded; a frame that it cost is in the ledger.
    Warning {
        /// The error.
        error: Error,
    },
    /// The object failed; what was recorded stays.
    Error {
        /// The error.
        error: Error,
    },
    /// The object is closed; the last event.
    Closed {
        /// A target's report.
        #[serde(skip_serializing_if = "Option::is_none")]
        report: Option<Box<RecordingReport>>,
        /// The error that ended it early.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
    },
}
