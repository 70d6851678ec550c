//! Tells when nodes of devices appear.

use std::{
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init},
    io::Result,
};

/// Watches a folder for nodes that appear, or may be opened from now on.
#[derive(Debug)]
pub(crate) struct DeviceWatch(OwnedFd);

impl DeviceWatch {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let watch = Self(init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
        // Rights are given some time after a node appears.
        add_watch(&watch.0, folder, WatchFlags::CREATE | WatchFlags::ATTRIB | WatchFlags::MOVED_TO)?;
        Ok(watch)
    }

    /// Whether anything whose name begins with `prefix` has appeared or changed since the last call.
    pub(crate) fn take(&self, prefix: &str) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut is_found = false;
        while let Ok(event) = reader.next() {
            is_found |= event.file_name().is_some_and(|name| name.to_bytes().starts_with(prefix.as_bytes()));
        }
        is_found
    }
}

impl AsFd for DeviceWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_appears_is_told_once_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let watch = DeviceWatch::new(folder.path()).unwrap();
        assert!(!watch.take("video"));
        std::fs::write(folder.path().join("tty7"), "").unwrap();
        assert!(!watch.take("video"));
        std::fs::write(folder.path().join("video3"), "").unwrap();
        assert!(watch.take("video") && !watch.take("video"));
    }
}
