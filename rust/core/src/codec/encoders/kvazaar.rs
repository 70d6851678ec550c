//! HEVC by kvazaar.

use super::{
    super::table::Codec,
    allowed::{AllowedOptions, ParameterList, Parameters, Spelling, Syntax},
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale, Samples},
    x26x,
};
use crate::av::{EncoderConfig, FfmpegVariant};

pub(super) struct Kvazaar;

static INFO: EncoderInfo = EncoderInfo {
    name: "libkvazaar",
    codec: Codec::Hevc,
    licence: "BSD-3-Clause",
    variant: Some(FfmpegVariant::Default),
    is_realtime: true,
    presets: x26x::PRESETS,
    default_presets: ["ultrafast", "fast"],
    quality: Some(QualityScale::new(0.0, 51.0, 25.0)),
    min_width: 16,
    min_height: 16,
    options: Some(&OPTIONS),
    has_even_sizes: true,
    lossless: &[Samples::Colour],
    rates: None,
};

static OPTIONS: AllowedOptions = AllowedOptions {
    names: "",
    lists: &[ParameterList { option: PARAMETERS, divider: ',', syntax: Syntax::Dictionary, parameters: &LISTED }],
};

/// Of kvz_config_parse, without files, sets of instructions, encryption, `preset`, which is an option of the writer, and
/// what the recording determines.
static LISTED: Parameters = Parameters {
    names: "amp aud bipred bitrate chromaloc clip-neighbour colormatrix colorprim combine-intra-cus \
        cu-split-termination deblock early-skip enable-logging erp-aqp fast-bipred fast-residual-cost force-inter \
        force-level full-intra-search gop hash high-tier implicit-rdpcm info intra-bits intra-chroma-search \
        intra-qp-offset intra-rdo-et level lossless max-merge me me-early-termination me-steps ml-pu-depth-intra \
        mv-constraint mv-rdo open-gop overscan owf period psnr pu-depth-inter pu-depth-intra qp range rc-algorithm \
        rd rdoq rdoq-skip ref sao sar set-qp-in-cu signhide slices smp subme threads tiles tiles-height-split \
        tiles-width-split tmvp tr-depth-intra transfer transform-skip vaq videoformat vps-period wpp zero-coeff-rdo",
    words: &[("scaling-list", &["default", "off"])],
    spelling: Spelling::NoPrefix,
};

/// The option that lists kvazaar's own parameters.
const PARAMETERS: &str = "kvazaar-params";

impl FfmpegEncoder for Kvazaar {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        let EncodeRequest { options, preset, gop, .. } = *request;
        // Its B-frames come in eights: a key frame, then so many of them. Its period does not count that key frame.
        let eights = !options.is_live() && gop > 8 && (options.gop.is_none() || (gop - 1).is_multiple_of(8));
        let period = if eights { (gop - 1) / 8 * 8 } else { gop };
        // Before the preset, of which it would print to stderr; without the sums of pictures, which no decoder checks.
        let mut parameters = format!(
            "enable-logging=0,preset={preset},hash=none,open-gop=0,period={period},gop={}",
            if eights { "8" } else { "0" }
        );
        if options.is_live() {
            // Frames that overlap would be frames of delay.
            parameters.push_str(",owf=0");
        }
        if options.threads > 0 {
            parameters.push_str(&format!(",threads={}", options.threads));
        }
        if let Some(quantiser) = request.quality {
            parameters.push_str(&format!(",qp={}", quantiser.round()));
        }
        if options.is_lossless() {
            parameters.push_str(",lossless=1");
        }
        config.set(PARAMETERS, parameters);
    }
}
