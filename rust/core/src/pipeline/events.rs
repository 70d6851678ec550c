//! Events of an object, which wait for its listener.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use parking_lot::Mutex;

use super::{clock::SECOND_NS, report::Event};

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

/// Lets an event of one kind through, at most once a second.
#[derive(Default)]
pub(crate) struct Throttle {
    /// When one was let through last; 0 never.
    last: AtomicU64,
}

impl Throttle {
    /// Whether an event may be reported at `now`, which is then the time of the last one.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let last = self.last.load(SeqCst);
        let due = last == 0 || now.saturating_sub(last) >= SECOND_NS;
        due && self.last.compare_exchange(last, now, SeqCst, SeqCst).is_ok()
    }
}

impl Event {
    /// Whether nothing waits for this event: an error that ends an object is in its `closed` too.
    fn only_informs(&self) -> bool {
        match self {
            Self::Attached { .. }
            | Self::Overload { .. }
            | Self::DiskLow { .. }
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
