//! Kernel calls: the monotonic clock and precise wake-ups.

use std::time::Duration;

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

/// Waits until [`monotonic_ns`] reaches `deadline`.
pub fn sleep_until(deadline: u64) {
    let now = monotonic_ns();
    if deadline > now {
        std::thread::sleep(Duration::from_nanos(deadline - now));
    }
}
