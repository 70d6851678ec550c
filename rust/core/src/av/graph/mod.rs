//! Graphs of picture filters.

mod build;
mod description;
mod functions;
mod options;

use std::ptr;

pub use build::GraphError;
pub(crate) use description::shortened;
pub use description::{Description, FilterPolicy};
use functions::Functions;

use super::{AvError, ColourTags, Picture, PicturePool, VideoInfo, error::check, ffi, log};
use crate::{
    base::time::Rational,
    pixels::{
        colour::ColourMatrix,
        h273::{BT601, FULL, LIMITED, RANGE_UNKNOWN, RGB, UNKNOWN},
    },
};

/// A graph of filters with one input and one output, owned.
pub struct FilterGraph {
    functions: &'static Functions,
    policy: &'static dyn FilterPolicy,
    graph: *mut ffi::AVFilterGraph,
    /// Where pictures go in and come out; parts of the graph.
    source: *mut ffi::AVFilterContext,
    sink: *mut ffi::AVFilterContext,
    input: VideoInfo,
    /// Whether the source is told matrix and range and expects its pictures to agree: FFmpeg 7.1 and newer.
    knows_colour: bool,
    merges: bool,
    /// Time of the last picture sent, and how long the one before it lasted.
    last: Option<(i64, i64)>,
    /// For pictures whose rows must be turned round.
    pool: PicturePool,
}

// SAFETY: owned, used by one thread at a time; its own threads work only during a call.
unsafe impl Send for FilterGraph {}

impl FilterGraph {
    /// Whether FFmpeg is known to have no filter of that name.
    #[must_use]
    pub fn lacks(name: &str) -> bool {
        Functions::get().is_ok_and(|functions| build::find(functions, name).is_null())
    }

    /// Checks all of a description that does not depend on the pictures.
    ///
    /// # Errors
    ///
    /// libavfilter cannot be opened, a filter or an option that it does not have, a value that it refuses, or a graph
    /// that has not one free input and one free output.
    pub fn check(description: &Description) -> Result<(), GraphError> {
        Self::build(description).map(drop)
    }

    /// Builds a graph for pictures of one shape, whose times count `time_base`.
    ///
    /// # Errors
    ///
    /// What [`Self::check`] finds, or why the filters cannot work on such pictures.
    pub fn open(description: &Description, input: VideoInfo, time_base: Rational) -> Result<Self, GraphError> {
        let (mut graph, first, last) = Self::build(description)?;
        graph.input = input;
        graph.close_ends(first, last, time_base)?;
        // SAFETY: owned and fully linked.
        let code = unsafe { graph.functions.avfilter_graph_config(graph.graph, ptr::null_mut()) };
        if code < 0 {
            let VideoInfo { width, height, format, .. } = input;
            let why = format!("it does not fit frames of {width}x{height} in {}", format.name());
            return Err(GraphError::of(&why, &AvError::of_first(code)));
        }
        graph.check_sizes()?;
        Ok(graph)
    }

    /// The matrix that pictures are sent with. Filters take an unknown one for BT.601 whatever the height, and may change
    /// the height by which the rest of this library judges.
    fn sent_matrix(&self) -> u32 {
        match self.input.tags.matrix {
            RGB | UNKNOWN => ColourMatrix::of_height(self.input.height as usize).number(),
            known => known,
        }
    }

    /// Whether a filter of it waits for several pictures, so that some may pile up where others are missing.
    #[must_use]
    pub fn merges(&self) -> bool {
        self.merges
    }

    /// Seconds per tick of the times of the pictures that it makes.
    #[must_use]
    pub fn time_base(&self) -> Rational {
        // SAFETY: part of the graph.
        unsafe { self.functions.av_buffersink_get_time_base(self.sink) }.into()
    }

