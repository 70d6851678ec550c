//! Pixel formats, by FFmpeg's names.

use super::ffi::{self, text};
use crate::pixels::{ColourSpace, planes::Layout};

/// A pixel format of FFmpeg; any value that a file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelFormat(pub(super) i32);

/// The names that state full range, each with the one that states nothing of it.
const FULL_RANGE_NAMES: [(ffi::AVPixelFormat, ffi::AVPixelFormat); 5] = [
    (ffi::AVPixelFormat::YUVJ420P, ffi::AVPixelFormat::YUV420P),
    (ffi::AVPixelFormat::YUVJ422P, ffi::AVPixelFormat::YUV422P),
    (ffi::AVPixelFormat::YUVJ444P, ffi::AVPixelFormat::YUV444P),
    (ffi::AVPixelFormat::YUVJ440P, ffi::AVPixelFormat::YUV440P),
    (ffi::AVPixelFormat::YUVJ411P, ffi::AVPixelFormat::YUV411P),
];

impl PixelFormat {
    /// Planar 4:2:0, 8 bits.
    pub const YUV420P: Self = Self(ffi::AVPixelFormat::YUV420P.0);
    /// Planar 4:2:0, 8 bits, full range by name.
    pub const YUVJ420P: Self = Self(ffi::AVPixelFormat::YUVJ420P.0);
    /// Planar 4:2:2, 8 bits.
    pub const YUV422P: Self = Self(ffi::AVPixelFormat::YUV422P.0);
    /// Planar 4:4:4, 8 bits.
    pub const YUV444P: Self = Self(ffi::AVPixelFormat::YUV444P.0);
    /// 4:2:0, 8 bits: a plane of Y, then one of U and V in turn.
    pub const NV12: Self = Self(ffi::AVPixelFormat::NV12.0);
    /// Planar 4:2:2, 8 bits, full range by name.
    pub const YUVJ422P: Self = Self(ffi::AVPixelFormat::YUVJ422P.0);
    /// Planar 4:4:4, 8 bits, full range by name.
    pub const YUVJ444P: Self = Self(ffi::AVPixelFormat::YUVJ444P.0);
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
    /// Places in a palette of 256 colours.
    pub const PAL8: Self = Self(ffi::AVPixelFormat::PAL8.0);

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

    /// The same samples by a name that says nothing of their range.
    #[must_use]
    pub fn plain(self) -> Self {
        FULL_RANGE_NAMES.iter().find(|(full, _)| full.0 == self.0).map_or(self, |(_, plain)| Self(plain.0))
    }

    /// Whether its name says that its Y'CbCr samples have full range.
    #[must_use]
    pub fn is_full_range(self) -> bool {
        self.plain() != self
    }

    /// Its static description; `None` for a value that FFmpeg does not know.
    pub(super) fn descriptor(self) -> Option<&'static ffi::AVPixFmtDescriptor> {
        // SAFETY: returns a row of a static table, or null for a value it does not know.
        unsafe { ffi::av_pix_fmt_desc_get(ffi::AVPixelFormat(self.0)).as_ref() }
    }

    /// Whether its description has one of these flags (`AV_PIX_FMT_FLAG_*`).
    pub(super) fn has_flag(self, flags: i32) -> bool {
        self.descriptor().is_some_and(|descriptor| descriptor.flags & u64::from(flags.unsigned_abs()) != 0)
    }

    /// Whether it has a component for the transparency of pixels.
    #[must_use]
    pub fn has_alpha(self) -> bool {
        self.has_flag(ffi::AV_PIX_FMT_FLAG_ALPHA)
    }

    /// Whether a part of a picture that begins at column `x` and row `y` can be addressed: pixels that share their chroma
    /// in one plane have no addresses of their own, nor have those that share a byte.
    pub(super) fn is_addressable(self, x: usize, y: usize) -> bool {
        if self.has_flag(ffi::AV_PIX_FMT_FLAG_BITSTREAM) {
            // `av_frame_apply_cropping` leaves the beginning of these where it is.
            return (x, y) == (0, 0);
        }
        !self.packs_chroma() || x.is_multiple_of(self.chroma_pixels().0 as usize)
    }

    /// Whether the two chroma samples of a place lie side by side in a plane without luma.
    #[must_use]
    pub fn pairs_chroma(self) -> bool {
        let is_paired = |all: &ffi::AVPixFmtDescriptor| {
            all.nb_components >= 3 && all.comp[1].plane == all.comp[2].plane && all.comp[0].plane != all.comp[1].plane
        };
        !self.is_rgb() && self.descriptor().is_some_and(is_paired)
    }

    /// Whether several pixels share chroma that lies in one plane with their luma.
    pub(super) fn packs_chroma(self) -> bool {
        self.descriptor().is_some_and(|all| all.log2_chroma_w > 0 && all.comp[0].plane == all.comp[1].plane)
    }

    /// Bits of its samples, of the component that has the most; those of the colours in a palette.
    #[must_use]
    pub fn bits(self) -> u32 {
        let components = self.descriptor().map_or(&[][..], |descriptor| &descriptor.comp[..]);
        components.iter().map(|component| component.depth.unsigned_abs()).max().unwrap_or(0)
    }

    /// Pixels that share a chroma sample, across and down: 1 where each has its own.
    #[must_use]
    pub fn chroma_pixels(self) -> (u32, u32) {
        self.descriptor().map_or((1, 1), |descriptor| (1 << descriptor.log2_chroma_w, 1 << descriptor.log2_chroma_h))
    }

    /// Whether its samples are red, green and blue, or places in a palette of such.
    #[must_use]
    pub fn is_rgb(self) -> bool {
        self.has_flag(ffi::AV_PIX_FMT_FLAG_RGB | ffi::AV_PIX_FMT_FLAG_PAL)
    }

    /// Whether it has no colour: one component, or another one for the alpha.
    #[must_use]
    pub fn is_grey(self) -> bool {
        self.descriptor().is_some_and(|descriptor| descriptor.nb_components <= 2 && !self.is_rgb())
    }

    /// The format of that name of FFmpeg's, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = std::ffi::CString::new(name).ok()?;
        // SAFETY: compares the name with those of a static table.
        let format = unsafe { ffi::av_get_pix_fmt(name.as_ptr()) };
        (format.0 >= 0).then_some(Self(format.0))
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
            Self::YUV444P | Self::YUVJ444P => Some(Layout::I444),
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
