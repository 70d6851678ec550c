//! Turns pictures of any pixel format.

use super::converter::Converter;
use crate::{
    av::{AvError, Picture, PicturePool, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    pixels::geometry::Turn,
};

/// Turns pictures; those whose pixel format has no turned form get the nearest one that has.
#[derive(Debug, Default)]
pub(crate) struct Turner {
    /// For pictures of the last shape that could not be turned as they are.
    converter: Option<(VideoInfo, Converter)>,
    pool: PicturePool,
}

impl Turner {
    /// The picture after a turn, with its times; without a copy if it changes nothing.
    pub(crate) fn turn(&mut self, picture: Picture, turn: Turn) -> Result<Picture> {
        if turn.is_none() {
            return Ok(picture);
        }
        let from = VideoInfo::of(&picture);
        let to = from.converted(from.format.turnable(turn), from.width, from.height);
        let picture = if to.format == from.format {
            picture
        } else {
            let known = self.converter.take().filter(|(known, _)| *known == from);
            let (_, converter) = self.converter.insert(known.unwrap_or_else(|| (from, Converter::new(to))));
            let mut converted = converter.convert(&picture)?;
            converted.set_times_of(&picture);
            converted
        };
        picture.turned(turn, &self.pool).map_err(memory)
    }
}

fn memory(error: AvError) -> Error {
    error.explain(Code::ResourceExhausted, Stage::Source, "turn a frame")
}
