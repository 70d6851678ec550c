//! Which encoders work here: found out by encoding a frame with each, not by listing them.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::{encoder::Encoder, encoders::EncoderKind, options::EncodeOptions};
use crate::{
    av::{AvError, Picture, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::FrameShape,
};

/// Encodes a black frame with the encoder's own defaults, once in a process; the error says why that fails.
pub(super) fn probe(kind: &dyn EncoderKind) -> Result<(), String> {
    type Known = Mutex<Vec<(&'static str, Result<(), String>)>>;
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let known = KNOWN.get_or_init(Known::default);
    let name = kind.info().name;
    {
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, outcome)) = known.iter().find(|(known, _)| *known == name) {
            return outcome.clone();
        }
    }
    let outcome = try_encode(kind).map_err(|error| match &error.cause {
        Some(cause) => format!("{}: {cause}", error.message),
        None => error.message,
    });
    known.lock().unwrap_or_else(PoisonError::into_inner).push((name, outcome.clone()));
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
    encoder.send(&[picture], 0)?;
    encoder.drain()?;
    encoder.receive()?.map(drop).ok_or_else(|| {
        let message = format!("Cannot encode with {:?}: it made no packet of a frame", info.name);
        Error::new(Code::CodecUnavailable, Stage::Encode, message)
    })
}
