//! Encoding by FFmpeg's encoders.

use super::{Container, Encode, EncoderInfo, settings};
use crate::{
    av::{self, EncoderConfig, OpenError, Packet, Picture, StreamParameters, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    record::options::FileWriterOptions,
};

/// An encoder of FFmpeg.
pub(super) struct Libav {
    name: &'static str,
    encoder: av::Encoder,
    tag: Option<[u8; 4]>,
    quantiser: Option<f64>,
}

impl Libav {
    pub(super) fn open(
        info: &EncoderInfo,
        options: &FileWriterOptions,
        container: Container,
        shape: VideoInfo,
    ) -> Result<Self> {
        let global_header = av::Muxer::wants_global_header(container.info().muxer).ok_or_else(|| {
            Error::new(
                Code::MuxFailed,
                Stage::Mux,
                format!("Cannot write {:?}: this FFmpeg has no {} muxer", options.path, container.info().muxer),
            )
        })?;
        let config = settings::config(info, options, shape, global_header);
        let encoder = av::Encoder::open(&config).map_err(|error| {
            let culprit = if matches!(error, OpenError::Refused(_)) { culprit(&config, options) } else { None };
            explain(info, shape, error, culprit)
        })?;
        let tag = settings::tag(info.codec, container);
        Ok(Self { name: info.name, encoder, tag, quantiser: config.quantiser })
    }
}

/// The raw option without which the encoder would have opened.
fn culprit<'a>(config: &EncoderConfig, options: &'a FileWriterOptions) -> Option<(&'a String, &'a String)> {
    // The raw options are the last ones, in this order.
    let first = config.options.len() - options.encoder_options.len();
    let mut numbered = (first..).zip(&options.encoder_options);
    let (_, option) = numbered.find(|(index, _)| {
        let mut without = config.clone();
        without.options.remove(*index);
        av::Encoder::open(&without).is_ok()
    })?;
    Some(option)
}

fn explain(info: &EncoderInfo, shape: VideoInfo, error: OpenError, culprit: Option<(&String, &String)>) -> Error {
    match error {
        OpenError::Missing => Error::new(
            Code::CodecUnavailable,
            Stage::Encode,
            format!("Cannot encode with {:?}: the linked FFmpeg does not have it", info.name),
        )
        .with_field("encoder"),
        OpenError::UnknownOptions(names) => Error::argument(
            "encoderOptions",
            format!("Cannot use encoder option {:?}: {} does not know it", names.join(", "), info.name),
        ),
        OpenError::Refused(error) => match culprit {
            Some((name, value)) => Error::argument(
                &format!("encoderOptions.{name}"),
                format!("Cannot use encoder option {name:?} with value {value:?}: {} refuses it", info.name),
            )
            .with_cause(error.log_line()),
            None => error.explain(
                Code::EncodeFailed,
                Stage::Encode,
                &format!("open encoder {:?} for {}x{} {}", info.name, shape.width, shape.height, shape.format.name()),
            ),
        },
    }
}

impl Encode for Libav {
    fn send(&mut self, mut picture: Option<Picture>) -> Result<()> {
        if let (Some(picture), Some(quantiser)) = (&mut picture, self.quantiser) {
            picture.set_quantiser(quantiser);
        }
        self.encoder
            .send(picture.as_ref())
            .map_err(|error| error.explain(Code::EncodeFailed, Stage::Encode, &format!("encode with {:?}", self.name)))
    }

    fn receive(&mut self) -> Result<Option<Packet>> {
        match self.encoder.receive() {
            Ok(packet) => Ok(Some(packet)),
            Err(error) if error.is_again() || error.is_end() => Ok(None),
            Err(error) => {
                Err(error.explain(Code::EncodeFailed, Stage::Encode, &format!("encode with {:?}", self.name)))
            }
        }
    }

    fn parameters(&self) -> Result<StreamParameters> {
        let parameters = self
            .encoder
            .parameters()
            .map_err(|error| error.explain(Code::EncodeFailed, Stage::Encode, "read the encoder's parameters"))?;
        Ok(match self.tag {
            Some(tag) => parameters.with_tag(tag),
            None => parameters,
        })
    }
}
