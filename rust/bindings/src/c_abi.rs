//! The exported functions.

use std::time::Duration;

use giftgrab_core::error::{Code, Error, Result, Stage};

use crate::{
    calls,
    context::close_with_thread,
    record::{Buffer, as_slice, run, write_text},
};

/// Number of this interface; TypeScript refuses a library with another one.
pub const ABI_VERSION: u32 = 1;

/// The call did what it was asked.
pub const GG_OK: i32 = 0;

/// Nothing yet.
pub const GG_AGAIN: i32 = 1;

/// The caller's buffer is too small; the length output says what is needed.
pub const GG_MORE: i32 = 2;

/// Nothing any more.
pub const GG_END: i32 = 3;

/// Returns the number of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn gg_abi_version() -> u32 {
    ABI_VERSION
}

/// Opens a context, one for each JavaScript context, and checks the linked libraries.
///
/// # Safety
/// `context_out` is writable; `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_context_open(context_out: *mut u32, err: *mut u8, err_cap: usize) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            let context = calls::open_context()?;
            close_with_thread(context);
            write_out(context_out, context)
        })
    }
}

/// Waits until objects of the context have events, at most `timeout_ms`, and writes their handles.
///
/// Returns 1 after the time-out or a wake. One call per context at a time.
///
/// # Safety
/// `handles` is writable for `cap` elements; `count_out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_context_wait(
    context: u32,
    handles: *mut u32,
    cap: usize,
    count_out: *mut u32,
    timeout_ms: u32,
) -> i32 {
    // SAFETY: promised by the caller; the empty record takes nothing.
    unsafe {
        run(&Buffer { pointer: std::ptr::null_mut(), length: 0 }, || {
            let handles = Buffer { pointer: handles, length: cap };
            let timeout = Duration::from_millis(u64::from(timeout_ms));
            match calls::wait(context, handles.as_mut_slice(), timeout)? {
                0 => Ok(GG_AGAIN),
                count => write_out(count_out, u32::try_from(count).unwrap_or(0)),
            }
        })
    }
}

/// Ends the wait of a context that is going on, or the next one.
#[unsafe(no_mangle)]
pub extern "C" fn gg_context_wake(context: u32) -> i32 {
    // SAFETY: the empty record takes nothing.
    unsafe {
        run(&Buffer { pointer: std::ptr::null_mut(), length: 0 }, || {
            calls::wake(context)?;
            Ok(GG_OK)
        })
    }
}

/// Writes what can be encoded here as JSON `Capabilities`; the first call tries every encoder.
///
/// # Safety
/// `out` is writable for `cap` bytes, `length_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_capabilities(
    out: *mut u8,
    cap: usize,
    length_out: *mut u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            Ok(write_text(&calls::capabilities()?, &Buffer { pointer: out, length: cap }, length_out))
        })
    }
}

/// Opens a source from JSON `SourceOptions`.
///
/// # Safety
/// `json` is readable for `json_len` bytes, `handle_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_source_open(
    context: u32,
    json: *const u8,
    json_len: usize,
    handle_out: *mut u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            write_out(handle_out, calls::open_source(context, as_slice(json, json_len))?)
        })
    }
}

/// Opens a target from JSON `FileWriterOptions`.
///
/// # Safety
/// `json` is readable for `json_len` bytes, `handle_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_target_open(
    context: u32,
    json: *const u8,
    json_len: usize,
    handle_out: *mut u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            write_out(handle_out, calls::open_target(context, as_slice(json, json_len))?)
        })
    }
}

/// Writes an object's immutable facts as JSON `SourceInfo` or `TargetInfo`.
///
/// # Safety
/// `out` is writable for `cap` bytes, `length_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_describe(
    handle: u32,
    out: *mut u8,
    cap: usize,
    length_out: *mut u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            Ok(write_text(&calls::describe(handle)?, &Buffer { pointer: out, length: cap }, length_out))
        })
    }
}

/// Writes an object's figures so far as JSON `SourceStats`, `TargetStats`, `TapStats` or `FilterStats`.
///
/// # Safety
/// `out` is writable for `cap` bytes, `length_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_stats(
    handle: u32,
    out: *mut u8,
    cap: usize,
    length_out: *mut u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            Ok(write_text(&calls::stats(handle)?, &Buffer { pointer: out, length: cap }, length_out))
        })
    }
}

/// Takes an object's events as a JSON array of `Event`; if the buffer is too small they stay.
///
/// # Safety
/// `out` is writable for `cap` bytes, `length_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_events(
    handle: u32,
    out: *mut u8,
    cap: usize,
    length_out: *mut u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            calls::events(handle, |text| {
                let status = write_text(text, &Buffer { pointer: out, length: cap }, length_out);
                (status, status == GG_OK)
            })
        })
    }
}

/// Asks a source to give frames to a target.
///
/// # Safety
/// `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_attach(source: u32, target: u32, err: *mut u8, err_cap: usize) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            calls::attach(source, target)?;
            Ok(GG_OK)
        })
    }
}

/// Asks a source to give no more frames to a target; its `detached` event says since when.
///
/// # Safety
/// `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_detach(source: u32, target: u32, err: *mut u8, err_cap: usize) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            calls::detach(source, target)?;
            Ok(GG_OK)
        })
    }
}

/// Starts a source; later calls do nothing.
///
/// # Safety
/// `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_start(source: u32, err: *mut u8, err_cap: usize) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            calls::start(source)?;
            Ok(GG_OK)
        })
    }
}

/// Asks an object to close; its `closed` event is the last one. Later calls do nothing.
///
/// # Safety
/// `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_close(handle: u32, err: *mut u8, err_cap: usize) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            calls::close(handle)?;
            Ok(GG_OK)
        })
    }
}

/// Gives a handle up. An object that is still open is closed natively; its file is finished all the same.
#[unsafe(no_mangle)]
pub extern "C" fn gg_release(handle: u32) -> i32 {
    // SAFETY: the empty record takes nothing.
    unsafe {
        run(&Buffer { pointer: std::ptr::null_mut(), length: 0 }, || {
            calls::release(handle)?;
            Ok(GG_OK)
        })
    }
}

/// Writes a scalar output.
///
/// # Safety
/// `out` is null or writable.
pub(crate) unsafe fn write_out(out: *mut u32, value: u32) -> Result<i32> {
    // SAFETY: promised by the caller.
    match unsafe { out.as_mut() } {
        Some(out) => {
            *out = value;
            Ok(GG_OK)
        }
        None => Err(Error::new(Code::InvalidArgument, Stage::Boundary, "Cannot write the result: the output is null")),
    }
}
