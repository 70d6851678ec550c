//! The units inside packets: what must be known of a packet without decoding it.

/// How the NAL units of H.264 and HEVC follow each other in packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Units {
    /// Each behind a start code (Annex B of both standards).
    StartCodes,
    /// Each behind its length in so many bytes (ISO/IEC 14496-15).
    Lengths(usize),
}

/// Bytes of a packet in which mostly its first picture begins.
const HEAD: usize = 4096;

/// The codecs of whose packets something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    H264,
    Hevc,
    Jpeg,
    Vp8,
    Vp9,
    Other,
}

impl Kind {
    /// By FFmpeg's name.
    fn of(codec: &str) -> Self {
        match codec {
            "h264" => Self::H264,
            "hevc" => Self::Hevc,
            "mjpeg" => Self::Jpeg,
            "vp8" => Self::Vp8,
            "vp9" => Self::Vp9,
            _ => Self::Other,
        }
    }

    /// Whether a NAL unit is a parameter set.
    fn is_set(self, unit: &[u8]) -> bool {
        let Some(first) = unit.first() else { return false };
        match self {
            Self::H264 => matches!(first & 0x1f, 7 | 8),
            Self::Hevc => matches!((first >> 1) & 0x3f, 32..=34),
            _ => false,
        }
    }
}

/// Whether packets of a codec cannot be decoded without parameter sets.
pub(crate) fn needs_sets(codec: &str) -> bool {
    matches!(Kind::of(codec), Kind::H264 | Kind::Hevc)
}

/// How the units of a stream follow each other, by its extradata.
pub(crate) fn units_of(codec: &str, extradata: &[u8]) -> Units {
    // The records of ISO/IEC 14496-15 begin with their version; Annex B begins with zeros.
    let length = |place: usize| extradata.get(place).map(|byte| usize::from(byte & 3) + 1);
    match (Kind::of(codec), extradata.first()) {
        (Kind::H264, Some(1)) => length(4).map_or(Units::StartCodes, Units::Lengths),
        (Kind::Hevc, Some(1)) => length(21).map_or(Units::StartCodes, Units::Lengths),
        _ => Units::StartCodes,
    }
}

/// Calls `see` with each unit until it returns `false`.
fn each_unit<'a>(units: Units, bytes: &'a [u8], mut see: impl FnMut(&'a [u8]) -> bool) {
    let mut rest = bytes;
    match units {
        Units::Lengths(size) => {
            while let Some((head, tail)) = rest.split_at_checked(size) {
                let length = head.iter().fold(0, |length: usize, byte| length << 8 | usize::from(*byte));
                let Some((unit, next)) = tail.split_at_checked(length) else { return };
                if !see(unit) {
                    return;
                }
                rest = next;
            }
        }
        Units::StartCodes => {
            let Some(first) = start_code(rest) else { return };
            rest = &rest[first + 3..];
            loop {
                let end = start_code(rest);
                let unit = &rest[..end.unwrap_or(rest.len())];
                let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
                if !see(&unit[..unit.len() - zeros]) {
                    return;
                }
                let Some(end) = end else { return };
                rest = &rest[end + 3..];
            }
        }
    }
}

/// The bytes from the beginning of each unit behind a start code on, to the end of all: where a unit ends is not looked for.
pub(crate) fn unit_starts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        rest = &rest[start_code(rest)? + 3..];
        Some(rest)
    })
}

/// The place of the next start code.
fn start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|three| three == [0, 0, 1])
}

/// Whether a packet can be put into a container: it has the outer form of one or more units of its codec.
pub(crate) fn is_whole(codec: &str, units: Units, bytes: &[u8]) -> bool {
    match (Kind::of(codec), units) {
        (Kind::H264 | Kind::Hevc, Units::StartCodes) => {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            zeros >= 2 && bytes.get(zeros) == Some(&1) && bytes.len() > zeros + 1
        }
        (Kind::H264 | Kind::Hevc, Units::Lengths(size)) => {
            let mut end = 0;
            each_unit(units, bytes, |unit| {
                end += size + unit.len();
                true
            });
            end == bytes.len() && end > 0
        }
        (Kind::Jpeg, _) => bytes.starts_with(&[0xff, 0xd8]),
        _ => !bytes.is_empty(),
    }
}

/// Whether a packet has a picture, and not only what goes in front of one.
pub(crate) fn has_picture(codec: &str, units: Units, bytes: &[u8]) -> bool {
    let kind = Kind::of(codec);
    if !matches!(kind, Kind::H264 | Kind::Hevc) {
        return true;
    }
    let has_slice = |bytes| {
        let mut has_slice = false;
        each_unit(units, bytes, |unit| {
            has_slice |= is_slice(kind, unit);
            !has_slice
        });
        has_slice
    };
    // Mostly it begins early, and where it ends need not be looked for.
    units == Units::StartCodes && bytes.get(..HEAD).is_some_and(has_slice) || has_slice(bytes)
}

