//! The encoders, each in a file of its own. A new one is a file and its line in [`ENCODERS`].

mod allowed;
mod aom_av1;
mod ffmpeg;
mod ffv1;
mod kind;
mod kvazaar;
mod mpeg4;
mod openh264;
mod rav1e;
mod svt_av1;
#[cfg(test)]
mod tests;
mod vpx_vp9;
mod x264;
mod x265;
mod x26x;
mod xvid;

pub use kind::QualityScale;
pub(crate) use kind::{Encode, EncodeRequest, EncoderInfo, EncoderKind};

use super::table::Codec;

/// Every encoder; those of one codec stand best first.
const ENCODERS: &[&dyn EncoderKind] = &[
    &x265::X265,
    &kvazaar::Kvazaar,
    &x264::X264,
    &openh264::OpenH264,
    &vpx_vp9::VpxVp9,
    &svt_av1::SvtAv1,
    &aom_av1::AomAv1,
    &rav1e::Rav1e,
    &mpeg4::Mpeg4,
    &xvid::Xvid,
    &ffv1::Ffv1,
];

/// The encoders of a codec, best first.
pub(crate) fn encoders_of(codec: Codec) -> impl Iterator<Item = &'static dyn EncoderKind> {
    ENCODERS.iter().copied().filter(move |kind| kind.info().codec == codec)
}

/// The names of a codec's encoders, best first; the ones after the first that works are used when asked for by name.
#[must_use]
pub fn encoder_names(codec: Codec) -> Vec<&'static str> {
    encoders_of(codec).map(|kind| kind.info().name).collect()
}
