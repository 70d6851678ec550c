//! libavformat's input and output over our own storage: no path and no protocol ever reaches it.

use std::{
    ffi::{c_int, c_void},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::{AvError, ffi};
use crate::storage::Storage;

/// Bytes that libavformat gathers before it asks the storage.
const BUFFER_SIZE: usize = 64 * 1024;
/// Bytes of a fragment that are gathered at most: more are written in pieces.
const MAX_FRAGMENT: usize = 4 << 20;
/// The same where the size of one write does not matter.
const MAX_PIECE: usize = 256 << 10;

/// Bytes of a box's length and type.
const HEAD: usize = 8;

struct AvioState {
    storage: Arc<dyn Storage>,
    position: u64,
    /// The last bytes written, up to `position`, that are not in the storage yet.
    gathered: Vec<u8>,
    /// Whether the gathered bytes begin with the head of a box of ISO/IEC 14496-12, which is then written last: until
    /// then, readers see nothing of the box, however much of it a killed process has left.
    head_last: bool,
    /// The operating system's number of the first error of a write: libavformat ignores some of the errors that it gets.
    failed: Option<i32>,
    /// The same of a read, which libavformat may take for the end of the file.
    read_failed: Option<i32>,
}

impl AvioState {
    /// Writes the gathered bytes to the storage.
    fn put(&mut self) -> io::Result<()> {
        if let Some(number) = self.failed {
            return Err(io::Error::from_raw_os_error(number));
        }
        if self.gathered.is_empty() {
            return Ok(());
        }
        let start = self.position - self.gathered.len() as u64;
        let outcome = match self.gathered.split_at_checked(HEAD) {
            Some((head, rest)) if self.head_last && !rest.is_empty() => {
                self.storage.write_at(rest, start + HEAD as u64).and_then(|()| self.storage.write_at(head, start))
            }
            _ => self.storage.write_at(&self.gathered, start),
        };
        self.gathered.clear();
        outcome.inspect_err(|error| self.failed = Some(error.raw_os_error().unwrap_or(EIO)))
    }
}

/// An AVIOContext over a storage, owned.
#[derive(Debug)]
pub(super) struct Avio {
    context: *mut ffi::AVIOContext,
    state: *mut AvioState,
}

// SAFETY: owned; the storage is `Send + Sync`.
unsafe impl Send for Avio {}

impl Avio {
    /// A context that reads, or writes, `storage` from its beginning.
    #[expect(clippy::missing_transmute_annotations, reason = "the callback's type differs between FFmpeg versions")]
    pub(super) fn new(storage: Arc<dyn Storage>, writes: bool) -> Result<Self, AvError> {
        // SAFETY: allocates, or returns null.
        let buffer = unsafe { ffi::av_malloc(BUFFER_SIZE) };
        if buffer.is_null() {
            return Err(AvError::no_memory());
        }
        let state = Box::into_raw(Box::new(AvioState {
            storage,
            position: 0,
            gathered: Vec::new(),
            head_last: false,
            failed: None,
            read_failed: None,
        }));
        // SAFETY: the buffer goes over to the context; `state` outlives it (freed in `drop` after it). The transmute only
        // adds or drops a `const`: the buffer is `uint8_t *` before FFmpeg 7 and `const uint8_t *` from it on.
        let context = unsafe {
            type Write = unsafe extern "C" fn(*mut c_void, *const u8, c_int) -> c_int;
            ffi::avio_alloc_context(
                buffer.cast(),
                BUFFER_SIZE as c_int,
                c_int::from(writes),
                state.cast(),
                (!writes).then_some(read),
                writes.then_some(std::mem::transmute::<Write, _>(write)),
                Some(seek),
            )
        };
        if context.is_null() {
            // SAFETY: neither was taken.
            unsafe {
                ffi::av_free(buffer);
                drop(Box::from_raw(state));
            }
            return Err(AvError::no_memory());
        }
        Ok(Self { context, state })
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::AVIOContext {
        self.context
    }

    /// The first error of a read so far.
    pub(super) fn read_failure(&self) -> Option<AvError> {
        // SAFETY: owned, and libavformat does not run.
        unsafe { (*self.state).read_failed }.map(|number| AvError::new(ffi::AVERROR(number)))
    }

    /// From now on each flush completes one or more boxes, which readers are to see whole or not at all.
    pub(super) fn put_heads_last(&mut self) {
        // SAFETY: owned, and libavformat does not run.
        unsafe { (*self.state).head_last = true };
    }

    /// Hands everything gathered to the storage.
    pub(super) fn flush(&mut self) -> Result<(), AvError> {
        // SAFETY: owned.
        let error = unsafe {
            ffi::avio_flush(self.context);
            (*self.context).error
        };
        super::error::check(error)?;
        // SAFETY: owned, and libavformat does not run.
        let state = unsafe { &mut *self.state };
        super::error::check(guard(|| state.put().map(|()| 0)) as c_int).map(drop)
    }
}

impl Drop for Avio {
    fn drop(&mut self) {
        // SAFETY: owned; the buffer may have been replaced by libavformat, so it is read from the context.
        unsafe {
            ffi::av_freep((&raw mut (*self.context).buffer).cast());
            ffi::avio_context_free(&raw mut self.context);
            drop(Box::from_raw(self.state));
        }
    }
}

/// Runs a callback's body; a panic must not cross C.
fn guard(body: impl FnOnce() -> io::Result<i64>) -> i64 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => i64::from(ffi::AVERROR(error.raw_os_error().unwrap_or(EIO))),
        Err(_) => i64::from(ffi::AVERROR(EIO)),
    }
}

