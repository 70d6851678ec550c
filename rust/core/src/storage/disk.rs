//! The operating system's files.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{FlockOperation, OFlags, flock},
    io::Errno,
};

use super::{Created, FileId, Storage, Volume};

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

/// Symbolic links that are followed, as many as the kernel follows (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// An open file and its lock, which ends with it. Closing alone would not end the lock at once: a child that the program is
/// just starting has the file open, too, until it runs its own code.
struct LockedFile(File);

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Refused only where there are no locks.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Storage for LockedFile {
    fn id(&self) -> io::Result<FileId> {
        self.0.metadata().map(|metadata| id_of(&metadata))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match FileExt::read_at(&self.0, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn size(&self) -> io::Result<u64> {
        self.0.metadata().map(|metadata| metadata.len())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

impl Volume for Disk {
    fn resolve(&self, path: &Path) -> PathBuf {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let Ok(target) = fs::read_link(&path) else { break };
            path = folder_of(&path).join(target);
        }
        path
    }

    fn id_at(&self, path: &Path) -> io::Result<Option<FileId>> {
        match fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some(id_of(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&self, path: &Path, overwrite: bool) -> io::Result<Created> {
        let open = |options: &mut OpenOptions| {
            options.read(true).write(true).custom_flags(flags(OFlags::NONBLOCK | OFlags::NOFOLLOW)).open(path)
        };
        let (file, is_new) = match open(OpenOptions::new().create_new(true)) {
            Err(error) if overwrite && error.kind() == io::ErrorKind::AlreadyExists => {
                // Before it is opened, which by itself does something to a device.
                check_regular(&fs::symlink_metadata(path)?)?;
                (open(&mut OpenOptions::new())?, false)
            }
            outcome => (outcome?, true),
        };
        let storage = Arc::new(lock(file, FlockOperation::NonBlockingLockExclusive)?);
        Ok(Created { storage, is_new })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn Storage>> {
        // Without O_NONBLOCK opening a FIFO would wait for its other end.
        let file = OpenOptions::new().read(true).custom_flags(flags(OFlags::NONBLOCK)).open(path)?;
        check_regular(&file.metadata()?)?;
        Ok(Arc::new(lock(file, FlockOperation::NonBlockingLockShared)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if let Ok(metadata) = fs::metadata(to) {
            // A file system without permissions refuses; the recording itself is worth more than they are.
            let _ = fs::set_permissions(from, metadata.permissions());
        }
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder_of(&self, path: &Path) -> io::Result<()> {
        File::open(folder_of(path))?.sync_all()
    }

    fn free_bytes(&self, path: &Path) -> Option<u64> {
        let stat = rustix::fs::statvfs(folder_of(path)).ok()?;
        stat.f_bavail.checked_mul(stat.f_frsize)
    }
}

fn flags(flags: OFlags) -> i32 {
    i32::try_from(flags.bits()).unwrap_or(0)
}

fn id_of(metadata: &fs::Metadata) -> FileId {
    FileId { device: metadata.dev(), inode: metadata.ino() }
}

/// Locks a file until it is closed, by whatever name it was opened: one writer, or any number of readers.
fn lock(file: File, how: FlockOperation) -> io::Result<LockedFile> {
    match flock(&file, how) {
        Err(Errno::WOULDBLOCK) => Err(io::ErrorKind::ResourceBusy.into()),
        // Some network file systems have no locks.
        _ => Ok(LockedFile(file)),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn check_regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn kind<T>(outcome: io::Result<T>) -> Option<io::ErrorKind> {
        outcome.err().map(|error| error.kind())
    }

    #[test]
    fn a_file_has_one_writer_or_readers_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, hard] = ["a", "link", "hard"].map(|name| folder.path().join(name));
        fs::write(&file, "precious").unwrap();
        symlink(&file, &link).unwrap();
        fs::hard_link(&file, &hard).unwrap();
        let readers = [&file, &link, &hard].map(|path| Disk.open(path).unwrap());
        for path in [&file, &hard] {
            assert_eq!(kind(Disk.create(path, true)), Some(io::ErrorKind::ResourceBusy));
        }
        drop(readers);
        let writer = Disk.create(&hard, true).unwrap();
        assert!(!writer.is_new);
        for path in [&file, &hard] {
            assert_eq!(kind(Disk.create(path, true)), Some(io::ErrorKind::ResourceBusy));
            assert_eq!(kind(Disk.open(path)), Some(io::ErrorKind::ResourceBusy));
        }
        drop(writer);
        assert!(Disk.create(&file, true).is_ok());
        assert_eq!(fs::read(&file).unwrap(), b"precious");
    }

    #[test]
    fn a_file_is_free_as_soon_as_it_is_closed_though_a_child_that_just_starts_has_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let Created { storage, .. } = Disk.create(&path, false).unwrap();
        let id = storage.id().unwrap();
        // Like a child before it runs its own code: another descriptor of the same open file.
        let other = fs::read_dir("/proc/self/fd").unwrap().find_map(|entry| {
            let number = entry.ok()?.file_name().to_str()?.parse::<i32>().ok()?;
            let metadata = fs::metadata(format!("/proc/self/fd/{number}")).ok()?;
            (id_of(&metadata) == id).then_some(number)
        });
        let pid = rustix::process::getpid();
        let handle = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
        let flags = rustix::process::PidfdGetfdFlags::empty();
        let copy = rustix::process::pidfd_getfd(handle, other.unwrap(), flags).unwrap();
        assert!(Disk.open(&path).is_err());
        drop(storage);
        assert!(Disk.create(&path, true).is_ok());
        drop(copy);
    }

    #[test]
    fn no_link_is_followed_and_a_dangling_one_is_resolved() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, other] = ["a", "link", "other"].map(|name| folder.path().join(name));
        symlink("other", &link).unwrap();
        symlink("link", &other).unwrap();
        assert!(Disk.create(&link, true).is_err());
        // A circle ends somewhere.
        assert!(Disk.create(&Disk.resolve(&link), true).is_err());
        fs::remove_file(&other).unwrap();
        assert_eq!(Disk.resolve(&link), other);
        assert!(Disk.create(&other, true).unwrap().is_new);
        assert_eq!(Disk.resolve(&file), file);
        assert_ne!(Disk.id_at(&link).unwrap(), Disk.id_at(&other).unwrap());
        assert_eq!(Disk.id_at(&file).unwrap(), None);
    }

    #[test]
    fn a_file_that_replaces_another_takes_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
        for path in [&old, &new] {
            Disk.create(path, false).unwrap();
        }
        fs::set_permissions(&old, fs::Permissions::from_mode(0o600)).unwrap();
        Disk.rename(&new, &old).unwrap();
        assert_eq!(fs::metadata(&old).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
