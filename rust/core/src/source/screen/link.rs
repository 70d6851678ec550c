//! The connection to an X server, on which every wait has a deadline and ends when the driver is called off.

use std::{
    io::{self, ErrorKind, IoSlice},
    mem::MaybeUninit,
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
};
use x11rb::{
    rust_connection::{DefaultStream, PollMode, Stream},
    utils::RawFdContainer,
};

use crate::sys::{monotonic_ns, waker::Waker};

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// The descriptor is ready, or closed by its other side.
    Ready,
    /// The driver was called off.
    Woken,
    /// The time is over.
    Over,
}

/// Waits for a descriptor, for the waker and for a time, whatever comes first.
pub(super) fn wait(socket: Option<(&dyn AsFd, PollFlags)>, waker: &Waker, deadline_ns: u64) -> io::Result<Waited> {
    loop {
        let left_ns = deadline_ns.saturating_sub(monotonic_ns());
        let timeout = Timespec {
            tv_sec: i64::try_from(left_ns / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (left_ns % 1_000_000_000) as _,
        };
        let event = PollFd::new(waker, PollFlags::IN);
        // Without a descriptor the waker takes its place.
        let (descriptor, flags) = socket.map_or((waker.as_fd(), PollFlags::empty()), |(fd, flags)| (fd.as_fd(), flags));
        let mut both = [PollFd::from_borrowed_fd(descriptor, flags), event];
        match poll(&mut both, Some(&timeout)) {
            Ok(0) if monotonic_ns() >= deadline_ns => return Ok(Waited::Over),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) if !both[0].revents().is_empty() => return Ok(Waited::Ready),
            Ok(_) => return Ok(Waited::Woken),
            Err(error) => return Err(error.into()),
        }
    }
}

/// A stream to an X server. A wait for the server that is called off or takes too long fails, which leaves the connection
/// useless.
#[derive(Debug)]
pub(super) struct Link {
    socket: DefaultStream,
    waker: Arc<Waker>,
    deadline_ns: AtomicU64,
}

impl Link {
    pub(super) fn new(socket: DefaultStream, waker: &Arc<Waker>, deadline_ns: u64) -> Self {
        Self { socket, waker: waker.clone(), deadline_ns: deadline_ns.into() }
    }

    /// The time for all waits from now on.
    pub(super) fn set_deadline(&self, deadline_ns: u64) {
        self.deadline_ns.store(deadline_ns, Relaxed);
    }

    /// Waits until the server has sent something.
    pub(super) fn wait(&self, deadline_ns: u64) -> io::Result<Waited> {
        wait(Some((&self.socket, PollFlags::IN)), &self.waker, deadline_ns)
    }
}

/// The error of a wait that was called off.
pub(super) fn is_woken(error: &io::Error) -> bool {
    error.kind() == ErrorKind::ConnectionAborted && error.raw_os_error().is_none()
}

impl Stream for Link {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, mode.readable());
        flags.set(PollFlags::OUT, mode.writable());
        match wait(Some((&self.socket, flags)), &self.waker, self.deadline_ns.load(Relaxed))? {
            Waited::Ready => Ok(()),
            Waited::Woken => Err(ErrorKind::ConnectionAborted.into()),
            Waited::Over => Err(ErrorKind::TimedOut.into()),
        }
    }

    fn read(&self, buffer: &mut [u8], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.socket.read(buffer, descriptors)
    }

    fn write(&self, buffer: &[u8], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buffer)], descriptors)
    }

    // Not the stream's own, by which a server that is gone would raise SIGPIPE.
    fn write_vectored(&self, buffers: &[IoSlice<'_>], descriptors: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        let borrowed: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
        let rights = SendAncillaryMessage::ScmRights(&borrowed);
        let mut space = vec![MaybeUninit::uninit(); if borrowed.is_empty() { 0 } else { rights.size() }];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !borrowed.is_empty() && !control.push(rights) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let sent = loop {
            match sendmsg(&self.socket, buffers, &mut control, SendFlags::NOSIGNAL) {
                Err(Errno::INTR) => {}
                sent => break sent?,
            }
        };
        descriptors.clear();
        Ok(sent)
    }
}
