//! FFmpeg's return codes.

use std::fmt;

use super::{ffi, log};
use crate::base::error::{Code, Error, Stage};

/// A negative return code of FFmpeg and the last line it logged on this thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvError {
    code: i32,
    line: String,
}

impl AvError {
    /// Takes a return code; the last log line of this thread becomes its cause.
    pub(super) fn new(code: i32) -> Self {
        Self { code, line: log::take_last_line() }
    }

    /// Takes a return code of a call that logs how its error spreads: the first line becomes the cause.
    pub(super) fn of_first(code: i32) -> Self {
        Self { code, line: log::take_first_line() }
    }

    /// Nothing more will come.
    pub(super) fn end() -> Self {
        Self::new(ffi::AVERROR_EOF)
    }

    /// Out of memory.
    pub(super) fn no_memory() -> Self {
        Self::new(ffi::AVERROR(libc_enomem()))
    }

    /// An argument that cannot be served.
    pub(super) fn invalid() -> Self {
        Self::new(ffi::AVERROR(EINVAL))
    }

    /// FFmpeg's number, for FFmpeg.
    pub(super) const fn code(&self) -> i32 {
        self.code
    }

    /// Nothing more will come.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.code == ffi::AVERROR_EOF
    }

    /// Nothing now; send more input or try again.
    #[must_use]
    pub fn is_again(&self) -> bool {
        self.os_error().is_some_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// The status with which a server of HTTP refuses, as far as FFmpeg tells it.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        match self.code {
            ffi::AVERROR_HTTP_BAD_REQUEST => Some(400),
            ffi::AVERROR_HTTP_UNAUTHORIZED => Some(401),
            ffi::AVERROR_HTTP_FORBIDDEN => Some(403),
            ffi::AVERROR_HTTP_NOT_FOUND => Some(404),
            ffi::AVERROR_HTTP_OTHER_4XX => Some(499),
            ffi::AVERROR_HTTP_SERVER_ERROR => Some(500),
            _ => None,
        }
    }

    /// Memory has run out.
    #[must_use]
    pub fn is_no_memory(&self) -> bool {
        self.os_error().is_some_and(|error| error.kind() == std::io::ErrorKind::OutOfMemory)
    }

    /// The operating system's error number, if the code is one.
    #[must_use]
    pub fn os_error(&self) -> Option<std::io::Error> {
        (-4096 < self.code && self.code < 0).then(|| std::io::Error::from_raw_os_error(-self.code))
    }

    /// The last line that FFmpeg logged before failing; empty if none.
    #[must_use]
    pub fn log_line(&self) -> &str {
        &self.line
    }

    /// This library's error: `what` is the action with its quoted value.
    #[must_use]
    pub fn explain(&self, code: Code, stage: Stage, what: &str) -> Error {
        let code = match self.os_error().map(|error| error.kind()) {
            // EAGAIN is the answer to a thread too many.
            Some(std::io::ErrorKind::OutOfMemory | std::io::ErrorKind::WouldBlock) => Code::ResourceExhausted,
            Some(std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) => Code::DiskFull,
            _ => code,
        };
        Error::new(code, stage, format!("Cannot {what}: {self}")).with_cause(self.line.clone())
    }
}

/// EINVAL, the same number on every platform FFmpeg runs on.
const EINVAL: i32 = 22;

/// ENOMEM, the same number on every platform FFmpeg runs on.
const fn libc_enomem() -> i32 {
    12
}

impl fmt::Display for AvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.os_error() {
            let text = error.to_string();
            return f.write_str(text.split(" (os error").next().unwrap_or(&text));
        }
        let mut buffer = [0_u8; 128];
        // SAFETY: writes at most the given length, NUL-terminated.
        unsafe { ffi::av_strerror(self.code, buffer.as_mut_ptr().cast(), buffer.len()) };
        let text = std::ffi::CStr::from_bytes_until_nul(&buffer).map(|text| text.to_string_lossy().into_owned());
        f.write_str(&text.unwrap_or_else(|_| format!("FFmpeg error {}", self.code)))
    }
}

/// Turns FFmpeg's convention into a `Result`.
pub(super) fn check(code: i32) -> Result<i32, AvError> {
    if code < 0 { Err(AvError::new(code)) } else { Ok(code) }
}
