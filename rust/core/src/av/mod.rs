//! FFmpeg, behind owned and safe types. The only module that may touch it; nothing of FFmpeg shows in a signature.
//!
//! Rules: every allocation is checked and owned by exactly one type; C enums stay integers (a file can hold any value);
//! options that nobody took are an error; a path never reaches libavformat.
#![allow(unsafe_code)]

mod avio;
mod buffer_pool;
mod decoder;
mod demuxer;
mod dictionary;
mod encoder;
mod error;
mod graph;
#[cfg(test)]
mod graph_tests;
mod log;
mod muxer;
mod packet;
mod parameters;
mod picture;
mod pixel;
mod pool;
mod scaler;
mod stereo;
mod video_info;

use std::{ffi::CStr, sync::Once};

use ffmpeg_sys_the_third as ffi;

pub use decoder::Decoder;
pub use demuxer::{Demuxer, DemuxerOptions, StreamInfo};
pub use dictionary::Dictionary;
pub use encoder::{Encoder, EncoderConfig, OpenError};
pub use error::AvError;
pub(crate) use graph::shortened;
pub use graph::{Description, FilterGraph, FilterPolicy, GraphError};
pub use muxer::{Muxer, MuxerConfig};
pub use packet::Packet;
pub use parameters::StreamParameters;
pub use picture::{ColourTags, Picture};
pub use pixel::PixelFormat;
pub use pool::PicturePool;
pub use scaler::{Scaler, Scaling};
pub use video_info::VideoInfo;
pub(crate) use video_info::tags;

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

/// Whether the libraries that are linked have the major versions of the headers this was built with; if not, what
/// differs. libavfilter is opened, and checked, when the first filter is made.
///
/// # Errors
///
/// A sentence naming both versions.
pub fn check_versions() -> Result<(), String> {
    // SAFETY: these functions only return integers.
    let loaded = unsafe {
        [
            ("avcodec", ffi::avcodec_version(), ffi::LIBAVCODEC_VERSION_MAJOR),
            ("avformat", ffi::avformat_version(), ffi::LIBAVFORMAT_VERSION_MAJOR),
            ("avutil", ffi::avutil_version(), ffi::LIBAVUTIL_VERSION_MAJOR),
            ("swscale", ffi::swscale_version(), ffi::LIBSWSCALE_VERSION_MAJOR),
        ]
    };
    loaded.into_iter().try_for_each(|(name, loaded, built)| check_version(name, loaded, built))
}

/// Whether a library's version, as it tells it, has the major number `built`.
fn check_version(name: &str, loaded: u32, built: i32) -> Result<(), String> {
    let loaded = loaded >> 16;
    if i64::from(loaded) == i64::from(built) {
        return Ok(());
    }
    Err(format!("lib{name} {loaded} is loaded, but {built} was built against; run `deno task setup`"))
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

impl From<crate::base::time::Rational> for ffi::AVRational {
    fn from(value: crate::base::time::Rational) -> Self {
        Self { num: value.num, den: value.den }
    }
}

impl From<ffi::AVRational> for crate::base::time::Rational {
    fn from(value: ffi::AVRational) -> Self {
        Self { num: value.num, den: value.den }
    }
}
