//! Packets that are missing in a transport stream of MPEG (ISO/IEC 13818-1, 2.4.3.3): those of each kind are counted
//! from 0 to 15.

use std::collections::BTreeMap;

/// Bytes of a packet.
pub(super) const PACKET: usize = 188;

/// Most kinds of packets that are watched.
const MOST_KINDS: usize = 64;

/// Counts missing packets.
#[derive(Default)]
pub(super) struct Continuity {
    last: BTreeMap<u16, u8>,
    pub(super) lost: u64,
}

impl Continuity {
    /// Looks at whole packets.
    pub(super) fn look(&mut self, bytes: &[u8]) {
        for packet in bytes.chunks_exact(PACKET) {
            self.look_at(packet);
        }
    }

    fn look_at(&mut self, packet: &[u8]) {
        let [0x47, high, low, control, ..] = *packet else { return };
        let kind = u16::from_be_bytes([high & 0x1f, low]);
        // Filling has no order, packets without content are not counted, and an announced jump is none.
        let has_content = control & 0x10 != 0;
        let jumps = control & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x80 != 0;
        if kind == 0x1fff || !has_content || (self.last.len() >= MOST_KINDS && !self.last.contains_key(&kind)) {
            return;
        }
        let count = control & 15;
        if let Some(last) = self.last.insert(kind, count).filter(|_| !jumps) {
            // Each may be sent twice.
            self.lost += match count.wrapping_sub(last) & 15 {
                0 => 0,
                step => u64::from(step - 1),
            };
        }
    }
}

/// The packets in a datagram, which may be wrapped in RTP.
pub(super) fn content(datagram: &[u8]) -> &[u8] {
    /// Of RTP without anything optional.
    const HEADER: usize = 12;
    match datagram {
        [first, ..] if first & 0xc0 == 0x80 && datagram.get(HEADER) == Some(&0x47) => &datagram[HEADER..],
        _ => datagram,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u16, control: u8, flags: u8) -> [u8; PACKET] {
        let [high, low] = kind.to_be_bytes();
        let mut bytes = [0xff; PACKET];
        bytes[..6].copy_from_slice(&[0x47, high, low, control, 1, flags]);
        bytes
    }

    #[test]
    fn missing_packets_are_counted_for_each_kind() {
        let mut watch = Continuity::default();
        for (kind, control) in
            [(1, 0x1e), (2, 0x10), (1, 0x1f), (1, 0x10), (1, 0x10), (2, 0x13), (1, 0x12), (0x1fff, 0x19)]
        {
            watch.look(&packet(kind, control, 0));
        }
        assert_eq!(watch.lost, 3);
        // Announced, and without content.
        watch.look(&[packet(1, 0x38, 0x80), packet(1, 0x2c, 0), packet(1, 0x19, 0)].concat());
        watch.look(&[0x47; 100]);
        watch.look(&[0; 376]);
        assert_eq!(watch.lost, 3);
    }

    #[test]
    fn rtp_is_taken_off() {
        let wrapped = [&[0x80; 12][..], &packet(1, 0x10, 0)].concat();
        assert_eq!(content(&wrapped), packet(1, 0x10, 0));
        for bytes in [&[][..], &[0x80], &packet(1, 0x10, 0)] {
            assert_eq!(content(bytes), bytes);
        }
    }
}
