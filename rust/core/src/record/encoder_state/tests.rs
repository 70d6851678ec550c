//! Frames that wait for an encoder which does not run for a while, or is too slow, on a simulated clock.

use parking_lot::Mutex;

use super::*;
use crate::{
    av::{ColourTags, Picture, PixelFormat},
    base::{error::Stage, time::Rational},
    codec::Codec,
    frame::{Frame, SharedFrame},
    pipeline::{
        InputSender, OverflowPolicy, Session, Signal,
        clock::{SECOND_NS, spawn},
        input::{Input, InputReceiver, input_queue},
        report::Ledger,
    },
    pixels::{ColourSpace, planes::Rect},
    record::options::FileWriterOptions,
    source::{
        Source,
        options::{Pacing, SourceOptions, TestPatternOptions},
    },
    test_support::{
        clock::{START_NS, SimulatedClock, sleep_until},
        recording::writer_options,
        watched::Watched,
    },
};

const RATE: Rational = Rational::new(30, 1);
const SMALL: (u32, u32) = (32, 16);

/// The way into a writer's encoder; the test takes the frames instead of the encoder.
struct EncoderInput {
    clock: Arc<SimulatedClock>,
    state: Arc<EncoderState>,
    input: InputSender,
    /// The reports and their times.
    events: Vec<(u64, Event)>,
    /// Frames handed in by [`Self::feed`].
    fed: u64,
}

fn options() -> FileWriterOptions {
    writer_options(Codec::H264, "/a.mp4")
}

fn open(options: &FileWriterOptions) -> (EncoderInput, InputReceiver) {
    let clock = SimulatedClock::new();
    let time: Arc<dyn Clock> = clock.clone();
    let state = Arc::new(EncoderState::new(time.clone(), Arc::new(Reporter::new(Box::new(|| ())))));
    let (input, receiver) = input_queue(state.clone(), options.input(None), &Signal::new(&time));
    (EncoderInput { clock, state, input, events: Vec::new(), fed: 0 }, receiver)
}

fn picture(size: (u32, u32)) -> Picture {
    let mut picture = Picture::alloc(PixelFormat::YUV420P, size.0, size.1).unwrap();
    picture.set_tags(ColourTags::UNKNOWN);
    picture
}

fn frame(size: (u32, u32)) -> SharedFrame {
    frame_of(picture(size))
}

fn frame_of(picture: Picture) -> SharedFrame {
    Arc::new(Frame {
        views: smallvec::smallvec![picture],
        sequence: 0,
        pts: 0,
        time_base: RATE.inverse(),
        duration: None,
        captured_ns: 0,
        session_start_ms: 0,
        loss: None,
        coded: None,
    })
}

impl EncoderInput {
    /// Hands a frame in at each instant of the rate, as a source in real time does, `count` times.
    fn feed(&mut self, frame: &SharedFrame, count: u64) {
        for _ in 0..count {
            self.clock.pass_until(START_NS + RATE.frame_time_ns(self.fed));
            self.fed += 1;
            assert!(self.input.append(frame.clone(), OverflowPolicy::DropNewest));
            let now_ns = self.clock.now_ns();
            self.events.extend(self.state.reporter.events.take().into_iter().map(|event| (now_ns, event)));
        }
    }

    fn ledger(&self) -> Ledger {
        self.state.input.counters.snapshot()
    }

    /// When an overload was reported, and of how many frames that were dropped.
    fn overloads(&self) -> Vec<(u64, u64)> {
        let overload = |(at_ns, event): &(u64, Event)| match event {
            Event::Overload { stage: Stage::Encode, reason: DropReason::EncoderOverload, frames } => (*at_ns, *frames),
            other => panic!("{other:?}"),
        };
        self.events.iter().map(overload).collect()
    }
}

/// Every frame that waits, which is then in the file.
fn take_all(encoder: &EncoderInput, receiver: &InputReceiver) -> Vec<SharedFrame> {
    let frames = std::iter::from_fn(|| receiver.try_next()).filter_map(|input| match input {
        Input::Frame(frame, _) => Some(frame),
        Input::Upcoming(_) => None,
    });
    let frames: Vec<_> = frames.collect();
    encoder.state.input.counters.written(frames.len() as u64);
    frames
}

