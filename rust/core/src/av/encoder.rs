//! Encoding by FFmpeg's encoders.

use std::{ffi::CString, ptr};

use super::{
    AvError, ColourTags, Dictionary, Packet, Picture, PicturePool, PixelFormat, StreamParameters, error::check, ffi,
    log,
};
use crate::base::time::Rational;

/// Everything an encoder is opened with.
#[derive(Debug, Clone)]
pub struct EncoderConfig {
    /// FFmpeg's name of the encoder.
    pub name: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixel format of the pictures it gets.
    pub format: PixelFormat,
    /// Frames per second; one tick of pictures and packets is one frame.
    pub frame_rate: Rational,
    /// Colour and shape tags for the stream.
    pub tags: ColourTags,
    /// Threads; 0 lets the encoder choose.
    pub threads: u32,
    /// Longest distance between key frames in frames.
    pub gop: u32,
    /// B-frames between references; `None` leaves it to the encoder.
    pub b_frames: Option<u32>,
    /// Average bit rate in bit/s.
    pub bit_rate: Option<u64>,
    /// Constant quantiser for encoders that take it as a scale (AVCodecContext.global_quality with the QSCALE flag).
    pub quantiser: Option<f64>,
    /// Private options by name.
    pub options: Vec<(String, String)>,
}

impl EncoderConfig {
    /// Adds a private option.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.options.push((name.to_owned(), value.to_string()));
    }
}

/// Why an encoder could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// This FFmpeg does not have it.
    Missing,
    /// It does not know these options.
    UnknownOptions(Vec<String>),
    /// It refused.
    Refused(AvError),
}

impl From<AvError> for OpenError {
    fn from(error: AvError) -> Self {
        Self::Refused(error)
    }
}

/// The encoder that never closes without a picture: SVT-AV1 1.x then waits for a last packet (svt_av1_enc_deinit).
const UNCLOSABLE: &str = "libsvtav1";

/// An open encoder, owned.
#[derive(Debug)]
pub struct Encoder {
    context: *mut ffi::AVCodecContext,
    not_taken: Option<String>,
    /// The pictures that it must have had one of before it can be closed.
    needs: Option<(PixelFormat, u32, u32)>,
}

// SAFETY: owned, used by one thread at a time.
unsafe impl Send for Encoder {}

fn find(name: &str) -> *const ffi::AVCodec {
    let Ok(name) = CString::new(name) else { return ptr::null() };
    // SAFETY: looks a static table up.
    unsafe { ffi::avcodec_find_encoder_by_name(name.as_ptr()) }
}

impl Encoder {
    /// Opens an encoder.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; an option that it does not take is one.
    pub fn open(config: &EncoderConfig) -> Result<Self, OpenError> {
        super::init();
        let codec = find(&config.name);
        if codec.is_null() {
            return Err(OpenError::Missing);
        }
        let mut options = Dictionary::new();
        for (name, value) in &config.options {
            options.set(name, value)?;
        }
        // SAFETY: the codec is static; allocated *with* it, so that its own defaults hold (avcodec_alloc_context3).
        let context = unsafe { ffi::avcodec_alloc_context3(codec) };
        if context.is_null() {
            return Err(AvError::no_memory().into());
        }
        let mut encoder = Self { context, not_taken: None, needs: None };
        log::take_last_line();
        // SAFETY: owned until here only by this function.
        unsafe {
            let c = &mut *context;
            c.width = i32::try_from(config.width).unwrap_or(-1);
            c.height = i32::try_from(config.height).unwrap_or(-1);
            c.pix_fmt = ffi::AVPixelFormat(config.format.0);
            c.time_base = config.frame_rate.inverse().into();
            c.framerate = config.frame_rate.into();
            c.color_range = ffi::AVColorRange(config.tags.range);
            c.colorspace = ffi::AVColorSpace(config.tags.matrix);
            c.color_primaries = ffi::AVColorPrimaries(config.tags.primaries);
            c.color_trc = ffi::AVColorTransferCharacteristic(config.tags.transfer);
            c.sample_aspect_ratio = config.tags.geometry.pixel_aspect.into();
            c.thread_count = i32::try_from(config.threads).unwrap_or(0);
            c.gop_size = i32::try_from(config.gop).unwrap_or(i32::MAX);
            if let Some(count) = config.b_frames {
                c.max_b_frames = i32::try_from(count).unwrap_or(0);
            }
            if let Some(rate) = config.bit_rate {
                c.bit_rate = i64::try_from(rate).unwrap_or(i64::MAX);
            }
            if let Some(quantiser) = config.quantiser {
                c.flags |= ffi::AV_CODEC_FLAG_QSCALE as i32;
                c.global_quality = (quantiser * f64::from(ffi::FF_QP2LAMBDA)).round() as i32;
            }
            // Each container has its own place for parameter sets: they are kept apart from the packets.
            c.flags |= ffi::AV_CODEC_FLAG_GLOBAL_HEADER as i32;
            check(ffi::avcodec_open2(context, codec, options.as_mut_ptr()))?;
        }
        encoder.not_taken = log::take_not_taken();
        if config.name == UNCLOSABLE {
            encoder.needs = Some((config.format, config.width, config.height));
        }
        let unknown = options.names();
        if unknown.is_empty() { Ok(encoder) } else { Err(OpenError::UnknownOptions(unknown)) }
    }

    /// FFmpeg's warning that a parameter for the encoder's library was not taken: unlike an option that is no error.
    #[must_use]
    pub fn not_taken(&self) -> Option<&str> {
        self.not_taken.as_deref()
    }

    /// The parameters that a muxer needs, with the parameter sets as extradata.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn parameters(&self) -> Result<StreamParameters, AvError> {
        StreamParameters::filled(|raw| {
            // SAFETY: both owned.
            check(unsafe { ffi::avcodec_parameters_from_context(raw, self.context) }).map(drop)
        })
    }

    /// Sends it a picture, whose pts counts frames; with `None` the end.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_again`] if packets must be taken first.
    pub fn send(&mut self, picture: Option<&Picture>) -> Result<(), AvError> {
        if picture.is_some() {
            self.needs = None;
        }
        let picture = picture.map_or(ptr::null(), Picture::as_ptr);
        // SAFETY: owned and open; the encoder references the picture's buffers and never writes them.
        check(unsafe { ffi::avcodec_send_frame(self.context, picture) }).map(drop)
    }

    /// Takes the next packet; its times count frames.
    ///
    /// # Errors
    ///
    /// FFmpeg's; [`AvError::is_again`] if it needs a picture, [`AvError::is_end`] after the last packet.
    pub fn receive(&mut self) -> Result<Packet, AvError> {
        let mut packet = Packet::new()?;
        // SAFETY: both owned.
        check(unsafe { ffi::avcodec_receive_packet(self.context, packet.as_mut_ptr()) })?;
        Ok(packet)
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if let Some((format, width, height)) = self.needs
            && let Ok(mut picture) = PicturePool::default().take(format, width, height)
        {
            picture.set_pts(0);
            // Its packet is nobody's, and so is an error.
            let _ = self.send(Some(&picture));
        }
        // SAFETY: owned.
        unsafe { ffi::avcodec_free_context(&raw mut self.context) };
    }
}
