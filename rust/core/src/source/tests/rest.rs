//! Without a target a source rests.

use super::*;

#[test]
fn without_a_target_time_stands_still_and_goes_on_where_it_stopped() {
    let (clock, time) = simulated();
    let (mut source, target) = (pattern(THIRTY, Pacing::Realtime, 0, &time), TestTarget::new(&time, NO_LIMITS));
    source.object.start().unwrap();
    clock.pass(5.0);
    let begin = time.now_ns();
    source.object.attach(&target.input, 1).unwrap();
    clock.pass(1.01);
    let frames = target.take_all();
    assert_eq!(numbers(&frames), (0..31).collect::<Vec<_>>());
    assert_eq!(captured_ns(&frames), (0..31).map(|n| begin + THIRTY.frame_time_ns(n)).collect::<Vec<_>>());
    // The source waits for the moment of frame 31.
    source.object.detach(1).unwrap();
    clock.pass(10.0);
    source.listen();
    assert_eq!(source.heard(is_detached(1)).len(), 1);
    assert_eq!(source.object.stats().captured, 31);
    let again = time.now_ns();
    source.object.attach(&target.input, 1).unwrap();
    clock.pass(1.01);
    let frames = target.take_all();
    assert_eq!(numbers(&frames), (31..62).collect::<Vec<_>>());
    let first = THIRTY.frame_time_ns(31);
    assert_eq!(captured_ns(&frames), (31..62).map(|n| again + THIRTY.frame_time_ns(n) - first).collect::<Vec<_>>());
    let stats = source.object.stats();
    assert_eq!((stats.missed, stats.late, stats.lateness.max_ms), (0, 0, 0.0));
    // The rest is no interval between two frames.
    assert!(stats.interval.max_ms < 34.0, "{stats:?}");
}

#[test]
fn a_source_closes_at_once_while_it_waits_for_a_frames_moment() {
    let (clock, time) = simulated();
    let rate = Rational::new(1, 10);
    let (mut source, target) = (pattern(rate, Pacing::Realtime, 0, &time), TestTarget::new(&time, NO_LIMITS));
    start(&source, &target);
    clock.pass(1.0);
    source.object.close();
    clock.settle();
    source.listen();
    assert!(source.events.iter().any(|(_, event)| is_closed(event)), "{:?}", source.events);
    assert_eq!(numbers(&target.take_all()), [0]);
}

#[test]
fn a_source_that_rests_or_was_never_started_closes_at_once() {
    for is_started in [false, true] {
        let (clock, time) = simulated();
        let mut source = pattern(THIRTY, Pacing::Realtime, 0, &time);
        if is_started {
            source.object.start().unwrap();
        }
        clock.pass(1.0);
        source.object.close();
        clock.settle();
        source.listen();
        assert!(source.events.iter().any(|(_, event)| is_closed(event)), "{:?}", source.events);
    }
}
