//! What is reported of live sources: their states, their counts, and the times without frames.

use serde::Serialize;

use super::{clock::Clock, latency::Latency};
use crate::{
    base::{error::Error, time::iso8601},
    frame::Gap,
};

/// What a live source is doing: a camera, a screen or a network stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LiveState {
    /// It is being opened or started, and no frame has come yet.
    #[default]
    Connecting,
    /// Frames come.
    Live,
    /// No frame has come for a while.
    Stalled,
    /// The device is there and gets no signal.
    #[serde(rename = "nosignal")]
    NoSignal,
    /// The device or the connection is gone; it is tried again and again.
    Lost,
    /// No target is attached, so the device rests too.
    Resting,
}

/// A time without frames, in a source or in a recording.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GapReport {
    /// Time of the last frame before it, in seconds of the time line of the source or the recording.
    pub from_seconds: f64,
    /// Its length in seconds, from that frame to the next one.
    pub seconds: f64,
    /// Wall clock at its beginning, ISO 8601.
    pub began_at: String,
    /// Why no frame came.
    pub cause: Error,
}

/// The stats of a live source: `sequenceSpan = captured + lost + damaged + withheld + missed` where the driver counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveStats {
    /// What it is doing.
    pub state: LiveState,
    /// Frames by the driver's own numbers, of every start together; frames that came where it does not count.
    pub sequence_span: u64,
    /// Frames that the driver or the network lost: gaps in their numbers.
    pub lost: u64,
    /// Frames that came damaged, and were left out.
    pub damaged: u64,
    /// Frames that came while no target was attached, or before a key frame from which they could be handed on, and were
    /// left out; buffers that only have parameter sets for the next frame too.
    pub withheld: u64,
    /// Stamps of the driver that cannot be true, so that the time of arrival stands for them.
    pub distrusted_stamps: u64,
    /// Times that the device or the connection was opened or started.
    pub starts: u64,
    /// Pictures decoded of packets: none while targets want nothing but packets.
    pub decoded: u64,
    /// Frames per second as measured over the last seconds; 0 before.
    pub measured_rate: f64,
    /// Age of frames as they arrive: from the driver's stamp to this process.
    pub age: Latency,
    /// Times without frames so far.
    pub gap_count: u64,
    /// The first hundred of them.
    pub gaps: Vec<GapReport>,
}

impl GapReport {
    /// A gap on a time line on which it begins at `from_seconds`.
    pub(crate) fn new(gap: &Gap, from_seconds: f64, clock: &dyn Clock) -> Self {
        Self {
            from_seconds,
            seconds: gap.to_ns.saturating_sub(gap.from_ns) as f64 / 1e9,
            began_at: iso8601(clock.wall_clock_ms_at(gap.from_ns)),
            cause: gap.cause.clone(),
        }
    }
}

/// Times without frames: their number, and the first hundred of them.
#[derive(Debug, Default)]
pub(crate) struct GapList {
    pub(crate) count: u64,
    pub(crate) listed: Vec<GapReport>,
}

impl GapList {
    /// Adds a gap on a time line on which it begins at `from_seconds`.
    pub(crate) fn add(&mut self, gap: &Gap, from_seconds: f64, clock: &dyn Clock) {
        const MOST: usize = 100;
        self.count += 1;
        if self.listed.len() < MOST {
            self.listed.push(GapReport::new(gap, from_seconds, clock));
        }
    }
}

/// The stats of a live source, kept by its producer.
pub trait LiveReport: Send + Sync {
    /// The stats so far.
    fn stats(&self) -> LiveStats;
}
