//! Rational time: frame rates and timestamps stay exact from end to end.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result};

/// A ratio of two integers: a frame rate in frames per second, or a timebase in seconds per tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rational {
    /// Numerator.
    #[schemars(range(min = 1, max = i32::MAX))]
    pub num: i32,
    /// Denominator.
    #[schemars(range(min = 1, max = i32::MAX))]
    pub den: i32,
}

/// The highest frame rate that a source or a target accepts, in frames per second.
pub const MAX_FRAME_RATE: i32 = 1000;

/// The lowest frame rate that a source or a target accepts, in seconds per frame.
pub const MAX_FRAME_PERIOD: i32 = 1000;

impl Rational {
    /// The ratio `num / den` as written.
    #[must_use]
    pub const fn new(num: i32, den: i32) -> Self {
        Self { num, den }
    }

    /// `den / num`: the timebase in which one tick is one frame of this rate.
    #[must_use]
    pub const fn inverse(self) -> Self {
        Self { num: self.den, den: self.num }
    }

    /// The same ratio in its lowest terms; both terms are 0 or positive.
    #[must_use]
    pub const fn reduced(self) -> Self {
        let (mut high, mut low) = (self.num, self.den);
        while low != 0 {
            (high, low) = (low, high % low);
        }
        if high <= 1 { self } else { Self { num: self.num / high, den: self.den / high } }
    }

    /// The nearest floating-point value.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// The time of frame `index` at this rate in nanoseconds, rounded to nearest; exact for any index.
    #[must_use]
    pub fn frame_time_ns(self, index: u64) -> u64 {
        let scaled = u128::from(index) * 1_000_000_000 * self.den.unsigned_abs() as u128;
        let num = u128::from(self.num.unsigned_abs());
        u64::try_from((scaled + num / 2) / num).unwrap_or(u64::MAX)
    }

    /// Ticks of `from` expressed in ticks of `to`, rounded half away from zero.
    #[must_use]
    pub fn rescale(ticks: i64, from: Self, to: Self) -> i64 {
        let num = i128::from(ticks) * i128::from(from.num) * i128::from(to.den);
        let den = i128::from(from.den) * i128::from(to.num);
        let half = den / 2;
        let rounded = if num >= 0 { (num + half) / den } else { (num - half) / den };
        i64::try_from(rounded).unwrap_or(if rounded > 0 { i64::MAX } else { i64::MIN })
    }

    /// Checks that this is a usable frame rate.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming `field` unless both terms are positive and the rate is from one frame in
    /// [`MAX_FRAME_PERIOD`] to [`MAX_FRAME_RATE`].
    pub fn check_frame_rate(self, field: &str) -> Result<Self> {
        let refuse = |why: &dyn Display| {
            Err(Error::argument(field, format!("Cannot use frame rate {}/{}: {why}", self.num, self.den)))
        };
        if self.num <= 0 || self.den <= 0 {
            return refuse(&"both terms must be positive");
        }
        if i64::from(self.num) > i64::from(MAX_FRAME_RATE) * i64::from(self.den) {
            return refuse(&format_args!("it is above {MAX_FRAME_RATE} frames per second"));
        }
        if i64::from(self.den) > i64::from(MAX_FRAME_PERIOD) * i64::from(self.num) {
            return refuse(&format_args!("it is below one frame in {MAX_FRAME_PERIOD} seconds"));
        }
        Ok(self)
    }
}

impl std::fmt::Display for Rational {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

/// The times that a recording gives its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "RateForm", into = "RateForm")]
pub enum RecordingRate {
    /// Each frame the nearest place on a grid of so many frames per second.
    Fixed(Rational),
    /// Each frame its own time.
    Source,
}

/// [`RecordingRate`] in JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "field `frameRate` must be a ratio of two integers or \"source\"")]
enum RateForm {
    Ratio(Rational),
    Word(RateWord),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RateWord {
    Source,
}

impl From<RateForm> for RecordingRate {
    fn from(form: RateForm) -> Self {
        match form {
            RateForm::Ratio(rate) => Self::Fixed(rate),
            RateForm::Word(RateWord::Source) => Self::Source,
        }
    }
}

impl From<RecordingRate> for RateForm {
    fn from(rate: RecordingRate) -> Self {
        match rate {
            RecordingRate::Fixed(rate) => Self::Ratio(rate),
            RecordingRate::Source => Self::Word(RateWord::Source),
        }
    }
}

impl schemars::JsonSchema for RecordingRate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RecordingRate".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [generator.subschema_for::<Rational>(), { "const": "source" }] })
    }
}

/// The wall clock in milliseconds since 1970; for display only, because it may jump.
#[must_use]
pub(crate) fn wall_clock_ms() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// Milliseconds since 1970 as ISO 8601 in UTC; empty beyond the years that it can express.
#[must_use]
pub fn iso8601(milliseconds: u64) -> String {
    let instant = i64::try_from(milliseconds).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    instant.map(|instant| format!("{instant:.3}")).unwrap_or_default()
}

/// Checks that `text` is an instant in ISO 8601, with its offset from UTC.
///
/// # Errors
///
/// `InvalidArgument` naming `field`.
pub fn check_instant(field: &str, text: &str) -> Result<i64> {
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second).map_err(|_| {
        Error::argument(field, format!("Cannot use {field} {text:?}: it is no instant such as 2026-05-04T09:30:00Z"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_ntsc_frames_does_not_drift() {
        let ntsc = Rational::new(30000, 1001);
        assert_eq!(ntsc.frame_time_ns(30000), 1_001_000_000_000);
        assert_eq!(ntsc.frame_time_ns(1), 33_366_667);
    }

    #[test]
    fn rescale_rounds_half_away_from_zero() {
        let (ms, s) = (Rational::new(1, 1000), Rational::new(1, 1));
        assert_eq!(Rational::rescale(1500, ms, s), 2);
        assert_eq!(Rational::rescale(-1500, ms, s), -2);
        assert_eq!(Rational::rescale(1499, ms, s), 1);
    }

    #[test]
    fn a_recordings_rate_is_a_ratio_or_the_word_source() {
        let read = serde_json::from_str::<RecordingRate>;
        assert_eq!(read(r#"{"num":30000,"den":1001}"#).unwrap(), RecordingRate::Fixed(Rational::new(30000, 1001)));
        assert_eq!(read(r#""source""#).unwrap(), RecordingRate::Source);
        assert_eq!(serde_json::to_string(&RecordingRate::Source).unwrap(), r#""source""#);
        for wrong in [r#""Source""#, r#""vfr""#, "30", "null", r#"{"num":30}"#] {
            let message = read(wrong).unwrap_err().to_string();
            assert!(message.contains("field `frameRate` must be"), "{message}");
        }
    }

    #[test]
    fn absurd_rates_are_refused_with_the_field_named() {
        for bad in [(0, 1), (-30, 1), (1, 0), (1_000_000_000, 1), (1, 2000)] {
            let error = Rational::new(bad.0, bad.1).check_frame_rate("frameRate").unwrap_err();
            assert_eq!(error.field.as_deref(), Some("frameRate"));
        }
        for good in [(30000, 1001), (2997, 50), (1, 10), (1000, 1)] {
            assert!(Rational::new(good.0, good.1).check_frame_rate("frameRate").is_ok());
        }
    }
}
