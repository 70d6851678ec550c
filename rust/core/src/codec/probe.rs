//! Which encoders work here: found out by encoding a frame with each, not by listing them.

use std::sync::{Mutex, OnceLock, PoisonError};

use serde::Serialize;

use super::{
    CODECS, Codec, CodecInfo, Container, EncoderInfo, FfmpegVariant, encoder_info, encoders::RAV1E, how_to_switch,
    open_encoder, settings,
};
use crate::{
    av::{self, Picture, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    frame::FrameShape,
    record::options::{FileWriterOptions, Profile},
};

/// What this build can encode on this machine.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// The linked FFmpeg.
    pub ffmpeg: FfmpegFacts,
    /// Every codec of this library.
    pub codecs: Vec<CodecCapability>,
}

/// The linked FFmpeg.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FfmpegInfo")]
pub struct FfmpegFacts {
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
    /// The encoder used when none is named; absent if none works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Its encoders, best first.
    pub encoders: Vec<EncoderCapability>,
}

/// A scale of constant quality; lower is better.
#[derive(Debug, Clone, Copy, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QualityScale {
    /// Best.
    pub min: f64,
    /// Worst.
    pub max: f64,
    /// Used when neither quality nor bit rate is asked for.
    pub default: f64,
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
        ffmpeg: FfmpegFacts {
            variant: FfmpegVariant::of_this_build(),
            version: av::version(),
            licence: av::licence(),
            configuration: av::configuration(),
        },
        codecs: CODECS.iter().map(codec_capability).collect(),
    }
}

fn codec_capability(info: &CodecInfo) -> CodecCapability {
    let encoders: Vec<_> = info.encoders.iter().filter_map(|name| encoder_info(name)).map(encoder_capability).collect();
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
        default: encoders.iter().find(|encoder| encoder.available).map(|encoder| encoder.name.clone()),
        encoders,
    }
}

fn encoder_capability(info: &'static EncoderInfo) -> EncoderCapability {
    let outcome = probe(info);
    let words = |presets: &[&str]| presets.iter().map(|preset| (*preset).to_owned()).collect::<Vec<_>>();
    EncoderCapability {
        name: info.name.to_owned(),
        available: outcome.is_ok(),
        licence: info.licence.to_owned(),
        presets: words(info.presets),
        default_preset: (!info.presets.is_empty()).then(|| info.default_presets[0].to_owned()),
        quality: info.quality.map(|scale| QualityScale { min: scale.min, max: scale.max, default: scale.default }),
        lossless: !info.lossless.is_empty(),
        min_width: info.min_width,
        min_height: info.min_size,
        reason: outcome.as_ref().err().cloned(),
        fix: outcome.err().map(|_| fix(info.name)),
    }
}

/// How to get the encoder `name`, which this build lacks.
fn fix(name: &str) -> String {
    let switched = match name {
        "libx264" | "libx265" => how_to_switch(FfmpegVariant::Gpl),
        "libopenh264" | "libkvazaar" => how_to_switch(FfmpegVariant::Default),
        _ => None,
    };
    switched.unwrap_or_else(|| match name {
        RAV1E => "build with the feature rav1e, or use libsvtav1, which is faster".to_owned(),
        _ => format!("build against an FFmpeg configured with --enable-{}", name.split('-').next().unwrap_or(name)),
    })
}

/// Encodes a grey frame with the encoder's own defaults, once in a process.
fn probe(info: &'static EncoderInfo) -> Result<(), String> {
    type Known = Mutex<Vec<(&'static str, Result<(), String>)>>;
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let known = KNOWN.get_or_init(Known::default);
    {
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, outcome)) = known.iter().find(|(name, _)| *name == info.name) {
            return outcome.clone();
        }
    }
    let outcome = try_encode(info).map_err(|error| match &error.cause {
        Some(cause) => format!("{}: {cause}", error.message),
        None => error.message,
    });
    known.lock().unwrap_or_else(PoisonError::into_inner).push((info.name, outcome.clone()));
    outcome
}

fn try_encode(info: &'static EncoderInfo) -> Result<()> {
    const SIZE: u32 = 128;
    let options: FileWriterOptions = serde_json::from_value(serde_json::json!({
        "codec": info.codec, "path": "probe", "frameRate": { "num": 30, "den": 1 }, "threads": 1,
    }))
    .map_err(|error| Error::new(Code::Internal, Stage::Encode, format!("Cannot probe encoders: {error}")))?;
    let shape = VideoInfo { width: SIZE, height: SIZE, ..VideoInfo::UNKNOWN };
    let memory = |error: av::AvError| error.explain(Code::ResourceExhausted, Stage::Encode, "probe encoders");
    let mut picture = Picture::alloc(shape.format, SIZE, SIZE).map_err(memory)?;
    if let Some(mut view) = picture.view_mut().map_err(memory)? {
        view.fill_black();
    }
    picture.set_pts(0);
    let (mut encoder, _) = open_encoder(info, &options, info.codec.info().containers[0], FrameShape::mono(shape))?;
    encoder.send(Some(picture))?;
    encoder.send(None)?;
    match encoder.receive()? {
        Some(_) => Ok(()),
        None => Err(Error::new(
            Code::CodecUnavailable,
            Stage::Encode,
            format!("Cannot encode with {:?}: it gave no packet for a frame", info.name),
        )),
    }
}

/// The encoders that may serve these options, best first: the one that was named, or those of the codec that work.
pub(crate) fn choose_encoder(options: &FileWriterOptions) -> Result<Vec<&'static EncoderInfo>> {
    let codec = options.codec.info();
    if let Some(name) = &options.encoder {
        let info = encoder_info(name).filter(|info| info.codec == options.codec).ok_or_else(|| {
            Error::argument(
                "encoder",
                format!("Cannot encode {} with {name:?}: its encoders are {}", codec.name, codec.encoders.join(", ")),
            )
        })?;
        probe(info).map_err(|reason| unavailable(codec, &reason, &fix(name)).with_field("encoder"))?;
        settings::check(info, options)?;
        return Ok(vec![info]);
    }
    let mut refusal = None;
    let mut fitting = Vec::new();
    let mut reasons = Vec::new();
    for info in codec.encoders.iter().filter_map(|name| encoder_info(name)) {
        // The encoder that needs no C codec is too slow for live video: only when it is named.
        if info.name == RAV1E && options.profile == Profile::Live {
            continue;
        }
        if let Err(reason) = probe(info) {
            reasons.push(reason);
        } else if let Err(error) = settings::check(info, options) {
            refusal.get_or_insert(error);
        } else {
            fitting.push(info);
        }
    }
    if fitting.is_empty() {
        return Err(refusal
            .unwrap_or_else(|| unavailable(codec, &reasons.join("; "), &fix(codec.encoders[0])).with_field("codec")));
    }
    Ok(fitting)
}

fn unavailable(codec: &CodecInfo, reason: &str, fix: &str) -> Error {
    Error::new(
        Code::CodecUnavailable,
        Stage::Encode,
        format!("Cannot encode {}: no encoder works here ({reason}); {fix}", codec.name),
    )
}
