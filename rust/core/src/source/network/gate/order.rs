//! The order of RTP packets: what comes twice or too late is left out, and what datagrams have swapped is swapped back.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Most packets that wait for one that is missing.
const MOST_WAITING: usize = 64;

/// Longest wait for a packet that is missing.
const LONGEST_WAIT: Duration = Duration::from_millis(40);

/// The time after which packets of another sender are those of the stream, begun anew.
const SENDER_SILENT: Duration = Duration::from_millis(500);

/// Hands packets on in the order of their numbers.
pub(super) struct Order {
    /// Whether packets can overtake each other.
    reorders: bool,
    sender: Option<(u32, Instant)>,
    /// The number after the last packet that was handed on, without wraps.
    next: Option<u64>,
    waiting: BTreeMap<u64, Vec<u8>>,
    since: Option<Instant>,
    /// Packets that did not come.
    pub(super) lost: u64,
}

/// The stream was begun anew, with other numbers or by another sender.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BegunAnew;

impl Order {
    pub(super) const fn new(reorders: bool) -> Self {
        Self { reorders, sender: None, next: None, waiting: BTreeMap::new(), since: None, lost: 0 }
    }

    /// Takes a packet; those that are in order now go to `out`.
    pub(super) fn push(
        &mut self,
        packet: Vec<u8>,
        now: Instant,
        mut out: impl FnMut(Vec<u8>),
    ) -> Result<(), BegunAnew> {
        let [_, _, high, low, _, _, _, _, a, b, c, d, ..] = packet[..] else { return Ok(()) };
        if !is_packet(&packet) {
            return Ok(());
        }
        let (number, sender) = (u16::from_be_bytes([high, low]), u32::from_be_bytes([a, b, c, d]));
        match &mut self.sender {
            None => self.sender = Some((sender, now)),
            Some((known, seen)) if *known == sender => *seen = now,
            // Some servers go on sending to connections that were closed, and the next one gets their packets.
            Some((_, seen)) if now.duration_since(*seen) < SENDER_SILENT => return Ok(()),
            Some(_) => return Err(BegunAnew),
        }
        let Some(next) = self.next else {
            self.next = Some((1 << 32) + u64::from(number) + 1);
            out(packet);
            return Ok(());
        };
        let ahead = number.wrapping_sub(next as u16) as i16;
        let number = next.wrapping_add_signed(i64::from(ahead));
        match ahead {
            // Twice, or too late.
            -1000..0 => return Ok(()),
            ..-1000 => return Err(BegunAnew),
            0 => {
                out(packet);
                self.next = Some(number + 1);
            }
            _ if self.reorders => {
                self.waiting.insert(number, packet);
                self.since.get_or_insert(now);
            }
            _ => {
                out(packet);
                self.lost += number - next;
                self.next = Some(number + 1);
            }
        }
        self.release(now, out);
        Ok(())
    }

    /// When [`Self::release`] has something to do if nothing comes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + LONGEST_WAIT)
    }

    /// Hands on what is in order, and what waits no longer.
    pub(super) fn release(&mut self, now: Instant, mut out: impl FnMut(Vec<u8>)) {
        while let (Some(next), Some(entry)) = (self.next, self.waiting.first_entry()) {
            let is_over = self.since.is_some_and(|since| now.duration_since(since) >= LONGEST_WAIT);
            if *entry.key() > next && !is_over && self.waiting.len() <= MOST_WAITING {
                return;
            }
            let (number, packet) = self.waiting.pop_first().unwrap_or_default();
            out(packet);
            self.lost += number - next;
            self.next = Some(number + 1);
            // The next hole is another one.
            let goes_on = self.waiting.first_key_value().is_some_and(|(first, _)| *first == number + 1);
            self.since = if self.waiting.is_empty() {
                None
            } else if goes_on || !is_over {
                self.since
            } else {
                Some(now)
            };
        }
        if self.waiting.is_empty() {
            self.since = None;
        }
    }
}

