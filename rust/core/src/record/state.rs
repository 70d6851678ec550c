//! What the threads of one writer and its callers have in common.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use parking_lot::Mutex;

use super::{budget::Budget, file::segment::Segments};
use crate::{
    base::error::Error,
    pipeline::{
        events::{Events, Throttle},
        gate::{Gate, Taker},
        latency::Recorder,
        ledger::stage_of,
        report::{DropReason, Event, Report, TargetInfo, TargetStats},
    },
};

/// Packets that may wait for the disk: about ten seconds at 60 frames a second.
pub(super) const PACKET_QUEUE: usize = 600;
/// Bytes of packets that may wait for the disk.
const PACKET_BYTES: usize = 64 << 20;
/// Files that may be open at once: the one that is recorded, and others that are being finished.
const OPEN_FILES: usize = 4;

/// State of one writer.
pub(super) struct Shared {
    pub(super) info: TargetInfo,
    pub(super) events: Events,
    pub(super) gate: Gate,
    pub(super) capture_to_packet: Recorder,
    pub(super) packet_to_durable: Recorder,
    pub(super) packet_budget: Budget,
    /// Packets that wait for the disk.
    pub(super) packet_queue: AtomicU32,
    pub(super) open_files: Budget,
    pub(super) segments: Segments,
    /// Whether the encoder waits for the packet queue: drops are then the storage's.
    pub(super) storage_blocks: AtomicBool,
    closed: AtomicBool,
    error: Mutex<Option<Error>>,
    overload: Throttle,
}

impl Shared {
    pub(super) fn new(info: TargetInfo, events: Events) -> Self {
        Self {
            info,
            events,
            gate: Gate::default(),
            capture_to_packet: Recorder::new(),
            packet_to_durable: Recorder::new(),
            packet_budget: Budget::new(PACKET_BYTES),
            packet_queue: AtomicU32::new(0),
            open_files: Budget::new(OPEN_FILES),
            segments: Segments::default(),
            storage_blocks: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            error: Mutex::new(None),
            overload: Throttle::default(),
        }
    }

    /// Keeps the first error and tells it; what follows is counted as failed.
    pub(super) fn fail(&self, error: Error) {
        {
            let mut slot = self.error.lock();
            if slot.is_some() {
                return;
            }
            *slot = Some(error.clone());
        }
        self.gate.mark_failed();
        self.events.push(Event::Error { error });
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.error.lock().clone()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.gate.has_failed()
    }

    /// Tells the end; the writer's threads do nothing after it.
    pub(super) fn tell_closed(&self) {
        self.events.push(Event::Closed { report: Some(Box::new(self.report())), error: self.error() });
        self.closed.store(true, SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }

    /// Counts dropped frames; of an overload it tells, at most once a second.
    pub(super) fn drop_frames(&self, reason: DropReason, frames: u64) {
        let total = self.gate.counters.dropped(reason, frames);
        if !matches!(reason, DropReason::EncoderOverload | DropReason::StorageOverload) {
            return;
        }
        if self.overload.is_due() {
            self.events.push(Event::Overload { stage: stage_of(reason), reason, frames: total });
        }
    }

    pub(super) fn stats(&self) -> TargetStats {
        let totals = self.segments.totals();
        TargetStats {
            frames: self.gate.counters.snapshot(),
            bytes: totals.bytes,
            indexed_bytes: totals.indexed_bytes,
            duration_seconds: totals.positions as f64 / self.info.frame_rate.as_f64(),
            durable: totals.durable,
            capture_to_packet: self.capture_to_packet.snapshot(),
            packet_to_durable: self.packet_to_durable.snapshot(),
            frame_queue: self.gate.queued(),
            packet_queue: self.packet_queue.load(SeqCst),
        }
    }

    /// What has become of the recording, once every file is finished.
    fn report(&self) -> Report {
        let left = self.segments.left();
        let first = left.first().and_then(|segment| segment.outcome.get());
        let mut target = self.info.clone();
        if let Some(first) = first {
            first.encoder.clone_into(&mut target.encoder);
        }
        let segments = self.segments.reports(target.frame_rate);
        Report {
            target,
            stats: self.stats(),
            width: first.map_or(0, |first| first.shape.width),
            height: first.map_or(0, |first| first.shape.height),
            pixel_format: first.map_or(String::new(), |first| first.shape.format.name()),
            started_at: first.map_or(String::new(), |first| first.started_at.clone()),
            exists: first.is_some(),
            finalised: first.is_some() && segments.iter().all(|segment| segment.finalised),
            synced: first.is_some() && segments.iter().all(|segment| segment.synced),
            segments,
        }
    }
}

impl Taker for Shared {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn overflow(&self) {
        let storage = self.storage_blocks.load(SeqCst);
        self.drop_frames(if storage { DropReason::StorageOverload } else { DropReason::EncoderOverload }, 1);
    }

    fn tell_room(&self) {
        self.events.push(Event::Room);
    }
}
