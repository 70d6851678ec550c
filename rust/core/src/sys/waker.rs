//! Ends a thread's wait for descriptors.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    event::{EventfdFlags, eventfd},
    io::{Result, read, write},
};

/// A descriptor that is ready from a call of [`Self::wake`] until [`Self::reset`].
#[derive(Debug)]
pub(crate) struct Waker(OwnedFd);

impl Waker {
    pub(crate) fn new() -> Result<Self> {
        eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map(Self)
    }

    /// Makes it ready.
    pub(crate) fn wake(&self) {
        // Refused only while it counts more calls than it can, so that it is ready anyway.
        let _ = write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Makes it not ready.
    pub(crate) fn reset(&self) {
        // Refused if it was not.
        let _ = read(&self.0, &mut [0_u8; 8]);
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
