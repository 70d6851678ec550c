use super::*;
use crate::{
    av::Picture,
    base::time::Rational,
    pipeline::{Clock, test_target::TestTarget},
    test_support::clock::{START_NS, SimulatedClock},
};

fn frame(index: u64) -> SharedFrame {
    Arc::new(Frame {
        views: smallvec::smallvec![Picture::alloc(PixelFormat::YUV420P, 16, 16).unwrap()],
        sequence: index,
        pts: index.cast_signed(),
        time_base: Rational::new(1, 30),
        duration: None,
        captured_ns: START_NS,
        session_start_ms: 7,
        loss: None,
        coded: None,
    })
}

/// The rest of four frames that a sender with `policy` appends to room for two.
fn left_of_four(policy: OverflowPolicy) -> Vec<u64> {
    let clock: Arc<dyn Clock> = SimulatedClock::new();
    let target = TestTarget::new(&clock, Limits::frames(2));
    for index in 0..4 {
        assert!(target.input.append(frame(index), policy));
    }
    let left: Vec<_> = target.take_all().iter().map(|frame| frame.sequence).collect();
    let ledger = target.sink.input.counters.snapshot();
    assert_eq!((ledger.captured, ledger.written, ledger.dropped), (4, 2, 2));
    left
}

#[test]
fn the_policy_of_a_sender_decides_which_frames_are_dropped() {
    assert_eq!(left_of_four(OverflowPolicy::DropNewest), [0, 1]);
    assert_eq!(left_of_four(OverflowPolicy::DropOldest), [2, 3]);
}
