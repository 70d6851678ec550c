//! The header of a frame as it crosses the boundary: numbers only, so that it costs nothing to make or to read.

use super::Frame;
use crate::{
    av::{ColourTags, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    pixels::{
        COLOUR_SPACES, ColourSpace,
        geometry::{FIELD_ORDERS, FieldOrder, Geometry, Turn},
        h273::{FULL, MAX_MATRIX, RGB, UNKNOWN},
        planes::Layout,
    },
};

const MICROSECONDS: Rational = Rational::new(1, 1_000_000);

/// The fields in their order, by their JavaScript names.
pub const FIELDS: [&str; 19] = [
    "colour",
    "width",
    "height",
    "stereoCount",
    "dataLength",
    "sequence",
    "pts",
    "timeBaseNum",
    "timeBaseDen",
    "captureMs",
    "sessionStartMs",
    "range",
    "matrix",
    "pixelAspectNum",
    "pixelAspectDen",
    "rotation",
    "flip",
    "fieldOrder",
    "durationUs",
];

/// The sequence of a frame that has none.
pub const NO_SEQUENCE: i64 = -1;

/// The largest width and height in pixels.
pub const MAX_SIZE: u32 = 16384;
/// The most stereo views of a frame.
pub const MAX_VIEWS: u32 = 8;
/// The largest integer that every smaller one has its own double for.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// The metadata of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameHeader {
    /// How the samples lie.
    pub colour: ColourSpace,
    /// Width of a view in pixels, 1 to [`MAX_SIZE`].
    pub width: u32,
    /// Height of a view in pixels, 1 to [`MAX_SIZE`].
    pub height: u32,
    /// Stereo views, 1 to [`MAX_VIEWS`].
    pub stereo_count: usize,
    /// Number of the frame in its source; [`NO_SEQUENCE`] where it has none, which reads as 0.
    pub sequence: u64,
    /// Presentation time in ticks of `time_base`.
    pub pts: i64,
    /// Seconds per tick of `pts`; both terms are positive, but the first is 0 where the frame has no time.
    pub time_base: Rational,
    /// CLOCK_MONOTONIC at capture, in milliseconds.
    pub capture_ms: f64,
    /// Wall clock at the source's first frame, in milliseconds since the epoch; 0 unknown.
    pub session_start_ms: f64,
    /// 1 limited, 2 full, 0 unknown.
    pub range: u32,
    /// H.273's number of the matrix; 2 unknown.
    pub matrix: u32,
    /// Width to height of one pixel; the first term is 0 where it is unknown.
    pub pixel_aspect: Rational,
    /// The turn by which it is to be shown.
    pub turn: Turn,
    /// The order of its fields.
    pub field_order: FieldOrder,
    /// The time for which it is shown, in microseconds; 0 unknown.
    pub duration_us: i64,
}

impl FrameHeader {
    /// The time for which it is shown, in ticks of `time_base`, if that is known.
    #[must_use]
    pub fn duration(&self) -> Option<i64> {
        Some(Rational::rescale(self.duration_us, MICROSECONDS, self.time_base)).filter(|ticks| *ticks > 0)
    }

    /// The header of a frame whose views are handed on in the shape `to`.
    ///
    /// # Errors
    ///
    /// `Internal` if the pixel format of `to` is no colour space.
    pub fn of(frame: &Frame, to: VideoInfo) -> Result<Self> {
        let VideoInfo { format, tags, .. } = to;
        let Some(colour) = format.colour() else {
            let message = format!("Cannot give a frame: {} is no colour space", format.name());
            return Err(Error::new(Code::Internal, Stage::Hub, message));
        };
        let is_known = tags.matrix <= MAX_MATRIX && tags.matrix != 3;
        Ok(Self {
            colour,
            width: to.width,
            height: to.height,
            stereo_count: frame.views.len(),
            sequence: frame.sequence,
            pts: frame.pts,
            time_base: frame.time_base,
            capture_ms: frame.captured_ns as f64 / 1e6,
            session_start_ms: frame.session_start_ms as f64,
            range: if format.is_full_range() { FULL } else { tags.range.min(FULL) },
            matrix: if is_known { tags.matrix } else { UNKNOWN },
            pixel_aspect: tags.geometry.pixel_aspect,
            turn: tags.geometry.orientation.turn(),
            field_order: tags.geometry.field_order,
            duration_us: frame.duration.map_or(0, |ticks| Rational::rescale(ticks, frame.time_base, MICROSECONDS)),
        })
    }

    /// Bytes of one view.
    #[must_use]
    pub fn view_bytes(&self) -> usize {
        Layout::from(self.colour).picture_bytes(self.width as usize, self.height as usize)
    }

