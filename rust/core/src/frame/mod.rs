//! A frame: read-only samples, when they were captured and how they are laid out.

pub mod colour;
pub mod convert;
pub mod planes;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

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
}

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
}

impl Frame {
    /// Every view, in their order.
    pub fn views(&self) -> impl Iterator<Item = &Picture> {
        std::iter::once(&self.picture).chain(&self.others)
    }
}

/// A frame as it is handed on.
pub type SharedFrame = Arc<Frame>;
