//! What the encoders of the linked FFmpeg take.

use std::ffi::CString;

use super::{PixelFormat, ffi};

/// The pixel formats that an encoder takes, its favourite first; none if this FFmpeg does not have it.
#[must_use]
pub fn encoder_formats(name: &str) -> Vec<PixelFormat> {
    super::init();
    let Ok(name) = CString::new(name) else { return Vec::new() };
    // SAFETY: looks a static table up.
    let codec = unsafe { ffi::avcodec_find_encoder_by_name(name.as_ptr()) };
    if codec.is_null() {
        return Vec::new();
    }
    // SAFETY: the codec is static.
    let mut next = unsafe { first(codec) };
    let mut formats = Vec::new();
    // SAFETY: null, or a static list that ends with `AV_PIX_FMT_NONE`.
    while let Some(format) = unsafe { next.as_ref() }.filter(|format| format.0 >= 0) {
        formats.push(PixelFormat(format.0));
        // SAFETY: the list goes on, because its end was not met.
        next = unsafe { next.add(1) };
    }
    formats
}

/// The beginning of a codec's list of pixel formats, which ends with `AV_PIX_FMT_NONE`; null if it has none.
///
/// # Safety
/// `codec` is a codec of FFmpeg.
#[cfg(supported_config)]
unsafe fn first(codec: *const ffi::AVCodec) -> *const ffi::AVPixelFormat {
    let mut list = std::ptr::null();
    let (mut count, context) = (0, std::ptr::null());
    // SAFETY: the codec is promised, and the context may be null; both outputs are written if the call succeeds.
    let code = unsafe {
        ffi::avcodec_get_supported_config(
            context,
            codec,
            ffi::AVCodecConfig::PIX_FORMAT,
            0,
            &raw mut list,
            &raw mut count,
        )
    };
    if code < 0 { std::ptr::null() } else { list.cast() }
}

/// The beginning of a codec's list of pixel formats, which ends with `AV_PIX_FMT_NONE`; null if it has none.
///
/// # Safety
/// `codec` is a codec of FFmpeg.
#[cfg(not(supported_config))]
unsafe fn first(codec: *const ffi::AVCodec) -> *const ffi::AVPixelFormat {
    // SAFETY: promised by the caller.
    unsafe { (*codec).pix_fmts }
}
