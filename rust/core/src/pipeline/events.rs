//! Events of an object, which wait for its listener.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use parking_lot::Mutex;

use super::{clock::SECOND_NS, report::Event};

/// Most events that may wait; beyond, the oldest one that only informs is dropped.
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
            if queue.len() >= CAPACITY
                && let Some(index) = queue.iter().position(Event::only_informs)
            {
                queue.remove(index);
            }
            queue.push_back(event);
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
    }
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
    /// Whether nothing waits for this event.
    fn only_informs(&self) -> bool {
        matches!(self, Self::Overload { .. } | Self::DiskLow { .. } | Self::Warning { .. } | Self::Attached { .. })
    }
}
