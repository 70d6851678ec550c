//! Single samples of pictures in any pixel format. Much slower than planes: for trials, and for rare formats.

use super::{AvError, Picture, PicturePool, PixelFormat, ffi};
use crate::pixels::planes::Rect;

/// FFmpeg's size of a sample in the arrays of [`Picture::samples`].
const SAMPLE_BYTES: i32 = size_of::<u16>() as i32;

impl PixelFormat {
    /// Whether pictures of both have the same components at the same places, here with at least as many bits, so that a
    /// conversion need not lose any.
    #[must_use]
    pub fn has_room_for(self, other: Self) -> bool {
        let kinds = u64::from(
            (ffi::AV_PIX_FMT_FLAG_RGB
                | ffi::AV_PIX_FMT_FLAG_ALPHA
                | ffi::AV_PIX_FMT_FLAG_PAL
                | ffi::AV_PIX_FMT_FLAG_BAYER
                | ffi::AV_PIX_FMT_FLAG_FLOAT)
                .unsigned_abs(),
        );
        let (Some(here), Some(there)) = (self.descriptor(), other.descriptor()) else { return false };
        let is_alike = here.flags & kinds == there.flags & kinds
            && here.nb_components == there.nb_components
            && (here.log2_chroma_w, here.log2_chroma_h) == (there.log2_chroma_w, there.log2_chroma_h);
        is_alike && here.comp.iter().zip(&there.comp).all(|(here, there)| here.depth >= there.depth)
    }

    /// Bits of a pixel's samples together.
    #[must_use]
    pub fn total_bits(self) -> u32 {
        let components = self.descriptor().map_or(&[][..], |descriptor| &descriptor.comp[..]);
        components.iter().map(|component| component.depth.unsigned_abs()).sum()
    }

    /// Number of components whose samples can be read and written one by one; 0 for places in a palette, and for those
    /// that are no integers of up to 16 bits.
    #[must_use]
    pub fn components(self) -> usize {
        let is_other = self.has_flag(
            ffi::AV_PIX_FMT_FLAG_PAL
                | ffi::AV_PIX_FMT_FLAG_FLOAT
                | ffi::AV_PIX_FMT_FLAG_BAYER
                | ffi::AV_PIX_FMT_FLAG_HWACCEL,
        );
        // FFmpeg's description of packed 4:1:1 does not say where its luma lies.
        let is_unclear = self.packs_chroma() && self.chroma_pixels().0 > 2;
        if is_other || is_unclear || self.bits() > 16 {
            0
        } else {
            self.descriptor().map_or(0, |all| all.nb_components.into())
        }
    }

    /// Bits of the samples of a component.
    fn component_bits(self, component: usize) -> u32 {
        self.descriptor().and_then(|all| all.comp.get(component)).map_or(0, |one| one.depth.unsigned_abs())
    }

    /// Samples of a component across and down in a picture of that size.
    fn component_size(self, component: usize, (width, height): (usize, usize)) -> (usize, usize) {
        let (across, down) = if matches!(component, 1 | 2) { self.chroma_pixels() } else { (1, 1) };
        (width.div_ceil(across as usize), height.div_ceil(down as usize))
    }
}

impl Picture {
    /// The samples of a component, row after row; none if there is no such component.
    #[must_use]
    pub fn samples(&self, component: usize) -> Vec<u16> {
        let size = (self.width() as usize, self.height() as usize);
        let Some(descriptor) = self.format().descriptor().filter(|_| component < self.format().components()) else {
            return Vec::new();
        };
        let (across, down) = self.format().component_size(component, size);
        let mut samples = vec![0_u16; across * down];
        for (y, row) in samples.chunks_exact_mut(across.max(1)).enumerate() {
            // SAFETY: the picture is owned and has its samples; the format has the component, and the row has room for
            // all samples of one of its rows, of the size given.
            unsafe {
                let frame = &*self.as_ptr();
                let mut planes: [*const u8; 4] = std::array::from_fn(|plane| frame.data[plane].cast_const());
                ffi::av_read_image_line2(
                    row.as_mut_ptr().cast(),
                    planes.as_mut_ptr(),
                    frame.linesize.as_ptr(),
                    descriptor,
                    0,
                    signed(y),
                    signed(component),
                    signed(across),
                    0,
                    SAMPLE_BYTES,
                );
            }
        }
        samples
    }

