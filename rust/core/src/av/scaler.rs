//! Scaling and rare pixel formats, by swscale; the common conversions are in `frame::convert`.

use std::{ffi::CStr, ptr};

use super::{AvError, Picture, PicturePool, PixelFormat, error::check, ffi};

/// The task of a scaler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaling {
    /// Pixel format, width and height of the pictures it takes.
    pub from: (PixelFormat, u32, u32),
    /// Pixel format, width and height of the pictures it makes.
    pub to: (PixelFormat, u32, u32),
    /// Matrix coefficients of the Y'CbCr side (ITU-T H.273).
    pub matrix: u32,
    /// Whether Y'CbCr has full range in the pictures it takes, and in those it makes.
    pub full_range: [bool; 2],
}

/// A conversion between two picture shapes, owned and reusable: bicubic, with full-quality rounding.
#[derive(Debug)]
pub struct Scaler {
    context: *mut ffi::SwsContext,
    scaling: Scaling,
}

// SAFETY: owned, used by one thread at a time.
unsafe impl Send for Scaler {}

impl Scaler {
    /// A scaler.
    ///
    /// # Errors
    ///
    /// FFmpeg's, if one of the formats is not supported.
    pub fn new(scaling: Scaling) -> Result<Self, AvError> {
        let Scaling { from, to, matrix, full_range } = scaling;
        // The ranges must be known before the context is initialised: they decide whether it may just copy.
        let settings = [
            (c"src_format", i64::from(from.0.0)),
            (c"srcw", i64::from(from.1)),
            (c"srch", i64::from(from.2)),
            (c"src_range", i64::from(full_range[0])),
            (c"dst_format", i64::from(to.0.0)),
            (c"dstw", i64::from(to.1)),
            (c"dsth", i64::from(to.2)),
            (c"dst_range", i64::from(full_range[1])),
        ];
        // SAFETY: allocates, or returns null.
        let scaler = Self { context: unsafe { ffi::sws_alloc_context() }, scaling };
        if scaler.context.is_null() {
            return Err(AvError::no_memory());
        }
        for (name, value) in settings {
            scaler.set(name, value)?;
        }
        // By name: the constants have changed their kind among the releases.
        let flags = c"bicubic+accurate_rnd+full_chroma_int+full_chroma_inp";
        // SAFETY: the context is owned and begins with its class, as the options of FFmpeg want it.
        check(unsafe { ffi::av_opt_set(scaler.context.cast(), c"sws_flags".as_ptr(), flags.as_ptr(), 0) })?;
        // SAFETY: the context is owned and complete; no filters are given.
        check(unsafe { ffi::sws_init_context(scaler.context, ptr::null_mut(), ptr::null_mut()) })?;
        let [from_full, to_full] = full_range.map(i32::from);
        // SAFETY: the context is initialised; the coefficient tables are static, and there is one for any number.
        unsafe {
            let table = ffi::sws_getCoefficients(i32::try_from(matrix).unwrap_or(ffi::SWS_CS_DEFAULT));
            // A refusal only means that neither side is YUV or RGB; the scaler works without the ranges.
            ffi::sws_setColorspaceDetails(scaler.context, table, from_full, table, to_full, 0, 1 << 16, 1 << 16);
        }
        Ok(scaler)
    }

    fn set(&self, name: &CStr, value: i64) -> Result<(), AvError> {
        // SAFETY: the context is owned and begins with its class, as the options of FFmpeg want it.
        check(unsafe { ffi::av_opt_set_int(self.context.cast(), name.as_ptr(), value, 0) }).map(drop)
    }

    /// Its task.
    #[must_use]
    pub const fn scaling(&self) -> Scaling {
        self.scaling
    }

    /// Converts a picture into one from `pool` with the same tags and time.
    ///
    /// # Errors
    ///
    /// FFmpeg's, out of memory, or EINVAL for a picture of another shape.
    pub fn scale(&mut self, picture: &Picture, pool: &PicturePool) -> Result<Picture, AvError> {
        let (format, width, height) = self.scaling.to;
        if self.scaling.from != (picture.format(), picture.width(), picture.height()) {
            return Err(AvError::invalid());
        }
        let mut result = pool.take(format, width, height)?;
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
        // SAFETY: owned, or null.
        unsafe { ffi::sws_freeContext(self.context) };
    }
}
