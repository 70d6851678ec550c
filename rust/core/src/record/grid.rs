//! Places frames on the grid of the requested rate at their true time.

use crate::{base::time::Rational, frame::Frame};

/// How far behind its true time a frame may be placed, in halves of a grid step, before it is dropped instead.
const SLACK_HALVES: i64 = 3;

/// The grid of one recording: slot `n` is shown at `n / rate`.
#[derive(Debug)]
pub(super) struct Grid {
    rate: Rational,
    origin: Option<i64>,
    last: Option<i64>,
}

impl Grid {
    pub(super) fn new(rate: Rational) -> Self {
        Self { rate, origin: None, last: None }
    }

    /// The slot of a frame, or `None` if it is taken: the source is faster than the grid.
    ///
    /// Jitter may put two frames nearest to one slot; the later one then takes the next slot, if that is near enough to
    /// its true time.
    pub(super) fn place(&mut self, frame: &Frame) -> Option<i64> {
        let origin = *self.origin.get_or_insert(frame.pts);
        let ticks = frame.pts.saturating_sub(origin);
        let nearest = self.steps(ticks, frame.time_base, 1);
        let slot = self.last.map_or(nearest, |last| nearest.max(last.saturating_add(1)));
        let halves = self.steps(ticks, frame.time_base, 2);
        if slot.saturating_mul(2).saturating_sub(halves) > SLACK_HALVES {
            return None;
        }
        self.last = Some(slot);
        Some(slot)
    }

    /// The slot right after a frame that was captured at `pts` but perhaps never placed.
    pub(super) fn end_after(&self, pts: i64, time_base: Rational) -> i64 {
        let after =
            self.origin.map_or(0, |origin| self.steps(pts.saturating_sub(origin), time_base, 1).saturating_add(1));
        after.max(self.last.map_or(0, |last| last.saturating_add(1)))
    }

    /// `ticks` in units of `1 / parts` of a grid step, rounded to nearest.
    fn steps(&self, ticks: i64, time_base: Rational, parts: i32) -> i64 {
        let step = self.rate.inverse();
        Rational::rescale(ticks.saturating_mul(i64::from(parts)), time_base, step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::test_frame;

    fn places(rate: Rational, time_base: Rational, times: &[i64]) -> Vec<Option<i64>> {
        let mut grid = Grid::new(rate);
        times.iter().map(|pts| grid.place(&test_frame(*pts, time_base))).collect()
    }

    #[test]
    fn a_gap_stays_a_gap_and_the_origin_is_the_first_frame() {
        let rate = Rational::new(30, 1);
        assert_eq!(places(rate, rate.inverse(), &[7, 8, 12, 13]), [Some(0), Some(1), Some(5), Some(6)]);
    }

    #[test]
    fn jitter_moves_no_frame_out() {
        let ms = Rational::new(1, 1000);
        assert_eq!(
            places(Rational::new(30, 1), ms, &[0, 18, 66, 99, 133]),
            [Some(0), Some(1), Some(2), Some(3), Some(4)]
        );
    }

    #[test]
    fn a_faster_source_loses_exactly_the_surplus() {
        let times: Vec<i64> = (0..300).collect();
        let placed = places(Rational::new(25, 1), Rational::new(1, 30), &times);
        let kept: Vec<i64> = placed.iter().flatten().copied().collect();
        assert_eq!(kept, (0..kept.len() as i64).collect::<Vec<_>>());
        assert!((250..=251).contains(&kept.len()), "{}", kept.len());
    }

    #[test]
    fn ntsc_frames_keep_their_numbers_for_a_day() {
        let rate = Rational::new(30000, 1001);
        let far = 2_589_411;
        assert_eq!(places(rate, rate.inverse(), &[0, far, far + 1]), [Some(0), Some(far), Some(far + 1)]);
    }
}
