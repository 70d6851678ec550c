//! Filters between a giver and targets made here.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use parking_lot::Mutex;

use super::*;
use crate::{
    av::{ColourTags, Picture, PixelFormat},
    base::{error, time::Rational},
    frame::{Frame, SharedFrame},
    pipeline::{
        OverflowPolicy, SystemClock, Wake,
        input::{Input, InputReceiver, InputState, Sent, Sink},
        report::{DropReason, Ledger},
    },
    simulated_clock::SimulatedClock,
};

const TICK: Rational = Rational::new(1, 30);

fn filter(description: &str) -> (Filter, Receiver<()>) {
    filter_on(&SystemClock::shared(), description)
}

fn filter_on(clock: &Arc<dyn Clock>, description: &str) -> (Filter, Receiver<()>) {
    let (sender, news) = channel();
    let notify: Notify = Box::new(move || sender.send(()).unwrap_or_default());
    let options = FilterOptions { description: description.to_owned() };
    (Filter::open(&options, clock, notify).unwrap(), news)
}

/// A target that keeps what it gets.
#[derive(Default)]
struct Collector {
    input: InputState,
    overflows: Mutex<u32>,
}

impl Sink for Collector {
    fn input(&self) -> &InputState {
        &self.input
    }

    fn overflow(&self) {
        *self.overflows.lock() += 1;
        self.input.counters.dropped(DropReason::FilterOverload, 1);
    }

    fn report_room(&self) {}
}

fn collector(room: usize) -> (InputSender, InputReceiver, Arc<Collector>) {
    collector_on(&SystemClock::shared(), room)
}

fn collector_on(clock: &Arc<dyn Clock>, room: usize) -> (InputSender, InputReceiver, Arc<Collector>) {
    let collector = Arc::new(Collector::default());
    let config = InputConfig { limits: Limits::frames(room), drops_oldest: false, preferred: None };
    let (sender, receiver) = input_queue(collector.clone(), config, &Signal::new(clock));
    (sender, receiver, collector)
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
        captured_ns: 1_000_000 + index * 1000,
        session_start_ms: 42,
    })
}

/// Sends a frame as soon as there is room for it.
fn send(filter: &Filter, frame: &SharedFrame) {
    assert!(filter.input().reserve(frame));
    let signal = Signal::new(&SystemClock::shared());
    let wake: Arc<dyn Wake> = signal.clone();
    loop {
        let seen = signal.seen();
        if filter.input().send(frame, &wake) == Sent::Done {
            return;
        }
        signal.wait(seen, None);
    }
}

/// The events up to the one wanted.
fn events_until(filter: &Filter, news: &Receiver<()>, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        events.extend(filter.take_events());
        if events.iter().any(&wanted) {
            return events;
        }
        news.recv_timeout(std::time::Duration::from_secs(20)).unwrap_or_else(|_| panic!("only {events:?}"));
    }
}

fn attach(filter: &Filter, news: &Receiver<()>, input: &InputSender, target: u32) {
    filter.attach(input, target).unwrap();
    events_until(filter, news, |event| matches!(event, Event::Attached { .. }));
}

fn close(filter: &Filter, news: &Receiver<()>) -> Vec<Event> {
    filter.close();
    let events = events_until(filter, news, |event| matches!(event, Event::Closed { .. }));
    assert_balanced(&filter.stats().frames);
    events
}

fn assert_balanced(ledger: &Ledger) {
    assert_eq!(ledger.captured, ledger.written + ledger.dropped + ledger.failed, "{ledger:?}");
    assert_eq!(ledger.in_flight, 0, "{ledger:?}");
}

/// The frames that were handed in, once nobody will hand in more.
fn collected(input: &InputSender, receiver: &InputReceiver) -> Vec<(SharedFrame, OverflowPolicy)> {
    input.close();
    let mut frames = Vec::new();
    while let Some(input) = receiver.next() {
        if let Input::Frame(frame, policy) = input {
            frames.push((frame, policy));
        }
    }
    frames
}

