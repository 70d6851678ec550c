//! The test pattern as a source.

pub mod barcode;
pub mod draw;

use self::draw::Pattern;
use super::{
    options::TestPatternOptions,
    producer::{Captured, Patience, Produced, Producer},
};
use crate::{
    av::{ColourTags, Picture, PicturePool, PixelFormat, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::FrameShape,
    pipeline::report::SourceInfo,
    pixels::{
        geometry::{FieldOrder, Geometry},
        h273::LIMITED,
    },
};

/// Draws one frame after another.
pub(in crate::source) struct PatternProducer {
    info: SourceInfo,
    shape: FrameShape,
    pattern: Pattern,
    pool: PicturePool,
    frames: u64,
    next: u64,
}

impl PatternProducer {
    pub(in crate::source) fn open(options: &TestPatternOptions) -> Result<Self> {
        options.check()?;
        let format = PixelFormat::of(options.colour);
        let pattern = Pattern::new(options.width as usize, options.height as usize, options.colour);
        let geometry =
            Geometry { pixel_aspect: Rational::new(1, 1), field_order: FieldOrder::Progressive, ..Geometry::UNKNOWN };
        let tags = if format.is_rgb() {
            ColourTags { range: 2, matrix: 0, geometry, ..ColourTags::UNKNOWN }
        } else {
            let matrix = pattern.matrix().number();
            ColourTags { range: LIMITED, matrix, primaries: matrix, transfer: matrix, geometry }
        };
        let info = SourceInfo {
            frame_rate: options.frame_rate,
            is_frame_rate_guessed: false,
            is_variable_rate: false,
            width: options.width,
            height: options.height,
            stereo_count: options.stereo_count,
            colour: options.colour,
            pixel_format: format.name(),
            pixel_aspect: Some(geometry.pixel_aspect),
            rotation: 0,
            flip: false,
            field_order: geometry.field_order,
            codec: "pattern".to_owned(),
            container: "pattern".to_owned(),
            duration_seconds: (options.frames > 0).then(|| options.frames as f64 / options.frame_rate.as_f64()),
            frames: (options.frames > 0).then_some(options.frames),
            video_tracks: 1,
            sound_tracks: 0,
        };
        let view = VideoInfo { width: options.width, height: options.height, format, tags };
        let shape = FrameShape { view, views: options.stereo_count };
        Ok(Self { info, shape, pattern, pool: PicturePool::default(), frames: options.frames, next: 0 })
    }

    /// Draws view `view` of the frame in turn.
    fn draw(&self, view: u32) -> Result<Picture> {
        let memory = |error: crate::av::AvError| {
            error.explain(Code::ResourceExhausted, Stage::Source, "draw a frame of the test pattern")
        };
        let VideoInfo { format, width, height, tags } = self.shape.view;
        let mut picture = self.pool.take(format, width, height).map_err(memory)?;
        picture.set_tags(tags);
        match picture.view_mut().map_err(memory)? {
            Some(mut planes) => self.pattern.draw(self.next, view as usize, &mut planes),
            None => return Err(Error::new(Code::Internal, Stage::Source, "Cannot draw the test pattern: no layout")),
        }
        Ok(picture)
    }
}

impl Producer for PatternProducer {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn shape(&self) -> FrameShape {
        self.shape
    }

    fn time_base(&self) -> Rational {
        self.info.frame_rate.inverse()
    }

    fn next(&mut self, _: &Patience<'_>) -> Result<Produced> {
        if self.frames > 0 && self.next >= self.frames {
            return Ok(Produced::End);
        }
        let views = (0..self.shape.views).map(|view| self.draw(view)).collect::<Result<_>>()?;
        let pts = i64::try_from(self.next).unwrap_or(i64::MAX);
        self.next += 1;
        Ok(Produced::Frame(Captured { views, pts, duration: Some(1), ..Captured::default() }))
    }

    fn skip(&mut self, frames: u64) -> bool {
        self.next += frames;
        true
    }
}
