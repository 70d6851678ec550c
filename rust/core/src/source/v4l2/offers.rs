//! The formats, sizes and rates that a device offers.

use super::{fourcc::FourCc, node::Node, signal::ratio};
use crate::base::time::Rational;

/// Most formats of a device, sizes of a format and rates of a size that are looked at: some drivers never end.
const MOST_FORMATS: u32 = 128;
const MOST_SIZES: u32 = 1000;
const MOST_RATES: u32 = 256;

/// V4L2_FMT_FLAG_EMULATED: made of another one by a library.
const EMULATED: u32 = 2;

/// V4L2_FRMSIZE_TYPE_DISCRETE and V4L2_FRMIVAL_TYPE_DISCRETE
const DISCRETE: u32 = 1;

/// A format with its sizes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    pub(super) fourcc: FourCc,
    pub(super) is_emulated: bool,
    pub(super) sizes: Vec<Sizes>,
}

/// Sizes of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sizes {
    One(u32, u32),
    /// Width and height each: the least, the greatest and the step.
    Range([u32; 3], [u32; 3]),
}

/// Frame rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rates {
    One(Rational),
    /// The lowest and the highest.
    Range(Rational, Rational),
}

impl Sizes {
    pub(super) fn contains(&self, (width, height): (u32, u32)) -> bool {
        let is_in = |value: u32, [least, greatest, step]: [u32; 3]| {
            (least..=greatest).contains(&value) && (value - least).is_multiple_of(step.max(1))
        };
        match *self {
            Self::One(own_width, own_height) => (own_width, own_height) == (width, height),
            Self::Range(widths, heights) => is_in(width, widths) && is_in(height, heights),
        }
    }

    /// The size of these that is nearest to another one.
    pub(super) fn nearest(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let near = |value: u32, [least, greatest, step]: [u32; 3]| {
            let inside = value.clamp(least, greatest.max(least));
            inside - (inside - least) % step.max(1)
        };
        match *self {
            Self::One(width, height) => (width, height),
            Self::Range(widths, heights) => (near(width, widths), near(height, heights)),
        }
    }

    /// The largest.
    pub(super) fn largest(&self) -> (u32, u32) {
        self.nearest((u32::MAX, u32::MAX))
    }
}

impl Rates {
    /// Whether one of these is `rate`.
    pub(super) fn contains(&self, rate: Rational) -> bool {
        match *self {
            Self::One(own) => is_same_rate(own, rate),
            Self::Range(lowest, highest) => {
                is_same_rate(lowest, rate)
                    || is_same_rate(highest, rate)
                    || (lowest.as_f64()..=highest.as_f64()).contains(&rate.as_f64())
            }
        }
    }

    /// The one of these nearest to another one.
    pub(super) fn nearest(&self, rate: Rational) -> Rational {
        match *self {
            Self::One(own) => own,
            Self::Range(_, highest) if rate.as_f64() > highest.as_f64() => highest,
            Self::Range(lowest, _) if rate.as_f64() < lowest.as_f64() => lowest,
            Self::Range(..) => rate,
        }
    }
}

/// Whether both are one rate: devices count in units of 100 ns, so that 30 frames per second are 10000000/333333.
pub(super) fn is_same_rate(one: Rational, other: Rational) -> bool {
    /// Less than half of what lies between 30 and 30000/1001.
    const TOLERANCE: f64 = 0.0004;
    let (one, other) = (one.as_f64(), other.as_f64());
    (one - other).abs() <= TOLERANCE * one.max(other)
}

/// The rate of frames that each take so many seconds; `None` if a driver states nonsense.
pub(super) fn rate_of((numerator, denominator): (u32, u32)) -> Option<Rational> {
    ratio(u128::from(denominator), u128::from(numerator))
}

/// Everything that a device offers on the input that is set.
pub(super) fn offers(node: &dyn Node) -> Vec<Offer> {
    let formats = (0..MOST_FORMATS).map_while(|index| node.format_at(index).ok());
    let mut offers: Vec<Offer> = Vec::new();
    for format in formats {
        let fourcc = FourCc(format.fourcc);
        if !offers.iter().any(|offer| offer.fourcc == fourcc) {
            let is_emulated = format.flags & EMULATED != 0;
            offers.push(Offer { fourcc, is_emulated, sizes: sizes(node, fourcc) });
        }
    }
    offers
}

fn sizes(node: &dyn Node, fourcc: FourCc) -> Vec<Sizes> {
    let mut found = Vec::new();
    for size in (0..MOST_SIZES).map_while(|index| node.frame_size(fourcc.0, index).ok()) {
        let [a, b, c, d, e, f] = size.sides;
        if size.kind != DISCRETE {
            // Nothing follows a range.
            return vec![Sizes::Range([a, b, c], [d, e, f])];
        }
        let size = Sizes::One(a, b);
        if a > 0 && b > 0 && !found.contains(&size) {
            found.push(size);
        }
    }
    found
}

/// The rates at which a device gives frames of a format and size.
pub(super) fn rates(node: &dyn Node, fourcc: FourCc, size: (u32, u32)) -> Vec<Rates> {
    let mut found = Vec::new();
    for interval in (0..MOST_RATES).map_while(|index| node.frame_interval(fourcc.0, size, index).ok()) {
        let [a, b, c, d, ..] = interval.fractions;
        if interval.kind != DISCRETE {
            // The shortest interval is the highest rate; no time at all is no bound.
            let highest = rate_of((a, b)).unwrap_or(Rational::new(1000, 1));
            let lowest = rate_of((c, d)).unwrap_or(Rational::new(1, 1000));
            return vec![Rates::Range(lowest, highest)];
        }
        let rate = rate_of((a, b)).map(Rates::One);
        found.extend(rate.filter(|rate| !found.contains(rate)));
    }
    found
}
