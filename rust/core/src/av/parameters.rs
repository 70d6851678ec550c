//! What a muxer must know of a stream.

use super::{AvError, ColourTags, PixelFormat, error::check, ffi};

/// Codec, size, pixel format, colour and parameter sets of a video stream, owned.
#[derive(Debug)]
pub struct StreamParameters(*mut ffi::AVCodecParameters);

// SAFETY: owned, plain data.
unsafe impl Send for StreamParameters {}

impl StreamParameters {
    /// Empty parameters.
    pub(super) fn new() -> Result<Self, AvError> {
        // SAFETY: allocates, or returns null.
        let raw = unsafe { ffi::avcodec_parameters_alloc() };
        if raw.is_null() { Err(AvError::no_memory()) } else { Ok(Self(raw)) }
    }

    /// Parameters of an AV1 stream made outside FFmpeg; `extradata` is the `av1C` record.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn for_av1(
        width: u32,
        height: u32,
        format: PixelFormat,
        tags: ColourTags,
        extradata: &[u8],
    ) -> Result<Self, AvError> {
        let parameters = Self::new()?;
        // SAFETY: zeroed memory of the wanted length plus FFmpeg's padding, or null.
        let copy = unsafe { ffi::av_mallocz(extradata.len() + ffi::AV_INPUT_BUFFER_PADDING_SIZE as usize) };
        if copy.is_null() {
            return Err(AvError::no_memory());
        }
        // SAFETY: `copy` has the length; the parameters own it from here on and free it with `av_free`.
        unsafe {
            std::ptr::copy_nonoverlapping(extradata.as_ptr(), copy.cast(), extradata.len());
            let raw = &mut *parameters.0;
            raw.codec_type = ffi::AVMediaType::VIDEO;
            raw.codec_id = ffi::AVCodecID::AV1;
            raw.width = i32::try_from(width).unwrap_or(0);
            raw.height = i32::try_from(height).unwrap_or(0);
            raw.format = format.0;
            raw.extradata = copy.cast();
            raw.extradata_size = i32::try_from(extradata.len()).unwrap_or(0);
            raw.color_range = ffi::AVColorRange(tags.range);
            raw.color_space = ffi::AVColorSpace(tags.matrix);
            raw.color_primaries = ffi::AVColorPrimaries(tags.primaries);
            raw.color_trc = ffi::AVColorTransferCharacteristic(tags.transfer);
            raw.sample_aspect_ratio = tags.pixel_aspect.into();
        }
        Ok(parameters)
    }

    /// A copy of the parameters behind a pointer.
    ///
    /// # Safety
    /// `source` points to valid parameters.
    pub(super) unsafe fn copy_of(source: *const ffi::AVCodecParameters) -> Result<Self, AvError> {
        let copy = Self::new()?;
        // SAFETY: both are valid.
        check(unsafe { ffi::avcodec_parameters_copy(copy.0, source) })?;
        Ok(copy)
    }

    /// Sets the four-character tag that the container writes for the codec.
    #[must_use]
    pub fn with_tag(self, tag: [u8; 4]) -> Self {
        // SAFETY: owned.
        unsafe { (*self.0).codec_tag = u32::from_le_bytes(tag) };
        self
    }

    pub(super) fn as_ptr(&self) -> *const ffi::AVCodecParameters {
        self.0
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut ffi::AVCodecParameters {
        self.0
    }
}

impl Drop for StreamParameters {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { ffi::avcodec_parameters_free(&raw mut self.0) };
    }
}
