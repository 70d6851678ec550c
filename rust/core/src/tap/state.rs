//! The state that a tap's thread and its owner share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use super::options::{FramePolicy, TapOptions};
use crate::{
    base::error::Result,
    frame::{FrameShape, converter::matrix_between},
    pipeline::{
        Clock,
        events::{Events, Notify, OverloadReporter},
        input::{InputState, Sink},
        latency::Recorder,
        report::{DropReason, Event},
    },
};

/// The state of one tap.
pub(super) struct TapState {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) input: InputState,
    pub(super) events: Events,
    options: TapOptions,
    overload: OverloadReporter,
    pub(super) capture_to_observer: Recorder,
    /// Whether the observer found nothing and is to be notified.
    pub(super) is_awaited: AtomicBool,
}

impl TapState {
    pub(super) fn new(clock: Arc<dyn Clock>, options: TapOptions, notify: Notify) -> Self {
        Self {
            clock,
            input: InputState::default(),
            events: Events::new(notify),
            options,
            overload: OverloadReporter::default(),
            capture_to_observer: Recorder::new(),
            is_awaited: AtomicBool::new(true),
        }
    }

    pub(super) fn drop_frames(&self, reason: DropReason, frames: usize) {
        self.input.counters.dropped(reason, frames as u64);
    }

    /// Wakes the observer if it found nothing before.
    pub(super) fn report_ready(&self) {
        if self.is_awaited.swap(false, SeqCst) {
            self.events.notify();
        }
    }
}

impl Sink for TapState {
    fn input(&self) -> &InputState {
        &self.input
    }

    fn check(&self, shape: FrameShape) -> Result<()> {
        matrix_between(shape.view, self.options.shape_for(shape.view)).map(drop)
    }

    fn overflow(&self) {
        if self.options.policy == FramePolicy::Latest {
            return self.drop_frames(DropReason::Superseded, 1);
        }
        let reason = DropReason::ObserverOverload;
        self.overload.report(&self.events, &self.input.counters, reason, 1, self.clock.now_ns());
    }

    fn report_room(&self) {
        self.events.push(Event::Room);
    }
}
