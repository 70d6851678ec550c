//! The inputs of a device and their signals.

use super::node::{Answer, Node};
use crate::{
    base::time::Rational,
    sys::v4l2::{Errno, Input, Timings},
};

/// Most inputs that are looked at.
const MOST_INPUTS: u32 = 64;

/// V4L2_IN_ST_*: no power, no signal, no horizontal lock, no sync.
const STATUS_BAD: u32 = 0x1 | 0x2 | 0x100 | 0x2_0000;

/// V4L2_IN_CAP_DV_TIMINGS
const HAS_TIMINGS: u32 = 2;

/// V4L2_DV_FL_REDUCED_FPS: the rate is that of the clock by 1000 / 1001.
const REDUCED: u32 = 1 << 3;

/// The standards with 525 lines (V4L2_STD_525_60).
pub(super) const LINES_525: u64 = 0xf900;

/// What an input gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// A signal, as far as the driver knows.
    Good,
    /// None, and why.
    Missing(&'static str),
}

/// The inputs of a device.
pub(super) fn inputs(node: &dyn Node) -> Vec<Input> {
    (0..MOST_INPUTS).map_while(|index| node.input_at(index).ok()).collect()
}

/// Whether an input has digital timings, such as HDMI and SDI.
pub(super) const fn has_timings(input: &Input) -> bool {
    input.capabilities & HAS_TIMINGS != 0
}

/// The standards of an analogue input.
pub(super) fn standards(input: &Input) -> u64 {
    let [a, b, c, d] = input.standards[0].to_ne_bytes();
    let [e, f, g, h] = input.standards[1].to_ne_bytes();
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// What the input that is set gets, by its status alone: quick, and nothing is disturbed.
pub(super) fn status(node: &dyn Node) -> Signal {
    let input = node.input().and_then(|index| node.input_at(index));
    match input {
        Ok(input) if input.status & STATUS_BAD != 0 => Signal::Missing("its input gets no signal"),
        _ => Signal::Good,
    }
}

/// What the input that is set gets; of a digital one, its timings are measured.
pub(super) fn look(node: &dyn Node) -> (Signal, Option<Timings>) {
    let input = node.input().and_then(|index| node.input_at(index)).ok();
    if input.as_ref().is_some_and(has_timings) {
        match node.detect_timings() {
            Ok(timings) => return (Signal::Good, Some(timings)),
            Err(Errno::NOLINK) => return (Signal::Missing("nothing is connected to its input"), None),
            Err(Errno::NOLCK) => return (Signal::Missing("the signal of its input is unstable"), None),
            Err(Errno::RANGE) => {
                return (Signal::Missing("the signal of its input is beyond what it can receive"), None);
            }
            // It does not measure them.
            Err(_) => {}
        }
    }
    (status(node), None)
}

/// Whether both describe one signal.
pub(super) fn is_same(one: &Timings, other: &Timings) -> bool {
    let parts = |timings: &Timings| {
        (timings.width, timings.height, timings.interlaced, timings.clock, timings.horizontal, timings.vertical)
    };
    parts(one) == parts(other)
}

/// Has the device take the timings that its input gets.
pub(super) fn follow(node: &dyn Node, timings: &Timings) -> Answer<()> {
    if node.timings().is_ok_and(|set| is_same(&set, timings)) { Ok(()) } else { node.set_timings(timings) }
}

/// Has an analogue input take the standard that it gets, where its device can tell.
pub(super) fn follow_standard(node: &dyn Node) -> Answer<()> {
    let Ok(input) = node.input().and_then(|index| node.input_at(index)) else { return Ok(()) };
    let possible = standards(&input);
    if possible == 0 || has_timings(&input) {
        return Ok(());
    }
    let found = node.detect_standard().map_or(0, |found| found & possible);
    match node.standard() {
        // Devices often tell a family of standards, of which one is set.
        Ok(set) if found != 0 && set & found == 0 => node.set_standard(found),
        _ => Ok(()),
    }
}

/// Frames per second of a signal.
pub(super) fn rate(timings: &Timings) -> Option<Rational> {
    let sum = |parts: &[u32]| parts.iter().map(|part| u64::from(*part)).sum::<u64>();
    let across = u64::from(timings.width) + sum(&timings.horizontal);
    let second = if timings.interlaced != 0 { sum(&timings.second_field) } else { 0 };
    let down = u64::from(timings.height) + sum(&timings.vertical) + second;
    let clock = u64::from(timings.clock[0]) | u64::from(timings.clock[1]) << 32;
    let (mut num, mut den) = (u128::from(clock), u128::from(across) * u128::from(down));
    if timings.flags & REDUCED != 0 {
        (num, den) = (num * 1000, den * 1001);
    }
    ratio(num, den)
}

/// A ratio of positive numbers in its lowest terms, as near as its terms can be.
pub(super) fn ratio(num: u128, den: u128) -> Option<Rational> {
    if num == 0 || den == 0 {
        return None;
    }
    let (mut high, mut low) = (num, den);
    while low != 0 {
        (high, low) = (low, high % low);
    }
    let (mut num, mut den) = (num / high, den / high);
    while num.max(den) > i32::MAX as u128 {
        (num, den) = (num / 2, den / 2);
    }
    let term = |value: u128| i32::try_from(value).ok().filter(|value| *value > 0);
    Some(Rational::new(term(num)?, term(den)?))
}
