//! Times and counts of what a driver states, true or not; and what rests while nobody wants frames.

use super::scripted::{Step, bench, frames, ms};
use crate::{
    base::error::Code,
    pipeline::{Clock, live::LiveState, report::Event},
};

fn frame(at_ms: u64, age_ns: Option<i64>, sequence: Option<u32>) -> (u64, Step) {
    (ms(at_ms), Step::Frame { age_ns, sequence })
}

#[test]
fn times_that_cannot_be_true_are_replaced_by_the_arrival_and_counted() {
    let future = Some(-58_000_000);
    let zero = Some(i64::try_from(ms(0)).unwrap());
    let old = Some(20_000_000_000);
    let steps = vec![
        frame(0, Some(0), None),
        frame(100, Some(5_000_000), None),
        frame(200, future, None),
        frame(300, zero, None),
        frame(400, None, None),
        // Before the last one, though possible.
        frame(410, Some(50_000_000), None),
        frame(500, old, None),
        frame(600, Some(1_000_000), None),
    ];
    let mut bench = bench(vec![(0, Ok(steps))]);
    bench.pass_until(700);
    let frames = bench.target.take_all();
    let captured: Vec<_> = frames.iter().map(|frame| (frame.captured_ns - ms(0)) / 1_000_000).collect();
    assert_eq!(captured, [95, 200, 300, 400, 410, 500, 599]);
    assert!(frames.is_sorted_by(|a, b| a.pts < b.pts && a.captured_ns < b.captured_ns));
    assert_eq!(bench.live().distrusted_stamps, 4);
    assert!(bench.live().age.max_ms < 6.0);
}

#[test]
fn frames_that_come_at_one_instant_have_times_of_their_own() {
    let steps = [vec![frame(0, None, None)], (0..5).map(|_| frame(100, None, None)).collect()].concat();
    let mut bench = bench(vec![(0, Ok(steps))]);
    bench.pass_until(200);
    let times: Vec<_> = bench.target.take_all().iter().map(|frame| frame.pts).collect();
    assert_eq!(times, [0, 1, 2, 3, 4]);
}

#[test]
fn a_count_that_stands_still_or_begins_anew_is_no_loss() {
    for (numbers, lost) in [
        ([0, 0, 0, 0], 0),
        ([0, 1, 2, 3], 0),
        ([0, 1, 3, 7], 4),
        ([u32::MAX - 1, u32::MAX, 0, 2], 1),
        ([1000, 1001, 0, 1], 0),
        ([5, 4, 3, 2], 0),
    ] {
        let steps = numbers.iter().zip(0..).map(|(number, index)| frame(100 * index, None, Some(*number))).collect();
        let mut bench = bench(vec![(0, Ok(steps))]);
        bench.pass_until(400);
        assert_eq!(bench.live().lost, lost, "{numbers:?}");
    }
}

#[test]
fn the_first_frame_is_a_new_one_however_long_nobody_wanted_any() {
    for pause_ms in [0, 350, 950, 5000] {
        let (clock, calls, source) =
            super::scripted::open(vec![(0, Ok(frames(0, 60, 0))), (0, Ok(frames(pause_ms + 100, 10, 0)))]);
        let mut source = source.unwrap();
        clock.pass_until(ms(pause_ms));
        let time: std::sync::Arc<dyn Clock> = clock.clone();
        let target = crate::pipeline::test_target::TestTarget::new(&time, crate::pipeline::input::Limits::frames(99));
        source.object.attach(&target.input, 1).unwrap();
        source.object.start().unwrap();
        source.listen_until(ms(pause_ms + 650));
        clock.settle();
        let frames = target.take_all();
        assert!(frames[0].captured_ns + 5_000_000 > ms(pause_ms), "{pause_ms}: {}", frames[0].captured_ns);
        assert!(frames[0].captured_ns < ms(pause_ms + 150), "{pause_ms}");
        assert_eq!((frames[0].pts, frames[0].sequence), (0, 0));
        // It goes on for a second without a target, and then rests.
        assert_eq!(calls.lock().rests.len(), usize::from(pause_ms > 1000), "{pause_ms}");
        let stats = source.object.stats();
        let live = stats.live.unwrap();
        assert_eq!(live.sequence_span, stats.captured + live.withheld, "{pause_ms}: {live:?}");
        source.listen();
        assert!(!source.events.iter().any(|(_, event)| matches!(event, Event::State { state: LiveState::Lost, .. })));
    }
}

#[test]
fn a_pause_without_targets_is_no_gap() {
    let mut bench = bench(vec![(0, Ok(frames(0, 10, 0))), (0, Ok(frames(8000, 10, 0)))]);
    bench.pass_until(500);
    bench.source.object.detach(1).unwrap();
    bench.pass_until(7950);
    assert_eq!(bench.live().state, LiveState::Resting);
    bench.source.object.attach(&bench.target.input, 1).unwrap();
    bench.pass_until(8250);
    assert_eq!(bench.live().gap_count, 0);
    assert_eq!(bench.captured(), [95, 195, 295, 395, 495, 7995, 8095, 8195]);
}

#[test]
fn a_rate_that_the_device_does_not_hold_is_warned_of_once() {
    // 5 frames a second where 10 were asked for.
    let steps = (0..40).map(|index| frame(200 * index, None, None)).collect();
    let mut bench = bench(vec![(0, Ok(steps))]);
    bench.pass_until(7900);
    let warnings = bench.source.events.iter().filter_map(|(at_ns, event)| match event {
        Event::Warning { error } => Some(((at_ns - ms(0)) / 1_000_000, error.code, error.message.clone())),
        _ => None,
    });
    let warnings: Vec<_> = warnings.collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let (at_ms, code, message) = &warnings[0];
    assert_eq!((*at_ms, *code), (2000, Code::RateMismatch));
    assert!(
        message.starts_with("Cannot get 10/1 frames per second from the device \"test\": it gives 5.00;"),
        "{message}"
    );
    assert!((bench.live().measured_rate - 5.0).abs() < 0.01);
}