/// Parameter sets with their start codes, in the order in which they stand in a packet; for other codecs the bytes that
/// state the size of the pictures. Of equal bytes come equal pictures.
pub(crate) fn sets_in(codec: &str, units: Units, bytes: &[u8]) -> Vec<u8> {
    let kind = Kind::of(codec);
    let mut sets = Vec::new();
    match kind {
        Kind::H264 | Kind::Hevc => each_unit(units, bytes, |unit| {
            if kind.is_set(unit) {
                sets.extend_from_slice(&[0, 0, 0, 1]);
                sets.extend_from_slice(unit);
            }
            // Sets stand in front of the pictures.
            !is_slice(kind, unit)
        }),
        Kind::Jpeg => sets.extend_from_slice(jpeg_frame_header(bytes)),
        // RFC 6386, 9.1: three bytes of tag, three of start code, width and height.
        Kind::Vp8 => sets.extend_from_slice(bytes.get(3..10).unwrap_or_default()),
        // The uncompressed header up to the size of profile 0.
        Kind::Vp9 => sets.extend_from_slice(bytes.get(..9).unwrap_or_default()),
        Kind::Other => {}
    }
    sets
}

fn is_slice(kind: Kind, unit: &[u8]) -> bool {
    let Some(first) = unit.first() else { return false };
    match kind {
        Kind::H264 => matches!(first & 0x1f, 1..=5),
        Kind::Hevc => (first >> 1) & 0x3f < 32,
        _ => false,
    }
}

/// The segment of a JPEG that states its size (ITU-T T.81, B.2.2); empty if none is found.
fn jpeg_frame_header(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xff, marker, high, low, ..] = *rest {
        // Fill bytes.
        if marker == 0xff {
            rest = &rest[1..];
            continue;
        }
        let length = usize::from(high) << 8 | usize::from(low);
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        match rest.get(..2 + length) {
            Some(segment) if is_frame => return segment,
            Some(_) if length >= 2 && marker != 0xda => rest = &rest[2 + length..],
            _ => break,
        }
    }
    &[]
}

/// The parameter sets of extradata, as they stand in packets.
pub(crate) fn sets_of_extradata(codec: &str, extradata: &[u8]) -> Vec<u8> {
    let Units::Lengths(size) = units_of(codec, extradata) else { return extradata.to_vec() };
    let mut sets = Vec::new();
    let mut put = |unit: &[u8]| {
        sets.extend_from_slice(&(unit.len() as u64).to_be_bytes()[8 - size.min(8)..]);
        sets.extend_from_slice(unit);
    };
    // Failing to read a record leaves out what cannot be read.
    let _ = match Kind::of(codec) {
        Kind::H264 => avc_record(extradata, &mut put),
        _ => hevc_record(extradata, &mut put),
    };
    sets
}

/// Takes a big-endian number of 16 bits.
fn take_u16(bytes: &mut &[u8]) -> Option<usize> {
    let (head, tail) = bytes.split_at_checked(2)?;
    *bytes = tail;
    Some(usize::from(head[0]) << 8 | usize::from(head[1]))
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(count)?;
    *bytes = tail;
    Some(head)
}

/// The sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1).
fn avc_record(record: &[u8], put: &mut impl FnMut(&[u8])) -> Option<()> {
    let mut rest = record.get(5..)?;
    for mask in [0x1f, 0xff] {
        let count = take(&mut rest, 1)?[0] & mask;
        for _ in 0..count {
            let length = take_u16(&mut rest)?;
            put(take(&mut rest, length)?);
        }
    }
    Some(())
}

/// The sets of an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1).
fn hevc_record(record: &[u8], put: &mut impl FnMut(&[u8])) -> Option<()> {
    let mut rest = record.get(22..)?;
    let arrays = take(&mut rest, 1)?[0];
    for _ in 0..arrays {
        let kind = take(&mut rest, 1)?[0] & 0x3f;
        let count = take_u16(&mut rest)?;
        for _ in 0..count {
            let length = take_u16(&mut rest)?;
            let unit = take(&mut rest, length)?;
            if (32..=34).contains(&kind) {
                put(unit);
            }
        }
    }
    Some(())
}

/// Whether a packet of H.264 has a picture that others around it predict, which comes later than it is shown.
pub(crate) fn has_b_slice(codec: &str, units: Units, bytes: &[u8]) -> bool {
    if Kind::of(codec) != Kind::H264 {
        return false;
    }
    let bytes = if units == Units::StartCodes { bytes.get(..HEAD).unwrap_or(bytes) } else { bytes };
    let mut is_b = false;
    each_unit(units, bytes, |unit| {
        if !matches!(unit.first().map(|first| first & 0x1f), Some(1 | 5)) {
            return true;
        }
        // slice_header(): first_mb_in_slice and slice_type, both ue(v) (7.3.3).
        let mut bits = Bits { bytes: &unit[1..], place: 0 };
        is_b = bits.number().and_then(|_| bits.number()).is_some_and(|kind| kind % 5 == 1);
        false
    });
    is_b
}

/// Reads the first bits of a slice: too few for an emulation prevention byte to matter.
struct Bits<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.place / 8)?;
        let bit = byte >> (7 - self.place % 8) & 1;
        self.place += 1;
        Some(u32::from(bit))
    }

    /// An Exp-Golomb code.
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 20 {
                return None;
            }
        }
        let mut rest = 0;
        for _ in 0..zeros {
            rest = rest << 1 | self.bit()?;
        }
        Some((1 << zeros) - 1 + rest)
    }
}

#[cfg(test)]
mod tests;
