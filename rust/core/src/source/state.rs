//! The state that a source's thread and its owner share.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use parking_lot::Mutex;

use super::producer::{PacketOffer, Producer, SharedOffer};
use crate::{
    base::error::Result,
    frame::{FrameForm, FrameShape},
    pipeline::{
        InputSender,
        events::{Events, JumpReporter, Notify},
        input::no_packets,
        latency::Recorder,
        live::LiveReport,
        report::SourceStats,
    },
    pixels::planes::Rect,
};

/// The state of one source.
pub(super) struct SourceState {
    pub(super) events: Events,
    /// The shape of its frames before the crop.
    pub(super) shape: Mutex<FrameShape>,
    pub(super) captured: AtomicU64,
    pub(super) missed: AtomicU64,
    pub(super) late: AtomicU64,
    pub(super) damaged: AtomicU64,
    live: Option<Arc<dyn LiveReport>>,
    offer: Option<SharedOffer>,
    jumps: JumpReporter,
    pub(super) duration_ns: AtomicU64,
    pub(super) lateness: Recorder,
    pub(super) interval: Recorder,
}

/// A request to a source's thread.
pub(super) enum SourceRequest {
    Attach { target: u32, input: InputSender },
    Detach { target: u32 },
    Crop(Option<Rect>),
    Start,
}

impl SourceState {
    pub(super) fn new(notify: Notify, producer: &dyn Producer) -> Self {
        let shape = producer.shape();
        Self {
            events: Events::new(notify),
            shape: Mutex::new(shape),
            captured: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            late: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
            live: producer.live(),
            offer: producer.offer(),
            jumps: JumpReporter::default(),
            duration_ns: AtomicU64::new(0),
            lateness: Recorder::new(),
            interval: Recorder::new(),
        }
    }

    /// Refuses a target that cannot take the frames of this source.
    pub(super) fn check(&self, input: &InputSender) -> Result<()> {
        if input.form() == FrameForm::Pictures {
            return input.check(*self.shape.lock());
        }
        match self.offer.as_ref().map(|offer| offer.lock()).as_deref() {
            None | Some(PacketOffer::None) => Err(no_packets("this source")),
            Some(PacketOffer::Refused(error)) => Err(error.clone()),
            Some(PacketOffer::Stream(stream)) => input.check_packets(stream),
        }
    }

    /// Reports a jump of the input's clock that was left out.
    pub(super) fn report_jump(&self, at_seconds: f64, jump_seconds: f64, now_ns: u64) {
        self.jumps.report(&self.events, at_seconds, jump_seconds, now_ns);
    }

    pub(super) fn stats(&self) -> SourceStats {
        SourceStats {
            captured: self.captured.load(SeqCst),
            missed: self.missed.load(SeqCst),
            late: self.late.load(SeqCst),
            decode_errors: self.damaged.load(SeqCst),
            discontinuities: self.jumps.count(),
            duration_seconds: self.duration_ns.load(SeqCst) as f64 / 1e9,
            lateness: self.lateness.snapshot(),
            interval: self.interval.snapshot(),
            live: self.live.as_ref().map(|live| live.stats()),
        }
    }
}
