//! One JavaScript context: the handles that have events, and the one call that waits for them.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The ready list of one JavaScript context.
#[derive(Debug, Default)]
pub(crate) struct Context {
    state: Mutex<ContextState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ContextState {
    /// Handles with events, each once; bounded by the number of handles.
    ready: VecDeque<u32>,
    woken: bool,
}

impl Context {
    /// Notes that `handle` has events, and ends the wait.
    pub(crate) fn notify(&self, handle: u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.ready.contains(&handle) {
            state.ready.push_back(handle);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Ends the wait that is going on, or the next one, without a handle.
    pub(crate) fn wake(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).woken = true;
        self.changed.notify_all();
    }

    /// Waits for handles with events and writes them to `handles`; returns how many, 0 after the time-out or a wake.
    pub(crate) fn wait(&self, handles: &mut [u32], timeout: Duration) -> usize {
        let deadline = Instant::now() + timeout;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.ready.is_empty() && !std::mem::take(&mut state.woken) {
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return 0;
            };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let count = state.ready.len().min(handles.len());
        for (slot, handle) in handles.iter_mut().zip(state.ready.drain(..count)) {
            *slot = handle;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_wait_ends_with_the_handle_or_the_wake_and_not_before() {
        let context = Arc::new(Context::default());
        let other = context.clone();
        let waiter = std::thread::spawn(move || {
            let mut handles = [0; 4];
            let count = other.wait(&mut handles, Duration::from_secs(10));
            (count, handles)
        });
        context.notify(7);
        assert_eq!(waiter.join().unwrap(), (1, [7, 0, 0, 0]));
        context.wake();
        assert_eq!(context.wait(&mut [0; 4], Duration::from_secs(10)), 0);
        assert_eq!(context.wait(&mut [0; 4], Duration::from_millis(1)), 0);
    }

    #[test]
    fn a_handle_waits_once_and_what_does_not_fit_waits_on() {
        let context = Context::default();
        [1, 2, 1, 3].into_iter().for_each(|handle| context.notify(handle));
        let mut handles = [0; 2];
        assert_eq!((context.wait(&mut handles, Duration::ZERO), handles), (2, [1, 2]));
        assert_eq!((context.wait(&mut handles, Duration::ZERO), handles), (1, [3, 2]));
    }
}
