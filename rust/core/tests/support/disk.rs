//! A disk that writes down every call, fails at a chosen one, and shows what a crash would have left of it.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use giftgrab_core::{
    pipeline::Clock,
    storage::{Created, FileId, Storage, Volume},
};

use super::{Random, clock::sleep_until};

/// Bytes that a disk writes as one.
const SECTOR: usize = 512;

/// A call that changes something, or makes a change last.
#[derive(Debug, Clone)]
pub enum Op {
    Create {
        file: usize,
        path: PathBuf,
    },
    Write {
        file: usize,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        file: usize,
        length: usize,
    },
    Sync {
        file: usize,
    },
    /// Bytes that were written and not yet synced are lost, whatever a later sync reports.
    SyncFailed {
        file: usize,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    SyncFolder,
}

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ENOSPC at this call and at every later one that needs room.
    NoSpace,
    /// EIO once.
    Broken,
    /// Half of a write, then ENOSPC; later calls succeed.
    Short,
}

/// The call that fails, counted from 0.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub at: usize,
    pub kind: Kind,
}

/// The fate of changes that were not synced when a crash comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// None has reached the disk.
    None,
    /// All have: the process died, not the machine.
    All,
    /// Each by chance; names in their order, as journals keep them.
    Half,
    /// All, but of the last write only whole sectors, one at least missing.
    Torn,
    /// All lengths, but zeros instead of what was written.
    Zeroed,
}

pub const POLICIES: [Policy; 5] = [Policy::None, Policy::All, Policy::Half, Policy::Torn, Policy::Zeroed];

#[derive(Default)]
struct Inner {
    files: Vec<Vec<u8>>,
    names: HashMap<PathBuf, usize>,
    log: Vec<Op>,
    calls: usize,
    fault: Option<Fault>,
    has_struck: bool,
    /// Syncs of a folder that are still to be refused.
    folder_refusals: usize,
    /// How long each write takes, in nanoseconds of a clock; no time at all if there is none.
    write_time: Option<(Arc<dyn Clock>, u64)>,
}

/// The simulated disk.
#[derive(Clone, Default)]
pub struct SimDisk {
    inner: Arc<Mutex<Inner>>,
}

struct SimFile {
    disk: SimDisk,
    file: usize,
}

impl SimDisk {
    pub fn failing(fault: Fault) -> Self {
        let disk = Self::default();
        disk.inner.lock().unwrap().fault = Some(fault);
        disk
    }

    /// The next `count` syncs of a folder are refused, because there is no descriptor to open it with.
    pub fn refuse_folder_syncs(&self, count: usize) {
        self.inner.lock().unwrap().folder_refusals = count;
    }

    /// From now on every write takes so many seconds of `clock`.
    pub fn slow_down(&self, clock: &Arc<dyn Clock>, seconds: f64) {
        self.inner.lock().unwrap().write_time = Some((clock.clone(), (seconds * 1e9).round() as u64));
    }

    /// From now on a write takes no time; one that is going on still takes its time.
    pub fn speed_up(&self) {
        self.inner.lock().unwrap().write_time = None;
    }

    /// The calls so far.
    pub fn log(&self) -> Vec<Op> {
        self.inner.lock().unwrap().log.clone()
    }

    /// Calls so far that could have failed.
    pub fn calls(&self) -> usize {
        self.inner.lock().unwrap().calls
    }

    /// Whether the fault has come.
    pub fn has_struck(&self) -> bool {
        self.inner.lock().unwrap().has_struck
    }

    /// The files that there are now.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.inner.lock().unwrap().names.keys().cloned().collect()
    }

    /// Overwrites bytes of the file at `path`, as another program or a bad disk does.
    pub fn damage(&self, path: &Path, offset: usize, data: &[u8]) {
        let mut inner = self.inner.lock().unwrap();
        let file = inner.names[path];
        inner.change(Op::Write { file, offset, data: data.to_vec() });
    }

    /// The contents of the file at `path` now.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.inner.lock().unwrap();
        inner.names.get(path).map(|file| inner.files[*file].clone())
    }
}

impl Inner {
    /// Counts a call; returns the error that it is to have. `grows` says whether it needs room on the disk.
    fn call(&mut self, grows: bool) -> Result<(), (Kind, io::Error)> {
        let number = self.calls;
        self.calls += 1;
        let Some(Fault { at, kind }) = self.fault else { return Ok(()) };
        let strikes = number == at || (number > at && kind == Kind::NoSpace && grows && self.has_struck);
        if !strikes {
            return Ok(());
        }
        self.has_struck = true;
        Err((kind, io::Error::from_raw_os_error(if kind == Kind::Broken { 5 } else { 28 })))
    }

    fn simple(&mut self, op: Op) -> io::Result<()> {
        self.call(false).map_err(|(_, error)| error)?;
        apply_name(&mut self.names, &op);
        self.log.push(op);
        Ok(())
    }

    fn change(&mut self, op: Op) {
        if let Op::Write { file, .. } | Op::Truncate { file, .. } = &op {
            apply(&mut self.files[*file], &op);
        }
        self.log.push(op);
    }
}

fn apply(content: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { offset, data, .. } => {
            content.resize(content.len().max(offset + data.len()), 0);
            content[*offset..offset + data.len()].copy_from_slice(data);
        }
        Op::Truncate { length, .. } => content.resize(*length, 0),
        _ => {}
    }
}

