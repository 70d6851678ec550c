//! Raw pictures: reference-counted samples with their tags.

use super::{
    AvError, PixelFormat,
    error::check,
    ffi::{self, text},
};
use crate::pixels::{
    geometry::Geometry,
    h273::{RANGE_UNKNOWN, UNKNOWN},
    planes::{Plane, PlaneMut, Planes, PlanesMut, Rect},
};

/// Colour and shape tags that travel with a picture; the numbers are those of [`h273`](crate::pixels::h273).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColourTags {
    /// Range (AVColorRange).
    pub range: u32,
    /// Matrix coefficients (AVColorSpace).
    pub matrix: u32,
    /// Primaries (AVColorPrimaries).
    pub primaries: u32,
    /// Transfer characteristic (AVColorTransferCharacteristic).
    pub transfer: u32,
    /// How it is to be shown.
    pub geometry: Geometry,
}

impl ColourTags {
    /// Nothing known.
    pub const UNKNOWN: Self = Self {
        range: RANGE_UNKNOWN,
        matrix: UNKNOWN,
        primaries: UNKNOWN,
        transfer: UNKNOWN,
        geometry: Geometry::UNKNOWN,
    };

    /// FFmpeg's name of the matrix.
    #[must_use]
    pub fn matrix_name(&self) -> String {
        // SAFETY: returns a static string, or null for a number that it does not know.
        let name = unsafe { text(ffi::av_color_space_name(ffi::AVColorSpace(self.matrix))) };
        if name.is_empty() { format!("of matrix {}", self.matrix) } else { name }
    }
}

/// One raw picture, owned; its samples may be shared with other pictures.
#[derive(Debug)]
pub struct Picture {
    frame: *mut ffi::AVFrame,
    // Not in the frame, where it would be side data to be allocated; only the pixel aspect is there.
    geometry: Geometry,
}

// SAFETY: owned; sample buffers are reference-counted atomically and written only while unshared (`make_writable`).
unsafe impl Send for Picture {}
// SAFETY: `&Picture` gives read access only.
unsafe impl Sync for Picture {}

