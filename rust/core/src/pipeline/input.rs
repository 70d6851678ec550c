//! The input queue of a target: senders hand frames in or count them as dropped, the target's thread receives them.

mod config;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use parking_lot::Mutex;

pub use self::config::OverflowPolicy;
pub(crate) use self::config::{DEFAULT_QUEUE_BYTES, DEFAULT_QUEUE_SECONDS, InputConfig, Limits};
use super::{
    clock::{Signal, Wake},
    ledger::Counters,
    queue::{Reader, Refused, Writer, queue},
    report::DropReason,
};
use crate::{
    av::{PicturePool, PixelFormat},
    base::{
        error::{Error, Result},
        time::Rational,
    },
    frame::{CodedStream, Frame, FrameForm, FrameShape, FrameTime, SharedFrame},
};

/// The accounts of one target: its ledger, the time of its last frame, and whether it failed.
#[derive(Default)]
pub(crate) struct InputState {
    pub(crate) counters: Counters,
    /// Time of the last frame captured, dropped ones too.
    last_time: Mutex<Option<FrameTime>>,
    failed: AtomicBool,
}

impl InputState {
    /// Time of the last frame captured, dropped ones too.
    pub(crate) fn last_time(&self) -> Option<FrameTime> {
        *self.last_time.lock()
    }

    /// From now on frames are counted as failed.
    pub(crate) fn mark_failed(&self) {
        self.failed.store(true, SeqCst);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(SeqCst)
    }
}

/// A target as its senders see it.
pub(crate) trait Sink: Send + Sync {
    /// Its accounts.
    fn input(&self) -> &InputState;

    /// Refuses frames of this shape, which can never be taken.
    ///
    /// # Errors
    ///
    /// What the target lacks.
    fn check(&self, _shape: FrameShape) -> Result<()> {
        Ok(())
    }

    /// Refuses the packets of this stream, which can never be taken. Asked of targets that take packets.
    ///
    /// # Errors
    ///
    /// Why not.
    fn check_packets(&self, _stream: &CodedStream) -> Result<()> {
        Ok(())
    }

    /// Counts a frame for which there was no room, and may report it.
    fn overflow(&self);

    /// May report that frames wait for long, before one is dropped.
    fn lag(&self) {}

    /// Reports room to a sender outside the core that waits for it.
    fn report_room(&self);
}

/// Wakes a sender outside the core by an event of the target.
struct RoomReport(Arc<dyn Sink>);

impl Wake for RoomReport {
    fn wake(&self) {
        self.0.report_room();
    }
}

/// The frames that a source will send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upcoming {
    /// The shape that the first one will probably have.
    pub(crate) shape: FrameShape,
    /// Frames per second, if the source has a rate.
    pub(crate) rate: Option<Rational>,
    /// Whether the target got no frame before, of any source.
    pub(crate) is_first: bool,
}

/// An item of an input queue.
pub(crate) enum Input {
    /// What will come.
    Upcoming(Upcoming),
    /// A frame, and its sender's policy for a full queue.
    Frame(SharedFrame, OverflowPolicy),
}

/// The outcome of sending a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is in the queue, or counted.
    Done,
    /// There is no room; the sender's signal is raised when there is.
    Waits,
}

/// The sending side of a target's input queue.
#[derive(Clone)]
pub struct InputSender {
    frames: Writer<(SharedFrame, OverflowPolicy)>,
    /// Until the target has read it.
    upcoming: Arc<Mutex<Option<Upcoming>>>,
    config: InputConfig,
    memory: Arc<PicturePool>,
    sink: Arc<dyn Sink>,
    room_report: Arc<dyn Wake>,
    signal: Arc<Signal>,
}

/// The receiving side.
pub(crate) struct InputReceiver {
    frames: Reader<(SharedFrame, OverflowPolicy)>,
    /// Until the target has read it.
    upcoming: Arc<Mutex<Option<Upcoming>>>,
    signal: Arc<Signal>,
}

