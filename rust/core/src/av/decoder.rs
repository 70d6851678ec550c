//! Decoding.

use std::ptr;

use super::{
    AvError, Packet, Picture, StreamParameters,
    error::check,
    ffi::{self, text},
};
use crate::base::time::Rational;

/// An open decoder of one video stream, owned.
#[derive(Debug)]
pub struct Decoder(*mut ffi::AVCodecContext);

// SAFETY: owned, used by one thread at a time.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Opens the decoder of a stream whose packets count `time_base`; `None` if this FFmpeg has none for its codec.
    ///
    /// # Errors
    ///
    /// FFmpeg's, if the stream's parameters are damaged or exceed `max_pixels`.
    pub fn open(
        parameters: &StreamParameters,
        time_base: Rational,
        threads: u32,
        max_pixels: u32,
    ) -> Result<Option<Self>, AvError> {
        // SAFETY: the parameters are owned and valid; the codec is static; each allocation is checked.
        unsafe {
            let codec = ffi::avcodec_find_decoder((*parameters.as_ptr()).codec_id);
            if codec.is_null() {
                return Ok(None);
            }
            let context = ffi::avcodec_alloc_context3(codec);
            if context.is_null() {
                return Err(AvError::no_memory());
            }
            let decoder = Self(context);
            check(ffi::avcodec_parameters_to_context(context, parameters.as_ptr()))?;
            // The library's own default is one thread (AVCodecContext.thread_count).
            (*context).thread_count = i32::try_from(threads).unwrap_or(0);
            (*context).thread_type = ffi::FF_THREAD_FRAME | ffi::FF_THREAD_SLICE;
            (*context).pkt_timebase = time_base.into();
            (*context).max_pixels = i64::from(max_pixels);
            check(ffi::avcodec_open2(context, codec, ptr::null_mut()))?;
            Ok(Some(decoder))
        }
    }

    /// FFmpeg's name of the codec.
    #[must_use]
    pub fn codec_name(&self) -> String {
        // SAFETY: owned and open; returns a static string.
        unsafe { text(ffi::avcodec_get_name((*self.0).codec_id)) }
    }

    /// Sends it a packet, or with `None` the end of the stream.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_invalid_data`] for a damaged packet, after which the next may follow.
    pub fn send(&mut self, packet: Option<&Packet>) -> Result<(), AvError> {
        let packet = packet.map_or(ptr::null(), Packet::as_ptr);
        // SAFETY: owned and open; null drains.
        check(unsafe { ffi::avcodec_send_packet(self.0, packet) }).map(drop)
    }

    /// Takes the next picture.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_again`] if it needs a packet, [`AvError::is_end`] after the last picture.
    pub fn receive(&mut self) -> Result<Picture, AvError> {
        let mut picture = Picture::empty()?;
        // SAFETY: both owned.
        check(unsafe { ffi::avcodec_receive_frame(self.0, picture.as_mut_ptr()) })?;
        Ok(picture)
    }

    /// Forgets everything, to begin again elsewhere in the stream.
    pub fn flush(&mut self) {
        // SAFETY: owned and open.
        unsafe { ffi::avcodec_flush_buffers(self.0) };
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { ffi::avcodec_free_context(&raw mut self.0) };
    }
}
