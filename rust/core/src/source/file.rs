//! A video file as a source.

use std::path::Path;

use super::{
    Captured, Driver,
    options::{AtEnd, FileReaderOptions},
};
use crate::{
    av::{AvError, ColourTags, Decoder, Demuxer, DemuxerOptions, Packet, Picture, PixelFormat, StreamFacts, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::{FrameShape, converter::Converter},
    pipeline::report::SourceInfo,
    pixels::{colour::ColourMatrix, h273::LIMITED},
    storage::Volume,
};

/// Decoder threads when none are asked for: with more, decoding takes time from the encoders.
const DEFAULT_THREADS: u32 = 2;
/// Damaged packets in a row after which a file is given up.
const MAX_DAMAGE: u64 = 1000;

/// Reads one frame after another.
pub(super) struct FileDriver {
    path: String,
    info: SourceInfo,
    shape: VideoInfo,
    at_end: AtEnd,
    demuxer: Demuxer,
    decoder: Decoder,
    stream: StreamFacts,
    packet: Packet,
    /// The first picture, decoded while opening.
    first: Option<Picture>,
    /// For pictures whose shape is not the first one's.
    converter: Converter,
    /// Time of the first frame in ticks of the stream.
    origin: Option<i64>,
    /// Added to the stream's times: the length of the rounds already played.
    offset: i64,
    /// Time after the last frame given.
    end: i64,
    draining: bool,
    black: bool,
    damage_in_a_row: u64,
    decode_errors: u64,
}

impl FileDriver {
    pub(super) fn open(options: &FileReaderOptions, volume: &dyn Volume) -> Result<Self> {
        options.check()?;
        let path = options.path.clone();
        let storage = volume
            .open(Path::new(&path))
            .map_err(|error| Error::from_io(Stage::Source, "read", &path, &error).with_field("path"))?;
        if storage.size().is_ok_and(|size| size == 0) {
            let message = format!("Cannot read {path:?}: it is empty");
            return Err(Error::new(Code::InvalidData, Stage::Source, message).with_field("path"));
        }
        let mut demuxer =
            Demuxer::open(storage, DemuxerOptions::default()).map_err(|error| not_a_video(&path, &error))?;
        let stream = demuxer.select_video().ok_or_else(|| {
            let message = format!("Cannot read {path:?}: it holds no video stream");
            Error::new(Code::NoVideo, Stage::Source, message).with_field("path")
        })?;
        check_pixels(&path, stream.pixels, options.max_pixels)?;
        let threads = if options.threads == 0 { DEFAULT_THREADS } else { options.threads };
        let decoder = Decoder::open(&demuxer, stream.index, threads, options.max_pixels)
            .map_err(|error| not_a_video(&path, &error))?
            .ok_or_else(|| {
                let message = format!("Cannot read {path:?}: the linked FFmpeg has no decoder for its codec");
                Error::new(Code::CodecUnavailable, Stage::Decode, message).with_field("path")
            })?;
        let rate = usable_rate(stream.frame_rate).ok_or_else(|| {
            let message = format!("Cannot read {path:?}: it tells no usable frame rate");
            Error::new(Code::InvalidData, Stage::Source, message).with_field("path")
        })?;
        let memory = |error: AvError| error.explain(Code::ResourceExhausted, Stage::Source, &format!("read {path:?}"));
        let shape = VideoInfo::UNKNOWN;
        let mut driver = Self {
            info: SourceInfo {
                frame_rate: rate,
                width: 0,
                height: 0,
                stereo_count: 1,
                colour: options.colour,
                pixel_format: String::new(),
                codec: decoder.codec_name(),
                container: stream.container.clone(),
                duration_seconds: stream.duration_seconds,
                frames: stream.frames,
            },
            shape,
            at_end: options.at_end,
            packet: Packet::new().map_err(memory)?,
            path: path.clone(),
            demuxer,
            decoder,
            stream,
            first: None,
            converter: Converter::new(shape),
            origin: None,
            offset: 0,
            end: 0,
            draining: false,
            black: false,
            damage_in_a_row: 0,
            decode_errors: 0,
        };
        driver.learn_shape(options)?;
        Ok(driver)
    }

    /// Decodes the first picture: only it tells size and pixel format for certain, and that the file can be decoded.
    fn learn_shape(&mut self, options: &FileReaderOptions) -> Result<()> {
        let Some(picture) = self.decode()? else {
            let message = format!("Cannot read {:?}: not one of its frames can be decoded", self.path);
            return Err(Error::new(Code::InvalidData, Stage::Decode, message).with_field("path"));
        };
        let pixels = u64::from(picture.width()) * u64::from(picture.height());
        check_pixels(&self.path, pixels, options.max_pixels)?;
        self.shape = VideoInfo::of(&picture);
        self.converter = Converter::new(self.shape);
        self.info.width = self.shape.width;
        self.info.height = self.shape.height;
        self.info.pixel_format = self.shape.format.name();
        self.first = Some(picture);
        Ok(())
    }

    /// The next picture of the stream, or `None` at its end. Damaged packets are skipped and counted.
    fn decode(&mut self) -> Result<Option<Picture>> {
        loop {
            match self.decoder.receive() {
                Ok(picture) => {
                    self.damage_in_a_row = 0;
                    self.decode_errors += u64::from(picture.is_damaged());
                    return Ok(Some(picture));
                }
                Err(error) if error.is_end() => return Ok(None),
                Err(error) if error.is_again() => {}
                Err(error) => self.skip_damage(&error)?,
            }
            if self.draining {
                continue;
            }
            match self.demuxer.read(&mut self.packet) {
                Ok(()) if self.packet.stream() == self.stream.index => {
                    let sent = self.decoder.send(Some(&self.packet));
                    self.packet.clear();
                    if let Err(error) = sent {
                        self.skip_damage(&error)?;
                    }
                }
                Ok(()) => self.packet.clear(),
                Err(error) if error.is_end() => {
                    self.draining = true;
                    self.decoder.send(None).map_err(|error| self.broken(&error))?;
                }
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    fn skip_damage(&mut self, error: &AvError) -> Result<()> {
        self.decode_errors += 1;
        self.damage_in_a_row += 1;
        if error.is_invalid_data() && self.damage_in_a_row < MAX_DAMAGE { Ok(()) } else { Err(self.broken(error)) }
    }

    fn broken(&self, error: &AvError) -> Error {
        error.explain(Code::DecodeFailed, Stage::Decode, &format!("go on reading {:?}", self.path))
    }

    /// The time of a picture in ticks from the first frame of the source; never before the one given last.
    fn time_of(&mut self, picture: &Picture) -> i64 {
        let Some(pts) = picture.best_effort_pts() else { return self.end };
        let origin = *self.origin.get_or_insert(pts);
        (pts - origin + self.offset).max(self.end)
    }

    /// Ticks between two frames at the file's rate.
    fn period(&self) -> i64 {
        Rational::rescale(1, self.info.frame_rate.inverse(), self.stream.time_base).max(1)
    }

    /// Goes back to the beginning and gives the first picture.
    fn begin_again(&mut self) -> Result<Picture> {
        self.demuxer.rewind(self.stream.index).map_err(|error| self.broken(&error))?;
        self.decoder.flush();
        self.draining = false;
        self.offset = self.end;
        self.origin = None;
        self.decode()?.ok_or_else(|| {
            let message = format!("Cannot go on reading {:?}: it gives no frame from its beginning again", self.path);
            Error::new(Code::DecodeFailed, Stage::Decode, message)
        })
    }

    fn black_picture(&self) -> Result<Picture> {
        let memory =
            |error: AvError| error.explain(Code::ResourceExhausted, Stage::Source, &format!("read {:?}", self.path));
        let plain = VideoInfo { format: PixelFormat::YUV420P, ..self.shape };
        let mut picture = Picture::alloc(plain.format, plain.width, plain.height).map_err(memory)?;
        let matrix = ColourMatrix::of_height(plain.height as usize).number();
        picture.set_tags(ColourTags { range: LIMITED, matrix, ..plain.tags });
        if let Some(mut planes) = picture.view_mut().map_err(memory)? {
            planes.fill_black();
        }
        Ok(picture)
    }
}

fn check_pixels(path: &str, pixels: u64, most: u32) -> Result<()> {
    if pixels <= u64::from(most) {
        return Ok(());
    }
    let message = format!("Cannot read {path:?}: its frames have {pixels} pixels, more than maxPixels {most}");
    Err(Error::new(Code::LimitExceeded, Stage::Source, message).with_field("maxPixels"))
}

/// A rate that targets accept; containers may tell nonsense.
fn usable_rate(rate: Rational) -> Option<Rational> {
    rate.check_frame_rate("frameRate").ok()
}

fn not_a_video(path: &str, error: &AvError) -> Error {
    if let Some(os) = error.os_error().filter(|os| os.kind() != std::io::ErrorKind::InvalidInput) {
        return Error::from_io(Stage::Source, "read", path, &os).with_field("path");
    }
    Error::new(
        Code::InvalidData,
        Stage::Source,
        format!("Cannot read {path:?}: it is no video file that can be read, or it is damaged or incomplete"),
    )
    .with_field("path")
    .with_cause(error.log_line())
}

impl Driver for FileDriver {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn shape(&self) -> FrameShape {
        FrameShape::mono(self.shape)
    }

    fn time_base(&self) -> Rational {
        self.stream.time_base
    }

    fn next(&mut self) -> Result<Option<Captured>> {
        let picture = if self.black {
            Some(self.black_picture()?)
        } else {
            match self.first.take() {
                Some(picture) => Some(picture),
                None => self.decode()?,
            }
        };
        let picture = match (picture, self.at_end) {
            (Some(picture), _) => picture,
            (None, AtEnd::Stop) => return Ok(None),
            (None, AtEnd::Loop) => self.begin_again()?,
            (None, AtEnd::Black) => {
                self.black = true;
                self.black_picture()?
            }
        };
        let time = if self.black { self.end } else { self.time_of(&picture) };
        self.end = time + self.period();
        let same = VideoInfo { tags: self.shape.tags, ..VideoInfo::of(&picture) } == self.shape;
        let picture = if same { picture } else { self.converter.convert(&picture)? };
        Ok(Some(Captured { views: smallvec::smallvec![picture], pts: time }))
    }

    fn skip(&mut self, _frames: u64) -> bool {
        false
    }

    fn decode_errors(&self) -> u64 {
        self.decode_errors
    }
}
