//! H.264 by x264.

use super::{
    super::table::Codec,
    allowed::{AllowedOptions, ParameterList, Parameters, Spelling, Syntax},
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale, Samples},
    x26x,
};
use crate::av::{EncoderConfig, FfmpegVariant};

pub(super) struct X264;

static INFO: EncoderInfo = EncoderInfo {
    name: "libx264",
    codec: Codec::H264,
    licence: "GPL-2.0-or-later",
    variant: Some(FfmpegVariant::Gpl),
    is_realtime: true,
    presets: x26x::PRESETS,
    default_presets: ["veryfast", "fast"],
    quality: Some(QualityScale::new(0.0, 51.0, 21.0)),
    min_width: 16,
    min_height: 16,
    options: Some(&OPTIONS),
    has_even_sizes: true,
    lossless: &[Samples::Colour],
    rates: None,
};

/// Not `stats` and `passlogfile`, and `fastfirstpass`, which is for passes.
static OPTIONS: AllowedOptions = AllowedOptions {
    names: "8x8dct a53cc aq-mode aq-strength aud avcintra-class b-bias b-pyramid b_strategy bluray-compat chromaoffset \
        coder cplxblur crf crf_max deblock direct-pred fast-pskip forced-idr intra-refresh level mbtree me_method \
        mixed-refs motion-est nal-hrd noise_reduction partitions preset profile psy psy-rd qp rc-lookahead \
        sc_threshold slice-max-size ssim tune udu_sei weightb weightp wpredp",
    lists: &[
        ParameterList { option: "x264-params", divider: ':', syntax: Syntax::Dictionary, parameters: &LISTED },
        ParameterList { option: "x264opts", divider: ':', syntax: Syntax::Plain, parameters: &LISTED },
    ],
};

/// Of x264_param_parse, without files, `zones` (which take any other parameter), OpenCL (which is loaded), sets of
/// instructions and what the recording determines.
static LISTED: Parameters = Parameters {
    names: "8x8dct alternative-transfer analyse aq-mode aq-strength aud avcintra-class avcintra-flavor b-adapt b-bias \
        b-pyramid bff bframes bitrate bluray-compat cabac cabac-idc chroma-me chroma-qp-offset chromaloc cll \
        colormatrix colorprim constrained-intra cplx-blur cplxblur cpu-independent cqm4 cqm4i cqm4ic cqm4iy cqm4p \
        cqm4pc cqm4py cqm8 cqm8i cqm8p crf crf-max dct-decimate deadzone-inter deadzone-intra deblock deterministic \
        direct direct-pred dpb-size fake-interlaced fast-pskip filler filter frame-packing frameref fullrange \
        interlaced intra-refresh ip-factor ipratio keyint keyint-min level level-idc log lookahead-threads \
        mastering-display mbtree me me-range merange min-keyint mixed-refs mv-range mv-range-thread mvrange \
        mvrange-thread n-deterministic nal-hrd nf nr open-gop overscan partitions pb-factor pbratio pic-struct psnr \
        psy psy-rd qblur qcomp qp qp-max qp-min qp-step qpmax qpmin qpstep ratetol rc-lookahead ref sar scenecut \
        slice-max-mbs slice-max-size slice-min-mbs sliced-threads slices slices-max sps-id ssim stitchable subme \
        subq sync-lookahead tff threads transfer trellis vbv-bufsize vbv-init vbv-maxrate videoformat weight-b \
        weightb weightp",
    words: &[("cqm", &["flat", "jvt"])],
    spelling: Spelling::X26x,
};

impl FfmpegEncoder for X264 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        x26x::set(request, config);
        if request.options.is_lossless() {
            config.set("qp", 0);
        }
    }
}
