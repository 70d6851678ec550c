//! The codecs and encoders of this build on this machine.

use serde::Serialize;

use super::{
    encoders::{EncoderKind, QualityScale, encoders_of},
    probe::probe,
    table::{CODECS, Codec, CodecInfo, Container},
};
use crate::av::{self, FfmpegVariant};

/// The codecs and encoders of this build on this machine.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// The linked FFmpeg.
    pub ffmpeg: FfmpegInfo,
    /// Every codec of this library.
    pub codecs: Vec<CodecCapability>,
}

/// The linked FFmpeg.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FfmpegInfo {
    /// How it comes with this library.
    pub variant: FfmpegVariant,
    /// Its release.
    pub version: String,
    /// The licence that its configuration results in; with GPL parts a binary that links it is GPL.
    pub licence: String,
    /// The options it was configured with.
    pub configuration: String,
}

/// One codec.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodecCapability {
    /// The codec.
    pub codec: Codec,
    /// Its name in JavaScript: `Codec.HEVC`.
    pub name: String,
    /// Containers that hold it, the customary one first.
    pub containers: Vec<Container>,
    /// File extensions that choose them.
    pub extensions: Vec<String>,
    /// The encoder that the live profile uses when none is named; absent if none works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Its encoders, best first.
    pub encoders: Vec<EncoderCapability>,
}

/// One encoder.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncoderCapability {
    /// FFmpeg's name, or `rav1e`.
    pub name: String,
    /// Whether it encoded a frame on this machine.
    pub available: bool,
    /// Licence of the encoder's library.
    pub licence: String,
    /// Words that `preset` may have, fastest first.
    pub presets: Vec<String>,
    /// Preset of the live profile; absent if there are no presets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_preset: Option<String>,
    /// Scale of `quality`; absent for lossless codecs and encoders without constant quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityScale>,
    /// Whether the lossless profile works with it.
    pub lossless: bool,
    /// Smallest width in pixels.
    pub min_width: u32,
    /// Smallest height in pixels.
    pub min_height: u32,
    /// Why it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How to get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Tries every encoder; the first call takes about a second, later ones nothing.
#[must_use]
pub fn capabilities() -> Capabilities {
    av::init();
    Capabilities {
        ffmpeg: FfmpegInfo {
            variant: FfmpegVariant::of_this_build(),
            version: av::version(),
            licence: av::licence(),
            configuration: av::configuration(),
        },
        codecs: CODECS.iter().map(codec_capability).collect(),
    }
}

fn codec_capability(info: &CodecInfo) -> CodecCapability {
    let encoders: Vec<_> = encoders_of(info.codec).map(encoder_capability).collect();
    let is_default =
        |(kind, encoder): &(&dyn EncoderKind, &EncoderCapability)| kind.info().is_realtime && encoder.available;
    let default = encoders_of(info.codec).zip(&encoders).find(is_default);
    CodecCapability {
        codec: info.codec,
        name: info.name.to_owned(),
        containers: info.containers.to_vec(),
        extensions: info
            .containers
            .iter()
            .flat_map(|container| container.info().extensions)
            .map(|extension| (*extension).to_owned())
            .collect(),
        default: default.map(|(_, encoder)| encoder.name.clone()),
        encoders,
    }
}

fn encoder_capability(kind: &dyn EncoderKind) -> EncoderCapability {
    let info = kind.info();
    let outcome = probe(kind);
    EncoderCapability {
        name: info.name.to_owned(),
        available: outcome.is_ok(),
        licence: info.licence.to_owned(),
        presets: info.presets.iter().map(|preset| (*preset).to_owned()).collect(),
        default_preset: (!info.presets.is_empty()).then(|| info.default_presets[0].to_owned()),
        quality: info.quality,
        lossless: !info.lossless.is_empty(),
        min_width: info.min_width,
        min_height: info.min_height,
        reason: outcome.as_ref().err().cloned(),
        fix: outcome.err().map(|_| kind.fix()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::time::Rational,
        codec::{EncoderChoice, options::EncodeOptions},
    };

    #[test]
    fn the_default_of_a_codec_is_what_a_writer_without_options_uses() {
        for capability in capabilities().codecs {
            let chosen = EncoderChoice::new(EncodeOptions::new(capability.codec, Rational::new(30, 1)));
            let chosen = chosen.ok().map(|choice| choice.preferred().to_owned());
            assert_eq!(capability.default, chosen, "{}", capability.name);
        }
    }
}
