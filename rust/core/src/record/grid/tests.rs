//! Places on the grid.

use super::*;
use crate::frame::test_frame;

const THIRTY: Rational = Rational::new(30, 1);
const MILLISECONDS: Rational = Rational::new(1, 1000);

fn fixed(rate: Rational, container: Container) -> Grid {
    Grid::new(RecordingRate::Fixed(rate), container)
}

/// The time of a frame that does not say for how long it is shown.
fn time(pts: i64, session_start_ms: u64) -> FrameTime {
    FrameTime { pts, time_base: MILLISECONDS, duration: None, session_start_ms }
}

fn places(rate: Rational, time_base: Rational, times: &[i64]) -> Vec<Option<i64>> {
    let mut grid = fixed(rate, Container::Mkv);
    times.iter().map(|pts| grid.place(&test_frame(*pts, time_base)).map(|placed| placed.slot)).collect()
}

/// The place of a frame of a session in milliseconds.
fn placed(grid: &mut Grid, session_start_ms: u64, pts: i64) -> Option<(i64, Option<f64>)> {
    let frame = Frame { session_start_ms, ..test_frame(pts, MILLISECONDS) };
    grid.place(&frame).map(|placed| (placed.slot, placed.jump))
}

#[test]
fn a_gap_stays_a_gap_and_the_origin_is_the_first_frame() {
    assert_eq!(places(THIRTY, THIRTY.inverse(), &[7, 8, 12, 13]), [Some(0), Some(1), Some(5), Some(6)]);
}

