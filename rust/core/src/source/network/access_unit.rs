//! Whole pictures from what senders mark as such: some mark every slice, or what is no picture.

use std::time::Duration;

use crate::frame::units::unit_starts;

/// The codec of a stream, as far as its units differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    H264,
    Hevc,
    Mjpeg,
}

/// A part of a stream, in the form of Annex B, or a JPEG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Time of RTP, without wraps.
    pub(super) ticks: i64,
    pub(super) data: Vec<u8>,
    pub(super) is_key: bool,
    pub(super) arrival_ns: u64,
}

/// What a unit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Parameter sets and messages only.
    NoPicture,
    /// The beginning of a picture.
    Beginning,
    /// A further part of one.
    Rest,
}

/// Joins what belongs to one picture. The first picture that comes in parts cannot be told before its second part; from
/// then on each is kept until the next one begins.
pub(super) struct AccessUnits {
    codec: Codec,
    /// Whether pictures come in parts.
    is_joining: bool,
    /// The picture that is being joined, or what precedes one.
    open: Option<Unit>,
    open_is_picture: bool,
    last_ticks: Option<i64>,
}

/// The longest time for which a picture that may go on is kept.
pub(super) const LONGEST_WAIT: Duration = Duration::from_millis(40);

/// Most bytes that are joined.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A picture, or a part of one that was handed on without it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Picture {
    Whole(Unit),
    Part(Unit),
}

impl AccessUnits {
    pub(super) const fn new(codec: Codec) -> Self {
        Self { codec, is_joining: false, open: None, open_is_picture: false, last_ticks: None }
    }

    /// Takes a unit; returns the picture that is whole now.
    pub(super) fn push(&mut self, mut unit: Unit) -> Option<Picture> {
        // What decides stands before the first slice, or is that slice.
        unit.is_key |= self.has_entry(&unit.data);
        let kind = self.kind(&unit.data);
        let is_same_time = self.last_ticks.replace(unit.ticks) == Some(unit.ticks);
        match kind {
            Kind::Rest if is_same_time && self.open_is_picture => {
                self.join(unit);
                None
            }
            // The beginning was handed on already.
            Kind::Rest if is_same_time => {
                self.is_joining = true;
                Some(Picture::Part(unit))
            }
            Kind::NoPicture if !self.open_is_picture => {
                self.join(unit);
                None
            }
            Kind::NoPicture => {
                let whole = self.flush();
                self.open = Some(unit);
                whole
            }
            Kind::Beginning | Kind::Rest if self.open_is_picture => {
                let whole = self.flush();
                self.begin(unit);
                whole
            }
            Kind::Beginning | Kind::Rest => {
                self.begin(unit);
                if self.is_joining { None } else { self.flush() }
            }
        }
    }

    /// Whether a picture is kept that may be whole.
    pub(super) const fn has_picture(&self) -> bool {
        self.open_is_picture
    }

    /// The picture that is kept.
    pub(super) fn flush(&mut self) -> Option<Picture> {
        if !std::mem::take(&mut self.open_is_picture) {
            return None;
        }
        self.open.take().map(Picture::Whole)
    }

    fn begin(&mut self, unit: Unit) {
        self.join(unit);
        self.open_is_picture = true;
    }

    fn join(&mut self, unit: Unit) {
        match &mut self.open {
            Some(open) if open.data.len() + unit.data.len() <= MOST_BYTES => {
                open.data.extend_from_slice(&unit.data);
                open.ticks = unit.ticks;
                open.is_key |= unit.is_key;
            }
            open => *open = Some(unit),
        }
    }

    /// Whether decoding can begin there, although it is no IDR picture: other random access points of H.265 (types 16 to
    /// 21), and what a recovery point of H.264 announces (the first message of an SEI unit).
    fn is_entry(&self, nal: &[u8]) -> bool {
        match (self.codec, nal) {
            (Codec::H264, [6, 6, ..]) => true,
            (Codec::Hevc, [header, ..]) => (16..=21).contains(&(header >> 1 & 63)),
            _ => false,
        }
    }

    /// Whether decoding can begin with these bytes: what says so stands in front of the first slice, or is that.
    fn has_entry(&self, data: &[u8]) -> bool {
        let mut nals = unit_starts(data).take(8);
        nals.find(|nal| self.is_entry(nal) || self.is_slice(nal)).is_some_and(|nal| self.is_entry(nal))
    }

    fn is_slice(&self, nal: &[u8]) -> bool {
        match (self.codec, nal) {
            (Codec::H264, [header, ..]) => (1..=5).contains(&(header & 31)),
            (Codec::Hevc, [header, ..]) => header >> 1 & 63 < 32,
            _ => false,
        }
    }

