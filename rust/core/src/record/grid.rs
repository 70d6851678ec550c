//! Places frames on the time line of a recording: on the grid of the requested rate at their true time, or at that time
//! itself.
//!
//! The time line of a recording begins with its first frame and goes on: frames of another source, after a step of the
//! clock, or after a gap that the container cannot express are placed right after those before.

use std::collections::VecDeque;

use crate::{
    base::{
        error::{Code, Error, Stage},
        time::{Rational, RecordingRate},
    },
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

    /// The same for frames that keep their times, of which there are nominally `rate` per second.
    pub(super) fn with_nominal_rate(mut self, rate: Rational) -> Self {
        self.note_source_rate(rate);
        self
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
        if !self.keeps_times {
            self.note_pace(time);
        }
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

    /// The warning of a pause of so many slots, after which the recording `label` goes on in another file.
    pub(super) fn pause(&self, slots: i64, label: &str) -> Error {
        let message = format!(
            "Cannot write a pause of {:.0} s to {label:?}: its container has no place for a longer one than {:.0} s; the \
             recording goes on in another file",
            self.seconds(slots),
            self.seconds(self.max_gap),
        );
        Error::new(Code::MuxFailed, Stage::Mux, message)
    }

    /// The end of the last frame that came.
    pub(super) fn end(&self) -> i64 {
        self.seen.map_or(0, |seen| self.end_after(&seen))
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
mod tests;
