//! How a frame becomes the picture that an encoder takes: its size, its pixel format, and the views packed in it.

use super::{
    encoders::EncoderInfo,
    lossless::{LosslessFormat, lossless_format},
    options::EncodeOptions,
};
use crate::{
    av::{AvError, Picture, PicturePool, PixelFormat, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    frame::{FrameShape, converter::Converter, turner::Turner},
    pixels::StereoPacking,
};

/// The longest side of a packed picture: more than any decoder of these codecs must take.
const MAX_SIDE: u32 = 16_384;

/// Makes the pictures that are coded: converts each view, and packs several into one picture.
#[derive(Debug)]
pub(super) struct StereoPacker {
    /// The shape of each view in the picture.
    view: VideoInfo,
    views: u32,
    packing: StereoPacking,
    converter: Converter,
    /// For views that are to be shown in another orientation than the coded pictures.
    turner: Turner,
    pool: PicturePool,
    loss: Option<Loss>,
}

/// What the coded pictures have less of than the frames, and nobody expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Bits of each sample.
    Bits {
        /// In the frames.
        had: u32,
        /// In the coded pictures.
        has: u32,
    },
    /// Transparency.
    Alpha,
}

impl Loss {
    fn of(input: PixelFormat, coded: PixelFormat, drops_alpha: bool) -> Option<Self> {
        let (had, has) = (input.bits(), coded.bits());
        if had > has { Some(Self::Bits { had, has }) } else { drops_alpha.then_some(Self::Alpha) }
    }
}

impl StereoPacker {
    /// For frames of shape `input`, coded by the encoder `info`.
    pub(super) fn new(info: &EncoderInfo, options: &EncodeOptions, input: FrameShape) -> Result<Self> {
        let packing = options.stereo;
        check_size(info, packing.size((input.view.width, input.view.height), input.views))?;
        let LosslessFormat { format, drops_alpha } = coded_format(info, options, input.view.format)?;
        // Views share no chroma sample: each begins where one does.
        let (mut across, mut down) = match format.chroma_pixels() {
            _ if input.views == 1 => (1, 1),
            (across, _) if packing == StereoPacking::SideBySide => (across, 1),
            (_, down) => (1, down),
        };
        if info.has_even_sizes && format.chroma_pixels() != (1, 1) {
            (across, down) = (2, 2);
        }
        let loss = Loss::of(input.view.format, format, drops_alpha);
        let size = |value: u32, pixels: u32| value.next_multiple_of(pixels);
        let VideoInfo { width, height, .. } = input.view;
        let view = input.view.converted(format, size(width, across), size(height, down));
        let (converter, pool) = (Converter::fitting(view), PicturePool::default());
        let packer = Self { view, views: input.views, packing, converter, turner: Turner::default(), pool, loss };
        packer.check_packed(input)?;
        Ok(packer)
    }

    /// The coded pictures.
    pub(super) fn coded(&self) -> VideoInfo {
        let (width, height) = self.packing.size((self.view.width, self.view.height), self.views);
        VideoInfo { width, height, ..self.view }
    }

    /// What the coded pictures have less of than the frames.
    pub(super) fn loss(&self) -> Option<Loss> {
        self.loss
    }

    /// How two views lie in a coded picture; `None` for one, and for more, for which there is no tag.
    pub(super) fn stereo(&self) -> Option<StereoPacking> {
        (self.views == 2).then_some(self.packing)
    }

    /// Adds the packing to the error of an encoder that refuses the packed picture.
    pub(super) fn explain(&self, error: Error) -> Error {
        if self.views == 1 || error.code != Code::EncodeFailed {
            return error;
        }
        let VideoInfo { width, height, .. } = self.view;
        let message = format!(
            "{}; the picture packs {} views of {width}x{height}: pack them the other way, or record one view per file \
             with view",
            error.message, self.views
        );
        Error { message, ..error }.with_field("stereo")
    }

    fn check_packed(&self, input: FrameShape) -> Result<()> {
        let VideoInfo { width, height, .. } = self.coded();
        if self.views == 1 || width.max(height) <= MAX_SIDE {
            return Ok(());
        }
        Err(Error::argument(
            "stereo",
            format!(
                "Cannot pack {} views of {}x{} into one picture: {width}x{height} is beyond {MAX_SIDE} pixels a side; \
                 pack them the other way, or record one view per file with view",
                self.views, input.view.width, input.view.height
            ),
        ))
    }

    /// The coded picture of a frame; without a copy if it is one view that has the wanted shape already.
    ///
    /// A missing view is replaced by the last there is, and surplus views are left out.
    pub(super) fn pack(&mut self, views: &[Picture]) -> Result<Picture> {
        let last = views
            .last()
            .ok_or_else(|| Error::new(Code::Internal, Stage::Encode, "Cannot encode a frame: it has no view"))?;
        let view = |index: u32| views.get(index as usize).unwrap_or(last);
        if self.views == 1 {
            return self.converted(view(0));
        }
        let memory =
            |error: AvError| error.explain(Code::ResourceExhausted, Stage::Encode, "pack the views of a frame");
        let VideoInfo { width, height, format, tags, .. } = self.coded();
        let size = (self.view.width, self.view.height);
        let mut packed = self.pool.take(format, width, height).map_err(memory)?;
        for index in 0..self.views {
            let converted = self.converted(view(index))?;
            packed.paste(&converted, self.packing.place(size, index)).map_err(memory)?;
        }
        packed.set_tags(tags);
        if let Some(packing) = self.stereo() {
            packed.set_stereo(packing).map_err(memory)?;
        }
        Ok(packed)
    }

    /// A view in the coded shape, turned so that it is shown right with the orientation of the coded pictures.
    fn converted(&mut self, view: &Picture) -> Result<Picture> {
        let coded = self.view.tags.geometry.orientation;
        let turn = view.tags().geometry.orientation.relative_to(coded).turn();
        if turn.is_none() {
            return self.converter.convert(view);
        }
        let memory = |error: AvError| error.explain(Code::ResourceExhausted, Stage::Encode, "turn a frame");
        let turned = self.turner.turn(view.reference().map_err(memory)?, turn)?;
        self.converter.convert(&turned)
    }
}

/// The pixel format in which the encoder `info` codes views such as `input`.
pub(super) fn coded_format(info: &EncoderInfo, options: &EncodeOptions, input: PixelFormat) -> Result<LosslessFormat> {
    match options.common_format() {
        Some(format) => Ok(LosslessFormat { format, drops_alpha: false }),
        None => lossless_format(info, input),
    }
}

/// Refuses pictures that the encoder cannot hold.
fn check_size(info: &EncoderInfo, (width, height): (u32, u32)) -> Result<()> {
    for (field, value, least) in [("width", width, info.min_width), ("height", height, info.min_height)] {
        if value < least {
            return Err(Error::argument(
                field,
                format!("Cannot encode {width}x{height} with {}: {field} must be at least {least}", info.name),
            ));
        }
    }
    Ok(())
}
