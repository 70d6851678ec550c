//! Memory that another process writes.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    ptr::{NonNull, null_mut},
};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create},
    io::Errno,
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

/// Memory with a descriptor, by which another process can map it too. Its length is sealed: nobody can cut it short, after
/// which reading it would end this process.
#[derive(Debug)]
pub struct SharedMemory {
    file: OwnedFd,
    begin: NonNull<u8>,
    length: usize,
}

// SAFETY: owned; it has no tie to a thread.
unsafe impl Send for SharedMemory {}

impl SharedMemory {
    /// So many zeroed bytes, at least one.
    ///
    /// # Errors
    ///
    /// The system has no memory or no descriptor left.
    pub fn new(length: usize) -> Result<Self, std::io::Error> {
        let length = length.max(1);
        let file = memfd_create("giftgrab", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, length as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, wherever the kernel chooses, touches no other memory.
        let begin = unsafe { mmap(null_mut(), length, access, MapFlags::SHARED, &file, 0) }?;
        let begin = NonNull::new(begin.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { file, begin, length })
    }

    /// Its bytes. The other process writes them only between a request of ours and its answer; one that writes at another
    /// time can spoil the samples that are read, and nothing else.
    #[must_use]
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: owned, mapped with this length, which is sealed, and borrowed mutably. Every value of a byte is valid.
        unsafe { std::slice::from_raw_parts_mut(self.begin.as_ptr(), self.length) }
    }

    /// Bytes.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }
}

impl AsFd for SharedMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: owned, and mapped with this size. If the kernel refuses, the memory stays.
        let _ = unsafe { munmap(self.begin.as_ptr().cast(), self.length) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_mapping_of_its_descriptor_shows_the_same_bytes_and_nobody_can_cut_it_short() {
        let mut memory = SharedMemory::new(10_000).unwrap();
        assert_eq!((memory.length(), memory.bytes().len()), (10_000, 10_000));
        assert_eq!(rustix::io::pwrite(&memory, b"abc", 9_997).unwrap(), 3);
        assert_eq!(&memory.bytes()[9_996..], b"\0abc");
        assert_eq!(ftruncate(&memory, 1), Err(Errno::PERM));
        assert_eq!(SharedMemory::new(0).unwrap().length(), 1);
    }
}
