//! FFmpeg's log: the first error and the last line of each thread are kept as causes; nothing is printed.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};

use super::ffi;

#[derive(Default)]
struct Lines {
    /// The first error since lines were taken; empty if there was none.
    first_error: String,
    last: String,
    /// The first warning that a parameter of a library was not taken; empty if there was none.
    not_taken: String,
}

thread_local! {
    static LINES: RefCell<Lines> =
        const { RefCell::new(Lines { first_error: String::new(), last: String::new(), not_taken: String::new() }) };
}

/// How such warnings begin (libx264.c, libx265.c, libkvazaar.c and libsvtav1.c, which go on without the parameter).
const NOT_TAKEN: &[&str] = &["Error parsing option ", "Unknown option: ", "Invalid value for ", "Invalid option: "];

/// Takes the last line that FFmpeg logged on this thread, and forgets the others.
pub(super) fn take_last_line() -> String {
    LINES.with_borrow_mut(std::mem::take).last
}

/// Takes the first error that FFmpeg logged on this thread since lines were taken, or else the last line.
pub(super) fn take_first_line() -> String {
    let lines = LINES.with_borrow_mut(std::mem::take);
    if lines.first_error.is_empty() { lines.last } else { lines.first_error }
}

/// Takes the first warning on this thread that a parameter of an encoder's library was not taken, and forgets all lines.
pub(super) fn take_not_taken() -> Option<String> {
    let line = LINES.with_borrow_mut(std::mem::take).not_taken;
    (!line.is_empty()).then_some(line)
}

/// Whether a line says that a parameter was not taken; before its text is the name of an object in brackets.
fn is_not_taken(line: &str) -> bool {
    let text = line.split_once("] ").map_or(line, |(_, text)| text);
    NOT_TAKEN.iter().any(|beginning| text.starts_with(beginning))
}

/// A `va_list` as C passes it: on x86-64 it is an array, so its address (System V ABI, 3.5.7); on AArch64 a structure
/// (AAPCS64, appendix B).
#[cfg(target_arch = "x86_64")]
type Arguments = *mut ffi::__va_list_tag;
#[cfg(not(target_arch = "x86_64"))]
type Arguments = ffi::va_list;

/// Routes FFmpeg's log here.
pub(super) fn install() {
    unsafe extern "C" fn keep(context: *mut c_void, level: c_int, format: *const c_char, arguments: Arguments) {
        if level > ffi::AV_LOG_WARNING as c_int {
            return;
        }
        let mut buffer = [0_u8; 512];
        let mut prefix = 1;
        // SAFETY: FFmpeg hands over a matching format and argument list, and the length bounds the write.
        unsafe {
            ffi::av_log_format_line2(
                context,
                level,
                format,
                arguments,
                buffer.as_mut_ptr().cast(),
                buffer.len() as c_int,
                &raw mut prefix,
            );
        }
        let Ok(line) = std::ffi::CStr::from_bytes_until_nul(&buffer) else { return };
        let line = without_address(line.to_string_lossy().trim());
        if !line.is_empty() {
            // A thread that is being torn down has no slot any more; its line is not worth a panic.
            let _ = LINES.try_with(|lines| {
                let Ok(mut lines) = lines.try_borrow_mut() else { return };
                if level <= ffi::AV_LOG_ERROR as c_int && lines.first_error.is_empty() {
                    lines.first_error.clone_from(&line);
                }
                if lines.not_taken.is_empty() && is_not_taken(&line) {
                    lines.not_taken.clone_from(&line);
                }
                lines.last = line;
            });
        }
    }

    // SAFETY: `keep` has the callback's signature, never unwinds and may run on any thread.
    unsafe { ffi::av_log_set_callback(Some(keep)) };
}

/// Drops the addresses of the objects named before the text, as in `[libx264 @ 0x55…] text`.
fn without_address(line: &str) -> String {
    let mut line = line.to_owned();
    while let Some(at) = line.find(" @ 0x") {
        let Some(length) = line[at..].find(']') else { break };
        line.replace_range(at..at + length, "");
    }
    line
}

#[cfg(test)]
mod tests {
    #[test]
    fn addresses_are_not_shown() {
        assert_eq!(super::without_address("[libx264 @ 0x55ab] bad preset"), "[libx264] bad preset");
        assert_eq!(super::without_address("[eq @ 0x55ab] [Eval @ 0x7f] bad"), "[eq] [Eval] bad");
        assert_eq!(super::without_address("plain"), "plain");
        assert_eq!(super::without_address("open @ 0x"), "open @ 0x");
    }

    #[test]
    fn a_parameter_that_is_not_taken_is_noticed() {
        for line in ["[libx265] Unknown option: a.", "[libsvtav1] Error parsing option a: 1.", "Invalid option: a=1."] {
            assert!(super::is_not_taken(line), "{line}");
        }
        assert!(!super::is_not_taken("[libx264] broken ffmpeg default settings detected: Unknown option: a"));
    }
}
