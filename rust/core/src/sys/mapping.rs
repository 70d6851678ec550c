//! Memory of a device, shared with its driver.

use std::{os::fd::BorrowedFd, ptr::null_mut};

use rustix::{
    io::Result,
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

/// Memory of a device, for reading. Its bytes may change at any time, so they are only ever copied out.
#[derive(Debug)]
pub(crate) struct Mapping {
    begin: *const u8,
    size: usize,
}

// SAFETY: the mapping belongs to the process, and has no tie to a thread.
unsafe impl Send for Mapping {}
// SAFETY: it is only read.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `size` bytes of what `fd` gives at `offset`.
    pub(crate) fn new(fd: BorrowedFd<'_>, offset: u64, size: usize) -> Result<Self> {
        // SAFETY: a new mapping, wherever the kernel chooses, touches no other memory.
        let begin = unsafe { mmap(null_mut(), size, ProtFlags::READ, MapFlags::SHARED, fd, offset) }?;
        Ok(Self { begin: begin.cast(), size })
    }

    /// Copies the bytes from `at` on; `false`, and nothing is copied, if there are not so many.
    #[must_use]
    pub(crate) fn read(&self, at: usize, into: &mut [u8]) -> bool {
        let is_inside = at.checked_add(into.len()).is_some_and(|end| end <= self.size);
        if is_inside {
            // SAFETY: inside the mapping; memory of a kernel mapping cannot overlap a Rust slice.
            unsafe { std::ptr::copy_nonoverlapping(self.begin.add(at), into.as_mut_ptr(), into.len()) };
        }
        is_inside
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: owned, and mapped with this size. The kernel refuses only where the mapping would be split and the
        // process has too many; the memory then stays.
        let _ = unsafe { munmap(self.begin.cast_mut().cast(), self.size) };
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::fd::AsFd};

    use super::*;

    #[test]
    fn nothing_outside_is_read() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mapping = Mapping::new(file.as_fd(), 0, 10).unwrap();
        let mut bytes = [0; 4];
        assert!(mapping.read(6, &mut bytes));
        assert_eq!(&bytes, b"6789");
        assert!(!mapping.read(7, &mut bytes) && !mapping.read(usize::MAX, &mut bytes));
        assert_eq!(&bytes, b"6789");
    }
}
