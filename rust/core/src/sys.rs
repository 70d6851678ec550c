//! Calls to the system: the monotonic clock, precise wake-ups, memory given back, threads.
#![allow(unsafe_code)]

use std::thread;

use crate::base::error::{Code, Error, Result, Stage};

/// Nanoseconds of CLOCK_MONOTONIC: the one clock for pacing, latencies and capture times.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Asks the kernel to end this thread's timed waits as exactly as it can (PR_SET_TIMERSLACK, 50 µs by default).
pub fn make_waits_precise() {
    // Refused only where the call does not exist; waits are then as exact as the kernel's default.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

/// Lets the threads of capture and muxing go first: this thread, and those it starts, give way to them. Raising a nice
/// value needs no privilege.
pub fn give_way() {
    // Refused only where a policy of the system forbids it; the thread then competes as before.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

/// One step is a tenth of the processor where threads compete (sched(7)): enough that a frame is always captured first,
/// and little enough that the encoder holds its own against other programs.
const NICE: i32 = 2;

/// Starts a thread that gives its memory back when it ends.
///
/// # Errors
///
/// `ResourceExhausted` if the system has no thread to give.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    let run = move || {
        body();
        return_free_memory();
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop).map_err(|error| {
        Error::new(Code::ResourceExhausted, Stage::Boundary, format!("Cannot start a thread: {error}"))
    })
}

/// Gives the free pages of every heap back to the system. glibc keeps one heap for each of many threads and by itself
/// gives back only what lies at a heap's end, so that every recording would leave some megabytes behind.
fn return_free_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> std::ffi::c_int;
        }
        // SAFETY: glibc's own function, callable from any thread at any time.
        unsafe { malloc_trim(0) };
    }
}
