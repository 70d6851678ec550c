//! The names of a recording's files, and how each file is made.

use std::{
    ffi::OsString,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    segment::Segment,
    state::{FileState, OpenPermit},
};
use crate::{
    base::error::{Code, Error, Result, Stage},
    storage::{Created, Storage, Volume},
};

/// The last number that a file may have.
const MAX_NUMBER: u32 = 999_999;

/// A new file without a header.
pub(super) struct NewFile {
    pub(super) segment: Arc<Segment>,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) permit: OpenPermit,
}

/// Makes one file after another.
pub(super) struct Names {
    state: Arc<FileState>,
    /// Absolute path of the first file: the working folder may change.
    base: PathBuf,
    /// Number of the next file.
    number: u32,
}

impl Names {
    pub(super) fn new(state: Arc<FileState>) -> Self {
        let path = &state.options.path;
        let base = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
        Self { state, base, number: 1 }
    }

    /// Makes the next file, whose first frame stands at `start` on the recording's time line.
    pub(super) fn create(&mut self, start: i64) -> Result<NewFile> {
        let permit = self.state.open_permit();
        let (name, path, Created { storage, is_new }) = self.create_numbered()?;
        let segment = Arc::new(Segment { name, path, id: storage.id().ok(), is_new, start, ..Segment::default() });
        self.state.segments.add(segment.clone());
        Ok(NewFile { segment, storage, permit })
    }

    /// Makes a file under the next number that is free.
    fn create_numbered(&mut self) -> Result<(String, PathBuf, Created)> {
        let options = &self.state.options;
        loop {
            let number = self.number;
            self.number += 1;
            let name = numbered(Path::new(&options.path), number).to_string_lossy().into_owned();
            let mut path = numbered(&self.base, number);
            if options.overwrite {
                // Through a symbolic link its file is overwritten; the index must replace that file and not the link.
                path = self.state.volume.resolve(&path);
            }
            match create(self.state.volume.as_ref(), &path, &name, options.overwrite) {
                Ok(created) => return Ok((name, path, created)),
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

/// Makes a file; the error names the fault of the path as plainly as possible.
fn create(volume: &dyn Volume, path: &Path, name: &str, overwrite: bool) -> Result<Created> {
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
