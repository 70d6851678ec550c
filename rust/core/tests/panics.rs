//! A defect anywhere below a recording fails that recording: its end is reported and every frame accounted for.

mod support;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use giftgrab_core::{
    codec::Codec,
    error::Code,
    pipeline::Session,
    record::options::{FileWriterOptions, OnResize},
    report::Event,
    source::options::Pacing,
    storage::{Created, FileId, Storage, Volume},
};
use support::{
    disk::SimDisk,
    recording::{clock_for, pattern, writer_options},
    watched::Watched,
};

/// A disk whose code panics in one call, counted from 0.
#[derive(Clone)]
struct Defective {
    disk: SimDisk,
    calls: Arc<AtomicUsize>,
    at: usize,
}

struct DefectiveFile {
    volume: Defective,
    file: Arc<dyn Storage>,
}

impl Defective {
    fn new(at: usize) -> Self {
        Self { disk: SimDisk::default(), calls: Arc::default(), at }
    }

    fn call(&self) {
        assert_ne!(self.calls.fetch_add(1, SeqCst), self.at, "the defect of this test");
    }

    fn file(&self, file: Arc<dyn Storage>) -> Arc<dyn Storage> {
        Arc::new(DefectiveFile { volume: self.clone(), file })
    }
}

impl Storage for DefectiveFile {
    fn id(&self) -> io::Result<FileId> {
        self.volume.call();
        self.file.id()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.volume.call();
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.volume.call();
        self.file.write_at(bytes, offset)
    }

    fn size(&self) -> io::Result<u64> {
        self.volume.call();
        self.file.size()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.volume.call();
        self.file.truncate(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.volume.call();
        self.file.sync_data()
    }
}

impl Volume for Defective {
    fn resolve(&self, path: &Path) -> PathBuf {
        self.call();
        self.disk.resolve(path)
    }

    fn id_at(&self, path: &Path) -> io::Result<Option<FileId>> {
        self.call();
        self.disk.id_at(path)
    }

    fn create(&self, path: &Path, overwrite: bool) -> io::Result<Created> {
        self.call();
        let Created { storage, is_new } = self.disk.create(path, overwrite)?;
        Ok(Created { storage: self.file(storage), is_new })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn Storage>> {
        self.call();
        self.disk.open(path).map(|file| self.file(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call();
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call();
        self.disk.remove(path)
    }

    fn sync_folder_of(&self, path: &Path) -> io::Result<()> {
        self.call();
        self.disk.sync_folder_of(path)
    }

    fn free_bytes(&self, path: &Path) -> Option<u64> {
        self.call();
        self.disk.free_bytes(path)
    }
}

/// Records a second and a half, with a change of size on the way; returns the calls of the disk.
fn record(at: usize) -> usize {
    let volume = Defective::new(at);
    let clock = clock_for(Pacing::Realtime);
    let options = FileWriterOptions { on_resize: OnResize::Segment, ..writer_options(Codec::H264, "/a.mp4") };
    let mut writer = Watched::writer(options, Arc::new(volume.clone()), &clock).unwrap();
    let mut source = Watched::source(&pattern(90, Pacing::Realtime), &Session::new(clock));
    source.object.attach(writer.object.input(), 1).unwrap();
    source.object.start().unwrap();
    source.wait_until(|source| (source.object.stats().captured >= 45).then_some(()));
    source.object.set_crop(Some(giftgrab_core::pixels::planes::Rect { x: 0, y: 0, width: 64, height: 64 })).unwrap();
    source.wait_for(|event| matches!(event, Event::Ended));
    // It asserts that the ledger adds up.
    let (report, error) = writer.close();
    let is_warned = writer.events.iter().any(|(_, event)| matches!(event, Event::Warning { .. }));
    if error.is_none() {
        assert_eq!(report.stats.frames.written, report.stats.frames.captured, "call {at}");
        // A panic inside FFmpeg's reads and writes is an error of theirs, which some of them can do without.
        assert!(is_warned || (report.finalised && report.synced), "call {at}: {report:?}");
    }
    if let Some(error) = error {
        assert!(matches!(error.code, Code::Internal | Code::Io | Code::MuxFailed), "call {at}: {error:?}");
    }
    volume.calls.load(SeqCst)
}

#[test]
fn a_panic_in_any_call_of_the_disk_fails_only_that_recording_and_every_frame_is_in_a_bucket() {
    let calls = record(usize::MAX);
    // The first calls are those of the writer's caller.
    for at in 2..calls {
        record(at);
    }
}
