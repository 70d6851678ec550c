//! Places frames on the time line of a recording: on the grid of the requested rate at their true time, or at that time
//! itself.
//!
//! The time line of a recording begins with its first frame and goes on: frames of another source, after a step of the
//! clock, or after a gap that the container cannot express are placed right after those before.

use std::collections::VecDeque;

use crate::{
    base::time::{Rational, RecordingRate},
    codec::Container,
    frame::{Frame, FrameTime},
};

/// How far behind its true time a frame may be placed, in halves of a frame's period: beyond, there is no place for it.
const SLACK_HALVES: i64 = 3;

/// Slots from frame to frame below which frames come faster than slots, and not only with jitter.
const SURPLUS: f64 = 0.9;

/// Periods between frames that show how fast they come, and the fewest that do.
const MOST_PERIODS: usize = 8;
const LEAST_PERIODS: usize = 4;

/// A longer time without a frame is no pause but a clock that was set, in seconds.
const LONGEST_PAUSE: f64 = 365.0 * 86_400.0;

/// The rate of frames whose source states none.
const USUAL_RATE: Rational = Rational::new(30, 1);

/// The grid of one recording: slot `n` is shown at `n` times its timebase. A slot is a frame of the requested rate, or a
/// tick of the container where frames keep the times of their source.
#[derive(Debug)]
pub(super) struct Grid {
    container: Container,
    /// Whether frames keep the times of their source.
    keeps_times: bool,
    /// Whether the recording may go on in another file after a gap that the container cannot express.
    may_cut: bool,
    /// Frames per second, of which frames that keep their times need not have so many.
    rate: Rational,
    /// Seconds per slot.
    time_base: Rational,
    /// Slots from one frame to the next at the rate.
    period: i64,
    /// The longest gap between two frames that the container can express, in slots.
    max_gap: i64,
    /// A frame of the time line that goes on, and its slot.
    origin: Option<(FrameTime, i64)>,
    /// Time of the last frame, dropped ones too.
    seen: Option<FrameTime>,
    /// The last slot that is taken.
    last: i64,
    /// Times of the last frames of one clock, the latest one at the end.
    recent: VecDeque<FrameTime>,
    /// Whether the source of the first frames states a rate above that of the grid.
    states_surplus: bool,
}

/// The place of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) slot: i64,
    /// By how many seconds the frame's time differs from its place, where the time line was not followed.
    pub(super) jump: Option<f64>,
    /// The end of the frame before, where this one begins another file: the container cannot express what is between.
    pub(super) cut: Option<i64>,
}

impl Grid {
    pub(super) fn new(rate: RecordingRate, container: Container) -> Self {
        let (keeps_times, rate) = match rate {
            RecordingRate::Fixed(rate) => (false, rate),
            RecordingRate::Source => (true, USUAL_RATE),
        };
        let mut grid = Self {
            container,
            keeps_times,
            may_cut: false,
            rate,
            time_base: rate.inverse(),
            period: 1,
            max_gap: 0,
            origin: None,
            seen: None,
            last: -1,
            recent: VecDeque::with_capacity(MOST_PERIODS + 2),
            states_surplus: false,
        };
        grid.set_time_base(rate.inverse());
        grid
    }

    /// The same, for a recording that may go on in another file.
    pub(super) fn cutting(self, may_cut: bool) -> Self {
        Self { may_cut, ..self }
    }

    fn set_time_base(&mut self, time_base: Rational) {
        self.time_base = time_base;
        self.period = Rational::rescale(1, self.rate.inverse(), time_base).max(1);
        self.max_gap = self.container.max_gap(time_base.inverse());
    }

    /// Notes the rate of the source whose frames come first.
    pub(super) fn note_source_rate(&mut self, rate: Rational) {
        if self.origin.is_some() {
            return;
        }
        if self.keeps_times {
            self.rate = nominal(rate);
        } else {
            self.states_surplus = rate.as_f64() * SURPLUS > self.rate.as_f64();
        }
    }

    /// Frames per second, as encoders count them.
    pub(super) fn rate(&self) -> Rational {
        self.rate
    }

