//! A frame: read-only samples, when they were captured and how they are laid out.

pub(crate) mod adapt;
pub mod bytes;
pub mod colour;
pub mod convert;
pub mod header;
mod layout;
pub mod planes;
mod shape;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::shape::{Shape, number as matrix_number};
use crate::{av::Picture, time::Rational};

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

/// A captured frame; its samples are read-only and shared by every target.
#[derive(Debug)]
pub struct Frame {
    /// The samples and their colour tags; of a frame with several views the first one.
    pub picture: Picture,
    /// The further views of the same instant, of the same shape; none but in stereo.
    pub others: Vec<Picture>,
    /// Number of the frame in its source, from 0.
    pub sequence: u64,
    /// Presentation time in ticks of `time_base`, 0 at the source's first frame.
    pub pts: i64,
    /// Seconds per tick of `pts`.
    pub time_base: Rational,
    /// CLOCK_MONOTONIC at capture, in nanoseconds.
    pub captured_ns: u64,
    /// Wall clock at the source's first frame, in milliseconds since 1970; 0 where it is not known.
    pub session_start_ms: u64,
}

impl Frame {
    /// Every view, in their order.
    pub fn views(&self) -> impl Iterator<Item = &Picture> {
        std::iter::once(&self.picture).chain(&self.others)
    }
}

/// A frame without samples, shown at `pts`.
#[cfg(test)]
pub(crate) fn test_frame(pts: i64, time_base: Rational) -> Frame {
    let picture = Picture::empty().expect("memory for a frame");
    Frame { picture, others: Vec::new(), sequence: 0, pts, time_base, captured_ns: 0, session_start_ms: 0 }
}

/// A frame as it is handed on.
pub type SharedFrame = Arc<Frame>;
