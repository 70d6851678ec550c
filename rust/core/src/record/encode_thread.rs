//! The encoder's thread: frames in, packets out.

use std::{collections::VecDeque, sync::Arc};

use super::{
    encoder_clock::EncoderClock,
    encoder_state::EncoderState,
    grid::{Grid, Placed},
    options::{OnGap, OnResize},
    packets::{PacketHub, StreamStart},
    surplus::Surplus,
};
use crate::{
    av::{Packet, Picture, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage, guard, guard_thread},
        time::Rational,
    },
    codec::{Encoder, EncoderChoice, Loss},
    frame::{Frame, FrameShape, SharedFrame, Views},
    pipeline::{
        input::{Input, InputReceiver, Upcoming},
        report::DropReason,
    },
    sys::give_way,
};

const NANOSECONDS: Rational = Rational::new(1, 1_000_000_000);

/// The views of frames that are encoded, and how.
pub(super) struct EncodeConfig {
    /// The name of the recording in messages.
    pub(super) label: String,
    /// Encode only this view of each frame.
    pub(super) view: Option<u32>,
    pub(super) on_resize: OnResize,
    pub(super) on_gap: OnGap,
    pub(super) choice: Arc<EncoderChoice>,
    pub(super) grid: Grid,
}

/// An open encoder.
struct OpenEncoder {
    encoder: Encoder,
    /// Frames per second that it was opened for.
    rate: Rational,
    /// Its clock, once it has got a frame.
    clock: Option<EncoderClock>,
}

/// A frame inside the encoder.
struct Inside {
    /// Its time as the encoder counts.
    pts: i64,
    captured_ns: u64,
}

/// The thread of one encoder.
pub(super) struct EncodeThread {
    state: Arc<EncoderState>,
    input: InputReceiver,
    config: EncodeConfig,
    packets: PacketHub,
    open: Option<OpenEncoder>,
    inside: VecDeque<Inside>,
    /// Frames that come faster than the requested rate.
    surplus: Surplus,
    /// Whether a frame is at hand that is in no bucket yet.
    has_frame: bool,
    has_failed: bool,
    /// Whether a change of the number of views was reported, and one of their size.
    has_warned: (bool, bool),
    has_warned_of_loss: bool,
}

impl EncodeThread {
    pub(super) fn new(
        state: Arc<EncoderState>,
        input: InputReceiver,
        config: EncodeConfig,
        packets: PacketHub,
    ) -> Self {
        Self {
            state,
            input,
            config,
            packets,
            open: None,
            inside: VecDeque::new(),
            surplus: Surplus::default(),
            has_frame: false,
            has_failed: false,
            has_warned: (false, false),
            has_warned_of_loss: false,
        }
    }

    /// Runs until the input is closed; afterwards the outputs know the end, even after an error.
    pub(super) fn run(mut self) {
        give_way();
        let action = format!("encode to {:?}", self.config.label);
        let worked = guard_thread(Stage::Encode, action, || self.work());
        if let Err(error) = worked {
            self.give_up();
            self.state.reporter.fail(error);
        }
    }

