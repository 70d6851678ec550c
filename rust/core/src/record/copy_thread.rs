//! The thread of a writer that encodes nothing: packets of a live source in, the same packets out, with their times.

use std::sync::Arc;

use super::{
    encoder_state::EncoderState,
    grid::{Grid, Placed},
    options::{FileWriterOptions, OnGap, OnResize},
    packets::{PacketHub, StreamStart},
};
use crate::{
    av::{AvError, Packet},
    base::{
        error::{Code, Error, Result, Stage, guard, guard_thread},
        time::RecordingRate,
    },
    codec::{Codec, Container, EncodedStream},
    frame::{CodedFrame, CodedStream, Frame, FrameLoss, Gap},
    pipeline::{
        input::{Input, InputReceiver, Upcoming, no_packets},
        report::DropReason,
    },
    sys::give_way,
};

/// What stands for the name of an encoder.
pub(super) const COPIED: &str = "copy";

/// Where packets are copied to, and how.
pub(super) struct CopyConfig {
    /// The name of the recording in messages.
    label: String,
    container: Container,
    on_resize: OnResize,
    on_gap: OnGap,
    grid: Grid,
    /// Whether the rate was given, so that the source's does not count.
    has_rate: bool,
}

impl CopyConfig {
    pub(super) fn new(options: &FileWriterOptions, container: Container) -> Self {
        let may_cut = options.on_resize == OnResize::Segment;
        let grid = Grid::new(RecordingRate::Source, container).cutting(may_cut);
        let (grid, has_rate) = match options.frame_rate {
            RecordingRate::Fixed(rate) => (grid.with_nominal_rate(rate), true),
            RecordingRate::Source => (grid, false),
        };
        let FileWriterOptions { on_resize, on_gap, .. } = *options;
        Self { label: options.path.clone(), container, on_resize, on_gap, grid, has_rate }
    }
}

/// The thread of one writer that copies.
pub(super) struct CopyThread {
    state: Arc<EncoderState>,
    input: InputReceiver,
    config: CopyConfig,
    packets: PacketHub,
    /// The stream that the file was begun with.
    begun: Option<Arc<CodedStream>>,
    /// The start of the source that the last packet was of.
    start: u64,
    /// Packets up to the next key frame build on what is not in the file.
    awaits_key: bool,
    /// The next key frame begins another file.
    awaits_file: bool,
    /// The end of the last frame in the file, if the container cannot express what is between it and the next one.
    cut: Option<i64>,
    /// What is missing before the next packet that is written.
    loss: FrameLoss,
    /// Whether a frame is at hand that is in no bucket yet.
    has_frame: bool,
    has_failed: bool,
    has_warned_of_change: bool,
}

impl CopyThread {
    pub(super) fn new(state: Arc<EncoderState>, input: InputReceiver, config: CopyConfig, packets: PacketHub) -> Self {
        Self {
            state,
            input,
            config,
            packets,
            begun: None,
            start: 0,
            awaits_key: true,
            awaits_file: false,
            cut: None,
            loss: FrameLoss::default(),
            has_frame: false,
            has_failed: false,
            has_warned_of_change: false,
        }
    }

    /// Runs until the input is closed; afterwards the outputs know the end, even after an error.
    pub(super) fn run(mut self) {
        give_way();
        let worked = guard_thread(Stage::Mux, self.action(), || self.work());
        if let Err(error) = worked {
            self.give_up();
            self.state.reporter.fail(error);
        }
    }

    fn action(&self) -> String {
        format!("copy packets to {:?}", self.config.label)
    }

    fn work(&mut self) {
        while let Some(input) = self.input.next() {
            match input {
                Input::Upcoming(Upcoming { rate: Some(rate), is_first: true, .. }) if !self.config.has_rate => {
                    self.config.grid.note_source_rate(rate);
                }
                Input::Upcoming(_) => {}
                Input::Frame(frame, _) => {
                    self.has_frame = true;
                    self.guarded(&frame);
                    self.state.input.counters.failed(u64::from(std::mem::take(&mut self.has_frame)));
                }
            }
        }
        self.warn_of_nothing();
        let end = self.state.input.last_time().map_or(0, |last| self.config.grid.end_after(&last));
        self.packets.end(end);
    }

    /// Copies a frame; an error or a panic fails the writer.
    fn guarded(&mut self, frame: &Frame) {
        if self.packets.is_deserted() && !self.has_failed {
            self.give_up();
        }
        if self.has_failed {
            return;
        }
        if let Err(error) = guard(Stage::Mux, self.action(), || self.copy(frame)) {
            self.give_up();
            self.state.reporter.fail(error);
        }
    }

    /// From now on frames are counted as failed.
    fn give_up(&mut self) {
        self.has_failed = true;
        self.state.input.mark_failed();
        // A file without a frame does not stay.
        self.packets.give_up();
    }

    fn copy(&mut self, frame: &Frame) -> Result<()> {
        let Some(coded) = &frame.coded else { return Err(no_packets("the frames of a program")) };
        self.note_loss(frame);
        let is_key = coded.is_key();
        // Another connection has other pictures to build on.
        self.awaits_key |= self.start != coded.stream.start;
        self.start = coded.stream.start;
        if self.awaits_key && !is_key {
            return self.leave_out();
        }
        let is_file_due = self.is_file_due(coded)?;
        let end = self.config.grid.end();
        // Where frames keep their times there is a place for each.
        let Some(Placed { slot, jump, cut }) = self.config.grid.place(frame) else { return self.leave_out() };
        if let Some(seconds) = jump {
            self.state.report_jump(self.config.grid.seconds(slot), seconds);
        }
        if let Some(end) = cut {
            self.state.reporter.warn(self.config.grid.pause(slot - end, &self.config.label));
            self.cut = Some(end);
            self.awaits_key = !is_key;
        }
        if self.awaits_key && !is_key {
            return self.leave_out();
        }
        self.awaits_key = false;
        self.account_for_loss(frame, slot);
        let cut = self.cut.take();
        if is_file_due || cut.is_some() {
            self.begin(&coded.stream, slot, cut.or(self.begun.is_some().then_some(end.min(slot))));
        }
        self.publish(coded, frame.captured_ns, slot)
    }