/// EIO, the same number on every platform FFmpeg runs on.
const EIO: i32 = 5;

unsafe extern "C" fn read(opaque: *mut c_void, buffer: *mut u8, size: c_int) -> c_int {
    // SAFETY: `opaque` is the `AvioState` given at creation, used by one thread at a time.
    let state = unsafe { &mut *opaque.cast::<AvioState>() };
    // SAFETY: libavformat gives a writable buffer of that size.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer, usize::try_from(size).unwrap_or(0)) };
    let count = guard(|| {
        let count = state.storage.read_at(buffer, state.position)?;
        state.position += count as u64;
        Ok(count as i64)
    });
    if count < 0 {
        state.read_failed.get_or_insert(-count as i32);
    }
    if count == 0 { ffi::AVERROR_EOF } else { count as c_int }
}

unsafe extern "C" fn write(opaque: *mut c_void, buffer: *const u8, size: c_int) -> c_int {
    // SAFETY: as in `read`.
    let state = unsafe { &mut *opaque.cast::<AvioState>() };
    // SAFETY: libavformat gives a readable buffer of that size.
    let buffer = unsafe { std::slice::from_raw_parts(buffer, usize::try_from(size).unwrap_or(0)) };
    guard(|| {
        let most = if state.head_last { MAX_FRAGMENT } else { MAX_PIECE };
        if state.gathered.len() + buffer.len() > most {
            state.put()?;
        }
        state.gathered.extend_from_slice(buffer);
        state.position += buffer.len() as u64;
        Ok(buffer.len() as i64)
    }) as c_int
}

unsafe extern "C" fn seek(opaque: *mut c_void, offset: i64, whence: c_int) -> i64 {
    // SAFETY: as in `read`.
    let state = unsafe { &mut *opaque.cast::<AvioState>() };
    guard(|| {
        let invalid = || io::Error::from_raw_os_error(22);
        state.put()?;
        if whence & ffi::AVSEEK_SIZE as c_int != 0 {
            return i64::try_from(state.storage.size()?).map_err(|_| invalid());
        }
        let base = match whence & 3 {
            0 => 0,
            1 => i64::try_from(state.position).map_err(|_| invalid())?,
            _ => i64::try_from(state.storage.size()?).map_err(|_| invalid())?,
        };
        let target = base.checked_add(offset).filter(|target| *target >= 0).ok_or_else(invalid)?;
        state.position = target.unsigned_abs();
        Ok(target)
    })
}
