//! Decoding: packets in, pictures out. Damaged packets are skipped and counted.

use crate::{
    av::{AvError, ColourTags, Decoder, Packet, Picture, PicturePool, StreamParameters, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    pixels::h273::is_unnamed,
};

/// Damaged pictures in a row after which a decoder that drains is taken to have ended.
const MAX_INSIDE: usize = 1000;

/// Packets before the first picture of which the times are kept.
const MAX_BEGINNING: usize = 10_000;

/// The decoder of one video stream.
pub(in crate::source) struct PictureDecoder {
    decoder: Decoder,
    /// Its input in messages.
    name: String,
    /// For pictures that are stored from the bottom up.
    pool: PicturePool,
    is_draining: bool,
    damaged: u64,
    /// Times of the packets before the first picture; `None` once there is one.
    beginning: Option<Vec<i64>>,
}

/// The output of a decoder.
pub(in crate::source) enum Decoded {
    Picture(Picture),
    /// It needs a packet.
    Nothing,
    /// It has returned its last picture.
    End,
}

impl PictureDecoder {
    /// The decoder for a stream whose packets count `time_base`, or `None` if the linked FFmpeg has none for its codec.
    pub(in crate::source) fn open(
        name: &str,
        parameters: &StreamParameters,
        time_base: Rational,
        threads: u32,
        max_pixels: u32,
    ) -> std::result::Result<Option<Self>, AvError> {
        let decoder = Decoder::open(parameters, time_base, threads, max_pixels)?;
        Ok(decoder.map(|decoder| Self {
            decoder,
            name: name.to_owned(),
            pool: PicturePool::default(),
            is_draining: false,
            damaged: 0,
            beginning: Some(Vec::new()),
        }))
    }

    /// FFmpeg's name of the codec.
    pub(in crate::source) fn codec_name(&self) -> String {
        self.decoder.codec_name()
    }

    /// Whether pictures come out in another order than their packets, as far as is known.
    pub(in crate::source) fn reorders(&self) -> bool {
        self.decoder.reorders()
    }

    /// The time for which a picture is shown, in ticks of the stream, if its packet states that.
    pub(in crate::source) fn duration(&self, picture: &Picture) -> Option<i64> {
        // Where pictures are reordered, packets state the time until the next one is decoded. A single tick is what
        // demuxers fill in where packets are only counted (avidec.c), and muxers where they know of none.
        picture.duration().filter(|ticks| *ticks > 1 && !self.decoder.reorders())
    }

    /// Damaged pieces skipped so far.
    pub(in crate::source) fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Takes a packet.
    pub(in crate::source) fn send(&mut self, packet: &Packet) -> Result<()> {
        if let (Some(beginning), Some(pts), false) = (&mut self.beginning, packet.pts(), packet.is_hidden())
            && beginning.len() < MAX_BEGINNING
        {
            beginning.push(pts);
        }
        self.decoder.send(Some(packet)).or_else(|error| self.skip_damage(&error))
    }

    /// No packet follows: the pictures inside come out.
    pub(in crate::source) fn drain(&mut self) -> Result<()> {
        self.is_draining = true;
        self.decoder.send(None).map_err(|error| broken(&self.name, &error))
    }

    /// Forgets everything, to begin elsewhere in the stream.
    pub(in crate::source) fn restart(&mut self) {
        self.decoder.flush();
        self.is_draining = false;
    }

    /// The next picture, if there is one.
    pub(in crate::source) fn receive(&mut self) -> Result<Decoded> {
        for _ in 0..MAX_INSIDE {
            match self.decoder.receive().and_then(|picture| picture.from_top(&self.pool)) {
                Ok(mut picture) => {
                    self.damaged += u64::from(picture.is_damaged());
                    self.count_beginning(&picture);
                    name_matrix(&mut picture);
                    return Ok(Decoded::Picture(picture));
                }
                Err(error) if error.is_end() => return Ok(Decoded::End),
                Err(error) if error.is_again() => return Ok(Decoded::Nothing),
                Err(error) => self.skip_damage(&error)?,
            }
            if !self.is_draining {
                return Ok(Decoded::Nothing);
            }
        }
        Ok(Decoded::End)
    }

    /// Counts what a stream that was cut in the middle shows before its first picture: decoders leave it out in silence.
    fn count_beginning(&mut self, first: &Picture) {
        if let (Some(times), Some(begin)) = (self.beginning.take(), first.pts()) {
            let lost = times.iter().filter(|time| **time < begin).count() as u64;
            self.damaged = self.damaged.max(lost);
        }
    }

    /// Decoders answer damage with any code: invalid data, a feature that they lack, or a bare -1. Of a stream that is cut
    /// in the middle they can use nothing up to its next key frame, which may be far.
    fn skip_damage(&mut self, error: &AvError) -> Result<()> {
        self.damaged += 1;
        if error.is_no_memory() { Err(broken(&self.name, error)) } else { Ok(()) }
    }
}

/// Names the matrix of a picture that names none, by the size that it has in the file: a part or another size of it has
/// the same colours.
fn name_matrix(picture: &mut Picture) {
    let info = VideoInfo::of(picture);
    if is_unnamed(info.tags.matrix) && !info.format.is_rgb() && !info.format.is_grey() {
        picture.set_tags(ColourTags { matrix: info.guessed_matrix().number(), ..info.tags });
    }
}

/// The error of an input that was opened, but cannot be read on.
pub(in crate::source) fn broken(name: &str, error: &AvError) -> Error {
    error.explain(Code::DecodeFailed, Stage::Decode, &format!("go on reading {name:?}"))
}
