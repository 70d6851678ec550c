//! Which encoder serves a target.

use super::{
    encoder::Encoder,
    encoders::{EncoderKind, encoder_names, encoders_of},
    options::EncodeOptions,
    probe::probe,
    stereo_packer::coded_format,
    table::Codec,
};
use crate::{
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::FrameShape,
};

/// The encoders that may serve a target: the one that was named, or those of the codec that work.
pub(crate) struct EncoderChoice {
    options: EncodeOptions,
    /// Best first; at least one.
    encoders: Vec<&'static dyn EncoderKind>,
}

impl EncoderChoice {
    /// Finds encoders that work here and fit the options.
    pub(crate) fn new(options: EncodeOptions) -> Result<Self> {
        let encoders = match &options.encoder {
            Some(name) => vec![named(name, &options)?],
            None => working(&options)?,
        };
        Ok(Self { options, encoders })
    }

    /// Refuses frames of shape `input` if none of them can keep their samples, where every one is to be kept.
    pub(crate) fn check(&self, input: FrameShape) -> Result<()> {
        let answers = self.encoders.iter().map(|kind| self.takes(*kind, input));
        answers.reduce(|first, next| if first.is_ok() { first } else { next.or(first) }).unwrap_or(Ok(()))
    }

    /// Whether an encoder has a pixel format for frames of shape `input`.
    fn takes(&self, kind: &dyn EncoderKind, input: FrameShape) -> Result<()> {
        coded_format(kind.info(), &self.options, input.view.format).map(drop)
    }

    /// The name of the one that is preferred.
    pub(crate) fn preferred(&self) -> &'static str {
        self.encoders[0].info().name
    }

    /// Opens the best one that can hold frames of shape `input`, of which there are `rate` per second.
    pub(crate) fn open(&self, input: FrameShape, rate: Rational) -> Result<Encoder> {
        let size = self.options.stereo.size((input.view.width, input.view.height), input.views);
        let fits = |kind: &&&'static dyn EncoderKind| kind.info().holds(size) && self.takes(**kind, input).is_ok();
        let kind = *self.encoders.iter().find(fits).unwrap_or(&self.encoders[0]);
        Encoder::open(kind, &EncodeOptions { frame_rate: rate, ..self.options.clone() }, input)
    }
}

/// The encoder that was asked for by its name.
fn named(name: &str, options: &EncodeOptions) -> Result<&'static dyn EncoderKind> {
    let codec = options.codec;
    let kind = encoders_of(codec).find(|kind| kind.info().name == name).ok_or_else(|| {
        let names = encoder_names(codec).join(", ");
        let message = format!("Cannot encode {} with {name:?}: its encoders are {names}", codec.info().name);
        Error::argument("encoder", message)
    })?;
    probe(kind).map_err(|reason| unavailable(codec, &reason, &kind.fix()).with_field("encoder"))?;
    kind.info().check(options)?;
    Ok(kind)
}

/// The encoders of the codec that work and fit the options, best first; at least one.
fn working(options: &EncodeOptions) -> Result<Vec<&'static dyn EncoderKind>> {
    let mut refusal = None;
    let mut fitting = Vec::new();
    let (mut reasons, mut fix) = (Vec::new(), String::new());
    for kind in encoders_of(options.codec) {
        if options.is_live() && !kind.info().is_realtime {
            continue;
        }
        if let Err(reason) = probe(kind) {
            if reasons.is_empty() {
                fix = kind.fix();
            }
            reasons.push(reason);
        } else if let Err(error) = kind.info().check(options) {
            refusal.get_or_insert(error);
        } else {
            fitting.push(kind);
        }
    }
    if fitting.is_empty() {
        let missing = || unavailable(options.codec, &reasons.join("; "), &fix).with_field("codec");
        return Err(refusal.unwrap_or_else(missing));
    }
    Ok(fitting)
}

fn unavailable(codec: Codec, reason: &str, fix: &str) -> Error {
    Error::new(
        Code::CodecUnavailable,
        Stage::Encode,
        format!("Cannot encode {}: no encoder works here ({reason}); {fix}", codec.info().name),
    )
}
