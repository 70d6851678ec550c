//! Options by name, whose leftovers can be read back.

use std::{
    ffi::{CString, c_int},
    ptr,
};

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

    /// The names and values of a text such as `a=1:b=2`, read by FFmpeg's own parser with its quotes and escapes; a name
    /// may come again. `None` if it cannot be read.
    #[must_use]
    pub fn parse(text: &str, divider: char) -> Option<Self> {
        let text = CString::new(text).ok()?;
        let divider = CString::new(divider.to_string()).ok()?;
        let mut dictionary = Self::new();
        let flags = ffi::AV_DICT_MULTIKEY as c_int;
        // SAFETY: makes a dictionary of copies, also where it fails half-way; it is owned from here on.
        let code = unsafe {
            ffi::av_dict_parse_string(&raw mut dictionary.0, text.as_ptr(), c"=".as_ptr(), divider.as_ptr(), flags)
        };
        (code >= 0).then_some(dictionary)
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
        self.entries().into_iter().map(|(name, _)| name).collect()
    }

    /// The names and values in the set.
    #[must_use]
    pub fn entries(&self) -> Vec<(String, String)> {
        let mut entries = Vec::new();
        let mut entry: *const ffi::AVDictionaryEntry = ptr::null();
        loop {
            // SAFETY: iterates a valid dictionary; the empty key with IGNORE_SUFFIX matches every entry.
            entry = unsafe { ffi::av_dict_get(self.0, c"".as_ptr(), entry, ffi::AV_DICT_IGNORE_SUFFIX) };
            if entry.is_null() {
                return entries;
            }
            // SAFETY: a found entry has a NUL-terminated key and value.
            entries.push(unsafe { (text((*entry).key), text((*entry).value)) });
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
