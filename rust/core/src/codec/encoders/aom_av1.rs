//! AV1 by libaom.

use super::{
    super::table::Codec,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale},
};
use crate::{av::EncoderConfig, base::time::Rational};

pub(super) struct AomAv1;

static INFO: EncoderInfo = EncoderInfo {
    name: "libaom-av1",
    codec: Codec::Av1,
    licence: "BSD-2-Clause",
    variant: None,
    is_realtime: true,
    presets: &["8", "7", "6", "5", "4", "3", "2", "1", "0"],
    default_presets: ["8", "5"],
    quality: Some(QualityScale::new(0.0, 63.0, 30.0)),
    min_width: 16,
    min_height: 16,
    has_even_sizes: false,
    lossless: &[],
    rates: Some((Rational::new(1, 1), Rational::new(i32::MAX, 1))),
};

impl FfmpegEncoder for AomAv1 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        config.set("usage", if request.options.is_live() { "realtime" } else { "good" });
        config.set("cpu-used", request.preset);
        config.set("row-mt", 1);
        if request.options.is_live() {
            config.set("lag-in-frames", 0);
        }
        if let Some(quality) = request.quality {
            config.set("crf", quality);
        }
    }
}
