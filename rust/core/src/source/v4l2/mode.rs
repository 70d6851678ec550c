//! The choice of a mode: format, size and rate. What is asked for is had exactly, or refused with the nearest offer named.

use super::{
    fourcc::{Coded, Form, FourCc},
    node::Node,
    offers::{Offer, Rates, Sizes, is_same_rate, offers, rate_of, rates},
    pixels::{RawLayout, field_order, tags},
    signal::{self, LINES_525, has_timings},
};
use crate::{
    av::{ColourTags, PixelFormat},
    base::time::Rational,
    pixels::{ColourSpace, geometry::Geometry},
    sys::v4l2::{Errno, FrameFormat, Timings},
};

/// V4L2_CAP_TIMEPERFRAME
const CAN_SET_RATE: u32 = 0x1000;

/// V4L2_FIELD_NONE and V4L2_FIELD_INTERLACED
const PROGRESSIVE: u32 = 1;
const INTERLACED: u32 = 4;

/// Modes that are tried before all is refused.
const MOST_TRIES: usize = 12;

/// The size up to which larger is better, unless one is asked for.
const BEST_PIXELS: u64 = 1920 * 1080;

/// The rate from which on a mode is good, and the one that is taken of several, unless one is asked for.
const GOOD_RATE: f64 = 24.9;
const USUAL_RATE: Rational = Rational::new(30, 1);

/// Sizes that are tried where a device takes any.
const USUAL_SIZES: [(u32, u32); 4] = [(1920, 1080), (1280, 720), (640, 480), (320, 240)];

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) rate: Option<Rational>,
    pub(super) format: Option<String>,
    pub(super) colour: ColourSpace,
    pub(super) max_pixels: u32,
}

impl Wanted {
    fn is_size(&self, (width, height): (u32, u32)) -> bool {
        self.width.is_none_or(|wanted| wanted == width) && self.height.is_none_or(|wanted| wanted == height)
    }

    fn is_rate(&self, rate: Option<Rational>) -> bool {
        self.rate.is_none_or(|wanted| rate.is_some_and(|rate| is_same_rate(wanted, rate)))
    }

    fn is_format(&self, fourcc: FourCc) -> bool {
        self.format.as_ref().is_none_or(|wanted| fourcc.is_called(wanted))
    }
}

/// A format, a size and a rate, if the device has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mode {
    pub(super) fourcc: FourCc,
    pub(super) size: (u32, u32),
    pub(super) rate: Option<Rational>,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{} as {}", self.size.0, self.size.1, self.fourcc)?;
        self.rate.map_or(Ok(()), |rate| write!(f, " at {} frames per second", decimal(rate)))
    }
}

/// A rate as people write it.
pub(super) fn decimal(rate: Rational) -> String {
    let text = format!("{:.3}", rate.as_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The mode that a device has taken.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) mode: Mode,
    pub(super) format: FrameFormat,
    pub(super) content: Frames,
}

/// What the frames of a mode are.
#[derive(Debug, Clone)]
pub(super) enum Frames {
    Raw(RawLayout),
    Coded(Coded, ColourTags),
}

/// Why there is no mode.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// The kernel refused this call.
    System(&'static str, Errno),
    /// This is not offered, and why.
    Unsupported(String),
    /// Frames have more pixels than are allowed.
    TooLarge((u32, u32)),
}

/// What is fixed by the signal of the input.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given {
    pub(super) timings: Option<Timings>,
}