    /// Writes the samples of a component, as [`Self::samples`] returns them, to a picture that has been cleared; surplus
    /// bits are left out.
    ///
    /// # Errors
    ///
    /// Another number of samples than the picture has, or out of memory while unsharing.
    fn set_samples(&mut self, component: usize, samples: &[u16]) -> Result<(), AvError> {
        self.unshare()?;
        let format = self.format();
        let (across, down) = format.component_size(component, (self.width() as usize, self.height() as usize));
        let descriptor = format.descriptor().filter(|_| component < format.components());
        let Some(descriptor) = descriptor.filter(|_| samples.len() == across * down) else {
            return Err(AvError::invalid());
        };
        let most = u16::MAX >> (16 - format.component_bits(component).min(16));
        for (y, row) in samples.chunks_exact(across.max(1)).enumerate() {
            let row: Vec<u16> = row.iter().map(|sample| sample & most).collect();
            // SAFETY: the picture is owned and unshared; the format has the component, and the row has all samples of
            // one of its rows, of the size given.
            unsafe {
                let frame = &mut *self.as_mut_ptr();
                ffi::av_write_image_line2(
                    row.as_ptr().cast(),
                    frame.data.as_mut_ptr(),
                    frame.linesize.as_ptr(),
                    descriptor,
                    0,
                    signed(y),
                    signed(component),
                    signed(across),
                    SAMPLE_BYTES,
                );
            }
        }
        Ok(())
    }

    /// A picture of noise: every sample may have any value.
    ///
    /// # Errors
    ///
    /// A format without [`PixelFormat::components`], an impossible size, or out of memory.
    pub fn noise(format: PixelFormat, width: u32, height: u32) -> Result<Self, AvError> {
        let mut picture = Self::cleared(format, width, height)?;
        if format.components() == 0 {
            return Err(AvError::invalid());
        }
        let mut state = 1_u32;
        for component in 0..format.components() {
            let (across, down) = format.component_size(component, (width as usize, height as usize));
            let mut next = || {
                // Constants of Numerical Recipes (Press et al.), "quick and dirty" generators.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as u16
            };
            let samples: Vec<u16> = (0..across * down).map(|_| next()).collect();
            picture.set_samples(component, &samples)?;
        }
        Ok(picture)
    }

    /// The part of this picture inside `crop`, copied sample by sample.
    ///
    /// # Errors
    ///
    /// A format without [`PixelFormat::components`], or out of memory.
    pub(super) fn crop_samples(&self, crop: Rect) -> Result<Self, AvError> {
        let size = (self.width() as usize, self.height() as usize);
        let (across, down) = self.format().chroma_pixels();
        self.rebuilt(&PicturePool::default(), (crop.width, crop.height), |component, x, y| {
            let (across, down) = if matches!(component, 1 | 2) { (across as usize, down as usize) } else { (1, 1) };
            let (columns, rows) = self.format().component_size(component, size);
            ((crop.x / across + x).min(columns - 1), (crop.y / down + y).min(rows - 1))
        })
    }

    /// A larger picture that repeats the last column and row of this one.
    ///
    /// # Errors
    ///
    /// A format without [`PixelFormat::components`], or out of memory.
    pub fn extended(&self, (width, height): (u32, u32), pool: &PicturePool) -> Result<Self, AvError> {
        let size = (self.width() as usize, self.height() as usize);
        self.rebuilt(pool, (width as usize, height as usize), |component, x, y| {
            let (columns, rows) = self.format().component_size(component, size);
            (x.min(columns - 1), y.min(rows - 1))
        })
    }

