//! Turns a fragmented recording into an ordinary file with one index, in a way that a crash cannot harm.
//!
//! The index is written with a copy of the packets, which it stands in front of, into `NAME.part`, which is synced and
//! then renamed over the recording. Until the rename the recording stays whole. Only the recording's own file is
//! replaced, and only by a copy with every frame.

use std::{
    ffi::{OsStr, OsString},
    io::{self, ErrorKind},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering::SeqCst},
};

use super::segment::Segment;

use crate::{
    av::{AvError, Demuxer, DemuxerOptions, Muxer, MuxerConfig, Packet},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    codec::Container,
    pixels::{StereoPacking, geometry::Geometry},
    storage::{Storage, Volume},
};

/// Names that are tried for a copy.
const MAX_PARTS: u32 = 99;
/// Longest name of a file, in bytes (NAME_MAX of limits.h).
const MAX_NAME: usize = 255;

/// The recording to be indexed.
pub(super) struct Recording<'a> {
    pub(super) storage: &'a Arc<dyn Storage>,
    pub(super) segment: &'a Segment,
    pub(super) container: Container,
    /// Seconds per slot.
    pub(super) time_base: Rational,
    pub(super) frame_rate: Option<Rational>,
    /// How its pictures are to be shown.
    pub(super) geometry: Geometry,
    pub(super) stereo: Option<StereoPacking>,
    /// Bytes that must stay free beside the copy.
    pub(super) reserve: u64,
    pub(super) metadata: &'a [(String, String)],
}

/// A recording that has been replaced by its indexed copy.
pub(super) struct Indexed {
    pub(super) bytes: u64,
    /// Why the new name may not survive a power cut.
    pub(super) unsynced: Option<Error>,
}

/// Replaces a recording by an indexed copy; `progress` gets the bytes copied so far.
pub(super) fn index(volume: &dyn Volume, recording: &Recording<'_>, progress: impl Fn(u64)) -> Result<Indexed> {
    let path = &recording.segment.path;
    let name = path.to_string_lossy();
    let io = |error: io::Error| Error::from_io(Stage::Storage, "index", &name, &error);
    let needed = recording.storage.size().map_err(io)?.saturating_add(recording.reserve);
    if volume.free_bytes(path).is_some_and(|free| free < needed) {
        return Err(Error::new(
            Code::DiskFull,
            Stage::Storage,
            format!("Cannot index {name:?}: the disk has no room for a copy; the recording stays fragmented and whole"),
        ));
    }
    let (part, target) = create_part(volume, path).map_err(io)?;
    let outcome = copy(recording, &target, &name, progress).and_then(|bytes| {
        // It takes a while, in which the recording may have been moved.
        if !recording.segment.is_at_its_path(volume) {
            return Err(recording.segment.moved());
        }
        volume.rename(&part, path).map(|()| bytes).map_err(io)
    });
    match outcome {
        Ok(bytes) => Ok(Indexed { bytes, unsynced: volume.sync_folder_of(path).map_err(io).err() }),
        Err(error) => {
            if volume.id_at(&part).is_ok_and(|found| found == target.id().ok()) {
                let _ = volume.remove(&part);
            }
            Err(error)
        }
    }
}

/// Bytes that are kept free for the index in front of the packets, where players find it at once. It is written last,
/// and needs at most as much: what it leaves is a `free` box.
fn index_room(recording: &Recording<'_>, bytes: u64, extradata: usize) -> u64 {
    /// Entries of stts, ctts, stsz, stss and sdtp for each frame (ISO/IEC 14496-12, 8.6 and 8.7).
    const FRAME: u64 = 8 + 8 + 4 + 4 + 1;
    /// Entries of stsc and co64 for each chunk. Two that follow each other hold at least a MiB (movenc.c, build_chunks).
    const CHUNK: u64 = 12 + 8;
    /// All other boxes but the texts and parameter sets.
    const REST: u64 = 8 << 10;
    /// The option is an `int`.
    const MOST: u64 = i32::MAX as u64;
    let frames = recording.segment.frames();
    let chunks = (2 * (bytes >> 20) + 2).min(frames);
    let texts: usize = recording.metadata.iter().map(|(key, value)| key.len() + 4 * value.len()).sum();
    (frames * FRAME + chunks * CHUNK + (texts + extradata) as u64 + REST).min(MOST)
}

