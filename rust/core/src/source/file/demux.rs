//! Demuxing: the packets of a file's video stream.

use std::{path::Path, sync::Arc};

use super::decode::broken;
use crate::{
    av::{AvError, Demuxer, DemuxerOptions, Packet, StreamInfo, StreamParameters},
    base::error::{Code, Error, Result, Stage},
    storage::{Storage, Volume},
};

/// The video stream of one open file.
pub(super) struct FileInput {
    path: String,
    storage: Arc<dyn Storage>,
    options: DemuxerOptions,
    demuxer: Demuxer,
    stream: StreamInfo,
    packet: Packet,
}

impl FileInput {
    /// Opens the file and chooses its video stream.
    pub(super) fn open(path: &str, volume: &dyn Volume) -> Result<Self> {
        let storage = volume
            .open(Path::new(path))
            .map_err(|error| Error::from_io(Stage::Source, "read", path, &error).with_field("path"))?;
        if storage.size().is_ok_and(|size| size == 0) {
            let message = format!("Cannot read {path:?}: it is empty");
            return Err(Error::new(Code::InvalidData, Stage::Source, message).with_field("path"));
        }
        let find = |options: DemuxerOptions| find(path, &storage, options);
        let found = match find(DemuxerOptions::default())? {
            (_, None) => (find(DemuxerOptions::LONG_LOOK)?, DemuxerOptions::LONG_LOOK),
            found => (found, DemuxerOptions::default()),
        };
        let ((demuxer, Some(stream)), options) = found else {
            let DemuxerOptions { probe_bytes, analyse_us, .. } = DemuxerOptions::LONG_LOOK;
            let (seconds, megabytes) = (analyse_us / 1_000_000, probe_bytes / 1_000_000);
            let message =
                format!("Cannot read {path:?}: no video stream is in its first {seconds} seconds and {megabytes} MB");
            return Err(Error::new(Code::NoVideo, Stage::Source, message).with_field("path"));
        };
        let memory = |error: AvError| error.explain(Code::ResourceExhausted, Stage::Source, &format!("read {path:?}"));
        let packet = Packet::new().map_err(memory)?;
        Ok(Self { path: path.to_owned(), storage, options, demuxer, stream, packet })
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
                Ok(()) if self.packet.stream() == self.stream.index => return Ok(Some(&self.packet)),
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
        if let (demuxer, Some(stream)) = find(&self.path, &self.storage, self.options)? {
            (self.demuxer, self.stream) = (demuxer, stream);
        }
        Ok(())
    }
}

/// Opens the container in `storage` and chooses its video stream, if there is one.
fn find(path: &str, storage: &Arc<dyn Storage>, options: DemuxerOptions) -> Result<(Demuxer, Option<StreamInfo>)> {
    let mut demuxer = Demuxer::open(storage.clone(), options).map_err(|error| not_a_video(path, &error))?;
    let stream = demuxer.select_video();
    Ok((demuxer, stream))
}

/// The error of a file that FFmpeg cannot open.
pub(super) fn not_a_video(path: &str, error: &AvError) -> Error {
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
