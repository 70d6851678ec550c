//! The files of a recording: mostly one, or a sequence of numbered ones.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
    },
};

use crate::{
    frame::Shape,
    report::{Durable, SegmentReport},
    time::Rational,
};

/// What has been handed to the operating system and not been synced.
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    /// Frames in the file so far, synced ones too.
    pub(super) frames: u64,
    /// When each unsynced packet left the encoder.
    pub(super) encoded_ns: Vec<u64>,
}

/// What has become of a file that was left.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) shape: Shape,
    pub(super) encoder: &'static str,
    pub(super) started_at: String,
    pub(super) finalised: bool,
    pub(super) synced: bool,
}

/// One file: where it is, on the disk and on the recording's time line, and its figures.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// Its path as it is told.
    pub(super) name: String,
    /// Its path whatever the working folder becomes.
    pub(super) path: PathBuf,
    /// Grid position of its first frame on the time line of the recording.
    pub(super) start: i64,
    pub(super) bytes: AtomicU64,
    /// Bytes copied while the file is indexed.
    pub(super) indexed_bytes: AtomicU64,
    /// Grid position after the last packet written, from the first frame of the file.
    pub(super) end_position: AtomicI64,
    /// What is in the file since the last sync.
    pub(super) unsynced: Mutex<Unsynced>,
    pub(super) durable: Mutex<Durable>,
    /// Whether a sync failed: what is in the file may not be on the disk.
    pub(super) sync_failed: AtomicBool,
    /// Set at its end, unless no file was left.
    pub(super) outcome: OnceLock<Outcome>,
}

impl Segment {
    /// Frames in the file so far.
    pub(super) fn frames(&self) -> u64 {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner).frames
    }

    /// Tells of no file: none was left.
    pub(super) fn forget(&self) {
        self.bytes.store(0, SeqCst);
        self.end_position.store(0, SeqCst);
        *self.unsynced.lock().unwrap_or_else(PoisonError::into_inner) = Unsynced::default();
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner) = Durable::default();
    }

    fn report(&self, rate: Rational) -> Option<SegmentReport> {
        let outcome = self.outcome.get()?;
        Some(SegmentReport {
            path: self.name.clone(),
            width: outcome.shape.width,
            height: outcome.shape.height,
            frames: self.frames(),
            bytes: self.bytes.load(SeqCst),
            duration_seconds: self.end_position.load(SeqCst) as f64 / rate.as_f64(),
            start_seconds: self.start as f64 / rate.as_f64(),
            finalised: outcome.finalised,
            synced: outcome.synced,
        })
    }
}

/// Figures of all files together.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) bytes: u64,
    pub(super) indexed_bytes: u64,
    /// Length in grid steps.
    pub(super) positions: i64,
    pub(super) durable: Durable,
}

/// The files of one recording, in their order.
#[derive(Debug, Default)]
pub(super) struct Segments(Mutex<Vec<Arc<Segment>>>);

impl Segments {
    pub(super) fn add(&self, segment: Arc<Segment>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(segment);
    }

    /// Whether the recording has gone on in another file.
    pub(super) fn has_after(&self, segment: &Segment) -> bool {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.last().is_some_and(|last| last.start > segment.start)
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for segment in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let durable = *segment.durable.lock().unwrap_or_else(PoisonError::into_inner);
            totals.bytes += segment.bytes.load(SeqCst);
            totals.indexed_bytes += segment.indexed_bytes.load(SeqCst);
            totals.positions += segment.end_position.load(SeqCst);
            totals.durable.frames += durable.frames;
            totals.durable.bytes += durable.bytes;
            totals.durable.syncs += durable.syncs;
        }
        totals
    }

    /// The files that were left.
    pub(super) fn left(&self) -> Vec<Arc<Segment>> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().filter(|segment| segment.outcome.get().is_some()).cloned().collect()
    }

    /// What has become of the files that were left.
    pub(super) fn reports(&self, rate: Rational) -> Vec<SegmentReport> {
        self.left().iter().filter_map(|segment| segment.report(rate)).collect()
    }
}
