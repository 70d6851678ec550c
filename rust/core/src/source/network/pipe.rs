//! Bytes of the network for FFmpeg, which asks for them when it likes.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Instant,
};

use parking_lot::Mutex;
use tokio::runtime::Runtime;

use super::{
    http::Body,
    udp::Receiver,
    wait::{Interrupt, Shared},
};

/// What bytes come from.
pub(super) enum From {
    Body(Body),
    Receiver(Receiver),
}

/// Bytes of the network for FFmpeg.
pub(super) struct Pipe {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    from: From,
    interrupt: Arc<Interrupt>,
    pub(super) until: Arc<Mutex<Instant>>,
    bytes: Vec<u8>,
    at: usize,
    lost: Arc<AtomicU64>,
}

impl Pipe {
    pub(super) fn new(from: From, runtime: Runtime, interrupt: &Shared, bytes: Vec<u8>, lost: &Arc<AtomicU64>) -> Self {
        let until = Arc::new(Mutex::new(Instant::now()));
        Self { runtime: Some(runtime), from, interrupt: interrupt.clone(), until, bytes, at: 0, lost: lost.clone() }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(runtime) = &self.runtime else { return Ok(0) };
        while self.at >= self.bytes.len() {
            self.bytes.clear();
            self.at = 0;
            let (bytes, until) = (&mut self.bytes, *self.until.lock());
            let read = match &mut self.from {
                From::Body(body) => self.interrupt.run(runtime, until, body.read(bytes)),
                From::Receiver(receiver) => self.interrupt.run(runtime, until, receiver.read(bytes)),
            };
            if let From::Receiver(receiver) = &self.from {
                self.lost.store(receiver.continuity.lost, SeqCst);
            }
            match read {
                None => return Err(io::Error::from(io::ErrorKind::TimedOut)),
                Some(Ok(false)) => return Ok(0),
                Some(result) => result.map(drop)?,
            }
        }
        let rest = &self.bytes[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
