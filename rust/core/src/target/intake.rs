//! The side of a target that a source sees: it takes frames or counts why not.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering::SeqCst},
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, at, never, select};

use super::{encode::Job, shared::Shared};
use crate::{
    frame::{Shape, SharedFrame},
    report::DropReason,
};

/// Frames go in here.
#[derive(Clone)]
pub(crate) struct Intake {
    jobs: Sender<Job>,
    /// The shallow queue of frames that come with back-pressure: depth would only cost memory.
    unhurried: Sender<SharedFrame>,
    shared: Arc<Shared>,
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

impl Intake {
    pub(super) fn new(jobs: Sender<Job>, unhurried: Sender<SharedFrame>, shared: Arc<Shared>) -> Self {
        Self { jobs, unhurried, shared }
    }

    /// Whether the target takes no frames any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.is_closing()
    }

    /// Lets the encoder open before the first frame comes; it does without if the queue is full.
    pub(crate) fn prepare(&self, shape: Shape) {
        let _ = self.jobs.try_send(Job::Prepare(shape));
    }

    /// Counts a frame as captured, unless the target is closing. A counted frame must then be given by
    /// [`Self::offer`] or [`Self::deliver`], or taken back by [`Self::abandon`]: a closing target waits for that.
    pub(crate) fn capture(&self, frame: &SharedFrame) -> bool {
        self.shared.in_hand.fetch_add(1, SeqCst);
        if self.is_closed() {
            self.shared.in_hand.fetch_sub(1, SeqCst);
            return false;
        }
        self.shared.counters.captured();
        *self.shared.last_pts.lock().unwrap_or_else(PoisonError::into_inner) = Some((frame.pts, frame.time_base));
        true
    }

    /// Gives a captured frame and returns at once; a full queue drops it.
    pub(crate) fn offer(&self, frame: SharedFrame) {
        if self.shared.has_failed() {
            self.shared.counters.failed(1);
        } else {
            match self.jobs.try_send(Job::Frame(frame)) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    let storage = self.shared.storage_blocks.load(SeqCst);
                    let reason = if storage { DropReason::StorageOverload } else { DropReason::EncoderOverload };
                    self.shared.drop_frames(reason, 1);
                }
                Err(TrySendError::Disconnected(_)) => self.shared.counters.failed(1),
            }
        }
        self.shared.in_hand.fetch_sub(1, SeqCst);
    }

    /// Gives a captured frame as soon as the queue has room, until a time if there is one, or hands the word back when
    /// `interrupt` has one.
    pub(crate) fn deliver<T>(
        &self,
        frame: &SharedFrame,
        interrupt: &Receiver<T>,
        until: Option<Instant>,
    ) -> Delivery<T> {
        let taken = if self.shared.has_failed() {
            false
        } else {
            match self.unhurried.try_send(frame.clone()) {
                Ok(()) => true,
                Err(TrySendError::Disconnected(_)) => false,
                Err(TrySendError::Full(frame)) => select! {
                    send(self.unhurried, frame) -> sent => sent.is_ok(),
                    recv(until.map_or_else(never, at)) -> _ => return Delivery::Expired,
                    recv(interrupt) -> word => match word {
                        Ok(word) => return Delivery::Interrupted(word),
                        // Nobody can interrupt any more: the source is being dropped and the frame with it.
                        Err(_) => false,
                    },
                },
            }
        };
        if !taken {
            self.shared.counters.failed(1);
        }
        self.shared.in_hand.fetch_sub(1, SeqCst);
        Delivery::Done
    }

    /// Counts a captured frame that will not be given as dropped: its target was detached while it waited.
    pub(crate) fn abandon(&self) {
        self.shared.drop_frames(DropReason::Detached, 1);
        self.shared.in_hand.fetch_sub(1, SeqCst);
    }
}
