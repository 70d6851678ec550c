//! One error type: a stable code, the stage, one clear sentence and FFmpeg's last word.

use std::fmt;

use serde::Serialize;

/// What went wrong. Numbers and texts are stable and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, schemars::JsonSchema)]
#[schemars(rename = "ErrorCode", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// A defect of this library: a panic was caught. The object is poisoned.
    Internal,
    /// An argument is outside its documented range; `field` names it.
    InvalidArgument,
    /// The object is closed, or the handle is stale.
    Closed,
    /// The file or folder does not exist.
    NotFound,
    /// The operating system or the runtime refuses access.
    PermissionDenied,
    /// The output exists and `overwrite` is off.
    AlreadyExists,
    /// The path is a folder or another thing that is not a regular file.
    NotAFile,
    /// The input is not a video that can be read, or it is damaged.
    InvalidData,
    /// The input holds no video stream.
    NoVideo,
    /// The encoder or decoder is not in the linked libraries, or does not work on this machine.
    CodecUnavailable,
    /// The file extension names no container that holds the codec.
    ContainerMismatch,
    /// The disk or the quota is full.
    DiskFull,
    /// Reading or writing failed.
    Io,
    /// The input could be opened, then its frames could not be decoded.
    DecodeFailed,
    /// The encoder refused its settings or a frame.
    EncodeFailed,
    /// The container could not be written.
    MuxFailed,
    /// The target is attached to another source.
    AlreadyAttached,
    /// A call did not end within its deadline.
    Timeout,
    /// The object has too many requests waiting; try again.
    Busy,
    /// Memory, threads or descriptors have run out.
    ResourceExhausted,
    /// The input exceeds a safety limit, such as `maxPixels`.
    LimitExceeded,
    /// A filter cannot work on frames of this shape, or failed on one.
    FilterFailed,
    /// FFmpeg's filters cannot be loaded on this machine.
    FilterUnavailable,
}

/// One row of the table of codes.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// The negative status that the C ABI returns.
    pub status: i32,
    /// The text that JavaScript sees as `error.code`.
    pub text: &'static str,
    /// What it means, for the generated documentation.
    pub meaning: &'static str,
}

/// Every code, in the order of the variants of [`Code`].
pub const CODES: &[CodeInfo] = &[
    row(Code::Internal, -1, "internal", "A defect of this library: a panic was caught. The object is poisoned."),
    row(
        Code::InvalidArgument,
        -2,
        "invalid_argument",
        "An argument is outside its documented range; `field` names it.",
    ),
    row(Code::Closed, -3, "closed", "The object is closed, or the handle is stale."),
    row(Code::NotFound, -4, "not_found", "The file or folder does not exist."),
    row(Code::PermissionDenied, -5, "permission_denied", "The operating system or the runtime refuses access."),
    row(Code::AlreadyExists, -6, "already_exists", "The output exists and `overwrite` is off."),
    row(Code::NotAFile, -7, "not_a_file", "The path is a folder or another thing that is not a regular file."),
    row(Code::InvalidData, -8, "invalid_data", "The input is not a video that can be read, or it is damaged."),
    row(Code::NoVideo, -9, "no_video", "The input holds no video stream."),
    row(
        Code::CodecUnavailable,
        -10,
        "codec_unavailable",
        "The encoder or decoder is not in the linked libraries, or does not work on this machine.",
    ),
    row(
        Code::ContainerMismatch,
        -11,
        "container_mismatch",
        "The file extension names no container that holds the codec.",
    ),
    row(Code::DiskFull, -12, "disk_full", "The disk or the quota is full."),
    row(Code::Io, -13, "io", "Reading or writing failed."),
    row(Code::DecodeFailed, -14, "decode_failed", "The input could be opened, then its frames could not be decoded."),
    row(Code::EncodeFailed, -15, "encode_failed", "The encoder refused its settings or a frame."),
    row(Code::MuxFailed, -16, "mux_failed", "The container could not be written."),
    row(Code::AlreadyAttached, -17, "already_attached", "The target is attached to another source."),
    row(Code::Timeout, -18, "timeout", "A call did not end within its deadline."),
    row(Code::Busy, -19, "busy", "The object has too many requests waiting; try again."),
    row(Code::ResourceExhausted, -20, "resource_exhausted", "Memory, threads or descriptors have run out."),
    row(Code::LimitExceeded, -21, "limit_exceeded", "The input exceeds a safety limit, such as `maxPixels`."),
    row(Code::FilterFailed, -22, "filter_failed", "A filter cannot work on frames of this shape, or failed on one."),
    row(Code::FilterUnavailable, -23, "filter_unavailable", "FFmpeg's filters cannot be loaded on this machine."),
];

