//! How pictures are to be shown: the shape of their pixels, their orientation and the order of their fields.

use serde::Serialize;

use crate::base::time::Rational;

/// One in the 16.16 fixed point of display matrices.
const ONE: i32 = 1 << 16;
/// One in the 2.30 fixed point of their last column.
const ONE_LAST: i32 = 1 << 30;
/// The sine of one degree, within which FFmpeg takes a matrix for a quarter turn (fftools, `insert_filter`).
const TOLERANCE: i32 = 1144;

/// The order in which the two fields of a frame were taken, by FFmpeg's names (AVFieldOrder): the first letter is the
/// field that comes first, top or bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldOrder {
    /// Not known.
    #[default]
    Unknown,
    /// Both at once: no fields.
    Progressive,
    /// Top first.
    Tt,
    /// Bottom first.
    Bb,
    /// Top first, by FFmpeg's use of it for frames in which the fields are interleaved.
    Tb,
    /// Bottom first, likewise.
    Bt,
}

/// Every order; its place here is its number (AVFieldOrder).
pub const FIELD_ORDERS: [FieldOrder; 6] =
    [FieldOrder::Unknown, FieldOrder::Progressive, FieldOrder::Tt, FieldOrder::Bb, FieldOrder::Tb, FieldOrder::Bt];

impl FieldOrder {
    /// The order of that number; unknown for any other number.
    #[must_use]
    pub fn of_number(number: u32) -> Self {
        FIELD_ORDERS.get(number as usize).copied().unwrap_or_default()
    }

    /// The order of interleaved fields, as FFmpeg names it.
    #[must_use]
    pub const fn interleaved(is_top_first: bool) -> Self {
        if is_top_first { Self::Tb } else { Self::Bt }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// Whether there are two fields.
    #[must_use]
    pub const fn is_interlaced(self) -> bool {
        !matches!(self, Self::Unknown | Self::Progressive)
    }

    /// Whether the top field comes first.
    #[must_use]
    pub const fn is_top_first(self) -> bool {
        matches!(self, Self::Tt | Self::Tb)
    }

    /// FFmpeg's name, as ffprobe prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Progressive => "progressive",
            Self::Tt => "tt",
            Self::Bb => "bb",
            Self::Tb => "tb",
            Self::Bt => "bt",
        }
    }

    /// The order of pictures whose rows have moved by an odd number.
    #[must_use]
    pub const fn swapped(self) -> Self {
        match self {
            Self::Tt => Self::Bb,
            Self::Bb => Self::Tt,
            Self::Tb => Self::Bt,
            Self::Bt => Self::Tb,
            other => other,
        }
    }
}

/// A turn by quarters, clockwise, and then a mirroring from left to right, as WebCodecs describes frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// Quarters clockwise, 0 to 3.
    pub quarters: u8,
    /// Whether left and right are exchanged afterwards.
    pub flip: bool,
}

impl Turn {
    /// The turn by so many degrees, of which there are none between the quarters.
    #[must_use]
    pub const fn of_degrees(degrees: u32, flip: bool) -> Self {
        Self { quarters: (degrees / 90 % 4) as u8, flip }
    }

    /// Clockwise degrees: 0, 90, 180 or 270.
    #[must_use]
    pub const fn degrees(self) -> u32 {
        self.quarters as u32 * 90
    }

    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.quarters == 0 && !self.flip
    }

    /// Whether rows become columns.
    #[must_use]
    pub const fn swaps_sides(self) -> bool {
        self.quarters % 2 == 1
    }

    /// Width and height after it.
    #[must_use]
    pub const fn size<T: Copy>(self, (width, height): (T, T)) -> (T, T) {
        if self.swaps_sides() { (height, width) } else { (width, height) }
    }
}

/// The linear part of a display matrix, without scale: where the axes of a coded picture point when it is shown.
///
/// A point `(x, y)` of the coded picture is shown at `(a x + c y, b x + d y)`, with y downwards; 16.16 fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orientation {
    a: i32,
    b: i32,
    c: i32,
    d: i32,
}

impl Default for Orientation {
    fn default() -> Self {
        Self::UPRIGHT
    }
}

