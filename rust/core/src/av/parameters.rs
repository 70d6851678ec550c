//! The parameters of a stream, for muxers and decoders.

use std::sync::Arc;

use super::{
    AvError, ColourTags, PixelFormat, VideoInfo,
    error::check,
    ffi::{self, text},
};
use crate::{base::time::Rational, pixels::geometry::Geometry};

/// Codec, size, pixel format, colour and parameter sets of a video stream. Nothing changes them, so clones share them.
#[derive(Debug, Clone)]
pub struct StreamParameters(Arc<Owned>);

#[derive(Debug)]
struct Owned(*mut ffi::AVCodecParameters);

// SAFETY: owned, plain data.
unsafe impl Send for Owned {}
// SAFETY: only read, once they are filled.
unsafe impl Sync for Owned {}

/// Writes what every video stream has.
fn fill(
    raw: &mut ffi::AVCodecParameters,
    codec: ffi::AVCodecID,
    (width, height): (u32, u32),
    tags: ColourTags,
    extradata: &[u8],
) -> Result<(), AvError> {
    raw.codec_type = ffi::AVMediaType::VIDEO;
    raw.codec_id = codec;
    raw.width = i32::try_from(width).unwrap_or(0);
    raw.height = i32::try_from(height).unwrap_or(0);
    raw.color_range = ffi::AVColorRange(tags.range);
    raw.color_space = ffi::AVColorSpace(tags.matrix);
    raw.color_primaries = ffi::AVColorPrimaries(tags.primaries);
    raw.color_trc = ffi::AVColorTransferCharacteristic(tags.transfer);
    raw.sample_aspect_ratio = tags.geometry.pixel_aspect.into();
    if extradata.is_empty() { Ok(()) } else { set_extradata(raw, extradata) }
}

impl StreamParameters {
    /// New parameters that `fill` writes.
    pub(super) fn filled(
        fill: impl FnOnce(&mut ffi::AVCodecParameters) -> Result<(), AvError>,
    ) -> Result<Self, AvError> {
        // SAFETY: allocates, or returns null.
        let owned = Owned(unsafe { ffi::avcodec_parameters_alloc() });
        // SAFETY: owned, or null, and not shared yet.
        fill(unsafe { owned.0.as_mut() }.ok_or_else(AvError::no_memory)?)?;
        Ok(Self(Arc::new(owned)))
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
        Self::filled(|raw| {
            fill(raw, ffi::AVCodecID::AV1, (width, height), tags, extradata)?;
            raw.format = format.0;
            Ok(())
        })
    }

    /// Parameters of a stream that comes in packets of the codec that FFmpeg calls so; `extradata` is in the form of its
    /// packets, and may be empty.
    ///
    /// # Errors
    ///
    /// Out of memory, or a codec that FFmpeg does not know.
    pub fn for_packets(codec: &str, size: (u32, u32), tags: ColourTags, extradata: &[u8]) -> Result<Self, AvError> {
        let name = std::ffi::CString::new(codec).map_err(|_| AvError::invalid())?;
        // SAFETY: compares the name with those of a static table; returns a row of it, or null.
        let descriptor = unsafe { ffi::avcodec_descriptor_get_by_name(name.as_ptr()).as_ref() };
        let codec = descriptor.ok_or_else(AvError::invalid)?;
        Self::filled(|raw| fill(raw, codec.id, size, tags, extradata))
    }

    /// A copy of the parameters behind a pointer.
    ///
    /// # Safety
    /// `source` points to valid parameters.
    pub(super) unsafe fn copy_of(source: *const ffi::AVCodecParameters) -> Result<Self, AvError> {
        // SAFETY: both are valid.
        Self::filled(|raw| check(unsafe { ffi::avcodec_parameters_copy(raw, source) }).map(drop))
    }

    /// A copy that `change` has changed.
    pub(super) fn changed(&self, change: impl FnOnce(&mut ffi::AVCodecParameters)) -> Result<Self, AvError> {
        Self::filled(|raw| {
            // SAFETY: both are valid.
            check(unsafe { ffi::avcodec_parameters_copy(raw, self.as_ptr()) })?;
            change(raw);
            Ok(())
        })
    }