    /// A picture of another size whose samples are those of this one at the places that `place` names for each.
    fn rebuilt(
        &self,
        pool: &PicturePool,
        (width, height): (usize, usize),
        place: impl Fn(usize, usize, usize) -> (usize, usize),
    ) -> Result<Self, AvError> {
        let format = self.format();
        if format.components() == 0 || self.width() == 0 || self.height() == 0 {
            return Err(AvError::invalid());
        }
        let side = |value: usize| u32::try_from(value).map_err(|_| AvError::invalid());
        let mut result = pool.take(format, side(width)?, side(height)?)?;
        result.clear()?;
        result.set_tags(self.tags());
        if let Some(pts) = self.pts() {
            result.set_pts(pts);
        }
        let size = (self.width() as usize, self.height() as usize);
        for component in 0..format.components() {
            let samples = self.samples(component);
            let (columns, _) = format.component_size(component, size);
            let (across, down) = format.component_size(component, (width, height));
            let places = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
            let moved: Vec<u16> = places
                .map(|(x, y)| place(component, x, y))
                .map(|(x, y)| samples.get(y * columns + x).copied().unwrap_or(0))
                .collect();
            result.set_samples(component, &moved)?;
        }
        Ok(result)
    }

    fn cleared(format: PixelFormat, width: u32, height: u32) -> Result<Self, AvError> {
        let mut picture = Self::alloc(format, width, height)?;
        picture.clear()?;
        Ok(picture)
    }

    /// Makes every byte zero: samples that are written one by one leave the bits between them as they are.
    fn clear(&mut self) -> Result<(), AvError> {
        self.unshare()?;
        // SAFETY: owned and unshared; a buffer that is set has its size.
        unsafe {
            for buffer in (*self.as_mut_ptr()).buf.iter().filter_map(|buffer| buffer.as_ref()) {
                buffer.data.write_bytes(0, buffer.size);
            }
        }
        Ok(())
    }
}

/// A place in a picture, whose sides have 31 bits.
fn signed(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<PixelFormat> {
        (0..1024).map(PixelFormat).filter(|format| format.components() > 0).collect()
    }

    #[test]
    fn samples_are_read_as_they_were_written_in_every_format() {
        assert!(names().len() > 100);
        for format in names() {
            let mut picture = Picture::cleared(format, 34, 6).unwrap();
            for component in 0..format.components() {
                let most = u16::MAX >> (16 - format.component_bits(component));
                let samples: Vec<u16> =
                    (1..).take(picture.samples(component).len()).map(|at: u16| at.wrapping_mul(2654) & most).collect();
                picture.set_samples(component, &samples).unwrap();
                assert_eq!(picture.samples(component), samples, "{}", format.name());
            }
        }
    }

    #[test]
    fn a_part_of_a_picture_has_its_samples_in_every_format_and_at_every_place() {
        for format in names() {
            let whole = Picture::noise(format, 40, 12).unwrap();
            for (x, y, width, height) in [(0, 0, 40, 12), (1, 1, 9, 3), (3, 2, 37, 9), (8, 4, 16, 8), (2, 3, 1, 1)] {
                let crop = Rect { x, y, width, height };
                let part = whole.reference().unwrap().crop(crop).unwrap();
                assert_eq!((part.width() as usize, part.height() as usize), (width, height));
                for component in 0..format.components() {
                    let (across, down) = if matches!(component, 1 | 2) { format.chroma_pixels() } else { (1, 1) };
                    let (columns, _) = format.component_size(component, (40, 12));
                    let (wide, high) = format.component_size(component, (width, height));
                    let samples = whole.samples(component);
                    let wanted: Vec<u16> = (0..high)
                        .flat_map(|row| {
                            let from = (y / down as usize + row) * columns + x / across as usize;
                            samples[from..from + wide].to_vec()
                        })
                        .collect();
                    let name = format.name();
                    assert_eq!(part.samples(component), wanted, "component {component} of {name} at {crop:?}");
                }
            }
        }
    }
}