    /// Gives it a picture of its shape, or with `None` the end.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_end`] if the graph wants no further picture.
    pub fn send(&mut self, picture: Option<&Picture>) -> Result<(), AvError> {
        log::take_last_line();
        let Some(picture) = picture else {
            // A filter that makes a rate must know how long the last picture lasts.
            let end = self.last.map_or(ffi::AV_NOPTS_VALUE, |(pts, length)| pts.saturating_add(length));
            // SAFETY: part of the graph.
            return check(unsafe { self.functions.av_buffersrc_close(self.source, end, 0) }).map(drop);
        };
        let mut sent = picture.reference()?;
        if !(self.knows_colour && picture.format().is_rgb()) {
            sent.set_tags(ColourTags { matrix: self.sent_matrix(), ..picture.tags() });
        }
        if let Some(pts) = picture.pts() {
            let length = self.last.map_or(1, |(before, _)| pts.saturating_sub(before).max(1));
            self.last = Some((pts, length));
        }
        // SAFETY: both owned; without a flag the graph takes the reference and leaves an empty frame.
        check(unsafe { self.functions.av_buffersrc_add_frame_flags(self.source, sent.as_mut_ptr(), 0) }).map(drop)
    }

    /// Takes the next picture; its rows run downwards.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_again`] if it needs a picture, [`AvError::is_end`] after the last one.
    pub fn receive(&mut self) -> Result<Picture, AvError> {
        let mut picture = Picture::empty()?;
        // SAFETY: both owned.
        check(unsafe { self.functions.av_buffersink_get_frame(self.sink, picture.as_mut_ptr()) })?;
        let mut picture = downwards(picture, &self.pool)?;
        picture.set_tags(self.told_tags(&picture));
        Ok(picture)
    }

    /// The tags of a picture that came out, true to its samples. Some filters make pictures without any.
    fn told_tags(&self, picture: &Picture) -> ColourTags {
        let (tags, sent) = (picture.tags(), self.input.tags);
        let or = |tag: u32, unknown: u32, other: u32| if tag == unknown { other } else { tag };
        // SAFETY: part of the graph.
        let aspect = unsafe { self.functions.av_buffersink_get_sample_aspect_ratio(self.sink) };
        let tags = ColourTags {
            primaries: or(tags.primaries, UNKNOWN, sent.primaries),
            transfer: or(tags.transfer, UNKNOWN, sent.transfer),
            pixel_aspect: if tags.pixel_aspect.num > 0 { tags.pixel_aspect } else { aspect.into() },
            ..tags
        };
        if picture.format().is_rgb() {
            return ColourTags { matrix: RGB, range: FULL, ..tags };
        }
        let from_rgb = self.input.format.is_rgb();
        // What swscale makes of RGB when nobody says otherwise.
        let matrix = if from_rgb && self.knows_colour { BT601 } else { self.sent_matrix() };
        ColourTags {
            matrix: if matches!(tags.matrix, RGB | UNKNOWN) { matrix } else { tags.matrix },
            range: or(tags.range, RANGE_UNKNOWN, if from_rgb { LIMITED } else { sent.range }),
            ..tags
        }
    }
}

impl std::fmt::Debug for FilterGraph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilterGraph").field("input", &self.input).finish_non_exhaustive()
    }
}

impl Drop for FilterGraph {
    fn drop(&mut self) {
        // SAFETY: owned; frees its filters too.
        unsafe { self.functions.avfilter_graph_free(&raw mut self.graph) };
    }
}

/// The same picture with rows that run downwards in memory; `vflip` only turns the stride around.
fn downwards(picture: Picture, pool: &PicturePool) -> Result<Picture, AvError> {
    // SAFETY: owned; the array has 8 entries.
    let runs_upwards = unsafe { (*picture.as_ptr()).linesize.iter().any(|stride| *stride < 0) };
    if !runs_upwards {
        return Ok(picture);
    }
    let mut copy = pool.take(picture.format(), picture.width(), picture.height())?;
    // SAFETY: both owned and of the same format and size.
    unsafe {
        check(ffi::av_frame_copy(copy.as_mut_ptr(), picture.as_ptr()))?;
        check(ffi::av_frame_copy_props(copy.as_mut_ptr(), picture.as_ptr()))?;
    }
    Ok(copy)
}
