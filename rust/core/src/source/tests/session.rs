//! Sources of one session share its beginning.

use super::*;
use crate::test_support::clock::WALL_CLOCK_MS;

/// The session starts that the frames of two sources carry, of which the second one is attached two seconds later.
fn session_starts(first: &Arc<Session>, second: &Arc<Session>, clock: &Arc<SimulatedClock>) -> [Vec<u64>; 2] {
    let options = SourceOptions::Pattern(pattern_options(THIRTY, Pacing::Realtime, 0));
    let time: Arc<dyn Clock> = clock.clone();
    let targets = [first, second].map(|session| {
        let (source, target) = (Watched::source(&options, session), TestTarget::new(&time, NO_LIMITS));
        start(&source, &target);
        clock.pass(2.0);
        (source, target)
    });
    targets.map(|(_, target)| target.take_all().iter().map(|frame| frame.session_start_ms).collect())
}

#[test]
fn two_sources_of_one_session_carry_the_same_start() {
    let (clock, time) = simulated();
    clock.pass(0.5);
    let session = Session::new(time);
    assert_eq!(session.origin(), None);
    let [first, second] = session_starts(&session, &session, &clock);
    assert_eq!((first.len(), second.len()), (121, 61));
    let origin = session.origin().unwrap();
    assert_eq!((origin.monotonic_ns, origin.wall_clock_ms), (START_NS + 500_000_000, WALL_CLOCK_MS + 1500));
    assert!(first.iter().chain(&second).all(|start| *start == WALL_CLOCK_MS + 1500));
}

#[test]
fn a_source_alone_has_a_session_of_its_own() {
    let (clock, time) = simulated();
    let [first, second] = session_starts(&Session::new(time.clone()), &Session::new(time), &clock);
    assert!(first.iter().all(|start| *start == WALL_CLOCK_MS + 1000));
    assert!(second.iter().all(|start| *start == WALL_CLOCK_MS + 3000));
}
