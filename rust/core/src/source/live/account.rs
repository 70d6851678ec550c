//! The counts of a live source.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::{
    base::time::Rational,
    frame::Gap,
    pipeline::{
        Clock,
        latency::Recorder,
        live::{GapList, LiveReport, LiveState, LiveStats},
    },
};

/// Frames over which the rate is measured.
const RATE_FRAMES: usize = 90;

/// Time over which a rate is measured before it is compared with the one that was asked for, in nanoseconds.
const RATE_NS: u64 = 2_000_000_000;

/// The share by which a rate may differ from the one that was asked for.
const RATE_TOLERANCE: f64 = 0.1;

/// What one live source has counted.
pub(super) struct Account {
    pub(super) state: LiveState,
    pub(super) span: u64,
    pub(super) lost: u64,
    pub(super) damaged: u64,
    pub(super) withheld: u64,
    /// Packets inside the decoder, of which it is not known yet what becomes of them.
    pub(super) inside: u64,
    pub(super) starts: u64,
    pub(super) decoded: u64,
    distrusted_stamps: u64,
    age: Recorder,
    gaps: GapList,
    /// Capture times of the last frames.
    recent: VecDeque<u64>,
    has_compared_rate: bool,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            state: LiveState::Connecting,
            span: 0,
            lost: 0,
            damaged: 0,
            withheld: 0,
            inside: 0,
            starts: 0,
            decoded: 0,
            distrusted_stamps: 0,
            age: Recorder::new(),
            gaps: GapList::default(),
            recent: VecDeque::new(),
            has_compared_rate: false,
        }
    }
}

impl Account {
    /// A frame came.
    pub(super) fn frame(&mut self, captured_ns: u64, now_ns: u64, distrusted_stamps: u64) {
        self.distrusted_stamps = distrusted_stamps;
        self.age.record(now_ns.saturating_sub(captured_ns));
        if self.recent.len() > RATE_FRAMES {
            self.recent.pop_front();
        }
        self.recent.push_back(captured_ns);
    }

    /// The decoder was stopped with so many packets inside.
    pub(super) fn withhold_inside(&mut self, packets: u64) {
        self.withheld += packets;
        self.inside = 0;
    }

    /// The frames that follow do not belong to those before.
    pub(super) fn restart_rate(&mut self) {
        self.recent.clear();
    }

    /// A time without frames is over; `origin_ns` is the time 0 of the source.
    pub(super) fn gap(&mut self, gap: &Gap, origin_ns: u64, clock: &dyn Clock) {
        self.restart_rate();
        self.gaps.add(gap, gap.from_ns.saturating_sub(origin_ns) as f64 / 1e9, clock);
    }

    /// Time over which the last frames came, and their rate.
    fn rate(&self) -> Option<(u64, f64)> {
        let (first, last) = (self.recent.front()?, self.recent.back()?);
        let ns = last.saturating_sub(*first);
        (ns > 0).then(|| (ns, (self.recent.len() - 1) as f64 * 1e9 / ns as f64))
    }

    /// The measured rate, once, if it is not the one that was asked for.
    pub(super) fn rate_mismatch(&mut self, asked: Rational, is_asked: bool) -> Option<f64> {
        if self.has_compared_rate || !is_asked {
            return None;
        }
        let (ns, measured) = self.rate()?;
        if ns < RATE_NS && self.recent.len() <= RATE_FRAMES {
            return None;
        }
        self.has_compared_rate = true;
        let is_off = (measured / asked.as_f64() - 1.0).abs() > RATE_TOLERANCE;
        is_off.then_some(measured)
    }
}

impl LiveReport for Mutex<Account> {
    fn stats(&self) -> LiveStats {
        let this = self.lock();
        LiveStats {
            state: this.state,
            sequence_span: this.span,
            lost: this.lost,
            damaged: this.damaged,
            withheld: this.withheld + this.inside,
            distrusted_stamps: this.distrusted_stamps,
            starts: this.starts,
            decoded: this.decoded,
            measured_rate: this.rate().map_or(0.0, |(_, rate)| rate),
            age: this.age.snapshot(),
            gap_count: this.gaps.count,
            gaps: this.gaps.listed.clone(),
        }
    }
}