    fn work(&mut self) {
        while let Some(input) = self.input.next() {
            self.handle(input);
        }
        self.guarded(Self::finish_stream);
        self.warn_of_surplus();
        self.state.input.counters.failed(self.inside.len() as u64);
        let end = self.state.input.last_time().map_or(0, |last| self.config.grid.end_after(&last));
        self.packets.end(end);
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Upcoming(Upcoming { shape, rate, is_first }) => {
                if let Some(rate) = rate {
                    if is_first {
                        self.config.grid.note_source_rate(rate);
                    }
                    self.surplus.note_source_rate(rate, self.config.grid.rate());
                }
                let views = if self.config.view.is_some() { 1 } else { shape.views };
                self.guarded(|this| this.prepare(FrameShape { views, ..shape }));
            }
            Input::Frame(frame, _) => {
                self.has_frame = true;
                self.guarded(|this| this.encode(&frame));
                self.state.input.counters.failed(u64::from(std::mem::take(&mut self.has_frame)));
            }
        }
    }

    /// Runs a step; an error or a panic fails the encoder, and with it the frames inside.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<()>) {
        if self.packets.is_deserted() && !self.has_failed {
            self.give_up();
        }
        if self.has_failed {
            return;
        }
        let action = format!("encode to {:?}", self.config.label);
        if let Err(error) = guard(Stage::Encode, action, || step(self)) {
            self.give_up();
            self.state.reporter.fail(error);
        }
    }

    /// From now on frames are counted as failed.
    fn give_up(&mut self) {
        self.has_failed = true;
        self.open = None;
        self.state.input.mark_failed();
        // A file without a frame does not stay.
        self.packets.give_up();
    }

    /// Opens an encoder for frames of shape `input`, unless one has begun to encode, or was opened for such.
    fn prepare(&mut self, input: FrameShape) -> Result<()> {
        let is_alike = |open: FrameShape| {
            let has_fields = |shape: FrameShape| shape.view.tags.geometry.field_order;
            let is_same = open.view.format == input.view.format && has_fields(open) == has_fields(input);
            is_same && !is_resized(open, input)
        };
        let rate = self.config.grid.rate();
        let fits = |open: &OpenEncoder| open.clock.is_some() || open.rate == rate && is_alike(open.encoder.input());
        if !self.open.as_ref().is_some_and(fits) {
            let encoder = self.config.choice.open(input, rate)?;
            self.warn_of_loss(&encoder);
            self.open = Some(OpenEncoder { encoder, rate, clock: None });
        }
        Ok(())
    }

    fn encode(&mut self, frame: &SharedFrame) -> Result<()> {
        let is_after_gap = frame.loss.as_ref().is_some_and(|loss| loss.gap.is_some());
        if is_after_gap && self.config.on_gap == OnGap::Black {
            self.fill_gap(frame)?;
        }
        let views = self.recorded_views(frame)?;
        let input = FrameShape::of(views);
        self.prepare(input)?;
        let end = self.config.grid.end();
        let placed = self.config.grid.place(frame);
        if self.surplus.note(frame.time(), placed.is_none()) {
            self.warn_of_surplus();
        }
        let Some(Placed { slot, jump, cut }) = placed else {
            self.has_frame = false;
            self.state.input.counters.dropped(DropReason::FrameRate, 1);
            return Ok(());
        };
        if let Some(seconds) = jump {
            self.state.report_jump(self.config.grid.seconds(slot), seconds);
        }
        if let Some(end) = cut {
            self.state.reporter.warn(self.config.grid.pause(slot - end, &self.config.label));
        }
        if let Some(loss) = &frame.loss {
            self.state.note_loss(loss, self.config.grid.seconds(slot));
        }
        let is_cut_by_gap = is_after_gap && self.config.on_gap == OnGap::Segment && slot > 0;
        let cut = cut.or(is_cut_by_gap.then_some(end.min(slot)));
        match self.open.as_ref().map(|open| open.encoder.input()) {
            Some(open) if cut.is_some() || is_resized(open, input) && self.config.on_resize == OnResize::Segment => {
                self.finish_stream()?;
                self.open = None;
                self.prepare(input)?;
            }
            Some(open) if is_resized(open, input) => self.warn_of_change(open, input),
            _ => {}
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let clock = open.clock.get_or_insert_with(|| {
            let grid = &self.config.grid;
            let (rate, time_base) = (grid.rate(), grid.time_base());
            let frame_rate = (!grid.keeps_times()).then_some(rate);
            self.packets.begin(StreamStart { stream: open.encoder.stream().clone(), slot, cut, time_base, frame_rate });
            EncoderClock::new(rate, time_base, slot)
        });
        let pts = clock.next(slot);
        self.has_frame = false;
        self.inside.push_back(Inside { pts, captured_ns: frame.captured_ns });
        open.encoder.send(views, pts, is_after_gap)?;
        self.take_packets()
    }

    /// Encodes a black frame, which is shown from the end of the last frame until `next`.
    fn fill_gap(&mut self, next: &Frame) -> Result<()> {
        let Some(gap) = next.loss.as_ref().and_then(|loss| loss.gap.as_ref()) else { return Ok(()) };
        let period = Rational::rescale(1, self.config.grid.rate().inverse(), next.time_base).max(1);
        let gap_ns = i64::try_from(gap.to_ns.saturating_sub(gap.from_ns)).unwrap_or(i64::MAX);
        let length = Rational::rescale(gap_ns, NANOSECONDS, next.time_base);
        if self.open.as_ref().is_none_or(|open| open.clock.is_none()) || length <= 2 * period {
            return Ok(());
        }
        let black = |view: &Picture| Picture::black(VideoInfo::of(view));
        let views: std::result::Result<Views, _> = next.views.iter().map(black).collect();
        let views = views
            .map_err(|error| error.explain(Code::ResourceExhausted, Stage::Encode, "make a black frame for a gap"))?;
        self.state.input.counters.captured();
        self.state.losses.lock().inserted += 1;
        let frame = Frame {
            views,
            sequence: next.sequence,
            pts: next.pts - length + period,
            time_base: next.time_base,
            duration: None,
            captured_ns: next.captured_ns,
            session_start_ms: next.session_start_ms,
            loss: None,
            coded: None,
        };
        let had_frame = std::mem::replace(&mut self.has_frame, true);
        let encoded = self.encode(&Arc::new(frame));
        // A frame that failed stays in no bucket but that of failed ones.
        self.state.input.counters.failed(u64::from(std::mem::replace(&mut self.has_frame, had_frame)));
        encoded
    }

    /// The views of a frame that are recorded: the chosen one, or all.
    fn recorded_views<'a>(&self, frame: &'a Frame) -> Result<&'a [Picture]> {
        let views = frame.views.as_slice();
        let Some(view) = self.config.view else { return Ok(views) };
        views.get(view as usize).map(std::slice::from_ref).ok_or_else(|| {
            let has = match views.len() {
                1 => "a frame has only view 0".to_owned(),
                count => format!("a frame has only views 0 to {}", count - 1),
            };
            Error::argument("view", format!("Cannot record view {view} to {:?}: {has}", self.config.label))
        })
    }

    fn warn_of_surplus(&mut self) {
        let captured = self.state.input.counters.snapshot().captured;
        let report = self.surplus.report(&self.config.label, self.config.grid.rate(), captured);
        report.into_iter().for_each(|error| self.state.reporter.warn(error));
    }

    /// Reports once that the number of views has changed, and once that their size or shape has.
    fn warn_of_change(&mut self, open: FrameShape, now: FrameShape) {
        let (has_warned, change) = if open.views == now.views {
            let change = format!("one of {} is fitted into {}", now.view.size_in_words(), open.view.size_in_words());
            (&mut self.has_warned.1, change)
        } else {
            let change = format!("a frame has {} views where the first one had {}", now.views, open.views);
            (&mut self.has_warned.0, change)
        };
        if !std::mem::replace(has_warned, true) {
            let message = format!(
                "Cannot record the frames of {:?} as they come: {change}; set onResize to segment to go on in a new file",
                self.config.label
            );
            let error = Error::new(Code::EncodeFailed, Stage::Encode, message).with_field("onResize");
            self.state.reporter.warn(error);
        }
    }

    /// Reports once that the coded pictures have less of the frames than one would expect.
    fn warn_of_loss(&mut self, encoder: &Encoder) {
        let Some(loss) = encoder.loss().filter(|_| !self.has_warned_of_loss) else { return };
        self.has_warned_of_loss = true;
        let (from, stream) = (encoder.input().view.format.name(), encoder.stream());
        let (name, to) = (stream.encoder, stream.shape.format.name());
        let (what, fix) = match loss {
            Loss::Bits { had, has } => (
                format!("{name} gets {has} of the {had} bits of each sample"),
                "use FFV1, or profile lossless where the encoder keeps them",
            ),
            Loss::Alpha => (format!("{name} leaves their transparency out"), "use FFV1, which keeps it"),
        };
        let label = &self.config.label;
        let message =
            format!("Cannot keep all of the {from} frames in {label:?}, which are coded as {to}: {what}; {fix}");
        let error = Error::new(Code::EncodeFailed, Stage::Encode, message).with_field("codec");
        self.state.reporter.warn(error);
    }

    /// Makes the packets of all frames inside; frames without one are the encoder's drops.
    fn finish_stream(&mut self) -> Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.encoder.drain()?;
        self.take_packets()?;
        let missing = self.inside.len() as u64;
        self.inside.clear();
        if missing > 0 {
            self.state.input.counters.dropped(DropReason::Encoder, missing);
        }
        Ok(())
    }

    fn take_packets(&mut self) -> Result<()> {
        while let Some(open) = &mut self.open {
            let Some(mut packet) = open.encoder.receive()? else { return Ok(()) };
            let pts = packet.pts();
            if let (Some(clock), Some(pts)) = (&mut open.clock, pts) {
                let dts = packet.dts().unwrap_or(pts);
                packet.set_times(clock.slot(pts), clock.slot(dts));
                clock.forget_before(dts);
            }
            self.publish(&packet, pts)?;
        }
        Ok(())
    }

    /// Sends a packet, of the frame that has the time `pts` of the encoder, to the outputs.
    fn publish(&mut self, packet: &Packet, pts: Option<i64>) -> Result<()> {
        let encoded_ns = self.state.clock.now_ns();
        let index = self.inside.iter().position(|inside| Some(inside.pts) == pts);
        // A packet without its frame would be counted twice; encoders here make one packet of each picture.
        let Some(inside) = index.and_then(|index| self.inside.remove(index)) else { return Ok(()) };
        self.state.capture_to_packet.record(encoded_ns.saturating_sub(inside.captured_ns));
        self.state.input.counters.written(1);
        self.packets.publish(packet, inside.captured_ns, encoded_ns)
    }
}

/// Whether frames of these shapes fit no common stream without being changed.
fn is_resized(before: FrameShape, now: FrameShape) -> bool {
    before.views != now.views || !before.view.is_shown_alike(&now.view)
}
