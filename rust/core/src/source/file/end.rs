//! The time line of a file that is played once, again and again, or into black frames.

use crate::base::time::Rational;

/// Times in ticks of the stream, from the first frame of the source. Each frame keeps the time that the file states; no
/// two have the same one, and none steps back.
pub(super) struct TimeLine {
    rate: Rational,
    time_base: Rational,
    /// Time of the first frame of this round in the file.
    origin: Option<i64>,
    /// Time at which this round begins.
    offset: i64,
    /// Time of the last frame.
    last: Option<i64>,
    /// Time of the last frame that had one, and the frames since.
    stated: (i64, i64),
}

impl TimeLine {
    /// The time line of a stream whose frames come at `rate` where they have no time.
    pub(super) fn new(rate: Rational, time_base: Rational) -> Self {
        Self { rate, time_base, origin: None, offset: 0, last: None, stated: (0, 0) }
    }

    /// The time of a frame that the stream shows at `pts`; one period after the frame before if the stream has no time.
    pub(super) fn place(&mut self, pts: Option<i64>) -> i64 {
        let time = match pts {
            None => self.next(),
            Some(pts) => pts.saturating_sub(*self.origin.get_or_insert(pts)).saturating_add(self.offset),
        };
        let time = self.last.map_or(time, |last| time.max(last.saturating_add(1)));
        self.stated = match (pts, self.last) {
            (None, Some(_)) => (self.stated.0, self.stated.1 + 1),
            _ => (time, 0),
        };
        self.last = Some(time);
        time
    }

    /// The stream begins again: its times run on.
    pub(super) fn begin_round(&mut self) {
        self.offset = self.next();
        self.origin = None;
    }

    /// One period after the last frame. Counted from the last time that was stated: a period need not be whole ticks.
    fn next(&self) -> i64 {
        let (stated, since) = self.stated;
        let periods = self.last.map_or(0, |_| since + 1);
        stated.saturating_add(Rational::rescale(periods, self.rate.inverse(), self.time_base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECONDS: Rational = Rational::new(1, 1000);

    fn line(rate: i32) -> TimeLine {
        TimeLine::new(Rational::new(rate, 1), MILLISECONDS)
    }

    #[test]
    fn times_begin_at_zero_run_on_over_rounds_and_never_step_back() {
        let mut line = line(25);
        let round = [Some(1000), Some(1040), None, Some(1050), Some(1160)];
        let times: Vec<_> = round.map(|pts| line.place(pts)).into();
        assert_eq!(times, [0, 40, 80, 81, 160]);
        line.begin_round();
        let times: Vec<_> = round.map(|pts| line.place(pts)).into();
        assert_eq!(times, [200, 240, 280, 281, 360]);
    }

    #[test]
    fn frames_whose_period_is_no_whole_number_of_ticks_keep_their_times_for_an_hour() {
        for has_times in [true, false] {
            let mut line = line(60);
            for index in 0..60 * 3600 {
                let stated = (f64::from(index) * 1000.0 / 60.0).round() as i64;
                assert_eq!(line.place((has_times || index == 0).then_some(stated)), stated, "frame {index}");
            }
        }
    }

    #[test]
    fn frames_of_a_variable_rate_are_not_moved_to_the_average_one() {
        let mut line = line(22);
        let slow = (0..15).map(|index| index * 66);
        let fast = (0..30).map(|index| 1000 + index * 33);
        for pts in slow.chain(fast) {
            assert_eq!(line.place(Some(pts)), pts);
        }
    }
}
