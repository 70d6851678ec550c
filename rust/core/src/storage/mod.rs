//! Files and folders. Every call of a recording to the disk goes through two small traits, so that faults and crashes
//! can be simulated.

mod disk;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use disk::Disk;

/// The identity of a file, the same for each of its names (`st_dev` and `st_ino` of stat(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    /// Its file system.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

/// A file that was opened for writing.
pub struct Created {
    /// The file.
    pub storage: Arc<dyn Storage>,
    /// Whether it was made; `false` if it existed before.
    pub is_new: bool,
}

/// One open file.
pub trait Storage: Send + Sync {
    /// Its identity.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn id(&self) -> io::Result<FileId>;

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
    /// The path to which symbolic links at the end of `path` lead, whether there is a file or not.
    fn resolve(&self, path: &Path) -> PathBuf;

    /// The identity of the file at `path`, of a symbolic link its own; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn id_at(&self, path: &Path) -> io::Result<Option<FileId>>;

    /// Makes a file for reading and writing; with `overwrite` an existing regular one is opened as it is. No symbolic
    /// link at `path` is followed.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` unless `overwrite`, `ResourceBusy` if the file is already open through a volume in this or another
    /// process; otherwise the operating system's.
    fn create(&self, path: &Path, overwrite: bool) -> io::Result<Created>;

    /// Opens a regular file for reading.
    ///
    /// # Errors
    ///
    /// The operating system's; `IsADirectory` or `InvalidInput` if it is not a regular file, `ResourceBusy` if it is open
    /// for writing through a volume.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Storage>>;

    /// Renames a file over another, whose permissions it takes.
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