const fn row(code: Code, status: i32, text: &'static str, meaning: &'static str) -> CodeInfo {
    CodeInfo { code, status, text, meaning }
}

impl Code {
    /// The negative status that the C ABI returns.
    #[must_use]
    pub const fn status(self) -> i32 {
        CODES[self as usize].status
    }

    /// The text that JavaScript sees as `error.code`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        CODES[self as usize].text
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

/// Where in a frame's way it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PipelineStage")]
pub enum Stage {
    /// Checking arguments and options.
    Options,
    /// Opening or reading a source.
    Source,
    /// Decoding.
    Decode,
    /// Attaching, detaching and handing frames on.
    Hub,
    /// Filtering.
    Filter,
    /// Converting and encoding.
    Encode,
    /// Writing the container.
    Mux,
    /// Writing or syncing the file.
    Storage,
    /// Crossing from or to JavaScript.
    Boundary,
}

/// An error of this library: one clear sentence and what a program needs to act on it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ErrorRecord")]
#[serde(rename_all = "camelCase")]
pub struct Error {
    /// What went wrong.
    pub code: Code,
    /// Where it went wrong.
    pub stage: Stage,
    /// The action, the quoted value, the cause and, where one is known, the fix.
    pub message: String,
    /// The option or argument that is wrong, by its JavaScript name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The last line that FFmpeg logged on the way to this error, or what the system says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// The result of this library's calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with a code, a stage and a sentence.
    #[must_use]
    pub fn new(code: Code, stage: Stage, message: impl Into<String>) -> Self {
        Self { code, stage, message: message.into(), field: None, cause: None }
    }

    /// A refused argument, named.
    #[must_use]
    pub fn argument(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(Code::InvalidArgument, Stage::Options, message) }
    }

    /// The same error with the name of the wrong field.
    #[must_use]
    pub fn with_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The same error with FFmpeg's last log line; an empty line is no cause.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        if !cause.is_empty() {
            self.cause = Some(cause);
        }
        self
    }

    /// An operating system's refusal, told with the action and the quoted path.
    #[must_use]
    pub fn from_io(stage: Stage, action: &str, path: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let (code, cause) = match error.kind() {
            ErrorKind::InvalidFilename => (Code::InvalidArgument, "a name in it is too long".to_owned()),
            ErrorKind::NotFound => (Code::NotFound, "it does not exist".to_owned()),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                (Code::PermissionDenied, "the operating system refuses access".to_owned())
            }
            ErrorKind::AlreadyExists => {
                (Code::AlreadyExists, "it exists; choose another path or set `overwrite: true`".to_owned())
            }
            ErrorKind::IsADirectory => (Code::NotAFile, "it is a folder".to_owned()),
            // Not the operating system's: our own storage refuses pipes and devices so.
            ErrorKind::InvalidInput if error.raw_os_error().is_none() => (Code::NotAFile, error.to_string()),
            ErrorKind::NotADirectory => (Code::NotFound, "a part of the path is not a folder".to_owned()),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                (Code::DiskFull, "the disk is full; free some space".to_owned())
            }
            ErrorKind::OutOfMemory => (Code::ResourceExhausted, "memory has run out".to_owned()),
            _ => match error.raw_os_error() {
                // EMFILE and ENFILE have no ErrorKind of their own.
                Some(23 | 24) => (Code::ResourceExhausted, "too many files are open".to_owned()),
                _ => (Code::Io, error.to_string()),
            },
        };
        Self::new(code, stage, format!("Cannot {action} {path:?}: {cause}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_own_row_number_and_text() {
        for (index, info) in CODES.iter().enumerate() {
            assert_eq!(info.code as usize, index, "{:?} is out of order", info.code);
            assert!(info.status < 0);
        }
        let numbers: std::collections::HashSet<_> = CODES.iter().map(|info| info.status).collect();
        let texts: std::collections::HashSet<_> = CODES.iter().map(|info| info.text).collect();
        assert_eq!((numbers.len(), texts.len()), (CODES.len(), CODES.len()));
    }
}
