//! A source that plays as fast as its targets accept waits for them; one in real time never does.

use super::*;
use crate::{
    pipeline::{
        report::{DropReason, Ledger},
        test_target::BusyTarget,
    },
    pixels::planes::Rect,
};

/// How long a target that leaves may still take the frame that waits for it.
const LEAVE_NS: u64 = 2_000_000_000;

/// A source as fast as can be, and a target that has one frame and no room for the next.
fn blocked() -> (Arc<SimulatedClock>, Arc<dyn Clock>, Watched<Source>, TestTarget) {
    let (clock, time) = simulated();
    let (source, target) = (pattern(THIRTY, Pacing::Asap, 0, &time), TestTarget::new(&time, Limits::frames(1)));
    start(&source, &target);
    clock.pass(1.0);
    assert_eq!(target.input.len(), 1);
    (clock, time, source, target)
}

fn ledger(target: &TestTarget) -> Ledger {
    target.sink.input.counters.snapshot()
}

/// Frames dropped for no reason but that their target was detached.
fn detached_frames(ledger: &Ledger) -> u64 {
    assert!(ledger.drops.iter().all(|drop| drop.reason == DropReason::Detached), "{ledger:?}");
    ledger.dropped
}

#[test]
fn as_fast_as_a_slow_target_accepts_nothing_is_lost() {
    let (_, time) = simulated();
    let mut source = pattern(THIRTY, Pacing::Asap, 50, &time);
    let target = BusyTarget::new(&time, Limits::frames(4), 0.1);
    source.object.attach(&target.input, 1).unwrap();
    source.object.start().unwrap();
    source.wait_for(|event| matches!(event, Event::Ended));
    // It waited for the target: when the last frame went in, at most four were before it and one in hand.
    let ended_ns = source.heard(|event| matches!(event, Event::Ended))[0] - START_NS;
    assert!((4_400_000_000..4_900_000_000).contains(&ended_ns), "{ended_ns}");
    source.listen_until(START_NS + 5_000_000_000);
    let taken = target.taken.lock();
    let expected = (0..50).map(|index| (START_NS + 100_000_000 * index, index.cast_signed())).collect::<Vec<_>>();
    assert_eq!(taken.iter().map(|(at_ns, frame)| (*at_ns, frame.pts)).collect::<Vec<_>>(), expected);
    let ledger = target.sink.input.counters.snapshot();
    assert_eq!((ledger.captured, ledger.written, ledger.in_flight), (50, 50, 0));
}

#[test]
fn requests_are_served_while_a_target_has_no_room() {
    let (clock, time, mut source, target) = blocked();
    let now_ns = clock.now_ns();
    let other = TestTarget::new(&time, NO_LIMITS);
    source.object.attach(&other.input, 2).unwrap();
    source.object.set_crop(Some(Rect { x: 0, y: 0, width: 8, height: 6 })).unwrap();
    clock.settle();
    source.listen();
    assert_eq!(source.heard(is_attached(2)), [now_ns]);
    assert_eq!(target.take().unwrap().pts, 0);
    clock.settle();
    // Frame 1 was made before the crop and the second target came, frame 2 after.
    let frames = other.take_all();
    assert_eq!(numbers(&frames), [2]);
    let size = |frame: &SharedFrame| (frame.views[0].width(), frame.views[0].height());
    assert_eq!(size(&frames[0]), (8, 6));
    let frame = target.take().unwrap();
    assert_eq!((frame.pts, size(&frame)), (1, (32, 16)));
    assert_eq!(clock.now_ns(), now_ns);
}

#[test]
fn a_blocked_target_that_is_detached_is_let_go_after_two_seconds_and_its_frame_is_counted() {
    let (clock, _, mut source, target) = blocked();
    let detached_ns = clock.now_ns();
    source.object.detach(1).unwrap();
    source.wait_for(is_detached(1));
    assert_eq!(source.heard(is_detached(1)), [detached_ns + LEAVE_NS]);
    let ledger = ledger(&target);
    assert_eq!((ledger.captured, detached_frames(&ledger)), (2, 1));
    assert_eq!(numbers(&target.take_all()), [0]);
    clock.pass(10.0);
    assert_eq!(source.object.stats().captured, 2);
    // The frame that was dropped does not come again.
    source.object.attach(&target.input, 1).unwrap();
    clock.settle();
    assert_eq!(target.take().unwrap().pts, 2);
}

#[test]
fn a_blocked_target_that_is_detached_still_gets_its_frame_if_it_makes_room() {
    let (clock, _, mut source, target) = blocked();
    source.object.detach(1).unwrap();
    clock.pass(1.9);
    source.listen();
    assert!(source.heard(is_detached(1)).is_empty());
    assert_eq!(target.take().unwrap().pts, 0);
    let room_ns = clock.now_ns();
    source.wait_for(is_detached(1));
    assert_eq!(source.heard(is_detached(1)), [room_ns]);
    assert_eq!(numbers(&target.take_all()), [1]);
    let ledger = ledger(&target);
    assert_eq!((ledger.captured, ledger.written, ledger.dropped), (2, 2, 0));
}