/// Has the device take the best mode of those that are wanted.
///
/// `before` is the mode that it had, which it takes again without being asked for all that it offers, if the signal still
/// has that form.
pub(super) fn choose(node: &dyn Node, wanted: &Wanted, given: Given, before: Option<Mode>) -> Result<Chosen, Refusal> {
    let has_form = |mode: &Mode| {
        let of_signal = given.timings.map(|timings| ((timings.width, timings.height), signal::rate(&timings)));
        of_signal.is_none_or(|(size, rate)| (size, rate) == (mode.size, mode.rate))
    };
    if let Some(mode) = before.filter(has_form)
        && let Ok(Taken::Exact(chosen)) = take(node, wanted, mode, given)
        && chosen.mode == mode
    {
        return Ok(chosen);
    }
    let offers = offers(node);
    let current = node.format().ok();
    let natural = match (given.timings, &current) {
        (Some(timings), _) => Some((timings.width, timings.height)),
        (None, Some(format)) => Some((format.width, format.height)),
        (None, None) => None,
    };
    check_format(&offers, wanted)?;
    let is_fixed = given.timings.is_some() || is_analogue(node);
    let modes = candidates(node, &offers, wanted, natural, is_fixed);
    let (mut last, mut reason) = (None, None);
    for mode in modes.into_iter().take(MOST_TRIES) {
        match take(node, wanted, mode, given) {
            Ok(Taken::Exact(chosen)) => return Ok(chosen),
            Ok(Taken::Other(mode)) => last = last.or(Some(mode)),
            Err(Refusal::System(_, Errno::INVAL)) => {}
            Err(refusal @ (Refusal::System(..) | Refusal::TooLarge(_))) => return Err(refusal),
            // Another format may do.
            Err(Refusal::Unsupported(why)) => reason = reason.or(Some(why)),
        }
    }
    if let (Some(reason), None) = (reason, last) {
        return Err(Refusal::Unsupported(reason));
    }
    Err(Refusal::Unsupported(unsupported(node, &offers, wanted, natural, last)))
}

/// Whether the size follows from a standard of analogue video.
fn is_analogue(node: &dyn Node) -> bool {
    let input = node.input().and_then(|index| node.input_at(index));
    input.is_ok_and(|input| signal::standards(&input) != 0 && !has_timings(&input))
}

fn check_format(offers: &[Offer], wanted: &Wanted) -> Result<(), Refusal> {
    let names = |offers: &mut dyn Iterator<Item = &Offer>| {
        offers.map(|offer| offer.fourcc.to_string()).collect::<Vec<_>>().join(", ")
    };
    let found: Vec<_> = offers.iter().filter(|offer| wanted.is_format(offer.fourcc)).collect();
    if let Some(format) = wanted.format.as_ref().filter(|_| found.is_empty() && !offers.is_empty()) {
        let offered = names(&mut offers.iter());
        return Err(Refusal::Unsupported(format!("it has no format {format:?}; it offers {offered}")));
    }
    if found.iter().all(|offer| offer.fourcc.form().is_none()) && !found.is_empty() {
        let offered = names(&mut found.into_iter());
        return Err(Refusal::Unsupported(format!("frames cannot be read from its formats, {offered}")));
    }
    Ok(())
}

