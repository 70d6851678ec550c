//! Pictures made of others: painted, and pasted into.

use super::{AvError, ColourTags, Picture, PixelFormat, VideoInfo, error::check, ffi};
use crate::pixels::{
    colour::ColourRange,
    h273::{FULL, LIMITED},
};

impl Picture {
    /// A black picture of a shape; one of 4:2:0 in its place if FFmpeg cannot paint its pixel format.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn black(shape: VideoInfo) -> Result<Self, AvError> {
        let paint = |VideoInfo { width, height, format, tags }| {
            let mut picture = Self::alloc(format, width, height)?;
            picture.set_tags(tags);
            picture.fill_black().map(|()| picture)
        };
        paint(shape).or_else(|_| {
            let matrix = shape.guessed_matrix().number();
            let tags = ColourTags { range: LIMITED, matrix, ..shape.tags };
            paint(VideoInfo { format: PixelFormat::YUV420P, tags, ..shape })
        })
    }

    /// Paints it black, opaque where it has alpha.
    ///
    /// # Errors
    ///
    /// Out of memory while unsharing, or a pixel format that FFmpeg cannot paint.
    pub fn fill_black(&mut self) -> Result<(), AvError> {
        let is_full = VideoInfo::of(self).range() == ColourRange::Full;
        self.unshare()?;
        // SAFETY: owned and unshared; the lines of all planes are as long as its format says.
        check(unsafe {
            let frame = &*self.as_mut_ptr();
            let strides = frame.linesize.map(|stride| stride as isize);
            ffi::av_image_fill_black(
                frame.data.as_ptr().cast_mut(),
                strides.as_ptr(),
                ffi::AVPixelFormat(frame.format),
                ffi::AVColorRange(if is_full { FULL } else { LIMITED }),
                frame.width,
                frame.height,
            )
        })
        .map(drop)
    }

    /// Copies `other` into this picture, its top left pixel to column `x` and row `y`; where chroma samples are shared,
    /// both are even.
    ///
    /// # Errors
    ///
    /// Another pixel format, a picture that reaches beyond this one, or out of memory while unsharing.
    pub fn paste(&mut self, other: &Self, (x, y): (u32, u32)) -> Result<(), AvError> {
        let fits = |at: u32, length: u32, limit: u32| at.checked_add(length).is_some_and(|end| end <= limit);
        let is_inside = fits(x, other.width(), self.width()) && fits(y, other.height(), self.height());
        let format = ffi::AVPixelFormat(self.format().0);
        self.unshare()?;
        // SAFETY: a static table's row, or null for an unknown format.
        let descriptor = unsafe { ffi::av_pix_fmt_desc_get(format).as_ref() };
        let Some(descriptor) = descriptor.filter(|_| is_inside && other.format() == self.format()) else {
            return Err(AvError::invalid());
        };
        let pixels = |value: u32| i32::try_from(value).unwrap_or(0);
        // SAFETY: a known format; both pictures hold all planes of it, and the other one lies inside this one.
        unsafe {
            for plane in 0..ffi::av_pix_fmt_count_planes(format).max(0) {
                let index = plane.unsigned_abs() as usize;
                let shift = if matches!(plane, 1 | 2) { descriptor.log2_chroma_h } else { 0 };
                let rows = |count: u32| (count + (1 << shift) - 1) >> shift;
                let (from, to) = (&*other.as_ptr(), &*self.as_mut_ptr());
                let row = to.data[index].offset(rows(y) as isize * to.linesize[index] as isize);
                ffi::av_image_copy_plane(
                    row.offset(check(ffi::av_image_get_linesize(format, pixels(x), plane))? as isize),
                    to.linesize[index],
                    from.data[index],
                    from.linesize[index],
                    check(ffi::av_image_get_linesize(format, pixels(other.width()), plane))?,
                    pixels(rows(other.height())),
                );
            }
        }
        Ok(())
    }
}
