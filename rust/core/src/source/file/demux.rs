//! Demuxing: the packets of a file's video stream.

use std::{path::Path, sync::Arc};

use super::{super::decode::broken, content::explained};
use crate::{
    av::{AvError, Demuxer, DemuxerOptions, Packet, StreamInfo, StreamParameters},
    base::error::{Code, Error, Result, Stage},
    storage::{Storage, Volume},
};

/// The video stream of one open file.
pub(super) struct FileInput {
    path: String,
    storage: Arc<dyn Storage>,
    /// The video track that was asked for.
    track: Option<u32>,
    options: DemuxerOptions,
    demuxer: Demuxer,
    stream: StreamInfo,
    packet: Packet,
}

impl FileInput {
    /// Opens the file and chooses a video track by its number, or the best one.
    pub(super) fn open(path: &str, track: Option<u32>, volume: &dyn Volume) -> Result<Self> {
        let storage = volume
            .open(Path::new(path))
            .map_err(|error| Error::from_io(Stage::Source, "read", path, &error).with_field("path"))?;
        if storage.size().is_ok_and(|size| size == 0) {
            let message = format!("Cannot read {path:?}: it is empty");
            return Err(Error::new(Code::InvalidData, Stage::Source, message).with_field("path"));
        }
        let find = |options: DemuxerOptions| find(path, &storage, track, options);
        let found = match find(DemuxerOptions::default())? {
            (_, None) => (find(DemuxerOptions::LONG_LOOK)?, DemuxerOptions::LONG_LOOK),
            found => (found, DemuxerOptions::default()),
        };
        let ((demuxer, Some(stream)), options) = found else {
            let ((demuxer, _), _) = found;
            return Err(match (demuxer.video_tracks(), track) {
                (1.., Some(track)) => no_such_track(path, track, demuxer.video_tracks()),
                _ => explained(path, &storage, no_video(path, demuxer.sound_tracks())),
            });
        };
        if stream.is_encrypted {
            return Err(encrypted(path));
        }
        let memory = |error: AvError| error.explain(Code::ResourceExhausted, Stage::Source, &format!("read {path:?}"));
        let packet = Packet::new().map_err(memory)?;
        Ok(Self { path: path.to_owned(), storage, track, options, demuxer, stream, packet })
    }

    /// The stream as the container describes it.
    pub(super) fn stream(&self) -> &StreamInfo {
        &self.stream
    }

    /// The parameters that a decoder needs.
    pub(super) fn parameters(&self) -> Result<StreamParameters> {
        self.demuxer.parameters(self.stream.index).map_err(|error| not_a_video(&self.path, &error))
    }

    /// The next packet of the stream; `None` at its end.
    pub(super) fn read(&mut self) -> Result<Option<&Packet>> {
        loop {
            self.packet.clear();
            match self.demuxer.read(&mut self.packet) {
                Ok(()) if self.packet.stream() == self.stream.index => {
                    if self.packet.is_encrypted() {
                        return Err(encrypted(&self.path));
                    }
                    return Ok(Some(&self.packet));
                }
                Ok(()) => {}
                Err(error) if error.is_end() => return Ok(None),
                Err(error) => return Err(broken(&self.path, &error)),
            }
        }
    }

    /// Goes back to the first packet.
    pub(super) fn rewind(&mut self) -> Result<()> {
        if self.demuxer.rewind(self.stream.index).is_ok() {
            return Ok(());
        }
        // Where FFmpeg cannot seek, such as in raw streams, the file is opened again.
        if let (demuxer, Some(stream)) = find(&self.path, &self.storage, self.track, self.options)? {
            (self.demuxer, self.stream) = (demuxer, stream);
        }
        Ok(())
    }
}

/// Opens the container in `storage` and chooses a video stream, if there is one.
fn find(
    path: &str,
    storage: &Arc<dyn Storage>,
    track: Option<u32>,
    options: DemuxerOptions,
) -> Result<(Demuxer, Option<StreamInfo>)> {
    let mut demuxer =
        Demuxer::open(storage.clone(), options).map_err(|error| explained(path, storage, not_a_video(path, &error)))?;
    let stream = demuxer.select_video(track);
    Ok((demuxer, stream))
}

fn no_video(path: &str, sound_tracks: u32) -> Error {
    let DemuxerOptions { probe_bytes, analyse_us, .. } = DemuxerOptions::LONG_LOOK;
    let (seconds, megabytes) = (analyse_us / 1_000_000, probe_bytes / 1_000_000);
    let has = if sound_tracks > 0 { "it holds sound only: " } else { "" };
    let message =
        format!("Cannot read {path:?}: {has}no video stream is in its first {seconds} seconds and {megabytes} MB");
    Error::new(Code::NoVideo, Stage::Source, message).with_field("path")
}

fn no_such_track(path: &str, track: u32, tracks: u32) -> Error {
    let has = match tracks {
        1 => "only video track 0".to_owned(),
        count => format!("{count} video tracks, 0 to {}", count - 1),
    };
    Error::argument("track", format!("Cannot read video track {track} of {path:?}: it has {has}"))
}

fn encrypted(path: &str) -> Error {
    let message = format!(
        "Cannot read {path:?}: it is encrypted (DRM); decrypt it with its key first, or get a copy without protection"
    );
    Error::new(Code::InvalidData, Stage::Source, message).with_field("path")
}

/// The error of a file that FFmpeg cannot open.
pub(super) fn not_a_video(path: &str, error: &AvError) -> Error {
    let line = error.log_line();
    if line.contains("max_streams") {
        let most = DemuxerOptions::default().max_streams;
        let message = format!("Cannot read {path:?}: it has more than {most} streams");
        return Error::new(Code::LimitExceeded, Stage::Source, message).with_field("path").with_cause(line);
    }
    if line.contains("moov atom not found") {
        let message = format!(
            "Cannot read {path:?}: it was never finished, for its index (moov) is missing, as after a crash of the program \
             that recorded it; `untrunc` may repair it with a whole recording of the same camera"
        );
        return Error::new(Code::InvalidData, Stage::Source, message).with_field("path").with_cause(line);
    }
    if let Some(os) = error.os_error().filter(|os| os.kind() != std::io::ErrorKind::InvalidInput) {
        return Error::from_io(Stage::Source, "read", path, &os).with_field("path");
    }
    Error::new(
        Code::InvalidData,
        Stage::Source,
        format!("Cannot read {path:?}: it is no video file that can be read, or it is damaged or incomplete"),
    )
    .with_field("path")
    .with_cause(error.log_line())
}
