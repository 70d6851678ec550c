//! How a target takes its frames.

use crate::{
    av::PixelFormat,
    frame::FrameForm,
    pipeline::{clock::SECOND_NS, queue::Bounds},
};

/// The fate of a frame that finds a queue full (GStreamer's `leaky`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverflowPolicy {
    /// The sender waits until there is room.
    Block,
    /// The frame is dropped.
    DropNewest,
    /// The oldest frame in the queue is dropped for it.
    DropOldest,
}

/// The frames that may wait for a target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From senders that block: depth would only cost memory.
    pub(crate) block: Bounds,
    /// From senders that cannot wait.
    pub(crate) drop: Bounds,
}

/// Frames from senders that block: enough that an encoder never waits for its source.
const BLOCKING_FRAMES: usize = 4;

impl Limits {
    /// Frames of up to `bytes` may wait for up to `wait_ns` while the machine does something else.
    pub(crate) const fn ride_out(wait_ns: u64, bytes: usize) -> Self {
        Self { block: Bounds::items(BLOCKING_FRAMES), drop: Bounds { items: usize::MAX, bytes, wait_ns } }
    }

    /// The time after which a lag is reported.
    pub(super) fn lag_ns(&self) -> u64 {
        (self.drop.wait_ns / LAG_SHARE).min(MAX_LAG_NS)
    }

    /// So many frames, of any size.
    pub(crate) const fn frames(count: usize) -> Self {
        Self { block: Bounds::items(count), drop: Bounds::items(count) }
    }
}

/// Seconds for which frames may wait for an encoder or a filter by default.
pub(crate) const DEFAULT_QUEUE_SECONDS: f64 = 2.0;
/// Bytes of such frames.
pub(crate) const DEFAULT_QUEUE_BYTES: usize = 256_000_000;

/// The share of the time for which frames may wait after which a lag is reported.
const LAG_SHARE: u64 = 4;
/// The longest time after which a lag is reported.
const MAX_LAG_NS: u64 = SECOND_NS;

/// How a target takes its frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InputConfig {
    pub(crate) limits: Limits,
    /// Its own policy, for frames of every sender; if there is none, each sender has one.
    pub(crate) policy: Option<OverflowPolicy>,
    /// The pixel format that the target converts every frame to, if there is one.
    pub(crate) preferred: Option<PixelFormat>,
    /// The form of its frames.
    pub(crate) form: FrameForm,
}
