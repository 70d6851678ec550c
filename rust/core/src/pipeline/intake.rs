//! The door of a target: a giver's side, which hands frames in or counts why not, and the taker's.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError, at, bounded, never, select};

use super::gate::{Gate, Taker};
use crate::{
    av::{PicturePool, PixelFormat},
    frame::{FrameShape, SharedFrame},
    pipeline::report::DropReason,
};

/// How a frame is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// In real time: a full queue drops it, counted.
    Hurried,
    /// With back-pressure: the giver waits for room.
    Patient,
}

/// How many frames may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Frames in real time.
    pub(crate) hurried: usize,
    /// Frames with back-pressure: depth would only cost memory.
    pub(crate) patient: usize,
    /// Whether a new frame takes the place of the oldest when there is no room; then nobody ever waits.
    pub(crate) displaces: bool,
    /// The pixel format that the taker would bring frames into, if one suits all.
    pub(crate) preferred: Option<PixelFormat>,
}

/// The giver's side of a target.
#[derive(Clone)]
pub struct Intake {
    hurried: Sender<SharedFrame>,
    patient: Sender<SharedFrame>,
    /// From where the oldest frame is taken to make room, if that is the policy.
    oldest: Option<Receiver<SharedFrame>>,
    shapes: Sender<FrameShape>,
    close: Sender<()>,
    preferred: Option<PixelFormat>,
    memory: Arc<PicturePool>,
    taker: Arc<dyn Taker>,
}

/// The taker's side.
pub(crate) struct Inbox {
    hurried: Receiver<SharedFrame>,
    patient: Receiver<SharedFrame>,
    shapes: Receiver<FrameShape>,
    close: Receiver<()>,
    taker: Arc<dyn Taker>,
    closed: bool,
}

/// What comes to a taker.
pub(crate) enum Parcel {
    /// The shape that the first frame will probably have.
    Shape(FrameShape),
    /// A frame, and how it was handed in.
    Frame(SharedFrame, Haste),
}

/// What comes first: a parcel, or a word from somewhere else.
pub(crate) enum Either<T> {
    Parcel(Parcel),
    Word(T),
}

/// What became of a frame that was given with back-pressure.
pub(crate) enum Delivery<T> {
    /// The target took or counted it.
    Done,
    /// The time was up; the frame was not given.
    Expired,
    /// Something else came first; the frame was not given.
    Interrupted(T),
}

/// Makes both sides of a door.
pub(crate) fn door(taker: Arc<dyn Taker>, room: Room) -> (Intake, Inbox) {
    let (hurried, hurried_out) = bounded(room.hurried);
    let (patient, patient_out) = bounded(room.patient);
    let (shapes, shapes_out) = bounded(1);
    let (close, close_out) = bounded(1);
    let oldest = room.displaces.then(|| hurried_out.clone());
    let intake = Intake {
        hurried,
        patient,
        oldest,
        shapes,
        close,
        preferred: room.preferred,
        memory: Arc::default(),
        taker: taker.clone(),
    };
    let inbox = Inbox {
        hurried: hurried_out,
        patient: patient_out,
        shapes: shapes_out,
        close: close_out,
        taker,
        closed: false,
    };
    (intake, inbox)
}

impl Intake {
    fn gate(&self) -> &Gate {
        self.taker.gate()
    }

