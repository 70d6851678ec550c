//! One error type: a stable code, the stage, one clear sentence and FFmpeg's last log line. Panics become such errors.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde::Serialize;

/// Writes each code once: the enum, its number, its text and its meaning.
macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $code:ident = $status:literal, $text:literal;)+) => {
        /// The kind of an error. Numbers and texts are stable and never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
        #[schemars(rename = "ErrorCode")]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $meaning])+ #[serde(rename = $text)] $code = $status,)+
        }

        /// Every code, in the order of the variants of [`Code`].
        pub const CODES: &[CodeInfo] = &[$(
            CodeInfo { code: Code::$code, text: $text, meaning: concat!($($meaning),+).trim_ascii() },
        )+];
    };
}

codes! {
    /// A defect of this library: a panic was caught. The object is poisoned.
    Internal = -1, "internal";
    /// An argument is outside its documented range; `field` names it.
    InvalidArgument = -2, "invalid_argument";
    /// The object is closed, or the handle is stale.
    Closed = -3, "closed";
    /// The file or folder does not exist.
    NotFound = -4, "not_found";
    /// The operating system or the runtime refuses access.
    PermissionDenied = -5, "permission_denied";
    /// The output exists and `overwrite` is off.
    AlreadyExists = -6, "already_exists";
    /// The path is a folder or another thing that is not a regular file.
    NotAFile = -7, "not_a_file";
    /// The input is not a video that can be read, or it is damaged.
    InvalidData = -8, "invalid_data";
    /// The input holds no video stream.
    NoVideo = -9, "no_video";
    /// The encoder or decoder is not in the linked libraries, or does not work on this machine.
    CodecUnavailable = -10, "codec_unavailable";
    /// The file extension names no container that holds the codec.
    ContainerMismatch = -11, "container_mismatch";
    /// The disk or the quota is full.
    DiskFull = -12, "disk_full";
    /// Reading or writing failed.
    Io = -13, "io";
    /// The input could be opened, then its frames could not be decoded.
    DecodeFailed = -14, "decode_failed";
    /// The encoder refused its settings or a frame.
    EncodeFailed = -15, "encode_failed";
    /// The container could not be written.
    MuxFailed = -16, "mux_failed";
    /// The target is attached to another source.
    AlreadyAttached = -17, "already_attached";
    /// A call did not end within its deadline.
    Timeout = -18, "timeout";
    /// The object has too many requests waiting; try again.
    Busy = -19, "busy";
    /// Memory, threads or descriptors have run out.
    ResourceExhausted = -20, "resource_exhausted";
    /// The input exceeds a safety limit, such as `maxPixels`.
    LimitExceeded = -21, "limit_exceeded";
    /// A filter cannot work on frames of this shape, or failed on one.
    FilterFailed = -22, "filter_failed";
    /// FFmpeg's filters cannot be loaded on this machine.
    FilterUnavailable = -23, "filter_unavailable";
    /// The file is being read or recorded, so it cannot be recorded to; or it is being recorded, so it cannot be read.
    InUse = -24, "in_use";
    /// The container or the codec does not say how the pictures are to be shown: their pixel aspect, orientation or fields.
    GeometryLost = -25, "geometry_lost";
    /// No such device is connected.
    DeviceNotFound = -26, "device_not_found";
    /// Another program, or another source of this one, is using the device.
    DeviceBusy = -27, "device_busy";
    /// The device can be opened, but gives no frame.
    DeviceOffline = -28, "device_offline";
    /// The device is in use with another colour space or other settings.
    DeviceAlreadyConnected = -29, "device_already_connected";
    /// The device was unplugged, or its driver failed.
    DeviceLost = -30, "device_lost";
    /// The device does not offer the mode that was asked for.
    UnsupportedMode = -31, "unsupported_mode";
    /// The USB port has not enough bandwidth left for the mode.
    UsbBandwidth = -32, "usb_bandwidth";
    /// The device gets no signal.
    NoSignal = -33, "no_signal";
    /// Nothing came for longer than it should take.
    SourceSilent = -34, "source_silent";
    /// The network stream cannot be reached, or is refused.
    NetworkUnavailable = -35, "network_unavailable";
    /// The connection to the network stream ended.
    ConnectionLost = -36, "connection_lost";
    /// The screen cannot be captured.
    ScreenUnavailable = -37, "screen_unavailable";
    /// Frames come at another rate than was asked for.
    RateMismatch = -38, "rate_mismatch";
}

/// One row of the table of codes.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// The text that JavaScript sees as `error.code`.
    pub text: &'static str,
    /// Its meaning, for the generated documentation.
    pub meaning: &'static str,
}

impl Code {
    /// The negative status that the C ABI returns.
    #[must_use]
    pub const fn status(self) -> i32 {
        self as i32
    }
}

/// Where on a frame's way an error happened.
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

/// An error of this library: one clear sentence, and the details by which a program can act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ErrorRecord")]
#[serde(rename_all = "camelCase")]
pub struct Error {
    /// The kind of the error.
    pub code: Code,
    /// Where it happened.
    pub stage: Stage,
    /// The action, the quoted value, the cause and, where one is known, the fix.
    pub message: String,
    /// The option or argument that is wrong, by its JavaScript name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The last line that FFmpeg logged on the way to this error, or the system's own message.
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

    /// An operating system's refusal, with the action and the quoted path.
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
            ErrorKind::ResourceBusy => (
                Code::InUse,
                "it is being read or recorded; choose another path, or close that reader or writer first".to_owned(),
            ),
            ErrorKind::FileTooLarge => {
                (Code::Io, "the file may not grow further, by its file system or the limit of `ulimit -f`".to_owned())
            }
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

/// Runs `body`; a panic in it becomes an `Internal` error: `Cannot ACTION: a defect …`.
///
/// State that `body` left half changed must not be used any more.
///
/// # Errors
///
/// Those of `body`, and `Internal`.
pub fn guard<T>(stage: Stage, action: impl fmt::Display, body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        let message = format!("Cannot {action}: a defect of this library was met; please report it");
        Err(Error::new(Code::Internal, stage, message))
    })
}

/// Runs the body of a thread, which reports its own errors; a panic in it becomes an `Internal` error, as in [`guard`].
///
/// # Errors
///
/// `Internal`.
pub fn guard_thread(stage: Stage, action: impl fmt::Display, body: impl FnOnce()) -> Result<()> {
    guard(stage, action, || {
        body();
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_own_negative_number_text_and_meaning() {
        assert!(CODES.iter().all(|info| info.code.status() < 0));
        let numbers: std::collections::HashSet<_> = CODES.iter().map(|info| info.code.status()).collect();
        let texts: std::collections::HashSet<_> = CODES.iter().map(|info| info.text).collect();
        let meanings: std::collections::HashSet<_> = CODES.iter().map(|info| info.meaning).collect();
        assert_eq!([numbers.len(), texts.len(), meanings.len()], [CODES.len(); 3]);
    }

    #[test]
    fn a_panic_is_an_error_and_an_error_stays_one() {
        let error = guard::<()>(Stage::Mux, format_args!("write {:?}", "a.mp4"), || panic!("test")).unwrap_err();
        assert_eq!((error.code, error.stage), (Code::Internal, Stage::Mux));
        let message = "Cannot write \"a.mp4\": a defect of this library was met; please report it";
        assert_eq!(error.message, message);
        let refused = Error::argument("width", "Cannot use width 0");
        assert_eq!(guard::<()>(Stage::Mux, "write", || Err(refused.clone())), Err(refused));
        assert_eq!(guard(Stage::Mux, "write", || Ok(7)), Ok(7));
    }
}
