//! The C ABI, which Deno calls.
//!
//! Every function returns a `Status`, or below 0 the number of an error code. Outputs are written only on success.
//! `err` receives the length of a UTF-8 JSON text as 4 bytes, little endian, and then the text: `{code, stage, message,
//! field?, cause?}`. Any function may be called from any thread.

pub mod frames;
mod marshal;
mod thread;

use std::time::Duration;

use giftgrab_core::boundary::{ABI_VERSION, Status};

use self::{
    marshal::{Buffer, as_slice, run, write_out, write_text},
    thread::close_with_thread,
};
use crate::calls;

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
        run(&Buffer::new(err, err_cap), || {
            let context = calls::open_context()?;
            close_with_thread(context);
            write_out(context_out, context)
        })
    }
}

/// Waits until objects of the context have events, at most `timeout_ms`, and writes their handles.
///
/// Returns `GG_STATUS_AGAIN` after the time-out or a wake. One call per context at a time.
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
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer::NONE, || {
            let timeout = Duration::from_millis(u64::from(timeout_ms));
            match calls::wait(context, Buffer::new(handles, cap).as_mut_slice(), timeout)? {
                0 => Ok(Status::Again),
                count => write_out(count_out, u32::try_from(count).unwrap_or(0)),
            }
        })
    }
}

/// Ends the wait of a context that is going on, or the next one.
#[unsafe(no_mangle)]
pub extern "C" fn gg_context_wake(context: u32) -> i32 {
    // SAFETY: there is no error record.
    unsafe { run(&Buffer::NONE, || calls::wake(context).map(|()| Status::Done)) }
}

/// Opens an object from JSON `OpenOptions` and writes its handle.
///
/// # Safety
/// `json` is readable for `json_len` bytes, `handle_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_open(
    context: u32,
    json: *const u8,
    json_len: usize,
    handle_out: *mut u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer::new(err, err_cap), || write_out(handle_out, calls::open(context, as_slice(json, json_len))?))
    }
}

/// Carries out a JSON `Command` to an object and writes the reply as JSON.
///
/// If the reply does not fit, the call can be repeated with more room: a command that changes something has no reply.
///
/// # Safety
/// `json` is readable for `json_len` bytes, `out` is writable for `cap` bytes, `length_out` is writable, `err` is
/// writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_command(
    handle: u32,
    json: *const u8,
    json_len: usize,
    out: *mut u8,
    cap: usize,
    length_out: *mut u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer::new(err, err_cap), || {
            let reply = calls::command(handle, as_slice(json, json_len))?;
            Ok(write_text(&reply, &Buffer::new(out, cap), length_out))
        })
    }
}

/// Writes an object's stats so far as JSON `SourceStats`, `TargetStats`, `TapStats` or `FilterStats`.
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
        run(&Buffer::new(err, err_cap), || Ok(write_text(&calls::stats(handle)?, &Buffer::new(out, cap), length_out)))
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
        run(&Buffer::new(err, err_cap), || {
            calls::events(handle, |text| {
                let status = write_text(text, &Buffer::new(out, cap), length_out);
                (status, status == Status::Done)
            })
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
    unsafe { run(&Buffer::new(err, err_cap), || calls::close(handle).map(|()| Status::Done)) }
}

/// Frees a handle. An object that is still open is closed natively; its file is finished all the same.
#[unsafe(no_mangle)]
pub extern "C" fn gg_release(handle: u32) -> i32 {
    // SAFETY: there is no error record.
    unsafe { run(&Buffer::NONE, || calls::release(handle).map(|()| Status::Done)) }
}
