//! The way of packets from one encoder to its outputs. Each output has a queue, a policy and a ledger of its own.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
};

use parking_lot::Mutex;

use crate::{
    av::Packet,
    base::{
        error::{Code, Result, Stage},
        time::Rational,
    },
    codec::EncodedStream,
    pipeline::{
        OverflowPolicy, Signal,
        clock::Wake,
        ledger::Counters,
        queue::{Bounds, Reader, Refused, Writer, queue},
        report::{DropReason, Ledger},
    },
};

/// A stream of packets that can be decoded by itself, from its first packet on.
pub(crate) struct StreamStart {
    pub(crate) stream: EncodedStream,
    /// Place of its first frame on the time line of the recording.
    pub(crate) slot: i64,
    /// The end of the stream before, where it is not this place.
    pub(crate) cut: Option<i64>,
    /// Seconds per slot.
    pub(crate) time_base: Rational,
    /// Frames per second; `None` where frames keep times of their own.
    pub(crate) frame_rate: Option<Rational>,
}

/// A packet on its way to one output.
pub(crate) struct CodedPacket {
    /// Its times are slots of the recording's time line.
    pub(crate) packet: Packet,
    /// Capture time of its frame.
    pub(crate) captured_ns: u64,
    /// Time at which it left the encoder.
    pub(crate) encoded_ns: u64,
    /// The stream that it begins, for this output.
    pub(crate) start: Option<Arc<StreamStart>>,
}

/// The accounts of one output: `received = written + dropped + failed`, and the length of its queue.
#[derive(Default)]
pub(crate) struct OutputState {
    /// Counts of packets; `captured` are all packets for this output.
    pub(crate) counters: Counters,
    /// The end of the last packet, once no further one comes.
    end_slot: OnceLock<i64>,
    failed: AtomicBool,
    queued: AtomicU32,
}

impl OutputState {
    /// From now on its packets are counted as failed.
    pub(crate) fn mark_failed(&self) {
        self.failed.store(true, SeqCst);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(SeqCst)
    }

    /// The end of the last packet, a slot of the recording's time line; `None` before the encoder's end.
    pub(crate) fn end_slot(&self) -> Option<i64> {
        self.end_slot.get().copied()
    }

    /// Packets in its queue.
    pub(crate) fn queued(&self) -> u32 {
        self.queued.load(SeqCst)
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.counters.snapshot()
    }
}

/// An output's side: its packets, from a key frame on.
pub(crate) struct PacketReceiver {
    pub(crate) state: Arc<OutputState>,
    packets: Reader<CodedPacket>,
}

impl PacketReceiver {
    /// The next packet, if one waits.
    pub(crate) fn try_recv(&self) -> Option<CodedPacket> {
        self.packets.try_recv().inspect(|_| {
            self.state.queued.fetch_sub(1, SeqCst);
        })
    }

    /// Whether no packet waits and none will come.
    pub(crate) fn is_over(&self) -> bool {
        self.packets.is_over()
    }
}

/// The place at which outputs join an encoder, at any time.
#[derive(Clone, Default)]
pub(crate) struct PacketPort {
    newcomers: Arc<Mutex<Vec<Output>>>,
}

impl PacketPort {
    /// Joins an output whose thread waits on `signal`; it gets packets from the next key frame on.
    ///
    /// Beyond `bounds` the policy decides: the encoder waits, or packets are dropped up to the next key frame.
    pub(crate) fn subscribe(&self, policy: OverflowPolicy, bounds: Bounds, signal: &Arc<Signal>) -> PacketReceiver {
        let (writer, reader) = queue(signal.clone());
        let state = Arc::<OutputState>::default();
        self.newcomers.lock().push(Output {
            packets: writer,
            policy,
            bounds,
            state: state.clone(),
            awaits_key: true,
            has_joined: false,
            needs_start: true,
        });
        PacketReceiver { state, packets: reader }
    }
}

/// One output, as its encoder sees it.
struct Output {
    packets: Writer<CodedPacket>,
    policy: OverflowPolicy,
    bounds: Bounds,
    state: Arc<OutputState>,
    /// Whether it can use no packet before the next key frame.
    awaits_key: bool,
    /// Whether it has got a packet: from then on every packet is counted.
    has_joined: bool,
    /// Whether its next packet is its first one of the stream.
    needs_start: bool,
}

