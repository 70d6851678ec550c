//! Pixel formats, by FFmpeg's names.

use super::{ffi, text};
use crate::frame::{ColourSpace, planes::Layout};

/// A pixel format of FFmpeg; any value that a file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelFormat(pub(super) i32);

impl PixelFormat {
    /// Planar 4:2:0, 8 bits.
    pub const YUV420P: Self = Self(ffi::AVPixelFormat::YUV420P.0);
    /// Planar 4:2:0, 8 bits, full range by name.
    pub const YUVJ420P: Self = Self(ffi::AVPixelFormat::YUVJ420P.0);
    /// Planar 4:2:2, 8 bits.
    pub const YUV422P: Self = Self(ffi::AVPixelFormat::YUV422P.0);
    /// Packed 4:2:2, U Y V Y.
    pub const UYVY422: Self = Self(ffi::AVPixelFormat::UYVY422.0);
    /// Packed blue, green, red, alpha.
    pub const BGRA: Self = Self(ffi::AVPixelFormat::BGRA.0);
    /// Packed blue, green, red and an unused byte.
    pub const BGR0: Self = Self(ffi::AVPixelFormat::BGR0.0);
    /// Planar green, blue, red.
    pub const GBRP: Self = Self(ffi::AVPixelFormat::GBRP.0);

    /// The format in which frames of a colour space are stored.
    #[must_use]
    pub const fn of(colour: ColourSpace) -> Self {
        match colour {
            ColourSpace::Bgra => Self::BGRA,
            ColourSpace::I420 => Self::YUV420P,
            ColourSpace::Uyvy => Self::UYVY422,
        }
    }

    /// FFmpeg's name; empty for a value it does not know.
    #[must_use]
    pub fn name(self) -> String {
        // SAFETY: returns a static string or null for any integer.
        unsafe { text(ffi::av_get_pix_fmt_name(ffi::AVPixelFormat(self.0))) }
    }

    /// The layout of its samples, if it is one of ours.
    #[must_use]
    pub const fn layout(self) -> Option<Layout> {
        match self {
            Self::BGRA | Self::BGR0 => Some(Layout::Bgra),
            Self::YUV420P | Self::YUVJ420P => Some(Layout::I420),
            Self::YUV422P => Some(Layout::I422),
            Self::UYVY422 => Some(Layout::Uyvy),
            _ => None,
        }
    }

    /// Bytes of a row and rows of plane `index` of a picture of our layouts.
    pub(super) fn plane_size(self, index: usize, width: u32, height: u32) -> Option<(usize, usize)> {
        let layout = self.layout()?;
        (index < layout.planes())
            .then(|| (layout.row_bytes(index, width as usize), layout.rows(index, height as usize)))
    }
}