#[test]
fn a_blocked_source_that_is_closed_ends_after_two_seconds_or_as_soon_as_there_is_room() {
    for makes_room in [false, true] {
        let (clock, _, mut source, target) = blocked();
        let closed_ns = clock.now_ns();
        source.object.close();
        source.listen_until(closed_ns + 500_000_000);
        let frames: Vec<_> = if makes_room { target.take().into_iter().collect() } else { Vec::new() };
        source.wait_for(is_closed);
        let (wait_ns, dropped) = if makes_room { (500_000_000, 0) } else { (LEAVE_NS, 1) };
        assert_eq!(source.heard(is_closed), [closed_ns + wait_ns]);
        assert_eq!(source.heard(is_detached(1)), [closed_ns + wait_ns]);
        let frames = [frames, target.take_all()].concat();
        let ledger = ledger(&target);
        assert_eq!((ledger.captured, detached_frames(&ledger), ledger.in_flight), (2, dropped, 0));
        assert_eq!(numbers(&frames), (0..2 - dropped.cast_signed()).collect::<Vec<_>>());
    }
}

#[test]
fn a_target_with_room_is_detached_at_once_while_another_one_is_blocked() {
    for is_first in [false, true] {
        let (clock, time) = simulated();
        let mut source = pattern(THIRTY, Pacing::Asap, 0, &time);
        let (stuck, free) = (TestTarget::new(&time, Limits::frames(1)), TestTarget::new(&time, NO_LIMITS));
        let order = if is_first { [(&free, 2), (&stuck, 1)] } else { [(&stuck, 1), (&free, 2)] };
        for (target, number) in order {
            source.object.attach(&target.input, number).unwrap();
        }
        source.object.start().unwrap();
        clock.pass(1.0);
        // It has the frame for which the other one has no room.
        assert_eq!(numbers(&free.take_all()), [0, 1]);
        source.object.detach(2).unwrap();
        let now_ns = clock.now_ns();
        source.wait_for(is_detached(2));
        assert_eq!(source.heard(is_detached(2)), [now_ns]);
        assert_eq!(ledger(&free).dropped, 0);
    }
}

#[test]
fn a_target_that_is_detached_is_let_go_with_its_frame_while_another_one_is_blocked() {
    let (clock, time) = simulated();
    let mut source = pattern(THIRTY, Pacing::Asap, 0, &time);
    let [leaving, stuck] = [(); 2].map(|()| TestTarget::new(&time, Limits::frames(1)));
    source.object.attach(&leaving.input, 1).unwrap();
    source.object.attach(&stuck.input, 2).unwrap();
    source.object.start().unwrap();
    clock.pass(1.0);
    source.object.detach(1).unwrap();
    clock.settle();
    source.listen();
    assert!(source.heard(is_detached(1)).is_empty());
    // It makes room, and the other one does not.
    assert_eq!(leaving.take().unwrap().pts, 0);
    let room_ns = clock.now_ns();
    source.wait_for(is_detached(1));
    assert_eq!(source.heard(is_detached(1)), [room_ns]);
    assert_eq!(numbers(&leaving.take_all()), [1]);
    assert_eq!(ledger(&leaving).dropped, 0);
    // As soon as it makes room it gets the next one.
    assert_eq!(stuck.take().unwrap().pts, 0);
}

#[test]
fn of_several_slow_targets_each_gets_every_frame_in_order() {
    let (_, time) = simulated();
    let mut source = pattern(THIRTY, Pacing::Asap, 40, &time);
    let targets = [0.05, 0.2, 0.0].map(|seconds| BusyTarget::new(&time, Limits::frames(2), seconds));
    for (number, target) in (1..).zip(&targets) {
        source.object.attach(&target.input, number).unwrap();
    }
    source.object.start().unwrap();
    source.listen_until(START_NS + 8_000_000_000);
    for target in &targets {
        let taken = target.taken.lock();
        assert_eq!(taken.iter().map(|(_, frame)| frame.pts).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
        let ledger = target.sink.input.counters.snapshot();
        assert_eq!((ledger.captured, ledger.written, ledger.in_flight), (40, 40, 0));
    }
    // All keep the pace of the slowest one, and the fast ones get a frame before that one has room for it.
    let times = |target: &BusyTarget| target.taken.lock().iter().map(|(at_ns, _)| *at_ns).collect::<Vec<_>>();
    let [_, slow, fast] = targets.each_ref().map(times);
    assert!(slow.is_sorted_by(|a, b| b - a == 200_000_000), "{slow:?}");
    assert!(fast[3..].iter().zip(&slow[3..]).all(|(fast, slow)| fast < slow), "{fast:?}");
}

#[test]
fn in_real_time_a_stuck_target_holds_back_no_other_one() {
    let (clock, time) = simulated();
    let mut source = pattern(THIRTY, Pacing::Realtime, 0, &time);
    let (stuck, free) = (TestTarget::new(&time, Limits::frames(1)), TestTarget::new(&time, NO_LIMITS));
    source.object.attach(&stuck.input, 1).unwrap();
    source.object.attach(&free.input, 2).unwrap();
    source.object.start().unwrap();
    clock.pass(9.99);
    let frames = free.take_all();
    assert_eq!(captured_ns(&frames), (0..300).map(|index| due_ns(THIRTY, index)).collect::<Vec<_>>());
    let ledger = ledger(&stuck);
    assert_eq!((ledger.captured, ledger.dropped), (300, 299));
    assert_eq!(source.object.stats().lateness.max_ms, 0.0);
    // It owes the stuck one nothing, so that one leaves at once.
    source.object.detach(1).unwrap();
    let now_ns = clock.now_ns();
    source.wait_for(is_detached(1));
    assert_eq!(source.heard(is_detached(1)), [now_ns]);
}
