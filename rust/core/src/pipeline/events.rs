//! Events of an object, which wait for its listener.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use parking_lot::Mutex;

use super::{
    clock::SECOND_NS,
    ledger::{Counters, REASON_COUNT, stage_of},
    report::{DropReason, Event},
};

/// Most events that may wait; beyond, the oldest one that only informs is forgotten. The others stay: each answers a
/// request, or is part of the end.
const CAPACITY: usize = 256;

/// Called when there is something to take; it must return at once.
pub type Notify = Box<dyn Fn() + Send + Sync>;

/// The events of one object.
pub(crate) struct Events {
    queue: Mutex<VecDeque<Event>>,
    notify: Notify,
}

impl Events {
    pub(crate) fn new(notify: Notify) -> Self {
        Self { queue: Mutex::new(VecDeque::new()), notify }
    }

    pub(crate) fn push(&self, event: Event) {
        {
            let mut queue = self.queue.lock();
            queue.push_back(event);
            forget(&mut queue);
        }
        (self.notify)();
    }

    /// Wakes the listener without an event: there is something else to take.
    pub(crate) fn notify(&self) {
        (self.notify)();
    }

    pub(crate) fn take(&self) -> Vec<Event> {
        self.queue.lock().drain(..).collect()
    }

    pub(crate) fn put_back(&self, events: Vec<Event>) {
        let mut queue = self.queue.lock();
        for event in events.into_iter().rev() {
            queue.push_front(event);
        }
        forget(&mut queue);
    }
}

/// Forgets the oldest events that only inform, as many as there are too many.
fn forget(queue: &mut VecDeque<Event>) {
    let mut surplus = queue.len().saturating_sub(CAPACITY);
    queue.retain(|event| {
        let is_forgotten = surplus > 0 && event.only_informs();
        surplus -= usize::from(is_forgotten);
        !is_forgotten
    });
}

/// Counts the jumps of the times of frames, and reports at most one a second.
#[derive(Default)]
pub(crate) struct JumpReporter {
    count: AtomicU64,
    last_ns: Mutex<Option<u64>>,
}

impl JumpReporter {
    /// Counts a jump at a place of the time line, both in seconds.
    pub(crate) fn report(&self, events: &Events, at_seconds: f64, jump_seconds: f64, now_ns: u64) {
        self.count.fetch_add(1, SeqCst);
        let mut last_ns = self.last_ns.lock();
        if last_ns.is_none_or(|last_ns| now_ns.saturating_sub(last_ns) >= SECOND_NS) {
            *last_ns = Some(now_ns);
            events.push(Event::Discontinuity { at_seconds, jump_seconds });
        }
    }

    /// Jumps so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(SeqCst)
    }
}

/// Reports the overloads of one target: that frames wait, at most once a second, and each reason for drops at once and
/// then at most once a second.
#[derive(Default)]
pub(crate) struct OverloadReporter(Mutex<OverloadTimes>);

/// When overloads were reported last: that frames wait, and drops for each reason.
#[derive(Default)]
struct OverloadTimes {
    lag_ns: Option<u64>,
    drops_ns: [Option<u64>; REASON_COUNT],
}

impl OverloadReporter {
    /// Counts `dropped` frames, 0 while they only wait, and reports the overload if it is time to.
    pub(crate) fn report(&self, events: &Events, counters: &Counters, reason: DropReason, dropped: u64, now_ns: u64) {
        let frames = counters.dropped(reason, dropped);
        if self.0.lock().is_due((dropped > 0).then_some(reason), now_ns) {
            events.push(Event::Overload { stage: stage_of(reason), reason, frames });
        }
    }
}

impl OverloadTimes {
    /// Whether an overload is reported now, with drops for a reason or without. Drops that go on stand for the lag too.
    fn is_due(&mut self, drops: Option<DropReason>, now_ns: u64) -> bool {
        let is_past = |at: Option<u64>, interval_ns| at.is_none_or(|at| now_ns.saturating_sub(at) >= interval_ns);
        let (last_ns, is_due) = match drops {
            Some(reason) => (&mut self.drops_ns[reason as usize], true),
            None => (&mut self.lag_ns, self.drops_ns.iter().all(|at| is_past(*at, 2 * SECOND_NS))),
        };
        let is_due = is_due && is_past(*last_ns, SECOND_NS);
        if is_due {
            *last_ns = Some(now_ns);
        }
        is_due
    }
}

impl Event {
    /// Whether nothing waits for this event: an error that ends an object is in its `closed` too.
    fn only_informs(&self) -> bool {
        match self {
            Self::Attached { .. }
            | Self::Overload { .. }
            | Self::DiskLow { .. }
            | Self::Discontinuity { .. }
            | Self::Resize { .. }
            | Self::State { .. }
            | Self::Warning { .. }
            | Self::Error { .. } => true,
            Self::Ended | Self::Detached { .. } | Self::Room | Self::Closed { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::{Code, Error, Stage};

    /// An error or a warning with this number.
    fn failure(number: usize) -> Event {
        let error = Error::new(Code::Io, Stage::Source, number.to_string());
        if number.is_multiple_of(2) { Event::Error { error } } else { Event::Warning { error } }
    }

    /// Asserts that as many events as may wait are there: the last of 10,000 failures, and the end.
    fn assert_last_ones_and_the_end(events: &[Event]) {
        assert_eq!(events.len(), CAPACITY);
        let Some((Event::Closed { .. }, failures)) = events.split_last() else { panic!("the end was forgotten") };
        for (number, event) in (0..10_000).rev().zip(failures.iter().rev()) {
            let (Event::Error { error } | Event::Warning { error }) = event else { panic!("{event:?}") };
            assert_eq!(error.message, number.to_string());
        }
    }

    #[test]
    fn of_events_that_only_inform_the_last_ones_stay_and_so_does_the_end() {
        let events = Events::new(Box::new(|| {}));
        events.push(Event::Attached { target: 1 });
        (0..10_000).map(failure).for_each(|event| events.push(event));
        events.push(Event::Closed { report: None, error: None });
        assert_last_ones_and_the_end(&events.take());
    }

    #[test]
    fn events_that_are_put_back_are_bounded_too() {
        let events = Events::new(Box::new(|| {}));
        (0..9_900).map(failure).for_each(|event| events.push(event));
        let taken = events.take();
        (9_900..10_000).map(failure).for_each(|event| events.push(event));
        events.push(Event::Closed { report: None, error: None });
        events.put_back(taken);
        assert_last_ones_and_the_end(&events.take());
    }
}
