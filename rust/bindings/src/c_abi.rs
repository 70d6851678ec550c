//! The exported functions.

use std::{sync::Arc, time::Duration};

use giftgrab_core::{
    av,
    error::{Code, Error, Result, Stage},
    source::{Source, options::SourceOptions},
    storage::Disk,
    target::{FileWriter, options::FileWriterOptions},
};

use crate::{
    context::Context,
    record::{Buffer, run, to_json, write_text},
    registry::{CONTEXTS, OBJECTS, Object, finish_at_exit, open, stale},
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
            av::check_versions().map_err(|text| {
                Error::new(Code::Internal, Stage::Boundary, format!("Cannot use this FFmpeg: {text}"))
            })?;
            let handle = CONTEXTS.reserve().ok_or_else(|| {
                Error::new(Code::ResourceExhausted, Stage::Boundary, "Cannot open another context: all are taken")
            })?;
            CONTEXTS.fill(handle, Context::default());
            write_out(context_out, handle)
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
            let context = CONTEXTS.get(context).ok_or_else(stale)?;
            let handles = Buffer { pointer: handles, length: cap };
            let count = context.wait(handles.as_mut_slice(), Duration::from_millis(u64::from(timeout_ms)));
            if count == 0 {
                return Ok(GG_AGAIN);
            }
            write_out(count_out, u32::try_from(count).unwrap_or(0))
        })
    }
}

/// Ends the wait of a context that is going on, or the next one.
#[unsafe(no_mangle)]
pub extern "C" fn gg_context_wake(context: u32) -> i32 {
    // SAFETY: the empty record takes nothing.
    unsafe {
        run(&Buffer { pointer: std::ptr::null_mut(), length: 0 }, || {
            CONTEXTS.get(context).ok_or_else(stale)?.wake();
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
            let json = to_json(&giftgrab_core::codec::capabilities())?;
            Ok(write_text(&json, &Buffer { pointer: out, length: cap }, length_out))
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
            let options: SourceOptions = parse(json, json_len)?;
            let handle = open(context, |notify| Source::open(&options, &Disk, notify).map(Object::Source))?;
            write_out(handle_out, handle)
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
            let options: FileWriterOptions = parse(json, json_len)?;
            finish_at_exit();
            let handle = open(context, |notify| FileWriter::open(options, Arc::new(Disk), notify).map(Object::Target))?;
            write_out(handle_out, handle)
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
            let json = match &*OBJECTS.get(handle).ok_or_else(stale)? {
                Object::Source(source) => to_json(source.info())?,
                Object::Target(target) => to_json(target.info())?,
                Object::Tap(_) | Object::Filter(_) => {
                    let message = "Cannot describe the object: taps and filters have no facts";
                    return Err(Error::new(Code::InvalidArgument, Stage::Boundary, message));
                }
            };
            Ok(write_text(&json, &Buffer { pointer: out, length: cap }, length_out))
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
            let json = match &*OBJECTS.get(handle).ok_or_else(stale)? {
                Object::Source(source) => to_json(&source.stats())?,
                Object::Target(target) => to_json(&target.stats())?,
                Object::Tap(tap) => to_json(&tap.stats())?,
                Object::Filter(filter) => to_json(&filter.stats())?,
            };
            Ok(write_text(&json, &Buffer { pointer: out, length: cap }, length_out))
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
            let object = OBJECTS.get(handle).ok_or_else(stale)?;
            let events = object.take_events();
            let json = to_json(&events)?;
            let status = write_text(&json, &Buffer { pointer: out, length: cap }, length_out);
            if status != GG_OK {
                object.put_back_events(events);
            }
            Ok(status)
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
            let (from, to) = (OBJECTS.get(source).ok_or_else(stale)?, OBJECTS.get(target).ok_or_else(stale)?);
            match &*from {
                Object::Filter(filter) => filter.attach(to.intake()?, target)?,
                other => other.source()?.attach(to.intake()?, target)?,
            }
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
            match &*OBJECTS.get(source).ok_or_else(stale)? {
                Object::Filter(filter) => filter.detach(target)?,
                other => other.source()?.detach(target)?,
            }
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
            match &*OBJECTS.get(source).ok_or_else(stale)? {
                // A filter runs from the beginning.
                Object::Filter(_) => {}
                other => other.source()?.start()?,
            }
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
            match &*OBJECTS.get(handle).ok_or_else(stale)? {
                Object::Source(source) => source.close()?,
                Object::Target(target) => target.close(),
                Object::Tap(tap) => tap.close(),
                Object::Filter(filter) => filter.close(),
            }
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
            OBJECTS.remove(handle).ok_or_else(stale)?;
            Ok(GG_OK)
        })
    }
}

/// Reads JSON from the caller's buffer.
///
/// # Safety
/// `json` is readable for `length` bytes.
pub(crate) unsafe fn parse<T: serde::de::DeserializeOwned>(json: *const u8, length: usize) -> Result<T> {
    // SAFETY: promised by the caller; a null pointer reads as empty.
    let bytes = if json.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(json, length) } };
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
        let field = text.split('`').nth(1).unwrap_or("options").to_owned();
        Error::argument(&field, format!("Cannot use the options: {text}"))
    })
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
