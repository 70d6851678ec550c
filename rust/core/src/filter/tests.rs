//! Filters between a sender and targets made here, on a simulated clock.

use super::*;
use crate::{
    av::{ColourTags, Picture, PixelFormat},
    base::{error, time::Rational},
    frame::{Frame, SharedFrame},
    pipeline::{OverflowPolicy, report::DropReason, test_target::TestTarget},
    test_support::{
        clock::{START_NS, SimulatedClock},
        watched::{Watched, assert_ledger},
    },
};

const TICK: Rational = Rational::new(1, 30);

/// A filter, and the clock whose time it keeps.
fn filter(description: &str) -> (Watched<Filter>, Arc<SimulatedClock>) {
    let clock = SimulatedClock::new();
    (Watched::filter(description, &time(&clock)), clock)
}

fn time(clock: &Arc<SimulatedClock>) -> Arc<dyn Clock> {
    clock.clone()
}

fn target(clock: &Arc<SimulatedClock>, room: usize) -> TestTarget {
    TestTarget::new(&time(clock), Limits::frames(room))
}

fn frame(size: (u32, u32), index: u64, views: usize) -> SharedFrame {
    let picture = |view: usize| {
        let mut picture = Picture::alloc(PixelFormat::YUV420P, size.0, size.1).unwrap();
        picture.set_tags(ColourTags::UNKNOWN);
        let mut planes = picture.view_mut().unwrap().unwrap();
        for plane in 0..3 {
            for (y, row) in planes.rows_mut(plane).enumerate() {
                for (x, sample) in row.iter_mut().enumerate() {
                    *sample = (x * 7 + y * 13 + plane * 50 + view * 90 + index as usize) as u8;
                }
            }
        }
        picture
    };
    Arc::new(Frame {
        views: (0..views).map(picture).collect(),
        sequence: index,
        pts: index as i64,
        time_base: TICK,
        duration: None,
        captured_ns: 1_000_000 + index * 1000,
        session_start_ms: 42,
        loss: None,
        coded: None,
    })
}

/// Sends a frame as soon as there is room for it.
fn send(filter: &mut Watched<Filter>, frame: &SharedFrame) {
    filter.wait_until(|filter| filter.object.input().has_room().then_some(()));
    assert!(filter.object.input().append(frame.clone(), OverflowPolicy::Block));
}

fn attach(filter: &mut Watched<Filter>, target: &TestTarget, number: u32) {
    filter.object.attach(&target.input, number).unwrap();
    filter.wait_for(|event| matches!(event, Event::Attached { .. }));
}

fn close(filter: &mut Watched<Filter>) {
    filter.object.close();
    filter.wait_for(|event| matches!(event, Event::Closed { .. }));
    assert_ledger(&filter.object.stats().frames);
}

/// The results of `frames`, the reports, and the final stats.
fn run(description: &str, frames: &[SharedFrame]) -> (Vec<SharedFrame>, Vec<Event>, FilterStats) {
    let (mut filter, clock) = filter(description);
    let target = target(&clock, 1000);
    attach(&mut filter, &target, 7);
    filter.events.clear();
    for frame in frames {
        send(&mut filter, frame);
    }
    close(&mut filter);
    let events = filter.events.iter().map(|(_, event)| event.clone());
    // Only a sender listens for room.
    let events = events.filter(|event| !matches!(event, Event::Room)).collect();
    (target.take_all(), events, filter.object.stats())
}

fn rows(picture: &Picture) -> Vec<Vec<u8>> {
    picture.view().unwrap().rows(0).map(<[u8]>::to_vec).collect()
}

fn mirrored(picture: &Picture) -> Vec<Vec<u8>> {
    rows(picture).into_iter().map(|row| row.into_iter().rev().collect()).collect()
}

#[test]
fn frames_are_changed_and_keep_their_time() {
    let frames = (0..20).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    let (output, events, stats) = run("hflip", &frames);
    assert_eq!(output.len(), 20);
    for (index, (out, frame)) in output.iter().zip(&frames).enumerate() {
        assert_eq!(rows(&out.views[0]), mirrored(&frame.views[0]));
        assert_eq!((out.sequence, out.pts, out.time_base), (index as u64, index as i64, TICK));
        assert_eq!((out.captured_ns, out.session_start_ms), (frame.captured_ns, 42));
    }
    assert_eq!((stats.frames.written, stats.given), (20, 20));
    assert!(matches!(
        events[..],
        [Event::Ended, Event::Detached { target: 7 }, Event::Closed { report: None, error: None }]
    ));
}

