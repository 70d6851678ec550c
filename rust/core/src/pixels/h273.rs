//! The numbers of colour tags: ITU-T H.273's as FFmpeg has them, and FFmpeg's own for the range.

use super::colour::ColourMatrix;

/// Matrix of R'G'B' samples.
pub const RGB: u32 = 0;
/// BT.709, as matrix, primaries and transfer.
pub const BT709: u32 = 1;
/// Unspecified, as matrix, primaries and transfer.
pub const UNKNOWN: u32 = 2;
/// Reserved, as matrix.
const RESERVED: u32 = 3;
/// Matrix of FCC title 47.
const FCC: u32 = 4;
/// Matrix of BT.601 with 625 lines, the same as with 525.
const BT601_625: u32 = 5;
/// BT.601 with 525 lines, as matrix, primaries and transfer.
pub const BT601: u32 = 6;
/// SMPTE 240M, as matrix and primaries.
const SMPTE240M: u32 = 7;
/// BT.2020, as primaries and as matrix with non-constant luminance.
const BT2020: u32 = 9;
/// Matrix that follows from the primaries, with non-constant luminance.
pub const BY_PRIMARIES: u32 = 12;
/// The highest matrix that every FFmpeg served here knows.
pub const MAX_MATRIX: u32 = 14;

/// Range that is not known (AVColorRange).
pub const RANGE_UNKNOWN: u32 = 0;
/// Limited range (AVColorRange).
pub const LIMITED: u32 = 1;
/// Full range (AVColorRange).
pub const FULL: u32 = 2;

/// The ranges by their names in JavaScript.
pub const RANGES: [(&str, u32); 2] = [("limited", LIMITED), ("full", FULL)];

/// The matrices by their names in JavaScript, each with all of its numbers; the first is the one that is written.
pub const MATRICES: [(&str, &[u32]); 5] = [
    ("bt601", &[BT601, BT601_625]),
    ("bt709", &[BT709]),
    ("bt2020", &[BT2020]),
    ("fcc", &[FCC]),
    ("smpte240m", &[SMPTE240M]),
];

/// Whether the tag of Y'CbCr samples names no matrix for them.
#[must_use]
pub const fn is_unnamed(matrix: u32) -> bool {
    matches!(matrix, RGB | UNKNOWN | RESERVED)
}

impl ColourMatrix {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Bt601 => BT601,
            Self::Bt709 => BT709,
            Self::Bt2020 => BT2020,
            Self::Fcc => FCC,
            Self::Smpte240m => SMPTE240M,
        }
    }

    /// The matrix of a picture of this size whose tag is `number`; `None` for colours that no matrix of R'G'B' makes, such
    /// as those with constant luminance.
    #[must_use]
    pub const fn of_number(number: u32, size: (usize, usize)) -> Option<Self> {
        match number {
            _ if is_unnamed(number) => Some(Self::of_size(size)),
            BT709 => Some(Self::Bt709),
            BT601_625 | BT601 => Some(Self::Bt601),
            BT2020 => Some(Self::Bt2020),
            FCC => Some(Self::Fcc),
            SMPTE240M => Some(Self::Smpte240m),
            _ => None,
        }
    }

    /// The matrix that follows from primaries whose tag is `number` (ITU-T H.273, equations 39 to 46), where it is one of
    /// these.
    #[must_use]
    pub const fn of_primaries(number: u32) -> Option<Self> {
        match number {
            BT709 => Some(Self::Bt709),
            BT601 | SMPTE240M => Some(Self::Smpte240m),
            BT2020 => Some(Self::Bt2020),
            _ => None,
        }
    }
}
