//! The encoder thread: frames in, packets out.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::SeqCst},
};

use crossbeam_channel::TrySendError;

use super::{
    file::files::{Files, Output},
    file::mux::Coded,
    grid::Grid,
    options::{FileWriterOptions, OnResize},
    state::Shared,
};
use crate::{
    av::{Packet, Picture},
    base::error::{Code, Error, Result, Stage},
    codec::{Encoder, EncoderChoice},
    frame::{Frame, FrameShape, SharedFrame},
    pipeline::{
        intake::{Inbox, Parcel},
        report::{DropReason, Event},
    },
    sys::monotonic_ns,
};

/// An open encoder and what became of it.
struct Open {
    encoder: Encoder,
    /// Whether it has got a frame.
    is_used: bool,
    /// Goes before the first packet: a recording without one leaves no file.
    begin: Option<Coded>,
}

/// A frame inside the encoder.
struct Inside {
    position: i64,
    captured_ns: u64,
}

/// The encoder thread of one writer.
pub(super) struct EncodeThread {
    pub(super) shared: Arc<Shared>,
    pub(super) inbox: Inbox,
    pub(super) options: FileWriterOptions,
    pub(super) choice: EncoderChoice,
    pub(super) grid: Grid,
    pub(super) files: Files,
    /// The file that is recorded.
    pub(super) output: Option<Output>,
    pub(super) state: State,
}

/// What the encoder thread remembers.
#[derive(Default)]
pub(super) struct State {
    open: Option<Open>,
    inside: VecDeque<Inside>,
    /// Whether a frame is at hand that is in no bucket yet.
    has_frame: bool,
    /// Whether it was told that the number of views has changed.
    has_warned: bool,
}

impl EncodeThread {
    /// Runs until the writer is closed; afterwards the end is in the packet queue, whatever happened.
    pub(super) fn run(mut self) {
        while let Some(parcel) = self.inbox.next() {
            self.handle(parcel);
        }
        self.guarded(Self::finish);
        self.shared.gate.counters.failed(self.state.inside.len() as u64);
        let last = self.shared.gate.last_pts();
        self.end_file(last.map_or(0, |(pts, time_base)| self.grid.end_after(pts, time_base)));
    }

