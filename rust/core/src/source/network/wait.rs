//! Waits of a driver's thread that end when its source has another order.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    sync::Notify,
};

use crate::{pipeline::Wake, source::producer::Patience};

/// Ends waits when the signal of the driver's thread is raised.
#[derive(Default)]
pub(super) struct Interrupt {
    notify: Notify,
    raised: AtomicBool,
}

impl Wake for Interrupt {
    fn wake(&self) {
        self.raised.store(true, SeqCst);
        self.notify.notify_one();
    }
}

impl Interrupt {
    /// Begins a call of the driver: what was raised before the thread looked at its orders is over.
    pub(super) fn begin(&self, patience: &Patience<'_>) {
        self.raised.store(false, SeqCst);
        if patience.signal.seen() != patience.seen {
            self.wake();
        }
    }

    /// Whether the call should end.
    pub(super) fn is_raised(&self) -> bool {
        self.raised.load(SeqCst)
    }

    /// Runs a future until it is done, the time has come, or there is another order.
    pub(super) fn run<T>(&self, runtime: &Runtime, until: Instant, future: impl Future<Output = T>) -> Option<T> {
        runtime.block_on(async {
            let mut future = pin!(future);
            // FFmpeg may ask again after a wait that was ended.
            while !self.is_raised() {
                tokio::select! {
                    biased;
                    output = &mut future => return Some(output),
                    () = self.notify.notified() => {}
                    () = tokio::time::sleep_until(until.into()) => return None,
                }
            }
            None
        })
    }
}

/// A runtime for the thread of one driver.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The end of a patience.
pub(super) fn end_of(patience: &Patience<'_>) -> Instant {
    Instant::now() + Duration::from_nanos(patience.left_ns())
}

/// A patience that ends no later than after a time.
pub(super) fn within<'a>(patience: &Patience<'a>, longest_ns: u64) -> Patience<'a> {
    let now_ns = patience.signal.clock().now_ns();
    let deadline_ns = patience.deadline_ns.min(now_ns.saturating_add(longest_ns));
    Patience { signal: patience.signal, seen: patience.seen, deadline_ns }
}

/// As [`Interrupt`] is shared with what waits.
pub(super) type Shared = Arc<Interrupt>;
