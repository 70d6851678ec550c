//! The sync thread of a file: at an interval it makes everything written reach the disk, and so notices a dying disk.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use super::{segment::Segment, state::FileState};
use crate::{
    base::error::{Error, Result, Stage, guard_thread},
    pipeline::{
        Signal,
        clock::{self, SECOND_NS},
        report::Event,
    },
    storage::Storage,
};

/// Free bytes below which the disk is reported as nearly full, at any bit rate.
pub(super) const LOW_BYTES: u64 = 64 << 20;
/// Seconds of recording that should still fit.
const LOW_SECONDS: u64 = 30;
/// Time between two warnings of a nearly full disk.
const LOW_INTERVAL_NS: u64 = 60 * SECOND_NS;

/// The owner's side of a sync thread.
pub(super) struct Syncer {
    control: Arc<SyncControl>,
    /// Raised when the thread has ended.
    ended: Arc<Signal>,
}

struct SyncControl {
    is_stopped: AtomicBool,
    has_ended: AtomicBool,
    signal: Arc<Signal>,
}

struct SyncThread {
    state: Arc<FileState>,
    segment: Arc<Segment>,
    storage: Arc<dyn Storage>,
    control: Arc<SyncControl>,
    started_ns: u64,
    warned_ns: Option<u64>,
    has_warned_of_name: bool,
}

/// Notes the end of the thread, however the thread ends.
struct Ended(Arc<SyncControl>, Arc<Signal>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.has_ended.store(true, SeqCst);
        self.1.raise();
    }
}

impl Syncer {
    /// Starts syncing a file.
    pub(super) fn start(state: &Arc<FileState>, segment: &Arc<Segment>, storage: &Arc<dyn Storage>) -> Result<Self> {
        let control = Arc::new(SyncControl {
            is_stopped: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            signal: Signal::new(&state.clock),
        });
        let ended = Signal::new(&state.clock);
        let thread = SyncThread {
            state: state.clone(),
            segment: segment.clone(),
            storage: storage.clone(),
            control: control.clone(),
            started_ns: state.clock.now_ns(),
            warned_ns: None,
            has_warned_of_name: false,
        };
        let end = Ended(control.clone(), ended.clone());
        clock::spawn(&state.clock, "gg-sync", move || {
            // The last to be dropped: the end of the thread is that of its hold on the file.
            let _end = end;
            let mut thread = thread;
            let action = format!("sync {:?}", thread.segment.name);
            let synced = guard_thread(Stage::Storage, action, || thread.run());
            if let Err(error) = synced {
                thread.segment.sync_failed.store(true, SeqCst);
                thread.state.fail(error);
            }
        })?;
        Ok(Self { control, ended })
    }

    /// Ends the thread, after a sync that is going on.
    pub(super) fn stop(self) {
        self.control.stop();
        loop {
            let seen = self.ended.seen();
            if self.control.has_ended.load(SeqCst) {
                return;
            }
            self.ended.wait(seen, None);
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.control.stop();
    }
}

impl SyncControl {
    fn stop(&self) {
        self.is_stopped.store(true, SeqCst);
        self.signal.raise();
    }
}

/// Syncs the name of the file, once: a synced file that no folder knows is lost.
pub(super) fn sync_name(state: &FileState, segment: &Segment) -> Result<()> {
    if segment.is_named.load(SeqCst) {
        return Ok(());
    }
    let synced = state.volume.sync_folder_of(&segment.path);
    segment.is_named.store(synced.is_ok(), SeqCst);
    synced.map_err(|error| {
        let error = Error::from_io(Stage::Storage, "sync the folder of", &segment.path.to_string_lossy(), &error);
        let message = format!("{}; the recording goes on, but a power cut may cost its name", error.message);
        Error { message, ..error }
    })
}

/// Syncs the file, and notes how much of it is safe.
pub(super) fn sync_once(state: &FileState, segment: &Segment, storage: &dyn Storage) -> io::Result<()> {
    let bytes = segment.bytes.load(SeqCst);
    let (frames, encoded) = {
        let mut unsynced = segment.unsynced.lock();
        (unsynced.frames, std::mem::take(&mut unsynced.encoded_ns))
    };
    storage.sync_data()?;
    if !segment.is_named.load(SeqCst) {
        return Ok(());
    }
    let now_ns = state.clock.now_ns();
    for encoded_ns in encoded {
        state.packet_to_durable.record(now_ns.saturating_sub(encoded_ns));
    }
    let mut durable = segment.durable.lock();
    durable.frames = frames;
    durable.bytes = bytes;
    durable.syncs += 1;
    Ok(())
}

impl SyncThread {
    fn run(&mut self) {
        let interval_ns = u64::from(self.state.options.sync_interval_ms) * 1_000_000;
        loop {
            self.sync_name();
            if let Err(error) = sync_once(&self.state, &self.segment, self.storage.as_ref()) {
                let path = self.segment.path.to_string_lossy();
                self.segment.sync_failed.store(true, SeqCst);
                return self.state.fail(Error::from_io(Stage::Storage, "sync", &path, &error));
            }
            self.watch_space();
            if self.is_stopped_within(interval_ns) {
                return;
            }
        }
    }

    /// Syncs the name, again and again until that succeeds; a failure is reported once.
    fn sync_name(&mut self) {
        if let Err(error) = sync_name(&self.state, &self.segment)
            && !std::mem::replace(&mut self.has_warned_of_name, true)
        {
            self.state.reporter.warn(error);
        }
    }

    /// Waits; whether the thread was stopped meanwhile.
    fn is_stopped_within(&self, interval_ns: u64) -> bool {
        let until_ns = self.state.clock.now_ns() + interval_ns;
        loop {
            let seen = self.control.signal.seen();
            if self.control.is_stopped.load(SeqCst) {
                return true;
            }
            if self.state.clock.now_ns() >= until_ns {
                return false;
            }
            self.control.signal.wait(seen, Some(until_ns));
        }
    }

    fn watch_space(&mut self) {
        let Some(free_bytes) = self.state.volume.free_bytes(&self.segment.path) else { return };
        let now_ns = self.state.clock.now_ns();
        let seconds = ((now_ns - self.started_ns) / SECOND_NS).max(1);
        let needed = LOW_BYTES.max(self.segment.bytes.load(SeqCst) / seconds * LOW_SECONDS);
        if free_bytes < needed && self.warned_ns.is_none_or(|at| now_ns - at >= LOW_INTERVAL_NS) {
            self.warned_ns = Some(now_ns);
            self.state.reporter.events.push(Event::DiskLow { free_bytes });
        }
    }
}
