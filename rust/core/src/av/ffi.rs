//! FFmpeg's functions and types, and helpers of every wrapper.

use std::ffi::CStr;

pub(super) use ffmpeg_sys_the_third::*;

use crate::base::time::Rational;

/// Copies a C string; a null pointer reads as empty.
///
/// # Safety
/// `pointer` is null or a NUL-terminated string.
pub(super) unsafe fn text(pointer: *const std::ffi::c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

impl From<Rational> for AVRational {
    fn from(value: Rational) -> Self {
        Self { num: value.num, den: value.den }
    }
}

impl From<AVRational> for Rational {
    fn from(value: AVRational) -> Self {
        Self { num: value.num, den: value.den }
    }
}