/// The modes to try, the best one first.
fn candidates(
    node: &dyn Node,
    offers: &[Offer],
    wanted: &Wanted,
    natural: Option<(u32, u32)>,
    is_fixed: bool,
) -> Vec<Mode> {
    let mut modes = Vec::new();
    for offer in offers.iter().filter(|offer| wanted.is_format(offer.fourcc)) {
        let Some(form) = offer.fourcc.form() else { continue };
        for (size, is_listed) in sizes(offer, wanted, natural, is_fixed) {
            let offered = rates(node, offer.fourcc, size);
            let rate = match wanted.rate {
                Some(rate) if offered.is_empty() || offered.iter().any(|rates| rates.contains(rate)) => Some(rate),
                Some(_) => continue,
                None => usual_rate(&offered),
            };
            let is_slow = wanted.rate.is_none() && rate.is_some_and(|rate| rate.as_f64() < GOOD_RATE);
            let pixels = u64::from(size.0) * u64::from(size.1);
            let is_huge = pixels > BEST_PIXELS;
            let by_size = if is_huge { pixels } else { u64::MAX - pixels };
            let rank = form_rank(form, wanted.colour) + u32::from(offer.is_emulated) * 8;
            let apart = rate.map_or(0.0, |rate| (rate.as_f64() - USUAL_RATE.as_f64()).abs());
            modes.push((
                (!is_listed, is_slow, is_huge, by_size, rank, apart),
                Mode { fourcc: offer.fourcc, size, rate },
            ));
        }
    }
    modes.sort_by(|(one, _), (other, _)| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    modes.into_iter().map(|(_, mode)| mode).collect()
}

/// The sizes of a format that are wanted, and whether the device lists them: a driver may take others too.
fn sizes(offer: &Offer, wanted: &Wanted, natural: Option<(u32, u32)>, is_fixed: bool) -> Vec<((u32, u32), bool)> {
    let asked = match (wanted.width, wanted.height) {
        (Some(width), Some(height)) => Some((width, height)),
        _ => None,
    };
    if let Some(size) = asked {
        let is_listed = offer.sizes.iter().any(|sizes| sizes.contains(size));
        return vec![(size, is_listed)];
    }
    if let Some(size) = natural.filter(|size| (is_fixed || offer.sizes.is_empty()) && wanted.is_size(*size)) {
        return vec![(size, true)];
    }
    let mut found = Vec::new();
    for sizes in &offer.sizes {
        match sizes {
            Sizes::One(width, height) => found.push((*width, *height)),
            Sizes::Range(..) => {
                let usual = USUAL_SIZES.into_iter().filter(|size| sizes.contains(*size));
                let asked = natural.into_iter().chain([sizes.largest()]).map(|(width, height)| {
                    sizes.nearest((wanted.width.unwrap_or(width), wanted.height.unwrap_or(height)))
                });
                // What is set now was chosen by somebody.
                let natural = natural.filter(|size| sizes.contains(*size) && wanted.is_size(*size));
                found.extend(natural.map_or_else(|| usual.chain(asked).collect(), |size| vec![size]));
            }
        }
    }
    found.retain(|size| wanted.is_size(*size));
    found.into_iter().map(|size| (size, true)).collect()
}

/// The rate to ask for if none is wanted: 30, or the nearest below it that is good, or the nearest above.
fn usual_rate(offered: &[Rates]) -> Option<Rational> {
    let rates = offered.iter().map(|rates| rates.nearest(USUAL_RATE));
    let key = |rate: &Rational| {
        let rate = rate.as_f64();
        let is_usual = (GOOD_RATE..=USUAL_RATE.as_f64() * 1.001).contains(&rate);
        let micro = (rate * 1e6) as u64;
        match (is_usual, rate > USUAL_RATE.as_f64()) {
            (true, _) => (0, u64::MAX - micro),
            (false, true) => (1, micro),
            (false, false) => (2, u64::MAX - micro),
        }
    };
    rates.min_by_key(key)
}

/// How well a form suits frames of a colour space: the lower, the better.
fn form_rank(form: Form, colour: ColourSpace) -> u32 {
    match form {
        Form::Raw(raw) if raw.format == PixelFormat::of(colour) => 0,
        Form::Raw(raw) if raw.format.is_grey() => 6,
        Form::Raw(raw) if raw.format.is_rgb() != colour_is_rgb(colour) => 3,
        Form::Raw(_) => 1,
        Form::Coded(Coded::Mjpeg) => 16,
        Form::Coded(_) => 17,
    }
}

fn colour_is_rgb(colour: ColourSpace) -> bool {
    PixelFormat::of(colour).is_rgb()
}

/// The answer of a device that was asked for a mode.
enum Taken {
    Exact(Chosen),
    /// It took another one.
    Other(Mode),
}

fn take(node: &dyn Node, wanted: &Wanted, mode: Mode, given: Given) -> Result<Taken, Refusal> {
    let too_large = |(width, height): (u32, u32)| u64::from(width) * u64::from(height) > u64::from(wanted.max_pixels);
    if too_large(mode.size) {
        return Err(Refusal::TooLarge(mode.size));
    }
    let mut format = FrameFormat {
        width: mode.size.0,
        height: mode.size.1,
        fourcc: mode.fourcc.0,
        field: PROGRESSIVE,
        ..FrameFormat::default()
    };
    // A driver may not know the call; what is set decides.
    if let Ok(tried) = node.try_format(&format)
        && field_order(tried.field, false).is_none()
    {
        format.field = INTERLACED;
    }
    let format = node.set_format(&format).map_err(|error| Refusal::System("set its format", error))?;
    let taken = Mode { fourcc: FourCc(format.fourcc), size: (format.width, format.height), rate: None };
    if !wanted.is_size(taken.size) || !wanted.is_format(taken.fourcc) {
        return Ok(Taken::Other(taken));
    }
    if too_large(taken.size) {
        return Err(Refusal::TooLarge(taken.size));
    }
    let rate = set_rate(node, mode.rate, given)?;
    let taken = Mode { rate, ..taken };
    if !wanted.is_rate(rate) {
        return Ok(Taken::Other(taken));
    }
    // Some drivers change the format with the rate.
    let format = node.format().unwrap_or(format);
    if (FourCc(format.fourcc), (format.width, format.height)) != (taken.fourcc, taken.size) {
        return Ok(Taken::Other(Mode { fourcc: FourCc(format.fourcc), size: (format.width, format.height), rate }));
    }
    let content = frames(node, &format, taken.fourcc).map_err(Refusal::Unsupported)?;
    Ok(Taken::Exact(Chosen { mode: taken, format, content }))
}

/// Asks for a rate, and tells which one the device has; `None` if it does not know.
fn set_rate(node: &dyn Node, rate: Option<Rational>, given: Given) -> Result<Option<Rational>, Refusal> {
    let by_signal = given.timings.as_ref().and_then(signal::rate);
    let Ok(parameters) = node.parameters() else { return Ok(by_signal) };
    let stated =
        |parameters: crate::sys::v4l2::StreamParameters| rate_of((parameters.numerator, parameters.denominator));
    let Some(rate) = rate.filter(|_| parameters.capability & CAN_SET_RATE != 0) else {
        return Ok(by_signal.or(stated(parameters)));
    };
    let interval = (rate.den.unsigned_abs(), rate.num.unsigned_abs());
    match node.set_interval(interval) {
        // Some drivers repeat what they were asked for, whatever they do.
        Ok(answer) => Ok(node.parameters().ok().and_then(stated).or(stated(answer)).or(by_signal)),
        Err(Errno::NOTTY | Errno::INVAL) => Ok(by_signal.or(stated(parameters))),
        Err(error) => Err(Refusal::System("set its frame rate", error)),
    }
}

/// What the frames of a format are.
fn frames(node: &dyn Node, format: &FrameFormat, fourcc: FourCc) -> Result<Frames, String> {
    let has_525_lines = node.standard().is_ok_and(|standard| standard & LINES_525 != 0);
    let Some(field_order) = field_order(format.field, has_525_lines) else {
        return Err(
            "it hands over single fields, of which no frames are made; choose another format or input".to_owned()
        );
    };
    let geometry = Geometry { field_order, ..Geometry::UNKNOWN };
    match fourcc.form() {
        Some(Form::Raw(raw)) => RawLayout::new(format, raw, tags(format, Some(raw.format), geometry)).map(Frames::Raw),
        // What is coded states its own colours, and drivers often state others.
        Some(Form::Coded(coded)) => Ok(Frames::Coded(coded, ColourTags { geometry, ..ColourTags::UNKNOWN })),
        None => Err(format!("frames cannot be read from its format, {fourcc}")),
    }
}

/// Says what is not offered, and what is nearest to it.
fn unsupported(
    node: &dyn Node,
    offers: &[Offer],
    wanted: &Wanted,
    natural: Option<(u32, u32)>,
    taken: Option<Mode>,
) -> String {
    let target = (wanted.width.or(natural.map(|size| size.0)), wanted.height.or(natural.map(|size| size.1)));
    let target = (target.0.unwrap_or(1280), target.1.unwrap_or(720));
    let rate = wanted.rate.unwrap_or(USUAL_RATE);
    let known = offers.iter().filter(|offer| wanted.is_format(offer.fourcc) && offer.fourcc.form().is_some());
    let listed = known.flat_map(|offer| offer.sizes.iter().map(move |sizes| (offer.fourcc, sizes.nearest(target))));
    let modes = listed.flat_map(|(fourcc, size)| {
        let offered = rates(node, fourcc, size);
        let nearest = offered.iter().map(|rates| rates.nearest(rate));
        let rate = nearest.min_by(|one, other| apart(*one, rate).total_cmp(&apart(*other, rate)));
        [Mode { fourcc, size, rate }]
    });
    let distance = |mode: &Mode| {
        let size = u64::from(mode.size.0.abs_diff(target.0)) + u64::from(mode.size.1.abs_diff(target.1));
        (size, mode.rate.map_or(0, |found| (apart(found, rate) * 1e3) as u64))
    };
    // A list may promise what the driver did not give.
    let nearest = modes.filter(|mode| !(wanted.is_size(mode.size) && wanted.is_rate(mode.rate))).min_by_key(distance);
    let taken = taken.map(|mode| format!("it gives {mode} instead"));
    let nearest = nearest.map(|mode| format!("the nearest that it offers is {mode}"));
    match (taken, nearest) {
        (Some(taken), Some(nearest)) => format!("{taken}; {nearest}"),
        (taken, nearest) => taken.or(nearest).unwrap_or_else(|| "it offers no format".to_owned()),
    }
}

fn apart(one: Rational, other: Rational) -> f64 {
    (one.as_f64() - other.as_f64()).abs()
}
