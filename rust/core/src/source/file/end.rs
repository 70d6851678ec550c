//! The time line of a file that is played once, again and again, or into black frames.

use crate::base::time::Rational;

/// A step forward that is no pause, in a container whose clock may jump, in seconds.
const JUMP_FORWARD: i32 = 10;
/// A step back that is no disorder of single frames, in other containers, in seconds.
const JUMP_BACK: i32 = 1;

/// Times in ticks of the stream, from the first frame of the source. Each frame keeps the time that the file states; no
/// two have the same one, and none steps back. After a jump of the file's clock the times go on by one period.
pub(super) struct TimeLine {
    rate: Rational,
    time_base: Rational,
    /// Whether the clock of the container may jump.
    may_jump: bool,
    /// Time in the file at which this round begins.
    origin: Option<i64>,
    /// Time at which this round begins.
    offset: i64,
    /// Time of the last frame.
    last: Option<i64>,
    /// The end of the last frame.
    end: i64,
    /// A time from which frames without one are counted, and the number of the next one.
    counted: (i64, i64),
}

impl TimeLine {
    /// The time line of a stream whose frames come at `rate` where they have no time. `may_jump` says whether the clock of
    /// its container may jump.
    pub(super) fn new(rate: Rational, time_base: Rational, may_jump: bool) -> Self {
        Self { rate, time_base, may_jump, origin: None, offset: 0, last: None, end: 0, counted: (0, 0) }
    }

    /// The time of a frame that the stream shows at `pts`, one period after the frame before if the stream has no time;
    /// and the seconds of a jump before it that were left out. The frame is shown for `duration` ticks, or for one period
    /// if the stream does not state that.
    pub(super) fn place(&mut self, pts: Option<i64>, duration: Option<i64>) -> (i64, Option<f64>) {
        let mut time = match pts {
            None => self.next(),
            Some(pts) => {
                // Frames without a time may have come before.
                let first = pts.saturating_sub(self.next().saturating_sub(self.offset));
                pts.saturating_sub(*self.origin.get_or_insert(first)).saturating_add(self.offset)
            }
        };
        let mut jump = None;
        if let Some(last) = self.last {
            let next = self.next();
            if pts.is_some() && self.is_jump(time.saturating_sub(last)) {
                jump = Some(time.saturating_sub(next) as f64 * self.time_base.as_f64());
                (self.origin, self.offset, time) = (pts, next, next);
            }
            time = time.max(last.saturating_add(1));
        }
        self.counted = if pts.is_none() { (self.counted.0, self.counted.1 + 1) } else { (time, 1) };
        self.last = Some(time);
        self.end = duration.map_or_else(|| self.next(), |ticks| time.saturating_add(ticks.max(1)));
        (time, jump)
    }

    /// Whether a step of so many ticks from one frame to the next is a jump of the clock.
    fn is_jump(&self, ticks: i64) -> bool {
        let seconds = |count: i32| Rational::rescale(i64::from(count), Rational::new(1, 1), self.time_base);
        if self.may_jump { ticks < 0 || ticks > seconds(JUMP_FORWARD) } else { ticks < -seconds(JUMP_BACK) }
    }

    /// The stream begins again, or frames without a time follow: times run on from the end of the last frame.
    pub(super) fn begin_round(&mut self) {
        self.offset = self.end;
        self.origin = None;
        self.counted = (self.end, 0);
    }

    /// One period after the last frame. Counted from the last time that was stated: a period need not be whole ticks.
    fn next(&self) -> i64 {
        let (stated, periods) = self.counted;
        stated.saturating_add(Rational::rescale(periods, self.rate.inverse(), self.time_base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECONDS: Rational = Rational::new(1, 1000);

    fn line(rate: i32) -> TimeLine {
        TimeLine::new(Rational::new(rate, 1), MILLISECONDS, false)
    }

    fn times(line: &mut TimeLine, stated: impl IntoIterator<Item = Option<i64>>) -> Vec<i64> {
        stated.into_iter().map(|pts| line.place(pts, None).0).collect()
    }

    #[test]
    fn times_begin_at_zero_run_on_over_rounds_and_never_step_back() {
        let mut line = line(25);
        let round = [Some(1000), Some(1040), None, Some(1050), Some(1160)];
        assert_eq!(times(&mut line, round), [0, 40, 80, 81, 160]);
        line.begin_round();
        assert_eq!(times(&mut line, round), [200, 240, 280, 281, 360]);
    }

    #[test]
    fn a_round_follows_when_the_last_frame_is_over() {
        let mut line = line(10);
        assert_eq!(line.place(Some(50), Some(100)), (0, None));
        assert_eq!(line.place(Some(150), Some(5000)), (100, None));
        line.begin_round();
        assert_eq!(line.place(Some(50), Some(100)), (5100, None));
        line.begin_round();
        assert_eq!(times(&mut line, [None, None]), [5200, 5300]);
    }

    #[test]
    fn frames_whose_period_is_no_whole_number_of_ticks_keep_their_times_for_an_hour() {
        for has_times in [true, false] {
            let mut line = line(60);
            for index in 0..60 * 3600 {
                let stated = (f64::from(index) * 1000.0 / 60.0).round() as i64;
                assert_eq!(
                    line.place((has_times || index == 0).then_some(stated), None),
                    (stated, None),
                    "frame {index}"
                );
            }
        }
    }

    #[test]
    fn frames_of_a_variable_rate_are_not_moved_to_the_average_one() {
        let mut line = line(22);
        let slow = (0..15).map(|index| index * 66);
        let fast = (0..30).map(|index| 1000 + index * 33);
        for pts in slow.chain(fast) {
            assert_eq!(line.place(Some(pts), None), (pts, None));
        }
    }

    #[test]
    fn frames_without_a_time_before_the_first_that_has_one_squeeze_none_after_it() {
        let mut line = line(25);
        let round = [None, None, None, Some(0), Some(40), None, Some(120)];
        assert_eq!(times(&mut line, round), [0, 40, 80, 120, 160, 200, 240]);
        line.begin_round();
        assert_eq!(times(&mut line, round), [280, 320, 360, 400, 440, 480, 520]);
    }

    #[test]
    fn a_clock_that_restarts_or_leaps_goes_on_by_one_period_and_says_by_how_much() {
        let first = [0, 40, 80].map(Some);
        for (may_jump, stated, jump) in [
            (true, [0, 40, 90], Some(-0.12)),
            (true, [70, 110, 160], Some(-0.05)),
            (true, [3_600_120, 3_600_160, 3_600_210], Some(3600.0)),
            (false, [-2000, -1960, -1910], Some(-2.12)),
        ] {
            let mut line = TimeLine::new(Rational::new(25, 1), MILLISECONDS, may_jump);
            assert_eq!(times(&mut line, first), [0, 40, 80]);
            assert_eq!(line.place(Some(stated[0]), None), (120, jump), "{stated:?}");
            assert_eq!(times(&mut line, [Some(stated[1]), Some(stated[2])]), [160, 210], "{stated:?}");
        }
        // A pause where the clock does not jump, and a frame out of order.
        assert_eq!(
            times(&mut line(25), [0, 3_600_000, 3_599_990, 3_600_040].map(Some)),
            [0, 3_600_000, 3_600_001, 3_600_040]
        );
    }
}
