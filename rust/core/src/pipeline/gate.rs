//! What the giver and the taker of frames have in common.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};

use parking_lot::Mutex;

use crate::{base::time::Rational, frame::Frame, pipeline::ledger::Counters};

/// The state of one target's door: the ledger, what is on its way through, and whether it is open.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) counters: Counters,
    /// Frames counted as captured that a giver still has in hand.
    in_hand: AtomicU64,
    /// Frames waiting for the taker.
    queued: AtomicU32,
    /// Presentation time of the last frame captured, dropped ones too, in ticks of its timebase.
    last_pts: Mutex<Option<(i64, Rational)>>,
    /// Whether a giver was turned away and waits for room.
    awaits_room: AtomicBool,
    closing: AtomicBool,
    failed: AtomicBool,
}

impl Gate {
    /// Counts a frame as captured and in hand, unless the target is closing.
    pub(super) fn capture(&self, frame: &Frame) -> bool {
        self.in_hand.fetch_add(1, SeqCst);
        if self.is_closing() {
            self.put_down();
            return false;
        }
        self.counters.captured();
        *self.last_pts.lock() = Some((frame.pts, frame.time_base));
        true
    }

    /// A frame in hand was given or counted.
    pub(super) fn put_down(&self) {
        self.in_hand.fetch_sub(1, SeqCst);
    }

    /// Whether no giver has a frame in hand.
    pub(super) fn is_quiet(&self) -> bool {
        self.in_hand.load(SeqCst) == 0
    }

    pub(super) fn note_queued(&self) {
        self.queued.fetch_add(1, SeqCst);
    }

    pub(super) fn note_taken(&self) {
        self.queued.fetch_sub(1, SeqCst);
    }

    /// Frames waiting for the taker.
    pub(crate) fn queued(&self) -> u32 {
        self.queued.load(SeqCst)
    }

    pub(super) fn await_room(&self, waits: bool) -> bool {
        self.awaits_room.swap(waits, SeqCst)
    }

    /// Presentation time of the last frame captured, in ticks of its timebase.
    pub(crate) fn last_pts(&self) -> Option<(i64, Rational)> {
        *self.last_pts.lock()
    }

    /// Marks the target as closing; `false` if it was already.
    pub(crate) fn begin_closing(&self) -> bool {
        !self.closing.swap(true, SeqCst)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
    }

    /// From now on frames are counted as failed.
    pub(crate) fn mark_failed(&self) {
        self.failed.store(true, SeqCst);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(SeqCst)
    }
}

/// Who takes the frames: what a giver must tell it.
pub(crate) trait Taker: Send + Sync {
    /// Its gate.
    fn gate(&self) -> &Gate;

    /// Counts a frame for which there was no room, and may tell of it.
    fn overflow(&self);

    /// Tells that there is room again for a giver who was turned away.
    fn tell_room(&self);
}
