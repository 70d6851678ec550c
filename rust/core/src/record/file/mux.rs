//! The writer thread: packets in, bytes of a container out.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{
    super::options::FileWriterOptions,
    super::state::Shared,
    files::{Ending, Slot},
    segment::Segment,
    sync::Syncer,
};
use crate::{
    av::VideoInfo,
    av::{AvError, Muxer, MuxerConfig, Packet},
    base::{
        error::{Code, Error, Result, Stage},
        time::now_iso8601,
    },
    codec::{Container, ContainerStream, EncodedStream},
    pixels::StereoPacking,
    storage::{Storage, Volume},
};

/// Longest time that a packet stays in the muxer before its fragment or cluster is closed.
const FLUSH_INTERVAL: Duration = Duration::from_millis(250);

/// What the writer thread gets, in this order: one `Begin`, packets, `End`.
pub(in crate::record) enum Coded {
    Begin(EncodedStream),
    Packet {
        packet: Packet,
        encoded_ns: u64,
    },
    /// The grid position after the last frame, from the first frame of the file.
    End {
        position: i64,
    },
}

impl Coded {
    pub(in crate::record) fn bytes(&self) -> usize {
        if let Self::Packet { packet, .. } = self { packet.size() } else { 0 }
    }
}

/// The writer thread of one file.
pub(in crate::record) struct OutputThread {
    pub(in crate::record) shared: Arc<Shared>,
    pub(in crate::record) segment: Arc<Segment>,
    pub(in crate::record) packets: Receiver<Coded>,
    pub(in crate::record) volume: Arc<dyn Volume>,
    pub(in crate::record) storage: Arc<dyn Storage>,
    pub(in crate::record) options: FileWriterOptions,
    pub(in crate::record) container: Container,
    pub(in crate::record) state: State,
    // Let go in this order, after the file.
    pub(in crate::record) _slot: Slot,
    pub(in crate::record) _ending: Arc<Ending>,
}

/// What the writer thread remembers.
#[derive(Default)]
pub(in crate::record) struct State {
    muxer: Option<Muxer>,
    /// How the container carries the packets.
    stream: Option<ContainerStream>,
    pub(in crate::record) syncer: Option<Syncer>,
    /// Waits for the next one, which tells how long it is shown.
    held: Option<Packet>,
    /// Decoding time of the first packet: below 0 where frames are reordered.
    first_dts: Option<i64>,
    /// When each packet in the muxer left the encoder.
    in_muxer: Vec<u64>,
    /// Length of the file up to the last closed fragment or cluster.
    pub(in crate::record) flushed_bytes: u64,
    /// Grid position after the last packet in it.
    pub(in crate::record) flushed_position: i64,
    flush_at: Option<Instant>,
    pub(in crate::record) metadata: Vec<(String, String)>,
    /// What was begun: the shape and the encoder.
    pub(in crate::record) begun: Option<(VideoInfo, &'static str)>,
    pub(in crate::record) stereo: Option<StereoPacking>,
    pub(in crate::record) started_at: String,
    pub(in crate::record) finalised: bool,
    pub(in crate::record) synced: bool,
}

impl OutputThread {
    /// Runs until the end has come.
    pub(in crate::record) fn run(mut self) {
        loop {
            let coded = match self.state.flush_at {
                Some(at) => self.packets.recv_deadline(at),
                None => self.packets.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            if coded.is_ok() {
                self.shared.packet_queue.fetch_sub(1, SeqCst);
            }
            match coded {
                Ok(Coded::Begin(stream)) => self.guarded(|this| this.begin(&stream)),
                Ok(Coded::Packet { packet, encoded_ns }) => {
                    self.shared.packet_budget.release(packet.size());
                    self.state.in_muxer.push(encoded_ns);
                    self.guarded(|this| this.packet(&packet));
                    self.count_failed();
                }
                Ok(Coded::End { position }) => {
                    self.guarded(|this| this.end(position));
                    break;
                }
                Err(RecvTimeoutError::Timeout) => self.guarded(Self::flush),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.count_failed();
        self.settle();
    }

    /// Runs a step; an error or a panic fails the writer.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<()>) {
        if self.state.muxer.is_none() && self.shared.has_failed() {
            return;
        }
        let error = match catch_unwind(AssertUnwindSafe(|| step(self))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => Error::new(
                Code::Internal,
                Stage::Mux,
                format!("Cannot write {:?}: a defect of this library was met; please report it", self.segment.name),
            ),
        };
        self.state.muxer = None;
        self.shared.fail(error);
    }

    /// Packets that no muxer holds any more are lost to the error that closed it.
    fn count_failed(&mut self) {
        if self.state.muxer.is_none() {
            self.shared.gate.counters.failed(self.state.in_muxer.len() as u64);
            self.state.in_muxer.clear();
            self.state.held = None;
            self.state.flush_at = None;
        }
    }

    fn begin(&mut self, stream: &EncodedStream) -> Result<()> {
        self.state.begun = Some((stream.shape, stream.encoder));
        // QuickTime has a box for the eyes, but none for how they are packed.
        self.state.stereo = stream.stereo.filter(|_| self.container != Container::Mov);
        let carried = ContainerStream::new(stream, self.container)?;
        self.state.started_at = now_iso8601();
        let given = &self.options.metadata;
        self.state.metadata = [
            ("title", given.title.as_deref()),
            ("comment", given.comment.as_deref()),
            ("creation_time", Some(given.creation_time.as_deref().unwrap_or(&self.state.started_at))),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())))
        .collect();
        self.storage.truncate(0).map_err(|error| self.storage_error(&error))?;
        let muxer = Muxer::begin(
            self.storage.clone(),
            &MuxerConfig {
                muxer: self.container.info().muxer,
                parameters: carried.parameters(),
                time_base: stream.time_base,
                frame_rate: stream.frame_rate,
                is_fragmented: matches!(self.container, Container::Mp4 | Container::Mov),
                stereo: self.state.stereo,
                options: &live_options(self.container),
                metadata: &self.state.metadata,
            },
        )
        .map_err(|error| self.mux_error(&error))?;
        self.state.muxer = Some(muxer);
        self.state.stream = Some(carried);
        self.note_flushed();
        self.state.syncer = Some(Syncer::start(
            self.shared.clone(),
            self.segment.clone(),
            self.storage.clone(),
            self.volume.clone(),
            Duration::from_millis(u64::from(self.options.sync_interval_ms)),
        )?);
        Ok(())
    }

