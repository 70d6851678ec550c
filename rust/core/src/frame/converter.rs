//! Brings pictures into the shape that an encoder or an observer needs, with as few copies as possible.

use crate::{
    av::{AvError, ColourTags, Picture, PicturePool, PixelFormat, Scaler, Scaling, VideoInfo, tags},
    base::error::{Code, Error, Result, Stage},
    pixels::{
        colour::{ColourMatrix, ColourRange},
        convert::convert,
        planes::{Layout, Planes, PlanesMut},
    },
};

/// A conversion to one shape; remembers the last scaler.
///
/// Colours are converted by [`convert`], exactly; swscale scales, and takes pixel formats that have no [`Layout`]. Between
/// Y'CbCr formats the matrix stays the picture's own.
#[derive(Debug)]
pub(crate) struct Converter {
    to: VideoInfo,
    fits: bool,
    scaler: Option<Scaler>,
    pool: PicturePool,
}

impl Converter {
    /// Scales where the size differs.
    pub(crate) fn new(to: VideoInfo) -> Self {
        Self { to, fits: false, scaler: None, pool: PicturePool::default() }
    }

    /// For encoders: keeps the proportions of what is shown, with black bars beside it where they differ, and repeats the
    /// last columns and rows where only those are missing to the next even size, or to whole samples of chroma.
    pub(crate) fn fitting(to: VideoInfo) -> Self {
        Self { fits: true, ..Self::new(to) }
    }

    /// The picture in the wanted shape; without a copy if it has it already.
    pub(crate) fn convert(&mut self, picture: &Picture) -> Result<Picture> {
        let shown = (picture.width(), picture.height());
        let target = (self.to.width, self.to.height);
        let (across, down) = self.to.format.chroma_pixels();
        let grows = |to: u32, from: u32, pixels: u32| {
            to == from || to == from.next_multiple_of(2) || to == from.next_multiple_of(pixels)
        };
        let aspect = |tags: ColourTags| tags.geometry.known_aspect();
        let is_fitted = self.fits && aspect(picture.tags()) != aspect(self.to.tags);
        let mut converted = if target == shown && !is_fitted {
            self.reformat(picture, self.to.format)?
        } else if self.fits && !is_fitted && grows(target.0, shown.0, across) && grows(target.1, shown.1, down) {
            pad(&self.reformat(picture, self.to.format)?, target, &self.pool)?
        } else if self.fits {
            self.fit(picture)?
        } else {
            self.resize(picture, target)?
        };
        converted.set_tags(self.to.tags);
        Ok(converted)
    }

    /// The wanted size and pixel format, with black bars where the proportions differ.
    fn fit(&mut self, picture: &Picture) -> Result<Picture> {
        let to = self.to;
        let (size, place) = fitted(VideoInfo::of(picture), to);
        let scaled = self.resize(picture, size)?;
        if size == (to.width, to.height) {
            return Ok(scaled);
        }
        let mut whole = self.pool.take(to.format, to.width, to.height).map_err(memory)?;
        whole.set_tags(to.tags);
        whole.fill_black().and_then(|()| whole.paste(&scaled, place)).map_err(memory)?;
        Ok(whole)
    }

    /// A size in the wanted pixel format, scaled in the format that costs the least.
    ///
    /// Planar Y'CbCr has the fewest samples, and swscale goes by way of it in any case. Chroma for R'G'B' is scaled from its
    /// own size to the wanted one: were it shared by pixels there too, a smaller picture would have less of it than it can.
    fn resize(&mut self, picture: &Picture, size: (u32, u32)) -> Result<Picture> {
        let between = match (picture.format().layout(), self.to.format.layout()) {
            (Some(from), Some(to)) if !from.is_rgb() => {
                Some((planar(from), if to.is_rgb() { PixelFormat::YUV444P } else { planar(from) }))
            }
            (Some(_), Some(to)) if !to.is_rgb() => Some((planar(to), planar(to))),
            _ => None,
        };
        let Some((before, after)) = between else {
            return self.rescale(picture, self.to.format, size);
        };
        let source = self.reformat(picture, before)?;
        let scaled = self.rescale(&source, after, size)?;
        self.reformat(&scaled, self.to.format)
    }

    /// The same size in another pixel format, tagged.
    fn reformat(&mut self, picture: &Picture, format: PixelFormat) -> Result<Picture> {
        let from = VideoInfo::of(picture);
        let to = self.shape_in(from, format);
        let changes_range = from.changes_range(to);
        if from.format.plain() == format.plain() && !changes_range {
            let mut same = picture.reference().map_err(memory)?;
            same.rename(format);
            same.set_tags(to.tags);
            return Ok(same);
        }
        let (Some(source), Some(_), false) = (picture.view(), format.layout(), changes_range) else {
            return self.rescale(picture, format, (from.width, from.height));
        };
        let mut result = self.pool.take(format, from.width, from.height).map_err(memory)?;
        result.set_tags(to.tags);
        if let Some(mut target) = result.view_mut().map_err(memory)? {
            convert_shape(&source, from, &mut target, to)?;
        }
        Ok(result)
    }

