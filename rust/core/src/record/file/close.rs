//! The end of a file: whole fragments only, synced, with one index where that is wanted.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering::SeqCst,
};

use super::{
    mux::{OutputThread, State},
    remux::{self, Recording},
    segment::Outcome,
    sync::{LOW_BYTES, sync_once},
};
use crate::{
    base::error::{Code, Error, Stage},
    codec::Container,
    pipeline::report::Event,
};

/// Bytes that must stay free beside the indexed copy of a file.
const RESERVE: u64 = 1 << 20;

impl OutputThread {
    /// Brings the file into its last state, or removes it if no frame is in it.
    pub(in crate::record) fn settle(&mut self) {
        if let Some(syncer) = self.state.syncer.take() {
            syncer.stop();
        }
        let Some((shape, encoder)) = self.state.begun.filter(|_| self.segment.frames() > 0) else {
            // A file that was there before is left as it was, unless it was begun over.
            if !self.options.overwrite || self.state.begun.is_some() {
                let _ = self.volume.remove(&self.segment.path);
            }
            self.state = State::default();
            return self.segment.forget();
        };
        if !self.state.finalised {
            // A torn tail would open as well, but not in every player.
            let _ = self.storage.truncate(self.state.flushed_bytes);
            self.segment.bytes.store(self.state.flushed_bytes, SeqCst);
            self.segment.end_position.store(self.state.flushed_position, SeqCst);
        }
        // After a sync that failed, the next one may succeed without the pages that were lost: it proves nothing.
        self.state.synced = !self.segment.sync_failed.load(SeqCst)
            && sync_once(&self.shared, &self.segment, self.storage.as_ref())
                .and_then(|()| self.volume.sync_folder_of(&self.segment.path))
                .map_err(|error| self.shared.fail(self.storage_error(&error)))
                .is_ok();
        if matches!(self.container, Container::Mp4 | Container::Mov) {
            if self.options.finalise && self.state.finalised && self.state.synced {
                self.index();
            } else {
                self.state.finalised = false;
            }
        }
        let _ = self.segment.outcome.set(Outcome {
            shape,
            encoder,
            started_at: std::mem::take(&mut self.state.started_at),
            finalised: self.state.finalised,
            synced: self.state.synced,
        });
    }

    /// Gives the file one index.
    fn index(&mut self) {
        // What is recorded meanwhile must not run out of room for the sake of a copy.
        let reserve = if self.shared.segments.has_after(&self.segment) { LOW_BYTES } else { RESERVE };
        let recording = Recording {
            storage: &self.storage,
            path: &self.segment.path,
            container: self.container,
            frame_rate: self.options.frame_rate,
            stereo: self.state.stereo,
            reserve,
            end: self.segment.end_position.load(SeqCst),
            metadata: &self.state.metadata,
        };
        let progress = |copied| self.segment.indexed_bytes.store(copied, SeqCst);
        match catch_unwind(AssertUnwindSafe(|| remux::index(self.volume.as_ref(), &recording, progress))) {
            Ok(Ok(indexed)) => {
                self.segment.bytes.store(indexed.bytes, SeqCst);
                if let Some(error) = indexed.unsynced {
                    self.state.synced = false;
                    self.shared.events.push(Event::Warning { error });
                }
            }
            Ok(Err(error)) => self.warn_fragmented(error),
            Err(_) => self.warn_fragmented(Error::new(
                Code::Internal,
                Stage::Mux,
                "Cannot index the recording: a defect of this library was met; please report it",
            )),
        }
    }

    /// The recording stays as it was made: fragmented, whole and on the disk.
    fn warn_fragmented(&mut self, error: Error) {
        self.state.finalised = false;
        self.shared.events.push(Event::Warning { error });
    }
}
