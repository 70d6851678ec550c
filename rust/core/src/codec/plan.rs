//! How a frame becomes the picture that an encoder takes: its size, its pixel format, and the views packed in it.

use super::{Codec, EncoderInfo};
use crate::{
    av::{AvError, Picture, PicturePool, PixelFormat, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    frame::{FrameShape, adapt::Adapter},
    pixels::{StereoPacking, planes::Layout},
    record::options::{FileWriterOptions, Profile},
};

/// The longest side of a packed picture: more than any decoder of these codecs must take.
const MAX_SIDE: u32 = 16_384;

/// What is coded of each frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What each view becomes.
    view: VideoInfo,
    views: u32,
    packing: StereoPacking,
}

impl Plan {
    /// What `info` codes of frames of shape `input`.
    pub(super) fn new(info: &EncoderInfo, options: &FileWriterOptions, input: FrameShape) -> Result<Self> {
        let packing = options.stereo.unwrap_or_default();
        check_size(info, packing.size((input.view.width, input.view.height), input.views))?;
        let format = coded_format(info, options, input.view)?;
        let (mut across, mut down) = match format.layout() {
            _ if input.views == 1 => (false, false),
            // Views share no chroma sample: each begins at an even column or row.
            Some(Layout::I420) => (packing == StereoPacking::SideBySide, packing == StereoPacking::TopBottom),
            Some(Layout::I422) => (packing == StereoPacking::SideBySide, false),
            _ => (false, false),
        };
        // 4:2:0 and 4:2:2 of H.264 and HEVC cannot hold odd sizes (their cropping counts chroma samples).
        if matches!(info.codec, Codec::Hevc | Codec::H264) && format != PixelFormat::GBRP {
            (across, down) = (true, true);
        }
        let size = |value: u32, even: bool| if even { value.next_multiple_of(2) } else { value };
        let VideoInfo { width, height, .. } = input.view;
        let view = input.view.converted(format, size(width, across), size(height, down));
        let plan = Self { view, views: input.views, packing };
        plan.check_packed(input)?;
        Ok(plan)
    }

    /// The shape of the coded pictures.
    pub(crate) fn coded(&self) -> VideoInfo {
        let (width, height) = self.packing.size((self.view.width, self.view.height), self.views);
        VideoInfo { width, height, ..self.view }
    }

    /// How two views lie in a coded picture; `None` for one, and for more, which no tag can tell.
    pub(crate) fn stereo(&self) -> Option<StereoPacking> {
        (self.views == 2).then_some(self.packing)
    }

    /// Tells of the packing where an encoder refuses the packed picture.
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
}

/// The pixel format in which frames of any shape are coded; `None` where each keeps its samples.
pub(crate) fn common_format(options: &FileWriterOptions) -> Option<PixelFormat> {
    let keeps_samples = options.profile == Profile::Lossless || options.codec == Codec::Ffv1;
    (!keeps_samples).then_some(PixelFormat::YUV420P)
}

/// The pixel format in which `info` codes frames of shape `input`.
fn coded_format(info: &EncoderInfo, options: &FileWriterOptions, input: VideoInfo) -> Result<PixelFormat> {
    if let Some(format) = common_format(options) {
        return Ok(format);
    }
    let wanted = match input.format {
        PixelFormat::UYVY422 => PixelFormat::YUV422P,
        PixelFormat::NV12 => PixelFormat::YUV420P,
        PixelFormat::BGRA | PixelFormat::RGBA | PixelFormat::BGR0 if info.codec != Codec::Ffv1 => PixelFormat::GBRP,
        PixelFormat::RGBA => PixelFormat::BGRA,
        format => format.plain(),
    };
    if info.lossless.contains(&wanted) {
        return Ok(wanted);
    }
    Err(Error::argument(
        "profile",
        format!(
            "Cannot record {} losslessly with {}: it keeps {}; use FFV1 or another colour space",
            input.format.name(),
            info.name,
            info.lossless.iter().map(|format| format.name()).collect::<Vec<_>>().join(", "),
        ),
    ))
}

/// Refuses pictures that the encoder cannot hold.
fn check_size(info: &EncoderInfo, (width, height): (u32, u32)) -> Result<()> {
    for (field, value, least) in [("width", width, info.min_width), ("height", height, info.min_size)] {
        if value < least {
            return Err(Error::argument(
                field,
                format!("Cannot encode {width}x{height} with {}: {field} must be at least {least}", info.name),
            ));
        }
    }
    Ok(())
}

/// Makes coded pictures of frames.
#[derive(Debug)]
pub(crate) struct Packer {
    plan: Plan,
    adapter: Adapter,
    pool: PicturePool,
}

impl Packer {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, adapter: Adapter::padding(plan.view), pool: PicturePool::default() }
    }

    /// The coded picture of a frame; without a copy if it is one view that has the wanted shape already.
    ///
    /// A view that is missing is replaced by the last there is, and surplus views are left out.
    pub(crate) fn pack(&mut self, views: &[Picture]) -> Result<Picture> {
        let last = views
            .last()
            .ok_or_else(|| Error::new(Code::Internal, Stage::Encode, "Cannot encode a frame: it has no view"))?;
        let view = |index: u32| views.get(index as usize).unwrap_or(last);
        if self.plan.views == 1 {
            return self.adapter.adapt(view(0));
        }
        let memory =
            |error: AvError| error.explain(Code::ResourceExhausted, Stage::Encode, "pack the views of a frame");
        let VideoInfo { width, height, format, tags, .. } = self.plan.coded();
        let size = (self.plan.view.width, self.plan.view.height);
        let mut packed = self.pool.take(format, width, height).map_err(memory)?;
        for index in 0..self.plan.views {
            let adapted = self.adapter.adapt(view(index))?;
            packed.paste(&adapted, self.plan.packing.place(size, index)).map_err(memory)?;
        }
        packed.set_tags(tags);
        if let Some(packing) = self.plan.stereo() {
            packed.set_stereo(packing).map_err(memory)?;
        }
        Ok(packed)
    }
}
