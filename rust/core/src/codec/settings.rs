//! What each encoder is told: the defaults of the profiles and the meaning of the options.

use super::{Codec, Container, Shape, av1_rav1e, frames_per_second};
use crate::{
    av::{EncoderConfig, PixelFormat},
    error::{Error, Result},
    target::options::{FileWriterOptions, Profile},
};

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
        quality: scale(0.0, 51.0, 27.0),
        min_size: 16,
        min_width: 16,
        lossless: &[],
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
        quality: None,
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
        name: av1_rav1e::NAME,
        codec: Codec::Av1,
        licence: "BSD-2-Clause",
        presets: &["10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0"],
        default_presets: ["10", "6"],
        quality: scale(1.0, 255.0, av1_rav1e::DEFAULT_QUANTISER),
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

/// Checks the options that depend on the encoder.
pub(super) fn check(info: &EncoderInfo, options: &FileWriterOptions) -> Result<()> {
    let name = info.name;
    if let Some(preset) = &options.preset
        && !info.presets.contains(&preset.as_str())
    {
        let fix = if info.presets.is_empty() {
            "it has no presets".to_owned()
        } else {
            format!("it has {}", info.presets.join(", "))
        };
        return Err(Error::argument("preset", format!("Cannot use preset {preset:?} with {name}: {fix}")));
    }
    if let Some(quality) = options.quality {
        let why = match info.quality {
            None => Some("it has no constant quality; use bitRate".to_owned()),
            Some(_) if options.profile == Profile::Lossless => Some("the profile is lossless".to_owned()),
            Some(scale) if !(scale.min..=scale.max).contains(&quality) => {
                Some(format!("it must be {} to {}, lower is better", scale.min, scale.max))
            }
            Some(_) => None,
        };
        if let Some(why) = why {
            return Err(Error::argument("quality", format!("Cannot use quality {quality} with {name}: {why}")));
        }
    }
    if options.bit_rate.is_some() && (options.profile == Profile::Lossless || info.codec == Codec::Ffv1) {
        return Err(Error::argument("bitRate", format!("Cannot use bitRate with {name}: the recording is lossless")));
    }
    if options.profile == Profile::Lossless && info.lossless.is_empty() {
        return Err(Error::argument(
            "profile",
            format!(
                "Cannot use profile \"lossless\" with {name}: it has no lossless mode; use FFV1, H264, HEVC or VP9"
            ),
        ));
    }
    Ok(())
}

/// The tag that a container must carry for a codec, where FFmpeg's choice plays in fewer players.
pub(super) fn tag(codec: Codec, container: Container) -> Option<[u8; 4]> {
    match (codec, container) {
        // `hvc1`: parameter sets in the header, which Apple's players insist on.
        (Codec::Hevc, Container::Mp4 | Container::Mov) => Some(*b"hvc1"),
        (Codec::Xvid, Container::Avi) => Some(*b"XVID"),
        _ => None,
    }
}

/// Everything an encoder of FFmpeg is opened with.
pub(super) fn config(
    info: &EncoderInfo,
    options: &FileWriterOptions,
    shape: Shape,
    global_header: bool,
) -> EncoderConfig {
    let live = options.profile == Profile::Live;
    let second = frames_per_second(options.frame_rate);
    let gop = match (info.codec, options.gop) {
        (Codec::Ffv1, None) => 1,
        (_, Some(gop)) => gop,
        (_, None) if live => second,
        (_, None) => second * 5,
    };
    let mut config = EncoderConfig {
        name: info.name.to_owned(),
        width: shape.width,
        height: shape.height,
        format: shape.format,
        frame_rate: options.frame_rate,
        tags: shape.tags,
        threads: options.threads,
        gop,
        b_frames: live.then_some(0),
        bit_rate: options.bit_rate,
        quantiser: None,
        global_header,
        options: Vec::new(),
    };
    let preset = options.preset.as_deref().unwrap_or(info.default_presets[usize::from(!live)]);
    let quality = match (options.bit_rate, options.profile) {
        (Some(_), _) | (_, Profile::Lossless) => None,
        (None, _) => info.quality.map(|scale| options.quality.unwrap_or(scale.default)),
    };
    let lossless = options.profile == Profile::Lossless;
    let mut set = |name: &str, value: &str| config.options.push((name.to_owned(), value.to_owned()));
    let crf = quality.map(|value| value.to_string());
    match info.name {
        "libx264" | "libx265" => {
            set("preset", preset);
            if live {
                set("tune", "zerolatency");
            }
            if let Some(crf) = &crf {
                set("crf", crf);
            }
            if info.name == "libx265" {
                // x265 would print to stderr; its own key-frame minimum would move key frames.
                let mut parameters = format!("log-level=none:keyint={gop}:min-keyint=1");
                parameters.push_str(if lossless { ":lossless=1" } else { "" });
                set("x265-params", &parameters);
            } else if lossless {
                set("qp", "0");
            }
        }
        "libkvazaar" => {
            let qp = quality.map_or(String::new(), |qp| format!(",qp={}", qp.round()));
            set("kvazaar-params", &format!("preset={preset},period={gop},gop={}{qp}", if live { "0" } else { "8" }));
        }
        "libopenh264" => set("allow_skip_frames", "0"),
        "libvpx-vp9" => {
            set("deadline", if live { "realtime" } else { "good" });
            set("cpu-used", preset);
            set("row-mt", "1");
            set("tile-columns", if shape.width >= 1024 { "2" } else { "0" });
            if live {
                set("lag-in-frames", "0");
                set("auto-alt-ref", "0");
            }
            if lossless {
                set("lossless", "1");
            }
            if let Some(crf) = &crf {
                set("crf", crf);
            }
        }
        "libsvtav1" => {
            set("preset", preset);
            if let Some(crf) = &crf {
                set("crf", crf);
            }
            if live {
                // Low delay: no reordering, so a frame is out before the next two come in.
                set("svtav1-params", "pred-struct=1");
            }
        }
        "libaom-av1" => {
            set("usage", if live { "realtime" } else { "good" });
            set("cpu-used", preset);
            set("row-mt", "1");
            if live {
                set("lag-in-frames", "0");
            }
            if let Some(crf) = &crf {
                set("crf", crf);
            }
        }
        "mpeg4" | "libxvid" => config.quantiser = quality,
        "ffv1" => {
            set("level", "3");
            set("slicecrc", "1");
            // Slices are what its threads share. Small frames cannot have many, odd sizes not every grid: there FFmpeg chooses.
            if shape.width.is_multiple_of(2) && shape.height.is_multiple_of(2) {
                set("slices", if shape.width < 64 || shape.height < 64 { "4" } else { "12" });
            }
        }
        _ => {}
    }
    config.options.extend(options.encoder_options.iter().map(|(name, value)| (name.clone(), value.clone())));
    config
}
