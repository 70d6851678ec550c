//! Decoding.

use std::{ffi::c_int, ptr, sync::Arc};

use super::{
    AvError, Packet, Picture, PicturePool, PixelFormat, StreamParameters,
    error::check,
    ffi::{self, text},
};
use crate::base::time::Rational;

/// An open decoder of one video stream, owned. Its pictures come from a pool, except where the codec's library or a
/// palette needs other memory.
#[derive(Debug)]
pub struct Decoder {
    context: *mut ffi::AVCodecContext,
    /// The context's `opaque`, for [`get_buffer`].
    pool: Arc<PicturePool>,
}

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
            let decoder = Self { context, pool: Arc::default() };
            check(ffi::avcodec_parameters_to_context(context, parameters.as_ptr()))?;
            // The library's own default is one thread (AVCodecContext.thread_count).
            (*context).thread_count = i32::try_from(threads).unwrap_or(0);
            (*context).thread_type = ffi::FF_THREAD_FRAME | ffi::FF_THREAD_SLICE;
            (*context).pkt_timebase = time_base.into();
            (*context).max_pixels = i64::from(max_pixels);
            if (*codec).capabilities & ffi::AV_CODEC_CAP_DR1 as c_int != 0 {
                (*context).opaque = Arc::as_ptr(&decoder.pool).cast_mut().cast();
                (*context).get_buffer2 = Some(get_buffer);
                // Otherwise its threads wait until this one calls it for them.
                #[cfg(thread_safe_callbacks)]
                {
                    (*context).thread_safe_callbacks = 1;
                }
            }
            check(ffi::avcodec_open2(context, codec, ptr::null_mut()))?;
            Ok(Some(decoder))
        }
    }

    /// FFmpeg's name of the codec.
    #[must_use]
    pub fn codec_name(&self) -> String {
        // SAFETY: owned and open; returns a static string.
        unsafe { text(ffi::avcodec_get_name((*self.context).codec_id)) }
    }

    /// Whether pictures come out in another order than their packets (AVCodecContext.has_b_frames).
    #[must_use]
    pub fn reorders(&self) -> bool {
        // SAFETY: owned and open.
        unsafe { (*self.context).has_b_frames > 0 }
    }

    /// Sends it a packet, or with `None` the end of the stream.
    ///
    /// # Errors
    ///
    /// FFmpeg's; after a damaged packet the next may follow.
    pub fn send(&mut self, packet: Option<&Packet>) -> Result<(), AvError> {
        let packet = packet.map_or(ptr::null(), Packet::as_ptr);
        // SAFETY: owned and open; null drains.
        check(unsafe { ffi::avcodec_send_packet(self.context, packet) }).map(drop)
    }

    /// Takes the next picture.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_again`] if it needs a packet, [`AvError::is_end`] after the last picture.
    pub fn receive(&mut self) -> Result<Picture, AvError> {
        let mut picture = Picture::empty()?;
        // SAFETY: both owned.
        check(unsafe { ffi::avcodec_receive_frame(self.context, picture.as_mut_ptr()) })?;
        Ok(picture)
    }

    /// Forgets everything, to begin again elsewhere in the stream.
    pub fn flush(&mut self) {
        // SAFETY: owned and open.
        unsafe { ffi::avcodec_flush_buffers(self.context) };
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: owned. Its threads end here, before the pool is dropped.
        unsafe { ffi::avcodec_free_context(&raw mut self.context) };
    }
}

/// Sets the memory that a frame is decoded into (AVCodecContext.get_buffer2); called from any thread of the decoder.
unsafe extern "C" fn get_buffer(context: *mut ffi::AVCodecContext, frame: *mut ffi::AVFrame, flags: c_int) -> c_int {
    // SAFETY: both are valid during the call, and the frame is this thread's alone; the pool outlives the context. The
    // array is as long as FFmpeg expects it.
    unsafe {
        let pool = &*(*context).opaque.cast::<PicturePool>();
        let mut aligns = [0; ffi::AV_NUM_DATA_POINTERS as usize];
        let (mut width, mut height) = ((*frame).width, (*frame).height);
        ffi::avcodec_align_dimensions2(context, &raw mut width, &raw mut height, aligns.as_mut_ptr());
        if !is_plain((*frame).format) || aligns.iter().any(|align| *align as usize > PicturePool::ALIGN) {
            return ffi::avcodec_default_get_buffer2(context, frame, flags);
        }
        (*frame).extended_data = (&raw mut (*frame).data).cast();
        let shape = (PixelFormat((*frame).format), width.unsigned_abs(), height.unsigned_abs());
        pool.fill(&mut *frame, shape).map_or_else(|error| error.code(), |()| 0)
    }
}

/// Whether a picture of that pixel format is nothing but planes of samples in the memory of this process.
fn is_plain(format: c_int) -> bool {
    let other = u64::from((ffi::AV_PIX_FMT_FLAG_HWACCEL | ffi::AV_PIX_FMT_FLAG_PAL).unsigned_abs());
    // SAFETY: a static table's row, or null for an unknown format.
    unsafe { ffi::av_pix_fmt_desc_get(ffi::AVPixelFormat(format)).as_ref() }
        .is_some_and(|descriptor| descriptor.flags & other == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::av::{ColourTags, Encoder, EncoderConfig};

    const RATE: Rational = Rational::new(25, 1);
    const FRAMES: u8 = 40;

    /// A lossless encoder of small pictures.
    fn encoder() -> Encoder {
        let config = EncoderConfig {
            name: "ffv1".to_owned(),
            width: 64,
            height: 48,
            format: PixelFormat::YUV420P,
            frame_rate: RATE,
            tags: ColourTags::UNKNOWN,
            threads: 1,
            gop: 1,
            b_frames: None,
            bit_rate: None,
            quantiser: None,
            options: Vec::new(),
        };
        Encoder::open(&config).unwrap()
    }

    #[test]
    fn pictures_of_all_threads_come_from_one_pool_and_outlive_the_decoder() {
        let mut encoder = encoder();
        let mut decoder = Decoder::open(&encoder.parameters().unwrap(), RATE.inverse(), 4, 1 << 16).unwrap().unwrap();
        let mut pictures = Vec::new();
        for value in 0..FRAMES {
            let mut picture = Picture::alloc(PixelFormat::YUV420P, 64, 48).unwrap();
            picture.view_mut().unwrap().unwrap().rows_mut(0).for_each(|row| row.fill(value));
            picture.set_pts(value.into());
            encoder.send(Some(&picture)).unwrap();
            decoder.send(Some(&encoder.receive().unwrap())).unwrap();
            pictures.extend(decoder.receive());
        }
        decoder.send(None).unwrap();
        pictures.extend(std::iter::from_fn(|| decoder.receive().ok()));
        drop(decoder);
        assert_eq!(pictures.len(), usize::from(FRAMES));
        for (picture, value) in pictures.iter().zip(0..) {
            assert!(picture.view().unwrap().rows(0).flatten().all(|sample| *sample == value), "picture {value}");
            // SAFETY: owned.
            let buffers = unsafe { (*picture.as_ptr()).buf };
            assert!(buffers[1].is_null(), "FFmpeg's own pool has a buffer for each plane");
        }
    }
}
