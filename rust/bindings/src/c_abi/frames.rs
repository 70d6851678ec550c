//! The exported functions through which frames cross.

use giftgrab_core::boundary::Status;

use super::marshal::{Buffer, as_slice, run};
use crate::calls;

/// Settles the frame taken before and takes the next one: its samples to `data`, its metadata to `header`.
///
/// `outcome`, a `GG_OUTCOME_`, is the fate of the frame taken before. Returns `GG_STATUS_AGAIN` if no frame is ready,
/// `GG_STATUS_MORE` if `data` is too small for the length in the header, and `GG_STATUS_END` after the last frame of a
/// closed tap.
///
/// # Safety
/// `header` is writable for `header_len` elements, `data` for `data_cap` bytes, `err` for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_exchange(
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
        run(&Buffer::new(err, err_cap), || {
            let (header, data) = (Buffer::new(header, header_len), Buffer::new(data, data_cap));
            calls::exchange(tap, outcome, header.as_mut_slice(), data.as_mut_slice())
        })
    }
}

/// Gives a copy of a frame to a target.
///
/// Where there is no room for it, the `policy` `GG_OVERFLOW_POLICY_BLOCK` returns `GG_STATUS_AGAIN`, and the event
/// `room` follows once there is; `GG_OVERFLOW_POLICY_DROP_NEWEST` drops the frame and counts it.
///
/// # Safety
/// `header` is readable for `header_len` elements, `data` for `data_len` bytes; `err` is writable for `err_cap` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gg_append(
    target: u32,
    policy: u32,
    header: *const f64,
    header_len: usize,
    data: *const u8,
    data_len: usize,
    err: *mut u8,
    err_cap: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        run(&Buffer::new(err, err_cap), || {
            calls::append(target, policy, as_slice(header, header_len), as_slice(data, data_len))
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
        run(&Buffer::new(err, err_cap), || {
            let (from, to) = (as_slice(header_in, header_len), as_slice(header_out, header_len));
            calls::convert(from, as_slice(data_in, in_len), to, Buffer::new(data_out, out_cap).as_mut_slice())?;
            Ok(Status::Done)
        })
    }
}