    /// Bytes of all views.
    #[must_use]
    pub fn data_length(&self) -> usize {
        self.stereo_count * self.view_bytes()
    }

    /// The tags of its pictures.
    #[must_use]
    pub fn tags(&self) -> ColourTags {
        let geometry = Geometry {
            pixel_aspect: self.pixel_aspect,
            orientation: self.turn.into(),
            field_order: self.field_order,
            ..Geometry::UNKNOWN
        };
        if Layout::from(self.colour).is_rgb() {
            return ColourTags { range: FULL, matrix: RGB, geometry, ..ColourTags::UNKNOWN };
        }
        let matrix = if self.matrix == RGB { UNKNOWN } else { self.matrix };
        ColourTags { range: self.range, matrix, geometry, ..ColourTags::UNKNOWN }
    }

    /// Makes sure that `words` has room for the numbers of [`FIELDS`].
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if it has not.
    pub fn check_room(words: &[f64]) -> Result<()> {
        if words.len() < FIELDS.len() { Err(too_short(words.len())) } else { Ok(()) }
    }

    /// Writes the numbers of [`FIELDS`].
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if `words` has no room for them.
    pub fn to_words(&self, words: &mut [f64]) -> Result<()> {
        let count = words.len();
        let Some(words) = words.first_chunk_mut::<{ FIELDS.len() }>() else { return Err(too_short(count)) };
        *words = [
            COLOUR_SPACES.iter().position(|colour| *colour == self.colour).unwrap_or_default() as f64,
            f64::from(self.width),
            f64::from(self.height),
            self.stereo_count as f64,
            self.data_length() as f64,
            self.sequence as f64,
            self.pts as f64,
            f64::from(self.time_base.num),
            f64::from(self.time_base.den),
            self.capture_ms,
            self.session_start_ms,
            f64::from(self.range),
            f64::from(self.matrix),
            f64::from(self.pixel_aspect.num),
            f64::from(self.pixel_aspect.den),
            f64::from(self.turn.degrees()),
            f64::from(u8::from(self.turn.flip)),
            f64::from(self.field_order.number()),
            self.duration_us as f64,
        ];
        Ok(())
    }

    /// Reads and checks the numbers of [`FIELDS`].
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn from_words(words: &[f64]) -> Result<Self> {
        let Some(words) = words.first_chunk::<{ FIELDS.len() }>() else { return Err(too_short(words.len())) };
        let mut fields = FIELDS.into_iter().zip(*words);
        let mut next = || fields.next().unwrap_or(("", 0.0));
        let [colour, width, height, views, length, sequence, pts, num, den, capture, start] =
            std::array::from_fn(|_| next());
        let [range, matrix, aspect_num, aspect_den, rotation, flip, field_order, duration] =
            std::array::from_fn(|_| next());
        let tick = |field, least| integer(field, least, i64::from(i32::MAX)).map(|value| value as i32);
        let small = |field, least, most: u32| integer(field, least, i64::from(most)).map(|value| value as u32);
        let header = Self {
            colour: COLOUR_SPACES[small(colour, 0, COLOUR_SPACES.len() as u32 - 1)? as usize],
            width: small(width, 1, MAX_SIZE)?,
            height: small(height, 1, MAX_SIZE)?,
            stereo_count: small(views, 1, MAX_VIEWS)? as usize,
            sequence: integer(sequence, NO_SEQUENCE, MAX_INTEGER)?.max(0).unsigned_abs(),
            pts: integer(pts, -MAX_INTEGER, MAX_INTEGER)?,
            time_base: Rational::new(tick(num, 0)?, tick(den, 1)?),
            capture_ms: moment(capture)?,
            session_start_ms: moment(start)?,
            range: small(range, 0, FULL)?,
            matrix: small(matrix, 0, MAX_MATRIX)?,
            pixel_aspect: Rational::new(tick(aspect_num, 0)?, tick(aspect_den, 1)?).reduced(),
            turn: Turn::of_degrees(quarter(rotation)?, small(flip, 0, 1)? == 1),
            field_order: FieldOrder::of_number(small(field_order, 0, FIELD_ORDERS.len() as u32 - 1)?),
            duration_us: integer(duration, 0, MAX_INTEGER)?,
        };
        if length.1 != header.data_length() as f64 {
            let message = format!(
                "Cannot use dataLength {}: {} views of {:?} {}x{} have {} bytes",
                length.1,
                header.stereo_count,
                header.colour,
                header.width,
                header.height,
                header.data_length()
            );
            return Err(Error::argument("dataLength", message));
        }
        Ok(header)
    }
}

fn too_short(count: usize) -> Error {
    Error::argument("header", format!("Cannot use a header of {count} numbers: it must have {}", FIELDS.len()))
}

