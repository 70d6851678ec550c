//! The part of a source that makes its frames, and differs from kind to kind.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::{
    base::{
        error::{Error, Result},
        time::Rational,
    },
    frame::{CodedFrame, CodedStream, FrameLoss, FrameShape, Gap, Views},
    pipeline::{
        Signal, Wake,
        hub::Wanted,
        live::{LiveReport, LiveState},
        report::SourceInfo,
    },
};

/// The frame that a producer captured at one instant.
#[derive(Debug, Default)]
pub struct Captured {
    /// Its pictures.
    pub views: Views,
    /// In ticks of [`Producer::time_base`], from the first.
    pub pts: i64,
    /// The time for which it is shown, in the same ticks, if the input states it.
    pub duration: Option<i64>,
    /// Time of its capture, in nanoseconds of the clock; `None` for the time at which it is handed on.
    pub captured_ns: Option<u64>,
    /// Seconds by which the input's clock jumped before it; the jump is left out of `pts`.
    pub jump_seconds: Option<f64>,
    /// What is missing before it.
    pub loss: Option<Arc<FrameLoss>>,
}

/// The packet that a producer captured at one instant.
#[derive(Debug)]
pub struct CapturedPacket {
    /// The packet and its stream.
    pub coded: CodedFrame,
    /// In ticks of [`Producer::time_base`]. The picture of the packet, if it comes too, has the same time.
    pub pts: i64,
    /// Time of its capture, in nanoseconds of the clock.
    pub captured_ns: u64,
    /// What is missing before it.
    pub loss: Option<Arc<FrameLoss>>,
}

/// The packets that a producer offers at the moment.
#[derive(Debug, Default)]
pub enum PacketOffer {
    /// It has pictures only.
    #[default]
    None,
    /// They cannot be copied, and why.
    Refused(Error),
    /// Those of this stream.
    Stream(Arc<CodedStream>),
}

/// An offer that a producer and its owner share.
pub type SharedOffer = Arc<Mutex<PacketOffer>>;

/// The schedule by which frames come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// A schedule of ours: the producer makes its frames as fast as they are asked for.
    Paced,
    /// A clock of the producer's own: a frame is there when it comes, and no target may hold it up.
    Live,
}

/// A change of what a live producer does.
#[derive(Debug, Clone, PartialEq)]
pub struct StateChange {
    /// What it does from now on.
    pub state: LiveState,
    /// Why, unless frames come.
    pub cause: Option<Error>,
    /// The time without frames that ends with it.
    pub gap: Option<Gap>,
}

/// The answer to a request for the next frame.
pub enum Produced {
    /// A frame.
    Frame(Captured),
    /// A packet, which comes before its picture.
    Packet(CapturedPacket),
    /// Nothing within the patience, or the signal was raised.
    Idle,
    /// Frames have another shape from the next one on.
    Changed(FrameShape),
    /// A live producer does something else from now on.
    State(StateChange),
    /// Something degraded.
    Warning(Error),
    /// There is no further frame.
    End,
}

/// The time for which a producer may wait.
pub struct Patience<'a> {
    /// Raised when a request waits for the source's thread.
    pub signal: &'a Signal,
    /// The value that the thread read from the signal before it looked at its requests.
    pub seen: u64,
    /// The latest time for an answer, in nanoseconds of the signal's clock.
    pub deadline_ns: u64,
}

impl Patience<'_> {
    /// Whether the answer is due.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.signal.seen() != self.seen || self.signal.clock().now_ns() >= self.deadline_ns
    }

    /// The time that is left, in nanoseconds; 0 if the answer is due.
    #[must_use]
    pub fn left_ns(&self) -> u64 {
        if self.is_over() { 0 } else { self.deadline_ns.saturating_sub(self.signal.clock().now_ns()) }
    }

    /// Waits until it is over.
    pub fn wait(&self) {
        while !self.is_over() {
            self.signal.wait(self.seen, Some(self.deadline_ns));
        }
    }
}

/// Makes the frames of one source, on the thread of that source.
pub trait Producer: Send {
    /// Immutable metadata.
    fn info(&self) -> &SourceInfo;

    /// The schedule by which frames come.
    fn timing(&self) -> Timing {
        Timing::Paced
    }

    /// The shape of its frames.
    fn shape(&self) -> FrameShape;

    /// Seconds per tick of the times of its frames.
    fn time_base(&self) -> Rational;

    /// The next frame, or the reason for none. Waits no longer than `patience` allows.
    ///
    /// # Errors
    ///
    /// Why the source ends here.
    fn next(&mut self, patience: &Patience<'_>) -> Result<Produced>;

    /// Ends a wait inside [`Self::next`] that does not look at the signal, such as a wait for a descriptor.
    fn waker(&self) -> Option<Arc<dyn Wake>> {
        None
    }

    /// No target wants frames for now: called at the beginning, whenever that was heard of, and at the returned time.
    fn rest(&mut self, _now_ns: u64) -> Option<u64> {
        None
    }

    /// The forms of frames that targets want from now on: called before each [`Self::next`].
    fn want(&mut self, _wanted: Wanted) {}

    /// The packets that it offers, kept up to date by itself; `None` if it never has any.
    fn offer(&self) -> Option<SharedOffer> {
        None
    }

    /// The stats that only a live producer has.
    fn live(&self) -> Option<Arc<dyn LiveReport>> {
        None
    }

    /// Frames that it was too busy to take so far.
    fn missed(&self) -> u64 {
        0
    }

    /// Leaves `frames` frames out, whose instants have passed; `false` if the frames of this producer wait instead.
    fn skip(&mut self, _frames: u64) -> bool {
        false
    }

    /// What its owner should know before the first frame, for a warning.
    fn notice(&self) -> Option<Error> {
        None
    }

    /// Damaged pieces skipped so far.
    fn damaged(&self) -> u64 {
        0
    }
}
