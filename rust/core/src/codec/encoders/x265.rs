//! HEVC by x265.

use super::{
    super::table::Codec,
    allowed::{AllowedOptions, ParameterList, Parameters, Spelling, Syntax},
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
    options: Some(&OPTIONS),
    has_even_sizes: true,
    lossless: &[Samples::Colour, Samples::Grey],
    rates: None,
};

/// Not `x265-stats`.
static OPTIONS: AllowedOptions = AllowedOptions {
    names: "a53cc crf forced-idr preset profile qp tune udu_sei",
    lists: &[ParameterList { option: PARAMETERS, divider: ':', syntax: Syntax::Dictionary, parameters: &LISTED }],
};

/// Of x265_param_parse, without files, sets of instructions, what the recording determines, and texts that are copied
/// without a look at their length.
static LISTED: Parameters = Parameters {
    names: "allow-non-conformance amp analyze-src-pics aq-mode aq-motion aq-strength atc-sei aud b-adapt b-intra \
        b-pyramid bframe-bias bframes bitrate cbqpoffs chromaloc cip cll colormatrix colorprim const-vbv \
        constrained-intra cplxblur cra-nal crf crf-max crf-min crqpoffs ctu cu-lossless cu-stats cutree deblock \
        dynamic-rd early-skip eob eos fades fast-intra frame-threads gop-lookahead hash hdr hdr-opt hdr10 hdr10-opt \
        hevc-aq high-tier hist-scenecut hme hme-range hrd hrd-concat idr-recovery-sei info intra-refresh ip-factor \
        ipratio keyint level level-idc lft limit-modes limit-refs limit-sao limit-tu log log-level log2-max-poc-lsb \
        lookahead-slices lookahead-threads lossless lowpass-dct master-display max-ausize-factor max-cll max-luma \
        max-merge max-tu-size max-vbv-fullness me merange min-cu-size min-keyint min-luma min-vbv-fullness nr-inter \
        nr-intra numa-pools open-gop opt-cu-delta-qp opt-qp-pps opt-ref-list-length-pps overscan pb-factor pbratio \
        pic-struct pme pmode pools psnr psy-rd psy-rdoq qblur qcomp qg-size qp qp-adaptation-range qpmax qpmin \
        qpstep radl range rc-grain rc-lookahead rd rd-refine rdoq rdoq-level rdpenalty rect ref rskip \
        rskip-edge-threshold sao sao-non-deblock sar scenecut scenecut-aware-qp scenecut-bias selective-sao \
        signhide single-sei slices splitrd-skip ssim ssim-rd strict-cbr strong-intra-smoothing subme \
        temporal-layers temporal-mvp transfer tskip tskip-fast tu-inter-depth tu-intra-depth uhd-bd vbv-bufsize \
        vbv-end vbv-end-fr-adj vbv-init vbv-maxrate videoformat vui-hrd-info vui-timing-info weightb weightp wpp",
    words: &[("scaling-list", &["default", "off"])],
    spelling: Spelling::X26x,
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
}
