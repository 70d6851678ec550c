//! Places frames on the grid of the requested rate at their true time.
//!
//! The time line of a recording begins with its first frame and goes on: frames of another source, after a step of the
//! clock, or after a gap that the container cannot express are placed right after those before.

use crate::{
    base::time::Rational,
    frame::{Frame, FrameTime},
};

/// How far behind its true time a frame may be placed, in halves of a grid step, before it is dropped instead.
const SLACK_HALVES: i64 = 3;

/// The grid of one recording: slot `n` is shown at `n / rate`.
#[derive(Debug)]
pub(super) struct Grid {
    rate: Rational,
    /// The longest gap between two frames that the container can express, in slots.
    max_gap: i64,
    /// A frame of the time line that goes on, and its slot.
    origin: Option<(FrameTime, i64)>,
    /// Time of the last frame, dropped ones too.
    seen: Option<FrameTime>,
    /// The last slot that is taken.
    last: i64,
}

/// The place of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) slot: i64,
    /// By how many seconds the frame's time differs from its place, where the time line was not followed.
    pub(super) jump: Option<f64>,
}

impl Grid {
    pub(super) fn new(rate: Rational, max_gap: i64) -> Self {
        Self { rate, max_gap, origin: None, seen: None, last: -1 }
    }

    /// The slot of a frame, or `None` if it is taken: the source is faster than the grid.
    ///
    /// Jitter may put two frames nearest to one slot; the later one then takes the next slot, if that is near enough to
    /// its true time.
    pub(super) fn place(&mut self, frame: &Frame) -> Option<Placed> {
        let time = frame.time();
        let seen = self.seen.replace(time);
        let next = self.last.saturating_add(1);
        let Some((origin, _)) = self.origin else {
            return Some(self.begin(time, next, None));
        };
        let nearest = self.nearest(&time, 1);
        let slot = nearest.max(next);
        let is_late = slot.saturating_mul(2).saturating_sub(self.nearest(&time, 2)) > SLACK_HALVES;
        let has_stepped_back = seen.is_some_and(|seen| time.since(&seen) < 0);
        if time.is_comparable(&origin) && slot.saturating_sub(self.last) <= self.max_gap {
            if !is_late {
                self.last = slot;
                return Some(Placed { slot, jump: None });
            }
            if !has_stepped_back {
                return None;
            }
        }
        let jump = nearest.saturating_sub(next) as f64 / self.rate.as_f64();
        Some(self.begin(time, next, Some(jump)))
    }

    /// Goes on with a frame at `slot`, from which the following ones are counted.
    fn begin(&mut self, time: FrameTime, slot: i64, jump: Option<f64>) -> Placed {
        self.origin = Some((time, slot));
        self.last = slot;
        Placed { slot, jump }
    }

    /// The time of a slot, in seconds.
    pub(super) fn seconds(&self, slot: i64) -> f64 {
        slot as f64 / self.rate.as_f64()
    }

    /// The slot right after the last frame, which was perhaps never placed.
    pub(super) fn end_after(&self, last: &FrameTime) -> i64 {
        let next = self.last.saturating_add(1);
        let is_on_line = self.origin.is_some_and(|(origin, _)| last.is_comparable(&origin));
        let after = if is_on_line { self.nearest(last, 1).saturating_add(1) } else { next };
        after.clamp(next, next.saturating_add(self.max_gap))
    }

