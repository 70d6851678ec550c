//! How samples lie in memory: the geometry of each layout for any size, odd ones too.

use std::ops::Range;

use crate::{
    base::error::{Code, Error, Result, Stage},
    pixels::ColourSpace,
};

/// The most planes that a layout has.
pub const MAX_PLANES: usize = 3;

/// How the samples of a picture lie in memory; 8 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// One plane: blue, green, red, alpha.
    Bgra,
    /// One plane: red, green, blue, alpha.
    Rgba,
    /// Y, then U, then V at half width and half height, both rounded up.
    I420,
    /// Y, then U, then V at half width, rounded up, and full height.
    I422,
    /// Y, then U, then V, all of full size.
    I444,
    /// Y, then U and V in turn at half width and half height, both rounded up.
    Nv12,
    /// One plane: U, Y, V, Y for two pixels; an odd width is rounded up to whole pairs.
    Uyvy,
}

impl From<ColourSpace> for Layout {
    fn from(colour: ColourSpace) -> Self {
        match colour {
            ColourSpace::Bgra => Self::Bgra,
            ColourSpace::I420 => Self::I420,
            ColourSpace::Uyvy => Self::Uyvy,
            ColourSpace::Rgba => Self::Rgba,
            ColourSpace::Nv12 => Self::Nv12,
        }
    }
}

impl Layout {
    /// Whether its samples are red, green and blue; else they are Y'CbCr.
    #[must_use]
    pub const fn is_rgb(self) -> bool {
        matches!(self, Self::Bgra | Self::Rgba)
    }

    /// Number of planes.
    #[must_use]
    pub const fn planes(self) -> usize {
        match self {
            Self::Bgra | Self::Rgba | Self::Uyvy => 1,
            Self::Nv12 => 2,
            Self::I420 | Self::I422 | Self::I444 => 3,
        }
    }

    /// Bytes that two neighbouring pixels take in a row of `plane`.
    #[must_use]
    pub const fn pair_bytes(self, plane: usize) -> usize {
        match (self, plane) {
            (Self::Bgra | Self::Rgba, 0) => 8,
            (Self::Uyvy, 0) => 4,
            (Self::I420 | Self::I422 | Self::Nv12, 0) | (Self::Nv12, 1) | (Self::I444, 0..=2) => 2,
            (Self::I420 | Self::I422, 1 | 2) => 1,
            _ => 0,
        }
    }

    /// Rows of pixels that share one row of `plane`: 2 for subsampled chroma, else 1.
    #[must_use]
    pub const fn row_pixels(self, plane: usize) -> usize {
        if matches!((self, plane), (Self::I420, 1 | 2) | (Self::Nv12, 1)) { 2 } else { 1 }
    }

    /// Bytes of one row of `plane` without padding, for a picture of `width` pixels.
    #[must_use]
    pub const fn row_bytes(self, plane: usize, width: usize) -> usize {
        match (self, plane) {
            (Self::Bgra | Self::Rgba, 0) => 4 * width,
            (Self::I420 | Self::I422 | Self::Nv12, 0) | (Self::I444, 0..=2) => width,
            _ => self.pair_bytes(plane) * width.div_ceil(2),
        }
    }

    /// Rows of `plane`, for a picture of `height` pixels.
    #[must_use]
    pub const fn rows(self, plane: usize, height: usize) -> usize {
        if plane < self.planes() { height.div_ceil(self.row_pixels(plane)) } else { 0 }
    }

    /// Bytes of `plane` without padding.
    #[must_use]
    pub const fn plane_bytes(self, plane: usize, width: usize, height: usize) -> usize {
        self.row_bytes(plane, width) * self.rows(plane, height)
    }

    /// Bytes of a picture whose planes follow each other without padding.
    #[must_use]
    pub const fn picture_bytes(self, width: usize, height: usize) -> usize {
        self.plane_bytes(0, width, height) + self.plane_bytes(1, width, height) + self.plane_bytes(2, width, height)
    }

    /// The bytes of `plane` that hold `height` rows of pixels from `top` on, with as much padding as there is.
    pub(super) fn band(self, plane: usize, top: usize, height: usize, stride: usize, len: usize) -> Range<usize> {
        let start = (top / self.row_pixels(plane) * stride).min(len);
        start..(start + self.rows(plane, height) * stride).min(len)
    }

    /// The bytes of `plane` that hold its row `row`; none if there is no such row.
    pub(super) fn row_range(
        self,
        plane: usize,
        row: usize,
        (width, height): (usize, usize),
        stride: usize,
    ) -> Range<usize> {
        if row < self.rows(plane, height) { row * stride..row * stride + self.row_bytes(plane, width) } else { 0..0 }
    }

    /// Checks that a plane holds `width` × `height` pixels; the last row needs no padding.
    pub(super) fn check(self, plane: usize, width: usize, height: usize, len: usize, stride: usize) -> Result<()> {
        let (row_bytes, rows) = (self.row_bytes(plane, width), self.rows(plane, height));
        let last = stride.checked_mul(rows.saturating_sub(1)).and_then(|start| start.checked_add(row_bytes));
        if row_bytes > 0 && rows > 0 && stride >= row_bytes && last.is_some_and(|needed| needed <= len) {
            return Ok(());
        }
        Err(Error::new(
            Code::Internal,
            Stage::Encode,
            format!(
                "Cannot view plane {plane} as {self:?} {width}x{height}: \
             {len} bytes with stride {stride} do not hold {rows} rows of {row_bytes} bytes"
            ),
        ))
    }
}
