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
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    codec::Container,
    pixels::StereoPacking,
    storage::{Storage, Volume},
};

/// The recording to be indexed.
pub(super) struct Recording<'a> {
    pub(super) storage: &'a Arc<dyn Storage>,
    pub(super) path: &'a Path,
    pub(super) container: Container,
    pub(super) frame_rate: Rational,
    pub(super) stereo: Option<StereoPacking>,
    /// Bytes that must stay free beside the copy.
    pub(super) reserve: u64,
    /// Frames in it.
    pub(super) frames: u64,
    /// Slot after the last frame.
    pub(super) end: i64,
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
    let name = recording.path.to_string_lossy();
    let io = |error: std::io::Error| Error::from_io(Stage::Storage, "index", &name, &error);
    let needed = recording.storage.size().map_err(io)?.saturating_add(recording.reserve);
    if volume.free_bytes(recording.path).is_some_and(|free| free < needed) {
        return Err(Error::new(
            Code::DiskFull,
            Stage::Storage,
            format!("Cannot index {name:?}: the disk has no room for a copy; the recording stays fragmented and whole"),
        ));
    }
    let part = part_of(recording.path);
    let outcome = copy(volume, recording, &part, &name, progress)
        .and_then(|bytes| volume.rename(&part, recording.path).map(|()| bytes).map_err(io));
    match outcome {
        Ok(bytes) => Ok(Indexed { bytes, unsynced: volume.sync_folder_of(recording.path).map_err(io).err() }),
        Err(error) => {
            let _ = volume.remove(&part);
            Err(error)
        }
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    name.into()
}

fn copy(
    volume: &dyn Volume,
    recording: &Recording<'_>,
    part: &Path,
    name: &str,
    progress: impl Fn(u64),
) -> Result<u64> {
    let av = |error: AvError| match error.os_error() {
        Some(os) => Error::from_io(Stage::Storage, "index", name, &os),
        None => error.explain(Code::MuxFailed, Stage::Mux, &format!("index {name:?}")),
    };
    let io = |error: std::io::Error| Error::from_io(Stage::Storage, "index", name, &error);
    let mut demuxer = Demuxer::open(recording.storage.clone(), DemuxerOptions::default()).map_err(av)?;
    let stream = demuxer.select_video().ok_or_else(|| {
        Error::new(Code::MuxFailed, Stage::Mux, format!("Cannot index {name:?}: no video was found in it"))
    })?;
    let parameters = demuxer.parameters(stream.index).map_err(av)?;
    let target = volume.create(part, true).map_err(io)?;
    target.truncate(0).map_err(io)?;
    let mut muxer = Muxer::begin(
        target.clone(),
        &MuxerConfig {
            muxer: recording.container.info().muxer,
            parameters: &parameters,
            time_base: stream.time_base,
            frame_rate: recording.frame_rate,
            is_fragmented: false,
            stereo: recording.stereo,
            options: &[("video_track_timescale".to_owned(), stream.time_base.den.to_string())],
            metadata: recording.metadata,
        },
    )
    .map_err(av)?;
    let (mut last, mut first_dts, mut copied, mut frames) = (None::<Packet>, None, 0, 0);
    loop {
        let mut packet = Packet::new().map_err(av)?;
        match demuxer.read(&mut packet) {
            Ok(()) if packet.stream() == stream.index => {
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
    if frames != recording.frames {
        let message = format!(
            "Cannot index {name:?}: only {frames} of its {} frames can be read back; the recording stays as it was \
             written, fragmented",
            recording.frames
        );
        return Err(Error::new(Code::MuxFailed, Stage::Mux, message));
    }
    if let Some(mut last) = last {
        // The demuxer states one frame's time for the last packet, however long that frame is shown.
        let end = Rational::rescale(recording.end, recording.frame_rate.inverse(), stream.time_base);
        let begun = last.dts().unwrap_or(end) - first_dts.unwrap_or(0);
        last.set_duration((end - begun).max(1));
        muxer.write(&mut last).map_err(av)?;
    }
    muxer.finish().map_err(av)?;
    target.sync_data().map_err(io)?;
    target.size().map_err(io)
}
