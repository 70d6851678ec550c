//! Sources on a simulated clock: what is seen does not depend on how fast the machine is.

mod blocking;
mod live;
mod pacing;
mod producers;
mod rest;
mod session;

pub(super) use self::producers::{picture, shape_of, test_info};
use std::sync::Arc;

use super::{
    Source,
    options::{Pacing, SourceOptions, TestPatternOptions},
};
use crate::{
    base::time::Rational,
    frame::SharedFrame,
    pipeline::{Clock, Session, input::Limits, report::Event, test_target::TestTarget},
    pixels::ColourSpace,
    test_support::{
        clock::{START_NS, SimulatedClock},
        watched::Watched,
    },
};

const THIRTY: Rational = Rational::new(30, 1);

/// Bounds that no test reaches.
const NO_LIMITS: Limits = Limits::frames(usize::MAX);

fn simulated() -> (Arc<SimulatedClock>, Arc<dyn Clock>) {
    let clock = SimulatedClock::new();
    (clock.clone(), clock)
}

/// A small pattern of `frames` frames; 0 for no end.
fn pattern_options(frame_rate: Rational, pacing: Pacing, frames: u64) -> TestPatternOptions {
    let colour = ColourSpace::I420;
    TestPatternOptions { width: 32, height: 16, frame_rate, colour, stereo_count: 1, pacing, frames }
}

fn pattern(frame_rate: Rational, pacing: Pacing, frames: u64, clock: &Arc<dyn Clock>) -> Watched<Source> {
    let options = SourceOptions::Pattern(pattern_options(frame_rate, pacing, frames));
    Watched::source(&options, &Session::new(clock.clone()))
}

/// Attaches a target as number 1 and starts the source.
fn start(source: &Watched<Source>, target: &TestTarget) {
    source.object.attach(&target.input, 1).unwrap();
    source.object.start().unwrap();
}

/// When frame `index` of a rate is due, of a source that started with the clock.
fn due_ns(frame_rate: Rational, index: u64) -> u64 {
    START_NS + frame_rate.frame_time_ns(index)
}

fn numbers(frames: &[SharedFrame]) -> Vec<i64> {
    frames.iter().map(|frame| frame.pts).collect()
}

fn captured_ns(frames: &[SharedFrame]) -> Vec<u64> {
    frames.iter().map(|frame| frame.captured_ns).collect()
}

fn is_detached(wanted: u32) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Detached { target } if *target == wanted)
}

fn is_attached(wanted: u32) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Attached { target } if *target == wanted)
}

fn is_closed(event: &Event) -> bool {
    matches!(event, Event::Closed { error: None, .. })
}
