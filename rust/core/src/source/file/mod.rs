//! A video file as a source: demuxing, decoding, and the end of the file.

mod content;
mod decode;
mod demux;
mod end;

use smallvec::smallvec;

use self::{
    decode::{Decoded, PictureDecoder},
    demux::{FileInput, not_a_video},
    end::TimeLine,
};
use super::{
    options::{AtEnd, FileReaderOptions},
    producer::{Captured, Patience, Produced, Producer},
};
use crate::{
    av::{AvError, ColourTags, Picture, PixelFormat, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::{FrameShape, converter::Converter},
    pipeline::report::SourceInfo,
    pixels::h273::LIMITED,
    storage::Volume,
};

/// The rate of a file that states none and has no two frames that show it, as FFmpeg assumes it.
const DEFAULT_RATE: Rational = Rational::new(25, 1);

/// Decoder threads by default: with more, decoding takes time from the encoders.
const DEFAULT_THREADS: u32 = 2;

/// Reads one frame after another.
pub(super) struct FileProducer {
    path: String,
    info: SourceInfo,
    shape: VideoInfo,
    /// The track that was asked for.
    track: Option<u32>,
    at_end: AtEnd,
    input: FileInput,
    decoder: PictureDecoder,
    /// The first picture, decoded while opening.
    first: Option<Picture>,
    /// For pictures whose shape is not the first one's.
    converter: Converter,
    line: TimeLine,
    /// Whether no picture has come yet in this round.
    is_at_beginning: bool,
    is_black: bool,
    /// Seconds per tick of its times.
    time_base: Rational,
    /// Whether the frames are counted, because the input does not state when they are shown.
    counts: bool,
}

impl FileProducer {
    pub(super) fn open(options: &FileReaderOptions, volume: &dyn Volume) -> Result<Self> {
        options.check()?;
        let path = options.path.clone();
        let input = FileInput::open(&path, options.track, volume)?;
        if let (Some(rate), true) = (options.frame_rate, input.stream().has_times) {
            return Err(has_times(&path, rate, &input.stream().container));
        }
        let stream = input.stream();
        check_pixels(&path, stream.pixels, options.max_pixels)?;
        let threads = if options.threads == 0 { DEFAULT_THREADS } else { options.threads };
        let mut decoder =
            PictureDecoder::open(&path, &input.parameters()?, stream.time_base, threads, options.max_pixels)
                .map_err(|error| not_a_video(&path, &error))?
                .ok_or_else(|| {
                    let message = format!("Cannot read {path:?}: the linked FFmpeg has no decoder for its codec");
                    Error::new(Code::CodecUnavailable, Stage::Decode, message).with_field("path")
                })?;
        let known = options.frame_rate.or(stream.frame_rate);
        let rate = known.unwrap_or(DEFAULT_RATE);
        let counts = !stream.has_times && (options.frame_rate.is_some() || known.is_none());
        let mut input = input;
        // Only the first picture shows for certain its size and pixel format, and that the file can be decoded.
        let Decoded::Picture(first) = next_picture(&mut input, &mut decoder, || false)? else {
            let message = format!("Cannot read {path:?}: not one of its frames can be decoded");
            return Err(Error::new(Code::InvalidData, Stage::Decode, message).with_field("path"));
        };
        let shape = VideoInfo::of(&first);
        check_pixels(&path, u64::from(shape.width) * u64::from(shape.height), options.max_pixels)?;
        let stream = input.stream();
        let time_base = if counts { rate.inverse() } else { stream.time_base };
        Ok(Self {
            info: SourceInfo {
                frame_rate: rate,
                is_frame_rate_guessed: known.is_none(),
                is_variable_rate: stream.has_times && stream.is_variable,
                width: shape.width,
                height: shape.height,
                stereo_count: 1,
                colour: options.colour,
                pixel_format: shape.format.name(),
                codec: decoder.codec_name(),
                container: stream.container.clone(),
                duration_seconds: stream.duration_seconds,
                frames: stream.frames,
                video_tracks: stream.video_tracks,
                sound_tracks: stream.sound_tracks,
            },
            shape,
            track: options.track,
            at_end: options.at_end,
            line: TimeLine::new(rate, time_base, stream.may_jump),
            time_base,
            counts,
            path,
            input,
            decoder,
            first: Some(first),
            converter: Converter::new(shape),
            is_at_beginning: true,
            is_black: false,
        })
    }

    /// The next picture of this round; nothing if none comes before `patience` is over.
    fn decoded(&mut self, patience: &Patience<'_>) -> Result<Decoded> {
        let decoded = match self.first.take() {
            Some(picture) => Decoded::Picture(picture),
            None => next_picture(&mut self.input, &mut self.decoder, || patience.is_over())?,
        };
        self.is_at_beginning &= !matches!(decoded, Decoded::Picture(_));
        Ok(decoded)
    }

    /// Goes back to the beginning.
    fn begin_again(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.is_at_beginning, true) {
            let message = format!("Cannot go on reading {:?}: no frame comes from its beginning again", self.path);
            return Err(Error::new(Code::DecodeFailed, Stage::Decode, message));
        }
        self.input.rewind()?;
        self.decoder.restart();
        self.line.begin_round();
        Ok(())
    }

    /// Puts a picture on the time line of the source, in the source's shape.
    fn produced(&mut self, picture: Picture, pts: Option<i64>) -> Result<Produced> {
        let duration = self.decoder.duration(&picture).filter(|_| pts.is_some());
        let (pts, jump_seconds) = self.line.place(pts, duration);
        let has_shape = VideoInfo { tags: self.shape.tags, ..VideoInfo::of(&picture) } == self.shape;
        let picture = if has_shape { picture } else { self.converter.convert(&picture).map_err(cannot_convert)? };
        Ok(Produced::Frame(Captured { views: smallvec![picture], pts, duration, captured_ns: None, jump_seconds }))
    }

    fn black_picture(&self) -> Result<Picture> {
        let memory =
            |error: AvError| error.explain(Code::ResourceExhausted, Stage::Source, &format!("read {:?}", self.path));
        let plain = VideoInfo { format: PixelFormat::YUV420P, ..self.shape };
        let mut picture = Picture::alloc(plain.format, plain.width, plain.height).map_err(memory)?;
        let matrix = plain.guessed_matrix().number();
        picture.set_tags(ColourTags { range: LIMITED, matrix, ..plain.tags });
        if let Some(mut planes) = picture.view_mut().map_err(memory)? {
            planes.fill_black();
        }
        Ok(picture)
    }
}

