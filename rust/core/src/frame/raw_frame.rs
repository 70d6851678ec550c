//! Frames as plain bytes: views one after the other, each view's planes one after the other, without padding.

use super::{
    Frame, Views,
    converter::{Converter, convert_shape, is_one_pass},
    header::FrameHeader,
};
use crate::{
    av::{AvError, Picture, PicturePool, PixelFormat, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    pixels::{
        convert::copy,
        h273::UNKNOWN,
        planes::{Layout, Planes, PlanesMut},
    },
};

/// A frame with a copy of these samples in memory from `pool`, captured at `now_ns` unless the header says when; in `preferred` if
/// one pass over the samples leads there, because that pass replaces the copy.
///
/// # Errors
///
/// `InvalidArgument` naming `data` if it is shorter than the header says, or `pts` if the header has no time; out of
/// memory.
pub fn frame_from(
    header: &FrameHeader,
    data: &[u8],
    preferred: Option<PixelFormat>,
    pool: &PicturePool,
    now_ns: u64,
) -> Result<Frame> {
    if header.time_base.num == 0 {
        return Err(Error::argument("pts", "Cannot take a frame without a time: give it pts and timeBase"));
    }
    check_length(data.len(), header.data_length())?;
    let from = shape_of(header);
    let to = preferred.map(|format| from.converted(format, from.width, from.height));
    let pictures = views(header, data).map(|view| match to.filter(|to| is_one_pass(from, *to)) {
        Some(to) => picture_in(header, view, from, to, pool),
        None => picture_from(header, view, pool),
    });
    let views = pictures.collect::<Result<Views>>()?;
    if views.is_empty() {
        return Err(Error::argument("stereoCount", "Cannot take a frame without a view"));
    }
    let has_time = header.capture_ms > 0.0;
    Ok(Frame {
        views,
        sequence: header.sequence,
        pts: header.pts,
        time_base: header.time_base,
        duration: header.duration(),
        captured_ns: if has_time { (header.capture_ms * 1e6) as u64 } else { now_ns },
        session_start_ms: header.session_start_ms as u64,
        loss: None,
        coded: None,
    })
}

/// Writes a picture to the beginning of `data`.
///
/// # Errors
///
/// `InvalidArgument` naming `data` if it is too short; `Internal` if the picture has none of our layouts.
pub fn write_picture(picture: &Picture, data: &mut [u8]) -> Result<()> {
    let Some(source) = picture.view() else {
        let message = format!("Cannot copy a frame: {} has no layout", picture.format().name());
        return Err(Error::new(Code::Internal, Stage::Boundary, message));
    };
    let (width, height) = source.size();
    check_length(data.len(), source.layout().picture_bytes(width, height))?;
    copy(&source, &mut PlanesMut::tight(source.layout(), width, height, data)?);
    Ok(())
}

/// Writes a picture to the beginning of `data` in the shape `to`, to which one pass over its samples must lead.
///
/// # Errors
///
/// As [`write_picture`].
pub(crate) fn write_converted(picture: &Picture, to: VideoInfo, data: &mut [u8]) -> Result<()> {
    let from = VideoInfo::of(picture);
    let (Some(source), Some(layout)) = (picture.view(), to.format.layout()) else {
        return write_picture(picture, data);
    };
    if source.layout() == layout && from.format != PixelFormat::BGR0 {
        return write_picture(picture, data);
    }
    let (width, height) = source.size();
    check_length(data.len(), layout.picture_bytes(width, height))?;
    convert_shape(&source, from, &mut PlanesMut::tight(layout, width, height, data)?, to)
}

/// Writes pictures of one shape one after the other.
///
/// # Errors
///
/// As [`write_picture`].
pub fn write_pictures<'a>(pictures: impl IntoIterator<Item = &'a Picture>, mut data: &mut [u8]) -> Result<()> {
    for picture in pictures {
        write_picture(picture, data)?;
        let bytes = picture.view().map_or(0, |view| view.layout().picture_bytes(view.size().0, view.size().1));
        data = &mut data[bytes..];
    }
    Ok(())
}