    /// Drops a frame that cannot be decoded here.
    fn leave_out(&mut self) -> Result<()> {
        self.has_frame = false;
        self.state.input.counters.dropped(DropReason::AwaitingKeyFrame, 1);
        Ok(())
    }

    /// Keeps what is missing before a frame, until one is written.
    fn note_loss(&mut self, frame: &Frame) {
        let Some(loss) = &frame.loss else { return };
        self.loss.frames += loss.frames;
        let Some(gap) = &loss.gap else { return };
        let from_ns = self.loss.gap.as_ref().map_or(gap.from_ns, |first| first.from_ns);
        self.loss.gap = Some(Gap { from_ns, ..gap.clone() });
        self.awaits_file |= self.config.on_gap == OnGap::Segment && self.begun.is_some();
    }

    /// Reports what is missing before a frame that is written. A gap ends with it.
    fn account_for_loss(&mut self, frame: &Frame, slot: i64) {
        let mut loss = std::mem::take(&mut self.loss);
        if let Some(gap) = &mut loss.gap {
            gap.to_ns = frame.captured_ns;
        }
        if loss.frames > 0 || loss.gap.is_some() {
            self.state.note_loss(&loss, self.config.grid.seconds(slot));
        }
    }

    /// Whether a frame begins a file.
    fn is_file_due(&mut self, coded: &CodedFrame) -> Result<bool> {
        let stream = &coded.stream;
        let Some(begun) = &self.begun else { return Ok(true) };
        if !coded.is_key() {
            return Ok(false);
        }
        if std::mem::take(&mut self.awaits_file) {
            return Ok(true);
        }
        let is_resized = !begun.shape.is_shown_alike(&stream.shape);
        let is_other = begun.codec != stream.codec || begun.units() != stream.units();
        if !is_resized && !is_other {
            return Ok(false);
        }
        self.config.container.check_copied(&self.config.label, &stream.codec)?;
        if self.config.on_resize == OnResize::Segment {
            return Ok(true);
        }
        if is_other {
            let message = format!(
                "Cannot go on in {:?}: the packets of its source are coded in another way now, as {} after {}; set onResize \
                 to segment to go on in a new file",
                self.config.label, stream.codec, begun.codec
            );
            return Err(Error::new(Code::MuxFailed, Stage::Mux, message).with_field("onResize"));
        }
        if !std::mem::replace(&mut self.has_warned_of_change, true) {
            let message = format!(
                "Cannot state in {:?} that its pictures are {} after {}: the packets are recorded as they come, and some \
                 players will not show them; set onResize to segment to go on in a new file",
                self.config.label,
                stream.shape.size_in_words(),
                begun.shape.size_in_words(),
            );
            self.state.reporter.warn(Error::new(Code::MuxFailed, Stage::Mux, message).with_field("onResize"));
        }
        Ok(false)
    }

    /// Begins a file with a key frame at `slot`; the one before ends at `cut`.
    fn begin(&mut self, stream: &Arc<CodedStream>, slot: i64, cut: Option<i64>) {
        self.awaits_file = false;
        self.begun = Some(stream.clone());
        let encoded = EncodedStream {
            codec: Codec::of_copied(&stream.codec),
            encoder: COPIED,
            parameters: stream.parameters.clone(),
            shape: stream.shape,
            stereo: None,
            is_copied: true,
        };
        let time_base = self.config.grid.time_base();
        self.packets.begin(StreamStart { stream: encoded, slot, cut, time_base, frame_rate: None });
    }

    fn publish(&mut self, coded: &CodedFrame, captured_ns: u64, slot: i64) -> Result<()> {
        let mut packet = self.packet(coded).map_err(|error| {
            error.explain(Code::ResourceExhausted, Stage::Mux, &format!("copy a packet to {:?}", self.config.label))
        })?;
        packet.set_times(slot, slot);
        let now_ns = self.state.clock.now_ns();
        self.has_frame = false;
        self.state.capture_to_packet.record(now_ns.saturating_sub(captured_ns));
        self.state.input.counters.written(1);
        self.packets.publish(&packet, captured_ns, now_ns)
    }

    /// The packet of a frame. Parameter sets go in front of it if neither the file nor the packet has them.
    fn packet(&self, CodedFrame { packet, stream }: &CodedFrame) -> std::result::Result<Packet, AvError> {
        let has_same_sets = self.begun.as_ref().is_none_or(|begun| {
            Arc::ptr_eq(begun, stream) || begun.parameters.extradata() == stream.parameters.extradata()
        });
        if has_same_sets || !packet.is_key() || !stream.sets_in(packet).is_empty() {
            return packet.reference();
        }
        packet.with_prefix(&stream.sets_as_units())
    }

    /// Says why a writer that got packets has written none.
    fn warn_of_nothing(&self) {
        let ledger = self.state.input.counters.snapshot();
        if self.begun.is_some() || ledger.dropped == 0 || self.has_failed {
            return;
        }
        let message = format!(
            "Cannot record anything to {:?}: no key frame came among {} packets, so that none can be decoded; have the \
             camera send key frames more often, or record for longer",
            self.config.label, ledger.captured
        );
        self.state.reporter.warn(Error::new(Code::NoVideo, Stage::Mux, message));
    }
}
