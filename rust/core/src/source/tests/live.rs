//! A device with a clock of its own: requests wait no longer than its patience, and no target holds it up.

use super::{
    producers::{Device, Step, Wait, shape_of},
    *,
};
use crate::{
    base::error::{Code, Error, Stage},
    pipeline::report::DropReason,
    pixels::planes::Rect,
    test_support::clock::WALL_CLOCK_MS,
};

/// Longest time that a producer may wait.
const PATIENCE_NS: u64 = 100_000_000;

const fn ms(milliseconds: u64) -> u64 {
    START_NS + milliseconds * 1_000_000
}

fn device(clock: &Arc<dyn Clock>, wait: Wait, steps: impl IntoIterator<Item = (u64, Step)>) -> Watched<Source> {
    Watched::source_of(Device::new(clock, wait, steps), Pacing::Realtime, &Session::new(clock.clone()))
}

/// Frames every 100 ms from `from_ms` on, each captured 5 ms before it comes.
fn frames(from_ms: u64, count: u64) -> impl Iterator<Item = (u64, Step)> {
    (0..count).map(move |index| (ms(from_ms + 100 * index), Step::Frame { age_ns: 5_000_000 }))
}

fn offline() -> Error {
    Error::new(Code::Io, Stage::Source, "Cannot read the device: it is unplugged")
}

fn is_warning(event: &Event) -> bool {
    matches!(event, Event::Warning { .. })
}

#[test]
fn frames_carry_the_time_at_which_the_device_captured_them() {
    let (clock, time) = simulated();
    let source = device(&time, Wait::Signal, frames(30, 20));
    let target = TestTarget::new(&time, NO_LIMITS);
    start(&source, &target);
    clock.pass(3.0);
    let frames = target.take_all();
    assert_eq!(numbers(&frames), (0..20).collect::<Vec<_>>());
    assert_eq!(captured_ns(&frames), (0..20).map(|index| ms(25 + 100 * index)).collect::<Vec<_>>());
    // So does the session begin with the capture of the first one.
    assert!(frames.iter().all(|frame| frame.session_start_ms == WALL_CLOCK_MS + 1025));
    // Nothing paces it, so it is neither late nor does it miss an instant of ours.
    let stats = source.object.stats();
    assert_eq!((stats.captured, stats.late, stats.missed, stats.lateness.count), (20, 0, 0, 0));
}

#[test]
fn requests_to_a_silent_device_are_served_at_once_or_within_its_patience() {
    for (wait, most_ns) in [(Wait::Signal, 0), (Wait::Waker, 0), (Wait::Deaf, PATIENCE_NS)] {
        let (clock, time) = simulated();
        let mut source = device(&time, wait, []);
        let targets = [1, 2].map(|_| TestTarget::new(&time, NO_LIMITS));
        start(&source, &targets[0]);
        // Not a multiple of the patience.
        clock.pass(1.03);
        let asked_ns = clock.now_ns();
        source.object.attach(&targets[1].input, 2).unwrap();
        source.wait_for(is_attached(2));
        let served_ns = source.heard(is_attached(2))[0];
        assert!(served_ns - asked_ns <= most_ns, "attach after {} ns", served_ns - asked_ns);
        source.object.detach(1).unwrap();
        source.wait_for(is_detached(1));
        let gone_ns = source.heard(is_detached(1))[0];
        assert!(gone_ns - served_ns <= most_ns, "detach after {} ns", gone_ns - served_ns);
        source.object.close();
        source.wait_for(is_closed);
        let closed_ns = source.heard(is_closed)[0];
        assert!(closed_ns - gone_ns <= most_ns, "close after {} ns", closed_ns - gone_ns);
    }
}

#[test]
fn a_full_target_holds_up_no_device() {
    let (clock, time) = simulated();
    for pacing in [Pacing::Realtime, Pacing::Asap] {
        let begin_ms = (time.now_ns() - START_NS) / 1_000_000;
        let device = Device::new(&time, Wait::Signal, frames(begin_ms, 50));
        let source = Watched::source_of(device, pacing, &Session::new(time.clone()));
        let (full, free) = (TestTarget::new(&time, Limits::frames(2)), TestTarget::new(&time, NO_LIMITS));
        source.object.attach(&free.input, 2).unwrap();
        start(&source, &full);
        clock.pass(6.0);
        let times = captured_ns(&free.take_all());
        assert!(times.len() == 50 && times.is_sorted_by(|a, b| b - a == 100_000_000), "{times:?}");
        let ledger = full.sink.input.counters.snapshot();
        assert_eq!((ledger.captured, ledger.dropped, full.input.len()), (50, 48, 2));
        assert!(ledger.drops.iter().all(|drop| drop.reason == DropReason::FilterOverload));
    }
}

#[test]
fn targets_get_ready_for_another_shape_before_its_first_frame() {
    let (clock, time) = simulated();
    let steps = frames(0, 2).chain([(ms(150), Step::Resize(48, 20))]).chain(frames(200, 2));
    let source = device(&time, Wait::Signal, steps);
    let target = TestTarget::new(&time, NO_LIMITS);
    start(&source, &target);
    clock.settle();
    assert_eq!(target.take_shape(), Some(shape_of((32, 16))));
    clock.pass(0.12);
    assert_eq!(numbers(&target.take_all()), [0, 1]);
    clock.pass(0.05);
    assert_eq!(target.take_shape(), Some(shape_of((48, 20))));
    clock.pass(0.2);
    let frames = target.take_all();
    assert_eq!(numbers(&frames), [2, 3]);
    assert!(frames.iter().all(|frame| frame.shape() == shape_of((48, 20))));
}