impl From<Turn> for Orientation {
    fn from(turn: Turn) -> Self {
        let (cos, sin) = [(ONE, 0), (0, ONE), (-ONE, 0), (0, -ONE)][usize::from(turn.quarters % 4)];
        let mirror = if turn.flip { -1 } else { 1 };
        Self { a: cos * mirror, b: sin, c: -sin * mirror, d: cos }
    }
}

impl Orientation {
    /// Shown as coded.
    pub const UPRIGHT: Self = Self { a: ONE, b: 0, c: 0, d: ONE };

    /// The orientation in a display matrix (ISO/IEC 14496-12, 6.2.2). Its scale is the pixels' shape, and its translation
    /// the place of what is shown; one that leaves a line of the picture, or nothing, is ignored.
    #[must_use]
    pub fn of_matrix(matrix: &[i32; 9]) -> Self {
        let [a, b, c, d] = [matrix[0], matrix[1], matrix[3], matrix[4]].map(i128::from);
        if a * d == b * c {
            return Self::UPRIGHT;
        }
        let [a, b, c, d] = [matrix[0], matrix[1], matrix[3], matrix[4]].map(f64::from);
        // Not `hypot`, of which glibc has another version from 2.35 on: entries of 32 bits overflow nothing.
        let length = |x: f64, y: f64| (x * x + y * y).sqrt();
        let (across, down) = (length(a, c), length(b, d));
        let fixed = |value: f64| (value * f64::from(ONE)).round() as i32;
        let free = Self { a: fixed(a / across), b: fixed(b / down), c: fixed(c / across), d: fixed(d / down) };
        let quarter = Self::from(free.turn());
        if free.is_near(quarter) { quarter } else { free }
    }

    /// The display matrix, by rows (AV_PKT_DATA_DISPLAYMATRIX).
    #[must_use]
    pub const fn matrix(self) -> [i32; 9] {
        [self.a, self.b, 0, self.c, self.d, 0, 0, 0, ONE_LAST]
    }

    /// The same for pictures of this size, with the translation that brings what is shown back to where the picture
    /// began: the turn is about its first pixel.
    #[must_use]
    pub fn matrix_in_place(self, (width, height): (u32, u32)) -> [i32; 9] {
        let [a, b, c, d] = [self.a, self.b, self.c, self.d].map(i64::from);
        let (wide, high) = (i64::from(width), i64::from(height));
        let back = |x: i64, y: i64| i32::try_from(-(x.min(0) + y.min(0))).unwrap_or(i32::MAX);
        let mut matrix = self.matrix();
        (matrix[6], matrix[7]) = (back(a * wide, c * high), back(b * wide, d * high));
        matrix
    }

    /// The turn that brings a coded picture into this orientation; the nearest one if it is between the quarters.
    #[must_use]
    pub fn turn(self) -> Turn {
        let [a, b, c, d] = [self.a, self.b, self.c, self.d].map(f64::from);
        let flip = a * d - b * c < 0.0;
        let quarters = (b.atan2(if flip { -a } else { a }) / std::f64::consts::FRAC_PI_2).round() as i32;
        Turn { quarters: quarters.rem_euclid(4) as u8, flip }
    }

    /// Whether it is a turn by quarters.
    #[must_use]
    pub fn is_quarter(self) -> bool {
        self == Self::from(self.turn())
    }

    /// The orientation that is left once coded pictures have been turned.
    #[must_use]
    pub fn after(self, turn: Turn) -> Self {
        Self::from(turn).inverse().then(self)
    }

    /// The orientation, in pictures that are shown in orientation `other`, of pictures that are shown in this one.
    #[must_use]
    pub fn relative_to(self, other: Self) -> Self {
        self.then(other.inverse())
    }

    /// The inverse of an orthogonal matrix.
    const fn inverse(self) -> Self {
        Self { a: self.a, b: self.c, c: self.b, d: self.d }
    }

