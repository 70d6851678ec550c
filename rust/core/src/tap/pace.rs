//! Thins frames out to a rate.

use crate::{base::time::Rational, frame::Frame};

const NANOSECOND: Rational = Rational::new(1, 1_000_000_000);
/// A frame may come early by a step divided by this: a camera's clock jitters.
const TOLERANCE: i64 = 8;

/// Lets at most `rate` frames pass per second of the frames' own time, as evenly as they come.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Option<Rational>,
    origin_ns: Option<i64>,
    last_ns: i64,
    last_step: Option<i128>,
}

impl Pace {
    pub(super) fn new(rate: Option<Rational>) -> Self {
        Self { rate, origin_ns: None, last_ns: 0, last_step: None }
    }

    /// Whether it is this frame's turn.
    pub(super) fn admits(&mut self, frame: &Frame) -> bool {
        let Some(rate) = self.rate else { return true };
        let now = Rational::rescale(frame.pts, frame.time_base, NANOSECOND);
        let origin = *self.origin_ns.get_or_insert(now);
        let interval = now - std::mem::replace(&mut self.last_ns, now);
        // Of two frames the nearer one is taken, so a frame is never early by more than half their distance.
        let early = (interval / 2).clamp(0, Rational::rescale(1, rate.inverse(), NANOSECOND) / TOLERANCE);
        let elapsed = i128::from(now - origin + early) * i128::from(rate.num);
        let step = elapsed.div_euclid(i128::from(rate.den) * 1_000_000_000);
        let admits = self.last_step.is_none_or(|last| step > last);
        if admits {
            self.last_step = Some(step);
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::test_frame;

    fn admitted(rate: Rational, time_base: Rational, times: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let mut pace = Pace::new(Some(rate));
        times.into_iter().filter(|pts| pace.admits(&test_frame(*pts, time_base))).collect()
    }

    #[test]
    fn every_third_frame_of_thirty_makes_ten() {
        let kept = admitted(Rational::new(10, 1), Rational::new(1, 30), 0..30);
        assert_eq!(kept, (0..10).map(|step| step * 3).collect::<Vec<_>>());
    }

    #[test]
    fn one_frame_a_second_comes_at_the_full_second() {
        let kept = admitted(Rational::new(1, 1), Rational::new(1, 30), 0..120);
        assert_eq!(kept, [0, 30, 60, 90]);
        let kept = admitted(Rational::new(1, 5), Rational::new(1, 30), 0..600);
        assert_eq!(kept, [0, 150, 300, 450]);
    }

    #[test]
    fn jitter_does_not_halve_the_rate() {
        let kept = admitted(Rational::new(10, 1), Rational::new(1, 1000), [0, 95, 205, 296, 400, 492, 605]);
        assert_eq!(kept, [0, 95, 205, 296, 400, 492, 605]);
    }

    #[test]
    fn a_rate_above_the_source_changes_nothing() {
        assert_eq!(admitted(Rational::new(100, 1), Rational::new(1, 30), 0..10), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_day_of_nanoseconds_does_not_overflow() {
        let day = 86_400_000_000_000;
        assert_eq!(admitted(Rational::new(10, 1), Rational::new(1, 1_000_000_000), [0, day]), [0, day]);
    }
}