#[test]
fn every_view_goes_through_a_graph_of_its_own() {
    let frames = (0..6).map(|index| frame((32, 16), index, 2)).collect::<Vec<_>>();
    let (output, ..) = run("tmix=frames=2:weights='1 0',hflip", &frames);
    assert_eq!(output.len(), 6);
    for (out, frame) in output[1..].iter().zip(&frames) {
        assert_eq!(out.views.len(), 2);
        let wanted = frame.views.iter().map(mirrored).collect::<Vec<_>>();
        assert_eq!(out.views.iter().map(rows).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn a_lower_rate_halves_the_frames_and_their_capture_times_are_those_of_their_origin() {
    let frames = (0..20).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    let (output, _, stats) = run("fps=15", &frames);
    assert_eq!((output.len(), stats.frames.written, stats.given), (10, 20, 10));
    for out in &output {
        assert_eq!(out.time_base, Rational::new(1, 15));
        let origin = frames.iter().find(|frame| frame.captured_ns == out.captured_ns).unwrap();
        assert!((out.pts * 2 - origin.pts).abs() <= 1, "{} {}", out.pts, origin.pts);
    }
}

#[test]
fn frames_that_carry_no_mark_take_the_capture_time_of_their_instant() {
    let frames = (0..10).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    let (output, ..) = run("tmix=frames=3", &frames);
    let times = |frames: &[SharedFrame]| frames.iter().map(|frame| frame.captured_ns).collect::<Vec<_>>();
    assert_eq!(times(&output), times(&frames));
}

#[test]
fn what_the_graph_holds_at_the_end_is_given() {
    let frames = (0..3).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    let (output, events, stats) = run("tile=2x2", &frames);
    assert_eq!((output.len(), stats.frames.written), (1, 3));
    assert_eq!((output[0].views[0].width(), output[0].views[0].height()), (64, 32));
    assert!(matches!(events[0], Event::Ended));
}

#[test]
fn a_new_size_gets_a_new_graph_and_loses_nothing() {
    let sizes = [(32, 16), (64, 48), (32, 16)];
    let frames = (0..30).map(|index| frame(sizes[index as usize / 10], index, 1)).collect::<Vec<_>>();
    let (output, _, stats) = run("tmix=frames=2:weights='0 1',hflip", &frames);
    assert_eq!((output.len(), stats.frames.written), (30, 30));
    for (out, frame) in output.iter().zip(&frames) {
        assert_eq!(rows(&out.views[0]), mirrored(&frame.views[0]));
    }
}

#[test]
fn a_size_that_does_not_fit_fails_its_frames_and_no_others() {
    let (mut filter, clock) = filter("crop=40:40");
    let target = target(&clock, 1000);
    attach(&mut filter, &target, 1);
    (0..5).for_each(|index| send(&mut filter, &frame((32, 16), index, 1)));
    (5..10).for_each(|index| send(&mut filter, &frame((64, 48), index, 1)));
    close(&mut filter);
    let errors = filter.events.iter().filter_map(|(_, event)| match event {
        Event::Error { error } => Some(error),
        _ => None,
    });
    let [error] = errors.collect::<Vec<_>>()[..] else { panic!("{:?}", filter.events) };
    assert_eq!((error.code, error.field.as_deref()), (Code::FilterFailed, Some("description")));
    assert!(error.message.contains("\"crop=40:40\"") && error.message.contains("32x16"), "{error}");
    assert!(error.cause.as_deref().is_some_and(|cause| cause.contains("non positive size")), "{error:?}");
    let ledger = filter.object.stats().frames;
    assert_eq!((ledger.failed, ledger.written), (5, 5));
    assert_eq!(target.take_all().len(), 5);
}

#[test]
fn without_a_target_frames_are_taken_all_the_same() {
    let (mut filter, _) = filter("hflip");
    (0..50).for_each(|index| send(&mut filter, &frame((32, 16), index, 1)));
    close(&mut filter);
    assert_eq!((filter.object.stats().frames.written, filter.object.stats().given), (50, 50));
}

#[test]
fn a_graph_that_ends_by_itself_ends_the_filter() {
    let frames = (0..10).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    let (output, events, stats) = run("trim=end_frame=4", &frames);
    assert_eq!(output.len(), 4);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Ended)).count(), 1);
    assert_eq!(stats.frames.written + stats.frames.dropped, 10);
    assert!(stats.frames.dropped >= 5, "{stats:?}");
}

