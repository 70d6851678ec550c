//! Rows of pictures in any pixel format, as they lie in memory.

use super::{AvError, Picture, PixelFormat, ffi};

impl PixelFormat {
    /// Bytes of a row and number of rows of each plane of a picture, without padding; none for a format whose samples are
    /// not in memory of ours, or an impossible size.
    #[must_use]
    pub fn planes_in_memory(self, width: u32, height: u32) -> Vec<(usize, usize)> {
        let Ok(signed) = i32::try_from(width) else { return Vec::new() };
        if width == 0 || height == 0 || self.descriptor().is_none() || self.has_flag(ffi::AV_PIX_FMT_FLAG_HWACCEL) {
            return Vec::new();
        }
        let format = ffi::AVPixelFormat(self.0);
        // SAFETY: reads a static table.
        let count = unsafe { ffi::av_pix_fmt_count_planes(format) };
        let planes = (0..count).map(|plane| {
            // SAFETY: arithmetic on a static table; an impossible width gives a negative number.
            let bytes = usize::try_from(unsafe { ffi::av_image_get_linesize(format, signed, plane) }).unwrap_or(0);
            let down = if matches!(plane, 1 | 2) && !self.is_rgb() { self.chroma_pixels().1 } else { 1 };
            (bytes, height.div_ceil(down) as usize)
        });
        planes.collect()
    }
}

impl Picture {
    /// The rows of a plane for writing, from the top and without padding, unshared first; none if there is no such plane.
    ///
    /// # Errors
    ///
    /// Out of memory while unsharing.
    pub fn rows_mut(&mut self, plane: usize) -> Result<impl Iterator<Item = &mut [u8]>, AvError> {
        self.unshare()?;
        let size = self.format().planes_in_memory(self.width(), self.height()).get(plane).copied();
        let span = size.and_then(|(bytes, rows)| Some((self.plane_span(plane, bytes, rows)?, bytes)));
        let rows = span.map(|((data, length, stride), bytes)| {
            // SAFETY: `plane_span` gives the extent of a plane inside this picture's live buffers, which belong to it alone
            // and are borrowed mutably.
            let samples = unsafe { std::slice::from_raw_parts_mut(data, length) };
            samples.chunks_mut(stride.max(1)).filter_map(move |row| row.get_mut(..bytes))
        });
        Ok(rows.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_rows() {
        let named = |name| PixelFormat::named(name).unwrap();
        for (name, planes) in [
            ("yuyv422", vec![(44, 5)]),
            ("yuv420p", vec![(21, 5), (11, 3), (11, 3)]),
            ("nv21", vec![(21, 5), (22, 3)]),
            ("yuv422p", vec![(21, 5), (11, 5), (11, 5)]),
            ("rgb24", vec![(63, 5)]),
            ("gray16le", vec![(42, 5)]),
            ("gbrp", vec![(21, 5); 3]),
        ] {
            assert_eq!(named(name).planes_in_memory(21, 5), planes, "{name}");
            let mut picture = Picture::alloc(named(name), 21, 5).unwrap();
            for (plane, (bytes, rows)) in planes.into_iter().enumerate() {
                let lengths: Vec<_> = picture.rows_mut(plane).unwrap().map(|row| row.len()).collect();
                assert_eq!(lengths, vec![bytes; rows], "{name}");
            }
            assert_eq!(picture.rows_mut(4).unwrap().count(), 0);
        }
        assert!(named("vaapi").planes_in_memory(16, 16).is_empty());
    }
}
