//! What the threads of one writer and its callers have in common.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
};

use crossbeam_channel::Sender;

use super::{budget::Budget, output::Coded};
use crate::{
    error::Error,
    event::{Events, Throttle},
    hub::{Gate, Taker},
    latency::Recorder,
    ledger::stage_of,
    report::{DropReason, Durable, Event, Report, TargetInfo, TargetStats},
};

/// Packets that may wait for the disk: about ten seconds at 60 frames a second.
pub(super) const PACKET_QUEUE: usize = 600;
/// Bytes of packets that may wait for the disk.
const PACKET_BYTES: usize = 64 << 20;

/// What has been handed to the operating system and not been synced.
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    /// Frames in the file so far, synced ones too.
    pub(super) frames: u64,
    /// When each unsynced packet left the encoder.
    pub(super) encoded_ns: Vec<u64>,
}

/// State of one writer.
pub(super) struct Shared {
    pub(super) info: TargetInfo,
    pub(super) events: Events,
    pub(super) gate: Gate,
    pub(super) capture_to_packet: Recorder,
    pub(super) packet_to_durable: Recorder,
    pub(super) packet_budget: Budget,
    /// Whether the encoder waits for the packet queue: drops are then the storage's.
    pub(super) storage_blocks: AtomicBool,
    pub(super) bytes: AtomicU64,
    /// Bytes copied while the file is indexed.
    pub(super) indexed_bytes: AtomicU64,
    /// Grid position after the last packet written.
    pub(super) end_position: AtomicI64,
    /// What is in the file since the last sync.
    pub(super) unsynced: Mutex<Unsynced>,
    pub(super) durable: Mutex<Durable>,
    /// Whether a sync failed: what is in the file may not be on the disk.
    pub(super) sync_failed: AtomicBool,
    closed: AtomicBool,
    error: Mutex<Option<Error>>,
    overload: Throttle,
    /// The packet queue, only for its length.
    packets: Sender<Coded>,
}

impl Shared {
    pub(super) fn new(info: TargetInfo, events: Events, packets: Sender<Coded>) -> Self {
        Self {
            info,
            events,
            gate: Gate::default(),
            capture_to_packet: Recorder::new(),
            packet_to_durable: Recorder::new(),
            packet_budget: Budget::new(PACKET_BYTES),
            storage_blocks: AtomicBool::new(false),
            bytes: AtomicU64::new(0),
            indexed_bytes: AtomicU64::new(0),
            end_position: AtomicI64::new(0),
            unsynced: Mutex::new(Unsynced::default()),
            durable: Mutex::new(Durable::default()),
            sync_failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            error: Mutex::new(None),
            overload: Throttle::default(),
            packets,
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
        self.gate.mark_failed();
        self.events.push(Event::Error { error });
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.gate.has_failed()
    }

    /// Tells the end; the writer's threads do nothing after it.
    pub(super) fn tell_closed(&self, report: Report) {
        self.events.push(Event::Closed { report: Some(Box::new(report)), error: self.error() });
        self.closed.store(true, SeqCst);
    }

    /// Tells of no file: the writer has left none.
    pub(super) fn forget_file(&self) {
        self.bytes.store(0, SeqCst);
        self.end_position.store(0, SeqCst);
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner) = Durable::default();
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
        let positions = self.end_position.load(SeqCst);
        let rate = self.info.frame_rate;
        TargetStats {
            frames: self.gate.counters.snapshot(),
            bytes: self.bytes.load(SeqCst),
            indexed_bytes: self.indexed_bytes.load(SeqCst),
            duration_seconds: positions as f64 / rate.as_f64(),
            durable: *self.durable.lock().unwrap_or_else(PoisonError::into_inner),
            capture_to_packet: self.capture_to_packet.snapshot(),
            packet_to_durable: self.packet_to_durable.snapshot(),
            frame_queue: self.gate.queued(),
            packet_queue: u32::try_from(self.packets.len()).unwrap_or(u32::MAX),
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
