//! MPEG-4 Part 2 by FFmpeg itself.

use super::{
    super::table::Codec,
    allowed::AllowedOptions,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale},
};
use crate::av::EncoderConfig;

pub(super) struct Mpeg4;

static INFO: EncoderInfo = EncoderInfo {
    name: "mpeg4",
    codec: Codec::Xvid,
    licence: "LGPL-2.1-or-later",
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

/// Not `rc_eq`, an expression that may never end, and those that skip frames or damage them.
static OPTIONS: AllowedOptions = AllowedOptions {
    names: "alternate_scan b_sensitivity b_strategy border_mask brd_scale chroma_elim_threshold data_partitioning \
        intra_penalty lmax lmin luma_elim_threshold mepc mepre motion_est mpeg_quant mpv_flags noise_reduction ps \
        qsquish quantizer_noise_shaping rc_buf_aggressivity rc_init_cplx rc_qmod_amp rc_qmod_freq sc_threshold",
    lists: &[],
};

impl FfmpegEncoder for Mpeg4 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        config.quantiser = request.quality;
    }
}
