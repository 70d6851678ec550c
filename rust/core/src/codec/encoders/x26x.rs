//! The common parts of x264, x265 and kvazaar.

use super::kind::EncodeRequest;
use crate::av::EncoderConfig;

/// The presets of x264, which the others took over.
pub(super) const PRESETS: &[&str] =
    &["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo"];

/// The options that x264 and x265 share.
pub(super) fn set(request: &EncodeRequest<'_>, config: &mut EncoderConfig) {
    config.set("preset", request.preset);
    if request.options.is_live() {
        config.set("tune", "zerolatency");
    }
    if let Some(quality) = request.quality {
        config.set("crf", quality);
    }
}