    fn rescale(&mut self, picture: &Picture, format: PixelFormat, size: (u32, u32)) -> Result<Picture> {
        let from = VideoInfo::of(picture);
        // Where swscale makes R'G'B' of grey, it takes every grey for full range.
        if from.format.is_grey() && format.is_rgb() && from.range() == ColourRange::Limited {
            let luma = self.rescale(picture, PixelFormat::YUV444P, size)?;
            return self.reformat(&luma, format);
        }
        let to = VideoInfo { width: size.0, height: size.1, ..self.shape_in(from, format) };
        let scaling = Scaling {
            from: (from.format, from.width, from.height),
            to: (format, size.0, size.1),
            matrix: matrix_between(from, to)?.number(),
            full_range: [from, to].map(|shape| shape.range() == ColourRange::Full),
        };
        let scaler = match self.scaler.take().filter(|scaler| scaler.scaling() == scaling) {
            Some(scaler) => scaler,
            None => Scaler::new(scaling).map_err(|error| {
                error.explain(Code::EncodeFailed, Stage::Encode, &format!("convert from {}", from.format.name()))
            })?,
        };
        let mut scaled = self.scaler.insert(scaler).scale(picture, &self.pool).map_err(memory)?;
        scaled.set_tags(to.tags);
        Ok(scaled)
    }

    /// The shape on the way from `from` to the wanted one, in `format`.
    fn shape_in(&self, from: VideoInfo, format: PixelFormat) -> VideoInfo {
        let goes_to_rgb = self.to.format.is_rgb();
        let tags = if format == self.to.format || !goes_to_rgb { self.to.tags } else { tags(from, format) };
        VideoInfo { format, tags, ..from }
    }
}

/// The size of a picture of shape `from` that keeps its proportions in one of shape `to`, and its place there. Both are in
/// whole samples of chroma.
fn fitted(from: VideoInfo, to: VideoInfo) -> ((u32, u32), (u32, u32)) {
    let aspect = |info: VideoInfo| info.tags.geometry.known_aspect().as_f64();
    let shown = [f64::from(from.width) * aspect(from) / aspect(to), f64::from(from.height)];
    let whole = [to.width, to.height];
    let scale = (f64::from(whole[0]) / shown[0]).min(f64::from(whole[1]) / shown[1]);
    let units: [u32; 2] = to.format.chroma_pixels().into();
    let spans: [(u32, u32); 2] = std::array::from_fn(|side| {
        let (unit, exact) = (units[side].max(2), shown[side] * scale);
        let count = (exact / f64::from(unit)).round() as u32;
        // A bar narrower than a unit would only be an error of rounding.
        if exact + f64::from(unit) > f64::from(whole[side]) {
            return (whole[side], 0);
        }
        let length = count.max(1) * unit;
        (length, whole[side].saturating_sub(length) / 2 / unit * unit)
    });
    ((spans[0].0, spans[1].0), (spans[0].1, spans[1].1))
}

/// Whether one pass over the samples, by [`convert_shape`], turns pictures of shape `from` into shape `to`.
pub(crate) fn is_one_pass(from: VideoInfo, to: VideoInfo) -> bool {
    let has_layouts = from.format.layout().is_some() && to.format.layout().is_some();
    has_layouts && (from.width, from.height) == (to.width, to.height) && !from.changes_range(to)
}

/// Converts samples of shape `from` to shape `to`, which has the same size.
pub(crate) fn convert_shape(
    source: &Planes<'_>,
    from: VideoInfo,
    target: &mut PlanesMut<'_>,
    to: VideoInfo,
) -> Result<()> {
    let coded = if from.format.is_rgb() { to } else { from };
    convert(source, target, matrix_between(from, to)?, coded.range())?;
    if from.format == PixelFormat::BGR0 && to.format.is_rgb() {
        target.make_opaque();
    }
    Ok(())
}

/// The matrix of a conversion; any where none is needed.
///
/// # Errors
///
/// `InvalidArgument` naming `colour`, if one is needed and these colours have none.
pub(crate) fn matrix_between(from: VideoInfo, to: VideoInfo) -> Result<ColourMatrix> {
    let coded = if from.format.is_rgb() { to } else { from };
    let is_needed = from.format.is_rgb() != to.format.is_rgb();
    coded.matrix().or((!is_needed).then_some(ColourMatrix::Bt709)).ok_or_else(|| {
        let message = format!(
            "Cannot convert {} to {}: its colours are {}, which no matrix turns into red, green and blue; \
             use \"i420\", \"nv12\" or \"uyvy\", which leave them as they are",
            from.format.name(),
            to.format.name(),
            coded.tags.matrix_name()
        );
        Error::argument("colour", message)
    })
}

/// The planar pixel format with the chroma of a layout of Y'CbCr.
const fn planar(layout: Layout) -> PixelFormat {
    match layout {
        Layout::I422 | Layout::Uyvy => PixelFormat::YUV422P,
        Layout::I444 => PixelFormat::YUV444P,
        _ => PixelFormat::YUV420P,
    }
}

fn memory(error: AvError) -> Error {
    error.explain(Code::ResourceExhausted, Stage::Encode, "convert a frame")
}

/// Repeats the last column and row of a planar picture until the size is reached.
fn pad(picture: &Picture, size: (u32, u32), pool: &PicturePool) -> Result<Picture> {
    let mut result = pool.take(picture.format(), size.0, size.1).map_err(memory)?;
    let (Some(source), Some(mut target)) = (picture.view(), result.view_mut().map_err(memory)?) else {
        return picture.extended(size, pool).map_err(memory);
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

#[cfg(test)]
mod tests;
