//! What a finished file does not say of how its pictures are to be shown, found out by reading it.

use std::sync::Arc;

use crate::{
    av::{AvError, Demuxer, DemuxerOptions, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    codec::{Codec, Container},
    pixels::geometry::{Geometry, Orientation},
    storage::Storage,
};

/// A recording whose pictures are to be shown in a way that the file may not say.
pub(super) struct Shown<'a> {
    pub(super) name: &'a str,
    pub(super) codec: Codec,
    pub(super) container: Container,
    /// The coded pictures.
    pub(super) shape: VideoInfo,
}

impl Shown<'_> {
    /// A warning for each property that readers of the file do not find in it.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read back.
    pub(super) fn lost(&self, storage: &Arc<dyn Storage>) -> Result<Vec<Error>> {
        if self.shape.tags.geometry.is_plain() {
            return Ok(Vec::new());
        }
        let unread = |error: AvError| {
            error.explain(Code::MuxFailed, Stage::Mux, &format!("read back how {:?} is to be shown", self.name))
        };
        let mut demuxer = Demuxer::open(storage.clone(), DemuxerOptions::default()).map_err(unread)?;
        let Some(stream) = demuxer.select_video(None) else {
            let message = format!("Cannot read back how {:?} is to be shown: no video was found in it", self.name);
            return Err(Error::new(Code::MuxFailed, Stage::Mux, message));
        };
        let own = demuxer.parameters(stream.index).map_err(unread)?.pixel_aspect();
        let stated = stream.geometry.pixel_aspect;
        let pixel_aspect = if stated.num > 0 { stated } else { own };
        Ok(self.compare(Geometry { pixel_aspect, ..stream.geometry }))
    }

    fn compare(&self, found: Geometry) -> Vec<Error> {
        let wanted = self.shape.tags.geometry;
        let mut warnings = Vec::new();
        let (aspect, other) = (wanted.known_aspect(), found.known_aspect());
        if aspect != other {
            let what = format!("pixel aspect {}:{} of", aspect.num, aspect.den);
            let becomes = format!("reads as {}:{}", other.num, other.den);
            warnings.push(self.warning(&what, &becomes, &[Container::Mkv, Container::Mp4, Container::Mov], ""));
        }
        if !wanted.orientation.is_near(found.orientation) {
            let fix = "turn the pictures with autorotate of the reader";
            let what = format!("{} of", words(wanted.orientation));
            warnings.push(self.warning(&what, "has no place for it", &[Container::Mp4, Container::Mov], fix));
        }
        if wanted.field_order.is_interlaced() && wanted.field_order != found.field_order {
            let what = format!("field order {} of", wanted.field_order.name());
            let becomes = format!("reads as {}", found.field_order.name());
            warnings.push(self.warning(&what, &becomes, &[Container::Mkv], ""));
        }
        warnings
    }

    /// The warning that something is lost which one of `keepers` would keep, or that can be avoided by another fix.
    fn warning(&self, what: &str, becomes: &str, keepers: &[Container], fix: &str) -> Error {
        let holds =
            |container: &&Container| **container != self.container && self.codec.info().containers.contains(container);
        let extensions: Vec<_> =
            keepers.iter().filter(holds).map(|keeper| format!(".{}", keeper.info().extensions[0])).collect();
        let other = (!extensions.is_empty()).then(|| format!("record to {}", extensions.join(" or ")));
        let fixes: Vec<_> = other.into_iter().chain((!fix.is_empty()).then(|| fix.to_owned())).collect();
        let fixes = if fixes.is_empty() { String::new() } else { format!("; {}", fixes.join(", or ")) };
        let (codec, extension) = (self.codec.info().name, self.container.info().extensions[0]);
        let message = format!("Cannot keep the {what} {:?}: {codec} in .{extension} {becomes}{fixes}", self.name);
        Error::new(Code::GeometryLost, Stage::Mux, message).with_field("path")
    }
}

/// An orientation in words.
fn words(orientation: Orientation) -> String {
    let turn = orientation.turn();
    let about = if orientation.is_quarter() { "" } else { "about " };
    match (turn.degrees(), turn.flip) {
        (0, true) if orientation.is_quarter() => "mirroring".to_owned(),
        (degrees, true) => format!("rotation by {about}{degrees} degrees and mirroring"),
        (degrees, false) => format!("rotation by {about}{degrees} degrees"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        av::ColourTags,
        base::time::Rational,
        pixels::geometry::{FieldOrder, Turn},
    };

    const WANTED: Geometry =
        Geometry { pixel_aspect: Rational::new(64, 45), field_order: FieldOrder::Tt, ..Geometry::UNKNOWN };

    fn messages(codec: Codec, container: Container, wanted: Geometry, found: Geometry) -> Vec<String> {
        let tags = ColourTags { geometry: wanted, ..ColourTags::UNKNOWN };
        let shape = VideoInfo { tags, ..VideoInfo::UNKNOWN };
        let warnings = Shown { name: "a", codec, container, shape }.compare(found);
        warnings.into_iter().map(|warning| warning.message).collect()
    }

    #[test]
    fn each_property_that_is_not_found_is_named_with_a_container_that_keeps_it() {
        let wanted = Geometry { orientation: Turn { quarters: 1, flip: true }.into(), ..WANTED };
        assert_eq!(
            messages(Codec::Vp9, Container::Webm, wanted, Geometry::UNKNOWN),
            [
                "Cannot keep the pixel aspect 64:45 of \"a\": VP9 in .webm reads as 1:1; record to .mkv or .mp4",
                "Cannot keep the rotation by 90 degrees and mirroring of \"a\": VP9 in .webm has no place for it; record \
                 to .mp4, or turn the pictures with autorotate of the reader",
                "Cannot keep the field order tt of \"a\": VP9 in .webm reads as unknown; record to .mkv",
            ]
        );
        let mirrored = Geometry { orientation: Turn { quarters: 0, flip: true }.into(), ..Geometry::UNKNOWN };
        assert_eq!(
            messages(Codec::Ffv1, Container::Avi, mirrored, Geometry::UNKNOWN),
            [
                "Cannot keep the mirroring of \"a\": FFV1 in .avi has no place for it; turn the pictures with autorotate of \
              the reader"
            ]
        );
    }

    #[test]
    fn what_is_found_is_no_warning_nor_is_what_needs_no_place() {
        assert!(messages(Codec::Ffv1, Container::Mkv, WANTED, WANTED).is_empty());
        let square = Geometry { pixel_aspect: Rational::new(1, 1), ..Geometry::UNKNOWN };
        let progressive = Geometry { field_order: FieldOrder::Progressive, ..Geometry::UNKNOWN };
        for (wanted, found) in [(square, Geometry::UNKNOWN), (Geometry::UNKNOWN, square), (progressive, square)] {
            assert!(messages(Codec::Ffv1, Container::Mkv, wanted, found).is_empty());
        }
    }
}
