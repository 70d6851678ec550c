//! A clock for tests: time passes only while every thread that keeps it waits, and then at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use giftgrab_core::pipeline::{Clock, Signal};

/// Wall clock at the clock's zero, in milliseconds since 1970: 2026-01-01T00:00:00Z.
pub const WALL_CLOCK_MS: u64 = 1_767_225_600_000;

/// Time that begins at one second and jumps to the next deadline as soon as all of its threads wait. What a test sees on
/// it does not depend on how fast the machine is.
///
/// The thread that makes it is one of its threads: while that thread works, time stands still.
pub struct SimulatedClock {
    state: Mutex<ClockState>,
    changed: Condvar,
}

struct ClockState {
    now_ns: u64,
    threads: usize,
    waiting: Vec<Waiting>,
    next_id: u64,
}

/// One thread that waits.
struct Waiting {
    id: u64,
    /// Address of the signal that it waits for.
    signal: usize,
    deadline_ns: Option<u64>,
    is_woken: bool,
}

impl SimulatedClock {
    pub fn new() -> Arc<Self> {
        let state = ClockState { now_ns: 1_000_000_000, threads: 1, waiting: Vec::new(), next_id: 0 };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Lets `seconds` pass for the other threads; what they do at the last instant is done when this returns.
    pub fn pass(self: &Arc<Self>, seconds: f64) {
        self.sleep_until(self.now_ns() + (seconds * 1e9) as u64);
        self.settle();
    }

    /// Returns at `at_ns`.
    pub fn sleep_until(self: &Arc<Self>, at_ns: u64) {
        let clock: Arc<dyn Clock> = self.clone();
        let signal = Signal::new(&clock);
        while self.now_ns() < at_ns {
            signal.wait(signal.seen(), Some(at_ns));
        }
    }

    /// Returns once every other thread waits, without letting time pass.
    pub fn settle(self: &Arc<Self>) {
        let mut state = self.lock();
        while state.idle() + 1 < state.threads {
            state = self.changed.wait(state).expect("no thread panics in here");
        }
    }

    fn lock(&self) -> MutexGuard<'_, ClockState> {
        self.state.lock().expect("no thread panics in here")
    }
}

impl ClockState {
    fn idle(&self) -> usize {
        self.waiting.iter().filter(|waiting| !waiting.is_woken).count()
    }

    /// If nobody works, goes to the next deadline and wakes the threads that wait for it.
    fn advance(&mut self) {
        if self.idle() < self.threads || self.idle() < self.waiting.len() {
            return;
        }
        let Some(next) = self.waiting.iter().filter_map(|waiting| waiting.deadline_ns).min() else { return };
        self.now_ns = self.now_ns.max(next);
        for waiting in &mut self.waiting {
            waiting.is_woken |= waiting.deadline_ns.is_some_and(|at| at <= self.now_ns);
        }
    }
}

impl Clock for SimulatedClock {
    fn now_ns(&self) -> u64 {
        self.lock().now_ns
    }

    fn wall_clock_ms(&self) -> u64 {
        WALL_CLOCK_MS + self.now_ns() / 1_000_000
    }

    fn wait(&self, signal: &Signal, seen: u64, deadline_ns: Option<u64>) {
        let mut state = self.lock();
        // A raise from here on finds this thread among those that wait.
        if signal.seen() != seen || deadline_ns.is_some_and(|at| at <= state.now_ns) {
            return;
        }
        let id = state.next_id;
        state.next_id += 1;
        state.waiting.push(Waiting { id, signal: std::ptr::from_ref(signal).addr(), deadline_ns, is_woken: false });
        state.advance();
        self.changed.notify_all();
        let is_woken = |state: &ClockState| state.waiting.iter().any(|waiting| waiting.id == id && waiting.is_woken);
        while !is_woken(&state) {
            state = self.changed.wait(state).expect("no thread panics in here");
        }
        state.waiting.retain(|waiting| waiting.id != id);
    }

    fn wake(&self, signal: &Signal) {
        let address = std::ptr::from_ref(signal).addr();
        let mut state = self.lock();
        for waiting in &mut state.waiting {
            waiting.is_woken |= waiting.signal == address;
        }
        self.changed.notify_all();
    }

    fn begin_thread(&self) {
        self.lock().threads += 1;
    }

    fn end_thread(&self) {
        let mut state = self.lock();
        state.threads -= 1;
        state.advance();
        self.changed.notify_all();
    }
}