/// The input queue of `sink`, whose thread waits on `signal`.
pub(crate) fn input_queue(
    sink: Arc<dyn Sink>,
    config: InputConfig,
    signal: &Arc<Signal>,
) -> (InputSender, InputReceiver) {
    let (writer, reader) = queue(signal.clone());
    let upcoming = Arc::<Mutex<Option<Upcoming>>>::default();
    let sender = InputSender {
        frames: writer,
        upcoming: upcoming.clone(),
        config,
        memory: Arc::default(),
        room_report: Arc::new(RoomReport(sink.clone())),
        sink,
        signal: signal.clone(),
    };
    (sender, InputReceiver { frames: reader, upcoming, signal: signal.clone() })
}

impl InputSender {
    fn input(&self) -> &InputState {
        self.sink.input()
    }

    /// Whether both lead to the same target.
    pub(crate) fn is_same_target(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.upcoming, &other.upcoming)
    }

    /// The pixel format that the target converts every frame to, if there is one.
    #[must_use]
    pub fn preferred(&self) -> Option<PixelFormat> {
        self.config.preferred
    }

    /// The form in which the target takes its frames.
    pub(crate) fn form(&self) -> FrameForm {
        self.config.form
    }

    /// The memory of frames that are handed in from outside.
    #[must_use]
    pub fn memory(&self) -> &PicturePool {
        &self.memory
    }

    /// The time of its clock, in nanoseconds.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.signal.clock().now_ns()
    }

    /// Whether the target is closed to further frames.
    pub(crate) fn is_closed(&self) -> bool {
        self.frames.is_closed()
    }

    /// Frames that wait.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    /// Accepts no further frame; frames that wait, or are reserved, are still received. Later calls do nothing.
    pub(crate) fn close(&self) {
        self.frames.close();
    }

    /// Refuses frames of this shape, which the target can never take.
    ///
    /// # Errors
    ///
    /// What the target lacks.
    pub(crate) fn check(&self, shape: FrameShape) -> Result<()> {
        self.sink.check(shape)
    }

    /// Refuses the packets of this stream, which the target can never take.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(crate) fn check_packets(&self, stream: &CodedStream) -> Result<()> {
        self.sink.check_packets(stream)
    }

    /// Refuses a target that takes packets; `source` has none.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`.
    pub(crate) fn check_takes_pictures(&self, source: &str) -> Result<()> {
        match self.form() {
            FrameForm::Pictures => Ok(()),
            FrameForm::Packets => Err(no_packets(source)),
        }
    }

    /// Prepares the target before the first frame comes; `rate` is that of the source, in frames per second.
    pub(crate) fn prepare(&self, shape: FrameShape, rate: Option<Rational>) {
        let is_first = self.input().counters.snapshot().captured == 0;
        *self.upcoming.lock() = Some(Upcoming { shape, rate, is_first });
        self.signal.raise();
    }

    /// Counts a frame as captured, unless the target is closed. The frame must then be sent by [`Self::try_send`] or
    /// [`Self::send`], or cancelled by [`Self::cancel`]: a closing target waits for that.
    pub(crate) fn reserve(&self, frame: &Frame) -> bool {
        if !self.frames.announce() {
            return false;
        }
        self.input().counters.captured();
        *self.input().last_time.lock() = Some(frame.time());
        true
    }

    /// The fate of a frame from a sender whose policy is `sender`.
    fn policy(&self, sender: OverflowPolicy) -> OverflowPolicy {
        self.config.policy.unwrap_or(sender)
    }

    /// Sends a reserved frame and returns at once; where there is no room a frame is dropped, this one or the oldest.
    pub(crate) fn try_send(&self, frame: SharedFrame) {
        self.send_or_drop(frame, self.policy(OverflowPolicy::DropNewest));
    }

    fn send_or_drop(&self, frame: SharedFrame, policy: OverflowPolicy) {
        let bytes = frame.bytes();
        let entry = (frame, policy);
        if self.input().has_failed() {
            self.input().counters.failed(1);
        } else if policy == OverflowPolicy::DropOldest {
            match self.frames.displace(entry, bytes, &self.config.limits.drop) {
                Ok(displaced) => displaced.iter().for_each(|_| self.sink.overflow()),
                Err(_) => self.input().counters.failed(1),
            }
        } else {
            match self.frames.try_send(entry, bytes, &self.config.limits.drop) {
                Ok(waited_ns) if waited_ns >= self.config.limits.lag_ns() => self.sink.lag(),
                Ok(_) => {}
                Err(Refused::Full(_)) => self.sink.overflow(),
                Err(Refused::Closed(_)) => self.input().counters.failed(1),
            }
        }
        self.frames.settle();
    }

    /// Sends a reserved frame if the queue has room; if not, it stays reserved and `sender` is woken when there is.
    pub(crate) fn send(&self, frame: &SharedFrame, sender: &Arc<dyn Wake>) -> Sent {
        let policy = self.policy(OverflowPolicy::Block);
        if policy != OverflowPolicy::Block {
            self.send_or_drop(frame.clone(), policy);
            return Sent::Done;
        }
        let entry = (frame.clone(), policy);
        let sent = if self.input().has_failed() {
            Err(Refused::Closed(entry))
        } else {
            self.frames.send_or_wait(entry, frame.bytes(), &self.config.limits.block, sender)
        };
        match sent {
            Ok(()) => {}
            Err(Refused::Full(_)) => return Sent::Waits,
            Err(Refused::Closed(_)) => self.input().counters.failed(1),
        }
        self.frames.settle();
        Sent::Done
    }

    /// Counts a reserved frame that will not be sent as dropped: its target was detached while it waited.
    pub(crate) fn cancel(&self) {
        self.input().counters.dropped(DropReason::Detached, 1);
        self.frames.settle();
    }

    /// Whether a frame of a sender that blocks would be taken at once. If not, the target reports when there is room.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.policy(OverflowPolicy::Block) != OverflowPolicy::Block
            || self.input().has_failed()
            || self.is_closed()
            || self.frames.has_room_or_wait(&self.config.limits.block, &self.room_report)
    }

    /// Sends a frame without waiting; `false` if the target is closed.
    ///
    /// The only sender asks [`Self::has_room`] before it sends a frame with [`OverflowPolicy::Block`].
    #[must_use]
    pub fn append(&self, frame: SharedFrame, policy: OverflowPolicy) -> bool {
        if !self.reserve(&frame) {
            return false;
        }
        let policy = self.policy(policy);
        if policy != OverflowPolicy::Block {
            self.send_or_drop(frame, policy);
        } else if self.send(&frame, &self.room_report) == Sent::Waits {
            self.sink.overflow();
            self.frames.settle();
        }
        true
    }
}

impl InputReceiver {
    /// The next item, if one waits.
    pub(crate) fn try_next(&self) -> Option<Input> {
        if let Some(upcoming) = self.upcoming.lock().take() {
            return Some(Input::Upcoming(upcoming));
        }
        self.frames.try_recv().map(|(frame, policy)| Input::Frame(frame, policy))
    }

    /// Whether no item waits and none will come.
    pub(crate) fn is_over(&self) -> bool {
        self.frames.is_over()
    }

    /// The next item, waiting for it; `None` once the queue is closed and everything was received.
    pub(crate) fn next(&self) -> Option<Input> {
        loop {
            let seen = self.signal.seen();
            if let Some(input) = self.try_next() {
                return Some(input);
            }
            if self.is_over() {
                return None;
            }
            self.signal.wait(seen, None);
        }
    }
}

/// The error of a target that takes packets, for a source without.
pub(crate) fn no_packets(source: &str) -> Error {
    let message = format!(
        "Cannot copy from {source}: it gives pictures, not packets; attach the writer to the live source itself, one \
         whose camera or stream sends coded video, or choose a codec that encodes"
    );
    Error::argument("codec", message)
}

#[cfg(test)]
mod tests;
