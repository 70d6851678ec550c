//! What the threads of one writer and its callers have in common.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst},
};

use crossbeam_channel::Receiver;

use super::{budget::Budget, encode::Job, segment::Segments};
use crate::{
    error::Error,
    event::Events,
    frame::SharedFrame,
    latency::Recorder,
    ledger::{Counters, stage_of},
    report::{DropReason, Event, Report, TargetInfo, TargetStats},
    sys::monotonic_ns,
    time::Rational,
};

/// Packets that may wait for the disk: about ten seconds at 60 frames a second.
pub(super) const PACKET_QUEUE: usize = 600;
/// Bytes of packets that may wait for the disk.
const PACKET_BYTES: usize = 64 << 20;
/// Files that may be open at once: the one that is recorded, and others that are being finished.
const OPEN_FILES: usize = 4;
/// Shortest time between two events of the same kind.
const OVERLOAD_EVENT_NS: u64 = 1_000_000_000;

/// State of one writer.
pub(super) struct Shared {
    pub(super) info: TargetInfo,
    pub(super) events: Events,
    pub(super) counters: Counters,
    pub(super) capture_to_packet: Recorder,
    pub(super) packet_to_durable: Recorder,
    pub(super) packet_budget: Budget,
    /// Packets that wait for the disk.
    pub(super) packet_queue: AtomicU32,
    pub(super) open_files: Budget,
    pub(super) segments: Segments,
    /// Whether the encoder waits for the packet queue: drops are then the storage's.
    pub(super) storage_blocks: AtomicBool,
    /// Presentation time of the last frame captured, dropped ones too, in ticks of the source's timebase.
    pub(super) last_pts: Mutex<Option<(i64, Rational)>>,
    /// Frames counted as captured that a source has not yet given.
    pub(super) in_hand: AtomicU64,
    closing: AtomicBool,
    closed: AtomicBool,
    failed: AtomicBool,
    error: Mutex<Option<Error>>,
    last_overload: AtomicU64,
    queues: Queues,
}

/// The queues of a writer, only for their lengths.
pub(super) struct Queues {
    pub(super) jobs: Receiver<Job>,
    pub(super) unhurried: Receiver<SharedFrame>,
}

impl Shared {
    pub(super) fn new(info: TargetInfo, events: Events, queues: Queues) -> Self {
        Self {
            info,
            events,
            counters: Counters::default(),
            capture_to_packet: Recorder::new(),
            packet_to_durable: Recorder::new(),
            packet_budget: Budget::new(PACKET_BYTES),
            packet_queue: AtomicU32::new(0),
            open_files: Budget::new(OPEN_FILES),
            segments: Segments::default(),
            storage_blocks: AtomicBool::new(false),
            last_pts: Mutex::new(None),
            in_hand: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            error: Mutex::new(None),
            last_overload: AtomicU64::new(0),
            queues,
        }
    }

    /// Keeps the first error and tells it; what follows is counted as failed.
    pub(super) fn fail(&self, error: Error) {
        {
            let mut slot = self.error.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.is_some() {
                return;
            }
            *slot = Some(error.clone());
        }
        self.failed.store(true, SeqCst);
        self.events.push(Event::Error { error });
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(SeqCst)
    }

    /// Marks the writer as closing; `false` if it was already.
    pub(super) fn begin_closing(&self) -> bool {
        !self.closing.swap(true, SeqCst)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
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
        let total = self.counters.dropped(reason, frames);
        if !matches!(reason, DropReason::EncoderOverload | DropReason::StorageOverload) {
            return;
        }
        let now = monotonic_ns();
        let last = self.last_overload.load(SeqCst);
        let due = last == 0 || now.saturating_sub(last) >= OVERLOAD_EVENT_NS;
        if due && self.last_overload.compare_exchange(last, now, SeqCst, SeqCst).is_ok() {
            self.events.push(Event::Overload { stage: stage_of(reason), reason, frames: total });
        }
    }

    pub(super) fn stats(&self) -> TargetStats {
        let totals = self.segments.totals();
        TargetStats {
            frames: self.counters.snapshot(),
            bytes: totals.bytes,
            indexed_bytes: totals.indexed_bytes,
            duration_seconds: totals.positions as f64 / self.info.frame_rate.as_f64(),
            durable: totals.durable,
            capture_to_packet: self.capture_to_packet.snapshot(),
            packet_to_durable: self.packet_to_durable.snapshot(),
            frame_queue: u32::try_from(self.queues.jobs.len() + self.queues.unhurried.len()).unwrap_or(u32::MAX),
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
