//! HEVC by x265.

use super::{
    super::table::Codec,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale, Samples},
    x26x,
};
use crate::av::{EncoderConfig, FfmpegVariant};

pub(super) struct X265;

static INFO: EncoderInfo = EncoderInfo {
    name: "libx265",
    codec: Codec::Hevc,
    licence: "GPL-2.0-or-later",
    variant: Some(FfmpegVariant::Gpl),
    is_realtime: true,
    presets: x26x::PRESETS,
    default_presets: ["ultrafast", "fast"],
    quality: Some(QualityScale::new(0.0, 51.0, 24.0)),
    // x265 3.5 damages its references, and its memory, where a picture is one coding tree unit (64 pixels) wide.
    min_width: 65,
    min_height: 16,
    has_even_sizes: true,
    lossless: &[Samples::Colour, Samples::Grey],
    rates: None,
};

/// The option that lists x265's own parameters.
const PARAMETERS: &str = "x265-params";

impl FfmpegEncoder for X265 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        x26x::set(request, config);
        // x265 would print to stderr; its own key-frame minimum would move key frames.
        let lossless = if request.options.is_lossless() { ":lossless=1" } else { "" };
        config.set(PARAMETERS, format!("log-level=none:keyint={}:min-keyint=1{lossless}", request.gop));
    }

    fn parameter_list(&self) -> Option<(&'static str, char)> {
        Some((PARAMETERS, ':'))
    }
}