    fn packet(&mut self, packet: &Packet) -> Result<()> {
        let Some(stream) = &self.state.stream else { return Ok(()) };
        let packet = stream.packet(packet).map_err(|error| self.mux_error(&error))?;
        let next = packet.dts().or(packet.pts()).unwrap_or(0);
        // The first fragment is closed at once, so that the file opens from its second frame on.
        let is_second = self.state.held.is_some() && self.state.flushed_position == 0;
        self.state.first_dts.get_or_insert(next);
        self.write_held(|dts| next - dts)?;
        self.state.flush_at.get_or_insert_with(|| Instant::now() + FLUSH_INTERVAL);
        self.state.held = Some(packet);
        if is_second || self.state.flush_at.is_some_and(|at| Instant::now() >= at) { self.flush() } else { Ok(()) }
    }

    /// Gives the waiting packet to the muxer; `duration` makes its duration from its decoding time.
    fn write_held(&mut self, duration: impl FnOnce(i64) -> i64) -> Result<()> {
        let (Some(mut held), Some(muxer)) = (self.state.held.take(), &mut self.state.muxer) else { return Ok(()) };
        let pts = held.pts().unwrap_or(0);
        let ticks = duration(held.dts().unwrap_or(pts)).max(1);
        held.set_duration(ticks);
        self.segment.end_position.fetch_max(pts + ticks, SeqCst);
        muxer.write(&mut held).map_err(|error| self.mux_error(&error))
    }

    /// Closes the fragment or cluster: everything in it is then the operating system's.
    fn flush(&mut self) -> Result<()> {
        self.state.flush_at = None;
        let Some(muxer) = &mut self.state.muxer else { return Ok(()) };
        muxer.flush().map_err(|error| self.mux_error(&error))?;
        self.note_flushed();
        Ok(())
    }

    /// Everything given to the muxer is in the file; only the held packet is not.
    fn note_flushed(&mut self) {
        self.state.flushed_bytes = self.storage.size().unwrap_or(self.state.flushed_bytes);
        self.state.flushed_position = self.segment.end_position.load(SeqCst);
        self.segment.bytes.store(self.state.flushed_bytes, SeqCst);
        let held = usize::from(self.state.held.is_some());
        let count = self.state.in_muxer.len() - held.min(self.state.in_muxer.len());
        let written: Vec<u64> = self.state.in_muxer.drain(..count).collect();
        self.shared.gate.counters.written(written.len() as u64);
        let mut unsynced = self.segment.unsynced.lock();
        unsynced.frames += written.len() as u64;
        unsynced.encoded_ns.extend(written);
        if held > 0 {
            self.state.flush_at = Some(Instant::now() + FLUSH_INTERVAL);
        }
    }

    fn end(&mut self, position: i64) -> Result<()> {
        let first_dts = self.state.first_dts.unwrap_or(0);
        self.write_held(|dts| position - (dts - first_dts))?;
        let Some(muxer) = self.state.muxer.take() else { return Ok(()) };
        self.segment.end_position.fetch_max(position, SeqCst);
        match muxer.finish() {
            Ok(()) => {
                self.note_flushed();
                self.state.finalised = true;
                Ok(())
            }
            Err(error) => Err(self.mux_error(&error)),
        }
    }

    fn mux_error(&self, error: &AvError) -> Error {
        match error.os_error() {
            Some(os) => self.storage_error(&os),
            None => error.explain(Code::MuxFailed, Stage::Mux, &format!("write {:?}", self.segment.name)),
        }
    }

    pub(in crate::record) fn storage_error(&self, error: &std::io::Error) -> Error {
        Error::from_io(Stage::Storage, "write", &self.segment.name, error)
    }
}

/// What makes a file that opens at any moment: fragments and clusters are closed by [`OutputThread::flush`].
fn live_options(container: Container) -> Vec<(String, String)> {
    let options: &[(&str, &str)] = match container {
        Container::Mp4 | Container::Mov => {
            &[("movflags", "frag_custom+empty_moov+default_base_moof+negative_cts_offsets")]
        }
        _ => &[],
    };
    options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