#[test]
fn branches_that_never_meet_are_reported_instead_of_filling_memory() {
    let frames = (0..300).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    let (output, events, stats) = run("split[a][b];[b]select=0[c];[a][c]hstack", &frames);
    assert!(output.is_empty());
    assert_eq!(stats.frames.failed, 1);
    let is_reported =
        events.iter().any(|event| matches!(event, Event::Warning { error } if error.code == Code::LimitExceeded));
    assert!(is_reported, "{events:?}");
}

#[test]
fn in_real_time_a_queue_of_two_seconds_is_full_and_drops_are_reported() {
    let (mut filter, clock) = filter("hflip");
    let target = target(&clock, 1);
    attach(&mut filter, &target, 1);
    // The target has room for one frame, so the filter waits with the second one.
    for index in 0..2 {
        clock.settle();
        assert!(filter.object.input().append(frame((32, 16), index, 1), OverflowPolicy::Block));
    }
    clock.settle();
    let input = filter.object.input().clone();
    let append = |from, to| {
        for index in from..to {
            assert!(input.append(frame((32, 16), index, 1), OverflowPolicy::DropNewest));
        }
    };
    let begin_ns = clock.now_ns();
    append(2, 22);
    filter.listen_until(begin_ns + 1_900_000_000);
    append(22, 32);
    filter.listen_until(begin_ns + 2_000_000_000);
    append(32, 60);
    filter.listen();
    let ledger = filter.object.stats().frames;
    assert_eq!((ledger.captured, ledger.dropped, ledger.failed), (60, 28, 0), "{ledger:?}");
    assert!(ledger.drops.iter().all(|drop| drop.reason == DropReason::FilterOverload));
    // Once before a frame was dropped, with the first drop, and not again within a second.
    let overloads = filter.events.iter().filter_map(|(at_ns, event)| match event {
        Event::Overload { stage: error::Stage::Filter, reason: DropReason::FilterOverload, frames } => {
            Some((at_ns - begin_ns, *frames))
        }
        _ => None,
    });
    assert_eq!(overloads.collect::<Vec<_>>(), [(1_900_000_000, 0), (2_000_000_000, 1)]);
    // Room for the filter's frame lets it go on; the frames behind are sent as theirs were, without waiting.
    assert!(target.take().is_some());
    close(&mut filter);
    assert_eq!(clock.now_ns(), begin_ns + 2_000_000_000);
    assert_eq!(filter.object.stats().frames.written, 32);
}

#[test]
fn a_frame_of_a_blocking_sender_waits_for_the_targets_and_a_detach_frees_it() {
    let (mut filter, clock) = filter("hflip");
    let target = target(&clock, 1);
    attach(&mut filter, &target, 1);
    // One is in the target, the filter waits with the second, and the others fill its queue.
    let mut sent = 0;
    while filter.object.input().has_room() {
        send(&mut filter, &frame((32, 16), sent, 1));
        sent += 1;
        clock.settle();
    }
    let begin_ns = clock.now_ns();
    filter.object.detach(1).unwrap();
    (sent..20).for_each(|index| send(&mut filter, &frame((32, 16), index, 1)));
    filter.wait_for(|event| matches!(event, Event::Detached { target: 1 }));
    // That is how long a target that leaves may still take its frame.
    assert_eq!(filter.heard(|event| matches!(event, Event::Detached { .. })), [begin_ns + 2_000_000_000]);
    close(&mut filter);
    assert_eq!(filter.object.stats().frames.written, 20);
    assert_eq!(target.take_all().iter().map(|frame| frame.sequence).collect::<Vec<_>>(), [0]);
    let ledger = target.sink.input.counters.snapshot();
    assert_ledger(&ledger);
    let [drop] = &ledger.drops[..] else { panic!("{ledger:?}") };
    assert_eq!((ledger.captured, drop.reason, drop.frames), (2, DropReason::Detached, 1));
}

