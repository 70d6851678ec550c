//! The exported functions through which frames cross.

use crate::{
    c_abi::{GG_OK, write_out},
    calls,
    record::{Buffer, as_slice, run},
};

/// Opens a filter from JSON `FilterOptions`.
///
/// # Safety
/// `json` is readable for `json_len` bytes, `handle_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_filter_open(
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
            write_out(handle_out, calls::open_filter(context, as_slice(json, json_len))?)
        })
    }
}

/// Opens a tap from JSON `TapOptions`.
///
/// # Safety
/// `json` is readable for `json_len` bytes, `handle_out` is writable, `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_tap_open(
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
            write_out(handle_out, calls::open_tap(context, as_slice(json, json_len))?)
        })
    }
}

/// Settles the frame taken before and takes the next one, its samples to `data` and its facts to `header`.
///
/// `outcome` tells of the frame taken before: 0 there was none, 1 it was observed, 2 the observer failed. Returns 1 if no
/// frame is ready, 2 if `data` is too small (the header tells what is needed), 3 after the last frame of a closed tap.
///
/// # Safety
/// `header` is writable for `header_len` elements, `data` for `data_cap` bytes, `err` for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_tap_exchange(
    tap: u32,
    outcome: u32,
    header: *mut f64,
    header_len: usize,
    data: *mut u8,
    data_cap: usize,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            let header = Buffer { pointer: header, length: header_len };
            let data = Buffer { pointer: data, length: data_cap };
            calls::exchange(tap, outcome, header.as_mut_slice(), data.as_mut_slice())
        })
    }
}

/// Gives a copy of a frame to a target. `mode` 0 is patient: 1 is returned if there is no room, and the event `room`
/// follows once there is. `mode` 1 is hurried: without room the frame is dropped and counted.
///
/// # Safety
/// `header` is readable for `header_len` elements, `data` for `data_len` bytes; `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_append(
    target: u32,
    mode: u32,
    header: *const f64,
    header_len: usize,
    data: *const u8,
    data_len: usize,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            calls::append(target, mode, as_slice(header, header_len), as_slice(data, data_len))
        })
    }
}

/// Converts a frame to the colour space and size that `header_out` asks for.
///
/// # Safety
/// `header_in` and `header_out` are readable for `header_len` elements, `data_in` for `in_len` bytes; `data_out` is
/// writable for `out_cap` bytes, `err` for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_convert(
    header_in: *const f64,
    data_in: *const u8,
    in_len: usize,
    header_out: *const f64,
    header_len: usize,
    data_out: *mut u8,
    out_cap: usize,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            let out = Buffer { pointer: data_out, length: out_cap };
            let (from, to) = (as_slice(header_in, header_len), as_slice(header_out, header_len));
            calls::convert(from, as_slice(data_in, in_len), to, out.as_mut_slice())?;
            Ok(GG_OK)
        })
    }
}

/// Asks a source for only a part of each frame from the next one on; a width of 0 asks for the whole frame.
///
/// # Safety
/// `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_source_crop(
    source: u32,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer { pointer: err, length: err_cap }, || {
            calls::crop(source, [x, y, width, height])?;
            Ok(GG_OK)
        })
    }
}