/// The numbers of the frames that arrive from a source in real time of which the encoder takes none for `seconds`.
fn numbers_after_a_stop(seconds: f64) -> Vec<i64> {
    let (encoder, receiver) = open(&options());
    let (width, height) = SMALL;
    let pattern = TestPatternOptions {
        width,
        height,
        frame_rate: RATE,
        colour: ColourSpace::I420,
        stereo_count: 1,
        pacing: Pacing::Realtime,
        frames: 0,
    };
    let session = Session::new(encoder.clock.clone());
    let source: Watched<Source> = Watched::source(&SourceOptions::Pattern(pattern), &session);
    source.object.attach(&encoder.input, 1).unwrap();
    source.object.start().unwrap();
    // Between two frames, so that no frame comes at the moment at which the encoder goes on.
    encoder.clock.pass(1.0 + 0.5 / 30.0);
    let mut frames = take_all(&encoder, &receiver);
    encoder.clock.pass(seconds);
    frames.extend(take_all(&encoder, &receiver));
    // From then on it keeps up.
    for _ in 0..30 {
        encoder.clock.pass(1.0 / 30.0);
        frames.extend(take_all(&encoder, &receiver));
    }
    let stats = source.object.stats();
    assert_eq!((stats.late, stats.missed, stats.lateness.max_ms), (0, 0, 0.0));
    let ledger = encoder.ledger();
    assert_eq!((ledger.captured, ledger.in_flight, encoder.input.len()), (stats.captured, 0, 0));
    assert_eq!(ledger.written, frames.len() as u64);
    let events = encoder.state.reporter.events.take();
    assert!(events.iter().all(|event| matches!(event, Event::Overload { stage: Stage::Encode, .. })), "{events:?}");
    frames.iter().map(|frame| frame.pts).collect()
}

#[test]
fn an_encoder_that_stops_for_less_than_two_seconds_costs_no_frame() {
    let numbers = numbers_after_a_stop(1.9);
    assert_eq!(numbers, (0..numbers.len() as i64).collect::<Vec<_>>());
}

