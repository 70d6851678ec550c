//! Whatever other programs and the disk do to the files of a recording while it runs and while it is closed: nothing of
//! theirs is changed, nothing of ours is lost unless they destroyed it, and the report says what is there.

mod support;

use std::{
    fs, io,
    os::unix::fs::{FileExt, MetadataExt, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use giftgrab_core::{
    av::{Demuxer, DemuxerOptions, Packet},
    codec::Codec,
    pipeline::Session,
    record::{FileWriter, options::FileWriterOptions},
    report::{Event, RecordingReport},
    source::options::Pacing,
    storage::{Created, Disk, FileId, Storage, Volume},
};
use support::{
    Bytes, Random, decode, is_full_proof, prefix,
    recording::{clock_for, pattern, writer_options},
    watched::Watched,
};

const FRAMES: u64 = 90;
const PRECIOUS: &[u8] = b"precious";
const CASES: [(Codec, &str); 5] = [
    (Codec::H264, "a.mp4"),
    (Codec::H264, "a.mov"),
    (Codec::H264, "a.mkv"),
    (Codec::H264, "a.ts"),
    (Codec::Xvid, "a.avi"),
];

/// A call to the disk that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Create,
    Write,
    Sync,
    Rename,
    SyncFolder,
}

/// The calls of a kind fail with an error of the system, from the `after`-th on: once, or for good.
#[derive(Debug, Clone, Copy)]
struct Fault {
    call: Call,
    after: usize,
    error: i32,
    is_lasting: bool,
}

const EIO: i32 = 5;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// The disk of this machine, with a fault.
#[derive(Clone)]
struct FaultyDisk {
    fault: Option<Fault>,
    calls: Arc<Mutex<usize>>,
}

struct FaultyFile {
    file: Arc<dyn Storage>,
    disk: FaultyDisk,
}

impl FaultyDisk {
    fn check(&self, call: Call) -> io::Result<()> {
        let Some(fault) = self.fault.filter(|fault| fault.call == call) else { return Ok(()) };
        let mut calls = self.calls.lock().unwrap();
        let number = *calls;
        *calls += 1;
        let strikes = number == fault.after || (fault.is_lasting && number > fault.after);
        if strikes { Err(io::Error::from_raw_os_error(fault.error)) } else { Ok(()) }
    }

    fn has_struck(&self) -> bool {
        self.fault.is_some_and(|fault| *self.calls.lock().unwrap() > fault.after)
    }
}

impl Storage for FaultyFile {
    fn id(&self) -> io::Result<FileId> {
        self.file.id()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.check(Call::Write)?;
        self.file.write_at(bytes, offset)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.check(Call::Sync)
    }
}

impl Volume for FaultyDisk {
    fn resolve(&self, path: &Path) -> PathBuf {
        Disk.resolve(path)
    }

    fn id_at(&self, path: &Path) -> io::Result<Option<FileId>> {
        Disk.id_at(path)
    }

    fn create(&self, path: &Path, overwrite: bool) -> io::Result<Created> {
        self.check(Call::Create)?;
        let Created { storage, is_new } = Disk.create(path, overwrite)?;
        Ok(Created { storage: Arc::new(FaultyFile { file: storage, disk: self.clone() }), is_new })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn Storage>> {
        Disk.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(Call::Rename)?;
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn sync_folder_of(&self, _: &Path) -> io::Result<()> {
        self.check(Call::SyncFolder)
    }

    fn free_bytes(&self, path: &Path) -> Option<u64> {
        Disk.free_bytes(path)
    }
}

/// What stands at the path before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    File,
    Link,
    DanglingLink,
}

/// What another program does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meddling {
    Rename,
    Delete,
    Replace,
    ReplaceByLink,
    HardLink,
    SecondWriter,
    SecondWriterByHardLink,
    Damage,
    Cut,
    ForeignPart,
    ForeignPartLink,
    ForeignPartFolder,
}

const MEDDLINGS: [Meddling; 12] = [
    Meddling::Rename,
    Meddling::Delete,
    Meddling::Replace,
    Meddling::ReplaceByLink,
    Meddling::HardLink,
    Meddling::SecondWriter,
    Meddling::SecondWriterByHardLink,
    Meddling::Damage,
    Meddling::Cut,
    Meddling::ForeignPart,
    Meddling::ForeignPartLink,
    Meddling::ForeignPartFolder,
];

const FAULTS: [(Call, i32); 8] = [
    (Call::Create, EMFILE),
    (Call::Create, EROFS),
    (Call::Write, ENOSPC),
    (Call::Write, EIO),
    (Call::Sync, EIO),
    (Call::Rename, EACCES),
    (Call::SyncFolder, EMFILE),
    (Call::SyncFolder, EIO),
];

/// One situation.
#[derive(Debug)]
struct Situation {
    codec: Codec,
    name: &'static str,
    before: Before,
    overwrite: bool,
    finalise: bool,
    meddlings: Vec<(u64, Meddling)>,
    fault: Option<Fault>,
}

impl Situation {
    fn random(random: &mut Random) -> Self {
        let (codec, name) = CASES[random.below(CASES.len())];
        let before = [Before::Nothing, Before::Nothing, Before::File, Before::Link, Before::DanglingLink];
        let mut meddlings: Vec<_> = (0..random.below(3))
            .map(|_| (1 + random.below(FRAMES as usize - 1) as u64, MEDDLINGS[random.below(MEDDLINGS.len())]))
            .collect();
        meddlings.sort_by_key(|(at, _)| *at);
        let fault = (random.below(2) == 0).then(|| {
            let (call, error) = FAULTS[random.below(FAULTS.len())];
            let after = if call == Call::Write { random.below(60) } else { random.below(4) };
            Fault { call, after, error, is_lasting: random.below(2) == 0 }
        });
        Self {
            codec,
            name,
            before: before[random.below(before.len())],
            overwrite: random.below(2) == 0,
            finalise: random.below(4) > 0,
            meddlings,
            fault,
        }
    }
}

/// A folder in which a situation is played.
struct Stage {
    folder: tempfile::TempDir,
    path: PathBuf,
    /// Files of somebody else, by their paths.
    foreign: Vec<PathBuf>,
    /// Whether bytes of the recording were overwritten or cut off.
    is_damaged: bool,
    is_cut: bool,
    /// How often the recording was given another name.
    renamed: usize,
}

impl Stage {
    fn new(situation: &Situation) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(situation.name);
        let stage =
            Self { folder, path: path.clone(), foreign: Vec::new(), is_damaged: false, is_cut: false, renamed: 0 };
        match situation.before {
            Before::Nothing => {}
            Before::File => fs::write(&path, PRECIOUS).unwrap(),
            Before::Link => {
                fs::write(stage.at("target"), PRECIOUS).unwrap();
                symlink("target", &path).unwrap();
            }
            Before::DanglingLink => symlink("target", &path).unwrap(),
        }
        stage
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&mut self, path: PathBuf) {
        if fs::symlink_metadata(&path).is_ok() {
            return;
        }
        fs::write(&path, PRECIOUS).unwrap();
        self.foreign.push(path);
    }

    /// The path of the file to which the recording goes.
    fn recording(&self) -> PathBuf {
        Disk.resolve(&self.path)
    }

    fn part(&self) -> PathBuf {
        let mut name = self.recording().into_os_string();
        name.push(".part");
        name.into()
    }

    fn meddle(&mut self, what: Meddling, id: Option<FileId>, random: &mut Random) {
        let path = self.recording();
        let is_ours = id.is_some() && Disk.id_at(&path).ok().flatten() == id;
        match what {
            Meddling::Rename if is_ours => {
                self.renamed += 1;
                fs::rename(&path, self.at(&format!("moved{}", self.renamed))).unwrap();
            }
            Meddling::Delete if is_ours => fs::remove_file(&path).unwrap(),
            Meddling::Replace if is_ours => {
                fs::remove_file(&path).unwrap();
                self.put(path);
            }
            Meddling::ReplaceByLink if is_ours => {
                fs::remove_file(&path).unwrap();
                let other = self.at("other");
                self.put(other.clone());
                symlink(other, path).unwrap();
            }
            Meddling::HardLink if is_ours => {
                let _ = fs::hard_link(&path, self.at("hard"));
            }
            Meddling::SecondWriter | Meddling::SecondWriterByHardLink if is_ours => {
                let mut other = path.clone();
                if what == Meddling::SecondWriterByHardLink {
                    other = self.at("second.mkv");
                    let _ = fs::hard_link(&path, &other);
                }
                let options = FileWriterOptions {
                    overwrite: true,
                    ..writer_options(Codec::H264, &other.with_extension("mkv").to_string_lossy())
                };
                let clock = clock_for(Pacing::Realtime);
                if other.extension().is_some_and(|extension| extension == "mkv") {
                    assert!(Watched::<FileWriter>::writer(options, Arc::new(Disk), &clock).is_err());
                }
            }
            Meddling::Damage if is_ours => {
                let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
                let length = file.metadata().unwrap().len();
                if length > 200 {
                    file.write_all_at(&[0x55; 100], random.next() % (length - 100)).unwrap();
                    self.is_damaged = true;
                }
            }
            Meddling::Cut if is_ours => {
                let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
                let length = file.metadata().unwrap().len();
                if length > 200 {
                    file.set_len(length / 2).unwrap();
                    (self.is_damaged, self.is_cut) = (true, true);
                }
            }
            Meddling::ForeignPart => self.put(self.part()),
            Meddling::ForeignPartLink => {
                self.put(self.at("script"));
                let _ = symlink(self.at("script"), self.part());
            }
            Meddling::ForeignPartFolder => {
                let _ = fs::create_dir(self.part());
            }
            _ => {}
        }
    }

    /// The files of the folder that are neither somebody else's nor links.
    fn ours(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| fs::symlink_metadata(path).unwrap().is_file() && !self.foreign.contains(path)).collect()
    }
}