    /// This one, and then `next`.
    fn then(self, next: Self) -> Self {
        let sum = |x: (i32, i32), y: (i32, i32)| {
            let exact = i64::from(x.0) * i64::from(x.1) + i64::from(y.0) * i64::from(y.1);
            ((exact + i64::from(ONE / 2)) >> 16) as i32
        };
        Self {
            a: sum((self.a, next.a), (self.b, next.c)),
            b: sum((self.a, next.b), (self.b, next.d)),
            c: sum((self.c, next.a), (self.d, next.c)),
            d: sum((self.c, next.b), (self.d, next.d)),
        }
    }

    /// Whether both are the same within a degree.
    #[must_use]
    pub fn is_near(self, other: Self) -> bool {
        let pairs = [(self.a, other.a), (self.b, other.b), (self.c, other.c), (self.d, other.d)];
        pairs.iter().all(|(one, other)| (one - other).abs() <= TOLERANCE)
    }
}

/// How pictures are to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Width to height of one pixel (sample aspect ratio); 0/1 unknown.
    pub pixel_aspect: Rational,
    /// Rotation and mirroring.
    pub orientation: Orientation,
    /// Whether the display matrix has a translation, as phones write it.
    pub is_in_place: bool,
    /// The order of the fields.
    pub field_order: FieldOrder,
}

impl Geometry {
    /// Nothing known: shown as coded.
    pub const UNKNOWN: Self = Self {
        pixel_aspect: Rational::new(0, 1),
        orientation: Orientation::UPRIGHT,
        is_in_place: false,
        field_order: FieldOrder::Unknown,
    };

    /// The pixel aspect of pictures of this size that a file states, reduced; unknown if it is none, or leaves not one
    /// pixel of the picture, as FFmpeg judges (av_image_check_sar).
    #[must_use]
    pub fn checked_aspect(aspect: Rational, (width, height): (u32, u32)) -> Rational {
        let Rational { num, den } = aspect;
        let (wide, high) = (i64::from(num), i64::from(den));
        let leaves = if wide < high { i64::from(width) * wide >= high } else { i64::from(height) * high >= wide };
        let is_known = num > 0 && den > 0 && (width == 0 || height == 0 || leaves);
        if is_known { aspect.reduced() } else { Self::UNKNOWN.pixel_aspect }
    }

    /// The display matrix of pictures of this size.
    #[must_use]
    pub fn matrix(&self, size: (u32, u32)) -> [i32; 9] {
        if self.is_in_place { self.orientation.matrix_in_place(size) } else { self.orientation.matrix() }
    }

    /// The pixel aspect; square if it is unknown.
    #[must_use]
    pub const fn known_aspect(&self) -> Rational {
        if self.pixel_aspect.num > 0 { self.pixel_aspect } else { Rational::new(1, 1) }
    }

    /// Whether pictures are shown as coded: square pixels, upright, without fields.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_square = self.known_aspect().num == self.known_aspect().den;
        is_square && self.orientation == Orientation::UPRIGHT && !self.field_order.is_interlaced()
    }

    /// Whether pixels of both have the same shape and the same orientation.
    #[must_use]
    pub fn is_shown_alike(&self, other: &Self) -> bool {
        self.known_aspect() == other.known_aspect() && self.orientation == other.orientation
    }

    /// That of pictures of `height` rows once they have been turned.
    #[must_use]
    pub fn turned(self, turn: Turn, height: u32) -> Self {
        let swaps = turn.swaps_sides();
        let is_upside_down = turn.quarters == 2;
        let field_order = match self.field_order {
            // Fields that have become columns are none.
            order if swaps && order.is_interlaced() => FieldOrder::Unknown,
            order if is_upside_down && height.is_multiple_of(2) => order.swapped(),
            order => order,
        };
        Self {
            pixel_aspect: if swaps && self.pixel_aspect.num > 0 {
                self.pixel_aspect.inverse()
            } else {
                self.pixel_aspect
            },
            orientation: self.orientation.after(turn),
            field_order,
            ..self
        }
    }

    /// That of a crop that begins at row `top`.
    #[must_use]
    pub const fn cropped(self, top: usize) -> Self {
        let field_order = if top % 2 == 1 { self.field_order.swapped() } else { self.field_order };
        Self { field_order, ..self }
    }
}

#[cfg(test)]
mod tests;
