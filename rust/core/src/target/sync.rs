//! The sync thread: once a second everything written is made to reach the disk, which is also how a dying disk is heard.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, atomic::Ordering::SeqCst},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::shared::Shared;
use crate::{
    error::{Code, Error, Result, Stage},
    report::Event,
    storage::{Storage, Volume},
    sys::monotonic_ns,
};

/// Free bytes below which the disk is called nearly full, whatever the bit rate.
const LOW_BYTES: u64 = 64 << 20;
/// Seconds of recording that should still fit.
const LOW_SECONDS: u64 = 30;
/// Time between two warnings of a nearly full disk.
const LOW_INTERVAL: Duration = Duration::from_secs(60);

/// The sync thread of one writer.
pub(super) struct Syncer {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

struct Work {
    shared: Arc<Shared>,
    storage: Arc<dyn Storage>,
    volume: Arc<dyn Volume>,
    path: PathBuf,
    started: Instant,
    warned: Option<Instant>,
}

impl Syncer {
    pub(super) fn start(
        shared: Arc<Shared>,
        storage: Arc<dyn Storage>,
        volume: Arc<dyn Volume>,
        path: PathBuf,
        interval: Duration,
    ) -> Result<Self> {
        let (stop, stopped) = bounded(1);
        let mut work = Work { shared, storage, volume, path, started: Instant::now(), warned: None };
        let thread = std::thread::Builder::new()
            .name("gg-sync".to_owned())
            .spawn(move || {
                // The name of the file first: a synced file that no folder knows is lost.
                let mut outcome = work.volume.sync_folder_of(&work.path);
                loop {
                    if let Err(error) = outcome.and_then(|()| sync_once(&work.shared, work.storage.as_ref())) {
                        let path = work.path.to_string_lossy();
                        work.shared.sync_failed.store(true, SeqCst);
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
    pub(super) fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Syncs the file and notes what is safe from then on.
pub(super) fn sync_once(shared: &Shared, storage: &dyn Storage) -> io::Result<()> {
    let bytes = shared.bytes.load(SeqCst);
    let (frames, encoded) = {
        let mut unsynced = shared.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
        (unsynced.frames, std::mem::take(&mut unsynced.encoded_ns))
    };
    storage.sync_data()?;
    let now = monotonic_ns();
    for encoded_ns in encoded {
        shared.packet_to_durable.record(now.saturating_sub(encoded_ns));
    }
    let mut durable = shared.durable.lock().unwrap_or_else(PoisonError::into_inner);
    durable.frames = frames;
    durable.bytes = bytes;
    durable.syncs += 1;
    Ok(())
}

impl Work {
    fn watch_space(&mut self) {
        let Some(free_bytes) = self.volume.free_bytes(&self.path) else { return };
        let seconds = self.started.elapsed().as_secs().max(1);
        let needed = LOW_BYTES.max(self.shared.bytes.load(SeqCst) / seconds * LOW_SECONDS);
        if free_bytes < needed && self.warned.is_none_or(|at| at.elapsed() >= LOW_INTERVAL) {
            self.warned = Some(Instant::now());
            self.shared.events.push(Event::DiskLow { free_bytes });
        }
    }
}
