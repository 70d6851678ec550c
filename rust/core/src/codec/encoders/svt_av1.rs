//! AV1 by SVT-AV1.

use super::{
    super::table::Codec,
    allowed::{AllowedOptions, ParameterList, Parameters, Spelling, Syntax},
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
    options: Some(&OPTIONS),
    has_even_sizes: true,
    lossless: &[],
    rates: Some((Rational::new(1, 200), Rational::new(240, 1))),
};

static OPTIONS: AllowedOptions = AllowedOptions {
    names: "crf hielevel la_depth preset qp sc_detection tier tile_columns tile_rows",
    lists: &[ParameterList { option: PARAMETERS, divider: ':', syntax: Syntax::Dictionary, parameters: &LISTED }],
};

/// Of svt_av1_enc_parse_parameter, without passes, sets of instructions, reports, what the recording determines, and
/// `mastering-display`, whose parser never ends on a character that it does not expect.
static LISTED: Parameters = Parameters {
    names: "aq-mode bias-pct buf-initial-sz buf-optimal-sz buf-sz chroma-qindex-offsets chroma-sample-position \
        chroma-u-ac-qindex-offset chroma-u-dc-qindex-offset chroma-v-ac-qindex-offset chroma-v-dc-qindex-offset \
        color-primaries color-range content-light crf enable-cdef enable-dg enable-dlf enable-force-key-frames \
        enable-hdr enable-mfmv enable-overlays enable-qm enable-restoration enable-tf enable-tpl-la \
        enable-variance-boost fast-decode film-grain film-grain-denoise gop-constraint-rc hierarchical-levels \
        intra-period irefresh-type key-frame-chroma-qindex-offset key-frame-qindex-offset keyint \
        lambda-scale-factors level lookahead lp luma-y-dc-qindex-offset matrix-coefficients \
        max-qp maxsection-pct mbr mbr-overshoot-pct min-qp minsection-pct overshoot-pct pin pred-struct preset \
        profile q qindex-offsets qm-max qm-min qp rc recode-loop rmv scd scm sframe-dist sframe-mode \
        startup-mg-size superres-denom superres-kf-denom superres-kf-qthres superres-mode superres-qthres tbr tier \
        tile-columns tile-rows transfer-characteristics tune undershoot-pct use-fixed-qindex-offsets \
        variance-boost-strength variance-octile",
    words: &[],
    spelling: Spelling::Exact,
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
}
