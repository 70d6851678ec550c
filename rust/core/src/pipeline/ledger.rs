//! The ledger of one target: every captured frame ends in exactly one bucket.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::{
    base::error::Stage,
    pipeline::report::{DropReason, DroppedFrames, Ledger},
};

/// The number of reasons for which frames are dropped.
pub(crate) const REASON_COUNT: usize = REASONS.len();

const REASONS: [(DropReason, Stage); 11] = [
    (DropReason::EncoderOverload, Stage::Encode),
    (DropReason::StorageOverload, Stage::Storage),
    (DropReason::FrameRate, Stage::Encode),
    (DropReason::Encoder, Stage::Encode),
    (DropReason::Detached, Stage::Hub),
    (DropReason::ObserverOverload, Stage::Hub),
    (DropReason::Superseded, Stage::Hub),
    (DropReason::FilterOverload, Stage::Filter),
    (DropReason::Closed, Stage::Hub),
    (DropReason::OutputOverload, Stage::Mux),
    (DropReason::AwaitingKeyFrame, Stage::Mux),
];

/// Counters that any thread may raise.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    captured: AtomicU64,
    written: AtomicU64,
    failed: AtomicU64,
    dropped: [AtomicU64; REASONS.len()],
}

impl Counters {
    pub(crate) fn captured(&self) {
        self.captured.fetch_add(1, SeqCst);
    }

    pub(crate) fn written(&self, frames: u64) {
        self.written.fetch_add(frames, SeqCst);
    }

    pub(crate) fn failed(&self, frames: u64) {
        self.failed.fetch_add(frames, SeqCst);
    }

    /// Counts the frames that are in no bucket as failed, once nothing works on them any more.
    pub(crate) fn fail_rest(&self) {
        self.failed(self.snapshot().in_flight);
    }

    /// Counts drops and returns how many there are now for this reason.
    pub(crate) fn dropped(&self, reason: DropReason, frames: u64) -> u64 {
        self.dropped[reason as usize].fetch_add(frames, SeqCst) + frames
    }

    pub(crate) fn snapshot(&self) -> Ledger {
        // `captured` is raised first and read last, so that frames on their way are never negative.
        let written = self.written.load(SeqCst);
        let failed = self.failed.load(SeqCst);
        let drops: Vec<DroppedFrames> = REASONS
            .iter()
            .zip(&self.dropped)
            .map(|(&(reason, stage), frames)| DroppedFrames { reason, stage, frames: frames.load(SeqCst) })
            .filter(|drop| drop.frames > 0)
            .collect();
        let dropped = drops.iter().map(|drop| drop.frames).sum();
        let captured = self.captured.load(SeqCst);
        Ledger { captured, written, dropped, failed, in_flight: captured - written - dropped - failed, drops }
    }
}

/// The stage at which a reason drops frames.
pub(crate) fn stage_of(reason: DropReason) -> Stage {
    REASONS[reason as usize].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_in_one_bucket() {
        let counters = Counters::default();
        (0..10).for_each(|_| counters.captured());
        counters.written(5);
        counters.failed(1);
        assert_eq!(counters.dropped(DropReason::FrameRate, 2), 2);
        let ledger = counters.snapshot();
        assert_eq!((ledger.captured, ledger.in_flight), (10, 2));
        assert_eq!(ledger.captured, ledger.written + ledger.dropped + ledger.failed + ledger.in_flight);
        assert_eq!(ledger.drops, [DroppedFrames { reason: DropReason::FrameRate, stage: Stage::Encode, frames: 2 }]);
    }

    #[test]
    fn reasons_stand_in_the_order_of_their_variants() {
        for (index, (reason, _)) in REASONS.iter().enumerate() {
            assert_eq!(*reason as usize, index);
        }
    }
}
