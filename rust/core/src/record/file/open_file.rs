//! One open file: packets in, bytes of a container out.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use super::{
    names::NewFile,
    segment::Segment,
    state::{FileState, OpenPermit},
    sync::Syncer,
};
use crate::{
    av::{AvError, Muxer, MuxerConfig, Packet, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage, guard},
        time::{Rational, iso8601},
    },
    codec::{Codec, Container, ContainerStream},
    pixels::StereoPacking,
    record::packets::{CodedPacket, StreamStart},
    storage::Storage,
};

/// Longest time that a packet stays in the muxer before its fragment or cluster is closed.
const FLUSH_NS: u64 = 250_000_000;

/// A file with a header.
pub(super) struct OpenFile {
    pub(super) state: Arc<FileState>,
    pub(super) segment: Arc<Segment>,
    pub(super) storage: Arc<dyn Storage>,
    /// The coded pictures and the encoder's name.
    pub(super) shape: VideoInfo,
    pub(super) encoder: &'static str,
    pub(super) codec: Codec,
    pub(super) stereo: Option<StereoPacking>,
    /// Seconds per slot, and frames per second if the container may state a rate.
    pub(super) time_base: Rational,
    pub(super) frame_rate: Option<Rational>,
    pub(super) metadata: Vec<(String, String)>,
    pub(super) started_at: String,
    /// How the container carries the packets.
    stream: ContainerStream,
    /// `None` once the file has ended or failed.
    muxer: Option<Muxer>,
    pub(super) syncer: Option<Syncer>,
    /// The packet that waits for the next one, which determines its duration.
    held: Option<Packet>,
    /// Decoding time of the first packet: below 0 where frames are reordered.
    first_dts: Option<i64>,
    /// Time at which each packet in the muxer left the encoder.
    in_muxer: Vec<u64>,
    /// Length of the file up to the last closed fragment or cluster.
    pub(super) flushed_bytes: u64,
    /// Slot after the last packet in it.
    pub(super) flushed_slot: i64,
    /// Time at which the fragment or cluster is to be closed.
    flush_at_ns: Option<u64>,
    /// Whether the container was closed properly.
    pub(super) is_finalised: bool,
    /// Whether another program has cut the file.
    pub(super) is_cut: bool,
    // Let go last.
    _permit: OpenPermit,
}

impl OpenFile {
    /// Writes the header for a stream, whose first frame was captured at `captured_ns`.
    pub(super) fn begin(state: &Arc<FileState>, file: NewFile, start: &StreamStart, captured_ns: u64) -> Result<Self> {
        let NewFile { segment, storage, permit } = file;
        let stream = &start.stream;
        let carried = ContainerStream::new(stream, state.container)?;
        let started_at = iso8601(state.clock.wall_clock_ms_at(captured_ns));
        let metadata = metadata(state, &started_at);
        // QuickTime has a box for the eyes, but none for how they are packed.
        let stereo = stream.stereo.filter(|_| state.container != Container::Mov);
        storage.truncate(0).map_err(|error| storage_error(&segment, &error))?;
        let muxer = Muxer::begin(
            storage.clone(),
            &MuxerConfig {
                muxer: state.container.info().muxer,
                parameters: carried.parameters(),
                time_base: start.time_base,
                frame_rate: start.frame_rate,
                is_fragmented: state.container.is_fragmented(),
                geometry: stream.shape.tags.geometry,
                stereo,
                options: &live_options(state.container),
                metadata: &metadata,
            },
        )
        .map_err(|error| mux_error(&segment, &error))?;
        state.segments.time_base.get_or_init(|| start.time_base);
        let syncer = Syncer::start(state, &segment, &storage)?;
        let mut file = Self {
            state: state.clone(),
            segment,
            storage,
            shape: stream.shape,
            encoder: stream.encoder,
            codec: stream.codec,
            stereo,
            time_base: start.time_base,
            frame_rate: start.frame_rate,
            metadata,
            started_at,
            stream: carried,
            muxer: Some(muxer),
            syncer: Some(syncer),
            held: None,
            first_dts: None,
            in_muxer: Vec::new(),
            flushed_bytes: 0,
            flushed_slot: 0,
            flush_at_ns: None,
            is_finalised: false,
            is_cut: false,
            _permit: permit,
        };
        file.note_flushed();
        Ok(file)
    }

    /// Takes a packet.
    pub(super) fn take(&mut self, coded: &CodedPacket) {
        self.in_muxer.push(coded.encoded_ns);
        self.guarded(|this| this.packet(&coded.packet));
    }

    /// Time at which the fragment or cluster is to be closed by [`Self::flush`]; `None` while it is empty: the held
    /// packet alone cannot be written.
    pub(super) fn flush_at_ns(&self) -> Option<u64> {
        let held = usize::from(self.held.is_some());
        self.flush_at_ns.filter(|_| self.in_muxer.len() > held)
    }

    /// Closes the fragment or cluster: everything in it has then been handed to the operating system.
    pub(super) fn flush(&mut self) {
        self.guarded(Self::flush_muxer);
    }

    /// Ends the file with the frame before `slot` of the recording's time line; without one, with the last flush.
    pub(super) fn end(&mut self, slot: Option<i64>) {
        if let Some(slot) = slot {
            let slot = slot - self.segment.start;
            self.guarded(|this| this.finish(slot));
        }
        self.muxer = None;
        self.count_failed();
    }

