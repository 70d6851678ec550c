//! What happens to a device is an event with a cause and a time, and the source goes on.

use std::sync::Arc;

use super::scripted::{Bench, Step, bench, frames, ms, open, scripted, unplugged};
use crate::{
    base::error::{Code, Error, Stage},
    pipeline::{Clock, Signal, live::LiveState, report::Event},
    source::live::{
        capture::{Capture, News},
        driver::{Loss, Received},
    },
    test_support::clock::SimulatedClock,
};

fn lost(at_ms: u64) -> (u64, Step) {
    (ms(at_ms), Step::Lost(Loss::Lost(unplugged())))
}

fn no_signal() -> Error {
    Error::new(Code::NoSignal, Stage::Source, "Cannot get frames from the device: it has no signal")
}

/// A first frame at 0 ms, which only shows the shape, then `steps`.
fn first_then(steps: Vec<(u64, Step)>) -> Vec<(u64, Step)> {
    [frames(0, 1, 0), steps].concat()
}

#[test]
fn a_device_that_was_unplugged_is_lost_at_once_and_its_frames_go_on_when_it_is_back() {
    let first = first_then([frames(100, 5, 1), vec![lost(550)]].concat());
    let gone = || (0, Err(unplugged()));
    let mut bench = bench(vec![(0, Ok(first)), gone(), gone(), (0, Ok(frames(2000, 5, 0)))]);
    bench.pass_until(2450);
    assert_eq!(bench.captured(), [95, 195, 295, 395, 495, 1995, 2095, 2195, 2295, 2395]);
    let states = bench.states();
    assert_eq!(states, [(550, LiveState::Lost, Some(Code::DeviceLost)), (2000, LiveState::Live, None)]);
    // Tried again after 0.1, 0.2 and 0.4 s, each ± 20 %.
    let starts: Vec<_> = bench.calls.lock().starts.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000_000).collect();
    assert!((80 + 550..=120 + 550).contains(&starts[0]), "{starts:?}");
    assert!((160..=240).contains(&starts[1]) && (320..=480).contains(&starts[2]), "{starts:?}");
    let live = bench.live();
    assert_eq!((live.gap_count, live.starts, live.lost), (1, 2, 0));
    let gap = &live.gaps[0];
    assert_eq!((gap.from_seconds, gap.seconds, gap.cause.code), (0.4, 1.5, Code::DeviceLost));
    assert_eq!(gap.began_at, "2026-01-01T00:00:01.495Z");
    let events = bench.source.events.iter().find_map(|(_, event)| match event {
        Event::State { gap: Some(gap), .. } => Some((**gap).clone()),
        _ => None,
    });
    assert_eq!(events.as_ref(), Some(gap));
}

#[test]
fn the_frame_after_a_gap_says_what_is_missing_before_it() {
    let first = first_then([frames(100, 2, 1), frames(300, 1, 7), vec![lost(350)]].concat());
    let bench = &mut bench(vec![(0, Ok(first)), (0, Ok(frames(1000, 2, 0)))]);
    bench.pass_until(1200);
    let frames = bench.target.take_all();
    let losses: Vec<_> = frames
        .iter()
        .map(|frame| {
            let loss = frame.loss.as_ref()?;
            Some((loss.frames, loss.gap.as_ref().map(|gap| (gap.from_ns, gap.to_ns, gap.cause.code))))
        })
        .collect();
    let gap = (ms(295), ms(995), Code::DeviceLost);
    assert_eq!(losses, [None, None, Some((4, None)), Some((0, Some(gap))), None]);
    assert_eq!(bench.live().lost, 4);
}

#[test]
fn silence_is_a_stall_after_half_a_second_and_a_loss_after_two() {
    let first = first_then(frames(100, 3, 1));
    let mut bench = bench(vec![(0, Ok(first)), (0, Ok(frames(4000, 2, 0)))]);
    bench.pass_until(4200);
    assert_eq!(
        bench.states(),
        [
            (800, LiveState::Stalled, Some(Code::SourceSilent)),
            (2300, LiveState::Lost, Some(Code::SourceSilent)),
            (4000, LiveState::Live, None)
        ]
    );
    // It was closed and started anew.
    assert_eq!(bench.calls.lock().closes, [ms(2300)]);
    assert_eq!(bench.captured(), [95, 195, 295, 3995, 4095]);
    assert_eq!(bench.live().gap_count, 1);
}

