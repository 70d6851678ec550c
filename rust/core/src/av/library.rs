//! The linked FFmpeg as a whole: its version, its licence, and its start in this process.

use std::sync::Once;

use super::{
    ffi::{self, text},
    log,
};

/// Prepares FFmpeg and the codec libraries once in a process: log lines are kept, never printed.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::install();
        // SVT-AV1 prints its settings and an early close to stderr, unless this is set before its first encoder (its
        // EbLog.c); 0 leaves the messages that precede an abort.
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

/// Checks that the linked libraries have the major versions of the headers of this build. libavfilter is opened, and
/// checked, when the first filter is made.
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

/// Checks that a library's version, as it reports it, has the major number `built`.
pub(super) fn check_version(name: &str, loaded: u32, built: i32) -> Result<(), String> {
    let loaded = loaded >> 16;
    if i64::from(loaded) == i64::from(built) {
        return Ok(());
    }
    Err(format!("lib{name} {loaded} is loaded, but {built} was built against; run `deno task setup`"))
}
