//! FFmpeg's log: the last warning or error of each thread is kept as the cause of errors; nothing is printed.

use std::cell::RefCell;

thread_local! {
    static LAST_LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Takes the last line that FFmpeg logged on this thread.
pub(super) fn take_last_line() -> String {
    LAST_LINE.with_borrow_mut(std::mem::take)
}

/// Routes FFmpeg's log here.
#[cfg(target_arch = "x86_64")]
pub(super) fn install() {
    use std::ffi::{c_char, c_int, c_void};

    use super::ffi;

    unsafe extern "C" fn keep(
        context: *mut c_void,
        level: c_int,
        format: *const c_char,
        arguments: *mut ffi::__va_list_tag,
    ) {
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
            let _ = LAST_LINE.try_with(|slot| {
                if let Ok(mut slot) = slot.try_borrow_mut() {
                    *slot = line;
                }
            });
        }
    }

    // SAFETY: `keep` has the callback's signature, never unwinds and may run on any thread.
    unsafe { ffi::av_log_set_callback(Some(keep)) };
}

/// Other platforms pass `va_list` in ways that need a C shim; there FFmpeg's log is switched off.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn install() {
    // SAFETY: sets an integer.
    unsafe { super::ffi::av_log_set_level(super::ffi::AV_LOG_QUIET as i32) };
}

/// Drops the object's address from `[libx264 @ 0x55…] text`.
fn without_address(line: &str) -> String {
    match (line.find(" @ 0x"), line.find(']')) {
        (Some(at), Some(end)) if at < end => format!("{}{}", &line[..at], &line[end..]),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn addresses_are_not_shown() {
        assert_eq!(super::without_address("[libx264 @ 0x55ab] bad preset"), "[libx264] bad preset");
        assert_eq!(super::without_address("plain"), "plain");
    }
}
