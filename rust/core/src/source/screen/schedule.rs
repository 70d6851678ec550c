//! The instants at which a screen is captured.

use crate::base::time::Rational;

/// Instants of one rate from a first one on, numbered from 0. The schedule goes on over the changes of a screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    rate: Rational,
    begin_ns: u64,
    next: u64,
}

impl Schedule {
    /// The first instant is `begin_ns`.
    pub(super) const fn new(rate: Rational, begin_ns: u64) -> Self {
        Self { rate, begin_ns, next: 0 }
    }

    fn at_ns(&self, number: u64) -> u64 {
        self.begin_ns.saturating_add(self.rate.frame_time_ns(number))
    }

    /// The next instant.
    pub(super) fn next_ns(&self) -> u64 {
        self.at_ns(self.next)
    }

    /// The number of the instant that has come at `now_ns`: the latest one; those before it are missed. `None` if the next
    /// one is still to come.
    pub(super) fn take(&mut self, now_ns: u64) -> Option<u32> {
        if now_ns < self.next_ns() {
            return None;
        }
        let passed_ns = u128::from(now_ns.saturating_sub(self.begin_ns));
        let passed = passed_ns * u128::from(self.rate.num.unsigned_abs())
            / (u128::from(self.rate.den.unsigned_abs()) * 1_000_000_000).max(1);
        let number = u64::try_from(passed).unwrap_or(u64::MAX).max(self.next);
        self.next = number.saturating_add(1);
        // Numbers wrap, as those of a device do.
        Some(number as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn instants_keep_their_places_and_those_that_were_missed_keep_their_numbers() {
        let mut schedule = Schedule::new(Rational::new(30, 1), 1000 * MS);
        assert_eq!(schedule.take(999 * MS), None);
        assert_eq!(schedule.take(1000 * MS), Some(0));
        assert_eq!((schedule.next_ns(), schedule.take(1033 * MS)), (1_033_333_333, None));
        // Late by less than a period: the instant is not missed, and the next one comes in time.
        assert_eq!(schedule.take(1060 * MS), Some(1));
        assert_eq!(schedule.next_ns(), 1_066_666_667);
        // 2 to 5 are missed.
        assert_eq!(schedule.take(1201 * MS), Some(6));
        assert_eq!(schedule.next_ns(), 1_233_333_333);
    }

    #[test]
    fn a_rounded_instant_is_taken_once_whatever_the_rate() {
        for rate in [Rational::new(30_000, 1001), Rational::new(7, 3), Rational::new(1000, 1), Rational::new(1, 1000)] {
            let mut schedule = Schedule::new(rate, 5);
            for number in 0..10_000 {
                assert_eq!(schedule.take(schedule.next_ns()), Some(number), "{rate:?}");
            }
        }
    }
}
