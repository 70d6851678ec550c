//! Reading containers.

use std::{ptr, sync::Arc};

use super::{
    AvError, Dictionary, Packet, StreamParameters,
    avio::Avio,
    error::check,
    ffi::{self, text},
    geometry,
};
use crate::{base::time::Rational, pixels::geometry::Geometry, storage::Storage};

/// Containers that a file may be: no playlist, no image sequence, nothing that opens further files. Single pictures come
/// through FFmpeg's pipes, which read nothing but what they are given. `live_flv` is what a server of RTMP has saved,
/// `mpjpeg` and `mxg` what cameras send over HTTP, `dhav` a video recorder's own format.
const FORMAT_WHITELIST: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,obu,av1,\
                                ivf,flv,live_flv,yuv4mpegpipe,ogg,asf,nut,mxf,dv,mjpeg,mpjpeg,mxg,dhav,gif,apng,rm,vc1,\
                                vc1test,png_pipe,bmp_pipe,tiff_pipe,webp_pipe";

/// A rate that no video has: demuxers that state it have none of their own (their option `framerate`).
const UNLIKELY_RATE: Rational = Rational::new(24_999, 1000);

/// Limits while a file is opened.
#[derive(Debug, Clone, Copy)]
pub struct DemuxerOptions {
    /// Bytes read to find out the format.
    pub probe_bytes: u64,
    /// Microseconds of media read to find its streams.
    pub analyse_us: u64,
    /// Most streams.
    pub max_streams: u32,
}

impl DemuxerOptions {
    /// For a file in which a short look finds no video: its pictures may begin late.
    pub const LONG_LOOK: Self = Self { probe_bytes: 100_000_000, analyse_us: 60_000_000, max_streams: 1000 };
}

impl Default for DemuxerOptions {
    fn default() -> Self {
        Self { probe_bytes: 5_000_000, analyse_us: 5_000_000, max_streams: 1000 }
    }
}

/// The video stream as the container describes it.
#[derive(Debug, Clone)]
pub struct StreamInfo {
    /// Index of the stream among all streams.
    pub index: i32,
    /// Seconds per tick of its packets.
    pub time_base: Rational,
    /// Frames per second, if that is known.
    pub frame_rate: Option<Rational>,
    /// Whether frames come at varying distances, as far as the headers and the first frames show.
    pub is_variable: bool,
    /// Whether the container states when frames are shown; raw streams only have frames, and perhaps a rate.
    pub has_times: bool,
    /// Length in seconds, if stated.
    pub duration_seconds: Option<f64>,
    /// Number of frames, if stated.
    pub frames: Option<u64>,
    /// FFmpeg's name of the container.
    pub container: String,
    /// Whether its clock may jump (AVFMT_TS_DISCONT).
    pub may_jump: bool,
    /// Pixels of a frame by the headers; 0 if unknown.
    pub pixels: u64,
    /// Place of the stream among the video tracks, without cover pictures.
    pub track: u32,
    /// Video tracks, without cover pictures.
    pub video_tracks: u32,
    /// Tracks of sound.
    pub sound_tracks: u32,
    /// Whether the container states that its packets are encrypted.
    pub is_encrypted: bool,
    /// How its pictures are to be shown; a pixel aspect goes before the pictures' own.
    pub geometry: Geometry,
}

/// An open container, owned.
#[derive(Debug)]
pub struct Demuxer {
    context: *mut ffi::AVFormatContext,
    // After the context: libavformat uses it until closed.
    avio: Avio,
}

// SAFETY: owned, used by one thread at a time.
unsafe impl Send for Demuxer {}