/// The next picture of the stream; nothing if `is_over` after a packet that gave none.
fn next_picture(input: &mut FileInput, decoder: &mut PictureDecoder, is_over: impl Fn() -> bool) -> Result<Decoded> {
    let mut decoded = decoder.receive()?;
    while matches!(decoded, Decoded::Nothing) {
        match input.read()? {
            Some(packet) => decoder.send(packet)?,
            None => decoder.drain()?,
        }
        decoded = decoder.receive()?;
        if is_over() {
            break;
        }
    }
    Ok(decoded)
}

/// The error of a source that cannot bring a picture to the first one's shape.
fn cannot_convert(error: Error) -> Error {
    Error { code: Code::DecodeFailed, stage: Stage::Decode, ..error }
}

/// The error of a frame rate for a file that has one.
fn has_times(path: &str, rate: Rational, container: &str) -> Error {
    let message = format!(
        "Cannot read {path:?} at frame rate {rate}: its container ({container}) states the time of each frame; leave \
         frameRate out, or change the times by the filter setpts"
    );
    Error::argument("frameRate", message)
}

fn check_pixels(path: &str, pixels: u64, most: u32) -> Result<()> {
    if pixels <= u64::from(most) {
        return Ok(());
    }
    let message = format!("Cannot read {path:?}: its frames have {pixels} pixels, more than maxPixels {most}");
    Err(Error::new(Code::LimitExceeded, Stage::Source, message).with_field("maxPixels"))
}

impl Producer for FileProducer {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn shape(&self) -> FrameShape {
        FrameShape::mono(self.shape)
    }

    fn time_base(&self) -> Rational {
        self.time_base
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Produced> {
        if self.is_black {
            let picture = self.black_picture()?;
            return self.produced(picture, None);
        }
        match (self.decoded(patience)?, self.at_end) {
            (Decoded::Picture(picture), _) => {
                let pts = picture.best_effort_pts().filter(|_| !self.counts);
                self.produced(picture, pts)
            }
            (Decoded::Nothing, _) => Ok(Produced::Idle),
            (Decoded::End, AtEnd::Stop) => Ok(Produced::End),
            (Decoded::End, AtEnd::Loop) => self.begin_again().map(|()| Produced::Idle),
            (Decoded::End, AtEnd::Black) => {
                self.is_black = true;
                self.line.begin_round();
                Ok(Produced::Idle)
            }
        }
    }

    fn notice(&self) -> Option<Error> {
        let stream = self.input.stream();
        if self.track.is_some() || stream.video_tracks < 2 {
            return None;
        }
        let message = format!(
            "Cannot read all {} video tracks of {:?} at once: this is track {}; the option track chooses another one",
            stream.video_tracks, self.path, stream.track
        );
        Some(Error::new(Code::InvalidArgument, Stage::Source, message).with_field("track"))
    }

    fn damaged(&self) -> u64 {
        self.decoder.damaged()
    }
}

#[cfg(test)]
mod tests;
