//! The exported functions through which frames cross.

use std::{slice, sync::Arc};

use giftgrab_core::{
    error::{Code, Error, Stage},
    filter::{Filter, options::FilterOptions},
    frame::{bytes, header::FrameHeader, planes::Area},
    hub::Haste,
    tap::{Exchange, Outcome, Tap, options::TapOptions},
};

use crate::{
    c_abi::{GG_AGAIN, GG_END, GG_MORE, GG_OK, parse, write_out},
    record::{Buffer, run},
    registry::{OBJECTS, Object, open, stale},
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
            let options: FilterOptions = parse(json, json_len)?;
            let handle = open(context, |notify| Filter::open(&options, notify).map(Object::Filter))?;
            write_out(handle_out, handle)
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
            let options: TapOptions = parse(json, json_len)?;
            let handle = open(context, |notify| Tap::open(options, notify).map(Object::Tap))?;
            write_out(handle_out, handle)
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
            let outcome = match outcome {
                0 => Outcome::None,
                1 => Outcome::Observed,
                _ => Outcome::Failed,
            };
            let object = OBJECTS.get(tap).ok_or_else(stale)?;
            let header = Buffer { pointer: header, length: header_len };
            let data = Buffer { pointer: data, length: data_cap };
            Ok(match object.tap()?.exchange(outcome, header.as_mut_slice(), data.as_mut_slice())? {
                Exchange::Frame => GG_OK,
                Exchange::Nothing => GG_AGAIN,
                Exchange::MoreRoom => GG_MORE,
                Exchange::End => GG_END,
            })
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
            let object = OBJECTS.get(target).ok_or_else(stale)?;
            let intake = object.intake()?;
            let haste = if mode == 0 { Haste::Patient } else { Haste::Hurried };
            if haste == Haste::Patient && !intake.has_room() {
                return Ok(GG_AGAIN);
            }
            let header = FrameHeader::from_words(as_slice(header, header_len))?;
            let frame = bytes::frame_from(&header, as_slice(data, data_len))?;
            if intake.append(Arc::new(frame), haste) {
                Ok(GG_OK)
            } else {
                Err(Error::new(Code::Closed, Stage::Hub, "Cannot append the frame: the target is closed"))
            }
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
            let from = FrameHeader::from_words(as_slice(header_in, header_len))?;
            let to = FrameHeader::from_words(as_slice(header_out, header_len))?;
            let out = Buffer { pointer: data_out, length: out_cap };
            bytes::convert_bytes(&from, as_slice(data_in, in_len), &to, out.as_mut_slice())?;
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
            let [x, y, columns, rows] = [x, y, width, height].map(|value| value as usize);
            let region = (width > 0).then_some(Area { x, y, width: columns, height: rows });
            OBJECTS.get(source).ok_or_else(stale)?.source()?.set_region(region)?;
            Ok(GG_OK)
        })
    }
}

/// What the caller lends for reading; empty for a null pointer.
///
/// # Safety
/// `pointer` is null or readable for `length` elements until the result is dropped.
unsafe fn as_slice<'a, T>(pointer: *const T, length: usize) -> &'a [T] {
    // SAFETY: promised by the caller.
    if pointer.is_null() { &[] } else { unsafe { slice::from_raw_parts(pointer, length) } }
}
