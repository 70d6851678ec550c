//! AV1 by SVT-AV1.

use super::{
    super::table::Codec,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale},
};
use crate::{av::EncoderConfig, base::time::Rational};

pub(super) struct SvtAv1;

static INFO: EncoderInfo = EncoderInfo {
    name: "libsvtav1",
    codec: Codec::Av1,
    licence: "BSD-3-Clause-Clear",
    variant: None,
    is_realtime: true,
    presets: &["12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0"],
    default_presets: ["11", "8"],
    quality: Some(QualityScale::new(1.0, 63.0, 32.0)),
    min_width: 64,
    min_height: 64,
    has_even_sizes: true,
    lossless: &[],
    rates: Some((Rational::new(1, 200), Rational::new(240, 1))),
};

/// The option that lists SVT-AV1's own parameters.
const PARAMETERS: &str = "svtav1-params";

impl FfmpegEncoder for SvtAv1 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        config.set("preset", request.preset);
        if let Some(quality) = request.quality {
            config.set("crf", quality);
        }
        if request.options.is_live() {
            // Low delay: no reordering, so a frame is out before the next two come in; a bit rate must then be constant.
            let rate = if request.options.bit_rate.is_some() { ":rc=2" } else { "" };
            config.set(PARAMETERS, format!("pred-struct=1{rate}"));
        }
    }

    fn parameter_list(&self) -> Option<(&'static str, char)> {
        Some((PARAMETERS, ':'))
    }
}
