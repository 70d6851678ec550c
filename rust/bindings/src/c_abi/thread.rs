//! The end of a thread is the end of its contexts: a worker that is terminated runs no JavaScript any more.

use std::cell::RefCell;

use crate::{guard::guard, registry::close_context};

/// Ends the context when the calling thread does.
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
            // A panic must not leave a thread's end, and nothing can be reported any more.
            let _ = guard(|| {
                close_context(context);
                Ok(())
            });
        }
    }
}
