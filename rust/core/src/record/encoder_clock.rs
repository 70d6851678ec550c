//! The clock of one encoder, and the way back from its times to those of the recording.
//!
//! Encoders count frames: some take no other timebase (MPEG-4 Part 2 has 16 bits for it), and rate control, levels and
//! the distance of key frames follow from it. Where frames keep times of their own, an encoder therefore gets the place
//! of each frame on the grid of the nominal rate, or the next place if that is taken, and its packets get the times back.

use std::collections::VecDeque;

use crate::base::time::Rational;

/// The clock of an encoder whose first frame is shown at time 0 of it.
#[derive(Debug)]
pub(super) struct EncoderClock {
    /// Frames per second.
    rate: Rational,
    /// Seconds per slot.
    time_base: Rational,
    /// Slot of its first frame.
    start: i64,
    /// Frames whose packets may still come, and the last one before them: the encoder's time, and the slot.
    frames: VecDeque<(i64, i64)>,
}

impl EncoderClock {
    pub(super) fn new(rate: Rational, time_base: Rational, start: i64) -> Self {
        Self { rate, time_base, start, frames: VecDeque::new() }
    }

    /// The encoder's time of the next frame.
    pub(super) fn next(&mut self, slot: i64) -> i64 {
        let nearest = Rational::rescale(slot - self.start, self.time_base, self.rate.inverse());
        let pts = self.frames.back().map_or(0, |(last, _)| nearest.max(last + 1));
        self.frames.push_back((pts, slot));
        pts
    }

    /// The slot of a time of the encoder. One that is no frame's is between those of two frames, or before the first one,
    /// as decoding times are where frames are reordered.
    pub(super) fn slot(&self, time: i64) -> i64 {
        let after = self.frames.partition_point(|(pts, _)| *pts < time);
        let periods = |count| Rational::rescale(count, self.rate.inverse(), self.time_base);
        let before = after.checked_sub(1).and_then(|index| self.frames.get(index));
        match (before, self.frames.get(after)) {
            (_, Some((pts, slot))) if *pts == time => *slot,
            (Some((from, low)), Some((to, high))) => {
                // Both differ by less than 2^40, a year of microseconds.
                let part = i128::from(high - low) * i128::from(time - from) / i128::from(to - from);
                low + i64::try_from(part).unwrap_or(0)
            }
            (None, Some((pts, slot))) => slot - periods(pts - time),
            (Some((pts, slot)), None) => slot + periods(time - pts),
            (None, None) => self.start + periods(time),
        }
    }

    /// No packet is decoded before this time of the encoder any more.
    pub(super) fn forget_before(&mut self, time: i64) {
        while self.frames.get(1).is_some_and(|(pts, _)| *pts <= time) {
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THIRTY: Rational = Rational::new(30, 1);
    const MILLISECONDS: Rational = Rational::new(1, 1000);

    #[test]
    fn on_a_grid_of_the_rate_both_count_alike() {
        let mut clock = EncoderClock::new(THIRTY, THIRTY.inverse(), 7);
        for slot in [7, 8, 12, 13] {
            assert_eq!(clock.next(slot), slot - 7);
        }
        for time in -5..20 {
            assert_eq!(clock.slot(time), time + 7);
        }
    }

    #[test]
    fn times_of_any_distance_come_back_and_those_between_stay_in_order() {
        let slots = [500, 501, 502, 533, 2533, 2540, 2566];
        let mut clock = EncoderClock::new(THIRTY, MILLISECONDS, 500);
        let times: Vec<_> = slots.iter().map(|slot| clock.next(*slot)).collect();
        assert_eq!(times, [0, 1, 2, 3, 61, 62, 63]);
        assert!(times.iter().zip(slots).all(|(time, slot)| clock.slot(*time) == slot));
        let all: Vec<_> = (-3..66).map(|time| clock.slot(time)).collect();
        assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
        assert_eq!(&all[..3], [400, 433, 467]);
    }

    #[test]
    fn frames_are_forgotten_once_none_is_decoded_before_them() {
        let mut clock = EncoderClock::new(THIRTY, MILLISECONDS, 0);
        for slot in 0..10_000 {
            let time = clock.next(slot * 33);
            clock.forget_before(time - 4);
            assert!(slot < 4 || clock.slot(time - 4) == (slot - 4) * 33);
            assert!(clock.frames.len() <= 6);
        }
    }
}
