//! Encoding by FFmpeg's encoders.

use super::{
    allowed::refused,
    kind::{Encode, EncodeRequest, EncoderInfo, EncoderKind},
};
use crate::{
    av::{self, EncoderConfig, OpenError, Packet, Picture, StreamParameters, VideoInfo, how_to_switch},
    base::error::{Code, Error, Result, Stage},
};

/// An encoder of FFmpeg: what is known of it, and its own settings.
pub(super) trait FfmpegEncoder: Sync {
    /// Its properties.
    fn info(&self) -> &'static EncoderInfo;

    /// Adds its own settings to those that all encoders of FFmpeg have.
    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig);
}

impl<T: FfmpegEncoder> EncoderKind for T {
    fn info(&self) -> &'static EncoderInfo {
        FfmpegEncoder::info(self)
    }

    fn fix(&self) -> String {
        let info = FfmpegEncoder::info(self);
        info.variant.and_then(how_to_switch).unwrap_or_else(|| {
            let library = info.name.split('-').next().unwrap_or(info.name);
            format!("build against an FFmpeg configured with --enable-{library}")
        })
    }

    fn open(&self, request: &EncodeRequest<'_>) -> Result<Box<dyn Encode>> {
        let info = FfmpegEncoder::info(self);
        let config = config(self, request);
        let encoder = av::Encoder::open(&config).map_err(|error| {
            let culprit = if matches!(error, OpenError::Refused(_)) { culprit(&config, request) } else { None };
            explain(info, request.shape, error, culprit)
        })?;
        if let Some(line) = encoder.not_taken()
            && let Some((name, value)) = culprit(&config, request)
        {
            return Err(not_taken(info, name, value, line));
        }
        Ok(Box::new(OpenEncoder { name: info.name, encoder, quantiser: config.quantiser }))
    }
}

/// Everything an encoder is opened with.
pub(super) fn config(kind: &dyn FfmpegEncoder, request: &EncodeRequest<'_>) -> EncoderConfig {
    let EncodeRequest { options, shape, .. } = *request;
    let mut config = EncoderConfig {
        name: kind.info().name.to_owned(),
        width: shape.width,
        height: shape.height,
        format: shape.format,
        frame_rate: options.frame_rate,
        tags: shape.tags,
        threads: options.threads,
        gop: request.gop,
        b_frames: options.is_live().then_some(0),
        bit_rate: options.bit_rate,
        quantiser: None,
        options: Vec::new(),
    };
    kind.set(request, &mut config);
    // They come last and in their order: where an encoder refuses, the culprit is looked for among them.
    let raw = options.raw.iter().map(|(name, value)| {
        let list = kind.info().options.and_then(|allowed| allowed.list(name));
        let ours = config.options.iter().find(|(known, _)| known == name).zip(list);
        let value = ours.map_or_else(|| value.clone(), |((_, ours), list)| format!("{ours}{}{value}", list.divider));
        (name.clone(), value)
    });
    let raw = raw.collect::<Vec<_>>();
    config.options.extend(raw);
    config
}

/// The raw option without which the encoder would have opened.
fn culprit<'a>(config: &EncoderConfig, request: &EncodeRequest<'a>) -> Option<(&'a String, &'a String)> {
    let raw = &request.options.raw;
    let first = config.options.len() - raw.len();
    let mut numbered = (first..).zip(raw);
    let (_, option) = numbered.find(|(index, _)| {
        let mut without = config.clone();
        without.options.remove(*index);
        av::Encoder::open(&without).is_ok_and(|encoder| encoder.not_taken().is_none())
    })?;
    Some(option)
}

/// The error for a raw option that the encoder refuses, with the line in which FFmpeg says so.
fn not_taken(info: &EncoderInfo, name: &str, value: &str, line: &str) -> Error {
    let message = format!("Cannot use encoder option {name:?} with value {value:?}: {} refuses it", info.name);
    Error::argument(&format!("encoderOptions.{name}"), message).with_cause(line)
}

fn explain(info: &EncoderInfo, shape: VideoInfo, error: OpenError, culprit: Option<(&String, &String)>) -> Error {
    match error {
        OpenError::Missing => Error::new(
            Code::CodecUnavailable,
            Stage::Encode,
            format!("Cannot encode with {:?}: the linked FFmpeg does not have it", info.name),
        )
        .with_field("encoder"),
        OpenError::UnknownOptions(names) => {
            let name = names.first().map_or("", String::as_str);
            refused(info.name, name, "the linked FFmpeg does not know it")
        }
        OpenError::Refused(error) => match culprit {
            Some((name, value)) => not_taken(info, name, value, error.log_line()),
            None => error.explain(
                Code::EncodeFailed,
                Stage::Encode,
                &format!("open encoder {:?} for {}x{} {}", info.name, shape.width, shape.height, shape.format.name()),
            ),
        },
    }
}

/// An open encoder of FFmpeg.
struct OpenEncoder {
    name: &'static str,
    encoder: av::Encoder,
    quantiser: Option<f64>,
}

impl OpenEncoder {
    fn explain(&self, error: &av::AvError) -> Error {
        error.explain(Code::EncodeFailed, Stage::Encode, &format!("encode with {:?}", self.name))
    }
}

impl Encode for OpenEncoder {
    fn send(&mut self, mut picture: Option<Picture>) -> Result<()> {
        if let (Some(picture), Some(quantiser)) = (&mut picture, self.quantiser) {
            picture.set_quantiser(quantiser);
        }
        self.encoder.send(picture.as_ref()).map_err(|error| self.explain(&error))
    }

    fn receive(&mut self) -> Result<Option<Packet>> {
        match self.encoder.receive() {
            Ok(packet) => Ok(Some(packet)),
            Err(error) if error.is_again() || error.is_end() => Ok(None),
            Err(error) => Err(self.explain(&error)),
        }
    }

    fn parameters(&self) -> Result<StreamParameters> {
        self.encoder
            .parameters()
            .map_err(|error| error.explain(Code::EncodeFailed, Stage::Encode, "read the encoder's parameters"))
    }
}
