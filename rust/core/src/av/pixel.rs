//! Pixel formats, by FFmpeg's names.

use super::ffi::{self, text};
use crate::pixels::{ColourSpace, planes::Layout};

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
    /// 4:2:0, 8 bits: a plane of Y, then one of U and V in turn.
    pub const NV12: Self = Self(ffi::AVPixelFormat::NV12.0);
    /// Planar 4:2:2, 8 bits, full range by name.
    pub const YUVJ422P: Self = Self(ffi::AVPixelFormat::YUVJ422P.0);
    /// Packed 4:2:2, U Y V Y.
    pub const UYVY422: Self = Self(ffi::AVPixelFormat::UYVY422.0);
    /// Packed blue, green, red, alpha.
    pub const BGRA: Self = Self(ffi::AVPixelFormat::BGRA.0);
    /// Packed red, green, blue, alpha.
    pub const RGBA: Self = Self(ffi::AVPixelFormat::RGBA.0);
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
            ColourSpace::Rgba => Self::RGBA,
            ColourSpace::Nv12 => Self::NV12,
        }
    }

    /// The colour space that frames stored in this format have; `None` if it is none of ours.
    #[must_use]
    pub const fn colour(self) -> Option<ColourSpace> {
        match self {
            Self::BGRA => Some(ColourSpace::Bgra),
            Self::YUV420P | Self::YUVJ420P => Some(ColourSpace::I420),
            Self::UYVY422 => Some(ColourSpace::Uyvy),
            Self::RGBA => Some(ColourSpace::Rgba),
            Self::NV12 => Some(ColourSpace::Nv12),
            _ => None,
        }
    }

    /// The same samples by a name that says nothing of their range, if they have one of our layouts.
    #[must_use]
    pub const fn plain(self) -> Self {
        match self {
            Self::YUVJ420P => Self::YUV420P,
            Self::YUVJ422P => Self::YUV422P,
            format => format,
        }
    }

    /// Whether its name says that its Y'CbCr samples have full range.
    #[must_use]
    pub fn is_full_range(self) -> bool {
        use ffi::AVPixelFormat as Format;
        [Format::YUVJ420P, Format::YUVJ422P, Format::YUVJ444P, Format::YUVJ440P, Format::YUVJ411P]
            .iter()
            .any(|format| format.0 == self.0)
    }

    /// Whether its samples are red, green and blue, or places in a palette of such.
    #[must_use]
    pub fn is_rgb(self) -> bool {
        let flags = u64::from((ffi::AV_PIX_FMT_FLAG_RGB | ffi::AV_PIX_FMT_FLAG_PAL).unsigned_abs());
        // SAFETY: returns a static descriptor, or null for a value it does not know.
        unsafe { ffi::av_pix_fmt_desc_get(ffi::AVPixelFormat(self.0)).as_ref() }
            .is_some_and(|descriptor| descriptor.flags & flags != 0)
    }

    /// Whether it has no colour: one component, or another one for the alpha.
    #[must_use]
    pub fn is_grey(self) -> bool {
        // SAFETY: returns a static descriptor, or null for a value it does not know.
        unsafe { ffi::av_pix_fmt_desc_get(ffi::AVPixelFormat(self.0)).as_ref() }
            .is_some_and(|descriptor| descriptor.nb_components <= 2 && !self.is_rgb())
    }

    /// Columns and rows of pixels that share a sample of chroma.
    #[must_use]
    pub fn chroma_unit(self) -> (u32, u32) {
        // SAFETY: returns a static descriptor, or null for a value it does not know.
        unsafe { ffi::av_pix_fmt_desc_get(ffi::AVPixelFormat(self.0)).as_ref() }
            .map_or((1, 1), |descriptor| (1 << descriptor.log2_chroma_w, 1 << descriptor.log2_chroma_h))
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
            Self::RGBA => Some(Layout::Rgba),
            Self::YUV422P | Self::YUVJ422P => Some(Layout::I422),
            Self::NV12 => Some(Layout::Nv12),
            Self::UYVY422 => Some(Layout::Uyvy),
            _ => None,
        }
    }

    /// Bytes of the samples of a picture, without padding; 0 for an unknown format or an impossible size.
    #[must_use]
    pub fn picture_bytes(self, width: u32, height: u32) -> usize {
        let signed = |size: u32| i32::try_from(size).unwrap_or(0);
        // SAFETY: arithmetic on a static table; refuses unknown formats and impossible sizes by a negative number.
        let bytes =
            unsafe { ffi::av_image_get_buffer_size(ffi::AVPixelFormat(self.0), signed(width), signed(height), 1) };
        usize::try_from(bytes).unwrap_or(0)
    }

    /// Bytes of a row and rows of plane `index` of a picture of our layouts.
    pub(super) fn plane_size(self, index: usize, width: u32, height: u32) -> Option<(usize, usize)> {
        let layout = self.layout()?;
        (index < layout.planes())
            .then(|| (layout.row_bytes(index, width as usize), layout.rows(index, height as usize)))
    }
}
