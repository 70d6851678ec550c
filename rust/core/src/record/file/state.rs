//! The state that the threads of one file output share.

use std::sync::Arc;

use parking_lot::Mutex;

use super::segment::Segments;
use crate::{
    base::error::Error,
    codec::Container,
    pipeline::{Clock, Signal, latency::Recorder},
    record::{options::FileWriterOptions, packets::OutputState, reporter::Reporter},
    storage::Volume,
};

/// Files that may be open at once: that of the recording, and others that are being closed.
const OPEN_FILES: usize = 4;

/// The state of one file output.
pub(in crate::record) struct FileState {
    pub(in crate::record) clock: Arc<dyn Clock>,
    pub(super) volume: Arc<dyn Volume>,
    pub(super) options: FileWriterOptions,
    pub(super) container: Container,
    pub(in crate::record) reporter: Arc<Reporter>,
    pub(in crate::record) packets: Arc<OutputState>,
    pub(in crate::record) segments: Segments,
    pub(in crate::record) packet_to_durable: Recorder,
    open_files: Mutex<usize>,
    /// Raised when another file may be opened.
    signal: Arc<Signal>,
}

/// Allows one file to be open.
pub(super) struct OpenPermit(Arc<FileState>);

impl FileState {
    /// The state of an output whose thread waits on `signal`.
    pub(in crate::record) fn new(
        options: FileWriterOptions,
        container: Container,
        volume: Arc<dyn Volume>,
        signal: Arc<Signal>,
        reporter: Arc<Reporter>,
        packets: Arc<OutputState>,
    ) -> Self {
        Self {
            clock: signal.clock().clone(),
            volume,
            options,
            container,
            reporter,
            packets,
            segments: Segments::default(),
            packet_to_durable: Recorder::new(),
            open_files: Mutex::new(0),
            signal,
        }
    }

    /// Fails the output: its packets are counted as failed from now on.
    pub(super) fn fail(&self, error: Error) {
        self.packets.mark_failed();
        self.reporter.fail(error);
    }

    /// Waits until another file may be open.
    pub(super) fn open_permit(self: &Arc<Self>) -> OpenPermit {
        loop {
            let seen = self.signal.seen();
            let mut open = self.open_files.lock();
            if *open < OPEN_FILES {
                *open += 1;
                return OpenPermit(self.clone());
            }
            drop(open);
            self.signal.wait(seen, None);
        }
    }
}

impl Drop for OpenPermit {
    fn drop(&mut self) {
        *self.0.open_files.lock() -= 1;
        self.0.signal.raise();
    }
}