#[test]
fn an_encoder_that_stops_for_three_seconds_costs_the_frames_beyond_two() {
    let numbers = numbers_after_a_stop(3.0);
    // Frame 31 was the first one that waited. The frames of the two seconds from then on waited with it.
    let expected: Vec<_> = (0..31 + 60).chain(31 + 90..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn large_frames_fill_the_bytes_before_the_time() {
    let (mut encoder, receiver) = open(&options());
    let frame = frame((3840, 2160));
    encoder.feed(&frame, 30);
    let fit = 256_000_000 / frame.bytes();
    assert_eq!(encoder.input.len() as usize, fit);
    assert!(fit < 30 && encoder.ledger().dropped == 30 - fit as u64, "{:?}", encoder.ledger());
    // The room of one that was taken is used again.
    assert!(receiver.try_next().is_some());
    encoder.feed(&frame, 2);
    assert_eq!((encoder.input.len() as usize, encoder.ledger().dropped), (fit, 31 - fit as u64));
}

#[test]
fn a_small_crop_of_large_frames_fills_the_bytes_with_the_memory_that_it_keeps() {
    let whole = picture((3840, 2160));
    let crop = Rect { x: 0, y: 0, width: 64, height: 64 };
    let cropped = frame_of(whole.reference().unwrap().crop(crop).unwrap());
    let (mut encoder, _receiver) = open(&options());
    encoder.feed(&cropped, 30);
    let waiting = encoder.input.len() as usize;
    assert_eq!(waiting, 256_000_000 / frame_of(whole).bytes());
    assert!(waiting < 30, "{waiting}");
}

#[test]
fn the_time_and_the_bytes_of_the_queue_are_the_writers_options() {
    let small = frame(SMALL);
    for (seconds, waiting) in [(0.5, 15), (4.0, 120), (0.1, 3)] {
        let (mut encoder, _receiver) = open(&FileWriterOptions { queue_seconds: seconds, ..options() });
        encoder.feed(&small, 200);
        assert_eq!((encoder.input.len(), encoder.ledger().dropped), (waiting, 200 - u64::from(waiting)));
    }
    let large = frame((640, 480));
    for bytes in [1_000_000, 5_000_000] {
        let (mut encoder, _receiver) = open(&FileWriterOptions { queue_bytes: bytes, ..options() });
        encoder.feed(&large, 40);
        assert_eq!(u64::from(encoder.input.len()), bytes / large.bytes() as u64);
    }
}

#[test]
fn a_lag_is_reported_after_a_quarter_of_the_time_or_a_second_and_before_a_frame_is_dropped() {
    for (seconds, lag_ns) in [(2.0, 500_000_000), (4.0, 1_000_000_000), (8.0, 1_000_000_000)] {
        let (mut encoder, receiver) = open(&FileWriterOptions { queue_seconds: seconds, ..options() });
        encoder.feed(&frame(SMALL), (seconds * 30.0) as u64);
        assert_eq!(encoder.ledger().dropped, 0);
        let overloads = encoder.overloads();
        assert_eq!(overloads[0], (START_NS + lag_ns, 0));
        assert!(overloads.iter().all(|(_, frames)| *frames == 0), "{overloads:?}");
        // An encoder that has caught up is not called slow.
        take_all(&encoder, &receiver);
        encoder.events.clear();
        for _ in 0..60 {
            encoder.feed(&frame(SMALL), 1);
            take_all(&encoder, &receiver);
        }
        assert_eq!(encoder.overloads(), []);
    }
}

#[test]
fn after_a_stop_the_queue_drains_and_a_closed_one_ends() {
    let (mut encoder, receiver) = open(&options());
    encoder.feed(&frame(SMALL), 90);
    assert_eq!((encoder.ledger().in_flight, encoder.input.len()), (60, 60));
    encoder.input.close();
    assert!(!receiver.is_over());
    assert!(!encoder.input.append(frame(SMALL), OverflowPolicy::DropNewest));
    assert_eq!(take_all(&encoder, &receiver).len(), 60);
    assert!(receiver.is_over());
    let ledger = encoder.ledger();
    assert_eq!((ledger.captured, ledger.written, ledger.dropped, ledger.in_flight), (90, 60, 30, 0));
}

#[test]
fn an_encoder_at_five_frames_a_second_is_reported_within_two_seconds_and_never_has_more_than_two_to_do() {
    let (mut encoder, receiver) = open(&options());
    let time: Arc<dyn Clock> = encoder.clock.clone();
    let received = Arc::<Mutex<u64>>::default();
    let (clock, count, state) = (time.clone(), received.clone(), encoder.state.clone());
    spawn(&time, "slow", move || {
        // Between two frames, so that none comes at the moment at which one is taken.
        sleep_until(&clock, START_NS + SECOND_NS / 60);
        while let Some(input) = receiver.next() {
            if matches!(input, Input::Frame(..)) {
                *count.lock() += 1;
                state.input.counters.written(1);
                sleep_until(&clock, clock.now_ns() + SECOND_NS / 5);
            }
        }
    })
    .unwrap();
    let frame = frame(SMALL);
    for _ in 0..30 * 30 {
        encoder.feed(&frame, 1);
        assert!(encoder.input.len() <= 60, "{} frames wait", encoder.input.len());
    }
    encoder.input.close();
    encoder.clock.pass(60.0);
    let ledger = encoder.ledger();
    assert_eq!((ledger.captured, ledger.in_flight, ledger.failed), (900, 0, 0));
    assert_eq!((ledger.written, ledger.written + ledger.dropped), (*received.lock(), 900));
    assert!(ledger.drops.iter().all(|drop| drop.reason == DropReason::EncoderOverload), "{ledger:?}");
    // It works all the time: five frames of each second, and what waits at the end.
    assert!((150..=210).contains(&ledger.written), "{ledger:?}");
    let overloads = encoder.overloads();
    assert!(overloads[0].0 - START_NS <= 2 * SECOND_NS && overloads[0].1 == 0, "{overloads:?}");
    // The first drop is reported at once, then at most one event a second of each kind.
    let mut reported = 0;
    let is_lag = |(_, dropped): &(u64, u64)| std::mem::replace(&mut reported, *dropped) == *dropped;
    let (lags, drops): (Vec<_>, Vec<_>) = overloads.iter().copied().partition(is_lag);
    assert_eq!(drops[0].1, 1, "{overloads:?}");
    for kind in [lags, drops] {
        assert!(kind.is_sorted_by(|a, b| b.0 - a.0 >= SECOND_NS && b.1 >= a.1), "{overloads:?}");
    }
    assert!(overloads.len() >= 25 && overloads[overloads.len() - 1].1 > 600, "{overloads:?}");
}
