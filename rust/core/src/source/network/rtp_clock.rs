//! Capture times from the times of RTP. The sender's clock states when frames were captured, apart from an offset that is
//! not known, and runs a little fast or slow; their arrival is late by a delay that changes. The frames that were
//! delayed least show the offset.

use std::collections::VecDeque;

/// Time over which the least delay is looked for, in nanoseconds.
const WINDOW_NS: u64 = 10_000_000_000;

/// Parts into which that time is divided.
const PARTS: usize = 10;

/// How fast the offset follows a sender that is slow, in nanoseconds per second.
const SLEW_NS: f64 = 1_000_000.0;

/// A delay of all frames from which on the offset is found anew: a sender this slow is not followed by slewing.
const MOST_DELAY_NS: i64 = 250_000_000;

/// A difference between the sender's clock and ours, from one frame to the next, that is a jump.
const JUMP_NS: i64 = 2_000_000_000;

/// Makes capture times, in nanoseconds of CLOCK_MONOTONIC.
#[derive(Debug, Default)]
pub(super) struct RtpClock {
    mapping: Option<Mapping>,
}

#[derive(Debug)]
struct Mapping {
    /// What is added to the sender's time.
    offset_ns: i64,
    /// The sender's time and the arrival of the last frame.
    last: (i64, u64),
    /// The beginnings of parts of the window, and the least delay in each.
    parts: VecDeque<(u64, i64)>,
}

impl RtpClock {
    /// The capture time of a frame by the sender's time `ticks`, of which `rate` are a second; never after its arrival.
    pub(super) fn captured_ns(&mut self, ticks: i64, rate: u32, arrival_ns: u64) -> u64 {
        let sender_ns = i64::try_from(i128::from(ticks) * 1_000_000_000 / i128::from(rate.max(1))).unwrap_or(0);
        let arrival = i64::try_from(arrival_ns).unwrap_or(i64::MAX);
        let begins = |mapping: &Mapping| {
            let sender_step = sender_ns.saturating_sub(mapping.last.0);
            let step = i64::try_from(arrival_ns.saturating_sub(mapping.last.1)).unwrap_or(i64::MAX);
            sender_step.saturating_sub(step).abs() > JUMP_NS
        };
        let mapping = match &mut self.mapping {
            Some(mapping) if !begins(mapping) => mapping,
            mapping => mapping.insert(Mapping {
                offset_ns: arrival.saturating_sub(sender_ns),
                last: (sender_ns, arrival_ns),
                parts: VecDeque::new(),
            }),
        };
        let delay_ns = arrival.saturating_sub(sender_ns).saturating_sub(mapping.offset_ns);
        let step_ns = arrival_ns.saturating_sub(mapping.last.1);
        mapping.last = (sender_ns, arrival_ns);
        // A frame cannot arrive before it was captured.
        mapping.shift(delay_ns.min(0));
        let least_ns = mapping.least_delay(arrival_ns, delay_ns.max(0));
        if least_ns > MOST_DELAY_NS {
            mapping.shift(least_ns);
        } else {
            mapping.shift(least_ns.min((SLEW_NS * step_ns as f64 / 1e9) as i64));
        }
        u64::try_from(sender_ns.saturating_add(mapping.offset_ns).min(arrival)).unwrap_or(0)
    }
}

impl Mapping {
    fn shift(&mut self, by_ns: i64) {
        self.offset_ns = self.offset_ns.saturating_add(by_ns);
        for (_, delay_ns) in &mut self.parts {
            *delay_ns = delay_ns.saturating_sub(by_ns).max(0);
        }
    }

    /// The least delay of the last time, this one included; 0 before the window is full.
    fn least_delay(&mut self, now_ns: u64, delay_ns: i64) -> i64 {
        let length_ns = WINDOW_NS / PARTS as u64;
        match self.parts.back_mut() {
            Some((from_ns, least_ns)) if now_ns.saturating_sub(*from_ns) < length_ns => {
                *least_ns = delay_ns.min(*least_ns)
            }
            _ => self.parts.push_back((now_ns, delay_ns)),
        }
        if self.parts.len() <= PARTS {
            return 0;
        }
        while self.parts.len() > PARTS + 1 {
            self.parts.pop_front();
        }
        self.parts.iter().map(|(_, delay_ns)| *delay_ns).min().unwrap_or(0)
    }
}

/// The sender's wall clock by its last report: NTP seconds and fractions (RFC 3550, 6.4.1), and the time of RTP then.
#[derive(Debug, Default)]
pub(super) struct SenderClock(Option<(f64, i64)>);

impl SenderClock {
    /// Takes a report.
    pub(super) fn report(&mut self, ntp: u64, ticks: i64) {
        /// Seconds from 1900 to 1970.
        const EPOCH: f64 = 2_208_988_800.0;
        let seconds = ntp as f64 / 4_294_967_296.0;
        // A sender without a wall clock counts from 0, or from its start.
        self.0 = (seconds >= EPOCH).then_some(((seconds - EPOCH) * 1000.0, ticks));
    }

    /// Milliseconds since 1970 at a time of RTP.
    pub(super) fn at(&self, ticks: i64, rate: u32) -> Option<f64> {
        let (reported_ms, reported) = self.0?;
        Some(reported_ms + ticks.saturating_sub(reported) as f64 * 1000.0 / f64::from(rate.max(1)))
    }
}

#[cfg(test)]
mod tests;
