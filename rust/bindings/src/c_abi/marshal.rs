//! Error records, JSON and numbers in the buffers of the C ABI's caller.

use std::{ptr, slice};

use giftgrab_core::{
    boundary::Status,
    error::{Code, Error, Result, Stage},
};

use crate::guard::guard;

/// A buffer of the caller, borrowed for one call.
pub(super) struct Buffer<T> {
    pointer: *mut T,
    length: usize,
}

impl<T> Buffer<T> {
    /// No buffer: it takes nothing.
    pub(super) const NONE: Self = Self { pointer: ptr::null_mut(), length: 0 };

    pub(super) const fn new(pointer: *mut T, length: usize) -> Self {
        Self { pointer, length }
    }

    /// The buffer's elements; empty for a null pointer.
    ///
    /// # Safety
    /// `pointer` is null or writable for `length` elements, and nothing else uses them until the result is dropped.
    pub(super) unsafe fn as_mut_slice<'a>(&self) -> &'a mut [T] {
        if self.pointer.is_null() || self.length == 0 {
            return &mut [];
        }
        // SAFETY: promised by the caller.
        unsafe { slice::from_raw_parts_mut(self.pointer, self.length) }
    }
}

/// The elements that the caller lends for reading; empty for a null pointer.
///
/// # Safety
/// `pointer` is null or readable for `length` elements until the result is dropped.
pub(super) unsafe fn as_slice<'a, T>(pointer: *const T, length: usize) -> &'a [T] {
    // SAFETY: promised by the caller.
    if pointer.is_null() { &[] } else { unsafe { slice::from_raw_parts(pointer, length) } }
}

/// Runs the body of an exported function: no panic crosses, and an error fills the caller's record.
///
/// # Safety
/// `record` is null or writable for its length.
pub(super) unsafe fn run(record: &Buffer<u8>, body: impl FnOnce() -> Result<Status>) -> i32 {
    let error = match guard(body) {
        Ok(status) => return status as i32,
        Err(error) => error,
    };
    // SAFETY: promised by the caller.
    write_error(&error, unsafe { record.as_mut_slice() });
    error.code.status()
}

/// Writes an error record, with a shorter message if the buffer asks for it.
fn write_error(error: &Error, record: &mut [u8]) {
    let mut error = error.clone();
    loop {
        let text = serde_json::to_vec(&error).unwrap_or_default();
        if let Some(target) = record.get_mut(4..4 + text.len()) {
            target.copy_from_slice(&text);
            record[..4].copy_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
            return;
        }
        if error.cause.take().is_some() {
            continue;
        }
        if error.message.is_empty() {
            return record.iter_mut().take(4).for_each(|byte| *byte = 0);
        }
        let half = error.message.len() / 2;
        let cut = (0..=half).rev().find(|at| error.message.is_char_boundary(*at)).unwrap_or(0);
        error.message.truncate(cut);
    }
}

/// Writes `text` to the caller's buffer if it fits, and its length in any case.
///
/// # Safety
/// `out` is null or writable for its length; `length_out` is null or writable.
pub(super) unsafe fn write_text(text: &[u8], out: &Buffer<u8>, length_out: *mut u32) -> Status {
    // SAFETY: promised by the caller.
    let (target, length) = unsafe { (out.as_mut_slice(), length_out.as_mut()) };
    if let Some(length) = length {
        *length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    }
    match target.get_mut(..text.len()) {
        Some(target) => {
            target.copy_from_slice(text);
            Status::Done
        }
        None => Status::More,
    }
}

/// Writes a number.
///
/// # Safety
/// `out` is null or writable.
pub(super) unsafe fn write_out(out: *mut u32, value: u32) -> Result<Status> {
    // SAFETY: promised by the caller.
    match unsafe { out.as_mut() } {
        Some(out) => {
            *out = value;
            Ok(Status::Done)
        }
        None => Err(Error::new(Code::InvalidArgument, Stage::Boundary, "Cannot write the result: the output is null")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_error_is_shortened_to_the_record() {
        let error = Error::new(Code::Io, Stage::Storage, "ü".repeat(500)).with_cause("x".repeat(500));
        let mut record = [0; 200];
        write_error(&error, &mut record);
        let length = u32::from_le_bytes(record[..4].try_into().unwrap()) as usize;
        let text: serde_json::Value = serde_json::from_slice(&record[4..4 + length]).unwrap();
        assert_eq!(text["code"], "io");
        assert!(text["message"].as_str().unwrap().starts_with('ü'));
        write_error(&error, &mut [0; 3]);
    }

    #[test]
    fn a_panic_is_a_status() {
        let mut record = [0; 512];
        let buffer = Buffer::new(record.as_mut_ptr(), record.len());
        // SAFETY: the buffer is the array above.
        let status = unsafe { run(&buffer, || panic!("test")) };
        assert_eq!(status, Code::Internal.status());
        assert!(record.starts_with(&u32::from_le_bytes(record[..4].try_into().unwrap()).to_le_bytes()));
    }
}
