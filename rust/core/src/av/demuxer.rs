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

/// Containers that a file may be: no playlist, no image sequence, nothing that opens further files.
const FORMAT_WHITELIST: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,obu,av1,\
                                ivf,flv,yuv4mpegpipe,ogg,asf,nut,mxf,dv,mjpeg,gif,apng,rm,vc1,vc1test";

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
    /// Frames per second; 0/1 if unknown.
    pub frame_rate: Rational,
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
        // SAFETY: allocates, or returns null.
        let mut context = unsafe { ffi::avformat_alloc_context() };
        if context.is_null() {
            return Err(AvError::no_memory());
        }
        // SAFETY: `context` is valid; on failure `avformat_open_input` frees it (not the custom AVIO).
        unsafe {
            (*context).pb = avio.as_ptr();
            (*context).flags |= ffi::AVFMT_FLAG_CUSTOM_IO;
            check(ffi::avformat_open_input(&raw mut context, ptr::null(), ptr::null(), dictionary.as_mut_ptr()))?;
        }
        let demuxer = Self { context, avio };
        // SAFETY: owned and open.
        check(unsafe { ffi::avformat_find_stream_info(demuxer.context, ptr::null_mut()) })?;
        Ok(demuxer)
    }

    /// Chooses the best video stream, ignoring cover pictures; the other streams are discarded from here on.
    #[must_use]
    pub fn select_video(&mut self) -> Option<StreamInfo> {
        // SAFETY: owned and open; a found index is valid.
        unsafe {
            let best = ffi::av_find_best_stream(self.context, ffi::AVMediaType::VIDEO, -1, -1, ptr::null_mut(), 0);
            if best < 0 {
                return None;
            }
            let stream = *(*self.context).streams.add(best.unsigned_abs() as usize);
            if (*stream).disposition & ffi::AV_DISPOSITION_ATTACHED_PIC != 0 {
                return None;
            }
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
            let is_rate = |rate: &Rational| rate.num > 0 && rate.den > 0;
            let frame_rate = [guessed, average].into_iter().find(|rate| is_rate(rate) && !is_clock);
            let seconds = |ticks: i64, base: Rational| {
                (ticks != ffi::AV_NOPTS_VALUE && ticks > 0).then(|| ticks as f64 * base.as_f64())
            };
            Some(StreamInfo {
                index: best,
                time_base,
                frame_rate: frame_rate.unwrap_or(Rational::new(0, 1)),
                duration_seconds: seconds((*stream).duration, time_base)
                    .or_else(|| seconds((*self.context).duration, Rational::new(1, ffi::AV_TIME_BASE))),
                frames: u64::try_from((*stream).nb_frames).ok().filter(|frames| *frames > 0),
                container: text((*(*self.context).iformat).name),
                may_jump: (*(*self.context).iformat).flags & ffi::AVFMT_TS_DISCONT != 0,
                pixels: u64::from((*(*stream).codecpar).width.unsigned_abs())
                    * u64::from((*(*stream).codecpar).height.unsigned_abs()),
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
            failure.unwrap_or(error)
        })
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
            if (*(*self.context).iformat).flags & by_byte != 0 {
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

impl Drop for Demuxer {
    fn drop(&mut self) {
        // SAFETY: owned; a custom AVIO is not freed by this.
        unsafe { ffi::avformat_close_input(&raw mut self.context) };
    }
}
