//! The formats in which devices hand frames over, by the kernel's four characters and by FFmpeg's names.

use crate::av::PixelFormat;

/// The four characters of a format, the first in the lowest byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FourCc(pub(super) u32);

/// In the highest bit: the samples are big-endian.
const BIG_ENDIAN: u32 = 1 << 31;

/// What the frames of a format are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Pictures.
    Raw(RawForm),
    /// Coded pictures.
    Coded(Coded),
}

/// How the samples of a picture lie in the memory of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawForm {
    pub(super) format: PixelFormat,
    /// The planes of U and V lie in the other order.
    pub(super) is_swapped: bool,
    /// Each plane has memory of its own.
    pub(super) is_apart: bool,
}

/// A codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coded {
    Mjpeg,
    H264,
    Hevc,
    Vp8,
    Vp9,
    Mpeg4,
}

impl Coded {
    /// FFmpeg's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mjpeg => "mjpeg",
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Vp8 => "vp8",
            Self::Vp9 => "vp9",
            Self::Mpeg4 => "mpeg4",
        }
    }
}

const CODED: [(&[u8; 4], Coded); 8] = [
    (b"MJPG", Coded::Mjpeg),
    (b"JPEG", Coded::Mjpeg),
    (b"H264", Coded::H264),
    (b"HEVC", Coded::Hevc),
    (b"H265", Coded::Hevc),
    (b"VP80", Coded::Vp8),
    (b"VP90", Coded::Vp9),
    (b"MPG4", Coded::Mpeg4),
];

/// Formats with FFmpeg's name, as libavdevice has them, and those that it has not.
const RAW: [(&[u8; 4], &str); 37] = [
    (b"YU12", "yuv420p"),
    (b"YUYV", "yuyv422"),
    (b"UYVY", "uyvy422"),
    (b"YVYU", "yvyu422"),
    (b"NV12", "nv12"),
    (b"NV21", "nv21"),
    (b"NV16", "nv16"),
    (b"NV24", "nv24"),
    (b"NV42", "nv42"),
    (b"422P", "yuv422p"),
    (b"411P", "yuv411p"),
    (b"YUV9", "yuv410p"),
    (b"RGB3", "rgb24"),
    (b"BGR3", "bgr24"),
    (b"BGR4", "bgr0"),
    (b"XR24", "bgr0"),
    (b"AR24", "bgra"),
    (b"RGB4", "0rgb"),
    (b"BX24", "0rgb"),
    (b"BA24", "argb"),
    (b"XB24", "rgb0"),
    (b"AB24", "rgba"),
    (b"RX24", "0bgr"),
    (b"RA24", "abgr"),
    (b"RGBP", "rgb565le"),
    (b"RGBR", "rgb565be"),
    (b"RGBO", "rgb555le"),
    (b"RGBQ", "rgb555be"),
    (b"GREY", "gray"),
    (b"Y10 ", "gray10le"),
    (b"Y12 ", "gray12le"),
    (b"Y14 ", "gray14le"),
    (b"Y16 ", "gray16le"),
    (b"Z16 ", "gray16le"),
    (b"P010", "p010le"),
    (b"BA81", "bayer_bggr8"),
    (b"RGGB", "bayer_rggb8"),
];

/// Formats whose planes of U and V lie in the other order than FFmpeg's.
const SWAPPED: [(&[u8; 4], &str); 2] = [(b"YV12", "yuv420p"), (b"YVU9", "yuv410p")];

/// Formats whose planes have memory of their own each.
const APART: [(&[u8; 4], &str, bool); 6] = [
    (b"NM12", "nv12", false),
    (b"NM21", "nv21", false),
    (b"NM16", "nv16", false),
    (b"YM12", "yuv420p", false),
    (b"YM21", "yuv420p", true),
    (b"YM16", "yuv422p", false),
];

impl FourCc {
    pub(super) const fn new(characters: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(characters))
    }

    /// What its frames are; `None` for a format that is not known here, or not to the linked FFmpeg.
    pub(super) fn form(self) -> Option<Form> {
        let is = |characters: &[u8; 4]| Self::new(*characters) == self;
        if let Some((_, coded)) = CODED.iter().find(|(characters, _)| is(characters)) {
            return Some(Form::Coded(*coded));
        }
        let raw = |name: &str, is_swapped, is_apart| {
            Some(Form::Raw(RawForm { format: PixelFormat::named(name)?, is_swapped, is_apart }))
        };
        if self.0 == Self::new(*b"Y16 ").0 | BIG_ENDIAN {
            return raw("gray16be", false, false);
        }
        if let Some((_, name)) = RAW.iter().find(|(characters, _)| is(characters)) {
            return raw(name, false, false);
        }
        if let Some((_, name)) = SWAPPED.iter().find(|(characters, _)| is(characters)) {
            return raw(name, true, false);
        }
        APART.iter().find(|(characters, ..)| is(characters)).and_then(|(_, name, swapped)| raw(name, *swapped, true))
    }

    /// FFmpeg's name of the pixel format or the codec; empty if it is not known here.
    pub(super) fn name(self) -> String {
        match self.form() {
            Some(Form::Raw(raw)) => raw.format.name(),
            Some(Form::Coded(coded)) => coded.name().to_owned(),
            None => String::new(),
        }
    }

    /// Whether `text` means this format: its four characters, trailing spaces aside, or FFmpeg's name.
    pub(super) fn is_called(self, text: &str) -> bool {
        let text = text.trim();
        !text.is_empty() && [self.to_string(), self.name()].iter().any(|own| own.eq_ignore_ascii_case(text))
    }
}

impl std::fmt::Display for FourCc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = (self.0 & !BIG_ENDIAN).to_le_bytes();
        let text: String = bytes
            .map(|byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '?' })
            .iter()
            .collect();
        f.write_str(text.trim_end())?;
        if self.0 & BIG_ENDIAN != 0 { f.write_str("-BE") } else { Ok(()) }
    }
}
