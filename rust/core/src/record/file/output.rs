//! The thread of a file output: takes packets, and goes on in another file where a stream begins.

use std::{any::Any, sync::Arc};

use parking_lot::Mutex;

use super::{
    close::discard,
    names::{Names, NewFile},
    open_file::OpenFile,
    state::FileState,
};
use crate::{
    base::error::{Result, Stage, guard_thread},
    pipeline::{Signal, clock},
    record::packets::{CodedPacket, PacketReceiver, StreamStart},
};

/// The thread of one file output.
pub(in crate::record) struct FileThread {
    state: Arc<FileState>,
    packets: PacketReceiver,
    signal: Arc<Signal>,
    names: Names,
    /// The first file, made before there is a packet so that a wrong path is refused at once.
    first: Option<NewFile>,
    file: Option<OpenFile>,
    // Dropped last, by the last thread of this output.
    guard: Arc<dyn Any + Send + Sync>,
}

impl FileThread {
    /// Makes the first file. The thread waits on `signal` and is started by [`Self::spawn`]; `guard` is dropped when
    /// every file is closed.
    ///
    /// # Errors
    ///
    /// The cause, if the file cannot be made.
    pub(in crate::record) fn new(
        state: Arc<FileState>,
        packets: PacketReceiver,
        signal: Arc<Signal>,
        guard: Arc<dyn Any + Send + Sync>,
    ) -> Result<Self> {
        let mut names = Names::new(state.clone());
        let first = Some(names.create(0)?);
        Ok(Self { state, packets, signal, names, first, file: None, guard })
    }

    /// Starts the thread; if there can be none, the first file is removed.
    ///
    /// # Errors
    ///
    /// `ResourceExhausted` if the system has no further thread.
    pub(in crate::record) fn spawn(self) -> Result<()> {
        let (state, segment) = (self.state.clone(), self.first.as_ref().map(|file| file.segment.clone()));
        clock::spawn(&state.clock.clone(), "gg-mux", move || self.run()).inspect_err(|_| {
            segment.iter().for_each(|segment| discard(&state, segment, false));
        })
    }

    /// Runs until the encoder has ended and every packet is taken.
    fn run(mut self) {
        let action = format!("write {:?}", self.state.options.path);
        let worked = guard_thread(Stage::Mux, action, || self.work());
        if let Err(error) = worked {
            self.state.fail(error);
        }
    }

    fn work(&mut self) {
        loop {
            let seen = self.signal.seen();
            if let Some(coded) = self.packets.try_recv() {
                self.take(&coded);
            } else if self.packets.is_over() {
                break;
            } else {
                self.flush_or_wait(seen);
            }
        }
        let end = self.packets.state.end_slot();
        if let Some(mut file) = self.file.take() {
            file.end(end);
            file.close();
        } else if let Some(first) = self.first.take() {
            discard(&self.state, &first.segment, false);
        }
    }

    fn flush_or_wait(&mut self, seen: u64) {
        let flush_at_ns = self.file.as_ref().and_then(OpenFile::flush_at_ns);
        match &mut self.file {
            Some(file) if flush_at_ns.is_some_and(|at| at <= self.state.clock.now_ns()) => file.flush(),
            _ => self.signal.wait(seen, flush_at_ns),
        }
    }

    fn take(&mut self, coded: &CodedPacket) {
        if let Some(start) = &coded.start {
            if let Some(file) = self.file.take() {
                self.leave(file, start.cut.unwrap_or(start.slot));
            }
            if !self.state.packets.has_failed() {
                match self.begin(start, coded.captured_ns) {
                    Ok(file) => self.file = Some(file),
                    Err(error) => self.state.fail(error),
                }
            }
        }
        match &mut self.file {
            Some(file) => file.take(coded),
            None => self.state.packets.counters.failed(1),
        }
    }

    /// Begins the next file with a stream.
    fn begin(&mut self, start: &StreamStart, captured_ns: u64) -> Result<OpenFile> {
        let file = match self.first.take() {
            Some(file) => file,
            None => self.names.create(start.slot)?,
        };
        let segment = file.segment.clone();
        OpenFile::begin(&self.state, file, start, captured_ns).inspect_err(|_| discard(&self.state, &segment, true))
    }

    /// Ends a file before `slot` on a thread of its own, so that the next one does not wait for it.
    fn leave(&self, file: OpenFile, slot: i64) {
        let handed = Arc::new(Mutex::new(Some(file)));
        let (other, guard) = (handed.clone(), self.guard.clone());
        let spawned = clock::spawn(&self.state.clock, "gg-close", move || {
            let _guard = guard;
            let file = other.lock().take();
            if let Some(file) = file {
                end(file, slot);
            }
        });
        // Without a further thread this one closes the file itself.
        if spawned.is_err()
            && let Some(file) = handed.lock().take()
        {
            end(file, slot);
        }
    }
}

/// Ends a file before `slot` and completes it; a panic fails its output.
fn end(mut file: OpenFile, slot: i64) {
    let state = file.state.clone();
    let action = format!("close {:?}", file.segment.name);
    let ended = guard_thread(Stage::Mux, action, || {
        file.end(Some(slot));
        file.close();
    });
    if let Err(error) = ended {
        state.fail(error);
    }
}
