//! A bound in bytes beside a queue's bound in messages: lossless packets are large.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Bytes that may wait between two threads.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    used: Mutex<usize>,
    freed: Condvar,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, used: Mutex::new(0), freed: Condvar::new() }
    }

    /// Takes bytes, waiting until they fit or `give_up` says so. One message always fits into an empty budget.
    pub(super) fn acquire(&self, bytes: usize, give_up: impl Fn() -> bool) {
        let mut used = self.used.lock();
        while *used > 0 && *used + bytes > self.limit && !give_up() {
            // The other side wakes this one; the time-out only lets `give_up` be asked again.
            self.freed.wait_for(&mut used, Duration::from_millis(100));
        }
        *used += bytes;
    }

    pub(super) fn release(&self, bytes: usize) {
        let mut used = self.used.lock();
        *used = used.saturating_sub(bytes);
        drop(used);
        self.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_until_bytes_are_released_and_never_refuses_one_large_message() {
        let budget = std::sync::Arc::new(Budget::new(10));
        budget.acquire(50, || false);
        let other = budget.clone();
        let thread = std::thread::spawn(move || other.acquire(5, || false));
        budget.release(50);
        thread.join().unwrap();
        assert_eq!(*budget.used.lock(), 5);
        budget.acquire(100, || true);
        assert_eq!(*budget.used.lock(), 105);
    }
}
