//! Packets that the client would end the stream for. Without them it sees a loss, and goes on with the next picture.

use crate::source::network::access_unit::Codec;

/// Bytes of a header of RTP without anything optional.
const HEADER: usize = 12;

/// Looks at the packets of one stream in their order.
#[derive(Default)]
pub(super) struct Sanity {
    /// The codec, once the client has chosen the stream.
    codec: Option<Codec>,
    unit: Unit,
    has_begun: bool,
    /// The number of the last packet.
    last: Option<u16>,
}

/// The unit that is being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Unit {
    #[default]
    None,
    InParts,
    /// Packets are missing, which the client sees: it knows what to do with the rest.
    Unknown,
}

/// The part of a unit that a packet has.
enum Part {
    Whole,
    First,
    Middle,
    Last,
}

impl Sanity {
    pub(super) fn set_codec(&mut self, codec: Option<Codec>) {
        self.codec = codec.or(self.codec);
    }

    /// Whether the client may have a packet, whose marker may be taken away.
    pub(super) fn admit(&mut self, packet: &mut [u8]) -> bool {
        let Some(codec) = self.codec else { return true };
        let (Some(begin), true) = (payload_of(packet), packet.len() > HEADER) else { return false };
        let number = u16::from_be_bytes([packet[2], packet[3]]);
        if self.last.replace(number).is_some_and(|last| last.wrapping_add(1) != number) && self.has_begun {
            self.unit = Unit::Unknown;
        }
        let is_last = packet[1] & 0x80 != 0;
        let Some(part) = packet.get(begin..).and_then(|payload| part_of(codec, payload)) else { return false };
        let is_rest = codec == Codec::Mjpeg && packet.get(begin + 1..begin + 4) != Some(&[0; 3]);
        let is_admitted = match part {
            // A stream is joined in the middle of a picture.
            Part::Whole if is_rest => self.has_begun,
            // A unit that was not ended is lost; the client sees that by the next number.
            Part::Whole | Part::First if self.unit == Unit::InParts => {
                self.unit = Unit::Unknown;
                false
            }
            // A stream is joined in the middle of a unit.
            Part::Middle | Part::Last if self.unit == Unit::None => false,
            Part::Whole | Part::Last => {
                self.unit = Unit::None;
                true
            }
            Part::First => {
                self.unit = Unit::InParts;
                true
            }
            Part::Middle => true,
        };
        let is_middle = matches!(part, Part::First | Part::Middle);
        if is_admitted && is_last && is_middle && codec != Codec::Mjpeg {
            // No picture ends within a unit.
            packet[1] &= 0x7f;
        }
        self.has_begun |= is_admitted;
        is_admitted
    }
}

/// Where the payload of a packet begins.
fn payload_of(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let begin = HEADER + 4 * usize::from(first & 15);
    if first & 0x10 == 0 {
        return Some(begin);
    }
    let length = packet.get(begin + 2..begin + 4)?;
    Some(begin + 4 + 4 * usize::from(u16::from_be_bytes([length[0], length[1]])))
}

/// The part of a unit that is in a payload; `None` if it is none that is known (RFC 6184, RFC 7798, RFC 2435).
fn part_of(codec: Codec, payload: &[u8]) -> Option<Part> {
    let fragment = |header: u8| match header & 0xc0 {
        0x80 => Part::First,
        0x40 => Part::Last,
        0xc0 => Part::Whole,
        _ => Part::Middle,
    };
    match (codec, payload) {
        (Codec::H264, [header, ..]) if header & 0x80 != 0 => None,
        (Codec::H264, [header, rest @ ..]) => match header & 31 {
            1..=23 => Some(Part::Whole),
            24 => is_aggregate(rest).then_some(Part::Whole),
            28 => rest.first().map(|header| fragment(*header)),
            _ => None,
        },
        (Codec::Hevc, [header, _, ..]) if header & 0x80 != 0 => None,
        (Codec::Hevc, [header, second, rest @ ..]) if second & 7 != 0 => match header >> 1 & 63 {
            0..=47 => Some(Part::Whole),
            48 => is_aggregate(rest).then_some(Part::Whole),
            49 => rest.first().map(|header| fragment(*header)),
            _ => None,
        },
        // Its parts state where they belong.
        (Codec::Mjpeg, [_, _, _, _, _, _, _, _, ..]) => Some(Part::Whole),
        _ => None,
    }
}