impl Demuxer {
    /// Opens the container in `storage` and finds its streams.
    ///
    /// # Errors
    ///
    /// FFmpeg's, if it is no container on the whitelist or is damaged.
    pub fn open(storage: Arc<dyn Storage>, options: DemuxerOptions) -> Result<Self, AvError> {
        super::init();
        let avio = Avio::new(storage, false)?;
        let mut dictionary = Dictionary::new();
        dictionary.set("format_whitelist", FORMAT_WHITELIST)?;
        // Nothing may be opened beside our own storage; an empty list would mean "no limit".
        dictionary.set("protocol_whitelist", "none")?;
        dictionary.set("probesize", &options.probe_bytes.to_string())?;
        dictionary.set("analyzeduration", &options.analyse_us.to_string())?;
        dictionary.set("max_streams", &options.max_streams.to_string())?;
        // Other demuxers leave the option alone.
        dictionary.set("framerate", &UNLIKELY_RATE.to_string())?;
        // SAFETY: allocates, or returns null.
        let mut context = unsafe { ffi::avformat_alloc_context() };
        if context.is_null() {
            return Err(AvError::no_memory());
        }
        // SAFETY: `context` is valid; on failure `avformat_open_input` frees it (not the custom AVIO).
        unsafe {
            (*context).pb = avio.as_ptr();
            (*context).flags |= ffi::AVFMT_FLAG_CUSTOM_IO;
            let format = recognised(&avio);
            check(ffi::avformat_open_input(&raw mut context, ptr::null(), format, dictionary.as_mut_ptr()))?;
        }
        let demuxer = Self { context, avio };
        // SAFETY: owned and open.
        check(unsafe { ffi::avformat_find_stream_info(demuxer.context, ptr::null_mut()) })?;
        Ok(demuxer)
    }

    /// The streams of a kind, without cover pictures.
    fn tracks(&self, kind: ffi::AVMediaType) -> Vec<i32> {
        // SAFETY: owned and open; it has so many streams, each with its parameters.
        let is_track = |index: &i32| unsafe {
            let stream = *(*self.context).streams.add(index.unsigned_abs() as usize);
            (*(*stream).codecpar).codec_type == kind && (*stream).disposition & ffi::AV_DISPOSITION_ATTACHED_PIC == 0
        };
        // SAFETY: owned and open.
        let count = i32::try_from(unsafe { (*self.context).nb_streams }).unwrap_or(i32::MAX);
        (0..count).filter(is_track).collect()
    }

    /// Number of video tracks, without cover pictures.
    #[must_use]
    pub fn video_tracks(&self) -> u32 {
        u32::try_from(self.tracks(ffi::AVMediaType::VIDEO).len()).unwrap_or(u32::MAX)
    }

    /// Number of tracks of sound.
    #[must_use]
    pub fn sound_tracks(&self) -> u32 {
        u32::try_from(self.tracks(ffi::AVMediaType::AUDIO).len()).unwrap_or(u32::MAX)
    }

    /// Chooses a video track by its number, or the best one; the other streams are discarded from here on.
    #[must_use]
    pub fn select_video(&mut self, track: Option<u32>) -> Option<StreamInfo> {
        let tracks = self.tracks(ffi::AVMediaType::VIDEO);
        let best = match track {
            Some(track) => *tracks.get(track as usize)?,
            None => {
                // SAFETY: owned and open.
                let best = unsafe {
                    ffi::av_find_best_stream(self.context, ffi::AVMediaType::VIDEO, -1, -1, ptr::null_mut(), 0)
                };
                // To FFmpeg a cover picture may be the best.
                if tracks.contains(&best) { best } else { *tracks.first()? }
            }
        };
        let place = tracks.iter().position(|index| *index == best).unwrap_or(0);
        // SAFETY: owned and open; the index is one of its streams.
        unsafe {
            let stream = *(*self.context).streams.add(best.unsigned_abs() as usize);
            for index in 0..(*self.context).nb_streams as usize {
                if index != best.unsigned_abs() as usize {
                    (**(*self.context).streams.add(index)).discard = ffi::AVDiscard::ALL;
                }
            }
            let time_base: Rational = (*stream).time_base.into();
            let guessed: Rational = ffi::av_guess_frame_rate(self.context, stream, ptr::null_mut()).into();
            let average: Rational = (*stream).avg_frame_rate.into();
            // Where FFmpeg has seen one frame only it takes the container's clock for the rate.
            let is_clock = average.num <= 0 && guessed.num > 240 && guessed == time_base.inverse();
            let exact: Rational = (*stream).r_frame_rate.into();
            let is_guess = exact == UNLIKELY_RATE;
            let is_rate = |rate: &Rational| rate.num > 0 && rate.den > 0;
            let frame_rate = [guessed, average].into_iter().find(|rate| is_rate(rate) && !is_clock && !is_guess);
            let flags = (*(*self.context).iformat).flags;
            let seconds = |ticks: i64, base: Rational| {
                (ticks != ffi::AV_NOPTS_VALUE && ticks > 0).then(|| ticks as f64 * base.as_f64())
            };
            Some(StreamInfo {
                index: best,
                time_base,
                frame_rate,
                // Where frames come too irregularly for an average FFmpeg states none.
                is_variable: is_rate(&exact)
                    && if is_rate(&average) { is_variable(exact, average, time_base) } else { !is_clock },
                has_times: flags & ffi::AVFMT_NOTIMESTAMPS == 0 && !takes_rate(&*(*self.context).iformat),
                duration_seconds: seconds((*stream).duration, time_base)
                    .or_else(|| seconds((*self.context).duration, Rational::new(1, ffi::AV_TIME_BASE))),
                frames: u64::try_from((*stream).nb_frames).ok().filter(|frames| *frames > 0),
                container: text((*(*self.context).iformat).name),
                may_jump: flags & ffi::AVFMT_TS_DISCONT != 0,
                pixels: u64::from((*(*stream).codecpar).width.unsigned_abs())
                    * u64::from((*(*stream).codecpar).height.unsigned_abs()),
                track: u32::try_from(place).unwrap_or(u32::MAX),
                video_tracks: self.video_tracks(),
                sound_tracks: self.sound_tracks(),
                is_encrypted: is_encrypted(stream),
                geometry: geometry::of_stream(stream),
            })
        }
    }

