//! The encoder thread: frames in, packets out.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::SeqCst},
};

use crossbeam_channel::{Sender, TrySendError};

use super::{grid::Grid, options::FileWriterOptions, output::Coded, shared::Shared};
use crate::{
    av::Packet,
    codec::{Container, Encode, EncoderInfo, open_encoder},
    error::{Code, Error, Result, Stage},
    frame::{Shape, SharedFrame, adapt::Adapter},
    hub::{Inbox, Parcel},
    report::DropReason,
    sys::monotonic_ns,
};

/// An open encoder and the conversion before it.
struct Open {
    encoder: Box<dyn Encode>,
    adapter: Adapter,
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
    shared: Arc<Shared>,
    inbox: Inbox,
    packets: Sender<Coded>,
    options: FileWriterOptions,
    container: Container,
    /// Encoders that may serve, best first.
    encoders: Vec<&'static EncoderInfo>,
    open: Option<Open>,
    grid: Grid,
    inside: VecDeque<Inside>,
    /// Whether a frame is at hand that is in no bucket yet.
    has_frame: bool,
}

impl EncodeThread {
    pub(super) fn new(
        shared: Arc<Shared>,
        inbox: Inbox,
        packets: Sender<Coded>,
        options: FileWriterOptions,
        container: Container,
        encoders: Vec<&'static EncoderInfo>,
    ) -> Self {
        let grid = Grid::new(options.frame_rate);
        let (open, inside, has_frame) = (None, VecDeque::new(), false);
        Self { shared, inbox, packets, options, container, encoders, open, grid, inside, has_frame }
    }

    /// Runs until the writer is closed; afterwards the end is in the packet queue, whatever happened.
    pub(super) fn run(mut self) {
        while let Some(parcel) = self.inbox.next() {
            self.handle(parcel);
        }
        self.guarded(Self::finish);
        self.shared.gate.counters.failed(self.inside.len() as u64);
        let last = self.shared.gate.last_pts();
        let end = last.map_or(0, |(pts, time_base)| self.grid.end_after(pts, time_base));
        // The output thread takes packets until this one, so the send ends.
        let _ = self.packets.send(Coded::End { position: end });
    }

    fn handle(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Shape(shape) => self.guarded(|this| this.prepare(shape)),
            Parcel::Frame(frame, _) => {
                self.has_frame = true;
                self.guarded(|this| this.encode(&frame));
                self.shared.gate.counters.failed(u64::from(std::mem::take(&mut self.has_frame)));
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
        self.open = None;
        self.shared.fail(error);
    }

    fn prepare(&mut self, input: Shape) -> Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        let fits = |info: &&&EncoderInfo| info.holds(input.width, input.height);
        let Some(info) = self.encoders.iter().find(fits).or(self.encoders.first()) else {
            return Err(Error::new(Code::Internal, Stage::Encode, "Cannot encode: no encoder was chosen"));
        };
        let (encoder, shape) = open_encoder(info, &self.options, self.container, input)?;
        let parameters = encoder.parameters()?;
        let begin = Some(Coded::Begin { parameters, shape, encoder: info.name });
        self.open = Some(Open { encoder, adapter: Adapter::padding(shape), begin });
        Ok(())
    }

    fn encode(&mut self, frame: &SharedFrame) -> Result<()> {
        self.prepare(Shape::of(&frame.picture))?;
        let position = self.grid.place(frame);
        self.has_frame = false;
        let Some(position) = position else {
            self.shared.drop_frames(DropReason::FrameRate, 1);
            return Ok(());
        };
        self.inside.push_back(Inside { position, captured_ns: frame.captured_ns });
        let Some(open) = &mut self.open else { return Ok(()) };
        let mut picture = open.adapter.adapt(&frame.picture)?;
        picture.set_pts(position);
        open.encoder.send(Some(picture))?;
        self.take_packets()
    }

    fn finish(&mut self) -> Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.encoder.send(None)?;
        self.take_packets()?;
        let missing = self.inside.len() as u64;
        self.inside.clear();
        if missing > 0 {
            self.shared.drop_frames(DropReason::Encoder, missing);
        }
        Ok(())
    }

    fn take_packets(&mut self) -> Result<()> {
        while let Some(open) = &mut self.open {
            let Some(packet) = open.encoder.receive()? else { return Ok(()) };
            self.pass_on(packet);
        }
        Ok(())
    }

    fn pass_on(&mut self, packet: Packet) {
        let encoded_ns = monotonic_ns();
        let index = self.inside.iter().position(|inside| Some(inside.position) == packet.pts());
        // A packet without its frame would be counted twice; encoders here give one packet for each picture.
        if let Some(inside) = index.and_then(|index| self.inside.remove(index)) {
            self.shared.capture_to_packet.record(encoded_ns.saturating_sub(inside.captured_ns));
            if let Some(begin) = self.open.as_mut().and_then(|open| open.begin.take()) {
                self.send(begin);
            }
            self.send(Coded::Packet { packet, encoded_ns });
        }
    }

    /// Queues for the output thread; while the queue is full, drops of new frames are the storage's.
    fn send(&self, coded: Coded) {
        let bytes = coded.bytes();
        self.shared.packet_budget.acquire(bytes, || {
            self.shared.storage_blocks.store(true, SeqCst);
            self.shared.has_failed()
        });
        if let Err(TrySendError::Full(coded)) = self.packets.try_send(coded) {
            self.shared.storage_blocks.store(true, SeqCst);
            let _ = self.packets.send(coded);
        }
        self.shared.storage_blocks.store(false, SeqCst);
    }
}
