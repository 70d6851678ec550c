//! One JavaScript context: the handles that have something for it, and the one call that waits for them.

use std::{
    cell::RefCell,
    collections::VecDeque,
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{record::guard, registry::close_context};

/// The ready list of one JavaScript context.
#[derive(Debug, Default)]
pub(crate) struct Context {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Handles with events, each once; bounded by the number of handles.
    ready: VecDeque<u32>,
    woken: bool,
}

impl Context {
    /// Notes that `handle` has something, and ends the wait.
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

/// Ends the context when the calling thread does: a worker that is terminated runs no JavaScript any more.
pub(crate) fn close_with_thread(context: u32) {
    OPENED.with(|opened| opened.0.borrow_mut().push(context));
}

/// The contexts that this thread has opened: a JavaScript context lives and dies with its thread.
struct Opened(RefCell<Vec<u32>>);

thread_local! {
    static OPENED: Opened = const { Opened(RefCell::new(Vec::new())) };
}

impl Drop for Opened {
    fn drop(&mut self) {
        for context in self.0.take() {
            // A panic must not leave a thread's end, and nobody is left to be told of it.
            let _ = guard(|| {
                close_context(context);
                Ok(())
            });
        }
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
