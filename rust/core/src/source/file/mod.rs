//! A video file as a source: demuxing, decoding, and the end of the file.

mod content;
mod demux;
mod end;
mod geometry;

use smallvec::smallvec;

use self::{
    demux::{FileInput, not_a_video},
    end::TimeLine,
    geometry::GeometryTagger,
};
use super::{
    decode::{Decoded, PictureDecoder},
    options::{AtEnd, FileReaderOptions},
    producer::{Captured, Patience, Produced, Producer},
};
use crate::{
    av::{AvError, Picture, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::FrameShape,
    pipeline::report::SourceInfo,
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
    /// The shape of the first picture, and of the last one.
    first_shape: VideoInfo,
    shape: VideoInfo,
    /// The track that was asked for.
    track: Option<u32>,
    at_end: AtEnd,
    input: FileInput,
    decoder: PictureDecoder,
    /// The first picture, decoded while opening.
    first: Option<Picture>,
    tagger: GeometryTagger,
    /// A frame that waits until its new shape was announced.
    changed: Option<Captured>,
    line: TimeLine,
    /// Whether no picture has come yet in this round.
    is_at_beginning: bool,
    /// The picture that follows the last one, once that has been shown.
    black: Option<Picture>,
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
        let mut tagger = GeometryTagger::new(input.stream().geometry, options.autorotate);
        let first = tagger.tag(first).map_err(cannot_convert)?;
        let shape = VideoInfo::of(&first);
        let geometry = shape.tags.geometry;
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
                pixel_aspect: Some(geometry.pixel_aspect).filter(|aspect| aspect.num > 0),
                rotation: geometry.orientation.turn().degrees(),
                flip: geometry.orientation.turn().flip,
                field_order: geometry.field_order,
                codec: decoder.codec_name(),
                container: stream.container.clone(),
                duration_seconds: stream.duration_seconds,
                frames: stream.frames,
                video_tracks: stream.video_tracks,
                sound_tracks: stream.sound_tracks,
            },
            first_shape: shape,
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
            tagger,
            changed: None,
            is_at_beginning: true,
            black: None,
        })
    }

    /// The next picture of this round; nothing if none comes before `patience` is over.
    fn decoded(&mut self, patience: &Patience<'_>) -> Result<Decoded> {
        let decoded = match self.first.take() {
            Some(picture) => Decoded::Picture(picture),
            None => match next_picture(&mut self.input, &mut self.decoder, || patience.is_over())? {
                Decoded::Picture(picture) => Decoded::Picture(self.tagger.tag(picture).map_err(cannot_convert)?),
                other => other,
            },
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

    /// Puts a picture on the time line of the source; one of another shape follows once that has been announced.
    fn produced(&mut self, picture: Picture, pts: Option<i64>) -> Produced {
        let duration = self.decoder.duration(&picture).filter(|_| pts.is_some());
        let (pts, jump_seconds) = self.line.place(pts, duration);
        let shape = VideoInfo::of(&picture);
        let captured = Captured { views: smallvec![picture], pts, duration, jump_seconds, ..Captured::default() };
        if shape == self.shape {
            return Produced::Frame(captured);
        }
        self.shape = shape;
        self.changed = Some(captured);
        Produced::Changed(FrameShape::mono(shape))
    }

    fn no_memory(&self, error: &AvError) -> Error {
        error.explain(Code::ResourceExhausted, Stage::Source, &format!("read {:?}", self.path))
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

/// The error of a source that cannot turn a picture.
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
        if let Some(captured) = self.changed.take() {
            return Ok(Produced::Frame(captured));
        }
        if let Some(black) = &self.black {
            let picture = black.reference().map_err(|error| self.no_memory(&error))?;
            return Ok(self.produced(picture, None));
        }
        match (self.decoded(patience)?, self.at_end) {
            (Decoded::Picture(picture), _) => {
                let pts = picture.best_effort_pts().filter(|_| !self.counts);
                Ok(self.produced(picture, pts))
            }
            (Decoded::Nothing, _) => Ok(Produced::Idle),
            (Decoded::End, AtEnd::Stop) => Ok(Produced::End),
            (Decoded::End, AtEnd::Loop) => self.begin_again().map(|()| Produced::Idle),
            (Decoded::End, AtEnd::Black) => {
                self.black = Some(Picture::black(self.first_shape).map_err(|error| self.no_memory(&error))?);
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