/// Whether bytes are a packet of RTP (RFC 3550, 5.1): one that is not would end the client's stream.
fn is_packet(bytes: &[u8]) -> bool {
    let [first, _, ..] = *bytes else { return false };
    let mut begin = 12 + 4 * usize::from(first & 15);
    if first & 0x10 != 0 {
        let Some([_, _, high, low]) = bytes.get(begin..begin + 4) else { return false };
        begin += 4 + 4 * usize::from(u16::from_be_bytes([*high, *low]));
    }
    let padding = if first & 0x20 == 0 { 0 } else { usize::from(bytes[bytes.len() - 1]).max(1) };
    let is_padded = first & 0x20 == 0 || bytes[bytes.len() - 1] > 0;
    first >> 6 == 2 && is_padded && begin + padding <= bytes.len() && bytes.len() <= usize::from(u16::MAX)
}

/// Whether bytes are reports of RTCP (RFC 3550, A.2).
pub(super) fn is_report(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [first, kind, high, low, ..] = *rest {
        let length = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        let is_first = rest.len() == bytes.len();
        // Only the last one may be filled up.
        let is_filled = first & 0x20 != 0;
        let Some(tail) = rest.get(length..) else { return false };
        if first >> 6 != 2 || (is_first && !(200..=207).contains(&kind)) || is_filled {
            return false;
        }
        rest = tail;
    }
    !bytes.is_empty() && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(number: u16, sender: u32) -> Vec<u8> {
        let mut bytes = vec![0x80, 96];
        bytes.extend(number.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(sender.to_be_bytes());
        bytes
    }

    fn run(reorders: bool, numbers: &[u16]) -> (Vec<u16>, Order, Instant) {
        let (mut order, now, mut seen) = (Order::new(reorders), Instant::now(), Vec::new());
        for number in numbers {
            let out = |bytes: Vec<u8>| seen.push(u16::from_be_bytes([bytes[2], bytes[3]]));
            order.push(packet(*number, 7), now, out).unwrap();
        }
        (seen, order, now)
    }

    #[test]
    fn packets_come_in_order_once_each_over_the_wrap_of_their_numbers() {
        assert_eq!(run(true, &[65_534, 0, 65_535, 0, 1, 1, 3, 2]).0, [65_534, 65_535, 0, 1, 2, 3]);
        assert_eq!(run(false, &[10, 11, 11, 13, 12, 14]).0, [10, 11, 13, 14]);
    }

    #[test]
    fn reports_are_whole_or_none() {
        let sender = [&[0x80, 200, 0, 6][..], &[1; 24]].concat();
        let both = [&sender[..], &[0x81, 202, 0, 1, 0, 0, 0, 0]].concat();
        assert!(is_report(&sender) && is_report(&both));
        for bytes in
            [&[][..], &[0x80], &sender[..27], &both[..33], &[0x80, 96, 0, 0], &[0x40, 200, 0, 0], &[0xa0, 200, 0, 0]]
        {
            assert!(!is_report(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn a_missing_packet_is_waited_for_a_while() {
        let (mut seen, mut order, now) = run(true, &[1, 2, 4, 5]);
        assert_eq!(seen, [1, 2]);
        let deadline = order.deadline().unwrap();
        assert_eq!(deadline, now + LONGEST_WAIT);
        order.release(deadline, |bytes| seen.push(u16::from_be_bytes([bytes[2], bytes[3]])));
        assert_eq!((seen, order.deadline(), order.lost), (vec![1, 2, 4, 5], None, 1));
        assert_eq!([run(false, &[1, 2, 2, 5, 4, 6]), run(true, &[1, 3, 2, 2])].map(|(_, order, _)| order.lost), [2, 0]);
        let many: Vec<u16> = [1].into_iter().chain(3..200).collect();
        assert!(run(true, &many).0.len() > 100);
    }

    #[test]
    fn packets_of_another_sender_are_left_out_until_the_own_one_is_silent() {
        let (_, mut order, now) = run(true, &[1, 2]);
        assert_eq!(order.push(packet(3, 8), now, |_| panic!()), Ok(()));
        assert_eq!(order.push(packet(3, 8), now + SENDER_SILENT, |_| panic!()), Err(BegunAnew));
        assert_eq!(order.push(packet(40_000, 7), now, |_| panic!()), Err(BegunAnew));
        for bytes in [&[][..], &[0x80; 11], &[0x40; 12], &[0x81; 15], &[0x90; 15], &[0xa0; 12], &[0x90; 16]] {
            assert_eq!(order.push(bytes.to_vec(), now, |_| panic!()), Ok(()));
        }
    }
}