#[test]
fn a_stall_that_ends_by_itself_starts_nothing_anew() {
    let mut bench = bench(vec![(0, Ok(first_then([frames(100, 3, 1), frames(1500, 3, 4)].concat())))]);
    bench.pass_until(1800);
    let stalled = (800, LiveState::Stalled, Some(Code::SourceSilent));
    assert_eq!(bench.states(), [stalled, (1500, LiveState::Live, None)]);
    let live = bench.live();
    assert_eq!((live.starts, live.gap_count, live.gaps[0].seconds), (1, 1, 1.2));
}

#[test]
fn a_driver_that_does_not_return_holds_up_neither_a_report_nor_a_request_nor_a_close() {
    let mut bench =
        bench(vec![(0, Ok(first_then([frames(100, 3, 1), vec![(ms(310), Step::Hang(ms(60_000)))]].concat())))]);
    bench.pass_until(5000);
    let states = bench.states();
    // Its thread gets the chance to fetch what may have come.
    assert_eq!(states[0], (900, LiveState::Stalled, Some(Code::SourceSilent)));
    assert_eq!(states[1], (2300, LiveState::Lost, Some(Code::SourceSilent)));
    bench.source.object.detach(1).unwrap();
    bench.source.wait_for(|event| matches!(event, Event::Detached { target: 1 }));
    assert_eq!(bench.source.events.last().unwrap().0, ms(5000));
    bench.source.object.close();
    bench.source.wait_for(|event| matches!(event, Event::Closed { .. }));
    // The driver has two seconds to let go of its device.
    assert_eq!(bench.source.events.last().unwrap().0, ms(7000));
}

#[test]
fn frames_that_only_come_late_on_a_busy_machine_are_no_gap() {
    // The driver's thread does not run for a second; its frames were captured in time all the same.
    let late = (0..10).map(|index: i64| {
        let age_ns = Some((1300 - 400 - 100 * index) * 1_000_000 + 5_000_000);
        (ms(1300), Step::Frame { age_ns, sequence: Some(4 + index as u32) })
    });
    let first = first_then([frames(100, 3, 1), vec![(ms(310), Step::Hang(ms(1300)))], late.collect()].concat());
    let mut bench = bench(vec![(0, Ok(first))]);
    bench.pass_until(1350);
    assert_eq!(bench.captured(), [95, 195, 295, 395, 495, 595, 695, 795, 895, 995, 1095, 1195, 1295]);
    let stalled = (900, LiveState::Stalled, Some(Code::SourceSilent));
    assert_eq!(bench.states(), [stalled, (1300, LiveState::Live, None)]);
    let live = bench.live();
    assert_eq!((live.gap_count, live.lost), (0, 0));
}

#[test]
fn frames_that_the_source_is_too_busy_to_take_are_missed_and_not_lost_too() {
    let clock = SimulatedClock::new();
    let time: Arc<dyn Clock> = clock.clone();
    let signal = Signal::new(&time);
    let driver = scripted(&time, vec![(0, Ok(frames(0, 50, 0)))]);
    let mut capture = Capture::spawn(driver, &signal, 1_000_000_000).unwrap();
    capture.start(0);
    clock.pass(4.0);
    let mut sequences = Vec::new();
    let mut take = |capture: &Capture| {
        while let Some((news, _)) = capture.try_recv() {
            if let News::Received(Received::Picture(_, stamp)) = news {
                sequences.push((stamp.sequence.unwrap(), stamp.missed_before));
            }
        }
    };
    take(&capture);
    clock.pass(2.0);
    take(&capture);
    // The oldest frame may wait for two seconds; the others up to 4 s found no room.
    let missed = capture.missed();
    assert!((19..=21).contains(&missed), "{missed}");
    // Each is stated once, by the next frame that was taken.
    let stated: Vec<_> = sequences.iter().map(|(_, missed)| *missed).filter(|missed| *missed > 0).collect();
    assert_eq!((stated, sequences.len() as u64 + missed), (vec![missed], 50));
}