    /// The time in units of `1 / parts` of a grid step, rounded to nearest.
    fn nearest(&self, time: &FrameTime, parts: i64) -> i64 {
        let Some((origin, slot)) = &self.origin else { return 0 };
        let ticks = time.since(origin).saturating_mul(parts);
        Rational::rescale(ticks, time.time_base, self.rate.inverse()).saturating_add(slot.saturating_mul(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::test_frame;

    const THIRTY: Rational = Rational::new(30, 1);
    const MILLISECONDS: Rational = Rational::new(1, 1000);

    fn places(rate: Rational, time_base: Rational, times: &[i64]) -> Vec<Option<i64>> {
        let mut grid = Grid::new(rate, i64::MAX);
        times.iter().map(|pts| grid.place(&test_frame(*pts, time_base)).map(|placed| placed.slot)).collect()
    }

    /// The place of a frame of a session in milliseconds.
    fn placed(grid: &mut Grid, session_start_ms: u64, pts: i64) -> Option<(i64, Option<f64>)> {
        let frame = Frame { session_start_ms, ..test_frame(pts, MILLISECONDS) };
        grid.place(&frame).map(|placed| (placed.slot, placed.jump))
    }

    #[test]
    fn a_gap_stays_a_gap_and_the_origin_is_the_first_frame() {
        assert_eq!(places(THIRTY, THIRTY.inverse(), &[7, 8, 12, 13]), [Some(0), Some(1), Some(5), Some(6)]);
    }

    #[test]
    fn jitter_moves_no_frame_out() {
        assert_eq!(places(THIRTY, MILLISECONDS, &[0, 18, 66, 99, 133]), [Some(0), Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(places(THIRTY, MILLISECONDS, &[0, 33, 30, 99, 133]), [Some(0), Some(1), Some(2), Some(3), Some(4)]);
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

    #[test]
    fn a_clock_that_steps_back_goes_on_after_what_is_there_and_says_by_how_much() {
        let mut grid = Grid::new(THIRTY, i64::MAX);
        assert_eq!(placed(&mut grid, 0, 600_000), Some((0, None)));
        assert_eq!(placed(&mut grid, 0, 600_100), Some((3, None)));
        assert_eq!(placed(&mut grid, 0, 540_100), Some((4, Some(-60.0 - 1.0 / 30.0))));
        assert_eq!(placed(&mut grid, 0, 540_200), Some((7, None)));
    }

    #[test]
    fn frames_of_a_second_source_follow_those_of_the_first_whatever_their_clock_shows() {
        for begin in [0, 4_000, 3_600_000] {
            let mut grid = Grid::new(THIRTY, i64::MAX);
            for index in 0..90 {
                assert_eq!(placed(&mut grid, 1, 5_000 + index * 100 / 3), Some((index, None)));
            }
            let (slot, jump) = placed(&mut grid, 2, begin).unwrap();
            assert!(slot == 90 && jump.is_some());
            assert_eq!(placed(&mut grid, 2, begin + 100), Some((93, None)));
            // A frame that does not say where it comes from is on the line that goes on.
            assert_eq!(placed(&mut grid, 0, begin + 133), Some((94, None)));
            assert_eq!(grid.end_after(&FrameTime { pts: 5_000, time_base: MILLISECONDS, session_start_ms: 1 }), 95);
        }
    }

    #[test]
    fn timebases_may_change_on_one_line() {
        let mut grid = Grid::new(THIRTY, i64::MAX);
        assert_eq!(placed(&mut grid, 0, 1000), Some((0, None)));
        let slot = |grid: &mut Grid, pts, time_base| grid.place(&test_frame(pts, time_base)).unwrap();
        assert_eq!(slot(&mut grid, 31, THIRTY.inverse()), Placed { slot: 1, jump: None });
        assert_eq!(slot(&mut grid, 96_000, Rational::new(1, 90_000)), Placed { slot: 2, jump: None });
        assert_eq!(placed(&mut grid, 0, 1100), Some((3, None)));
    }

    #[test]
    fn a_gap_beyond_what_the_container_can_express_is_left_out_and_reported() {
        let mut grid = Grid::new(THIRTY, 60_000);
        assert_eq!(placed(&mut grid, 0, 0), Some((0, None)));
        assert_eq!(placed(&mut grid, 0, 2_000_000), Some((60_000, None)));
        let (slot, jump) = placed(&mut grid, 0, 2_000_000 + 86_400_000).unwrap();
        assert_eq!(slot, 60_001);
        assert!((jump.unwrap() - 86_400.0).abs() < 0.1, "{jump:?}");
        let end = FrameTime { pts: i64::MAX, time_base: MILLISECONDS, session_start_ms: 0 };
        assert_eq!(grid.end_after(&end), 120_002);
    }

    #[test]
    fn absurd_times_overflow_nothing() {
        let mut grid = Grid::new(THIRTY, 60_000);
        for pts in [i64::MIN, i64::MAX, 0, i64::MIN, 5] {
            assert!(placed(&mut grid, 0, pts).is_some_and(|(slot, _)| slot < 10), "{pts}");
        }
    }
}