    /// The same with the four-character tag that a container writes for the codec.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn with_tag(&self, tag: [u8; 4]) -> Result<Self, AvError> {
        self.changed(|raw| raw.codec_tag = u32::from_le_bytes(tag))
    }

    /// The same without parameter sets.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn without_extradata(&self) -> Result<Self, AvError> {
        self.changed(|raw| {
            // SAFETY: owned by the copy, or null; the call leaves null behind.
            unsafe { ffi::av_freep((&raw mut raw.extradata).cast()) };
            raw.extradata_size = 0;
        })
    }

    /// The same for pictures of this shape.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn with_shape(&self, shape: &VideoInfo) -> Result<Self, AvError> {
        self.changed(|raw| {
            let tags = shape.tags;
            raw.width = i32::try_from(shape.width).unwrap_or(0);
            raw.height = i32::try_from(shape.height).unwrap_or(0);
            raw.format = shape.format.0;
            raw.color_range = ffi::AVColorRange(tags.range);
            raw.color_space = ffi::AVColorSpace(tags.matrix);
            raw.color_primaries = ffi::AVColorPrimaries(tags.primaries);
            raw.color_trc = ffi::AVColorTransferCharacteristic(tags.transfer);
            raw.sample_aspect_ratio = tags.geometry.pixel_aspect.into();
        })
    }

    /// FFmpeg's name of the codec.
    #[must_use]
    pub fn codec_name(&self) -> String {
        // SAFETY: valid as long as `self`; returns a static string.
        unsafe { text(ffi::avcodec_get_name((*self.as_ptr()).codec_id)) }
    }

    /// The pixel aspect in the stream itself; 0/1 if unknown.
    #[must_use]
    pub fn pixel_aspect(&self) -> Rational {
        // SAFETY: valid as long as `self`.
        let (aspect, width, height) = unsafe {
            let parameters = &*self.as_ptr();
            (parameters.sample_aspect_ratio, parameters.width, parameters.height)
        };
        Geometry::checked_aspect(aspect.into(), (width.unsigned_abs(), height.unsigned_abs()))
    }

    /// The four-character tag; zeros if none was chosen.
    #[must_use]
    pub fn tag(&self) -> [u8; 4] {
        // SAFETY: valid as long as `self`.
        unsafe { (*self.as_ptr()).codec_tag }.to_le_bytes()
    }

    /// The parameter sets, in the form in which the codec's encoders write them; empty if there are none.
    #[must_use]
    pub fn extradata(&self) -> &[u8] {
        // SAFETY: valid as long as `self`; FFmpeg keeps pointer and length together.
        unsafe {
            let parameters = &*self.as_ptr();
            let length = usize::try_from(parameters.extradata_size).unwrap_or(0);
            if parameters.extradata.is_null() { &[] } else { std::slice::from_raw_parts(parameters.extradata, length) }
        }
    }

    pub(super) fn as_ptr(&self) -> *const ffi::AVCodecParameters {
        self.0.0
    }
}

/// Gives parameters a copy of `extradata` in place of what they have.
pub(super) fn set_extradata(raw: &mut ffi::AVCodecParameters, extradata: &[u8]) -> Result<(), AvError> {
    // SAFETY: zeroed memory of the wanted length plus FFmpeg's padding, or null.
    let copy = unsafe { ffi::av_mallocz(extradata.len() + ffi::AV_INPUT_BUFFER_PADDING_SIZE as usize) };
    if copy.is_null() {
        return Err(AvError::no_memory());
    }
    // SAFETY: `copy` has the length and cannot overlap a Rust slice; what was there before is owned by the parameters, or
    // null, and they own the copy from here on.
    unsafe {
        std::ptr::copy_nonoverlapping(extradata.as_ptr(), copy.cast(), extradata.len());
        ffi::av_freep((&raw mut raw.extradata).cast());
    }
    raw.extradata = copy.cast();
    raw.extradata_size = i32::try_from(extradata.len()).unwrap_or(0);
    Ok(())
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: owned, or null.
        unsafe { ffi::avcodec_parameters_free(&raw mut self.0) };
    }
}
