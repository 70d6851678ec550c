//! Which encoders work here: found out by encoding a frame with each, not by listing them.

use parking_lot::Mutex;

use super::{encoder::Encoder, encoders::EncoderKind, options::EncodeOptions};
use crate::{
    av::{AvError, Picture, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::FrameShape,
};

/// The outcomes so far, by the encoder's name.
static KNOWN: Mutex<Vec<(&'static str, Result<(), String>)>> = Mutex::new(Vec::new());

/// Encodes a black frame with the encoder's own defaults, once in a process; the error says why that fails.
pub(super) fn probe(kind: &dyn EncoderKind) -> Result<(), String> {
    let name = kind.info().name;
    if let Some((_, outcome)) = KNOWN.lock().iter().find(|(known, _)| *known == name) {
        return outcome.clone();
    }
    let tried = try_encode(kind);
    // A shortage of memory or threads passes.
    let is_lasting = tried.as_ref().err().is_none_or(|error| error.code != Code::ResourceExhausted);
    let outcome = tried.map_err(|error| match &error.cause {
        Some(cause) => format!("{}: {cause}", error.message),
        None => error.message,
    });
    if is_lasting {
        KNOWN.lock().push((name, outcome.clone()));
    }
    outcome
}

fn try_encode(kind: &dyn EncoderKind) -> Result<()> {
    const SIZE: u32 = 128;
    let info = kind.info();
    let options = EncodeOptions { threads: 1, ..EncodeOptions::new(info.codec, Rational::new(30, 1)) };
    let shape = VideoInfo { width: SIZE, height: SIZE, ..VideoInfo::UNKNOWN };
    let memory = |error: AvError| error.explain(Code::ResourceExhausted, Stage::Encode, "probe encoders");
    let mut picture = Picture::alloc(shape.format, SIZE, SIZE).map_err(memory)?;
    if let Some(mut view) = picture.view_mut().map_err(memory)? {
        view.fill_black();
    }
    let mut encoder = Encoder::open(kind, &options, FrameShape::mono(shape))?;
    encoder.send(&[picture], 0, false)?;
    encoder.drain()?;
    encoder.receive()?.map(drop).ok_or_else(|| {
        let message = format!("Cannot encode with {:?}: it made no packet of a frame", info.name);
        Error::new(Code::CodecUnavailable, Stage::Encode, message)
    })
}
