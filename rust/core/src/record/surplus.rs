//! Frames that come faster than the requested rate: reported once.

use crate::{
    base::{
        error::{Code, Error, Stage},
        time::{MAX_FRAME_RATE, Rational},
    },
    frame::FrameTime,
};

const NANOSECONDS: Rational = Rational::new(1, 1_000_000_000);

/// Nanoseconds of video from the first frame that is left out to the report, which then has a number that says something.
const REPORT_NS: i64 = 1_000_000_000;

/// Counts frames that have no place on a grid, and reports them once, unless the source states a higher rate than the
/// grid's: then fewer frames were asked for.
#[derive(Debug, Default)]
pub(super) struct Surplus {
    is_silent: bool,
    last: Option<FrameTime>,
    /// The shortest time from one frame to the next, in nanoseconds.
    shortest_ns: Option<i64>,
    /// Time of the first frame that was left out.
    first: Option<FrameTime>,
    left_out: u64,
}

impl Surplus {
    /// Notes the rate of the source, for a grid of `rate`.
    pub(super) fn note_source_rate(&mut self, source: Rational, rate: Rational) {
        self.is_silent |= source.as_f64() > rate.as_f64() * 1.001;
    }

    /// Notes a frame; whether it is time to report.
    pub(super) fn note(&mut self, time: FrameTime, is_left_out: bool) -> bool {
        let ns_since = |other: &FrameTime| Rational::rescale(time.since(other), time.time_base, NANOSECONDS);
        let distance = self.last.replace(time).map(|last| ns_since(&last)).filter(|ns| *ns > 0);
        self.shortest_ns = self.shortest_ns.into_iter().chain(distance).min();
        if is_left_out {
            self.left_out += 1;
            self.first.get_or_insert(time);
        }
        !self.is_silent && self.first.is_some_and(|first| ns_since(&first) >= REPORT_NS)
    }

    /// The report on the frames left out so far, of `captured`, which is the only one; `None` if there is none to make.
    pub(super) fn report(&mut self, label: &str, rate: Rational, captured: u64) -> Option<Error> {
        if self.left_out == 0 || std::mem::replace(&mut self.is_silent, true) {
            return None;
        }
        let needed = self.shortest_ns.map(|ns| 1e9 / ns as f64).filter(|rate| *rate <= f64::from(MAX_FRAME_RATE));
        let fix = needed.map_or_else(String::new, |rate| format!(", or one of at least {}", rate.ceil()));
        let message = format!(
            "Cannot record every frame to {label:?} at frame rate {rate}: {} of {captured} so far came too soon after \
             another and were left out; use frame rate \"source\"{fix}",
            self.left_out
        );
        Some(Error::new(Code::EncodeFailed, Stage::Encode, message).with_field("frameRate"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THIRTY: Rational = Rational::new(30, 1);

    fn time(pts: i64) -> FrameTime {
        FrameTime { pts, time_base: Rational::new(1, 1000), duration: None, session_start_ms: 0 }
    }

    #[test]
    fn frames_that_are_left_out_are_reported_once_after_a_second() {
        let mut surplus = Surplus::default();
        assert!(!surplus.note(time(0), false));
        assert!(!surplus.note(time(4), true) && !surplus.note(time(500), false));
        assert!(surplus.note(time(1004), true));
        let error = surplus.report("a.mp4", THIRTY, 4).unwrap();
        assert_eq!((error.code, error.field.as_deref()), (Code::EncodeFailed, Some("frameRate")));
        assert!(error.message.contains("2 of 4 so far"), "{}", error.message);
        assert!(error.message.ends_with("use frame rate \"source\", or one of at least 250"), "{}", error.message);
        assert!(surplus.report("a.mp4", THIRTY, 4).is_none());
    }

    #[test]
    fn nothing_is_reported_where_fewer_frames_were_asked_for_or_none_is_left_out() {
        let mut surplus = Surplus::default();
        surplus.note(time(0), false);
        assert!(surplus.report("a.mp4", THIRTY, 1).is_none());
        surplus.note_source_rate(Rational::new(30, 1), THIRTY);
        surplus.note(time(1), true);
        assert!(surplus.report("a.mp4", THIRTY, 2).is_some());
        let mut surplus = Surplus::default();
        surplus.note_source_rate(Rational::new(60, 1), THIRTY);
        surplus.note(time(1), true);
        assert!(surplus.report("a.mp4", THIRTY, 2).is_none());
    }

    #[test]
    fn a_rate_that_no_writer_takes_is_not_named() {
        let mut surplus = Surplus::default();
        let tick = |pts| FrameTime { time_base: Rational::new(1, 1_000_000), ..time(pts) };
        surplus.note(tick(0), false);
        surplus.note(tick(10), true);
        assert!(surplus.report("a.mp4", THIRTY, 2).unwrap().message.ends_with("use frame rate \"source\""));
    }
}