/// The outputs of one encoder. It belongs to the encoder's thread.
pub(crate) struct PacketHub {
    port: PacketPort,
    outputs: Vec<Output>,
    start: Option<Arc<StreamStart>>,
    signal: Arc<Signal>,
    wake: Arc<dyn Wake>,
    /// Whether the encoder waits for an output.
    is_blocked: Arc<AtomicBool>,
}

impl PacketHub {
    /// The hub of an encoder whose thread waits on `signal`; `is_blocked` shows while it waits for an output.
    pub(crate) fn new(port: PacketPort, signal: Arc<Signal>, is_blocked: Arc<AtomicBool>) -> Self {
        Self { port, outputs: Vec::new(), start: None, wake: signal.clone(), signal, is_blocked }
    }

    /// Whether it has outputs and every one of them has failed.
    pub(crate) fn is_deserted(&self) -> bool {
        !self.outputs.is_empty() && self.outputs.iter().all(|output| output.state.has_failed())
    }

    /// The packets that follow are those of another stream.
    pub(crate) fn begin(&mut self, start: StreamStart) {
        self.start = Some(Arc::new(start));
        for output in &mut self.outputs {
            (output.awaits_key, output.needs_start) = (true, true);
        }
    }

    /// Sends a packet to every output.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub(crate) fn publish(&mut self, packet: &Packet, captured_ns: u64, encoded_ns: u64) -> Result<()> {
        self.outputs.append(&mut self.port.newcomers.lock());
        let mut outputs = std::mem::take(&mut self.outputs);
        let mut outcome = Ok(());
        for output in &mut outputs {
            outcome = outcome.and(self.send(output, packet, captured_ns, encoded_ns));
        }
        self.outputs = outputs;
        outcome
    }

    fn send(&self, output: &mut Output, packet: &Packet, captured_ns: u64, encoded_ns: u64) -> Result<()> {
        let counters = &output.state.counters;
        let is_useless = output.awaits_key && !packet.is_key();
        if is_useless && !output.has_joined {
            return Ok(());
        }
        counters.captured();
        output.has_joined = true;
        if output.state.has_failed() {
            counters.failed(1);
            return Ok(());
        }
        if is_useless {
            counters.dropped(DropReason::OutputOverload, 1);
            return Ok(());
        }
        let packet = packet.reference().map_err(|error| {
            counters.failed(1);
            error.explain(Code::ResourceExhausted, Stage::Encode, "pass a packet on")
        })?;
        let bytes = packet.size();
        let start = self.start.clone().filter(|_| output.needs_start);
        let coded = CodedPacket { packet, captured_ns, encoded_ns, start };
        output.state.queued.fetch_add(1, SeqCst);
        let sent = match output.policy {
            OverflowPolicy::Block => self.wait_and_send(output, coded, bytes),
            OverflowPolicy::DropNewest | OverflowPolicy::DropOldest => {
                output.packets.try_send(coded, bytes, &output.bounds).map(drop)
            }
        };
        if sent.is_err() {
            output.state.queued.fetch_sub(1, SeqCst);
        }
        match sent {
            Ok(()) => (output.awaits_key, output.needs_start) = (false, false),
            Err(Refused::Full(_)) => {
                counters.dropped(DropReason::OutputOverload, 1);
                output.awaits_key = true;
            }
            Err(Refused::Closed(_)) => {
                counters.failed(1);
                output.state.mark_failed();
            }
        }
        Ok(())
    }

    /// Sends a packet as soon as the output has room.
    fn wait_and_send(
        &self,
        output: &Output,
        mut coded: CodedPacket,
        bytes: usize,
    ) -> std::result::Result<(), Refused<CodedPacket>> {
        loop {
            let seen = self.signal.seen();
            match output.packets.send_or_wait(coded, bytes, &output.bounds, &self.wake) {
                Err(Refused::Full(same)) => coded = same,
                outcome => {
                    self.is_blocked.store(false, SeqCst);
                    return outcome;
                }
            }
            self.is_blocked.store(true, SeqCst);
            self.signal.wait(seen, None);
        }
    }

    /// If no packet has come so far, none will: the outputs end.
    pub(crate) fn give_up(&mut self) {
        if self.start.is_none() {
            self.outputs.clear();
            self.port.newcomers.lock().clear();
        }
    }

    /// No packet follows; the last one is shown until `slot`.
    pub(crate) fn end(&mut self, slot: i64) {
        self.outputs.append(&mut self.port.newcomers.lock());
        for output in &self.outputs {
            let _ = output.state.end_slot.set(slot);
        }
    }
}