#[test]
fn a_target_that_is_detached_leaves_with_its_frame_while_another_one_is_blocked() {
    let (mut filter, clock) = filter("hflip");
    let [leaving, stuck] = [(); 2].map(|()| target(&clock, 1));
    attach(&mut filter, &leaving, 1);
    attach(&mut filter, &stuck, 2);
    for index in 0..2 {
        send(&mut filter, &frame((32, 16), index, 1));
        clock.settle();
    }
    filter.object.detach(1).unwrap();
    clock.settle();
    assert!(leaving.take().is_some());
    let room_ns = clock.now_ns();
    filter.wait_for(|event| matches!(event, Event::Detached { target: 1 }));
    assert_eq!(filter.heard(|event| matches!(event, Event::Detached { .. })), [room_ns]);
    assert_eq!(leaving.take_all().iter().map(|frame| frame.sequence).collect::<Vec<_>>(), [1]);
    assert!(stuck.take().is_some());
    close(&mut filter);
}

#[test]
fn one_filter_feeds_another() {
    let (mut first, clock) = filter("hflip");
    let mut second = Watched::filter("hflip,vflip", &time(&clock));
    let target = target(&clock, 100);
    attach(&mut second, &target, 1);
    first.object.attach(second.object.input(), 2).unwrap();
    let frames = (0..20).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    frames.iter().for_each(|frame| send(&mut first, frame));
    close(&mut first);
    close(&mut second);
    let output = target.take_all();
    assert_eq!(output.len(), 20);
    for (out, frame) in output.iter().zip(&frames) {
        let mut turned = rows(&frame.views[0]);
        turned.reverse();
        assert_eq!(rows(&out.views[0]), turned);
        assert_eq!(out.captured_ns, frame.captured_ns);
    }
}

#[test]
fn targets_learn_the_shape_before_the_first_frame() {
    let (mut filter, clock) = filter("scale=64:32,format=yuv444p");
    let target = target(&clock, 4);
    attach(&mut filter, &target, 1);
    filter.object.input().prepare(frame((32, 16), 0, 2).shape(), None);
    clock.settle();
    let Some(shape) = target.take_shape() else { panic!("no shape came") };
    assert_eq!(
        (shape.view.width, shape.view.height, shape.view.format.name().as_str(), shape.views),
        (64, 32, "yuv444p", 2)
    );
    send(&mut filter, &frame((32, 16), 0, 2));
    clock.settle();
    let Some(out) = target.take() else { panic!("no frame came") };
    assert_eq!(out.shape(), shape);
    close(&mut filter);
}

#[test]
fn a_filter_that_is_dropped_ends_even_if_a_target_has_no_room() {
    let clock = SimulatedClock::new();
    let target = target(&clock, 1);
    let is_alive = Arc::new(());
    let alive = is_alive.clone();
    // The thread drops its half of what is notified when it ends.
    let notify: Notify = Box::new(move || drop(alive.clone()));
    let options = FilterOptions { description: "hflip".to_owned() };
    let filter = Filter::open(&options, &time(&clock), notify).unwrap();
    filter.attach(&target.input, 1).unwrap();
    for index in 0..4 {
        assert!(filter.input().append(frame((32, 16), index, 1), OverflowPolicy::Block));
        clock.settle();
    }
    drop(filter);
    clock.settle();
    assert_eq!((Arc::strong_count(&is_alive), clock.now_ns()), (1, START_NS));
    let taken = target.take_all().len() as u64;
    let ledger = target.sink.input.counters.snapshot();
    assert_eq!((taken, ledger.captured), (1, 1 + ledger.dropped + ledger.failed));
}

#[test]
fn bad_descriptions_name_their_field() {
    let clock = time(&SimulatedClock::new());
    let long = "null,".repeat(20_000);
    for description in ["", "nonsense=1", "split", "hstack", "volume=1", "movie=a.mp4", "eq=contrast=wide", &long] {
        let options = FilterOptions { description: description.to_owned() };
        let error = Filter::open(&options, &clock, Box::new(|| ())).err().unwrap();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("description")), "{error}");
        assert!(error.message.starts_with("Cannot use description \"") && error.message.len() < 600, "{error}");
    }
}

#[test]
fn a_closed_filter_takes_nothing() {
    let (mut filter, clock) = filter("hflip");
    let target = target(&clock, 1);
    let own = filter.object.input().clone();
    assert_eq!(filter.object.attach(&own, 1).unwrap_err().code, Code::InvalidArgument);
    close(&mut filter);
    assert!(!filter.object.input().append(frame((32, 16), 0, 1), OverflowPolicy::DropNewest));
    target.input.close();
    assert_eq!(filter.object.attach(&target.input, 1).unwrap_err().code, Code::Closed);
}
