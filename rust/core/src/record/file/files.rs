//! Makes the files of a recording, each with the thread that writes it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use crossbeam_channel::{Sender, bounded};

use super::{
    super::options::FileWriterOptions,
    super::state::{PACKET_QUEUE, Shared},
    mux::{Coded, OutputThread, State},
    segment::Segment,
};
use crate::{
    base::error::{Code, Error, Result, Stage},
    codec::Container,
    storage::{Storage, Volume},
    sys::spawn,
};

/// The last number that a file may have.
const MAX_NUMBER: u32 = 999_999;

/// Held by every thread of a writer; the last one that lets it go tells the end.
pub(in crate::record) struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.tell_closed();
    }
}

/// Held by the thread of each file, so that not too many files are open at once.
pub(in crate::record) struct Slot(Arc<Shared>);

impl Slot {
    /// Waits for a free one.
    fn take(shared: &Arc<Shared>) -> Self {
        shared.open_files.acquire(1, || shared.has_failed());
        Self(shared.clone())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open_files.release(1);
    }
}

/// The encoder's side of one file. Once it is dropped, what was sent is written and the file is finished.
pub(in crate::record) struct Output {
    pub(in crate::record) packets: Sender<Coded>,
    /// Grid position of the file's first frame on the recording's time line.
    pub(in crate::record) start: i64,
}

/// Makes one file after another.
pub(in crate::record) struct Files {
    shared: Arc<Shared>,
    volume: Arc<dyn Volume>,
    options: FileWriterOptions,
    container: Container,
    /// Where the first file is, whatever the working folder becomes.
    base: PathBuf,
    /// Number of the next file.
    number: u32,
    /// There is an end to tell from the first file on.
    ending: Option<Arc<Ending>>,
}

impl Files {
    pub(in crate::record) fn new(
        shared: Arc<Shared>,
        volume: Arc<dyn Volume>,
        options: FileWriterOptions,
        container: Container,
    ) -> Self {
        let base = std::path::absolute(&options.path).unwrap_or_else(|_| PathBuf::from(&options.path));
        Self { shared, volume, options, container, base, number: 1, ending: None }
    }

    /// Makes the next file, whose first frame stands at `start` on the grid, and starts its thread.
    pub(in crate::record) fn open(&mut self, start: i64) -> Result<Output> {
        let slot = Slot::take(&self.shared);
        let (name, path, storage) = self.create()?;
        let segment = Arc::new(Segment { name, path, start, ..Segment::default() });
        let (packets, packets_out) = bounded(PACKET_QUEUE);
        let thread = OutputThread {
            shared: self.shared.clone(),
            segment: segment.clone(),
            packets: packets_out,
            volume: self.volume.clone(),
            storage,
            options: self.options.clone(),
            container: self.container,
            state: State::default(),
            _slot: slot,
            _ending: self.ending.get_or_insert_with(|| Arc::new(Ending(self.shared.clone()))).clone(),
        };
        if let Err(error) = spawn("gg-mux", move || thread.run()) {
            if !self.options.overwrite {
                let _ = self.volume.remove(&segment.path);
            }
            return Err(error);
        }
        self.shared.segments.add(segment);
        Ok(Output { packets, start })
    }

    /// Makes a file under the next number that is free.
    fn create(&mut self) -> Result<(String, PathBuf, Arc<dyn Storage>)> {
        loop {
            let number = self.number;
            self.number += 1;
            let name = numbered(Path::new(&self.options.path), number).to_string_lossy().into_owned();
            let mut path = numbered(&self.base, number);
            if self.options.overwrite {
                // Through a symbolic link its file is overwritten; the index must replace that file and not the link.
                path = path.canonicalize().unwrap_or(path);
            }
            match create(self.volume.as_ref(), &path, &name, self.options.overwrite) {
                Ok(storage) => return Ok((name, path, storage)),
                Err(error) if error.code == Code::AlreadyExists && 1 < number && number < MAX_NUMBER => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The path of the file with this number: `NAME.mp4`, then `NAME_002.mp4` and so on.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let Some(stem) = path.file_stem().filter(|_| number > 1) else { return path.to_owned() };
    let mut name = OsString::from(stem);
    name.push(format!("_{number:03}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Makes a file, telling what is wrong with the path as plainly as can be.
fn create(volume: &dyn Volume, path: &Path, name: &str, overwrite: bool) -> Result<Arc<dyn Storage>> {
    use std::io::ErrorKind;
    volume.create(path, overwrite).map_err(|error| {
        let error = match error.kind() {
            ErrorKind::AlreadyExists if path.is_dir() => ErrorKind::IsADirectory.into(),
            ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(path).to_string_lossy();
                let message = format!("Cannot record to {name:?}: folder {folder:?} does not exist; create it first");
                return Error::new(Code::NotFound, Stage::Storage, message).with_field("path");
            }
            _ => error,
        };
        Error::from_io(Stage::Storage, "record to", name, &error).with_field("path")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_before_the_last_extension() {
        let names = |path: &str| [1, 2, 1234].map(|number| numbered(Path::new(path), number).display().to_string());
        assert_eq!(names("a.mp4"), ["a.mp4", "a_002.mp4", "a_1234.mp4"]);
        assert_eq!(names("/x.y/a.b.MKV"), ["/x.y/a.b.MKV", "/x.y/a.b_002.MKV", "/x.y/a.b_1234.MKV"]);
    }
}
