//! The end of a file: whole fragments only, synced, with one index where that is wanted.

use std::sync::atomic::Ordering::SeqCst;

use super::{
    geometry::Shown,
    open_file::{OpenFile, storage_error},
    remux::{self, Recording},
    segment::{ClosedFile, Segment},
    state::FileState,
    sync::{LOW_BYTES, sync_name, sync_once},
};
use crate::base::error::{Error, Stage, guard};

/// Bytes that must stay free beside the indexed copy of a file.
const RESERVE: u64 = 1 << 20;

/// Removes a file without a frame. A file that existed before stays as it was, unless writing to it has begun; one that
/// somebody has put in its place stays.
pub(super) fn discard(state: &FileState, segment: &Segment, was_begun: bool) {
    if (segment.is_new || was_begun) && segment.is_at_its_path(state.volume.as_ref()) {
        let _ = state.volume.remove(&segment.path);
    }
    segment.forget();
}

impl OpenFile {
    /// Completes a file that has ended, or removes it if no frame is in it.
    pub(super) fn close(mut self) {
        if let Some(syncer) = self.syncer.take() {
            syncer.stop();
        }
        let state = self.state.clone();
        if self.segment.frames() == 0 {
            return discard(&state, &self.segment, true);
        }
        self.watch_length();
        if !self.is_finalised {
            // A torn tail would open as well, but not in every player.
            if !self.is_cut {
                let _ = self.storage.truncate(self.flushed_bytes);
            }
            self.segment.bytes.store(self.flushed_bytes, SeqCst);
            self.segment.end_slot.store(self.flushed_slot, SeqCst);
        }
        // After a sync that failed, the next one may succeed without the pages that were lost: it proves nothing.
        let is_named = sync_name(&state, &self.segment).map_err(|error| state.reporter.warn(error)).is_ok();
        let is_on_disk = !self.segment.sync_failed.load(SeqCst)
            && sync_once(&state, &self.segment, self.storage.as_ref())
                .map_err(|error| state.fail(storage_error(&self.segment, &error)))
                .is_ok();
        let exists = self.segment.is_at_its_path(state.volume.as_ref());
        if !exists {
            state.reporter.warn(self.segment.moved());
        }
        let mut is_synced = is_on_disk && is_named && exists && !self.is_cut;
        self.is_finalised &= !self.is_cut;
        self.warn_of_geometry();
        if state.container.is_fragmented() {
            self.is_finalised &= state.options.finalise && is_on_disk && exists;
            if self.is_finalised {
                is_synced &= self.index();
            }
        }
        let _ = self.segment.outcome.set(ClosedFile {
            shape: self.shape,
            encoder: self.encoder,
            started_at: std::mem::take(&mut self.started_at),
            exists,
            finalised: self.is_finalised,
            synced: is_synced,
        });
    }

    /// Gives the file one index; whether everything is still synced.
    fn index(&mut self) -> bool {
        let state = self.state.clone();
        // The copy must not take the room of a recording that goes on.
        let reserve = if state.segments.has_after(&self.segment) { LOW_BYTES } else { RESERVE };
        let recording = Recording {
            storage: &self.storage,
            segment: &self.segment,
            container: state.container,
            time_base: self.time_base,
            frame_rate: self.frame_rate,
            geometry: self.shape.tags.geometry,
            stereo: self.stereo,
            reserve,
            metadata: &self.metadata,
        };
        let progress = |copied| self.segment.indexed_bytes.store(copied, SeqCst);
        let indexed =
            guard(Stage::Mux, "index the recording", || remux::index(state.volume.as_ref(), &recording, progress));
        match indexed {
            Ok(indexed) => {
                self.segment.bytes.store(indexed.bytes, SeqCst);
                if let Some(error) = indexed.unsynced {
                    state.reporter.warn(error);
                    return false;
                }
            }
            // The recording stays as it was made: fragmented, whole and on the disk.
            Err(error) => self.warn_fragmented(error),
        }
        true
    }

    /// Reports what the container or the codec does not say of how the pictures are to be shown.
    fn warn_of_geometry(&self) {
        let OpenFile { codec, shape, .. } = *self;
        let shown = Shown { name: &self.segment.name, codec, container: self.state.container, shape };
        match guard(Stage::Mux, "read the recording back", || shown.lost(&self.storage)) {
            Ok(warnings) => warnings.into_iter().for_each(|warning| self.state.reporter.warn(warning)),
            Err(error) => self.state.reporter.warn(error),
        }
    }

    fn warn_fragmented(&mut self, error: Error) {
        self.is_finalised = false;
        self.state.reporter.warn(error);
    }
}
