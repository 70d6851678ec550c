//! One encoder with several outputs, on the simulated clock.

use std::sync::Arc;

use super::{
    encode_thread::{EncodeConfig, EncodeThread},
    encoder_state::EncoderState,
    grid::Grid,
    options::{FileWriterOptions, OnResize},
    packets::{OutputState, PacketHub, PacketPort, PacketReceiver},
    reporter::Reporter,
};
use crate::{
    codec::{Container, EncoderChoice},
    pipeline::{
        Clock, OverflowPolicy, Session, Signal,
        clock::{self, SECOND_NS},
        input::input_queue,
        queue::Bounds,
        report::{DropReason, Ledger},
    },
    source::{Source, options::SourceOptions},
    storage::Disk,
    test_support::clock::SimulatedClock,
};

const RATE: i64 = 30;
const SECONDS: i64 = 20;

/// An output that notes its packets, and reads none for a while.
struct Watcher {
    packets: PacketReceiver,
    signal: Arc<Signal>,
    /// From when to when it reads nothing, in nanoseconds.
    stall_ns: std::ops::Range<u64>,
    seen: Arc<parking_lot::Mutex<Vec<(i64, bool)>>>,
}

impl Watcher {
    /// Reads packets to the end.
    fn run(self) {
        loop {
            let seen = self.signal.seen();
            let now_ns = self.signal.clock().now_ns();
            if self.stall_ns.contains(&now_ns) {
                self.signal.wait(seen, Some(self.stall_ns.end));
            } else if let Some(coded) = self.packets.try_recv() {
                self.packets.state.counters.written(1);
                self.seen.lock().push((coded.packet.pts().unwrap(), coded.packet.is_key()));
            } else if self.packets.is_over() {
                return;
            } else {
                self.signal.wait(seen, None);
            }
        }
    }
}

type Seen = Arc<parking_lot::Mutex<Vec<(i64, bool)>>>;

fn watch(
    clock: &Arc<dyn Clock>,
    port: &PacketPort,
    policy: OverflowPolicy,
    stall_ns: std::ops::Range<u64>,
) -> (Arc<OutputState>, Seen) {
    let signal = Signal::new(clock);
    let bounds = Bounds { items: usize::MAX, bytes: usize::MAX, wait_ns: SECOND_NS };
    let packets = port.subscribe(policy, bounds, &signal);
    let (state, seen) = (packets.state.clone(), Seen::default());
    let watcher = Watcher { packets, signal, stall_ns, seen: seen.clone() };
    clock::spawn(clock, "watcher", move || watcher.run()).unwrap();
    (state, seen)
}

fn assert_adds_up(ledger: &Ledger) {
    assert_eq!(ledger.captured, ledger.written + ledger.dropped + ledger.failed, "{ledger:?}");
}

#[test]
fn an_output_that_stalls_drops_to_its_next_key_frame_and_costs_the_other_nothing() {
    let simulated = SimulatedClock::new();
    let clock: Arc<dyn Clock> = simulated.clone();
    let start_ns = clock.now_ns();
    let at = |seconds: f64| start_ns + (seconds * 1e9) as u64;
    let options: FileWriterOptions = serde_json::from_value(serde_json::json!({
        "codec": "xvid", "path": "unused.avi", "frameRate": { "num": RATE, "den": 1 }, "gop": RATE, "threads": 1,
    }))
    .unwrap();
    let state = Arc::new(EncoderState::new(clock.clone(), Arc::new(Reporter::new(Box::new(|| ())))));
    let signal = Signal::new(&clock);
    let (input, receiver) = input_queue(state.clone(), options.input(None), &signal);
    let port = PacketPort::default();
    let hub = PacketHub::new(port.clone(), signal, state.is_blocked.clone());
    let config = EncodeConfig {
        label: "test".to_owned(),
        view: None,
        on_resize: OnResize::Scale,
        on_gap: super::options::OnGap::Hold,
        choice: Arc::new(EncoderChoice::new(options.encoding()).unwrap()),
        grid: Grid::new(options.frame_rate, Container::Avi),
    };
    let thread = EncodeThread::new(state.clone(), receiver, config, hub);
    let (kept, kept_seen) = watch(&clock, &port, OverflowPolicy::Block, 0..0);
    // Stalls for 5 s and a bit, so that it goes on between two frames.
    let (leaky, leaky_seen) = watch(&clock, &port, OverflowPolicy::DropNewest, at(5.01)..at(10.02));
    clock::spawn(&clock, "encoder", move || thread.run()).unwrap();

    let pattern = serde_json::from_value(serde_json::json!({
        "width": 64, "height": 64, "frameRate": { "num": RATE, "den": 1 }, "frames": RATE * SECONDS,
    }));
    let pattern = SourceOptions::Pattern(pattern.unwrap());
    let source = Source::open(&pattern, &Disk, &Session::new(clock.clone()), Box::new(|| ())).unwrap();
    source.attach(&input, 1).unwrap();
    source.start().unwrap();
    simulated.pass(7.0);
    // Joins in the middle of a group: its first packet is the next key frame.
    let (late, late_seen) = watch(&clock, &port, OverflowPolicy::Block, 0..0);
    let joined = 7 * RATE + 1;
    simulated.pass(SECONDS as f64);
    input.close();
    simulated.settle();

    let frames = state.input.counters.snapshot();
    assert_eq!((frames.captured, frames.written, frames.dropped, frames.failed), (600, 600, 0, 0));
    let all: Vec<_> = (0..RATE * SECONDS).map(|slot| (slot, slot % RATE == 0)).collect();
    assert_eq!(*kept_seen.lock(), all);
    assert_eq!((kept.ledger().captured, kept.ledger().written), (600, 600));

    // It read the frame at 5 s last, and queued those of one second; then it could use none before the key frame at 11 s.
    let lost = 5 * RATE + 1 + RATE..11 * RATE;
    let expected: Vec<_> = all.iter().copied().filter(|(slot, _)| !lost.contains(slot)).collect();
    assert_eq!(*leaky_seen.lock(), expected);
    let ledger = leaky.ledger();
    assert_adds_up(&ledger);
    assert_eq!((ledger.captured, ledger.dropped as i64), (600, lost.end - lost.start));
    assert_eq!(ledger.drops.iter().map(|drop| drop.reason).collect::<Vec<_>>(), [DropReason::OutputOverload]);

    let first = (joined + RATE - 1) / RATE * RATE;
    assert_eq!(*late_seen.lock(), all[first as usize..]);
    assert_eq!(late.ledger().captured as i64, RATE * SECONDS - first);
    assert_eq!(kept.end_slot(), Some(RATE * SECONDS));
}
