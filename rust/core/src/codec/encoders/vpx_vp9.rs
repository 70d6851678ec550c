//! VP9 by libvpx.

use super::{
    super::table::Codec,
    allowed::AllowedOptions,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale, Samples},
};
use crate::av::EncoderConfig;

pub(super) struct VpxVp9;

static INFO: EncoderInfo = EncoderInfo {
    name: "libvpx-vp9",
    codec: Codec::Vp9,
    licence: "BSD-3-Clause",
    variant: None,
    is_realtime: true,
    presets: &["8", "7", "6", "5", "4", "3", "2", "1", "0"],
    default_presets: ["8", "4"],
    quality: Some(QualityScale::new(0.0, 63.0, 30.0)),
    min_width: 16,
    min_height: 16,
    options: Some(&OPTIONS),
    has_even_sizes: false,
    lossless: &[Samples::Colour],
    rates: None,
};

/// Not `drop-threshold`, which loses frames, and `ts-parameters`, which make layers of them.
static OPTIONS: AllowedOptions = AllowedOptions {
    names: "aq-mode arnr-maxframes arnr-strength arnr-type arnr_max_frames arnr_strength arnr_type auto-alt-ref \
        corpus-complexity cpu-used crf deadline enable-tpl error-resilient frame-parallel lag-in-frames level \
        lossless max-intra-rate min-gf-interval noise-sensitivity overshoot-pct quality rc_lookahead row-mt \
        sharpness speed static-thresh tile-columns tile-rows tune tune-content undershoot-pct",
    lists: &[],
};

impl FfmpegEncoder for VpxVp9 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        config.set("deadline", if request.options.is_live() { "realtime" } else { "good" });
        config.set("cpu-used", request.preset);
        config.set("row-mt", 1);
        config.set("tile-columns", if request.shape.width >= 1024 { 2 } else { 0 });
        if request.options.is_live() {
            config.set("lag-in-frames", 0);
            config.set("auto-alt-ref", 0);
        }
        if request.options.is_lossless() {
            config.set("lossless", 1);
        }
        if let Some(quality) = request.quality {
            config.set("crf", quality);
        }
    }
}