    /// The parameters of stream `index`.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn parameters(&self, index: i32) -> Result<StreamParameters, AvError> {
        // SAFETY: owned and open; `stream` checks the index.
        unsafe { StreamParameters::copy_of((*self.stream(index)).codecpar) }
    }

    /// Reads the next packet of any stream into `packet`.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_end`] after the last, unless the storage failed before.
    pub fn read(&mut self, packet: &mut Packet) -> Result<(), AvError> {
        // SAFETY: both owned.
        check(unsafe { ffi::av_read_frame(self.context, packet.as_mut_ptr()) }).map(drop).map_err(|error| {
            let failure = self.avio.read_failure().filter(|_| error.is_end());
            failure.unwrap_or_else(|| if self.ends_in_a_boundary() { AvError::end() } else { error })
        })
    }

    /// Whether its parts are over: behind the last boundary of a multipart file the demuxer looks for another part.
    fn ends_in_a_boundary(&self) -> bool {
        // SAFETY: owned and open; the format and the context of its input live as long as it.
        unsafe { text_of(&*(*self.context).iformat) == "mpjpeg" && ffi::avio_feof((*self.context).pb) != 0 }
    }

    /// Goes back to the first packet of stream `index`.
    ///
    /// # Errors
    ///
    /// FFmpeg's, if the container cannot seek.
    pub fn rewind(&mut self, index: i32) -> Result<(), AvError> {
        // SAFETY: owned and open; `stream` checks the index.
        check(unsafe {
            let by_byte = ffi::AVFMT_TS_DISCONT | ffi::AVFMT_NOTIMESTAMPS;
            let name = text((*(*self.context).iformat).name);
            // A pipe of pictures has no index either; live_flv has one, and a header where a packet would be looked for.
            let is_indexed = (*(*self.context).iformat).flags & by_byte == 0 && !name.ends_with("_pipe");
            if !is_indexed && name != "live_flv" {
                // Streams without an index, where searching for a time misses the first packets.
                ffi::av_seek_frame(self.context, -1, 0, ffi::AVSEEK_FLAG_BYTE)
            } else {
                // The extremes of i64 would overflow inside demuxers (mov subtracts its edit list from them).
                let start = match (*self.stream(index)).start_time {
                    ffi::AV_NOPTS_VALUE => 0,
                    start => start,
                };
                ffi::avformat_seek_file(self.context, index, i64::MIN, start, start, 0)
            }
        })
        .map(drop)
    }

    fn stream(&self, index: i32) -> *mut ffi::AVStream {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        // SAFETY: owned and open; the bound is checked.
        unsafe {
            assert!(index < (*self.context).nb_streams as usize, "stream index out of bounds");
            *(*self.context).streams.add(index)
        }
    }
}