#[test]
fn a_device_without_a_signal_is_in_a_state_of_its_own_until_the_signal_is_back() {
    let first = first_then([frames(100, 3, 1), vec![(ms(350), Step::Lost(Loss::Lost(no_signal())))]].concat());
    let dark = || (0, Err(no_signal()));
    let mut bench = bench(vec![(0, Ok(first)), dark(), dark(), (0, Ok(frames(3400, 2, 0)))]);
    bench.pass_until(3600);
    assert_eq!(bench.states(), [(350, LiveState::NoSignal, Some(Code::NoSignal)), (3400, LiveState::Live, None)]);
    assert_eq!(bench.captured(), [95, 195, 295, 3395, 3495]);
    // The device stays open.
    assert!(bench.calls.lock().closes.is_empty());
    assert_eq!(bench.live().gaps[0].cause.code, Code::NoSignal);
}

#[test]
fn a_signal_of_another_form_is_taken_up_at_once_and_is_no_loss() {
    let changed = (ms(350), Step::Lost(Loss::Changed));
    let wide = (0..3).map(|index| (ms(400 + 100 * index), Step::Sized(48, 20))).collect();
    let mut bench = bench(vec![(0, Ok(first_then([frames(100, 3, 1), vec![changed]].concat()))), (0, Ok(wide))]);
    bench.pass_until(650);
    assert_eq!(bench.states(), []);
    let resized = |event: &Event| matches!(event, Event::Resize { width: 48, height: 20 });
    assert_eq!(bench.source.heard(resized), [ms(400)]);
    assert_eq!(bench.captured(), [95, 195, 295, 400, 500, 600]);
}

#[test]
fn damaged_frames_are_left_out_and_counted() {
    let damaged = |at_ms, sequence| (ms(at_ms), Step::Damaged(sequence));
    let steps = [frames(100, 2, 1), vec![damaged(300, 3), damaged(400, 4)], frames(500, 2, 5)].concat();
    let mut bench = bench(vec![(0, Ok(first_then(steps)))]);
    bench.pass_until(650);
    assert_eq!(bench.captured(), [95, 195, 495, 595]);
    assert_eq!((bench.live().damaged, bench.live().lost), (2, 0));
}

#[test]
fn an_attempt_that_fails_as_the_one_before_is_no_further_event() {
    let first = first_then([frames(100, 1, 1), vec![lost(150)]].concat());
    let busy = || Error::new(Code::DeviceBusy, Stage::Source, "Cannot open the device: it is in use");
    let mut script = vec![(0, Ok(first))];
    script.extend((0..3).map(|_| (0, Err(unplugged()))));
    script.extend((0..3).map(|_| (0, Err(busy()))));
    let mut bench: Bench = bench(script);
    bench.pass_until(60_000);
    let codes: Vec<_> = bench.states().iter().map(|(_, state, code)| (*state, *code)).collect();
    let expected = [Code::DeviceLost, Code::DeviceBusy, Code::DeviceLost].map(|code| (LiveState::Lost, Some(code)));
    assert_eq!(codes, expected);
    // It never gives up, and waits for 5 s ± 20 % at most.
    let starts = bench.calls.lock().starts.clone();
    assert!(starts.len() > 14, "{starts:?}");
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] <= 6_000_000_000), "{starts:?}");
}

#[test]
fn only_the_first_opening_can_fail() {
    let (_, _, source) = open(vec![(0, Err(unplugged()))]);
    assert_eq!(source.err().unwrap().code, Code::DeviceLost);
    let (clock, calls, source) = open(vec![(0, Ok(Vec::new()))]);
    let error = source.err().unwrap();
    assert_eq!(error.code, Code::DeviceOffline);
    assert_eq!(error.message, "Cannot open the device \"test\": no frame came within 5.0 s");
    // The device was let go of.
    assert_eq!(calls.lock().closes.len(), 1);
    assert_eq!((clock_ms(&clock), calls.lock().starts.len()), (5000, 1));
}

fn clock_ms(clock: &crate::test_support::clock::SimulatedClock) -> u64 {
    use crate::pipeline::Clock;
    (clock.now_ns() - ms(0)) / 1_000_000
}

#[test]
fn a_defect_of_a_driver_ends_its_source_with_an_error() {
    let mut bench = bench(vec![(0, Ok(first_then([frames(100, 2, 1), vec![(ms(250), Step::Panic)]].concat())))]);
    bench.pass_until(1000);
    let failed = bench.source.heard(|event| matches!(event, Event::Error { error } if error.code == Code::Internal));
    assert_eq!(failed, [ms(250)]);
    assert_eq!(bench.captured(), [95, 195]);
    bench.source.object.close();
    bench.source.wait_for(|event| matches!(event, Event::Closed { error: Some(_), .. }));
}
