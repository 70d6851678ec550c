//! Options by name, whose leftovers can be read back.

use std::{ffi::CString, ptr};

use super::{
    AvError,
    error::check,
    ffi::{self, text},
};

/// An owned set of options or metadata.
#[derive(Debug)]
pub struct Dictionary(*mut ffi::AVDictionary);

// SAFETY: the pointer is owned and FFmpeg's dictionaries have no thread affinity.
unsafe impl Send for Dictionary {}

impl Dictionary {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(ptr::null_mut())
    }

    /// Sets `key` to `value`; a NUL character ends either.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), AvError> {
        let c = |text: &str| CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default();
        let (key, value) = (c(key), c(value));
        // SAFETY: `self.0` is a dictionary or null; both strings are copied.
        check(unsafe { ffi::av_dict_set(&raw mut self.0, key.as_ptr(), value.as_ptr(), 0) }).map(drop)
    }

    /// The names still in the set: after a call that takes options, those that FFmpeg did not know.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut entry: *const ffi::AVDictionaryEntry = ptr::null();
        loop {
            // SAFETY: iterates a valid dictionary; the empty key with IGNORE_SUFFIX matches every entry.
            entry = unsafe { ffi::av_dict_get(self.0, c"".as_ptr(), entry, ffi::AV_DICT_IGNORE_SUFFIX) };
            if entry.is_null() {
                return names;
            }
            // SAFETY: a found entry has a NUL-terminated key.
            names.push(unsafe { text((*entry).key) });
        }
    }

    /// The address that FFmpeg's calls take, replacing the set by its leftovers.
    pub(super) fn as_mut_ptr(&mut self) -> *mut *mut ffi::AVDictionary {
        &raw mut self.0
    }

    /// Passes the dictionary to FFmpeg.
    pub(super) fn into_raw(self) -> *mut ffi::AVDictionary {
        let raw = self.0;
        std::mem::forget(self);
        raw
    }
}

impl Default for Dictionary {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Dictionary {
    fn drop(&mut self) {
        // SAFETY: owned; null is allowed.
        unsafe { ffi::av_dict_free(&raw mut self.0) };
    }
}
