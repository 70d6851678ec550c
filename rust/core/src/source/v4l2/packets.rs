//! What of coded pictures must be known here: which can be decoded alone, and which buffers hold no picture at all.

use super::fourcc::Coded;
use crate::frame::units::unit_starts;

/// What a buffer of coded bytes holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A picture, which can be decoded alone or not.
    Picture { is_key: bool },
    /// Only what decoders need for the pictures that follow.
    Parameters,
    /// Nothing that a decoder could use.
    Junk,
}

/// What these bytes hold.
pub(super) fn unit(coded: Coded, bytes: &[u8]) -> Unit {
    match coded {
        Coded::Mjpeg if bytes.starts_with(&[0xff, 0xd8]) && bytes.len() > 4 => Unit::Picture { is_key: true },
        Coded::Mjpeg => Unit::Junk,
        Coded::H264 => nal_units(bytes, |first| match first & 0x1f {
            5 => Nal::Key,
            1..=4 => Nal::Picture,
            7 | 8 => Nal::Parameters,
            _ => Nal::Other,
        }),
        Coded::Hevc => nal_units(bytes, |first| match first >> 1 & 0x3f {
            16..=23 => Nal::Key,
            0..=31 => Nal::Picture,
            32..=34 => Nal::Parameters,
            _ => Nal::Other,
        }),
        Coded::Vp8 => picture(bytes.first().map(|first| first & 1 == 0)),
        // The marker, the profile of two bits, one more in profile 3, a repeated frame, and then the type of the frame.
        Coded::Vp9 => picture(bytes.first().filter(|first| **first >> 6 == 2).map(|first| {
            let bit = if first >> 4 & 3 == 3 { 1 } else { 2 };
            first >> (bit + 1) & 1 == 0 && first >> bit & 1 == 0
        })),
        // The start code of a picture, and its type in the two bits behind.
        Coded::Mpeg4 => {
            let start = bytes.windows(5).find(|window| window.starts_with(&[0, 0, 1, 0xb6]));
            picture(start.map(|window| window[4] >> 6 == 0))
        }
    }
}

fn picture(is_key: Option<bool>) -> Unit {
    is_key.map_or(Unit::Junk, |is_key| Unit::Picture { is_key })
}

#[derive(PartialEq)]
enum Nal {
    Key,
    Picture,
    Parameters,
    Other,
}

/// What a sequence of NAL units holds, each behind a start code (ITU-T H.264, annex B); `kind` reads the first byte of one.
/// Parameter sets stand before pictures that can be decoded alone, also where these are no IDR pictures.
fn nal_units(bytes: &[u8], kind: impl Fn(u8) -> Nal) -> Unit {
    let (mut has_parameters, mut is_any) = (false, false);
    for unit in unit_starts(bytes) {
        let Some(first) = unit.first() else { break };
        is_any = true;
        match kind(*first) {
            Nal::Key => return Unit::Picture { is_key: true },
            // The first slice tells; the rest need not be searched.
            Nal::Picture => return Unit::Picture { is_key: has_parameters },
            Nal::Parameters => has_parameters = true,
            Nal::Other => {}
        }
    }
    if has_parameters || is_any { Unit::Parameters } else { Unit::Junk }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Unit = Unit::Picture { is_key: true };
    const OTHER: Unit = Unit::Picture { is_key: false };

    #[test]
    fn pictures_that_can_be_decoded_alone_are_found() {
        for (coded, bytes, expected) in [
            (Coded::Mjpeg, &[0xff, 0xd8, 0xff, 0xdb, 0][..], KEY),
            (Coded::Mjpeg, &[0xff, 0xdb, 0xff, 0xd8, 0], Unit::Junk),
            (Coded::Mjpeg, &[], Unit::Junk),
            (Coded::H264, &[0, 0, 0, 1, 0x67, 9, 0, 0, 1, 0x68, 9, 0, 0, 1, 0x65, 1], KEY),
            (Coded::H264, &[0, 0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x41, 1], OTHER),
            // An open group of pictures: parameter sets before a picture that is no IDR picture.
            (Coded::H264, &[0, 0, 1, 0x67, 9, 0, 0, 1, 0x41, 1], KEY),
            (Coded::H264, &[0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 9], Unit::Parameters),
            (Coded::H264, &[1, 2, 3, 4, 5, 6, 7, 8], Unit::Junk),
            (Coded::Hevc, &[0, 0, 1, 0x40, 1, 0, 0, 1, 0x26, 1], KEY),
            (Coded::Hevc, &[0, 0, 1, 0x02, 1], OTHER),
            (Coded::Hevc, &[0, 0, 1, 0x40, 1, 9], Unit::Parameters),
            (Coded::Vp8, &[0x10, 2, 0], KEY),
            (Coded::Vp8, &[0x11, 2, 0], OTHER),
            (Coded::Vp8, &[], Unit::Junk),
            (Coded::Vp9, &[0x82, 0x49], KEY),
            (Coded::Vp9, &[0x86, 0x49], OTHER),
            (Coded::Mpeg4, &[0, 0, 1, 0xb0, 1, 0, 0, 1, 0xb6, 0x10], KEY),
            (Coded::Mpeg4, &[0, 0, 1, 0xb6, 0x50], OTHER),
        ] {
            assert_eq!(unit(coded, bytes), expected, "{coded:?} {bytes:x?}");
        }
    }
}
