//! Frames come at the exact instants of their rate, and what a source does when it was held up.

use super::{producers::Slow, *};
use crate::source::{producer::Producer, test_pattern::PatternProducer};

#[test]
fn in_real_time_each_frame_is_captured_at_its_exact_instant() {
    let (clock, time) = simulated();
    let (source, target) = (pattern(THIRTY, Pacing::Realtime, 0, &time), TestTarget::new(&time, NO_LIMITS));
    start(&source, &target);
    // The next frame is due at 20 s.
    clock.pass(19.99);
    let frames = target.take_all();
    assert_eq!(numbers(&frames), (0..600).collect::<Vec<_>>());
    assert_eq!(captured_ns(&frames), (0..600).map(|index| due_ns(THIRTY, index)).collect::<Vec<_>>());
    let stats = source.object.stats();
    assert_eq!((stats.captured, stats.missed, stats.late), (600, 0, 0));
    assert_eq!((stats.lateness.count, stats.lateness.max_ms), (600, 0.0));
    assert!((stats.duration_seconds - 20.0).abs() < 1e-6, "{stats:?}");
}

#[test]
fn an_hour_of_ntsc_frames_is_captured_without_drift() {
    let (clock, time) = simulated();
    let rate = Rational::new(30000, 1001);
    let (source, target) = (pattern(rate, Pacing::Realtime, 0, &time), TestTarget::new(&time, NO_LIMITS));
    start(&source, &target);
    let mut count = 0;
    for minute in 1..=60 {
        clock.pass_until(START_NS + minute * 60_000_000_000);
        for frame in target.take_all() {
            assert_eq!((frame.pts.unsigned_abs(), frame.captured_ns), (count, due_ns(rate, count)));
            count += 1;
        }
    }
    // 3600 s * 30000 / 1001, and the frame at 0.
    assert_eq!(count, 107_893);
    assert_eq!(source.object.stats().lateness.max_ms, 0.0);
}

/// Plays the pattern at 30 frames a second, of which frame 10 takes 100 ms to make.
fn play_with_a_slow_frame(is_file: bool) -> (Watched<Source>, Vec<SharedFrame>) {
    let (clock, time) = simulated();
    let pattern = PatternProducer::open(&pattern_options(THIRTY, Pacing::Realtime, 0)).unwrap();
    let seconds = |number| if number == 10 { 0.1 } else { 0.0 };
    let producer: Box<dyn Producer> = Box::new(Slow { pattern, clock: time.clone(), seconds, is_file });
    let source = Watched::source_of(producer, Pacing::Realtime, &Session::new(time.clone()));
    let target = TestTarget::new(&time, NO_LIMITS);
    start(&source, &target);
    clock.pass(0.99);
    let frames = target.take_all();
    (source, frames)
}

#[test]
fn a_test_pattern_that_was_held_up_leaves_out_the_instants_that_passed() {
    let (source, frames) = play_with_a_slow_frame(false);
    // Frame 10 was asked for at the instant of frame 9 and is there at that of frame 12.
    assert_eq!(numbers(&frames), (0..=10).chain(13..30).collect::<Vec<_>>());
    for frame in &frames {
        let instant = if frame.pts == 10 { 12 } else { frame.pts.unsigned_abs() };
        assert_eq!(frame.captured_ns, due_ns(THIRTY, instant), "frame {}", frame.pts);
    }
    let stats = source.object.stats();
    assert_eq!((stats.captured, stats.missed, stats.late), (28, 2, 1));
}

#[test]
fn a_file_that_was_held_up_leaves_nothing_out_and_catches_up_by_one_period_at_most() {
    let (source, frames) = play_with_a_slow_frame(true);
    let stats = source.object.stats();
    assert_eq!((stats.captured, stats.missed, stats.late), (frames.len() as u64, 0, 1));
    assert_eq!(numbers(&frames), (0..frames.len() as i64).collect::<Vec<_>>());
    let times = captured_ns(&frames);
    assert_eq!(times[10], due_ns(THIRTY, 9) + 100_000_000);
    // Frame 10 was late by two periods. From then on the schedule is later by one.
    let period = THIRTY.frame_time_ns(1);
    let delay = times[10] - due_ns(THIRTY, 10) - period;
    for (index, captured_ns) in times.iter().enumerate().skip(11) {
        assert_eq!(*captured_ns, due_ns(THIRTY, index as u64) + delay, "frame {index}");
    }
    assert!(times[11] - times[10] <= 1, "frame 11 comes at once");
}

#[test]
fn a_producer_that_is_always_too_slow_is_late_with_each_frame_and_counts_every_instant() {
    let (clock, time) = simulated();
    let pattern = PatternProducer::open(&pattern_options(THIRTY, Pacing::Realtime, 0)).unwrap();
    let producer = Box::new(Slow { pattern, clock: time.clone(), seconds: |_| 0.1, is_file: false });
    let source = Watched::source_of(producer, Pacing::Realtime, &Session::new(time.clone()));
    let target = TestTarget::new(&time, NO_LIMITS);
    start(&source, &target);
    clock.pass(10.05);
    let frames = target.take_all();
    assert_eq!(frames.len(), 100);
    assert!(captured_ns(&frames).is_sorted_by(|a, b| b - a == 100_000_000));
    // From the first frame on 9.9 s have passed, that is 297 periods.
    let stats = source.object.stats();
    assert_eq!((stats.captured, stats.captured + stats.missed, stats.late), (100, 298, 99));
}
