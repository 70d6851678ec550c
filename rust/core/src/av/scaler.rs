//! Scaling and rare pixel formats, by swscale; the common conversions are in `frame::convert`.

use std::ptr;

use super::{AvError, Picture, PixelFormat, error::check, ffi};

/// A conversion between two picture shapes, owned and reusable.
#[derive(Debug)]
pub struct Scaler {
    context: *mut ffi::SwsContext,
    from: (PixelFormat, u32, u32),
    to: (PixelFormat, u32, u32),
}

// SAFETY: owned, used by one thread at a time.
unsafe impl Send for Scaler {}

impl Scaler {
    /// Whether this scaler does what is asked.
    #[must_use]
    pub fn serves(&self, picture: &Picture, to: (PixelFormat, u32, u32)) -> bool {
        self.from == (picture.format(), picture.width(), picture.height()) && self.to == to
    }

    /// A scaler from `picture`'s shape; full-quality rounding.
    ///
    /// # Errors
    ///
    /// FFmpeg's, if one of the formats is not supported.
    pub fn new(picture: &Picture, to: (PixelFormat, u32, u32)) -> Result<Self, AvError> {
        let from = (picture.format(), picture.width(), picture.height());
        let size = |value: u32| i32::try_from(value).unwrap_or(0);
        let flags = ffi::SWS_BICUBIC | ffi::SWS_ACCURATE_RND | ffi::SWS_FULL_CHR_H_INT;
        let tags = picture.tags();
        // SAFETY: allocates, or returns null; the coefficient tables are static.
        unsafe {
            let context = ffi::sws_getContext(
                size(from.1),
                size(from.2),
                ffi::AVPixelFormat(from.0.0),
                size(to.1),
                size(to.2),
                ffi::AVPixelFormat(to.0.0),
                flags,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null(),
            );
            if context.is_null() {
                return Err(AvError::invalid());
            }
            let matrix = if tags.matrix == ffi::AVColorSpace::UNSPECIFIED.0 { 5 } else { tags.matrix };
            let coefficients = ffi::sws_getCoefficients(i32::try_from(matrix).unwrap_or(5));
            let full = |format: PixelFormat| i32::from(format == PixelFormat::YUVJ420P || tags.range == 2);
            // A refusal only means that neither side is YUV or RGB; the scaler works without it.
            ffi::sws_setColorspaceDetails(
                context,
                coefficients,
                full(from.0),
                coefficients,
                full(to.0),
                0,
                1 << 16,
                1 << 16,
            );
            Ok(Self { context, from, to })
        }
    }

    /// Converts a picture into a new one with the same tags and time.
    ///
    /// # Errors
    ///
    /// FFmpeg's, or out of memory.
    pub fn scale(&mut self, picture: &Picture) -> Result<Picture, AvError> {
        let mut result = Picture::alloc(self.to.0, self.to.1, self.to.2)?;
        result.set_tags(picture.tags());
        // SAFETY: both pictures are valid and have the shapes this scaler was made for.
        check(unsafe {
            let (source, target) = (&*picture.as_ptr(), &mut *result.as_mut_ptr());
            ffi::sws_scale(
                self.context,
                source.data.as_ptr().cast(),
                source.linesize.as_ptr(),
                0,
                source.height,
                target.data.as_ptr().cast(),
                target.linesize.as_ptr(),
            )
        })?;
        if let Some(pts) = picture.pts() {
            result.set_pts(pts);
        }
        Ok(result)
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { ffi::sws_freeContext(self.context) };
    }
}
