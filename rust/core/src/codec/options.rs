//! The options of an encoder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::table::Codec;
use crate::{av::PixelFormat, base::time::Rational, pixels::StereoPacking};

/// The aim of the encoder's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EncoderProfile {
    /// Real time with no delay: no B-frames, no lookahead, a key frame each second.
    #[default]
    Live,
    /// Better pictures for the same bytes: slower presets, B-frames and lookahead where the codec has them.
    Quality,
    /// Every sample as it came; only codecs and pixel formats that can hold it.
    Lossless,
}

/// How frames are encoded, whatever becomes of the packets.
#[derive(Debug, Clone)]
pub(crate) struct EncodeOptions {
    /// Codec to encode with.
    pub(crate) codec: Codec,
    /// Frames per second; one tick of pictures and packets is one frame.
    pub(crate) frame_rate: Rational,
    /// The aim of the defaults.
    pub(crate) profile: EncoderProfile,
    /// Name of the encoder; by default the first of the codec's encoders that works.
    pub(crate) encoder: Option<String>,
    /// One of the encoder's own presets.
    pub(crate) preset: Option<String>,
    /// Constant quality on the encoder's own scale.
    pub(crate) quality: Option<f64>,
    /// Average bit rate in bit/s.
    pub(crate) bit_rate: Option<u64>,
    /// Longest distance between key frames in frames.
    pub(crate) gop: Option<u32>,
    /// Threads; 0 lets the encoder choose.
    pub(crate) threads: u32,
    /// Raw options by FFmpeg's names, set last.
    pub(crate) raw: BTreeMap<String, String>,
    /// How the views of a frame are packed in the coded picture.
    pub(crate) stereo: StereoPacking,
}

impl EncodeOptions {
    /// The defaults.
    pub(crate) fn new(codec: Codec, frame_rate: Rational) -> Self {
        Self {
            codec,
            frame_rate,
            profile: EncoderProfile::default(),
            encoder: None,
            preset: None,
            quality: None,
            bit_rate: None,
            gop: None,
            threads: 0,
            raw: BTreeMap::new(),
            stereo: StereoPacking::default(),
        }
    }

    /// Longest distance between key frames in frames, where none is asked for: one second (live) or five.
    pub(super) fn default_gop(&self) -> u32 {
        let second = (self.frame_rate.as_f64().round() as u32).max(1);
        if self.is_live() { second } else { second * 5 }
    }

    /// The pixel format in which frames of any shape are coded; `None` where each keeps its samples.
    pub(crate) fn common_format(&self) -> Option<PixelFormat> {
        (!self.is_lossless()).then_some(PixelFormat::YUV420P)
    }

    /// Whether delay counts more than size.
    pub(super) fn is_live(&self) -> bool {
        self.profile == EncoderProfile::Live
    }

    /// Whether every sample is kept.
    pub(super) fn is_lossless(&self) -> bool {
        self.profile == EncoderProfile::Lossless || self.codec.is_lossless()
    }
}