/// Whether bytes are units with their lengths before them.
fn is_aggregate(mut bytes: &[u8]) -> bool {
    while let [high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match rest.get(length..).filter(|_| length > 0) {
            Some(rest) => bytes = rest,
            None => return false,
        }
    }
    bytes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(codec: Codec, payloads: &[(&[u8], bool)]) -> Vec<(bool, bool)> {
        let mut sanity = Sanity::default();
        sanity.set_codec(Some(codec));
        let mut number = 0;
        let admit = |(payload, is_last): &(&[u8], bool)| {
            number += 1;
            let head = [0x80, if *is_last { 0xe0 } else { 0x60 }, 0, number];
            let mut packet = [&head[..], &[0; 8], payload].concat();
            (sanity.admit(&mut packet), packet[1] & 0x80 != 0)
        };
        payloads.iter().map(admit).collect()
    }

    const FIRST: &[u8] = &[0x7c, 0x85, 1];
    const MIDDLE: &[u8] = &[0x7c, 0x05, 1];
    const LAST: &[u8] = &[0x7c, 0x45, 1];
    const WHOLE: &[u8] = &[0x65, 1];

    #[test]
    fn a_stream_that_is_joined_in_the_middle_of_a_unit_begins_with_the_next_one() {
        let seen =
            admitted(Codec::H264, &[(MIDDLE, false), (LAST, true), (FIRST, false), (MIDDLE, false), (LAST, true)]);
        assert_eq!(seen, [(false, false), (false, true), (true, false), (true, false), (true, true)]);
        let hevc: [&[u8]; 3] = [&[0x62, 1, 0x13, 1], &[0x62, 1, 0x93, 1], &[0x62, 1, 0x53, 1]];
        let seen = admitted(Codec::Hevc, &hevc.map(|payload| (payload, false)));
        assert_eq!(seen.iter().map(|(is_admitted, _)| *is_admitted).collect::<Vec<_>>(), [false, true, true]);
    }

    #[test]
    fn a_marker_within_a_unit_is_taken_away_and_a_unit_without_an_end_is_lost() {
        let seen = admitted(Codec::H264, &[(FIRST, true), (LAST, true), (FIRST, false), (WHOLE, true), (WHOLE, true)]);
        assert_eq!(seen, [(true, false), (true, true), (true, false), (false, true), (true, true)]);
    }

    #[test]
    fn after_a_loss_everything_is_admitted() {
        let mut sanity = Sanity::default();
        sanity.set_codec(Some(Codec::H264));
        let packet = |number, payload: &[u8]| [&[0x80, 0x60, 0, number][..], &[0; 8], payload].concat();
        let seen = [(1, FIRST), (3, MIDDLE), (5, FIRST), (6, LAST)]
            .map(|(number, unit)| sanity.admit(&mut packet(number, unit)));
        assert_eq!(seen, [true, true, true, true]);
    }

    #[test]
    fn what_is_no_unit_is_left_out() {
        let none: [&[u8]; 9] = [&[], &[0xe5, 1], &[0], &[25, 1], &[30], &[24, 0], &[24, 0, 0], &[24, 0, 9, 1], &[28]];
        assert!(none.iter().all(|payload| !admitted(Codec::H264, &[(payload, false)])[0].0));
        assert!(admitted(Codec::H264, &[(&[24, 0, 1, 9, 0, 2, 6, 5], false)])[0].0);
        let none: [&[u8]; 5] = [&[2], &[0x82, 1], &[2, 0], &[0x64, 1], &[0x60, 1, 0, 9, 1]];
        assert!(none.iter().all(|payload| !admitted(Codec::Hevc, &[(payload, false)])[0].0));
        assert!(!admitted(Codec::Mjpeg, &[(&[0; 7], true)])[0].0 && admitted(Codec::Mjpeg, &[(&[0; 8], true)])[0].0);
    }
}