fn apply_name(names: &mut HashMap<PathBuf, usize>, op: &Op) {
    match op {
        Op::Create { file, path } => {
            names.insert(path.clone(), *file);
        }
        Op::Rename { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Op::Remove { path } => {
            names.remove(path);
        }
        _ => {}
    }
}

impl Storage for SimFile {
    fn id(&self) -> io::Result<FileId> {
        Ok(id_of(self.file))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut inner = self.disk.inner.lock().unwrap();
        inner.call(false).map_err(|(_, error)| error)?;
        let rest = inner.files[self.file].get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let write_time = self.disk.inner.lock().unwrap().write_time.clone();
        if let Some((clock, nanoseconds)) = write_time {
            sleep_until(&clock, clock.now_ns() + nanoseconds);
        }
        let mut inner = self.disk.inner.lock().unwrap();
        let write = |data: &[u8]| Op::Write { file: self.file, offset: offset as usize, data: data.to_vec() };
        match inner.call(true) {
            Ok(()) => inner.change(write(bytes)),
            Err((kind, error)) => {
                if kind == Kind::Short {
                    inner.change(write(&bytes[..bytes.len() / 2]));
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.inner.lock().unwrap().files[self.file].len() as u64)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut inner = self.disk.inner.lock().unwrap();
        inner.call(false).map_err(|(_, error)| error)?;
        inner.change(Op::Truncate { file: self.file, length: length as usize });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.disk.inner.lock().unwrap();
        match inner.call(false) {
            Ok(()) => inner.log.push(Op::Sync { file: self.file }),
            Err((_, error)) => {
                inner.log.push(Op::SyncFailed { file: self.file });
                return Err(error);
            }
        }
        Ok(())
    }
}

fn id_of(file: usize) -> FileId {
    FileId { device: 1, inode: file as u64 }
}

impl Volume for SimDisk {
    fn resolve(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    fn id_at(&self, path: &Path) -> io::Result<Option<FileId>> {
        Ok(self.inner.lock().unwrap().names.get(path).copied().map(id_of))
    }

    fn create(&self, path: &Path, overwrite: bool) -> io::Result<Created> {
        let mut inner = self.inner.lock().unwrap();
        inner.call(true).map_err(|(_, error)| error)?;
        let known = inner.names.get(path).copied();
        if known.is_some() && !overwrite {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = known.unwrap_or_else(|| {
            inner.files.push(Vec::new());
            let file = inner.files.len() - 1;
            inner.names.insert(path.to_owned(), file);
            inner.log.push(Op::Create { file, path: path.to_owned() });
            file
        });
        Ok(Created { storage: Arc::new(SimFile { disk: self.clone(), file }), is_new: known.is_none() })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn Storage>> {
        let file = self.inner.lock().unwrap().names.get(path).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.lock().unwrap().simple(Op::Rename { from: from.to_owned(), to: to.to_owned() })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.lock().unwrap().simple(Op::Remove { path: path.to_owned() })
    }

    fn sync_folder_of(&self, _: &Path) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap();
        if inner.folder_refusals == 0 {
            return inner.simple(Op::SyncFolder);
        }
        inner.folder_refusals -= 1;
        // EMFILE.
        Err(io::Error::from_raw_os_error(24))
    }

    fn free_bytes(&self, _: &Path) -> Option<u64> {
        None
    }
}

/// The contents of the file at `path` after a crash behind the last of `ops`; `None` if there is no such file.
pub fn after_crash(ops: &[Op], path: &Path, policy: Policy, random: &mut Random) -> Option<Vec<u8>> {
    let file = *names_after_crash(ops, policy, random).get(path)?;
    let touches = |op: &&Op| matches!(op, Op::Write { file: of, .. } | Op::Truncate { file: of, .. } if *of == file);
    let is_lost = ops.iter().position(|op| matches!(op, Op::SyncFailed { file: of } if *of == file));
    let synced = ops[..is_lost.unwrap_or(ops.len())]
        .iter()
        .rposition(|op| matches!(op, Op::Sync { file: of } if *of == file))
        .map_or(0, |index| index + 1);
    let mut content = Vec::new();
    ops[..synced].iter().filter(touches).for_each(|op| apply(&mut content, op));
    let unsynced: Vec<&Op> = ops[synced..].iter().filter(touches).collect();
    for (index, op) in unsynced.iter().enumerate() {
        match (policy, op) {
            (Policy::None, _) => {}
            (Policy::Half, _) if random.below(2) == 0 => {}
            (Policy::Torn, Op::Write { file, offset, data }) if index + 1 == unsynced.len() => {
                let kept = random.below(data.len().div_ceil(SECTOR)) * SECTOR;
                let data = data[..kept].to_vec();
                apply(&mut content, &Op::Write { file: *file, offset: *offset, data });
            }
            (Policy::Zeroed, Op::Write { file, offset, data }) => {
                // Over what was there before, the old bytes stay.
                let from = content.len().clamp(*offset, offset + data.len());
                let data = vec![0; offset + data.len() - from];
                apply(&mut content, &Op::Write { file: *file, offset: from, data });
            }
            (_, op) => apply(&mut content, op),
        }
    }
    Some(content)
}

fn names_after_crash(ops: &[Op], policy: Policy, random: &mut Random) -> HashMap<PathBuf, usize> {
    let synced = ops.iter().rposition(|op| matches!(op, Op::SyncFolder)).map_or(0, |index| index + 1);
    let is_name = |op: &&Op| matches!(op, Op::Create { .. } | Op::Rename { .. } | Op::Remove { .. });
    let mut names = HashMap::new();
    ops[..synced].iter().filter(is_name).for_each(|op| apply_name(&mut names, op));
    let unsynced: Vec<&Op> = ops[synced..].iter().filter(is_name).collect();
    let kept = match policy {
        Policy::None => 0,
        Policy::All => unsynced.len(),
        _ => random.below(unsynced.len() + 1),
    };
    unsynced[..kept].iter().for_each(|op| apply_name(&mut names, op));
    names
}
