//! Files and folders. Every call of a recording to the disk goes through two small traits, so that faults and crashes
//! can be simulated.

mod disk;

use std::{io, path::Path, sync::Arc};

pub use disk::Disk;

/// One open file.
pub trait Storage: Send + Sync {
    /// Reads at `offset`; fewer bytes than asked only at the end.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// The operating system's; some bytes may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Length in bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn size(&self) -> io::Result<u64>;

    /// Cuts or extends the file.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Returns once everything written is on the disk. A failure must never be retried and called good: the kernel
    /// drops the pages that it could not write.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn sync_data(&self) -> io::Result<()>;
}

/// The folder tree in which files are made.
pub trait Volume: Send + Sync {
    /// Makes a file for reading and writing; with `overwrite` an existing one is opened as it is.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` unless `overwrite`; otherwise the operating system's.
    fn create(&self, path: &Path, overwrite: bool) -> io::Result<Arc<dyn Storage>>;

    /// Opens a regular file for reading.
    ///
    /// # Errors
    ///
    /// The operating system's; `IsADirectory` or `InvalidInput` if it is not a regular file.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Storage>>;

    /// Renames a file over another.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Returns once the names in `path`'s folder are on the disk.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn sync_folder_of(&self, path: &Path) -> io::Result<()>;

    /// Bytes left for unprivileged users where `path` is; `None` if unknown.
    fn free_bytes(&self, path: &Path) -> Option<u64>;
}