    /// Runs a step; an error or a panic fails the output.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<()>) {
        let action = format!("write {:?}", self.segment.name);
        if self.muxer.is_some()
            && let Err(error) = guard(Stage::Mux, action, || step(self))
        {
            self.muxer = None;
            self.state.fail(error);
        }
        self.count_failed();
    }

    /// Counts the packets in a muxer that an error has closed as failed.
    fn count_failed(&mut self) {
        if self.muxer.is_none() {
            self.state.packets.counters.failed(self.in_muxer.len() as u64);
            self.in_muxer.clear();
            self.held = None;
            self.flush_at_ns = None;
        }
    }

    fn packet(&mut self, packet: &Packet) -> Result<()> {
        let mut packet = self.stream.packet(packet).map_err(|error| mux_error(&self.segment, &error))?;
        packet.shift(-self.segment.start);
        let next = packet.dts().or(packet.pts()).unwrap_or(0);
        // The first fragment is closed at once, so that the file opens from its second frame on.
        let is_second = self.held.is_some() && self.flushed_slot == 0;
        self.first_dts.get_or_insert(next);
        self.write_held(|dts| next - dts)?;
        let now_ns = self.state.clock.now_ns();
        let flush_at_ns = *self.flush_at_ns.get_or_insert(now_ns + FLUSH_NS);
        self.held = Some(packet);
        if is_second || now_ns >= flush_at_ns { self.flush_muxer() } else { Ok(()) }
    }

    /// Writes the waiting packet to the muxer; `duration` makes its duration from its decoding time.
    fn write_held(&mut self, duration: impl FnOnce(i64) -> i64) -> Result<()> {
        let (Some(mut held), Some(muxer)) = (self.held.take(), &mut self.muxer) else { return Ok(()) };
        let pts = held.pts().unwrap_or(0);
        let ticks = duration(held.dts().unwrap_or(pts)).max(1);
        held.set_duration(ticks);
        self.segment.end_slot.fetch_max(pts + ticks, SeqCst);
        muxer.write(&mut held).map_err(|error| mux_error(&self.segment, &error))
    }

    fn flush_muxer(&mut self) -> Result<()> {
        self.flush_at_ns = None;
        self.watch_length();
        let Some(muxer) = &mut self.muxer else { return Ok(()) };
        muxer.flush().map_err(|error| mux_error(&self.segment, &error))?;
        self.note_flushed();
        Ok(())
    }

    /// Reports once that the file is shorter than what was written: another program has cut it.
    pub(super) fn watch_length(&mut self) {
        let Ok(length) = self.storage.size() else { return };
        if length >= self.flushed_bytes || std::mem::replace(&mut self.is_cut, true) {
            return;
        }
        let message = format!(
            "Cannot keep all of {:?}: another program has cut it from {} to {length} bytes; frames in the part that is \
             gone are lost, and the recording goes on",
            self.segment.name, self.flushed_bytes
        );
        self.state.reporter.warn(Error::new(Code::Io, Stage::Storage, message));
    }

    /// Notes that every packet of the muxer is in the file; only the held packet is not.
    fn note_flushed(&mut self) {
        self.flushed_bytes = self.storage.size().unwrap_or(self.flushed_bytes);
        self.flushed_slot = self.segment.end_slot.load(SeqCst);
        self.segment.bytes.store(self.flushed_bytes, SeqCst);
        let held = usize::from(self.held.is_some());
        let count = self.in_muxer.len() - held.min(self.in_muxer.len());
        let written: Vec<u64> = self.in_muxer.drain(..count).collect();
        self.state.packets.counters.written(written.len() as u64);
        let mut unsynced = self.segment.unsynced.lock();
        unsynced.frames += written.len() as u64;
        unsynced.encoded_ns.extend(written);
        if held > 0 {
            self.flush_at_ns = Some(self.state.clock.now_ns() + FLUSH_NS);
        }
    }

    fn finish(&mut self, slot: i64) -> Result<()> {
        self.watch_length();
        let first_dts = self.first_dts.unwrap_or(0);
        self.write_held(|dts| slot - (dts - first_dts))?;
        let Some(muxer) = self.muxer.take() else { return Ok(()) };
        self.segment.end_slot.fetch_max(slot, SeqCst);
        muxer.finish().map_err(|error| mux_error(&self.segment, &error))?;
        self.note_flushed();
        self.is_finalised = true;
        Ok(())
    }
}

/// The container's metadata, by FFmpeg's names.
fn metadata(state: &FileState, started_at: &str) -> Vec<(String, String)> {
    let given = &state.options.metadata;
    [
        ("title", given.title.as_deref()),
        ("comment", given.comment.as_deref()),
        ("creation_time", Some(given.creation_time.as_deref().unwrap_or(started_at))),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())))
    .collect()
}

fn mux_error(segment: &Segment, error: &AvError) -> Error {
    match error.os_error() {
        Some(os) => storage_error(segment, &os),
        None => error.explain(Code::MuxFailed, Stage::Mux, &format!("write {:?}", segment.name)),
    }
}

pub(super) fn storage_error(segment: &Segment, error: &std::io::Error) -> Error {
    Error::from_io(Stage::Storage, "write", &segment.name, error)
}

/// Options for a file that opens at any moment: fragments and clusters are closed by [`OpenFile::flush`].
fn live_options(container: Container) -> Vec<(String, String)> {
    let options: &[(&str, &str)] = match container {
        Container::Mp4 | Container::Mov => {
            &[("movflags", "frag_custom+empty_moov+default_base_moof+negative_cts_offsets")]
        }
        _ => &[],
    };
    options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
