//! FFV1 by FFmpeg itself.

use super::{
    super::table::Codec,
    allowed::AllowedOptions,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, Samples},
};
use crate::av::EncoderConfig;

pub(super) struct Ffv1;

static INFO: EncoderInfo = EncoderInfo {
    name: "ffv1",
    codec: Codec::Ffv1,
    licence: "LGPL-2.1-or-later",
    variant: None,
    is_realtime: true,
    presets: &[],
    default_presets: ["", ""],
    quality: None,
    min_width: 16,
    min_height: 16,
    options: Some(&OPTIONS),
    has_even_sizes: false,
    lossless: &[Samples::Colour, Samples::Transparent, Samples::Grey],
    rates: None,
};

static OPTIONS: AllowedOptions =
    AllowedOptions { names: "coder context qtable remap_mode remap_optimizer slicecrc", lists: &[] };

impl FfmpegEncoder for Ffv1 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        // Its frames hardly refer to each other, so each may as well stand alone.
        config.gop = request.options.gop.unwrap_or(1);
        config.set("level", 3);
        config.set("slicecrc", 1);
        // Slices are what its threads share. Small frames cannot have many, odd sizes not every grid: FFmpeg chooses there.
        let (width, height) = (request.shape.width, request.shape.height);
        if width.is_multiple_of(2) && height.is_multiple_of(2) {
            config.set("slices", if width < 64 || height < 64 { 4 } else { 12 });
        }
    }
}
