//! The pictures of a live source's packets, each with the stamp of its own packet.

use std::collections::VecDeque;

use super::driver::Stamp;
use crate::{
    av::{Packet, Picture, StreamParameters},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    source::decode::{Decoded, PictureDecoder},
};

/// Packets that a decoder may hold back: H.264 and HEVC reorder at most 16 pictures (max_dec_frame_buffering).
const MOST_INSIDE: usize = 32;

/// A packet whose picture may still come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inside {
    pub(super) stamp: Stamp,
    /// Its capture time, if that is known before its picture comes out.
    pub(super) captured_ns: Option<u64>,
    /// Whether the packet itself was handed on, and counted.
    pub(super) is_handed_on: bool,
}

/// Decodes the packets of one stream.
pub(super) struct PacketDecoder {
    decoder: PictureDecoder,
    /// The packets inside, by the numbers that they have there.
    inside: VecDeque<(i64, Inside)>,
    next: i64,
    /// Whether a picture has come out since the decoder began.
    has_shown: bool,
    /// Damage before the first picture: the stream was only joined in the middle.
    early_damage: u64,
}

/// The result of decoding one packet.
#[derive(Default)]
pub(super) struct DecodedPacket {
    /// The pictures that are complete with it.
    pub(super) pictures: Vec<(Picture, Inside)>,
    /// Packets known by now to give no picture.
    pub(super) lost: u64,
    /// Those of them that are counted nowhere else.
    pub(super) uncounted: u64,
    /// Packets before the first picture, of a stream that was joined in the middle, that are counted nowhere else.
    pub(super) early: u64,
}

impl DecodedPacket {
    fn lose(&mut self, inside: Inside, is_early: bool) {
        let uncounted = u64::from(!inside.is_handed_on);
        if is_early {
            self.early += uncounted;
        } else {
            self.lost += 1;
            self.uncounted += uncounted;
        }
    }
}

impl PacketDecoder {
    /// The decoder of a stream of the source `name`.
    ///
    /// # Errors
    ///
    /// `CodecUnavailable`, or FFmpeg's.
    pub(super) fn open(name: &str, parameters: &StreamParameters, max_pixels: u32) -> Result<Self> {
        // Packets are numbered, whatever a number means. With more threads a decoder holds as many pictures back.
        let opened = PictureDecoder::open(name, parameters, Rational::new(1, 1), 1, max_pixels)
            .map_err(|error| error.explain(Code::DecodeFailed, Stage::Decode, &format!("decode {name}")))?;
        let decoder = opened.ok_or_else(|| {
            let message = format!("Cannot decode {name}: the linked FFmpeg has no decoder for its codec");
            Error::new(Code::CodecUnavailable, Stage::Decode, message)
        })?;
        Ok(Self { decoder, inside: VecDeque::new(), next: 0, has_shown: false, early_damage: 0 })
    }

    /// FFmpeg's name of the codec.
    pub(super) fn codec_name(&self) -> String {
        self.decoder.codec_name()
    }

    /// Damaged pieces that the decoder skipped.
    pub(super) fn damaged(&self) -> u64 {
        self.decoder.damaged().saturating_sub(self.early_damage)
    }

    /// Whether pictures come out in another order than their packets, as far as is known.
    pub(super) fn reorders(&self) -> bool {
        self.decoder.reorders()
    }

    /// Packets inside that are counted nowhere else.
    pub(super) fn inside(&self) -> u64 {
        self.inside.iter().filter(|(_, inside)| !inside.is_handed_on).count() as u64
    }

    /// Forgets everything, to begin at a later key frame; returns how many packets inside are counted nowhere else.
    pub(super) fn restart(&mut self) -> u64 {
        let uncounted = self.inside();
        self.decoder.restart();
        self.has_shown = false;
        self.inside.clear();
        uncounted
    }

    /// Takes a packet.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub(super) fn decode(&mut self, mut packet: Packet, inside: Inside) -> Result<DecodedPacket> {
        let (number, before, is_early) = (self.next, self.decoder.damaged(), !self.has_shown);
        self.next += 1;
        packet.set_times(number, number);
        self.inside.push_back((number, inside));
        self.decoder.send(&packet)?;
        let mut decoded = DecodedPacket::default();
        while let Decoded::Picture(picture) = self.decoder.receive()? {
            self.has_shown = true;
            let shown = picture.pts().unwrap_or(0);
            let index = self.inside.iter().position(|(inside, _)| *inside == shown);
            if let Some((_, inside)) = index.and_then(|index| self.inside.remove(index)) {
                decoded.pictures.push((picture, inside));
            }
            if !self.decoder.reorders() {
                // Those before it have no picture, such as ones before the first key frame.
                while self.inside.front().is_some_and(|(number, _)| *number < shown) {
                    self.inside.pop_front().into_iter().for_each(|(_, inside)| decoded.lose(inside, is_early));
                }
            }
        }
        if self.decoder.damaged() > before && decoded.pictures.is_empty() {
            self.inside.retain(|(inside, _)| *inside != number);
            decoded.lose(inside, is_early);
        }
        // A packet without a picture of its own, such as one before the first key frame.
        while self.inside.len() > MOST_INSIDE {
            if let Some((_, inside)) = self.inside.pop_front() {
                decoded.lose(inside, is_early);
            }
        }
        if is_early {
            self.early_damage += self.decoder.damaged() - before;
        }
        Ok(decoded)
    }
}
