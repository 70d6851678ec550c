//! The state that an encoder's thread and its owner share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use super::reporter::Reporter;
use crate::pipeline::{
    Clock,
    events::{OverloadReporter, Throttle},
    input::{InputState, Sink},
    latency::Recorder,
    report::{DropReason, Event},
};

/// The state of one encoder. In its ledger, `written` frames are those that have become packets.
pub(super) struct EncoderState {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reporter: Arc<Reporter>,
    pub(super) input: InputState,
    pub(super) capture_to_packet: Recorder,
    /// Whether the encoder waits for an output: frames that are dropped meanwhile are the storage's.
    pub(super) is_blocked: Arc<AtomicBool>,
    overload: OverloadReporter,
    /// Jumps of the frames' times that were left out.
    pub(super) discontinuities: AtomicU64,
    jumps: Throttle,
}

impl EncoderState {
    pub(super) fn new(clock: Arc<dyn Clock>, reporter: Arc<Reporter>) -> Self {
        Self {
            clock,
            reporter,
            input: InputState::default(),
            capture_to_packet: Recorder::new(),
            is_blocked: Arc::default(),
            overload: OverloadReporter::default(),
            discontinuities: AtomicU64::new(0),
            jumps: Throttle::default(),
        }
    }
}

impl Sink for EncoderState {
    fn input(&self) -> &InputState {
        &self.input
    }

    fn overflow(&self) {
        self.report_overload(1);
    }

    fn lag(&self) {
        self.report_overload(0);
    }

    fn report_room(&self) {
        self.reporter.events.push(Event::Room);
    }
}

impl EncoderState {
    /// Counts a jump of the frames' times that was left out, and reports it, at most once a second.
    pub(super) fn report_jump(&self, at_seconds: f64, jump_seconds: f64) {
        self.discontinuities.fetch_add(1, SeqCst);
        if self.jumps.is_due(self.clock.now_ns()) {
            self.reporter.events.push(Event::Discontinuity { at_seconds, jump_seconds });
        }
    }

    /// Counts frames that are dropped, and reports the overload.
    fn report_overload(&self, dropped: u64) {
        let is_blocked = self.is_blocked.load(SeqCst);
        let reason = if is_blocked { DropReason::StorageOverload } else { DropReason::EncoderOverload };
        let (events, counters) = (&self.reporter.events, &self.input.counters);
        self.overload.report(events, counters, reason, dropped, self.clock.now_ns());
    }
}

#[cfg(test)]
mod tests;
