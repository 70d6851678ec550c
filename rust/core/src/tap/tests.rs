//! Taps and an observer made here, on a simulated clock.

use super::*;
use crate::{
    av::{ColourTags, Picture, PixelFormat},
    base::time::Rational,
    frame::{Frame, header::FIELDS},
    pipeline::{
        OverflowPolicy,
        report::{DropReason, Ledger},
        test_target::send_all,
    },
    pixels::ColourSpace,
    source::test_pattern::draw::Pattern,
    test_support::{
        clock::{START_NS, SimulatedClock},
        watched::Watched,
    },
};

const SIZE: (u32, u32) = (64, 48);

/// A tap, and the clock whose time it keeps.
fn open(options: TapOptions) -> (Watched<Tap>, Arc<SimulatedClock>) {
    let clock = SimulatedClock::new();
    let time: Arc<dyn Clock> = clock.clone();
    (Watched::tap(options, &time), clock)
}

fn options() -> TapOptions {
    serde_json::from_str(r#"{"colour":"i420"}"#).unwrap()
}

/// Frame `index` of the pattern, thirty a second.
fn frame(index: u64) -> Arc<Frame> {
    let pattern = Pattern::new(SIZE.0 as usize, SIZE.1 as usize, ColourSpace::I420);
    let mut picture = Picture::alloc(PixelFormat::YUV420P, SIZE.0, SIZE.1).unwrap();
    picture.set_tags(ColourTags { range: 1, ..ColourTags::UNKNOWN });
    pattern.draw(index, 0, &mut picture.view_mut().unwrap().unwrap());
    let time_base = Rational::new(1, 30);
    let pts = index.cast_signed();
    Arc::new(Frame {
        views: smallvec::smallvec![picture],
        sequence: index,
        pts,
        time_base,
        duration: None,
        captured_ns: START_NS,
        session_start_ms: 7,
        loss: None,
        coded: None,
    })
}

/// Takes the next frame's number, waiting for it; `None` at the end.
fn take(tap: &mut Watched<Tap>, outcome: ObserverOutcome, data: &mut Vec<u8>) -> Option<u64> {
    let mut header = [0.0; FIELDS.len()];
    let mut outcome = outcome;
    tap.wait_until(|tap| {
        loop {
            let exchange = tap.object.exchange(outcome, &mut header, data).unwrap();
            outcome = ObserverOutcome::None;
            match exchange {
                Exchange::Frame => return Some(Some(header[5] as u64)),
                Exchange::Nothing => return None,
                Exchange::MoreRoom => data.resize(header[4] as usize, 0),
                Exchange::End => return Some(None),
            }
        }
    })
}

/// The numbers of the frames that are taken one after the other, to the end.
fn take_all(tap: &mut Watched<Tap>) -> Vec<u64> {
    let mut data = Vec::new();
    let mut seen = Vec::new();
    let mut outcome = ObserverOutcome::None;
    while let Some(index) = take(tap, outcome, &mut data) {
        seen.push(index);
        outcome = ObserverOutcome::Observed;
    }
    seen
}

fn assert_conserved(ledger: &Ledger) {
    assert_eq!(ledger.captured, ledger.written + ledger.dropped + ledger.failed + ledger.in_flight, "{ledger:?}");
}

#[test]
fn every_frame_is_taken_in_its_order_and_the_end_is_reported() {
    let (mut tap, clock) = open(options());
    let time: Arc<dyn Clock> = clock.clone();
    send_all(&time, tap.object.input(), (0..200).map(frame));
    let mut data = Vec::new();
    for index in 0..200 {
        let outcome = if index % 3 == 1 { ObserverOutcome::Failed } else { ObserverOutcome::Observed };
        assert_eq!(take(&mut tap, outcome, &mut data), Some(index));
    }
    assert_eq!(data.len(), 64 * 48 * 3 / 2);
    assert_eq!(take(&mut tap, ObserverOutcome::Observed, &mut data), None);
    assert_eq!(take(&mut tap, ObserverOutcome::None, &mut data), None);
    let frames = tap.object.stats().frames;
    assert_conserved(&frames);
    assert_eq!((frames.written, frames.failed, frames.in_flight), (133, 67, 0));
    assert!(!tap.object.input().append(frame(0), OverflowPolicy::DropNewest));
}

#[test]
fn a_frame_that_does_not_fit_is_not_lost() {
    let (tap, clock) = open(options());
    assert!(tap.object.input().append(frame(5), OverflowPolicy::Block));
    clock.settle();
    let mut header = [0.0; FIELDS.len()];
    for _ in 0..3 {
        assert_eq!(tap.object.exchange(ObserverOutcome::None, &mut header, &mut [0; 10]).unwrap(), Exchange::MoreRoom);
        let mut short = [0.0; FIELDS.len() - 1];
        assert!(tap.object.exchange(ObserverOutcome::None, &mut short, &mut [0; 10]).is_err());
    }
    let mut data = vec![0; header[4] as usize];
    assert_eq!(tap.object.exchange(ObserverOutcome::None, &mut header, &mut data).unwrap(), Exchange::Frame);
    assert_eq!((header[5], header[10]), (5.0, 7.0));
    assert_eq!(tap.object.exchange(ObserverOutcome::Observed, &mut header, &mut data).unwrap(), Exchange::Nothing);
}

#[test]
fn in_real_time_a_full_queue_drops_the_new_frames_and_the_newest_only_the_old_ones() {
    let all = TapOptions { queue: 2, ..options() };
    let latest = TapOptions { policy: FramePolicy::Latest, ..options() };
    // Two are converted, the thread waits with the next, and two wait for it; or the newest one is converted.
    let expected: [(_, Vec<u64>, _); 2] =
        [(all, (0..5).collect(), DropReason::ObserverOverload), (latest, vec![49], DropReason::Superseded)];
    for (options, expected, reason) in expected {
        let (mut tap, clock) = open(options);
        for index in 0..50 {
            assert!(tap.object.input().append(frame(index), OverflowPolicy::DropNewest));
            clock.settle();
        }
        tap.object.close();
        assert_eq!(take_all(&mut tap), expected);
        let frames = tap.object.stats().frames;
        assert_conserved(&frames);
        assert_eq!((frames.captured, frames.written), (50, expected.len() as u64));
        assert!(frames.drops.iter().all(|drop| drop.reason == reason), "{frames:?}");
    }
}

#[test]
fn a_slow_observer_is_reported_at_most_once_a_second_and_one_of_the_newest_frame_never() {
    for (policy, reason) in
        [(FramePolicy::All, DropReason::ObserverOverload), (FramePolicy::Latest, DropReason::Superseded)]
    {
        let (mut tap, clock) = open(TapOptions { policy, ..options() });
        let mut data = Vec::new();
        let mut taken = Vec::new();
        // Of thirty frames a second, it takes five.
        for index in 0..300 {
            tap.listen_until(START_NS + Rational::new(30, 1).frame_time_ns(index));
            assert!(tap.object.input().append(frame(index), OverflowPolicy::DropNewest));
            clock.settle();
            if index % 6 == 5 {
                taken.extend(take(&mut tap, ObserverOutcome::Observed, &mut data).map(|number| index - number));
            }
        }
        tap.listen();
        let overload = |event: &Event| matches!(event, Event::Overload { reason: of, .. } if *of == reason);
        let heard = tap.heard(overload);
        assert!(heard.is_sorted_by(|a, b| b - a >= 1_000_000_000), "{heard:?}");
        let frames = tap.object.stats().frames;
        assert_conserved(&frames);
        assert!(frames.drops.iter().all(|drop| drop.reason == reason), "{frames:?}");
        if policy == FramePolicy::Latest {
            assert!(heard.is_empty() && taken.iter().all(|age| *age == 0), "{taken:?}");
        } else {
            assert_eq!(heard.len(), 10);
        }
        assert_eq!((frames.captured, taken.len()), (300, 50));
    }
}

#[test]
fn frames_come_in_the_form_asked_for() {
    let sizes = [((Some(32), Some(24)), (32, 24)), ((Some(32), None), (32, 24)), ((None, Some(96)), (128, 96))];
    for ((width, height), (columns, rows)) in sizes {
        for colour in crate::pixels::COLOUR_SPACES {
            let (mut tap, _) = open(TapOptions { colour: Some(colour), width, height, ..options() });
            assert!(tap.object.input().append(frame(1), OverflowPolicy::Block));
            let mut data = Vec::new();
            assert_eq!(take(&mut tap, ObserverOutcome::None, &mut data), Some(1));
            let length = crate::pixels::planes::Layout::from(colour).picture_bytes(columns, rows);
            assert_eq!(data.len(), length, "{colour:?} {columns}x{rows}");
        }
    }
}

#[test]
fn a_tap_that_is_dropped_lets_its_sender_and_its_thread_go() {
    let (tap, clock) = open(TapOptions { queue: 1, ..options() });
    let time: Arc<dyn Clock> = clock.clone();
    let input = tap.object.input().clone();
    let state = Arc::downgrade(&tap.object.state);
    // A sender that blocks, until the tap is gone.
    let sender = send_all(&time, &input, (0..10).map(frame));
    clock.pass(1.0);
    assert!(!sender.has_ended());
    drop(tap);
    clock.settle();
    assert!(sender.has_ended());
    assert!(!input.append(frame(0), OverflowPolicy::Block));
    assert!(input.is_closed());
    // Only the input, which is held here, keeps the accounts alive; the thread has ended.
    drop(input);
    assert_eq!(state.strong_count(), 0);
}