#[test]
fn a_crop_that_no_longer_fits_is_given_up_with_a_warning_and_one_that_fits_is_kept() {
    for (size, fits) in [((24, 12), true), ((16, 12), false)] {
        let (clock, time) = simulated();
        let steps = frames(0, 2).chain([(ms(150), Step::Resize(size.0, size.1))]).chain(frames(200, 2));
        let mut source = device(&time, Wait::Signal, steps);
        let target = TestTarget::new(&time, NO_LIMITS);
        source.object.set_crop(Some(Rect { x: 4, y: 2, width: 20, height: 10 })).unwrap();
        start(&source, &target);
        clock.pass(0.12);
        assert!(target.take_all().iter().all(|frame| frame.shape() == shape_of((20, 10))));
        clock.pass(0.05);
        let expected = if fits { (20, 10) } else { size };
        assert_eq!(target.take_shape(), Some(shape_of(expected)));
        clock.pass(0.2);
        let frames = target.take_all();
        assert_eq!(numbers(&frames), [2, 3]);
        assert!(frames.iter().all(|frame| frame.shape() == shape_of(expected)), "{frames:?}");
        source.listen();
        let fields = source.events.iter().filter_map(|(_, event)| match event {
            Event::Warning { error } => Some((error.code, error.field.clone().unwrap_or_default())),
            _ => None,
        });
        let expected = if fits { Vec::new() } else { vec![(Code::InvalidArgument, "width".to_owned())] };
        assert_eq!(fields.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_crop_asked_for_just_before_the_shape_changes_ends_no_source() {
    let (clock, time) = simulated();
    // The device does not hear the request, so that the new shape comes before it is served.
    let steps = frames(0, 1).chain([(ms(50), Step::Resize(16, 12))]).chain(frames(100, 3));
    let mut source = device(&time, Wait::Deaf, steps);
    let target = TestTarget::new(&time, NO_LIMITS);
    start(&source, &target);
    clock.pass(0.03);
    assert_eq!(numbers(&target.take_all()), [0]);
    source.object.set_crop(Some(Rect { x: 20, y: 0, width: 12, height: 16 })).unwrap();
    clock.pass(1.0);
    source.listen();
    assert!(!source.events.iter().any(|(_, event)| matches!(event, Event::Error { .. })), "{:?}", source.events);
    assert_eq!(source.heard(is_warning).len(), 1);
    let frames = target.take_all();
    assert_eq!(numbers(&frames), [1, 2, 3]);
    assert!(frames.iter().all(|frame| frame.shape() == shape_of((16, 12))));
    // A target that comes later gets ready for the shape that the frames have.
    let later = TestTarget::new(&time, NO_LIMITS);
    source.object.attach(&later.input, 2).unwrap();
    clock.pass(0.2);
    assert_eq!(later.take_shape(), Some(shape_of((16, 12))));
}

#[test]
fn a_device_that_is_lost_is_warned_of_and_its_source_goes_on() {
    let (clock, time) = simulated();
    let steps = frames(0, 3).chain([(ms(250), Step::Lost(offline()))]).chain(frames(5000, 3));
    let mut source = device(&time, Wait::Signal, steps);
    let target = TestTarget::new(&time, NO_LIMITS);
    start(&source, &target);
    source.listen_until(ms(6000));
    assert_eq!(source.heard(is_warning), [ms(250)]);
    assert!(!source.events.iter().any(|(_, event)| matches!(event, Event::Ended | Event::Error { .. })));
    let expected = [0, 100, 200, 5000, 5100, 5200].map(|at| ms(at) - 5_000_000);
    assert_eq!(captured_ns(&target.take_all()), expected);
    // It still serves.
    source.object.close();
    clock.settle();
    source.listen();
    assert_eq!(source.heard(is_closed), [ms(6000)]);
}

#[test]
fn a_device_that_ends_or_fails_ends_its_source_and_lets_its_targets_go() {
    for error in [None, Some(offline())] {
        let (clock, time) = simulated();
        let step = error.clone().map_or(Step::End, Step::Fail);
        let mut source = device(&time, Wait::Signal, frames(0, 3).chain([(ms(250), step)]));
        let target = TestTarget::new(&time, NO_LIMITS);
        start(&source, &target);
        source.listen_until(ms(1000));
        assert_eq!(source.heard(is_detached(1)), [ms(250)]);
        assert_eq!(source.heard(|event| matches!(event, Event::Ended)), [ms(250)]);
        let failed = source.heard(|event| matches!(event, Event::Error { .. }));
        assert_eq!(failed, if error.is_some() { vec![ms(250)] } else { Vec::new() });
        assert_eq!(numbers(&target.take_all()), [0, 1, 2]);
        // A request that comes too late is answered all the same.
        source.object.attach(&target.input, 7).unwrap();
        clock.settle();
        source.listen();
        assert_eq!(source.heard(is_detached(7)), [ms(1000)]);
        source.object.close();
        let closed = source.wait_for(|event| matches!(event, Event::Closed { .. }));
        assert!(matches!(closed, Event::Closed { error: reported, .. } if reported == error));
    }
}

#[test]
fn a_device_is_asked_for_nothing_while_its_source_rests() {
    let (clock, time) = simulated();
    let source = device(&time, Wait::Signal, frames(0, 40));
    let target = TestTarget::new(&time, NO_LIMITS);
    start(&source, &target);
    clock.pass(0.95);
    source.object.detach(1).unwrap();
    clock.pass(1.0);
    assert_eq!(source.object.stats().captured, 10);
    source.object.attach(&target.input, 1).unwrap();
    clock.settle();
    // The frames that the device kept come at once; the device alone decides about the pause.
    assert_eq!(target.take_all().len(), 20);
}
