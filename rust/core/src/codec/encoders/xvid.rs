//! MPEG-4 Part 2 by Xvid.

use super::{
    super::table::Codec,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale},
};
use crate::av::EncoderConfig;

pub(super) struct Xvid;

static INFO: EncoderInfo = EncoderInfo {
    name: "libxvid",
    codec: Codec::Xvid,
    licence: "GPL-2.0-or-later",
    variant: None,
    is_realtime: true,
    presets: &[],
    default_presets: ["", ""],
    quality: Some(QualityScale::new(1.0, 31.0, 3.0)),
    min_width: 16,
    min_height: 16,
    has_even_sizes: false,
    lossless: &[],
    rates: None,
};

impl FfmpegEncoder for Xvid {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        config.quantiser = request.quality;
    }
}
