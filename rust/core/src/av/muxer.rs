//! Writing containers.

use std::{
    ffi::{CStr, CString},
    ptr,
    sync::Arc,
};

use super::{AvError, Dictionary, Packet, StreamParameters, avio::Avio, error::check, ffi, geometry, stereo};
use crate::{
    base::time::Rational,
    pixels::{StereoPacking, geometry::Geometry},
    storage::Storage,
};

/// Bytes below which FFmpeg may not recognise a transport stream: it wants ten packets, and counts each as one of 204
/// bytes (mpegts_probe in mpegts.c).
const LEAST_TS_BYTES: i64 = 10 * 204;

/// A packet of a transport stream that holds nothing (ISO/IEC 13818-1, 2.4.3.3: PID 0x1fff).
const NULL_PACKET: [u8; 188] = {
    let mut packet = [0xff; 188];
    (packet[0], packet[1], packet[2], packet[3]) = (0x47, 0x1f, 0xff, 0x10);
    packet
};

/// Everything a container is begun with.
#[derive(Debug)]
pub struct MuxerConfig<'a> {
    /// FFmpeg's name of the muxer.
    pub muxer: &'a str,
    /// Its one video stream.
    pub parameters: &'a StreamParameters,
    /// Seconds per tick of the packets that it will get.
    pub time_base: Rational,
    /// Frames per second, for containers that state them; `None` if there is no such rate.
    pub frame_rate: Option<Rational>,
    /// Whether each flush completes a fragment of boxes, of which readers are to see all or nothing.
    pub is_fragmented: bool,
    /// How the pictures are to be shown; written as far as the container has places for it.
    pub geometry: Geometry,
    /// How two views are packed in each picture; written where the container has a place for it.
    pub stereo: Option<StereoPacking>,
    /// Private options by name.
    pub options: &'a [(String, String)],
    /// Descriptive metadata by FFmpeg's names.
    pub metadata: &'a [(String, String)],
}

/// An open container with one video stream, owned.
#[derive(Debug)]
pub struct Muxer {
    context: *mut ffi::AVFormatContext,
    packet_base: Rational,
    stream_base: Rational,
    // After the context: libavformat uses it until freed.
    avio: Avio,
}

// SAFETY: owned, used by one thread at a time.
unsafe impl Send for Muxer {}

impl Muxer {
    /// Whether `muxer` wants parameter sets in its header (AVFMT_GLOBALHEADER); `None` if this FFmpeg lacks it.
    #[must_use]
    pub fn wants_global_header(muxer: &str) -> Option<bool> {
        let name = CString::new(muxer).ok()?;
        // SAFETY: looks a static table up.
        unsafe {
            let format = ffi::av_guess_format(name.as_ptr(), ptr::null(), ptr::null());
            (!format.is_null()).then(|| (*format).flags & ffi::AVFMT_GLOBALHEADER != 0)
        }
    }