fn play(situation: &Situation, random: &mut Random) {
    let words = format!("{situation:?}");
    let mut stage = Stage::new(situation);
    let existed = matches!(situation.before, Before::File | Before::Link);
    let disk = FaultyDisk { fault: situation.fault, calls: Arc::default() };
    let clock = clock_for(Pacing::Realtime);
    let options = FileWriterOptions {
        overwrite: situation.overwrite,
        finalise: situation.finalise,
        ..writer_options(situation.codec, &stage.path.to_string_lossy())
    };
    let mut writer = match Watched::writer(options, Arc::new(disk.clone()), &clock) {
        Ok(writer) => writer,
        Err(error) => {
            let is_taken = situation.before != Before::Nothing && !situation.overwrite;
            assert!(is_taken || disk.has_struck(), "{words}: {error:?}");
            if existed {
                assert_eq!(fs::read(&stage.path).unwrap(), PRECIOUS, "{words}");
            }
            return;
        }
    };
    let id = Disk.id_at(&stage.recording()).unwrap();
    let mut source = Watched::source(&pattern(FRAMES, Pacing::Realtime), &Session::new(clock));
    source.object.attach(writer.object.input(), 1).unwrap();
    source.object.start().unwrap();
    for (at, what) in &situation.meddlings {
        source.wait_until(|source| (source.object.stats().captured >= *at).then_some(()));
        stage.meddle(*what, id, random);
    }
    source.wait_for(|event| matches!(event, Event::Ended));
    let (report, error) = writer.close();
    let warned = writer.events.iter().any(|(_, event)| matches!(event, Event::Warning { .. }));
    assert_outcome(&stage, &report, &format!("{words}: {error:?}, {report:?}"));
    // Bytes that are overwritten are only noticed where the file is read again, to be indexed.
    let is_noticed = stage.is_cut || (stage.is_damaged && situation.finalise && is_indexed(situation.name));
    if is_noticed && report.stats.frames.written > 0 && report.exists {
        assert!(!report.finalised || error.is_some() || !stage_is_short(&stage, &report), "{words}: {report:?}");
    }
    if error.is_none() && disk.has_struck() {
        assert!(warned || report.stats.frames.written == 0, "{words}: the fault was not reported");
    }
    if let Some(fault) = situation.fault.filter(|fault| fault.call == Call::Sync && disk.has_struck()) {
        assert!(error.is_some() && !report.synced, "{words}, {fault:?}: {report:?}");
    }
}

