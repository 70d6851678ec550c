//! The origin of time that several sources share.

use std::sync::{Arc, OnceLock};

use super::clock::{Clock, SystemClock};

/// One clock, and the instant at which recording on it began. Several sources can share one; targets take its clock.
pub struct Session {
    clock: Arc<dyn Clock>,
    origin: OnceLock<Origin>,
}

/// One instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Nanoseconds of the monotonic clock.
    pub monotonic_ns: u64,
    /// Milliseconds of the wall clock since 1970.
    pub wall_clock_ms: u64,
}

impl Session {
    /// A session that begins with the first frame of any of its sources.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, origin: OnceLock::new() })
    }

    /// A session on the clocks of this machine.
    #[must_use]
    pub fn on_system_clock() -> Arc<Self> {
        Self::new(SystemClock::shared())
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// When it began: with a frame that was captured at `captured_ns`, if that is its first one.
    pub(crate) fn begin(&self, captured_ns: u64) -> Origin {
        *self.origin.get_or_init(|| Origin {
            monotonic_ns: captured_ns,
            wall_clock_ms: self.clock.session_ms(self.clock.wall_clock_ms_at(captured_ns)),
        })
    }

    /// Its origin; `None` before its first frame.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        self.origin.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_begin_in_one_millisecond_are_different_ones() {
        let begin = || Session::on_system_clock().begin(SystemClock.now_ns()).wall_clock_ms;
        let begun: Vec<u64> = (0..50).map(|_| begin()).collect();
        assert!(begun.windows(2).all(|pair| pair[0] < pair[1]), "{begun:?}");
        assert!(begun[49].abs_diff(SystemClock.wall_clock_ms()) < 1000);
    }
}
