use super::*;

const RATE: u32 = 90_000;
const SECOND: u64 = 1_000_000_000;
const START: u64 = 50 * SECOND;

/// Runs frames of 25 per second; the sender's clock is fast by `ppm`, and `delay_ns` is that of each frame. Returns
/// capture times and arrivals.
fn run(clock: &mut RtpClock, frames: u64, ppm: f64, delay_ns: impl Fn(u64) -> u64) -> Vec<(u64, u64, u64)> {
    (0..frames)
        .map(|index| {
            let true_ns = START + index * SECOND / 25;
            let ticks = (index as f64 * 3600.0 * (1.0 + ppm / 1e6)) as i64;
            let arrival_ns = true_ns + delay_ns(index);
            (clock.captured_ns(ticks, RATE, arrival_ns), arrival_ns, true_ns)
        })
        .collect()
}

#[test]
fn jitter_is_taken_out_and_no_time_is_in_the_future_or_goes_back() {
    for ppm in [0.0, 200.0, -200.0] {
        // 3 ms, and up to 47 ms more.
        let frames = run(&mut RtpClock::default(), 20_000, ppm, |index| 3_000_000 + index * 7919 % 48 * 1_000_000);
        assert!(frames.iter().all(|(captured, arrival, _)| captured <= arrival));
        assert!(frames.is_sorted_by(|a, b| a.0 < b.0));
        for (captured, _, true_ns) in &frames[500..] {
            let error = captured.abs_diff(true_ns + 3_000_000);
            assert!(error < 6_000_000, "{ppm} ppm: {error} ns");
        }
    }
}

#[test]
fn a_burst_of_old_frames_at_the_start_sets_no_wrong_offset() {
    // The server sends a second of video at once.
    let delay = |index: u64| if index < 25 { SECOND - index * SECOND / 25 } else { 2_000_000 };
    let frames = run(&mut RtpClock::default(), 100, 0.0, delay);
    assert!(frames.iter().all(|(captured, arrival, _)| captured <= arrival));
    assert!(frames[26..].iter().all(|(captured, _, true_ns)| captured.abs_diff(*true_ns) < 3_000_000));
}

#[test]
fn a_sender_that_is_far_too_slow_is_followed_by_new_offsets() {
    let frames = run(&mut RtpClock::default(), 25 * 3600, -3000.0, |_| 1_000_000);
    for (captured, arrival, _) in &frames {
        assert!(arrival - captured < 400_000_000, "{} ns", arrival - captured);
    }
    assert!(frames.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn a_jump_of_the_sender_begins_a_new_mapping_at_its_arrival() {
    let mut clock = RtpClock::default();
    let at = |index: u64| START + index * SECOND / 25;
    for (index, ticks) in
        [(0, 0), (1, 3600), (2, 90_000 * 3600), (3, 90_000 * 3600 + 3600), (4, -5_000_000), (5, -4_996_400)]
    {
        let captured = clock.captured_ns(ticks, RATE, at(index));
        assert!(captured.abs_diff(at(index)) < 1000, "{index}");
    }
    // Pictures that are shown in another order than they are sent go back a little.
    assert!(clock.captured_ns(-4_996_400 - 7200, RATE, at(6)) < at(4));
    // No number makes it panic.
    clock.captured_ns(i64::MAX, 0, u64::MAX);
    assert_eq!(clock.captured_ns(i64::MIN, RATE, at(7)), at(7));
}

#[test]
fn the_wall_clock_of_the_sender_is_that_of_its_last_report() {
    let mut clock = SenderClock::default();
    assert_eq!(clock.at(0, RATE), None);
    // 2020-01-01T00:00:00.5Z
    clock.report((2_208_988_800 + 1_577_836_800) << 32 | 1 << 31, 90_000);
    assert_eq!(clock.at(180_000, RATE), Some(1_577_836_801_500.0));
    assert_eq!(clock.at(0, RATE), Some(1_577_836_799_500.0));
    for ntp in [0, 5 << 32] {
        clock.report(ntp, 0);
        assert_eq!(clock.at(0, RATE), None);
    }
}
