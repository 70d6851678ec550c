//! How FFmpeg comes with this library, and how to get it another way.

use serde::Serialize;

use super::licence;

/// How FFmpeg comes with this library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FfmpegVariant {
    /// The machine's own FFmpeg.
    System,
    /// Part of this library, under the LGPL: H.264 by openh264, HEVC by kvazaar.
    Default,
    /// Part of this library, under the GPL: H.264 by x264, HEVC by x265.
    Gpl,
}

impl FfmpegVariant {
    /// The variant of this build.
    pub(crate) fn of_this_build() -> Self {
        if !cfg!(feature = "bundled") {
            Self::System
        } else if licence().starts_with("GPL") {
            Self::Gpl
        } else {
            Self::Default
        }
    }
}

/// How to get the variant `to`; `None` unless this build is the other bundled variant.
pub(crate) fn how_to_switch(to: FfmpegVariant) -> Option<String> {
    match (FfmpegVariant::of_this_build(), to) {
        (FfmpegVariant::Default, FfmpegVariant::Gpl) => {
            Some(format!("install the npm package {} beside @giftgrab/core", package("-gpl")))
        }
        (FfmpegVariant::Gpl, FfmpegVariant::Default) => {
            Some(format!("uninstall the npm package {}, so that {} is used", package("-gpl"), package("")))
        }
        _ => None,
    }
}

/// The npm package of this machine's kind with a bundled FFmpeg.
fn package(suffix: &str) -> String {
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("@giftgrab/core-{}-{cpu}-gnu{suffix}", std::env::consts::OS)
}
