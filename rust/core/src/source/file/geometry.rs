//! How the pictures of a file are to be shown: as the container says, else as the pictures say themselves.

use crate::{
    av::{ColourTags, Picture},
    base::error::Result,
    frame::turner::Turner,
    pixels::geometry::{FieldOrder, Geometry, Orientation, Turn},
};

/// Tags the pictures of one stream with their geometry, and turns them upright if that is wanted.
pub(super) struct GeometryTagger {
    stream: Geometry,
    autorotate: bool,
    turner: Turner,
    /// The orientation in the pictures themselves: H.264 and HEVC state it with a key frame, for those that follow.
    coded: Option<Orientation>,
    /// The order of the fields, by the first picture: single frames may say otherwise.
    field_order: Option<FieldOrder>,
}

impl GeometryTagger {
    /// For the pictures of a stream of which the container says this.
    pub(super) fn new(stream: Geometry, autorotate: bool) -> Self {
        Self { stream, autorotate, turner: Turner::default(), coded: None, field_order: None }
    }

    /// A decoded picture, as it is handed on.
    pub(super) fn tag(&mut self, mut picture: Picture) -> Result<Picture> {
        let tags = picture.tags();
        let size = (picture.width(), picture.height());
        // As FFmpeg: a container knows the pixel aspect better than a stream, and a picture its own orientation best.
        let own_aspect = Geometry::checked_aspect(tags.geometry.pixel_aspect, size);
        let stated = Some(self.stream.field_order).filter(|order| order.is_interlaced());
        let first = stated.or_else(|| picture.coded_field_order()).unwrap_or(self.stream.field_order);
        self.coded = picture.coded_orientation().or(self.coded);
        let geometry = Geometry {
            pixel_aspect: if self.stream.pixel_aspect.num > 0 { self.stream.pixel_aspect } else { own_aspect },
            orientation: self.coded.unwrap_or(self.stream.orientation),
            field_order: *self.field_order.get_or_insert(first),
            ..self.stream
        };
        picture.set_tags(ColourTags { geometry, ..tags });
        let turn = if self.autorotate { geometry.orientation.turn() } else { Turn::default() };
        self.turner.turn(picture, turn)
    }
}