/// What becomes of `frames`, and how the filter's ledger ends.
fn run(description: &str, frames: &[SharedFrame]) -> (Vec<SharedFrame>, Vec<Event>, FilterStats) {
    let (filter, news) = filter(description);
    let (input, receiver, _) = collector(1000);
    attach(&filter, &news, &input, 7);
    for frame in frames {
        send(&filter, frame);
    }
    let events = close(&filter, &news);
    let stats = filter.stats();
    (collected(&input, &receiver).into_iter().map(|(frame, _)| frame).collect(), events, stats)
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
    let (filter, news) = filter("crop=40:40");
    let (input, receiver, _) = collector(1000);
    attach(&filter, &news, &input, 1);
    (0..5).for_each(|index| send(&filter, &frame((32, 16), index, 1)));
    (5..10).for_each(|index| send(&filter, &frame((64, 48), index, 1)));
    let events = close(&filter, &news);
    let errors = events.iter().filter_map(|event| match event {
        Event::Error { error } => Some(error),
        _ => None,
    });
    let [error] = errors.collect::<Vec<_>>()[..] else { panic!("{events:?}") };
    assert_eq!((error.code, error.field.as_deref()), (Code::FilterFailed, Some("description")));
    assert!(error.message.contains("\"crop=40:40\"") && error.message.contains("32x16"), "{error}");
    assert!(error.cause.as_deref().is_some_and(|cause| cause.contains("non positive size")), "{error:?}");
    let ledger = filter.stats().frames;
    assert_eq!((ledger.failed, ledger.written), (5, 5));
    assert_eq!(collected(&input, &receiver).len(), 5);
}

#[test]
fn without_a_target_frames_are_taken_all_the_same() {
    let (filter, news) = filter("hflip");
    (0..50).for_each(|index| send(&filter, &frame((32, 16), index, 1)));
    close(&filter, &news);
    assert_eq!((filter.stats().frames.written, filter.stats().given), (50, 50));
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
fn branches_that_never_meet_are_told_instead_of_filling_memory() {
    let frames = (0..300).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    let (output, events, stats) = run("split[a][b];[b]select=0[c];[a][c]hstack", &frames);
    assert!(output.is_empty());
    assert_eq!(stats.frames.failed, 1);
    let told =
        events.iter().any(|event| matches!(event, Event::Warning { error } if error.code == Code::LimitExceeded));
    assert!(told, "{events:?}");
}

#[test]
fn in_real_time_a_queue_of_two_seconds_is_full_and_drops_are_reported() {
    let simulated = SimulatedClock::new();
    let clock: Arc<dyn Clock> = simulated.clone();
    let (filter, news) = filter_on(&clock, "hflip");
    let (input, receiver, _) = collector_on(&clock, 1);
    filter.attach(&input, 1).unwrap();
    // The target has room for one frame, so the filter waits with the second one.
    for index in 0..2 {
        simulated.settle();
        assert!(filter.input().append(frame((32, 16), index, 1), OverflowPolicy::Block));
    }
    simulated.settle();
    let append = |from, to| {
        for index in from..to {
            assert!(filter.input().append(frame((32, 16), index, 1), OverflowPolicy::DropNewest));
        }
    };
    append(2, 22);
    simulated.pass(1.9);
    append(22, 32);
    simulated.pass(0.1);
    append(32, 60);
    let ledger = filter.stats().frames;
    assert_eq!((ledger.captured, ledger.dropped, ledger.failed), (60, 28, 0), "{ledger:?}");
    assert!(ledger.drops.iter().all(|drop| drop.reason == DropReason::FilterOverload));
    // Reported while frames only wait, and again after a second, when some were dropped.
    simulated.pass(1.0);
    append(60, 61);
    let overloads = filter.take_events().into_iter().filter_map(|event| match event {
        Event::Overload { stage: error::Stage::Filter, reason: DropReason::FilterOverload, frames } => Some(frames),
        _ => None,
    });
    assert_eq!(overloads.collect::<Vec<_>>(), [0, 29]);
    // Room for the filter's frame lets it go on; the frames behind are sent as theirs were, without waiting.
    assert!(matches!(receiver.next(), Some(Input::Frame(..))));
    simulated.settle();
    filter.close();
    simulated.settle();
    drop(news);
    assert_balanced(&filter.stats().frames);
    assert_eq!(filter.stats().frames.written, 32);
}

#[test]
fn a_patient_frame_waits_for_the_targets_and_a_detach_frees_it() {
    let (filter, news) = filter("hflip");
    let (input, receiver, collector) = collector(1);
    attach(&filter, &news, &input, 1);
    let (gone, is_gone): (Sender<()>, _) = channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // More than the target and the filter's queue have room for.
            (0..20).for_each(|index| send(&filter, &frame((32, 16), index, 1)));
            drop(gone);
        });
        filter.detach(1).unwrap();
        events_until(&filter, &news, |event| matches!(event, Event::Detached { target: 1 }));
        assert!(
            is_gone
                .recv_timeout(std::time::Duration::from_secs(20))
                .is_err_and(|error| error == RecvTimeoutError::Disconnected)
        );
    });
    close(&filter, &news);
    assert_eq!(filter.stats().frames.written, 20);
    let frames = collected(&input, &receiver);
    assert_eq!(*collector.overflows.lock(), 0);
    assert!(frames.iter().enumerate().all(|(index, (frame, _))| frame.sequence == index as u64));
    assert_balanced_after(&collector.input, frames.len() as u64);
}