/// Makes the file of a copy, under a name that is free.
fn create_part(volume: &dyn Volume, path: &Path) -> io::Result<(PathBuf, Arc<dyn Storage>)> {
    let mut number = 1;
    loop {
        let part = part_of(path, number);
        match volume.create(&part, false) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < MAX_PARTS => number += 1,
            outcome => return outcome.map(|created| (part, created.storage)),
        }
    }
}

/// `NAME.part`, then `NAME.part2` and so on; of a long name only as much as a folder takes.
fn part_of(path: &Path, number: u32) -> PathBuf {
    let suffix = if number == 1 { ".part".to_owned() } else { format!(".part{number}") };
    let name = path.file_name().unwrap_or_default().as_bytes();
    let kept = name.len().min(MAX_NAME - suffix.len());
    let mut part = OsString::from(OsStr::from_bytes(&name[..kept]));
    part.push(suffix);
    path.with_file_name(part)
}

fn copy(recording: &Recording<'_>, target: &Arc<dyn Storage>, name: &str, progress: impl Fn(u64)) -> Result<u64> {
    let av = |error: AvError| match error.os_error() {
        Some(os) => Error::from_io(Stage::Storage, "index", name, &os),
        None => error.explain(Code::MuxFailed, Stage::Mux, &format!("index {name:?}")),
    };
    let io = |error: io::Error| Error::from_io(Stage::Storage, "index", name, &error);
    let mut demuxer = Demuxer::open(recording.storage.clone(), DemuxerOptions::default()).map_err(av)?;
    let stream = demuxer.select_video(None).ok_or_else(|| {
        Error::new(Code::MuxFailed, Stage::Mux, format!("Cannot index {name:?}: no video was found in it"))
    })?;
    let parameters = demuxer.parameters(stream.index).map_err(av)?;
    let room = index_room(recording, recording.storage.size().map_err(io)?, parameters.extradata().len());
    let mut muxer = Muxer::begin(
        target.clone(),
        &MuxerConfig {
            muxer: recording.container.info().muxer,
            parameters: &parameters,
            time_base: stream.time_base,
            frame_rate: recording.frame_rate,
            is_fragmented: false,
            geometry: recording.geometry,
            stereo: recording.stereo,
            options: &[
                ("video_track_timescale".to_owned(), stream.time_base.den.to_string()),
                ("moov_size".to_owned(), room.to_string()),
            ],
            metadata: recording.metadata,
        },
    )
    .map_err(av)?;
    let (mut last, mut first_dts, mut first_pts, mut copied, mut frames) = (None::<Packet>, None, None, 0, 0);
    loop {
        let mut packet = Packet::new().map_err(av)?;
        match demuxer.read(&mut packet) {
            Ok(()) if packet.stream() == stream.index => {
                // Where frames are reordered, fragments begin when the first one is decoded: players would show black until
                // it is shown. An index can say that it is shown at once.
                packet.shift(-*first_pts.get_or_insert(packet.pts().unwrap_or(0)));
                first_dts = first_dts.or(packet.dts());
                copied += packet.size() as u64;
                frames += 1;
                progress(copied);
                if let Some(mut before) = last.replace(packet) {
                    muxer.write(&mut before).map_err(av)?;
                }
            }
            Ok(()) => {}
            Err(error) if error.is_end() => break,
            Err(error) => return Err(av(error)),
        }
    }
    let written = recording.segment.frames();
    if frames != written {
        let message = format!(
            "Cannot index {name:?}: only {frames} of its {written} frames can be read back; the recording stays as it was \
             written, fragmented"
        );
        return Err(Error::new(Code::MuxFailed, Stage::Mux, message));
    }
    if let Some(mut last) = last {
        // The demuxer states one frame's time for the last packet, however long that frame is shown.
        let end_slot = recording.segment.end_slot.load(SeqCst);
        let end = Rational::rescale(end_slot, recording.time_base, stream.time_base);
        let begun = last.dts().unwrap_or(end) - first_dts.unwrap_or(0);
        last.set_duration((end - begun).max(1));
        muxer.write(&mut last).map_err(av)?;
    }
    muxer.finish().map_err(av)?;
    target.sync_data().map_err(io)?;
    target.size().map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_stands_beside_its_recording_and_its_name_is_never_too_long() {
        assert_eq!(part_of(Path::new("/x/a.mp4"), 1), Path::new("/x/a.mp4.part"));
        assert_eq!(part_of(Path::new("/x/a.mp4"), 12), Path::new("/x/a.mp4.part12"));
        let long = part_of(&Path::new("/x").join("n".repeat(255)), 1);
        assert_eq!(long, Path::new("/x").join("n".repeat(250) + ".part"));
    }
}
