//! The files of a recording: mostly one, or a sequence of numbered ones.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
    },
};

use parking_lot::Mutex;

use crate::{
    av::VideoInfo,
    base::{
        error::{Code, Error, Stage},
        time::Rational,
    },
    pipeline::report::{DurableStats, SegmentReport},
    storage::{FileId, Volume},
};

/// Frames that have been handed to the operating system and not been synced.
#[derive(Debug, Default)]
pub(in crate::record) struct Unsynced {
    /// Frames in the file so far, synced ones too.
    pub(in crate::record) frames: u64,
    /// Time at which each unsynced packet left the encoder.
    pub(in crate::record) encoded_ns: Vec<u64>,
}

/// The final state of a file.
#[derive(Debug)]
pub(in crate::record) struct ClosedFile {
    pub(in crate::record) shape: VideoInfo,
    pub(in crate::record) encoder: &'static str,
    pub(in crate::record) started_at: String,
    /// Whether it stands at its path.
    pub(in crate::record) exists: bool,
    pub(in crate::record) finalised: bool,
    pub(in crate::record) synced: bool,
}

/// One file: its place on the disk and on the recording's time line, and its stats.
#[derive(Debug, Default)]
pub(in crate::record) struct Segment {
    /// Its path in messages and reports.
    pub(in crate::record) name: String,
    /// Its absolute path: the working folder may change.
    pub(in crate::record) path: PathBuf,
    /// The identity of the file that was opened there.
    pub(in crate::record) id: Option<FileId>,
    /// Whether the file was made for the recording; `false` if it existed before.
    pub(in crate::record) is_new: bool,
    /// Whether the name is on the disk.
    pub(in crate::record) is_named: AtomicBool,
    /// Slot of its first frame on the time line of the recording.
    pub(in crate::record) start: i64,
    pub(in crate::record) bytes: AtomicU64,
    /// Bytes copied while the file is indexed.
    pub(in crate::record) indexed_bytes: AtomicU64,
    /// Slot after the last packet written, from the first frame of the file.
    pub(in crate::record) end_slot: AtomicI64,
    /// Frames in the file since the last sync.
    pub(in crate::record) unsynced: Mutex<Unsynced>,
    pub(in crate::record) durable: Mutex<DurableStats>,
    /// Whether a sync failed: some of the file may not be on the disk.
    pub(in crate::record) sync_failed: AtomicBool,
    /// Set at its end, unless the file was removed.
    pub(in crate::record) outcome: OnceLock<ClosedFile>,
}

impl Segment {
    /// Frames in the file so far.
    pub(in crate::record) fn frames(&self) -> u64 {
        self.unsynced.lock().frames
    }

    /// Whether its own file stands at its path: it may have been moved, replaced or removed meanwhile.
    pub(in crate::record) fn is_at_its_path(&self, volume: &dyn Volume) -> bool {
        self.id.is_none_or(|id| volume.id_at(&self.path).is_ok_and(|found| found == Some(id)))
    }

    /// Its file is not where it was made.
    pub(in crate::record) fn moved(&self) -> Error {
        let message = format!(
            "Cannot find the recording at {:?}: its file was moved, replaced or removed meanwhile; every frame is in the \
             file that had this name",
            self.name
        );
        Error::new(Code::NotFound, Stage::Storage, message)
    }

    /// Resets the stats of a file that was removed.
    pub(in crate::record) fn forget(&self) {
        self.bytes.store(0, SeqCst);
        self.end_slot.store(0, SeqCst);
        *self.unsynced.lock() = Unsynced::default();
        *self.durable.lock() = DurableStats::default();
    }

    fn report(&self, time_base: Rational) -> Option<SegmentReport> {
        let outcome = self.outcome.get()?;
        Some(SegmentReport {
            path: self.name.clone(),
            width: outcome.shape.width,
            height: outcome.shape.height,
            frames: self.frames(),
            bytes: self.bytes.load(SeqCst),
            duration_seconds: self.end_slot.load(SeqCst) as f64 * time_base.as_f64(),
            start_seconds: self.start as f64 * time_base.as_f64(),
            finalised: outcome.finalised,
            synced: outcome.synced,
        })
    }
}

/// Stats of all files together.
#[derive(Debug, Default)]
pub(in crate::record) struct Totals {
    pub(in crate::record) bytes: u64,
    pub(in crate::record) indexed_bytes: u64,
    pub(in crate::record) seconds: f64,
    pub(in crate::record) durable: DurableStats,
}

/// The files of one recording, in their order.
#[derive(Debug, Default)]
pub(in crate::record) struct Segments {
    list: Mutex<Vec<Arc<Segment>>>,
    /// Seconds per slot, once the recording has begun.
    pub(in crate::record) time_base: OnceLock<Rational>,
}

impl Segments {
    pub(in crate::record) fn add(&self, segment: Arc<Segment>) {
        self.list.lock().push(segment);
    }

    /// Whether the recording has gone on in another file.
    pub(in crate::record) fn has_after(&self, segment: &Segment) -> bool {
        let list = self.list.lock();
        list.last().is_some_and(|last| last.start > segment.start)
    }

    pub(in crate::record) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        let mut slots = 0;
        for segment in self.list.lock().iter() {
            let durable = *segment.durable.lock();
            totals.bytes += segment.bytes.load(SeqCst);
            totals.indexed_bytes += segment.indexed_bytes.load(SeqCst);
            slots += segment.end_slot.load(SeqCst);
            totals.durable.frames += durable.frames;
            totals.durable.bytes += durable.bytes;
            totals.durable.syncs += durable.syncs;
        }
        totals.seconds = slots as f64 * self.time_base().as_f64();
        totals
    }

    /// The files that have ended and were kept.
    pub(in crate::record) fn left(&self) -> Vec<Arc<Segment>> {
        let list = self.list.lock();
        list.iter().filter(|segment| segment.outcome.get().is_some()).cloned().collect()
    }

    /// The reports on the files that have ended and were kept.
    pub(in crate::record) fn reports(&self) -> Vec<SegmentReport> {
        self.left().iter().filter_map(|segment| segment.report(self.time_base())).collect()
    }

    /// Seconds per slot; of a recording without a frame nothing is as long as a slot.
    fn time_base(&self) -> Rational {
        self.time_base.get().copied().unwrap_or(Rational::new(0, 1))
    }
}