fn integer((field, value): (&str, f64), least: i64, most: i64) -> Result<i64> {
    if value.fract() == 0.0 && (least as f64..=most as f64).contains(&value) {
        return Ok(value as i64);
    }
    Err(Error::argument(field, format!("Cannot use {field} {value}: it must be an integer from {least} to {most}")))
}

fn quarter((field, value): (&str, f64)) -> Result<u32> {
    [0, 90, 180, 270]
        .into_iter()
        .find(|degrees| f64::from(*degrees) == value)
        .ok_or_else(|| Error::argument(field, format!("Cannot use {field} {value}: it must be 0, 90, 180 or 270")))
}

fn moment((field, value): (&str, f64)) -> Result<f64> {
    if (0.0..=MAX_INTEGER as f64).contains(&value) {
        return Ok(value);
    }
    Err(Error::argument(field, format!("Cannot use {field} {value}: it must be milliseconds from 0 to {MAX_INTEGER}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: FrameHeader = FrameHeader {
        colour: ColourSpace::Nv12,
        width: 5,
        height: 3,
        stereo_count: 2,
        sequence: 7,
        pts: -8,
        time_base: Rational::new(1001, 30000),
        capture_ms: 12.5,
        session_start_ms: 1.7e12,
        range: 1,
        matrix: 6,
        pixel_aspect: Rational::new(64, 45),
        turn: Turn { quarters: 3, flip: true },
        field_order: FieldOrder::Bb,
        duration_us: 33_367,
    };

    fn words(header: FrameHeader) -> [f64; FIELDS.len()] {
        let mut words = [f64::NAN; FIELDS.len()];
        header.to_words(&mut words).unwrap();
        words
    }

    #[test]
    fn what_is_written_is_read_back() {
        for colour in COLOUR_SPACES {
            let header = FrameHeader { colour, ..HEADER };
            assert_eq!(FrameHeader::from_words(&words(header)).unwrap(), header);
        }
        let expected = [
            4.0, 5.0, 3.0, 2.0, 54.0, 7.0, -8.0, 1001.0, 30000.0, 12.5, 1.7e12, 1.0, 6.0, 64.0, 45.0, 270.0, 1.0, 3.0,
            33_367.0,
        ];
        assert_eq!(words(HEADER), expected);
    }

    #[test]
    fn the_place_of_a_colour_space_is_its_number() {
        for (index, colour) in COLOUR_SPACES.into_iter().enumerate() {
            assert_eq!(colour as usize, index);
        }
    }

    #[test]
    fn every_field_is_refused_by_its_name() {
        let refused: [(&str, &[f64]); FIELDS.len()] = [
            ("colour", &[-1.0, 5.0, 0.5]),
            ("width", &[0.0, -2.0, 4.5, 16385.0, 1e300]),
            ("height", &[0.0, -2.0, 4.5, 16385.0]),
            ("stereoCount", &[0.0, 9.0, 1.5]),
            ("dataLength", &[0.0, 53.0, 55.0, -54.0]),
            ("sequence", &[-2.0, 0.5, 1e16]),
            ("pts", &[0.5, 1e16, -1e16]),
            ("timeBaseNum", &[-1.0, 0.5, 2_147_483_648.0]),
            ("timeBaseDen", &[0.0, -1.0, 2_147_483_648.0]),
            ("captureMs", &[-1.0, 1e300]),
            ("sessionStartMs", &[-1.0, 1e300]),
            ("range", &[-1.0, 3.0, 0.5]),
            ("matrix", &[-1.0, 15.0, 0.5]),
            ("pixelAspectNum", &[-1.0, 0.5, 2_147_483_648.0]),
            ("pixelAspectDen", &[0.0, -1.0, 2_147_483_648.0]),
            ("rotation", &[-90.0, 45.0, 360.0]),
            ("flip", &[-1.0, 2.0, 0.5]),
            ("fieldOrder", &[-1.0, 6.0, 0.5]),
            ("durationUs", &[-1.0, 0.5, 1e300]),
        ];
        for (index, (field, values)) in refused.into_iter().enumerate() {
            for value in values.iter().chain(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]) {
                let mut words = words(HEADER);
                words[index] = *value;
                let error = FrameHeader::from_words(&words).unwrap_err();
                assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some(field)), "{value}");
                assert!(error.message.starts_with(&format!("Cannot use {field} {value}: ")), "{}", error.message);
            }
        }
    }

    #[test]
    fn a_short_header_is_refused() {
        assert_eq!(FrameHeader::from_words(&[0.0; FIELDS.len() - 1]).unwrap_err().field.as_deref(), Some("header"));
        assert_eq!(HEADER.to_words(&mut [0.0; FIELDS.len() - 1]).unwrap_err().field.as_deref(), Some("header"));
    }
}
