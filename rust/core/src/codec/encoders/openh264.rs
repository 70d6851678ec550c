//! H.264 by openh264.

use super::{
    super::table::Codec,
    allowed::AllowedOptions,
    ffmpeg::FfmpegEncoder,
    kind::{EncodeRequest, EncoderInfo, QualityScale},
};
use crate::av::{EncoderConfig, FfmpegVariant};

pub(super) struct OpenH264;

static INFO: EncoderInfo = EncoderInfo {
    name: "libopenh264",
    codec: Codec::H264,
    licence: "BSD-2-Clause",
    variant: Some(FfmpegVariant::Default),
    is_realtime: true,
    presets: &[],
    default_presets: ["", ""],
    // It takes no quantiser below 12 (GOM_MIN_QP_MODE in its rc.h).
    quality: Some(QualityScale::new(12.0, 51.0, 22.0)),
    min_width: 16,
    min_height: 16,
    options: Some(&OPTIONS),
    has_even_sizes: true,
    lossless: &[],
    rates: None,
};

/// Not `allow_skip_frames`, which loses frames.
static OPTIONS: AllowedOptions =
    AllowedOptions { names: "cabac coder loopfilter max_nal_size profile rc_mode slice_mode", lists: &[] };

impl FfmpegEncoder for OpenH264 {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn set(&self, request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
        // Its threads share slices; it makes fewer of small pictures.
        config.threads = threads(request.options.threads);
        config.set("slices", config.threads);
        config.set("profile", "high");
        config.set("allow_skip_frames", 0);
        match request.quality {
            // Rate control that is left one quantiser: the library has no other way to a constant one.
            Some(quantiser) => ["qmin", "qmax"].iter().for_each(|name| config.set(name, quantiser.round())),
            None => config.set("rc_mode", "bitrate"),
        }
    }
}

/// Threads of openh264, which takes at most four (MAX_THREADS_NUM in its wels_const.h).
fn threads(asked: u32) -> u32 {
    let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let wanted = if asked == 0 { u32::try_from(all()).unwrap_or(4) } else { asked };
    wanted.min(4)
}