    /// Seconds per slot; it stays as it is from the first frame on.
    pub(super) fn time_base(&self) -> Rational {
        self.time_base
    }

    /// Whether frames keep the times of their source.
    pub(super) fn keeps_times(&self) -> bool {
        self.keeps_times
    }

    /// The slot of a frame, or `None` if it is taken: the source is faster than the grid.
    ///
    /// Jitter may put two frames nearest to one slot; the later one then takes the next slot, if that is near enough to
    /// its true time. Where frames come faster than slots, that would only make the recording longer.
    pub(super) fn place(&mut self, frame: &Frame) -> Option<Placed> {
        let time = frame.time();
        let seen = self.seen.replace(time);
        self.note_pace(time);
        let Some((origin, _)) = self.origin else {
            if let Some(time_base) = self.container.time_base(time.time_base).filter(|_| self.keeps_times) {
                self.set_time_base(time_base);
            }
            return Some(self.begin(time, 0, None));
        };
        let nearest = self.nearest(&time, 1);
        let slot = nearest.max(self.last.saturating_add(1));
        let halves_late = slot.saturating_mul(2).saturating_sub(self.nearest(&time, 2));
        let is_late = halves_late > SLACK_HALVES.saturating_mul(self.period);
        let has_stepped_back = seen.is_some_and(|seen| time.since(&seen) < 0);
        let gap = slot.saturating_sub(self.last);
        if !self.keeps_times && !has_stepped_back && self.comes_too_fast() && time.is_comparable(&origin) {
            // Of two slots that are equally near the earlier one: the first of two frames stays.
            let slot = self.nearest(&time, 16).saturating_add(7).div_euclid(16);
            if slot <= self.last {
                return None;
            }
        }
        if time.is_comparable(&origin) && gap <= self.max_gap {
            if !is_late || (self.keeps_times && !has_stepped_back) {
                self.last = slot;
                return Some(Placed { slot, jump: None, cut: None });
            }
            if !has_stepped_back {
                return None;
            }
        }
        let next = seen.map_or(self.last.saturating_add(self.period), |seen| self.end_after(&seen));
        let is_pause = gap > self.max_gap && self.seconds(gap) <= LONGEST_PAUSE;
        if is_pause && self.may_cut && time.is_comparable(&origin) {
            self.last = slot;
            return Some(Placed { slot, jump: None, cut: Some(next) });
        }
        let jump = self.seconds(nearest.saturating_sub(next));
        Some(self.begin(time, next, Some(jump)))
    }

    fn note_pace(&mut self, time: FrameTime) {
        if self.recent.back().is_some_and(|last| !time.is_comparable(last) || time.since(last) < 0) {
            self.recent.clear();
        }
        if self.recent.len() > MOST_PERIODS {
            self.recent.pop_front();
        }
        self.recent.push_back(time);
    }

    /// Whether the last frames came faster than slots, or, where these are few, their source states so.
    fn comes_too_fast(&self) -> bool {
        let periods = self.recent.len().saturating_sub(1);
        if periods < LEAST_PERIODS {
            return self.states_surplus;
        }
        let (Some(first), Some(last)) = (self.recent.front(), self.recent.back()) else { return false };
        let seconds = last.since(first) as f64 * last.time_base.as_f64();
        seconds * self.rate.as_f64() < SURPLUS * periods as f64
    }

    /// Goes on with a frame at `slot`, from which the following ones are counted.
    fn begin(&mut self, time: FrameTime, slot: i64, jump: Option<f64>) -> Placed {
        self.origin = Some((time, slot));
        self.last = slot;
        Placed { slot, jump, cut: None }
    }

    /// The time of a slot, in seconds.
    pub(super) fn seconds(&self, slot: i64) -> f64 {
        slot as f64 * self.time_base.as_f64()
    }

    /// The longest gap between two frames of one file, in seconds.
    pub(super) fn longest_gap(&self) -> f64 {
        self.seconds(self.max_gap)
    }

