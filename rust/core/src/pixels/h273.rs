//! The numbers of colour tags: ITU-T H.273's as FFmpeg has them, and FFmpeg's own for the range.

use super::colour::ColourMatrix;

/// Matrix of R'G'B' samples.
pub const RGB: u32 = 0;
/// BT.709, as matrix, primaries and transfer.
pub const BT709: u32 = 1;
/// Unspecified, as matrix, primaries and transfer.
pub const UNKNOWN: u32 = 2;
/// Matrix of FCC title 47.
const FCC: u32 = 4;
/// Matrix of BT.601 with 625 lines, the same as with 525.
const BT601_625: u32 = 5;
/// BT.601 with 525 lines, as matrix, primaries and transfer.
pub const BT601: u32 = 6;
/// Matrix of SMPTE 240M.
const SMPTE240M: u32 = 7;
/// Matrix of BT.2020 with non-constant luminance.
const BT2020: u32 = 9;
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

    /// The matrix of a picture of this height whose tag is `number`; BT.709 for those that are not converted.
    #[must_use]
    pub const fn of_number(number: u32, height: usize) -> Self {
        match number {
            RGB | UNKNOWN => Self::of_height(height),
            BT601_625 | BT601 => Self::Bt601,
            BT2020 => Self::Bt2020,
            FCC => Self::Fcc,
            SMPTE240M => Self::Smpte240m,
            _ => Self::Bt709,
        }
    }
}
