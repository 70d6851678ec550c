//! Capture times and lost frames from what a driver states. Each statement is a claim, believed only if it can be true.

use super::driver::Stamp;

/// A jump of a driver's count beyond this is another count, not a loss.
const MOST_LOST: u32 = 1 << 24;

/// Makes capture times true and strictly increasing.
#[derive(Debug, Default)]
pub(super) struct CaptureClock {
    last_ns: Option<u64>,
    /// Stamps that were not believed.
    pub(super) distrusted: u64,
}

impl CaptureClock {
    /// The capture time of a frame: the driver's, unless it lies in the future, is older than a buffered frame can be, or
    /// does not increase; then the time of arrival.
    pub(super) fn captured_ns(&mut self, stamp: &Stamp) -> u64 {
        /// Longest time that a frame can have waited in a driver or a connection.
        const OLDEST_NS: u64 = 10_000_000_000;
        let least_ns = self.last_ns.map_or(0, |last_ns| last_ns + STEP_NS);
        let can_be_true =
            |ns: u64| ns >= least_ns && ns <= stamp.arrival_ns && stamp.arrival_ns.saturating_sub(ns) <= OLDEST_NS;
        let claimed = stamp.device_ns.filter(|ns| can_be_true(*ns));
        self.distrusted += u64::from(stamp.device_ns.is_some() && claimed.is_none());
        let time_ns = claimed.unwrap_or_else(|| stamp.arrival_ns.max(least_ns));
        self.last_ns = Some(time_ns);
        time_ns
    }
}

/// The least time between two frames: one tick of the times that live sources give.
pub(super) const STEP_NS: u64 = 1000;

/// Counts what a driver lost by its own numbers.
#[derive(Debug, Default)]
pub(super) struct SequenceCount {
    last: Option<u32>,
}

impl SequenceCount {
    /// Frames lost before this one.
    pub(super) fn lost_before(&mut self, stamp: &Stamp) -> u64 {
        let Some(sequence) = stamp.sequence else { return stamp.lost_before };
        let step = self.last.replace(sequence).map_or(1, |last| sequence.wrapping_sub(last));
        // A driver that does not count says the same number each time.
        let lost = if step == 0 || step > MOST_LOST { 0 } else { step - 1 };
        u64::from(lost) + stamp.lost_before
    }

    /// The driver counts from anew.
    pub(super) fn restart(&mut self) {
        self.last = None;
    }
}
