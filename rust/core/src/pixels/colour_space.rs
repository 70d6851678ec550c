//! The names of pixel layouts that users see, and how the views of a stereo frame are packed.

use serde::{Deserialize, Serialize};

/// Colour spaces of frames, by GIFT-Grab's names; 8 bits per sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColourSpace {
    /// Packed blue, green, red, alpha: 4 bytes a pixel.
    Bgra,
    /// Planar Y, then U, then V at half width and height: 1.5 bytes a pixel.
    #[default]
    I420,
    /// Packed U, Y, V, Y for two pixels: 2 bytes a pixel.
    Uyvy,
    /// Packed red, green, blue, alpha: 4 bytes a pixel.
    Rgba,
    /// A plane of Y, then one of U and V in turn at half width and height: 1.5 bytes a pixel.
    Nv12,
}

/// Every colour space; its place here is its number in a frame's header.
pub const COLOUR_SPACES: [ColourSpace; 5] =
    [ColourSpace::Bgra, ColourSpace::I420, ColourSpace::Uyvy, ColourSpace::Rgba, ColourSpace::Nv12];

/// How the views of a frame lie in one packed picture; the first view is the left one, or the top one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StereoPacking {
    /// One view beside the other, from the left.
    SideBySide,
    /// One view below the other, from the top: the order that a frame's views have in memory.
    #[default]
    TopBottom,
}

impl StereoPacking {
    /// Width and height of a picture that packs `views` views of this size.
    #[must_use]
    pub const fn size(self, (width, height): (u32, u32), views: u32) -> (u32, u32) {
        match self {
            Self::SideBySide => (width.saturating_mul(views), height),
            Self::TopBottom => (width, height.saturating_mul(views)),
        }
    }

    /// Left column and top row of view `index` in a picture that packs views of this size.
    #[must_use]
    pub const fn place(self, (width, height): (u32, u32), index: u32) -> (u32, u32) {
        match self {
            Self::SideBySide => (width.saturating_mul(index), 0),
            Self::TopBottom => (0, height.saturating_mul(index)),
        }
    }
}