#[test]
fn jitter_moves_no_frame_out() {
    assert_eq!(places(THIRTY, MILLISECONDS, &[0, 18, 66, 99, 133]), [Some(0), Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!(places(THIRTY, MILLISECONDS, &[0, 33, 30, 99, 133]), [Some(0), Some(1), Some(2), Some(3), Some(4)]);
}

#[test]
fn a_faster_source_loses_exactly_the_surplus() {
    let times: Vec<i64> = (0..300).collect();
    let placed = places(Rational::new(25, 1), Rational::new(1, 30), &times);
    let kept: Vec<i64> = placed.iter().flatten().copied().collect();
    assert_eq!(kept, (0..kept.len() as i64).collect::<Vec<_>>());
    assert_eq!(kept.len(), 250);
    for (rate, fastest) in [(1, 60), (1, 50), (3, 200), (7, 1000)] {
        let times: Vec<i64> = (0..600 * fastest / 30 / rate).map(|index| index * rate).collect();
        let kept = places(THIRTY, Rational::new(1, fastest as i32), &times);
        assert!((600..=601).contains(&kept.iter().flatten().count()), "{rate}/{fastest}");
    }
}

#[test]
fn of_a_source_that_states_twice_the_rate_each_second_frame_is_left_out_from_the_first_one_on() {
    let mut grid = fixed(THIRTY, Container::Mkv);
    grid.note_source_rate(Rational::new(60, 1));
    let kept = (0..120).filter(|index| grid.place(&test_frame(*index, Rational::new(1, 60))).is_some());
    assert_eq!(kept.collect::<Vec<_>>(), (0..60).map(|index| 2 * index).collect::<Vec<_>>());
}

#[test]
fn frames_that_come_in_a_burst_after_a_stall_keep_their_places() {
    let mut times: Vec<i64> = (0..10).map(|index| index * 33).collect();
    times.extend([433, 434, 466, 500]);
    let slots: Vec<_> = places(THIRTY, MILLISECONDS, &times).into_iter().map(Option::unwrap).collect();
    assert_eq!(slots[9..], [9, 13, 14, 15, 16]);
}

#[test]
fn ntsc_frames_keep_their_numbers_for_a_day() {
    let rate = Rational::new(30000, 1001);
    let far = 2_589_411;
    assert_eq!(places(rate, rate.inverse(), &[0, far, far + 1]), [Some(0), Some(far), Some(far + 1)]);
}

#[test]
fn a_clock_that_steps_back_goes_on_after_what_is_there_and_says_by_how_much() {
    let mut grid = fixed(THIRTY, Container::Mkv);
    assert_eq!(placed(&mut grid, 0, 600_000), Some((0, None)));
    assert_eq!(placed(&mut grid, 0, 600_100), Some((3, None)));
    assert_eq!(placed(&mut grid, 0, 540_100), Some((4, Some(-60.0 - 1.0 / 30.0))));
    assert_eq!(placed(&mut grid, 0, 540_200), Some((7, None)));
}

#[test]
fn frames_of_a_second_source_follow_those_of_the_first_whatever_their_clock_shows() {
    for begin in [0, 4_000, 3_600_000] {
        let mut grid = fixed(THIRTY, Container::Mkv);
        for index in 0..90 {
            assert_eq!(placed(&mut grid, 1, 5_000 + index * 100 / 3), Some((index, None)));
        }
        let (slot, jump) = placed(&mut grid, 2, begin).unwrap();
        assert!(slot == 90 && jump.is_some());
        assert_eq!(placed(&mut grid, 2, begin + 100), Some((93, None)));
        // The program's own frames have a clock of their own.
        let (slot, jump) = placed(&mut grid, 0, begin + 300_000).unwrap();
        assert!(slot == 94 && jump.is_some());
        assert_eq!(placed(&mut grid, 0, begin + 300_033), Some((95, None)));
        assert_eq!(grid.end_after(&time(5_000, 1)), 96);
    }
}

#[test]
fn a_second_source_begins_when_the_last_frame_of_the_first_one_is_over() {
    let mut grid = fixed(THIRTY, Container::Mkv);
    let last = Frame { session_start_ms: 1, duration: Some(5000), ..test_frame(100, MILLISECONDS) };
    assert_eq!(grid.place(&last).map(|placed| placed.slot), Some(0));
    assert_eq!(placed(&mut grid, 2, 7).map(|(slot, _)| slot), Some(150));
}

#[test]
fn timebases_may_change_on_one_line() {
    let mut grid = fixed(THIRTY, Container::Mkv);
    assert_eq!(placed(&mut grid, 0, 1000), Some((0, None)));
    let slot = |grid: &mut Grid, pts, time_base| grid.place(&test_frame(pts, time_base)).unwrap();
    assert_eq!(slot(&mut grid, 31, THIRTY.inverse()), Placed { slot: 1, jump: None, cut: None });
    assert_eq!(slot(&mut grid, 96_000, Rational::new(1, 90_000)), Placed { slot: 2, jump: None, cut: None });
    assert_eq!(placed(&mut grid, 0, 1100), Some((3, None)));
}

#[test]
fn a_gap_beyond_what_the_container_can_express_is_left_out_and_reported() {
    let mut grid = fixed(THIRTY, Container::Avi);
    assert_eq!(placed(&mut grid, 0, 0), Some((0, None)));
    assert_eq!(placed(&mut grid, 0, 2_000_000), Some((60_000, None)));
    let (slot, jump) = placed(&mut grid, 0, 2_000_000 + 86_400_000).unwrap();
    assert_eq!(slot, 60_001);
    assert!((jump.unwrap() - 86_400.0).abs() < 0.1, "{jump:?}");
    let end = time(i64::MAX, 0);
    assert_eq!(grid.end_after(&end), 120_002);
}

#[test]
fn after_such_a_gap_a_recording_of_several_files_goes_on_at_its_true_time_in_another_one() {
    let mut grid = fixed(THIRTY, Container::Avi).cutting(true);
    assert_eq!(placed(&mut grid, 0, 0), Some((0, None)));
    let place = |grid: &mut Grid, pts| grid.place(&test_frame(pts, MILLISECONDS)).unwrap();
    assert_eq!(place(&mut grid, 86_400_000), Placed { slot: 30 * 86_400, jump: None, cut: Some(1) });
    assert_eq!(place(&mut grid, 86_400_100), Placed { slot: 30 * 86_400 + 3, jump: None, cut: None });
    // A clock that was set is no pause.
    let set = place(&mut grid, 1_700_000_000_000);
    assert!(set.slot == 30 * 86_400 + 4 && set.jump.is_some() && set.cut.is_none());
}

#[test]
fn absurd_times_overflow_nothing() {
    let mut grid = fixed(THIRTY, Container::Avi);
    for pts in [i64::MIN, i64::MAX, 0, i64::MIN, 5] {
        assert!(placed(&mut grid, 0, pts).is_some_and(|(slot, _)| slot < 10), "{pts}");
    }
}

/// A grid of the times of a source at 25 frames per second.
fn source(container: Container) -> Grid {
    let mut grid = Grid::new(RecordingRate::Source, container);
    grid.note_source_rate(Rational::new(25, 1));
    grid
}

#[test]
fn frames_that_keep_their_times_have_them_in_the_ticks_of_the_container() {
    let times = [1000, 1001, 1017, 1018, 21_018];
    for (container, ticks) in [(Container::Mkv, 1), (Container::Ts, 90), (Container::Mp4, 10)] {
        let mut grid = source(container);
        for pts in times {
            assert_eq!(placed(&mut grid, 0, pts), Some(((pts - 1000) * ticks, None)), "{container:?}");
        }
        assert_eq!(grid.time_base(), Rational::new(1, 1000 * ticks as i32));
    }
}

#[test]
fn no_frame_that_keeps_its_time_is_left_out_and_no_two_have_the_same_tick() {
    let mut grid = source(Container::Mkv);
    let finer = |tick: i64| test_frame(tick, Rational::new(1, 1_000_000));
    for (tick, slot) in [(0, 0), (100, 1), (200, 2), (300, 3), (3_600, 4), (100_000, 100)] {
        assert_eq!(grid.place(&finer(tick)), Some(Placed { slot, jump: None, cut: None }));
    }
}

#[test]
fn frames_that_keep_their_times_follow_by_one_period_after_a_jump() {
    let mut grid = source(Container::Mkv);
    assert_eq!(placed(&mut grid, 1, 5000), Some((0, None)));
    assert_eq!(placed(&mut grid, 1, 5070), Some((70, None)));
    assert_eq!(placed(&mut grid, 1, 1000), Some((110, Some(-4.11))));
    assert_eq!(placed(&mut grid, 1, 1007), Some((117, None)));
    let (slot, jump) = placed(&mut grid, 2, 0).unwrap();
    assert!(slot == 157 && jump.is_some());
    assert_eq!(grid.end_after(&time(100, 2)), 157 + 100 + 40);
    assert_eq!(grid.end_after(&time(100, 1)), 157 + 40);
}

#[test]
fn a_recording_lasts_as_long_as_its_last_frame_is_shown() {
    for (mut grid, period) in [(source(Container::Mkv), 1), (fixed(Rational::new(10, 1), Container::Mkv), 100)] {
        assert_eq!(placed(&mut grid, 0, 0), Some((0, None)));
        assert_eq!(placed(&mut grid, 0, 900), Some((900 / period, None)));
        assert_eq!(grid.end_after(&FrameTime { duration: Some(5000), ..time(900, 0) }), 5900 / period);
        // No frame is shown for no time.
        assert_eq!(grid.end_after(&FrameTime { duration: Some(1), ..time(900, 0) }), 900 / period + 1);
    }
}

#[test]
fn a_rate_that_encoders_do_not_take_becomes_one_that_they_do() {
    let ntsc = Rational::new(30_000, 1001);
    assert_eq!(nominal(ntsc), ntsc);
    for (rate, expected) in [((2000, 1), 240), ((1, 3600), 1), ((1_000_000, 33_333), 30), ((0, 1), 1), ((1, 0), 240)] {
        assert_eq!(nominal(Rational::new(rate.0, rate.1)), Rational::new(expected, 1), "{rate:?}");
    }
}
