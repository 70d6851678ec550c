//! Graphs of picture filters.

mod build;
mod description;
mod error;
mod functions;
mod options;

pub(crate) use description::shortened;
pub use description::{Description, FilterPolicy};
pub use error::GraphError;

use self::{
    build::{Ends, Filters},
    functions::{Functions, find},
};
use super::{AvError, ColourTags, Picture, PicturePool, VideoInfo, error::check, ffi, log};
use crate::{
    base::time::Rational,
    pixels::{
        geometry::{FieldOrder, Geometry},
        h273::{BT601, FULL, LIMITED, RANGE_UNKNOWN, RGB, UNKNOWN, is_unnamed},
    },
};

/// A graph of filters with one input and one output, owned.
pub struct FilterGraph {
    filters: Filters,
    /// Where pictures are sent and received.
    ends: Ends,
    input: VideoInfo,
    /// The order of the fields by the flags of the first interlaced picture sent.
    sent_fields: Option<FieldOrder>,
    /// The order of the fields of the pictures that come out, once one has come.
    fields: Option<FieldOrder>,
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
        Functions::get().is_ok_and(|functions| find(functions, name).is_null())
    }

    /// Checks all of a description that does not depend on the pictures.
    ///
    /// # Errors
    ///
    /// libavfilter cannot be opened, a filter or an option that it does not have, a value that it refuses, or a graph
    /// that has not one free input and one free output.
    pub fn check(description: &Description) -> Result<(), GraphError> {
        Filters::build(description).map(drop)
    }

    /// Builds a graph for pictures of one shape, whose times count `time_base`.
    ///
    /// # Errors
    ///
    /// As [`Self::check`], or why the filters cannot work on such pictures.
    pub fn open(description: &Description, input: VideoInfo, time_base: Rational) -> Result<Self, GraphError> {
        let (mut filters, first, last) = Filters::build(description)?;
        let ends = filters.close_ends((first, last), input, sent_matrix(input), time_base)?;
        filters.configure(input)?;
        Ok(Self { filters, ends, input, sent_fields: None, fields: None, last: None, pool: PicturePool::default() })
    }

    /// Whether a filter of it waits for several pictures, so that some may pile up where others are missing.
    #[must_use]
    pub fn merges(&self) -> bool {
        self.filters.merges
    }

    /// Seconds per tick of the times of the pictures that it makes.
    #[must_use]
    pub fn time_base(&self) -> Rational {
        // SAFETY: part of the graph.
        unsafe { self.filters.functions.av_buffersink_get_time_base(self.ends.sink) }.into()
    }

    /// Sends it a picture of its shape, or with `None` the end.
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
            return check(unsafe { self.filters.functions.av_buffersrc_close(self.ends.source, end, 0) }).map(drop);
        };
        let mut sent = picture.reference()?;
        if !(self.filters.knows_colour && picture.format().is_rgb()) {
            sent.set_tags(ColourTags { matrix: sent_matrix(self.input), ..picture.tags() });
        }
        self.sent_fields = self.sent_fields.or(picture.coded_field_order());
        if let Some(pts) = picture.pts() {
            let length = self.last.map_or(1, |(before, _)| pts.saturating_sub(before).max(1));
            self.last = Some((pts, length));
        }
        // SAFETY: both owned; without a flag the graph takes the reference and leaves an empty frame.
        check(unsafe { self.filters.functions.av_buffersrc_add_frame_flags(self.ends.source, sent.as_mut_ptr(), 0) })
            .map(drop)
    }

    /// Takes the next picture; its rows run downwards.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_again`] if it needs a picture, [`AvError::is_end`] after the last one.
    pub fn receive(&mut self) -> Result<Picture, AvError> {
        let mut picture = Picture::empty()?;
        // SAFETY: both owned.
        check(unsafe { self.filters.functions.av_buffersink_get_frame(self.ends.sink, picture.as_mut_ptr()) })?;
        let mut picture = picture.from_top(&self.pool)?;
        let fields = self.fields.unwrap_or_else(|| self.fields_of(&picture));
        self.fields = Some(fields);
        picture.set_tags(self.true_tags(&picture));
        Ok(picture)
    }

    /// The order of the fields of the first picture that came out: filters can join, exchange and make fields.
    fn fields_of(&self, picture: &Picture) -> FieldOrder {
        let stated = self.input.tags.geometry.field_order;
        match (self.sent_fields, picture.coded_field_order()) {
            (Some(_), None) => FieldOrder::Progressive,
            (Some(sent), Some(order)) if sent.is_top_first() != order.is_top_first() => stated.swapped(),
            (None, Some(order)) => order,
            _ => stated,
        }
    }

    /// The tags of a picture that came out, true to its samples. Some filters make pictures without any.
    fn true_tags(&self, picture: &Picture) -> ColourTags {
        let (tags, sent) = (picture.tags(), self.input.tags);
        let or = |tag: u32, unknown: u32, other: u32| if tag == unknown { other } else { tag };
        // SAFETY: part of the graph.
        let aspect = unsafe { self.filters.functions.av_buffersink_get_sample_aspect_ratio(self.ends.sink) };
        let tags = ColourTags {
            primaries: or(tags.primaries, UNKNOWN, sent.primaries),
            transfer: or(tags.transfer, UNKNOWN, sent.transfer),
            geometry: Geometry {
                pixel_aspect: if tags.geometry.pixel_aspect.num > 0 {
                    tags.geometry.pixel_aspect
                } else {
                    aspect.into()
                },
                // Filters see pictures as they are coded, and none of them has another orientation in mind.
                orientation: sent.geometry.orientation,
                is_in_place: sent.geometry.is_in_place,
                field_order: self.fields.unwrap_or(sent.geometry.field_order),
            },
            ..tags
        };
        if picture.format().is_rgb() {
            return ColourTags { matrix: RGB, range: FULL, ..tags };
        }
        let from_rgb = self.input.format.is_rgb();
        // swscale's default for RGB.
        let matrix = if from_rgb && self.filters.knows_colour { BT601 } else { sent_matrix(self.input) };
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

/// The matrix that pictures of `input` are sent with. Filters take an unknown one for BT.601 whatever the size, and may
/// change the size by which the rest of this library judges.
fn sent_matrix(input: VideoInfo) -> u32 {
    if is_unnamed(input.tags.matrix) { input.guessed_matrix().number() } else { input.tags.matrix }
}

#[cfg(test)]
impl FilterGraph {
    /// Names and descriptions of the options of a filter that are texts; none if libavfilter lacks the filter.
    pub(crate) fn text_options(filter: &str) -> Vec<(String, String)> {
        options::text_options(filter)
    }
}

#[cfg(test)]
mod tests;
