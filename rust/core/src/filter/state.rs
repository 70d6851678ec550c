//! The state that a filter's thread and its owner share.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use crate::pipeline::{
    Clock, InputSender,
    events::{Events, Notify, OverloadReporter},
    input::{InputState, Sink},
    latency::Recorder,
    report::{DropReason, Event, FilterStats},
};

/// The state of one filter.
pub(super) struct FilterState {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) input: InputState,
    pub(super) events: Events,
    overload: OverloadReporter,
    pub(super) given: AtomicU64,
    pub(super) capture_to_filtered: Recorder,
}

/// A request to a filter's thread.
pub(super) enum FilterRequest {
    Attach { target: u32, input: InputSender },
    Detach { target: u32 },
}

impl FilterState {
    pub(super) fn new(clock: Arc<dyn Clock>, notify: Notify) -> Self {
        Self {
            clock,
            input: InputState::default(),
            events: Events::new(notify),
            overload: OverloadReporter::default(),
            given: AtomicU64::new(0),
            capture_to_filtered: Recorder::new(),
        }
    }

    /// The stats so far, while `queue` frames wait.
    pub(super) fn stats(&self, queue: u32) -> FilterStats {
        FilterStats {
            frames: self.input.counters.snapshot(),
            given: self.given.load(SeqCst),
            capture_to_filtered: self.capture_to_filtered.snapshot(),
            queue,
        }
    }
}

impl FilterState {
    /// Counts frames that are dropped, and reports the overload.
    fn report_overload(&self, dropped: u64) {
        let reason = DropReason::FilterOverload;
        self.overload.report(&self.events, &self.input.counters, reason, dropped, self.clock.now_ns());
    }
}

impl Sink for FilterState {
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
        self.events.push(Event::Room);
    }
}
