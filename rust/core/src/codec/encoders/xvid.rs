//! MPEG-4 Part 2 by Xvid.

use super::{
    super::table::Codec,
    allowed::AllowedOptions,
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
    options: Some(&OPTIONS),
    has_even_sizes: false,
    lossless: &[],
    rates: None,
};

/// Not `ssim`, which prints to stdout.
static OPTIONS: AllowedOptions = AllowedOptions { names: "gmc lumi_aq me_quality mpeg_quant variance_aq", lists: &[] };

impl FfmpegEncoder for Xvid {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        config.quantiser = request.quality;
    }
}