    /// Writes the container's header into `storage`.
    ///
    /// # Errors
    ///
    /// FFmpeg's, or an option that the muxer does not take.
    pub fn begin(storage: Arc<dyn Storage>, config: &MuxerConfig<'_>) -> Result<Self, AvError> {
        super::init();
        let avio = Avio::new(storage, true)?;
        let name = CString::new(config.muxer).map_err(|_| AvError::new(ffi::AVERROR_MUXER_NOT_FOUND))?;
        let mut context = ptr::null_mut();
        // SAFETY: allocates into `context`, or fails.
        check(unsafe {
            ffi::avformat_alloc_output_context2(&raw mut context, ptr::null_mut(), name.as_ptr(), ptr::null())
        })?;
        let mut muxer = Self { context, packet_base: config.time_base, stream_base: config.time_base, avio };
        let mut options = Dictionary::new();
        for (key, value) in config.options {
            options.set(key, value)?;
        }
        let mut metadata = Dictionary::new();
        for (key, value) in config.metadata {
            metadata.set(key, value)?;
        }
        // SAFETY: owned; every pointer comes from this context and lives as long as it.
        unsafe {
            let stream = ffi::avformat_new_stream(muxer.context, ptr::null());
            if stream.is_null() {
                return Err(AvError::no_memory());
            }
            check(ffi::avcodec_parameters_copy((*stream).codecpar, config.parameters.as_ptr()))?;
            (*stream).time_base = config.time_base.into();
            let frame_rate = config.frame_rate.unwrap_or(Rational::new(0, 1));
            (*stream).avg_frame_rate = frame_rate.into();
            (*stream).r_frame_rate = frame_rate.into();
            geometry::tag_stream(stream, config.geometry)?;
            if let Some(packing) = config.stereo {
                stereo::tag_stream(stream, packing)?;
                // The `st3d` box is Google's, not yet ISO's: movenc writes it only where that is allowed.
                (*muxer.context).strict_std_compliance = ffi::FF_COMPLIANCE_UNOFFICIAL;
            }
            (*muxer.context).pb = muxer.avio.as_ptr();
            (*muxer.context).flags |= ffi::AVFMT_FLAG_CUSTOM_IO;
            // One stream: nothing to interleave, so no delay for it (the MPEG-TS muxer would start at 1.4 s).
            (*muxer.context).max_delay = 0;
            (*muxer.context).metadata = metadata.into_raw();
            check(ffi::avformat_write_header(muxer.context, options.as_mut_ptr()))?;
            // The muxer may choose its own timebase while writing the header (AVStream.time_base).
            muxer.stream_base = (*stream).time_base.into();
        }
        if !options.names().is_empty() {
            return Err(AvError::new(ffi::AVERROR_OPTION_NOT_FOUND));
        }
        muxer.avio.flush()?;
        if config.is_fragmented {
            muxer.avio.put_heads_last();
        }
        Ok(muxer)
    }

    /// Writes the next packet in decoding order.
    ///
    /// # Errors
    ///
    /// FFmpeg's, or the storage's.
    pub fn write(&mut self, packet: &mut Packet) -> Result<(), AvError> {
        packet.rescale(self.packet_base, self.stream_base);
        packet.set_stream(0);
        // SAFETY: both owned; one stream, so no interleaving queue is needed.
        check(unsafe { ffi::av_write_frame(self.context, packet.as_mut_ptr()) }).map(drop)
    }

    /// Closes the fragment or cluster, so that every packet so far is in the storage and can be decoded from it.
    ///
    /// # Errors
    ///
    /// FFmpeg's, or the storage's.
    pub fn flush(&mut self) -> Result<(), AvError> {
        // SAFETY: owned; a null packet flushes (avformat.h, av_write_frame), muxers that cannot ignore it.
        check(unsafe { ffi::av_write_frame(self.context, ptr::null_mut()) })?;
        self.avio.flush()
    }

    /// Writes the trailer; nothing can follow.
    ///
    /// # Errors
    ///
    /// FFmpeg's, or the storage's.
    pub fn finish(mut self) -> Result<(), AvError> {
        // SAFETY: owned, the header was written.
        check(unsafe { ffi::av_write_trailer(self.context) })?;
        self.pad();
        self.avio.flush()
    }

    /// Makes a transport stream of few packets long enough to be recognised.
    fn pad(&mut self) {
        // SAFETY: the context and its AVIO are owned and open; a format and its name are static; the packet has 188 bytes.
        unsafe {
            let io = (*self.context).pb;
            if CStr::from_ptr((*(*self.context).oformat).name) != c"mpegts" {
                return;
            }
            for _ in (ffi::avio_skip(io, 0)..LEAST_TS_BYTES).step_by(NULL_PACKET.len()) {
                ffi::avio_write(io, NULL_PACKET.as_ptr(), 188);
            }
        }
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        // SAFETY: owned; frees private data also of a muxer whose trailer was never written.
        unsafe { ffi::avformat_free_context(self.context) };
    }
}
