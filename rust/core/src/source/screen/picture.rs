//! Makes pictures of the pixels of an X server.

use super::{cursor::CursorImage, x11::Grabbed};
use crate::{
    av::{AvError, ColourTags, Picture, PicturePool, PixelFormat, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::converter::convert_shape,
    pixels::{
        ColourSpace,
        geometry::{FieldOrder, Geometry},
        h273::{FULL, RGB},
        planes::{Layout, Plane, Planes},
    },
};

/// Makes pictures in one colour space.
#[derive(Debug)]
pub(super) struct Painter {
    format: PixelFormat,
    pool: PicturePool,
}

impl Painter {
    /// Red, green and blue stay as the server has them, whatever their order; everything else is made at once, which spares
    /// a copy of the pixels.
    pub(super) fn new(colour: ColourSpace) -> Self {
        let format = PixelFormat::of(colour);
        Self { format: if format.is_rgb() { PixelFormat::BGR0 } else { format }, pool: PicturePool::default() }
    }

    /// The shape of pictures of this size.
    pub(super) fn shape(&self, (width, height): (u16, u16)) -> VideoInfo {
        source(width.into(), height.into()).converted(self.format, width.into(), height.into())
    }

    /// A picture of `grabbed`, with the cursor if the pointer is at a place.
    pub(super) fn paint(&self, grabbed: Grabbed<'_>, pointer: Option<(i32, i32)>) -> Result<Picture> {
        let Grabbed { pixels, aim, cursor } = grabbed;
        let (width, height) = (usize::from(aim.size.0), usize::from(aim.size.1));
        let (cursor, shape) = (cursor.zip(pointer), self.shape(aim.size));
        let stride = aim.layout.stride(width);
        if aim.layout.is_plain() && !self.format.is_rgb() {
            draw(cursor, pixels.chunks_mut(stride));
            let planes = Planes::new(Layout::Bgra, width, height, [Plane { data: pixels, stride }])?;
            return self.convert(&planes, shape);
        }
        let rgb = source(shape.width, shape.height);
        let mut picture = self.pool.take(rgb.format, rgb.width, rgb.height).map_err(memory)?;
        picture.set_tags(rgb.tags);
        if let Some(mut planes) = picture.view_mut().map_err(memory)? {
            for (to, from) in planes.rows_mut(0).zip(pixels.chunks(stride)) {
                aim.layout.convert(from, to);
            }
            draw(cursor, planes.rows_mut(0));
        }
        match picture.view() {
            Some(planes) if !self.format.is_rgb() => self.convert(&planes, shape),
            _ => Ok(picture),
        }
    }

    fn convert(&self, from: &Planes<'_>, shape: VideoInfo) -> Result<Picture> {
        let mut picture = self.pool.take(shape.format, shape.width, shape.height).map_err(memory)?;
        picture.set_tags(shape.tags);
        if let Some(mut planes) = picture.view_mut().map_err(memory)? {
            convert_shape(from, source(shape.width, shape.height), &mut planes, shape)?;
        }
        Ok(picture)
    }
}

/// The shape of what an X server shows.
fn source(width: u32, height: u32) -> VideoInfo {
    let geometry =
        Geometry { pixel_aspect: Rational::new(1, 1), field_order: FieldOrder::Progressive, ..Geometry::UNKNOWN };
    let tags = ColourTags { range: FULL, matrix: RGB, geometry, ..ColourTags::UNKNOWN };
    VideoInfo { width, height, format: PixelFormat::BGR0, tags }
}

fn draw<'a>(cursor: Option<(&CursorImage, (i32, i32))>, rows: impl Iterator<Item = &'a mut [u8]>) {
    if let Some((cursor, pointer)) = cursor {
        cursor.draw(pointer, rows);
    }
}

/// The error where there is no memory for a picture.
pub(super) fn memory(error: AvError) -> Error {
    error.explain(Code::ResourceExhausted, Stage::Source, "capture the screen")
}
