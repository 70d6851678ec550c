//! AV1 by libaom.

use super::{
    super::table::Codec,
    allowed::{AllowedOptions, ParameterList, Parameters, Spelling, Syntax},
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
    options: Some(&OPTIONS),
    has_even_sizes: false,
    lossless: &[],
    rates: Some((Rational::new(1, 1), Rational::new(i32::MAX, 1))),
};

/// Not `drop-threshold`, which loses frames, and `still-picture`, which takes one.
static OPTIONS: AllowedOptions = AllowedOptions {
    names: "aq-mode arnr-max-frames arnr-strength auto-alt-ref cpu-used crf denoise-block-size denoise-noise-level \
        enable-1to4-partitions enable-ab-partitions enable-angle-delta enable-cdef enable-cfl-intra \
        enable-diff-wtd-comp enable-dist-wtd-comp enable-dual-filter enable-filter-intra enable-flip-idtx \
        enable-global-motion enable-interinter-wedge enable-interintra-comp enable-interintra-wedge \
        enable-intra-edge-filter enable-intrabc enable-masked-comp enable-obmc enable-onesided-comp \
        enable-paeth-intra enable-palette enable-rect-partitions enable-reduced-reference-set enable-ref-frame-mvs \
        enable-restoration enable-smooth-interintra enable-smooth-intra enable-tx64 error-resilience frame-parallel \
        lag-in-frames maxsection-pct minsection-pct overshoot-pct reduced-tx-type-set row-mt static-thresh \
        tile-columns tile-rows tiles tune undershoot-pct usage use-inter-dct-only use-intra-dct-only \
        use-intra-default-tx-only",
    lists: &[ParameterList { option: "aom-params", divider: ':', syntax: Syntax::Dictionary, parameters: &LISTED }],
};

/// Of encoder_set_option in av1_cx_iface.c, without files, passes and what the recording determines.
static LISTED: Parameters = Parameters {
    names: "aq-mode arnr-maxframes arnr-strength auto-alt-ref auto-intra-tools-off auto-tiles cdf-update-mode \
        chroma-sample-position coeff-cost-upd-freq color-primaries cpu-used cq-level delta-lf-mode deltaq-mode \
        deltaq-strength denoise-block-size denoise-noise-level disable-trellis-quant dist-metric dv-cost-upd-freq \
        enable-1to4-partitions enable-ab-partitions enable-adaptive-sharpness enable-angle-delta enable-cdef \
        enable-cfl-intra enable-chroma-deltaq enable-diagonal-intra enable-diff-wtd-comp enable-directional-intra \
        enable-dist-wtd-comp enable-dnl-denoising enable-dual-filter enable-filter-intra enable-flip-idtx \
        enable-global-motion enable-interinter-wedge enable-interintra-comp enable-interintra-wedge \
        enable-intra-edge-filter enable-intrabc enable-keyframe-filtering enable-low-complexity-decode \
        enable-masked-comp enable-obmc enable-onesided-comp enable-order-hint enable-overlay enable-paeth-intra \
        enable-palette enable-qm enable-rect-partitions enable-rect-tx enable-ref-frame-mvs enable-restoration \
        enable-smooth-interintra enable-smooth-intra enable-tpl-model enable-tx64 enable-warped-motion \
        error-resilient film-grain-test force-max-q force-video-mode fp-mt frame-boost frame-parallel fwd-kf-dist \
        gf-cbr-boost gf-max-pyr-height gf-min-pyr-height kf-max-pyr-height loopfilter-control lossless \
        matrix-coefficients max-gf-interval max-inter-rate max-intra-rate max-partition-size max-reference-frames \
        min-cr min-gf-interval min-partition-size mode-cost-upd-freq mtu-size mv-cost-upd-freq noise-sensitivity \
        num-tile-groups qm-max qm-min quant-b-adapt reduced-reference-set reduced-tx-type-set row-mt sb-qp-sweep \
        sb-size screen-detection-mode set-tier-mask sframe-mode sharpness static-thresh strict-level-conformance \
        target-seq-level-idx tile-columns tile-height tile-rows tile-width timing-info transfer-characteristics \
        tune-content use-inter-dct-only use-intra-dct-only use-intra-default-tx-only vbr-corpus-complexity-lap",
    words: &[("tune", &["psnr", "ssim"])],
    spelling: Spelling::Exact,
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