fn is_indexed(name: &str) -> bool {
    name.ends_with(".mp4") || name.ends_with(".mov")
}

/// Whether the file at the recording's path holds fewer packets than the ledger says.
fn stage_is_short(stage: &Stage, report: &RecordingReport) -> bool {
    let file = Bytes(fs::read(stage.recording()).unwrap_or_default());
    let Ok(mut demuxer) = Demuxer::open(Arc::new(file), DemuxerOptions::default()) else { return true };
    let mut packet = Packet::new().unwrap();
    let mut count = 0;
    while demuxer.read(&mut packet).is_ok() {
        count += 1;
        packet.clear();
    }
    count < report.stats.frames.written
}

fn assert_outcome(stage: &Stage, report: &RecordingReport, words: &str) {
    for path in &stage.foreign {
        assert_eq!(fs::read(path).ok().as_deref(), Some(PRECIOUS), "{words}: {path:?} was changed");
    }
    let recording = stage.recording();
    let is_foreign = stage.foreign.contains(&recording);
    let stands = fs::symlink_metadata(&recording).is_ok_and(|metadata| metadata.is_file()) && !is_foreign;
    assert_eq!(report.exists, stands, "{words}");
    assert!(report.exists || !report.synced, "{words}");
    let written = report.stats.frames.written;
    for path in stage.ours() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(fs::metadata(&path).unwrap().size() > 0, "{words}: {name} is empty");
        assert!(!name.contains(".part"), "{words}: {name} stayed");
    }
    if stage.is_damaged || written == 0 {
        return;
    }
    // The recording is at its path, or where it was moved to.
    let found = if report.exists { Some(recording) } else { stage.ours().into_iter().next() };
    if let Some(found) = found {
        let seen = decode(&fs::read(&found).unwrap()).unwrap_or_else(|error| panic!("{words}: {found:?}: {error}"));
        assert!(prefix(&seen) as u64 >= written, "{words}: {found:?} has {} frames", prefix(&seen));
    }
}

#[test]
fn nothing_foreign_is_changed_nothing_is_lost_and_the_report_is_true_in_random_situations() {
    let count = if is_full_proof() { 2000 } else { 200 };
    let seed = std::env::var("GIFTGRAB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_128);
    println!("seed {seed}");
    let mut random = Random(seed);
    for _ in 0..count {
        play(&Situation::random(&mut random), &mut random);
    }
}
