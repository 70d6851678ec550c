//! Brings a captured picture into the shape that its encoder takes, with as few copies as can be.

use super::Shape;
use crate::{
    av::{AvError, ColourTags, Picture, PixelFormat, Scaler},
    error::{Code, Error, Result, Stage},
    frame::{
        colour::{ColourMatrix, ColourRange},
        convert::{can_convert, convert},
    },
};

/// Numbers of AVColorSpace, AVColorPrimaries and AVColorTransferCharacteristic (ITU-T H.273).
const BT709: u32 = 1;
const BT601: u32 = 6;
const BT2020: u32 = 9;
const RGB: u32 = 0;
const UNKNOWN: u32 = 2;

/// The tags of a picture in `format` made from one of shape `input`.
pub(super) fn tags(input: Shape, format: PixelFormat) -> ColourTags {
    let from_rgb = is_rgb(input.format);
    match (from_rgb, is_rgb(format)) {
        (true, false) => {
            let matrix = ColourMatrix::of_height(input.height as usize);
            ColourTags { range: 1, matrix: number(matrix), ..input.tags }
        }
        (_, true) => ColourTags { range: 2, matrix: RGB, ..input.tags },
        (false, false) if input.format == PixelFormat::YUVJ420P => ColourTags { range: 2, ..input.tags },
        (false, false) => input.tags,
    }
}

/// H.273's number of a matrix.
pub(crate) const fn number(matrix: ColourMatrix) -> u32 {
    match matrix {
        ColourMatrix::Bt601 => BT601,
        ColourMatrix::Bt709 => BT709,
        ColourMatrix::Bt2020 => BT2020,
    }
}

fn is_rgb(format: PixelFormat) -> bool {
    matches!(format, PixelFormat::BGRA | PixelFormat::BGR0 | PixelFormat::GBRP)
}

fn matrix(tags: ColourTags, height: u32) -> ColourMatrix {
    match tags.matrix {
        BT709 => ColourMatrix::Bt709,
        5 | BT601 => ColourMatrix::Bt601,
        BT2020 => ColourMatrix::Bt2020,
        RGB | UNKNOWN => ColourMatrix::of_height(height as usize),
        _ => ColourMatrix::Bt709,
    }
}

/// A conversion to one shape; remembers the scaler it needed last.
#[derive(Debug)]
pub(crate) struct Adapter {
    to: Shape,
    scaler: Option<Scaler>,
}

impl Adapter {
    pub(crate) fn new(to: Shape) -> Self {
        Self { to, scaler: None }
    }

    /// The picture in the wanted shape; without a copy if it has it already.
    pub(crate) fn adapt(&mut self, picture: &Picture) -> Result<Picture> {
        let shown = (picture.width(), picture.height());
        let target = (self.to.width, self.to.height);
        let grows = |to: u32, from: u32| to == from || to == from.next_multiple_of(2);
        let padded = target != shown && grows(target.0, shown.0) && grows(target.1, shown.1);
        let mut adapted = if target == shown || padded {
            let converted = self.reformat(picture, shown)?;
            if padded { pad(&converted, target)? } else { converted }
        } else {
            self.rescale(picture, target)?
        };
        adapted.set_tags(self.to.tags);
        Ok(adapted)
    }

    /// The same size in the wanted pixel format.
    fn reformat(&mut self, picture: &Picture, size: (u32, u32)) -> Result<Picture> {
        let (from, to) = (picture.format(), self.to.format);
        if from == to || (from, to) == (PixelFormat::YUVJ420P, PixelFormat::YUV420P) {
            return picture.reference().map_err(memory);
        }
        let (Some(source), Some(layout)) = (picture.view(), to.layout()) else {
            return self.rescale(picture, size);
        };
        if !can_convert(source.layout(), layout) {
            return self.rescale(picture, size);
        }
        let mut result = Picture::alloc(to, size.0, size.1).map_err(memory)?;
        let tags = if is_rgb(from) { self.to.tags } else { picture.tags() };
        let range = if tags.range == 2 { ColourRange::Full } else { ColourRange::Limited };
        if let Some(mut target) = result.view_mut().map_err(memory)? {
            convert(&source, &mut target, matrix(tags, size.1), range)?;
        }
        Ok(result)
    }

    fn rescale(&mut self, picture: &Picture, size: (u32, u32)) -> Result<Picture> {
        let to = (self.to.format, size.0, size.1);
        if !self.scaler.as_ref().is_some_and(|scaler| scaler.serves(picture, to)) {
            self.scaler = Some(Scaler::new(picture, to).map_err(|error| {
                error.explain(Code::EncodeFailed, Stage::Encode, &format!("convert from {}", picture.format().name()))
            })?);
        }
        match &mut self.scaler {
            Some(scaler) => scaler.scale(picture).map_err(memory),
            None => Err(Error::new(Code::Internal, Stage::Encode, "Cannot convert a frame: there is no scaler")),
        }
    }
}

fn memory(error: AvError) -> Error {
    error.explain(Code::ResourceExhausted, Stage::Encode, "convert a frame")
}

/// Repeats the last column and row until the size is reached.
fn pad(picture: &Picture, size: (u32, u32)) -> Result<Picture> {
    let mut result = Picture::alloc(picture.format(), size.0, size.1).map_err(memory)?;
    let (Some(source), Some(mut target)) = (picture.view(), result.view_mut().map_err(memory)?) else {
        return Err(Error::new(Code::Internal, Stage::Encode, "Cannot pad a frame: its pixel format has no layout"));
    };
    for plane in 0..source.layout().planes() {
        let mut rows = source.rows(plane);
        let mut last: &[u8] = &[];
        for row in target.rows_mut(plane) {
            last = rows.next().unwrap_or(last);
            let (known, rest) = row.split_at_mut(last.len());
            known.copy_from_slice(last);
            rest.fill(last.last().copied().unwrap_or(0));
        }
    }
    Ok(result)
}