    /// The end of the last frame, which was perhaps never placed: when it is over, or after one period.
    pub(super) fn end_after(&self, last: &FrameTime) -> i64 {
        let Some((origin, _)) = self.origin else { return 0 };
        let after = match last.duration {
            _ if !last.is_comparable(&origin) => self.last.saturating_add(self.period),
            None => self.nearest(last, 1).saturating_add(self.period),
            Some(ticks) => self.nearest(&FrameTime { pts: last.pts.saturating_add(ticks), ..*last }, 1),
        };
        let next = self.last.saturating_add(1);
        after.clamp(next, next.saturating_add(self.max_gap))
    }

    /// The time in units of `1 / parts` of a slot, rounded to nearest.
    fn nearest(&self, time: &FrameTime, parts: i64) -> i64 {
        let Some((origin, slot)) = &self.origin else { return 0 };
        let ticks = time.since(origin).saturating_mul(parts);
        Rational::rescale(ticks, time.time_base, self.time_base).saturating_add(slot.saturating_mul(parts))
    }
}

/// A rate near that of a source which every encoder takes.
fn nominal(rate: Rational) -> Rational {
    /// MPEG-4 Part 2 stores ticks per second in 16 bits (ISO/IEC 14496-2, vop_time_increment_resolution).
    const MOST_TERMS: i32 = 65_535;
    const MOST: f64 = 240.0;
    let fps = rate.as_f64();
    let is_plain = (1..=MOST_TERMS).contains(&rate.num) && (1..=MOST_TERMS).contains(&rate.den);
    if is_plain && (1.0..=MOST).contains(&fps) {
        return rate;
    }
    // The cast of a value that is no number gives 0.
    Rational::new((fps.round().min(MOST) as i32).max(1), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::test_frame;

    const THIRTY: Rational = Rational::new(30, 1);
    const MILLISECONDS: Rational = Rational::new(1, 1000);

    fn fixed(rate: Rational, container: Container) -> Grid {
        Grid::new(RecordingRate::Fixed(rate), container)
    }

    /// The time of a frame that does not say for how long it is shown.
    fn time(pts: i64, session_start_ms: u64) -> FrameTime {
        FrameTime { pts, time_base: MILLISECONDS, duration: None, session_start_ms }
    }

    fn places(rate: Rational, time_base: Rational, times: &[i64]) -> Vec<Option<i64>> {
        let mut grid = fixed(rate, Container::Mkv);
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
        assert_eq!(kept.len(), 250);
        for (rate, fastest) in [(1, 60), (1, 50), (3, 200), (7, 1000)] {
            let times: Vec<i64> = (0..600 * fastest / 30 / rate).map(|index| index * rate).collect();
            let kept = places(THIRTY, Rational::new(1, fastest as i32), &times);
            assert!((600..=601).contains(&kept.iter().flatten().count()), "{rate}/{fastest}");
        }
    }

    #[test]
    fn of_a_source_that_states_twice_the_rate_each_second_frame_is_left_out_from_the_first_one_on() {
        let mut grid = fixed(THIRTY, Container::Mkv);
        grid.note_source_rate(Rational::new(60, 1));
        let kept = (0..120).filter(|index| grid.place(&test_frame(*index, Rational::new(1, 60))).is_some());
        assert_eq!(kept.collect::<Vec<_>>(), (0..60).map(|index| 2 * index).collect::<Vec<_>>());
    }

    #[test]
    fn frames_that_come_in_a_burst_after_a_stall_keep_their_places() {
        let mut times: Vec<i64> = (0..10).map(|index| index * 33).collect();
        times.extend([433, 434, 466, 500]);
        let slots: Vec<_> = places(THIRTY, MILLISECONDS, &times).into_iter().map(Option::unwrap).collect();
        assert_eq!(slots[9..], [9, 13, 14, 15, 16]);
    }

    #[test]
    fn ntsc_frames_keep_their_numbers_for_a_day() {
        let rate = Rational::new(30000, 1001);
        let far = 2_589_411;
        assert_eq!(places(rate, rate.inverse(), &[0, far, far + 1]), [Some(0), Some(far), Some(far + 1)]);
    }

    #[test]
    fn a_clock_that_steps_back_goes_on_after_what_is_there_and_says_by_how_much() {
        let mut grid = fixed(THIRTY, Container::Mkv);
        assert_eq!(placed(&mut grid, 0, 600_000), Some((0, None)));
        assert_eq!(placed(&mut grid, 0, 600_100), Some((3, None)));
        assert_eq!(placed(&mut grid, 0, 540_100), Some((4, Some(-60.0 - 1.0 / 30.0))));
        assert_eq!(placed(&mut grid, 0, 540_200), Some((7, None)));
    }

    #[test]
    fn frames_of_a_second_source_follow_those_of_the_first_whatever_their_clock_shows() {
        for begin in [0, 4_000, 3_600_000] {
            let mut grid = fixed(THIRTY, Container::Mkv);
            for index in 0..90 {
                assert_eq!(placed(&mut grid, 1, 5_000 + index * 100 / 3), Some((index, None)));
            }
            let (slot, jump) = placed(&mut grid, 2, begin).unwrap();
            assert!(slot == 90 && jump.is_some());
            assert_eq!(placed(&mut grid, 2, begin + 100), Some((93, None)));
            // The program's own frames have a clock of their own.
            let (slot, jump) = placed(&mut grid, 0, begin + 300_000).unwrap();
            assert!(slot == 94 && jump.is_some());
            assert_eq!(placed(&mut grid, 0, begin + 300_033), Some((95, None)));
            assert_eq!(grid.end_after(&time(5_000, 1)), 96);
        }
    }

    #[test]
    fn a_second_source_begins_when_the_last_frame_of_the_first_one_is_over() {
        let mut grid = fixed(THIRTY, Container::Mkv);
        let last = Frame { session_start_ms: 1, duration: Some(5000), ..test_frame(100, MILLISECONDS) };
        assert_eq!(grid.place(&last).map(|placed| placed.slot), Some(0));
        assert_eq!(placed(&mut grid, 2, 7).map(|(slot, _)| slot), Some(150));
    }

    #[test]
    fn timebases_may_change_on_one_line() {
        let mut grid = fixed(THIRTY, Container::Mkv);
        assert_eq!(placed(&mut grid, 0, 1000), Some((0, None)));
        let slot = |grid: &mut Grid, pts, time_base| grid.place(&test_frame(pts, time_base)).unwrap();
        assert_eq!(slot(&mut grid, 31, THIRTY.inverse()), Placed { slot: 1, jump: None, cut: None });
        assert_eq!(slot(&mut grid, 96_000, Rational::new(1, 90_000)), Placed { slot: 2, jump: None, cut: None });
        assert_eq!(placed(&mut grid, 0, 1100), Some((3, None)));
    }

    #[test]
    fn a_gap_beyond_what_the_container_can_express_is_left_out_and_reported() {
        let mut grid = fixed(THIRTY, Container::Avi);
        assert_eq!(placed(&mut grid, 0, 0), Some((0, None)));
        assert_eq!(placed(&mut grid, 0, 2_000_000), Some((60_000, None)));
        let (slot, jump) = placed(&mut grid, 0, 2_000_000 + 86_400_000).unwrap();
        assert_eq!(slot, 60_001);
        assert!((jump.unwrap() - 86_400.0).abs() < 0.1, "{jump:?}");
        let end = time(i64::MAX, 0);
        assert_eq!(grid.end_after(&end), 120_002);
    }

    #[test]
    fn after_such_a_gap_a_recording_of_several_files_goes_on_at_its_true_time_in_another_one() {
        let mut grid = fixed(THIRTY, Container::Avi).cutting(true);
        assert_eq!(placed(&mut grid, 0, 0), Some((0, None)));
        let place = |grid: &mut Grid, pts| grid.place(&test_frame(pts, MILLISECONDS)).unwrap();
        assert_eq!(place(&mut grid, 86_400_000), Placed { slot: 30 * 86_400, jump: None, cut: Some(1) });
        assert_eq!(place(&mut grid, 86_400_100), Placed { slot: 30 * 86_400 + 3, jump: None, cut: None });
        // A clock that was set is no pause.
        let set = place(&mut grid, 1_700_000_000_000);
        assert!(set.slot == 30 * 86_400 + 4 && set.jump.is_some() && set.cut.is_none());
    }

    #[test]
    fn absurd_times_overflow_nothing() {
        let mut grid = fixed(THIRTY, Container::Avi);
        for pts in [i64::MIN, i64::MAX, 0, i64::MIN, 5] {
            assert!(placed(&mut grid, 0, pts).is_some_and(|(slot, _)| slot < 10), "{pts}");
        }
    }

    /// A grid of the times of a source at 25 frames per second.
    fn source(container: Container) -> Grid {
        let mut grid = Grid::new(RecordingRate::Source, container);
        grid.note_source_rate(Rational::new(25, 1));
        grid
    }

    #[test]
    fn frames_that_keep_their_times_have_them_in_the_ticks_of_the_container() {
        let times = [1000, 1001, 1017, 1018, 21_018];
        for (container, ticks) in [(Container::Mkv, 1), (Container::Ts, 90), (Container::Mp4, 10)] {
            let mut grid = source(container);
            for pts in times {
                assert_eq!(placed(&mut grid, 0, pts), Some(((pts - 1000) * ticks, None)), "{container:?}");
            }
            assert_eq!(grid.time_base(), Rational::new(1, 1000 * ticks as i32));
        }
    }

    #[test]
    fn no_frame_that_keeps_its_time_is_left_out_and_no_two_have_the_same_tick() {
        let mut grid = source(Container::Mkv);
        let finer = |tick: i64| test_frame(tick, Rational::new(1, 1_000_000));
        for (tick, slot) in [(0, 0), (100, 1), (200, 2), (300, 3), (3_600, 4), (100_000, 100)] {
            assert_eq!(grid.place(&finer(tick)), Some(Placed { slot, jump: None, cut: None }));
        }
    }

    #[test]
    fn frames_that_keep_their_times_follow_by_one_period_after_a_jump() {
        let mut grid = source(Container::Mkv);
        assert_eq!(placed(&mut grid, 1, 5000), Some((0, None)));
        assert_eq!(placed(&mut grid, 1, 5070), Some((70, None)));
        assert_eq!(placed(&mut grid, 1, 1000), Some((110, Some(-4.11))));
        assert_eq!(placed(&mut grid, 1, 1007), Some((117, None)));
        let (slot, jump) = placed(&mut grid, 2, 0).unwrap();
        assert!(slot == 157 && jump.is_some());
        assert_eq!(grid.end_after(&time(100, 2)), 157 + 100 + 40);
        assert_eq!(grid.end_after(&time(100, 1)), 157 + 40);
    }

    #[test]
    fn a_recording_lasts_as_long_as_its_last_frame_is_shown() {
        for (mut grid, period) in [(source(Container::Mkv), 1), (fixed(Rational::new(10, 1), Container::Mkv), 100)] {
            assert_eq!(placed(&mut grid, 0, 0), Some((0, None)));
            assert_eq!(placed(&mut grid, 0, 900), Some((900 / period, None)));
            assert_eq!(grid.end_after(&FrameTime { duration: Some(5000), ..time(900, 0) }), 5900 / period);
            // No frame is shown for no time.
            assert_eq!(grid.end_after(&FrameTime { duration: Some(1), ..time(900, 0) }), 900 / period + 1);
        }
    }

    #[test]
    fn a_rate_that_encoders_do_not_take_becomes_one_that_they_do() {
        let ntsc = Rational::new(30_000, 1001);
        assert_eq!(nominal(ntsc), ntsc);
        for (rate, expected) in
            [((2000, 1), 240), ((1, 3600), 1), ((1_000_000, 33_333), 30), ((0, 1), 1), ((1, 0), 240)]
        {
            assert_eq!(nominal(Rational::new(rate.0, rate.1)), Rational::new(expected, 1), "{rate:?}");
        }
    }
}
