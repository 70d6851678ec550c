//! H.264 by x264.

use super::{
    super::table::Codec,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale, Samples},
    x26x,
};
use crate::av::{EncoderConfig, FfmpegVariant};

pub(super) struct X264;

static INFO: EncoderInfo = EncoderInfo {
    name: "libx264",
    codec: Codec::H264,
    licence: "GPL-2.0-or-later",
    variant: Some(FfmpegVariant::Gpl),
    is_realtime: true,
    presets: x26x::PRESETS,
    default_presets: ["veryfast", "fast"],
    quality: Some(QualityScale::new(0.0, 51.0, 21.0)),
    min_width: 16,
    min_height: 16,
    has_even_sizes: true,
    lossless: &[Samples::Colour],
    rates: None,
};

impl FfmpegEncoder for X264 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        x26x::set(request, config);
        if request.options.is_lossless() {
            config.set("qp", 0);
        }
    }
}