fn assert_balanced_after(input: &InputState, taken: u64) {
    input.counters.written(taken);
    assert_balanced(&input.counters.snapshot());
}

#[test]
fn one_filter_feeds_another() {
    let (first, first_news) = filter("hflip");
    let (second, second_news) = filter("hflip,vflip");
    let (input, receiver, _) = collector(100);
    attach(&second, &second_news, &input, 1);
    attach(&first, &first_news, second.input(), 2);
    let frames = (0..20).map(|index| frame((32, 16), index, 1)).collect::<Vec<_>>();
    frames.iter().for_each(|frame| send(&first, frame));
    close(&first, &first_news);
    close(&second, &second_news);
    let output = collected(&input, &receiver);
    assert_eq!(output.len(), 20);
    for ((out, _), frame) in output.iter().zip(&frames) {
        let mut turned = rows(&frame.views[0]);
        turned.reverse();
        assert_eq!(rows(&out.views[0]), turned);
        assert_eq!(out.captured_ns, frame.captured_ns);
    }
}

#[test]
fn targets_learn_the_shape_before_the_first_frame() {
    let (filter, news) = filter("scale=64:32,format=yuv444p");
    let (input, receiver, _) = collector(4);
    attach(&filter, &news, &input, 1);
    filter.input().prepare(frame((32, 16), 0, 2).shape());
    let Some(Input::Shape(shape)) = receiver.next() else { panic!("no shape came") };
    assert_eq!(
        (shape.view.width, shape.view.height, shape.view.format.name().as_str(), shape.views),
        (64, 32, "yuv444p", 2)
    );
    send(&filter, &frame((32, 16), 0, 2));
    let Some(Input::Frame(out, _)) = receiver.next() else { panic!("no frame came") };
    assert_eq!(out.shape(), shape);
    close(&filter, &news);
}

#[test]
fn a_filter_that_is_dropped_ends_even_if_a_target_has_no_room() {
    let (filter, news) = filter("hflip");
    let (input, receiver, collector) = collector(1);
    attach(&filter, &news, &input, 1);
    for index in 0..4 {
        assert!(filter.input().append(frame((32, 16), index, 1), OverflowPolicy::Block));
    }
    drop(filter);
    // The thread drops its half of the news when it ends.
    let end = loop {
        match news.recv_timeout(std::time::Duration::from_secs(20)) {
            Ok(()) => {}
            Err(end) => break end,
        }
    };
    assert_eq!(end, RecvTimeoutError::Disconnected);
    let taken = collected(&input, &receiver).len() as u64;
    let ledger = collector.input.counters.snapshot();
    assert_eq!((taken, ledger.captured), (1, 1 + ledger.dropped + ledger.failed));
}

#[test]
fn bad_descriptions_name_their_field() {
    let long = "null,".repeat(20_000);
    for description in ["", "nonsense=1", "split", "hstack", "volume=1", "movie=a.mp4", "eq=contrast=wide", &long] {
        let options = FilterOptions { description: description.to_owned() };
        let error = Filter::open(&options, &SystemClock::shared(), Box::new(|| ())).err().unwrap();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("description")), "{error}");
        assert!(error.message.starts_with("Cannot use description \"") && error.message.len() < 600, "{error}");
    }
}

#[test]
fn a_closed_filter_takes_nothing() {
    let (filter, news) = filter("hflip");
    let (input, ..) = collector(1);
    assert_eq!(filter.attach(filter.input(), 1).unwrap_err().code, Code::InvalidArgument);
    close(&filter, &news);
    assert!(!filter.input().append(frame((32, 16), 0, 1), OverflowPolicy::DropNewest));
    input.close();
    assert_eq!(filter.attach(&input, 1).unwrap_err().code, Code::Closed);
}
