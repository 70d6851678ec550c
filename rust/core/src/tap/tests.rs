use std::{sync::mpsc, time::Duration};

use super::*;
use crate::{
    av::{ColourTags, Picture, PixelFormat},
    base::time::Rational,
    frame::{Frame, header::FIELDS},
    pipeline::{
        OverflowPolicy, SystemClock,
        report::{DropReason, Ledger},
    },
    pixels::ColourSpace,
    source::test_pattern::draw::Pattern,
};

const SIZE: (u32, u32) = (64, 48);

/// A tap, and the receiver of its notifications.
fn open(options: TapOptions) -> (Tap, mpsc::Receiver<()>) {
    let (sender, woken) = mpsc::channel();
    let tap = Tap::open(
        options,
        &SystemClock::shared(),
        Box::new(move || {
            let _ = sender.send(());
        }),
    )
    .unwrap();
    (tap, woken)
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
    let captured_ns = crate::sys::monotonic_ns();
    Arc::new(Frame {
        views: smallvec::smallvec![picture],
        sequence: index,
        pts,
        time_base,
        captured_ns,
        session_start_ms: 7,
    })
}

/// Sends a frame once there is room.
fn give(tap: &Tap, index: u64) {
    while !tap.input().has_room() {
        std::thread::yield_now();
    }
    assert!(tap.input().append(frame(index), OverflowPolicy::Block));
}

/// Takes the next frame's number, waiting for it; `None` at the end.
fn take(tap: &Tap, woken: &mpsc::Receiver<()>, outcome: ObserverOutcome, data: &mut Vec<u8>) -> Option<u64> {
    let mut header = [0.0; FIELDS.len()];
    let mut outcome = outcome;
    loop {
        match tap.exchange(outcome, &mut header, data).unwrap() {
            Exchange::Frame => return Some(header[5] as u64),
            Exchange::Nothing => woken.recv_timeout(Duration::from_secs(10)).expect("a wake-up"),
            Exchange::MoreRoom => data.resize(header[4] as usize, 0),
            Exchange::End => return None,
        }
        outcome = ObserverOutcome::None;
    }
}

fn assert_conserved(ledger: &Ledger) {
    assert_eq!(ledger.captured, ledger.written + ledger.dropped + ledger.failed + ledger.in_flight, "{ledger:?}");
}

#[test]
fn every_frame_is_taken_in_its_order_and_the_end_is_reported() {
    let (tap, woken) = open(options());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..200).for_each(|index| give(&tap, index));
            tap.close();
        });
        let mut data = Vec::new();
        for index in 0..200 {
            let outcome = if index % 3 == 1 { ObserverOutcome::Failed } else { ObserverOutcome::Observed };
            assert_eq!(take(&tap, &woken, outcome, &mut data), Some(index));
        }
        assert_eq!(data.len(), 64 * 48 * 3 / 2);
        assert_eq!(take(&tap, &woken, ObserverOutcome::Observed, &mut data), None);
        assert_eq!(take(&tap, &woken, ObserverOutcome::None, &mut data), None);
    });
    let frames = tap.stats().frames;
    assert_conserved(&frames);
    assert_eq!((frames.written, frames.failed, frames.in_flight), (133, 67, 0));
    assert!(!tap.input().append(frame(0), OverflowPolicy::DropNewest));
}

#[test]
fn a_frame_that_does_not_fit_is_not_lost() {
    let (tap, woken) = open(options());
    give(&tap, 5);
    woken.recv_timeout(Duration::from_secs(10)).unwrap();
    let mut header = [0.0; FIELDS.len()];
    for _ in 0..3 {
        assert_eq!(tap.exchange(ObserverOutcome::None, &mut header, &mut [0; 10]).unwrap(), Exchange::MoreRoom);
        assert!(tap.exchange(ObserverOutcome::None, &mut [0.0; FIELDS.len() - 1], &mut [0; 10]).is_err());
    }
    let mut data = vec![0; header[4] as usize];
    assert_eq!(tap.exchange(ObserverOutcome::None, &mut header, &mut data).unwrap(), Exchange::Frame);
    assert_eq!((header[5], header[10]), (5.0, 7.0));
    assert_eq!(tap.exchange(ObserverOutcome::Observed, &mut header, &mut data).unwrap(), Exchange::Nothing);
}

#[test]
fn in_real_time_a_full_queue_drops_the_new_frames_and_the_newest_only_the_old_ones() {
    for (policy, first) in [(FramePolicy::All, Some(0)), (FramePolicy::Latest, None)] {
        let queue = if policy == FramePolicy::All { 2 } else { 8 };
        let (tap, woken) = open(TapOptions { policy, queue, ..options() });
        (0..50).for_each(|index| assert!(tap.input().append(frame(index), OverflowPolicy::DropNewest)));
        tap.close();
        let mut data = Vec::new();
        let mut seen = Vec::new();
        let mut outcome = ObserverOutcome::None;
        while let Some(index) = take(&tap, &woken, outcome, &mut data) {
            seen.push(index);
            outcome = ObserverOutcome::Observed;
        }
        assert!(seen.is_sorted() && !seen.is_empty());
        if first.is_some() {
            assert_eq!(seen.first().copied(), first);
        } else {
            assert_eq!(seen.last(), Some(&49));
        }
        let frames = tap.stats().frames;
        assert_conserved(&frames);
        assert_eq!((frames.captured, frames.written), (50, seen.len() as u64));
        let reason = if policy == FramePolicy::All { DropReason::ObserverOverload } else { DropReason::Superseded };
        assert!(frames.drops.iter().all(|drop| drop.reason == reason), "{frames:?}");
    }
}

#[test]
fn frames_come_in_the_form_asked_for() {
    let sizes = [((Some(32), Some(24)), (32, 24)), ((Some(32), None), (32, 24)), ((None, Some(96)), (128, 96))];
    for ((width, height), (columns, rows)) in sizes {
        for colour in crate::pixels::COLOUR_SPACES {
            let (tap, woken) = open(TapOptions { colour: Some(colour), width, height, ..options() });
            give(&tap, 1);
            let mut data = Vec::new();
            assert_eq!(take(&tap, &woken, ObserverOutcome::None, &mut data), Some(1));
            let length = crate::pixels::planes::Layout::from(colour).picture_bytes(columns, rows);
            assert_eq!(data.len(), length, "{colour:?} {columns}x{rows}");
        }
    }
}

#[test]
fn a_tap_that_is_dropped_lets_its_sender_and_its_thread_go() {
    let (tap, _woken) = open(TapOptions { queue: 1, ..options() });
    let input = tap.input().clone();
    for index in 0..10 {
        let _ = input.append(frame(index), OverflowPolicy::DropNewest);
    }
    drop(tap);
    assert!(!input.append(frame(0), OverflowPolicy::Block));
    assert!(input.is_closed());
}