/// Converts every view from one header's colour space and size to another's.
///
/// Of the target's header only colour space, size, views, range and matrix count; a range or matrix that is unknown there
/// is the one that fits the source.
///
/// # Errors
///
/// `InvalidArgument` naming `stereoCount` if the headers differ in it, or `data` if one of the buffers is too short.
pub fn convert_bytes(from: &FrameHeader, source: &[u8], to: &FrameHeader, target: &mut [u8]) -> Result<()> {
    if from.stereo_count != to.stereo_count {
        let message = format!(
            "Cannot convert {} stereo views to {}: a conversion keeps every view",
            from.stereo_count, to.stereo_count
        );
        return Err(Error::argument("stereoCount", message));
    }
    check_length(source.len(), from.data_length())?;
    check_length(target.len(), to.data_length())?;
    let (from_shape, to_shape) = shapes(from, to);
    let (from_layout, to_layout) = (Layout::from(from.colour), Layout::from(to.colour));
    let is_one_pass = is_one_pass(from_shape, to_shape);
    let (mut converter, pool) = (Converter::new(to_shape), PicturePool::default());
    for (source, target) in views(from, source).zip(target.chunks_exact_mut(to.view_bytes())) {
        if !is_one_pass {
            write_picture(&converter.convert(&picture_from(from, source, &pool)?)?, target)?;
        } else {
            let (width, height) = (from.width as usize, from.height as usize);
            let source = Planes::tight(from_layout, width, height, source)?;
            let mut target = PlanesMut::tight(to_layout, width, height, target)?;
            convert_shape(&source, from_shape, &mut target, to_shape)?;
        }
    }
    Ok(())
}

/// The shapes of both sides of a conversion; fields that the target's header leaves open follow from the source.
fn shapes(from: &FrameHeader, to: &FrameHeader) -> (VideoInfo, VideoInfo) {
    let source = shape_of(from);
    let mut target = source.converted(PixelFormat::of(to.colour), to.width, to.height);
    if !target.format.is_rgb() {
        let asked = to.tags();
        if asked.range != 0 {
            target.tags.range = asked.range;
        }
        if asked.matrix != UNKNOWN && source.format.is_rgb() {
            target.tags.matrix = asked.matrix;
        }
    }
    (source, target)
}

fn views<'a>(header: &FrameHeader, data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    data.chunks_exact(header.view_bytes()).take(header.stereo_count)
}

fn picture_from(header: &FrameHeader, data: &[u8], pool: &PicturePool) -> Result<Picture> {
    let memory = |error: AvError| error.explain(Code::ResourceExhausted, Stage::Boundary, "take a frame");
    let format = PixelFormat::of(header.colour);
    let mut picture = pool.take(format, header.width, header.height).map_err(memory)?;
    picture.set_tags(header.tags());
    let source = Planes::tight(header.colour.into(), header.width as usize, header.height as usize, data)?;
    match picture.view_mut().map_err(memory)? {
        Some(mut target) => copy(&source, &mut target),
        None => return Err(Error::new(Code::Internal, Stage::Boundary, "Cannot take a frame: it has no layout")),
    }
    Ok(picture)
}

fn picture_in(
    header: &FrameHeader,
    data: &[u8],
    from: VideoInfo,
    to: VideoInfo,
    pool: &PicturePool,
) -> Result<Picture> {
    let memory = |error: AvError| error.explain(Code::ResourceExhausted, Stage::Boundary, "take a frame");
    let mut picture = pool.take(to.format, to.width, to.height).map_err(memory)?;
    picture.set_tags(to.tags);
    let source = Planes::tight(header.colour.into(), from.width as usize, from.height as usize, data)?;
    if let Some(mut target) = picture.view_mut().map_err(memory)? {
        convert_shape(&source, from, &mut target, to)?;
    }
    Ok(picture)
}

/// The shape of a frame's views.
fn shape_of(header: &FrameHeader) -> VideoInfo {
    VideoInfo {
        width: header.width,
        height: header.height,
        format: PixelFormat::of(header.colour),
        tags: header.tags(),
    }
}

fn check_length(length: usize, needed: usize) -> Result<()> {
    if length >= needed {
        return Ok(());
    }
    Err(Error::argument("data", format!("Cannot use data of {length} bytes: the header says {needed}")))
}

#[cfg(test)]
mod tests;
