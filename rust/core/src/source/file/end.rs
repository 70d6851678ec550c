//! The time line of a file that is played once, again and again, or into black frames.

use crate::base::time::Rational;

/// Times in ticks of the stream, from the first frame of the source; they never step back.
pub(super) struct TimeLine {
    /// Ticks from one frame to the next.
    period: i64,
    /// Time of the first frame of this round.
    origin: Option<i64>,
    /// Length of the rounds played before.
    offset: i64,
    /// Time after the last frame.
    end: i64,
}

impl TimeLine {
    /// The time line of a stream with frames at `rate`.
    pub(super) fn new(rate: Rational, time_base: Rational) -> Self {
        let period = Rational::rescale(1, rate.inverse(), time_base).max(1);
        Self { period, origin: None, offset: 0, end: 0 }
    }

    /// The time of a frame that the stream shows at `pts`; right after the frame before if the stream has no time.
    pub(super) fn place(&mut self, pts: Option<i64>) -> i64 {
        let time = match pts {
            None => self.end,
            Some(pts) => {
                let origin = *self.origin.get_or_insert(pts);
                (pts - origin + self.offset).max(self.end)
            }
        };
        self.end = time + self.period;
        time
    }

    /// The stream begins again: its times run on.
    pub(super) fn begin_round(&mut self) {
        self.offset = self.end;
        self.origin = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_begin_at_zero_run_on_over_rounds_and_never_step_back() {
        let mut line = TimeLine::new(Rational::new(25, 1), Rational::new(1, 1000));
        let round = [Some(1000), Some(1040), None, Some(1050), Some(1160)];
        let times: Vec<_> = round.map(|pts| line.place(pts)).into();
        assert_eq!(times, [0, 40, 80, 120, 160]);
        line.begin_round();
        let times: Vec<_> = round.map(|pts| line.place(pts)).into();
        assert_eq!(times, [200, 240, 280, 320, 360]);
    }
}
