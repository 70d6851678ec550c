//! A clock for tests: time passes only while every thread that keeps it waits, and then at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use giftgrab_core::pipeline::{Clock, Signal};

/// Wall clock at the clock's zero, in milliseconds since 1970: 2026-01-01T00:00:00Z.
pub const WALL_CLOCK_MS: u64 = 1_767_225_600_000;

/// Where the clock begins, in nanoseconds.
pub const START_NS: u64 = 1_000_000_000;

/// Returns at `at_ns` of `clock`.
pub fn sleep_until(clock: &Arc<dyn Clock>, at_ns: u64) {
    let signal = Signal::new(clock);
    while clock.now_ns() < at_ns {
        signal.wait(signal.seen(), Some(at_ns));
    }
}

/// Time that begins at one second and jumps to the next deadline as soon as all of its threads wait. The results of a
/// test on this clock do not depend on how fast the machine is.
///
/// The thread that makes it is one of its threads: while that thread works, time stands still.
pub struct SimulatedClock {
    state: Mutex<ClockState>,
    /// Another thread waits, or has ended.
    is_idler: Condvar,
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
    woken: Arc<Condvar>,
}

impl SimulatedClock {
    pub fn new() -> Arc<Self> {
        let state = ClockState { now_ns: START_NS, threads: 1, waiting: Vec::new(), next_id: 0 };
        Arc::new(Self { state: Mutex::new(state), is_idler: Condvar::new() })
    }

    /// Lets `seconds` pass for the other threads; what they do at the last instant is done when this returns.
    pub fn pass(self: &Arc<Self>, seconds: f64) {
        self.pass_until(self.now_ns() + (seconds * 1e9).round() as u64);
    }

    /// Lets time pass for the other threads until `at_ns`; what they do at that instant is done when this returns.
    pub fn pass_until(self: &Arc<Self>, at_ns: u64) {
        let clock: Arc<dyn Clock> = self.clone();
        sleep_until(&clock, at_ns);
        self.settle();
    }

    /// Returns once every other thread waits, without letting time pass.
    pub fn settle(self: &Arc<Self>) {
        let mut state = self.lock();
        while state.idle() + 1 < state.threads {
            state = self.is_idler.wait(state).expect("no thread panics in here");
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

    /// If every thread waits, goes to the next deadline and wakes the threads that wait for it.
    fn advance(&mut self) {
        if self.idle() < self.threads || self.idle() < self.waiting.len() {
            return;
        }
        let Some(next) = self.waiting.iter().filter_map(|waiting| waiting.deadline_ns).min() else { return };
        self.now_ns = self.now_ns.max(next);
        let now_ns = self.now_ns;
        self.wake(|waiting| waiting.deadline_ns.is_some_and(|at| at <= now_ns));
    }

    fn wake(&mut self, is_due: impl Fn(&Waiting) -> bool) {
        for waiting in self.waiting.iter_mut().filter(|waiting| !waiting.is_woken) {
            if is_due(waiting) {
                waiting.is_woken = true;
                waiting.woken.notify_one();
            }
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
        let woken = Arc::new(Condvar::new());
        let signal = std::ptr::from_ref(signal).addr();
        state.waiting.push(Waiting { id, signal, deadline_ns, is_woken: false, woken: woken.clone() });
        state.advance();
        self.is_idler.notify_all();
        let is_woken = |state: &ClockState| state.waiting.iter().any(|waiting| waiting.id == id && waiting.is_woken);
        while !is_woken(&state) {
            state = woken.wait(state).expect("no thread panics in here");
        }
        state.waiting.retain(|waiting| waiting.id != id);
    }

    fn wake(&self, signal: &Signal) {
        let address = std::ptr::from_ref(signal).addr();
        self.lock().wake(|waiting| waiting.signal == address);
    }

    fn begin_thread(&self) {
        self.lock().threads += 1;
    }

    fn end_thread(&self) {
        let mut state = self.lock();
        state.threads -= 1;
        state.advance();
        self.is_idler.notify_all();
    }
}
