//! The table of encoders: what is known of each before it is tried.

use super::Codec;
use crate::av::PixelFormat;

/// Name of the encoder that is no part of FFmpeg; a build can leave it out (feature `rav1e`).
pub(super) const RAV1E: &str = "rav1e";
/// Its quantiser when neither quality nor bit rate is asked for; its own default.
pub(super) const RAV1E_QUANTISER: f64 = 100.0;

/// A scale of constant quality; lower is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Best.
    pub min: f64,
    /// Worst.
    pub max: f64,
    /// Used when neither quality nor bit rate is asked for.
    pub default: f64,
}

/// What is known of an encoder before it is tried.
#[derive(Debug)]
pub struct EncoderInfo {
    /// FFmpeg's name, or `rav1e`.
    pub name: &'static str,
    /// The codec it makes.
    pub codec: Codec,
    /// Licence of the encoder's library.
    pub licence: &'static str,
    /// Words that `preset` may have, fastest first.
    pub presets: &'static [&'static str],
    /// Preset of the live and of the quality profile.
    pub default_presets: [&'static str; 2],
    /// Scale of `quality`; none for lossless codecs.
    pub quality: Option<Quality>,
    /// Smallest width and height in pixels.
    pub min_size: u32,
    /// Smallest width in pixels, where it is larger.
    pub min_width: u32,
    /// Pixel formats that the lossless profile can keep; empty if the encoder has no lossless mode.
    pub lossless: &'static [PixelFormat],
}

const X26X_PRESETS: &[&str] =
    &["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo"];
const fn scale(min: f64, max: f64, default: f64) -> Option<Quality> {
    Some(Quality { min, max, default })
}

/// Every encoder that [`Codec`]s name.
pub(super) const ENCODERS: &[EncoderInfo] = &[
    EncoderInfo {
        name: "libx265",
        codec: Codec::Hevc,
        licence: "GPL-2.0-or-later",
        presets: X26X_PRESETS,
        default_presets: ["ultrafast", "fast"],
        quality: scale(0.0, 51.0, 24.0),
        min_size: 16,
        // x265 3.5 damages its references, and its memory, where a picture is one coding tree unit (64 pixels) wide.
        min_width: 65,
        lossless: &[PixelFormat::YUV420P, PixelFormat::YUV422P, PixelFormat::GBRP],
    },
    EncoderInfo {
        name: "libkvazaar",
        codec: Codec::Hevc,
        licence: "BSD-3-Clause",
        presets: X26X_PRESETS,
        default_presets: ["ultrafast", "fast"],
        quality: scale(0.0, 51.0, 25.0),
        min_size: 16,
        min_width: 16,
        lossless: &[PixelFormat::YUV420P],
    },
    EncoderInfo {
        name: "libx264",
        codec: Codec::H264,
        licence: "GPL-2.0-or-later",
        presets: X26X_PRESETS,
        default_presets: ["veryfast", "fast"],
        quality: scale(0.0, 51.0, 21.0),
        min_size: 16,
        min_width: 16,
        lossless: &[PixelFormat::YUV420P, PixelFormat::YUV422P],
    },
    EncoderInfo {
        name: "libopenh264",
        codec: Codec::H264,
        licence: "BSD-2-Clause",
        presets: &[],
        default_presets: ["", ""],
        // It takes no quantiser below 12 (GOM_MIN_QP_MODE in its rc.h).
        quality: scale(12.0, 51.0, 22.0),
        min_size: 16,
        min_width: 16,
        lossless: &[],
    },
    EncoderInfo {
        name: "libvpx-vp9",
        codec: Codec::Vp9,
        licence: "BSD-3-Clause",
        presets: &["8", "7", "6", "5", "4", "3", "2", "1", "0"],
        default_presets: ["8", "4"],
        quality: scale(0.0, 63.0, 30.0),
        min_size: 16,
        min_width: 16,
        lossless: &[PixelFormat::YUV420P, PixelFormat::YUV422P, PixelFormat::GBRP],
    },
    EncoderInfo {
        name: "libsvtav1",
        codec: Codec::Av1,
        licence: "BSD-3-Clause-Clear",
        presets: &["12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0"],
        default_presets: ["11", "8"],
        quality: scale(1.0, 63.0, 32.0),
        min_size: 64,
        min_width: 64,
        lossless: &[],
    },
    EncoderInfo {
        name: "libaom-av1",
        codec: Codec::Av1,
        licence: "BSD-2-Clause",
        presets: &["8", "7", "6", "5", "4", "3", "2", "1", "0"],
        default_presets: ["8", "5"],
        quality: scale(0.0, 63.0, 30.0),
        min_size: 16,
        min_width: 16,
        lossless: &[],
    },
    EncoderInfo {
        name: RAV1E,
        codec: Codec::Av1,
        licence: "BSD-2-Clause",
        presets: &["10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0"],
        default_presets: ["10", "6"],
        quality: scale(1.0, 255.0, RAV1E_QUANTISER),
        min_size: 16,
        min_width: 16,
        lossless: &[],
    },
    EncoderInfo {
        name: "mpeg4",
        codec: Codec::Xvid,
        licence: "LGPL-2.1-or-later",
        presets: &[],
        default_presets: ["", ""],
        quality: scale(1.0, 31.0, 3.0),
        min_size: 16,
        min_width: 16,
        lossless: &[],
    },
    EncoderInfo {
        name: "libxvid",
        codec: Codec::Xvid,
        licence: "GPL-2.0-or-later",
        presets: &[],
        default_presets: ["", ""],
        quality: scale(1.0, 31.0, 3.0),
        min_size: 16,
        min_width: 16,
        lossless: &[],
    },
    EncoderInfo {
        name: "ffv1",
        codec: Codec::Ffv1,
        licence: "LGPL-2.1-or-later",
        presets: &[],
        default_presets: ["", ""],
        quality: None,
        min_size: 16,
        min_width: 16,
        lossless: &[PixelFormat::YUV420P, PixelFormat::YUV422P, PixelFormat::BGRA, PixelFormat::BGR0],
    },
];

impl EncoderInfo {
    /// Whether it can hold pictures of this size.
    #[must_use]
    pub fn holds(&self, width: u32, height: u32) -> bool {
        width >= self.min_width && height >= self.min_size
    }
}

/// An encoder's row.
#[must_use]
pub fn encoder_info(name: &str) -> Option<&'static EncoderInfo> {
    ENCODERS.iter().find(|info| info.name == name)
}