    /// Whether both lead to the same target.
    pub(crate) fn is_same_door(&self, other: &Self) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.taker), Arc::as_ptr(&other.taker))
    }

    /// The pixel format that the target would bring frames into, if one suits all.
    #[must_use]
    pub fn preferred(&self) -> Option<PixelFormat> {
        self.preferred
    }

    /// The memory of frames that are handed in from outside.
    #[must_use]
    pub fn memory(&self) -> &PicturePool {
        &self.memory
    }

    /// Whether the target takes no frames any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.gate().is_closing()
    }

    /// Ends the taking once what was handed in is taken. Later calls do nothing.
    pub(crate) fn close(&self) {
        if self.gate().begin_closing() {
            let _ = self.close.try_send(());
        }
    }

    /// Lets the taker get ready before the first frame comes; it does without if another shape waits already.
    pub(crate) fn prepare(&self, shape: FrameShape) {
        let _ = self.shapes.try_send(shape);
    }

    /// Counts a frame as captured, unless the target is closing. A counted frame must then be given by
    /// [`Self::offer`] or [`Self::deliver`], or taken back by [`Self::abandon`]: a closing target waits for that.
    pub(crate) fn capture(&self, frame: &SharedFrame) -> bool {
        self.gate().capture(frame)
    }

    /// Gives a captured frame and returns at once; where there is no room a frame is dropped, this one or the oldest.
    pub(crate) fn offer(&self, frame: SharedFrame) {
        let gate = self.gate();
        if gate.has_failed() {
            gate.counters.failed(1);
        } else {
            gate.note_queued();
            match (self.hurried.try_send(frame), &self.oldest) {
                (Ok(()), _) => {}
                (Err(TrySendError::Full(frame)), Some(oldest)) => {
                    if oldest.try_recv().is_ok() {
                        gate.note_taken();
                        self.taker.overflow();
                    }
                    if self.hurried.try_send(frame).is_err() {
                        gate.note_taken();
                        self.taker.overflow();
                    }
                }
                (Err(TrySendError::Full(_)), None) => {
                    gate.note_taken();
                    self.taker.overflow();
                }
                (Err(TrySendError::Disconnected(_)), _) => {
                    gate.note_taken();
                    gate.counters.failed(1);
                }
            }
        }
        gate.put_down();
    }

    /// Gives a captured frame as soon as the queue has room, until a time if there is one, or hands the word back when
    /// `interrupt` has one.
    pub(crate) fn deliver<T>(
        &self,
        frame: &SharedFrame,
        interrupt: &Receiver<T>,
        until: Option<Instant>,
    ) -> Delivery<T> {
        if self.oldest.is_some() {
            self.offer(frame.clone());
            return Delivery::Done;
        }
        let gate = self.gate();
        gate.note_queued();
        let taken = if gate.has_failed() {
            false
        } else {
            match self.patient.try_send(frame.clone()) {
                Ok(()) => true,
                Err(TrySendError::Disconnected(_)) => false,
                Err(TrySendError::Full(frame)) => select! {
                    send(self.patient, frame) -> sent => sent.is_ok(),
                    recv(until.map_or_else(never, at)) -> _ => {
                        gate.note_taken();
                        return Delivery::Expired;
                    }
                    recv(interrupt) -> word => match word {
                        Ok(word) => {
                            gate.note_taken();
                            return Delivery::Interrupted(word);
                        }
                        // Nobody can interrupt any more: the source is being dropped and the frame with it.
                        Err(_) => false,
                    },
                },
            }
        };
        if !taken {
            gate.note_taken();
            gate.counters.failed(1);
        }
        gate.put_down();
        Delivery::Done
    }

    /// Whether a patient frame would be taken at once. If not, the target tells when there is room.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let gate = self.gate();
        if self.oldest.is_some() || gate.has_failed() || gate.is_closing() || !self.patient.is_full() {
            return true;
        }
        gate.await_room(true);
        // Room that was made before the wish was noted would not be told.
        !self.patient.is_full() && gate.await_room(false)
    }

    /// Gives a frame without waiting and without asking for more of it; `false` if the target takes none any more.
    ///
    /// The only giver asks [`Self::has_room`] before it gives a patient frame.
    #[must_use]
    pub fn append(&self, frame: SharedFrame, haste: Haste) -> bool {
        if !self.capture(&frame) {
            return false;
        }
        match haste {
            Haste::Hurried => self.offer(frame),
            Haste::Patient => match self.deliver(&frame, &never::<()>(), Some(Instant::now())) {
                Delivery::Done => {}
                Delivery::Expired | Delivery::Interrupted(()) => {
                    self.taker.overflow();
                    self.gate().put_down();
                }
            },
        }
        true
    }

    /// Counts a captured frame that will not be given as dropped: its target was detached while it waited.
    pub(crate) fn abandon(&self) {
        self.gate().counters.dropped(DropReason::Detached, 1);
        self.gate().put_down();
    }
}

impl Inbox {
    /// The next parcel, or `None` once it is closed and everything handed in was taken.
    pub(crate) fn next(&mut self) -> Option<Parcel> {
        match self.next_or(&never::<()>()) {
            Some(Either::Parcel(parcel)) => Some(parcel),
            Some(Either::Word(())) | None => None,
        }
    }

    /// The next parcel or the next of `words`, or `None` once it is closed and everything handed in was taken.
    pub(crate) fn next_or<T>(&mut self, words: &Receiver<T>) -> Option<Either<T>> {
        if !self.closed {
            select! {
                recv(self.shapes) -> shape => if let Ok(shape) = shape { return Some(Either::Parcel(Parcel::Shape(shape))) },
                recv(self.hurried) -> frame => if let Ok(frame) = frame { return Some(self.take(frame, Haste::Hurried)) },
                recv(self.patient) -> frame => if let Ok(frame) = frame { return Some(self.take(frame, Haste::Patient)) },
                recv(words) -> word => if let Ok(word) = word { return Some(Either::Word(word)) },
                recv(self.close) -> _ => {}
            }
            // Closed, or nobody holds the giver's side any more.
            self.closed = true;
        }
        loop {
            // Asked first: what was given before is then seen in the queues.
            let is_quiet = self.taker.gate().is_quiet();
            select! {
                recv(self.hurried) -> frame => if let Ok(frame) = frame { return Some(self.take(frame, Haste::Hurried)) },
                recv(self.patient) -> frame => if let Ok(frame) = frame { return Some(self.take(frame, Haste::Patient)) },
                default(Duration::from_millis(1)) => {}
            }
            if is_quiet && self.hurried.is_empty() && self.patient.is_empty() {
                return None;
            }
        }
    }

    fn take<T>(&self, frame: SharedFrame, haste: Haste) -> Either<T> {
        let gate = self.taker.gate();
        gate.note_taken();
        // Told at half, so that one word is worth several frames.
        let is_due = self.patient.len() * 2 <= self.patient.capacity().unwrap_or(0);
        if is_due && gate.await_room(false) {
            self.taker.tell_room();
        }
        Either::Parcel(Parcel::Frame(frame, haste))
    }
}