/// Whether a format has no times of its own: its demuxer has an option for the rate.
fn takes_rate(format: &ffi::AVInputFormat) -> bool {
    let class = &raw const format.priv_class;
    // SAFETY: a pointer to a class is a fake object by FFmpeg's own rule (AV_OPT_SEARCH_FAKE_OBJ); the class is static.
    unsafe {
        !format.priv_class.is_null()
            && !ffi::av_opt_find(
                class.cast_mut().cast(),
                c"framerate".as_ptr(),
                ptr::null(),
                0,
                ffi::AV_OPT_SEARCH_FAKE_OBJ,
            )
            .is_null()
    }
}

/// Whether the container of a stream states that its packets are encrypted.
///
/// # Safety
/// `stream` is a stream of an open demuxer.
unsafe fn is_encrypted(stream: *const ffi::AVStream) -> bool {
    // ISO/IEC 23001-7, Apple's older protection, and the stream type of Apple's sample encryption in MPEG-TS.
    let tags = [u32::from_le_bytes(*b"encv"), u32::from_le_bytes(*b"drmi"), 0xdb];
    // SAFETY: the stream is promised; its parameters and metadata live as long as it.
    unsafe {
        // What Matroska's demuxer makes of ContentEncryption.
        let key = ffi::av_dict_get((*stream).metadata, c"enc_key_id".as_ptr(), ptr::null(), 0);
        !key.is_null() || tags.contains(&(*(*stream).codecpar).codec_tag)
    }
}

/// The format of what a context has at its beginning, to which it returns; null if FFmpeg recognises none.
///
/// Of raw motion JPEG FFmpeg sees the first picture, and would read the whole file as one.
fn recognised(avio: &Avio) -> *const ffi::AVInputFormat {
    let mut format = ptr::null();
    // SAFETY: the context is valid, not used yet, and rewound by the call; formats are static.
    unsafe {
        let code = ffi::av_probe_input_buffer2(avio.as_ptr(), &raw mut format, c"".as_ptr(), ptr::null_mut(), 0, 0);
        if code < 0 || format.is_null() {
            return ptr::null();
        }
        if text_of(&*format) == "jpeg_pipe" { ffi::av_find_input_format(c"mjpeg".as_ptr()) } else { format }
    }
}

/// FFmpeg's name of the format of a file that is not among those read here; `None` if it recognises nothing, or one of
/// these.
#[must_use]
pub fn foreign_format(storage: &Arc<dyn Storage>) -> Option<String> {
    super::init();
    let avio = Avio::new(storage.clone(), false).ok()?;
    // SAFETY: null, or static.
    let name = text_of(unsafe { recognised(&avio).as_ref() }?);
    let list: Vec<&str> = FORMAT_WHITELIST.split(',').collect();
    (!name.split(',').any(|name| list.contains(&name))).then_some(name)
}

fn text_of(format: &ffi::AVInputFormat) -> String {
    // SAFETY: a static format has a static name.
    unsafe { text(format.name) }
}

/// Whether frames that come at `average` on average are less often or more often than the rate `exact`, which holds the
/// times of the first ones.
fn is_variable(exact: Rational, average: Rational, time_base: Rational) -> bool {
    let ratio = average.as_f64() / exact.as_f64();
    // Of interlaced video FFmpeg counts fields there. An average that is the clock comes from a header, not from frames.
    let is_halved = (ratio - 0.5).abs() < 0.005;
    (ratio - 1.0).abs() > 0.01 && !is_halved && average != time_base.inverse()
}

impl Drop for Demuxer {
    fn drop(&mut self) {
        // SAFETY: owned; a custom AVIO is not freed by this.
        unsafe { ffi::avformat_close_input(&raw mut self.context) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_variable_if_frames_are_missing_or_too_many_for_it() {
        let clock = Rational::new(1, 90_000);
        let rate = |num, den| Rational::new(num, den);
        for (exact, average, expected) in [
            (rate(60, 1), rate(7800, 251), true),
            (rate(10, 1), rate(17, 12), true),
            (rate(5, 1), rate(40, 1), true),
            (rate(25, 1), rate(25, 1), false),
            (rate(30_000, 1001), rate(2997, 100), false),
            (rate(50, 1), rate(25, 1), false),
        ] {
            assert_eq!(is_variable(exact, average, clock), expected, "{exact} {average}");
        }
        assert!(!is_variable(rate(5, 1), rate(600, 1), Rational::new(1, 600)));
    }
}