impl Picture {
    /// A picture without samples, to be filled by a decoder.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn empty() -> Result<Self, AvError> {
        // SAFETY: allocates, or returns null.
        let frame = unsafe { ffi::av_frame_alloc() };
        if frame.is_null() {
            return Err(AvError::no_memory());
        }
        Ok(Self { frame, geometry: Geometry::UNKNOWN })
    }

    /// A picture with its own, uninitialised samples, aligned for SIMD.
    ///
    /// # Errors
    ///
    /// Out of memory, or an impossible size.
    pub fn alloc(format: PixelFormat, width: u32, height: u32) -> Result<Self, AvError> {
        let picture = Self::empty()?;
        // SAFETY: owned.
        unsafe {
            (*picture.frame).format = format.0;
            (*picture.frame).width = i32::try_from(width).unwrap_or(-1);
            (*picture.frame).height = i32::try_from(height).unwrap_or(-1);
        }
        // SAFETY: owned, its format and size are set; refuses impossible ones.
        check(unsafe { ffi::av_frame_get_buffer(picture.frame, 0) })?;
        Ok(picture)
    }

    /// Another picture over the same samples.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn reference(&self) -> Result<Self, AvError> {
        let mut copy = Self::empty()?;
        copy.geometry = self.geometry;
        // SAFETY: both are owned; the source is only read.
        check(unsafe { ffi::av_frame_ref(copy.frame, self.frame) })?;
        Ok(copy)
    }

    /// This picture inside the crop, over the same samples where they can be addressed.
    ///
    /// Where pixels share their chroma, a crop that begins at an odd place begins with the chroma of the place before
    /// it, as FFmpeg's filter `crop` does with `exact=1`.
    ///
    /// # Errors
    ///
    /// Out of memory, or a crop that is not inside the picture.
    pub fn crop(mut self, crop: Rect) -> Result<Self, AvError> {
        self.geometry = self.geometry.cropped(crop.y);
        if self.format() == PixelFormat::UYVY422 && crop.x % 2 == 1 {
            return self.crop_odd_uyvy(crop);
        }
        if !self.format().is_addressable(crop.x, crop.y) {
            return self.crop_samples(crop);
        }
        let (width, height) = (self.width() as usize, self.height() as usize);
        // SAFETY: owned; the call refuses a crop that leaves nothing, and moves plane pointers inside their buffers.
        check(unsafe {
            (*self.frame).crop_left = crop.x;
            (*self.frame).crop_top = crop.y;
            (*self.frame).crop_right = width.saturating_sub(crop.x + crop.width);
            (*self.frame).crop_bottom = height.saturating_sub(crop.y + crop.height);
            ffi::av_frame_apply_cropping(self.frame, ffi::AV_FRAME_CROP_UNALIGNED.0 as i32)
        })?;
        Ok(self)
    }

    /// A pixel pair of UYVY cannot be addressed in its middle: luma moves by a pixel against chroma.
    fn crop_odd_uyvy(&self, crop: Rect) -> Result<Self, AvError> {
        let size = |value: usize| u32::try_from(value).unwrap_or(0);
        let mut cropped = Self::alloc(PixelFormat::UYVY422, size(crop.width), size(crop.height))?;
        cropped.set_tags(self.tags());
        if let (Some(from), Some(mut to)) = (self.view(), cropped.view_mut()?) {
            for (to, from) in to.rows_mut(0).zip(from.rows(0).skip(crop.y)) {
                let from = &from[(crop.x - 1) * 2..];
                for (place, pair) in to.chunks_exact_mut(4).enumerate() {
                    let chroma = &from[place * 4..];
                    let next = chroma.get(5).or(chroma.get(3)).copied().unwrap_or(0);
                    pair.copy_from_slice(&[chroma[0], chroma[3], chroma[2], next]);
                }
            }
        }
        if let Some(pts) = self.pts() {
            cropped.set_pts(pts);
        }
        Ok(cropped)
    }

    /// Bytes of the memory that it keeps alive, which it may share with others: of a part, that of the whole picture.
    #[must_use]
    pub fn memory(&self) -> usize {
        // SAFETY: owned; a buffer that is set is a reference to live memory.
        let buffers = unsafe { (*self.frame).buf.iter().filter_map(|buffer| buffer.as_ref()) };
        buffers.map(|buffer| buffer.size).sum()
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        // SAFETY: owned.
        u32::try_from(unsafe { (*self.frame).width }).unwrap_or(0)
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        // SAFETY: owned.
        u32::try_from(unsafe { (*self.frame).height }).unwrap_or(0)
    }

    /// Pixel format.
    #[must_use]
    pub fn format(&self) -> PixelFormat {
        // SAFETY: owned.
        PixelFormat(unsafe { (*self.frame).format })
    }

    /// Calls its samples by another pixel format that has the same layout; any other format changes nothing.
    pub fn rename(&mut self, format: PixelFormat) {
        let has_layout = format.layout().is_some() && format.layout() == self.format().layout();
        if has_layout || format.plain() == self.format().plain() {
            // SAFETY: owned; the planes of both formats have the same geometry.
            unsafe { (*self.frame).format = format.0 };
        }
    }

    /// Presentation time in the ticks that its stage names.
    #[must_use]
    pub fn pts(&self) -> Option<i64> {
        // SAFETY: owned.
        Some(unsafe { (*self.frame).pts }).filter(|pts| *pts != ffi::AV_NOPTS_VALUE)
    }

    /// FFmpeg's best guess of the presentation time of a decoded picture, in ticks of its stream.
    #[must_use]
    pub fn best_effort_pts(&self) -> Option<i64> {
        // SAFETY: owned.
        Some(unsafe { (*self.frame).best_effort_timestamp }).filter(|pts| *pts != ffi::AV_NOPTS_VALUE)
    }

    /// The time for which a decoded picture is shown, in ticks of its stream; `None` if its packet states none.
    #[must_use]
    pub fn duration(&self) -> Option<i64> {
        // SAFETY: owned.
        #[cfg(frame_duration)]
        let ticks = unsafe { (*self.frame).duration };
        // SAFETY: owned.
        #[cfg(not(frame_duration))]
        let ticks = unsafe { (*self.frame).pkt_duration };
        Some(ticks).filter(|ticks| *ticks > 0)
    }

    /// Asks the encoder for a key frame.
    pub fn request_key(&mut self) {
        // SAFETY: owned.
        unsafe { (*self.frame).pict_type = ffi::AVPictureType::I };
    }

    /// Whether a key frame was asked for, since [`Self::set_pts`].
    #[must_use]
    pub fn is_key_requested(&self) -> bool {
        // SAFETY: owned.
        unsafe { (*self.frame).pict_type == ffi::AVPictureType::I }
    }

    /// Asks encoders with a constant quantiser for this one; the MPEG-4 family reads it from each picture.
    pub fn set_quantiser(&mut self, quantiser: f64) {
        // SAFETY: owned.
        unsafe { (*self.frame).quality = (quantiser * f64::from(ffi::FF_QP2LAMBDA)).round() as i32 };
    }

    /// Makes this picture the one shown at `pts`, and leaves its type to the encoder.
    pub fn set_pts(&mut self, pts: i64) {
        // SAFETY: owned.
        unsafe {
            (*self.frame).pts = pts;
            (*self.frame).pict_type = ffi::AVPictureType::NONE;
        }
    }

    /// A number that filters hand on from the picture they read to the one they make; 0 if none was set.
    #[must_use]
    pub fn mark(&self) -> u64 {
        // SAFETY: owned; the field is never followed.
        unsafe { (*self.frame).opaque.addr() as u64 }
    }

    /// Sets the number that filters hand on, as far as an address is wide (AVFrame.opaque, which FFmpeg only copies).
    pub fn set_mark(&mut self, mark: u64) {
        // SAFETY: owned; the field is never followed.
        unsafe { (*self.frame).opaque = std::ptr::without_provenance_mut(mark as usize) };
    }

    /// Whether the decoder found damage in it (AVFrame.decode_error_flags and AV_FRAME_FLAG_CORRUPT).
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        // SAFETY: owned.
        unsafe { (*self.frame).decode_error_flags != 0 || (*self.frame).flags & ffi::AV_FRAME_FLAG_CORRUPT != 0 }
    }

    /// Its tags.
    #[must_use]
    pub fn tags(&self) -> ColourTags {
        // SAFETY: owned; every field is a plain integer.
        unsafe {
            ColourTags {
                range: (*self.frame).color_range.0,
                matrix: (*self.frame).colorspace.0,
                primaries: (*self.frame).color_primaries.0,
                transfer: (*self.frame).color_trc.0,
                geometry: Geometry { pixel_aspect: (*self.frame).sample_aspect_ratio.into(), ..self.geometry },
            }
        }
    }

    /// Sets its tags.
    pub fn set_tags(&mut self, tags: ColourTags) {
        self.geometry = tags.geometry;
        // SAFETY: owned.
        unsafe {
            (*self.frame).color_range = ffi::AVColorRange(tags.range);
            (*self.frame).colorspace = ffi::AVColorSpace(tags.matrix);
            (*self.frame).color_primaries = ffi::AVColorPrimaries(tags.primaries);
            (*self.frame).color_trc = ffi::AVColorTransferCharacteristic(tags.transfer);
            (*self.frame).sample_aspect_ratio = tags.geometry.pixel_aspect.into();
        }
    }

    /// Its samples, if its pixel format is one of our layouts and its rows run downwards in memory.
    #[must_use]
    pub fn view(&self) -> Option<Planes<'_>> {
        let layout = self.format().layout()?;
        let planes = (0..layout.planes()).map(|index| {
            let (data, length, stride) = self.plane_parts(index)?;
            // SAFETY: `plane_parts` gives the extent of a plane inside this picture's live buffers.
            Some(Plane { data: unsafe { std::slice::from_raw_parts(data, length) }, stride })
        });
        let planes: Vec<_> = planes.collect::<Option<_>>()?;
        Planes::new(layout, self.width() as usize, self.height() as usize, planes).ok()
    }

    /// Its samples for writing, unshared first; `None` if its pixel format is none of our layouts.
    ///
    /// # Errors
    ///
    /// Out of memory while unsharing.
    pub fn view_mut(&mut self) -> Result<Option<PlanesMut<'_>>, AvError> {
        // SAFETY: owned; afterwards the buffers belong to this picture alone.
        check(unsafe { ffi::av_frame_make_writable(self.frame) })?;
        let Some(layout) = self.format().layout() else { return Ok(None) };
        let planes = (0..layout.planes()).map(|index| {
            let (data, length, stride) = self.plane_parts(index)?;
            // SAFETY: as in `view`; planes of one picture do not overlap and `self` is borrowed mutably.
            Some(PlaneMut { data: unsafe { std::slice::from_raw_parts_mut(data, length) }, stride })
        });
        let Some(planes) = planes.collect::<Option<Vec<_>>>() else { return Ok(None) };
        Ok(PlanesMut::new(layout, self.width() as usize, self.height() as usize, planes).ok())
    }

    fn plane_parts(&self, index: usize) -> Option<(*mut u8, usize, usize)> {
        let (bytes, rows) = self.format().plane_size(index, self.width(), self.height())?;
        self.plane_span(index, bytes, rows)
    }

    /// Address, length and stride of a plane of so many bytes and rows; `None` if there is none or its rows run upwards (a
    /// negative linesize).
    pub(super) fn plane_span(&self, index: usize, bytes: usize, rows: usize) -> Option<(*mut u8, usize, usize)> {
        // SAFETY: owned; the arrays have 8 entries (AV_NUM_DATA_POINTERS).
        let (data, linesize) = unsafe { ((*self.frame).data[index], (*self.frame).linesize[index]) };
        let stride = usize::try_from(linesize).ok()?;
        // The last row may end right behind its visible bytes: a cropped picture points into a larger buffer.
        (!data.is_null() && rows > 0).then(|| (data, stride * (rows - 1) + bytes, stride))
    }

    /// Makes its buffers its own.
    pub(super) fn unshare(&mut self) -> Result<(), AvError> {
        // SAFETY: owned.
        check(unsafe { ffi::av_frame_make_writable(self.frame) }).map(drop)
    }

    /// Takes the times of another picture.
    pub fn set_times_of(&mut self, other: &Self) {
        // SAFETY: both are owned.
        unsafe {
            (*self.frame).pts = (*other.frame).pts;
            (*self.frame).best_effort_timestamp = (*other.frame).best_effort_timestamp;
        }
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut ffi::AVFrame {
        self.frame
    }

    pub(super) fn as_ptr(&self) -> *const ffi::AVFrame {
        self.frame
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { ffi::av_frame_free(&raw mut self.frame) };
    }
}
