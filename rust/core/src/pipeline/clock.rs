//! Time and waiting as one trait, which every thread that keeps time gets, so that tests can run on a simulated clock.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use crate::{
    base::{error::Result, time::wall_clock_ms},
    sys,
};

/// A monotonic clock, a wall clock and the way to wait.
pub trait Clock: Send + Sync {
    /// Nanoseconds of a clock that never jumps.
    fn now_ns(&self) -> u64;

    /// The wall clock in milliseconds since 1970, which may jump.
    fn wall_clock_ms(&self) -> u64;

    /// The wall clock at `at_ns` of the monotonic clock; now, if that is no moment of the past.
    fn wall_clock_ms_at(&self, at_ns: u64) -> u64 {
        let now_ns = self.now_ns();
        let passed_ns = if at_ns == 0 { 0 } else { now_ns.saturating_sub(at_ns) };
        self.wall_clock_ms().saturating_sub(passed_ns / 1_000_000)
    }

    /// A time of the wall clock at or just after `at_ms`, which no other session on this clock has: it says of a frame to
    /// which session it belongs.
    fn session_ms(&self, at_ms: u64) -> u64 {
        at_ms
    }

    /// Returns once `signal` was raised after `seen` was read from it, or at `deadline_ns`. It may return early.
    fn wait(&self, signal: &Signal, seen: u64, deadline_ns: Option<u64>);

    /// `signal` was raised: ends every wait for it.
    fn wake(&self, signal: &Signal);

    /// A thread that keeps this time begins; called before it runs.
    fn begin_thread(&self) {}

    /// A thread that keeps this time has ended.
    fn end_thread(&self) {}
}

/// The one thing a thread waits for: raised by everything that has news for that thread, and never missed.
///
/// The thread reads [`Signal::seen`], looks at everything that may have news, and then waits for a raise since.
pub struct Signal {
    clock: Arc<dyn Clock>,
    raised: AtomicU64,
    lock: Mutex<()>,
    changed: Condvar,
    /// Woken as well as the thread, to end a wait that does not look at this signal.
    forward: OnceLock<Arc<dyn Wake>>,
}

/// Something that can be woken from a wait.
pub trait Wake: Send + Sync {
    /// Ends the wait.
    fn wake(&self);
}

impl Signal {
    /// A signal whose thread keeps the time of `clock`.
    #[must_use]
    pub fn new(clock: &Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock: clock.clone(),
            raised: AtomicU64::new(0),
            lock: Mutex::new(()),
            changed: Condvar::new(),
            forward: OnceLock::new(),
        })
    }

    /// The clock whose time its thread keeps.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// How often it was raised, to be handed to [`Self::wait`].
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.raised.load(SeqCst)
    }

    /// Ends the wait that is going on, or the next one that has not seen this.
    pub fn raise(&self) {
        self.raised.fetch_add(1, SeqCst);
        self.clock.wake(self);
        if let Some(other) = self.forward.get() {
            other.wake();
        }
    }

    /// Wakes `other` at each raise; the first call counts.
    pub(crate) fn forward_to(&self, other: Arc<dyn Wake>) {
        let _ = self.forward.set(other);
    }

    /// Returns once it was raised since `seen`, or at `deadline_ns`. It may return early.
    pub fn wait(&self, seen: u64, deadline_ns: Option<u64>) {
        self.clock.wait(self, seen, deadline_ns);
    }
}

impl Wake for Signal {
    fn wake(&self) {
        self.raise();
    }
}

impl Wake for sys::waker::Waker {
    fn wake(&self) {
        Self::wake(self);
    }
}

/// The clocks of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The clock of every recording.
    #[must_use]
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    fn now_ns(&self) -> u64 {
        sys::monotonic_ns()
    }

    fn wall_clock_ms(&self) -> u64 {
        wall_clock_ms()
    }

    fn session_ms(&self, at_ms: u64) -> u64 {
        /// That of the last session.
        static LAST: AtomicU64 = AtomicU64::new(0);
        // Within so many milliseconds sessions follow each other; before, the wall clock was set back.
        const NEAR: u64 = 1000;
        let next = |last: u64| if last.wrapping_sub(at_ms) < NEAR { last + 1 } else { at_ms };
        next(LAST.fetch_update(SeqCst, SeqCst, |last| Some(next(last))).unwrap_or_else(|last| last))
    }

    fn wait(&self, signal: &Signal, seen: u64, deadline_ns: Option<u64>) {
        // A thread with a deadline keeps time: it must not give its processor away just before that.
        if deadline_ns.is_none() && comes_soon(signal, seen) {
            return;
        }
        let deadline = deadline_ns.map(|at| Instant::now() + Duration::from_nanos(at.saturating_sub(self.now_ns())));
        let mut guard = signal.lock.lock();
        while signal.seen() == seen {
            match deadline {
                Some(deadline) if signal.changed.wait_until(&mut guard, deadline).timed_out() => return,
                Some(_) => {}
                None => signal.changed.wait(&mut guard),
            }
        }
    }

    fn wake(&self, signal: &Signal) {
        // Taken, so that a thread between its look and its wait is not missed.
        drop(signal.lock.lock());
        signal.changed.notify_all();
    }
}

/// Looks a few times whether `signal` is raised. Where frames follow each other within microseconds, going to sleep and
/// being woken takes longer than the other thread does.
fn comes_soon(signal: &Signal, seen: u64) -> bool {
    /// Looks, each after twice as many pauses as the one before.
    const SPINS: u32 = 7;
    /// Looks after that, each when other threads of this processor have run.
    const YIELDS: u32 = 4;
    for step in 0..SPINS + YIELDS {
        if signal.seen() != seen {
            return true;
        }
        if step < SPINS { (0..1 << step).for_each(|_| std::hint::spin_loop()) } else { std::thread::yield_now() }
    }
    false
}

/// Starts a thread that keeps the time of `clock`.
///
/// # Errors
///
/// `ResourceExhausted` if the system has no further thread.
pub(crate) fn spawn(clock: &Arc<dyn Clock>, name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    /// Dropped with the thread, however the thread ends.
    struct Counted(Arc<dyn Clock>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.end_thread();
        }
    }

    clock.begin_thread();
    let counted = Counted(clock.clone());
    sys::spawn(name, move || {
        let _counted = counted;
        body();
    })
}

/// Nanoseconds in a second.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;
