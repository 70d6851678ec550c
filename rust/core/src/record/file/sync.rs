//! The sync thread: once a second everything written is made to reach the disk, which is also how a dying disk is heard.

use std::{
    io,
    sync::{Arc, atomic::Ordering::SeqCst},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::{super::state::Shared, segment::Segment};
use crate::{
    base::error::{Code, Error, Result, Stage},
    pipeline::report::Event,
    storage::{Storage, Volume},
    sys::monotonic_ns,
};

/// Free bytes below which the disk is called nearly full, whatever the bit rate.
pub(in crate::record) const LOW_BYTES: u64 = 64 << 20;
/// Seconds of recording that should still fit.
const LOW_SECONDS: u64 = 30;
/// Time between two warnings of a nearly full disk.
const LOW_INTERVAL: Duration = Duration::from_secs(60);

/// The sync thread of one writer.
pub(in crate::record) struct Syncer {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

struct Work {
    shared: Arc<Shared>,
    segment: Arc<Segment>,
    storage: Arc<dyn Storage>,
    volume: Arc<dyn Volume>,
    started: Instant,
    warned: Option<Instant>,
}

impl Syncer {
    pub(in crate::record) fn start(
        shared: Arc<Shared>,
        segment: Arc<Segment>,
        storage: Arc<dyn Storage>,
        volume: Arc<dyn Volume>,
        interval: Duration,
    ) -> Result<Self> {
        let (stop, stopped) = bounded(1);
        let mut work = Work { shared, segment, storage, volume, started: Instant::now(), warned: None };
        let thread = std::thread::Builder::new()
            .name("gg-sync".to_owned())
            .spawn(move || {
                // The name of the file first: a synced file that no folder knows is lost.
                let mut outcome = work.volume.sync_folder_of(&work.segment.path);
                loop {
                    if let Err(error) = outcome.and_then(|()| work.sync_once()) {
                        let path = work.segment.path.to_string_lossy();
                        work.segment.sync_failed.store(true, SeqCst);
                        return work.shared.fail(Error::from_io(Stage::Storage, "sync", &path, &error));
                    }
                    work.watch_space();
                    match stopped.recv_timeout(interval) {
                        Err(RecvTimeoutError::Timeout) => outcome = Ok(()),
                        _ => return,
                    }
                }
            })
            .map_err(|error| {
                Error::new(Code::ResourceExhausted, Stage::Storage, format!("Cannot start a thread: {error}"))
            })?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread after the sync that it may be in.
    pub(in crate::record) fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Syncs the file and notes what is safe from then on.
pub(in crate::record) fn sync_once(shared: &Shared, segment: &Segment, storage: &dyn Storage) -> io::Result<()> {
    let bytes = segment.bytes.load(SeqCst);
    let (frames, encoded) = {
        let mut unsynced = segment.unsynced.lock();
        (unsynced.frames, std::mem::take(&mut unsynced.encoded_ns))
    };
    storage.sync_data()?;
    let now = monotonic_ns();
    for encoded_ns in encoded {
        shared.packet_to_durable.record(now.saturating_sub(encoded_ns));
    }
    let mut durable = segment.durable.lock();
    durable.frames = frames;
    durable.bytes = bytes;
    durable.syncs += 1;
    Ok(())
}

impl Work {
    fn sync_once(&self) -> io::Result<()> {
        sync_once(&self.shared, &self.segment, self.storage.as_ref())
    }

    fn watch_space(&mut self) {
        let Some(free_bytes) = self.volume.free_bytes(&self.segment.path) else { return };
        let seconds = self.started.elapsed().as_secs().max(1);
        let needed = LOW_BYTES.max(self.segment.bytes.load(SeqCst) / seconds * LOW_SECONDS);
        if free_bytes < needed && self.warned.is_none_or(|at| at.elapsed() >= LOW_INTERVAL) {
            self.warned = Some(Instant::now());
            self.shared.events.push(Event::DiskLow { free_bytes });
        }
    }
}