    fn handle(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Shape(shape) => {
                let views = if self.options.view.is_some() { 1 } else { shape.views };
                self.guarded(|this| this.prepare(FrameShape { views, ..shape }));
            }
            Parcel::Frame(frame, _) => {
                self.state.has_frame = true;
                self.guarded(|this| this.encode(&frame));
                self.shared.gate.counters.failed(u64::from(std::mem::take(&mut self.state.has_frame)));
            }
        }
    }

    /// Runs a step; an error or a panic fails the writer, and with it the frames inside the encoder.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<()>) {
        if self.shared.has_failed() {
            return;
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| step(self)));
        let error = match outcome {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => Error::new(
                Code::Internal,
                Stage::Encode,
                format!("Cannot encode to {:?}: a defect of this library was met; please report it", self.options.path),
            ),
        };
        self.state.open = None;
        self.shared.fail(error);
    }

    /// Opens an encoder for frames of shape `input`, unless one has begun to encode, or was opened for such.
    fn prepare(&mut self, input: FrameShape) -> Result<()> {
        let is_alike = |open: FrameShape| open.view.format == input.view.format && !is_resized(open, input);
        if self.state.open.as_ref().is_some_and(|open| open.is_used || is_alike(open.encoder.input())) {
            return Ok(());
        }
        let encoder = self.choice.open(input)?;
        let begin = Some(Coded::Begin(encoder.stream().clone()));
        self.state.open = Some(Open { encoder, is_used: false, begin });
        Ok(())
    }

    fn encode(&mut self, frame: &SharedFrame) -> Result<()> {
        let views = recorded_views(&self.options, frame)?;
        let input = FrameShape::of(views);
        self.prepare(input)?;
        let Some(position) = self.grid.place(frame) else {
            self.state.has_frame = false;
            self.shared.drop_frames(DropReason::FrameRate, 1);
            return Ok(());
        };
        match self.state.open.as_ref().map(|open| open.encoder.input()) {
            Some(open) if is_resized(open, input) && self.options.on_resize == OnResize::Segment => {
                self.begin_file(position, input)?;
            }
            Some(open) if open.views != input.views => self.warn_of_views(open.views, input.views),
            _ => {}
        }
        let position = position - self.output.as_ref().map_or(0, |output| output.start);
        self.state.has_frame = false;
        self.state.inside.push_back(Inside { position, captured_ns: frame.captured_ns });
        let Some(open) = &mut self.state.open else { return Ok(()) };
        open.is_used = true;
        open.encoder.send(views, position)?;
        self.take_packets()
    }

    /// Ends the file and goes on in the next one with a frame at `position`.
    fn begin_file(&mut self, position: i64, input: FrameShape) -> Result<()> {
        self.finish()?;
        self.state.open = None;
        // The last frame is shown until this one comes.
        self.end_file(position);
        // Making a file may take the disk a moment.
        self.shared.storage_blocks.store(true, SeqCst);
        let next = self.files.open(position);
        self.shared.storage_blocks.store(false, SeqCst);
        self.output = Some(next?);
        self.prepare(input)
    }

    fn warn_of_views(&mut self, open: u32, now: u32) {
        if !std::mem::replace(&mut self.state.has_warned, true) {
            let message = format!(
                "Cannot record the views of {:?} as they come: a frame has {now} where the first one had {open}; set \
                 onResize to segment to go on in a new file",
                self.options.path
            );
            let error = Error::new(Code::EncodeFailed, Stage::Encode, message).with_field("onResize");
            self.shared.events.push(Event::Warning { error });
        }
    }

    fn finish(&mut self) -> Result<()> {
        let Some(open) = &mut self.state.open else { return Ok(()) };
        open.encoder.drain()?;
        self.take_packets()?;
        let missing = self.state.inside.len() as u64;
        self.state.inside.clear();
        if missing > 0 {
            self.shared.drop_frames(DropReason::Encoder, missing);
        }
        Ok(())
    }

    /// Lets the file end with the frame before `position`.
    fn end_file(&mut self, position: i64) {
        if let Some(output) = self.output.take() {
            // The output thread takes packets until this one, so the send ends.
            send(&self.shared, &output, Coded::End { position: position - output.start });
        }
    }

    fn take_packets(&mut self) -> Result<()> {
        while let Some(open) = &mut self.state.open {
            let Some(packet) = open.encoder.receive()? else { return Ok(()) };
            self.pass_on(packet);
        }
        Ok(())
    }

    fn pass_on(&mut self, packet: Packet) {
        let encoded_ns = monotonic_ns();
        let index = self.state.inside.iter().position(|inside| Some(inside.position) == packet.pts());
        // A packet without its frame would be counted twice; encoders here give one packet for each picture.
        let Some(inside) = index.and_then(|index| self.state.inside.remove(index)) else { return };
        self.shared.capture_to_packet.record(encoded_ns.saturating_sub(inside.captured_ns));
        let begin = self.state.open.as_mut().and_then(|open| open.begin.take());
        let Some(output) = &self.output else { return self.shared.gate.counters.failed(1) };
        for coded in begin.into_iter().chain([Coded::Packet { packet, encoded_ns }]) {
            send(&self.shared, output, coded);
        }
    }
}

/// Queues for the output thread; while the queue is full, drops of new frames are the storage's.
fn send(shared: &Shared, output: &Output, coded: Coded) {
    shared.packet_budget.acquire(coded.bytes(), || {
        shared.storage_blocks.store(true, SeqCst);
        shared.has_failed()
    });
    shared.packet_queue.fetch_add(1, SeqCst);
    if let Err(TrySendError::Full(coded)) = output.packets.try_send(coded) {
        shared.storage_blocks.store(true, SeqCst);
        let _ = output.packets.send(coded);
    }
    shared.storage_blocks.store(false, SeqCst);
}

/// Whether frames of these shapes fit no common file without being changed.
fn is_resized(before: FrameShape, now: FrameShape) -> bool {
    (before.view.width, before.view.height, before.views) != (now.view.width, now.view.height, now.views)
}

/// The views of a frame that are recorded: the one asked for, or all.
fn recorded_views<'a>(options: &FileWriterOptions, frame: &'a Frame) -> Result<&'a [Picture]> {
    let views = frame.views.as_slice();
    let Some(view) = options.view else { return Ok(views) };
    let chosen = views.get(view as usize);
    chosen.map(std::slice::from_ref).ok_or_else(|| {
        let path = &options.path;
        let has = match views.len() {
            1 => "a frame has only view 0".to_owned(),
            count => format!("a frame has only views 0 to {}", count - 1),
        };
        Error::argument("view", format!("Cannot record view {view} to {path:?}: {has}"))
    })
}
