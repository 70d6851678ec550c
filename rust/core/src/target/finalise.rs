//! Turns a fragmented recording into an ordinary file with one index, in a way that a crash cannot harm.
//!
//! The index is written with a copy of the packets into `NAME.part`, which is synced and then renamed over the
//! recording. Until the rename the recording stays whole.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    av::{AvError, Demuxer, DemuxerOptions, Muxer, MuxerConfig, Packet},
    codec::Container,
    error::{Code, Error, Result, Stage},
    storage::{Storage, Volume},
    time::Rational,
};

/// Bytes that must stay free beside the copy.
const RESERVE: u64 = 1 << 20;

/// Replaces the recording at `path`, held open in `recording`; returns the length of the new file.
pub(super) fn index(
    volume: &dyn Volume,
    recording: &Arc<dyn Storage>,
    path: &Path,
    container: Container,
    frame_rate: Rational,
    metadata: &[(String, String)],
) -> Result<u64> {
    let name = path.to_string_lossy();
    let io = |error: std::io::Error| Error::from_io(Stage::Storage, "index", &name, &error);
    let needed = recording.size().map_err(io)?.saturating_add(RESERVE);
    if volume.free_bytes(path).is_some_and(|free| free < needed) {
        return Err(Error::new(
            Code::DiskFull,
            Stage::Storage,
            format!("Cannot index {name:?}: the disk has no room for a copy; the recording stays fragmented and whole"),
        ));
    }
    let part = part_of(path);
    let outcome = copy(volume, recording, &part, container, frame_rate, metadata, &name);
    let outcome = outcome.and_then(|bytes| {
        volume.rename(&part, path).map_err(io)?;
        volume.sync_folder_of(path).map_err(io)?;
        Ok(bytes)
    });
    if outcome.is_err() {
        let _ = volume.remove(&part);
    }
    outcome
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    name.into()
}

fn copy(
    volume: &dyn Volume,
    recording: &Arc<dyn Storage>,
    part: &Path,
    container: Container,
    frame_rate: Rational,
    metadata: &[(String, String)],
    name: &str,
) -> Result<u64> {
    let av = |error: AvError| match error.os_error() {
        Some(os) => Error::from_io(Stage::Storage, "index", name, &os),
        None => error.explain(Code::MuxFailed, Stage::Mux, &format!("index {name:?}")),
    };
    let io = |error: std::io::Error| Error::from_io(Stage::Storage, "index", name, &error);
    let mut demuxer = Demuxer::open(recording.clone(), DemuxerOptions::default()).map_err(av)?;
    let stream = demuxer.select_video().ok_or_else(|| {
        Error::new(Code::MuxFailed, Stage::Mux, format!("Cannot index {name:?}: no video was found in it"))
    })?;
    let parameters = demuxer.parameters(stream.index).map_err(av)?;
    let target = volume.create(part, true).map_err(io)?;
    target.truncate(0).map_err(io)?;
    let mut muxer = Muxer::begin(
        target.clone(),
        &MuxerConfig {
            muxer: container.info().muxer,
            parameters: &parameters,
            time_base: stream.time_base,
            frame_rate,
            options: &[("video_track_timescale".to_owned(), stream.time_base.den.to_string())],
            metadata,
        },
    )
    .map_err(av)?;
    let mut packet = Packet::new().map_err(av)?;
    loop {
        match demuxer.read(&mut packet) {
            Ok(()) if packet.stream() == stream.index => muxer.write(&mut packet).map_err(av)?,
            Ok(()) => {}
            Err(error) if error.is_end() => break,
            Err(error) => return Err(av(error)),
        }
        packet.clear();
    }
    muxer.finish().map_err(av)?;
    target.sync_data().map_err(io)?;
    target.size().map_err(io)
}
