//! FFmpeg, behind owned and safe types. The only module that may touch it; nothing of FFmpeg shows in a signature.
//!
//! Rules: every allocation is checked and owned by exactly one type; C enums stay integers (a file can hold any value);
//! options that nobody took are an error; a path never reaches libavformat.
#![allow(unsafe_code)]

mod avio;
mod decoder;
mod demuxer;
mod dictionary;
mod encoder;
mod error;
mod filter;
#[cfg(test)]
mod filter_tests;
mod log;
mod muxer;
mod packet;
mod parameters;
mod picture;
mod pixel;
mod scaler;
mod stereo;

use std::{ffi::CStr, sync::Once};

use ffmpeg_sys_the_third as ffi;

pub use decoder::Decoder;
pub use demuxer::{Demuxer, DemuxerOptions, StreamFacts};
pub use dictionary::Dictionary;
pub use encoder::{Encoder, EncoderConfig, OpenError};
pub use error::AvError;
pub use filter::{FilterGraph, GraphError};
pub use muxer::{Muxer, MuxerConfig};
pub use packet::Packet;
pub use parameters::StreamParameters;
pub use picture::{ColourTags, Picture};
pub use pixel::PixelFormat;
pub use scaler::{Scaler, Scaling};

/// Prepares FFmpeg and the codec libraries once in a process: log lines are kept, never printed.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::install();
        // SVT-AV1 prints its settings, and that it is closed early, to stderr unless told otherwise before its first
        // encoder (its EbLog.c); 0 leaves what precedes an abort.
        // SAFETY: glibc's first `setenv` leaves the original environment block in place, so that a concurrent `getenv`
        // still reads valid memory; this is the only variable this library sets, once.
        unsafe { std::env::set_var("SVT_LOG", "0") };
    });
}

/// The linked libavcodec's release of FFmpeg, such as `5.1.9-0+deb12u1`.
#[must_use]
pub fn version() -> String {
    // SAFETY: returns a static string.
    unsafe { text(ffi::av_version_info()) }
}

/// The licence that the linked FFmpeg's configuration results in.
#[must_use]
pub fn licence() -> String {
    // SAFETY: returns a static string.
    unsafe { text(ffi::avcodec_license()) }
}

/// The options that the linked FFmpeg was configured with.
#[must_use]
pub fn configuration() -> String {
    // SAFETY: returns a static string.
    unsafe { text(ffi::avcodec_configuration()) }
}

/// Whether the libraries loaded have the major versions of the headers this was built with; if not, what differs.
///
/// # Errors
///
/// A sentence naming both versions.
pub fn check_versions() -> Result<(), String> {
    // SAFETY: these functions only return integers.
    let loaded = unsafe {
        [
            ffi::avcodec_version(),
            ffi::avfilter_version(),
            ffi::avformat_version(),
            ffi::avutil_version(),
            ffi::swscale_version(),
        ]
    };
    let built = [
        ffi::LIBAVCODEC_VERSION_MAJOR,
        ffi::LIBAVFILTER_VERSION_MAJOR,
        ffi::LIBAVFORMAT_VERSION_MAJOR,
        ffi::LIBAVUTIL_VERSION_MAJOR,
        ffi::LIBSWSCALE_VERSION_MAJOR,
    ];
    for ((name, loaded), built) in
        ["avcodec", "avfilter", "avformat", "avutil", "swscale"].iter().zip(loaded).zip(built)
    {
        if u64::from(loaded >> 16) != built as u64 {
            return Err(format!(
                "lib{name} {} is loaded, but {built} was built against; run `deno task setup`",
                loaded >> 16
            ));
        }
    }
    Ok(())
}

/// Copies a C string; a null pointer reads as empty.
///
/// # Safety
/// `pointer` is null or a NUL-terminated string.
unsafe fn text(pointer: *const std::ffi::c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

impl From<crate::time::Rational> for ffi::AVRational {
    fn from(value: crate::time::Rational) -> Self {
        Self { num: value.num, den: value.den }
    }
}

impl From<ffi::AVRational> for crate::time::Rational {
    fn from(value: ffi::AVRational) -> Self {
        Self { num: value.num, den: value.den }
    }
}