    fn kind(&self, data: &[u8]) -> Kind {
        let mut kind = Kind::NoPicture;
        for nal in unit_starts(data) {
            // The first bit behind the header says that a slice is the first of its picture.
            let first = match (self.codec, nal) {
                (Codec::Mjpeg, _) => return Kind::Beginning,
                (Codec::H264, [_, first, ..]) | (Codec::Hevc, [_, _, first, ..]) => first,
                _ => continue,
            };
            // Data partitions B and C of H.264 begin with the number of their slice instead.
            let is_partition = self.codec == Codec::H264 && matches!(nal[0] & 31, 3 | 4);
            if self.is_slice(nal) {
                let is_first = first & 0x80 != 0 && !is_partition;
                kind = if is_first { Kind::Beginning } else { Kind::Rest };
                break;
            }
        }
        if self.codec == Codec::Mjpeg { Kind::Beginning } else { kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(ticks: i64, nals: &[&[u8]]) -> Unit {
        let data = nals.iter().flat_map(|nal| [&[0, 0, 0, 1], *nal].concat()).collect();
        Unit { ticks, data, is_key: false, arrival_ns: 0 }
    }

    const SEI: &[u8] = &[6, 5, 1];
    const FIRST: &[u8] = &[1, 0x88, 2];
    const REST: &[u8] = &[1, 0x48, 3];

    #[test]
    fn whole_pictures_are_handed_on_at_once() {
        let mut units = AccessUnits::new(Codec::H264);
        for ticks in [0, 0, 3600, 3600] {
            let picture = unit(ticks, &[SEI, FIRST, REST]);
            assert_eq!(units.push(picture.clone()), Some(Picture::Whole(picture)));
        }
        let jpeg = unit(5, &[]);
        assert_eq!(AccessUnits::new(Codec::Mjpeg).push(jpeg.clone()), Some(Picture::Whole(jpeg)));
    }

    #[test]
    fn a_message_with_a_marker_belongs_to_the_next_picture() {
        let mut units = AccessUnits::new(Codec::H264);
        assert_eq!(units.push(unit(0, &[SEI])), None);
        assert_eq!(units.push(unit(0, &[FIRST])), Some(Picture::Whole(unit(0, &[SEI, FIRST]))));
    }

    #[test]
    fn pictures_with_a_marker_on_each_slice_are_joined_from_the_second_one_on() {
        let mut units = AccessUnits::new(Codec::H264);
        assert_eq!(units.push(unit(0, &[FIRST])), Some(Picture::Whole(unit(0, &[FIRST]))));
        assert_eq!(units.push(unit(0, &[REST])), Some(Picture::Part(unit(0, &[REST]))));
        for ticks in [1, 2, 3] {
            let whole = units.push(unit(ticks, &[FIRST]));
            assert_eq!(whole, (ticks > 1).then(|| Picture::Whole(unit(ticks - 1, &[FIRST, REST, REST]))));
            assert_eq!([units.push(unit(ticks, &[REST])), units.push(unit(ticks, &[REST]))], [None, None]);
        }
        assert!(units.has_picture());
        assert_eq!(units.flush(), Some(Picture::Whole(unit(3, &[FIRST, REST, REST]))));
        assert_eq!(units.flush(), None);
    }

    #[test]
    fn decoding_begins_at_other_pictures_than_those_of_type_idr_as_well() {
        let is_key = |codec, nals: &[&[u8]]| match AccessUnits::new(codec).push(unit(0, nals)) {
            Some(Picture::Whole(unit)) => unit.is_key,
            other => panic!("{other:?}"),
        };
        assert!(is_key(Codec::H264, &[&[6, 6, 1, 0xc4, 0x80], FIRST]) && !is_key(Codec::H264, &[SEI, FIRST]));
        assert!(is_key(Codec::Hevc, &[&[42, 1, 0x80]]) && !is_key(Codec::Hevc, &[&[2, 1, 0x80]]));
    }

    #[test]
    fn slices_of_hevc_are_known() {
        let mut units = AccessUnits::new(Codec::Hevc);
        let (first, rest, sets): (&[u8], &[u8], &[u8]) = (&[2, 1, 0x80], &[2, 1, 0x40], &[0x40, 1, 0xc]);
        assert_eq!(units.push(unit(0, &[sets])), None);
        assert_eq!(units.push(unit(0, &[first])), Some(Picture::Whole(unit(0, &[sets, first]))));
        assert_eq!(units.push(unit(0, &[rest])), Some(Picture::Part(unit(0, &[rest]))));
    }
}
