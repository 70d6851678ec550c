//! Pictures from the memory of a device.

use super::{fourcc::RawForm, node::Node};
use crate::{
    av::{AvError, ColourTags, Picture, PicturePool, PixelFormat},
    pixels::{
        geometry::{FieldOrder, Geometry},
        h273::{BT601, BT709, FULL, LIMITED, RANGE_UNKNOWN, RGB, UNKNOWN},
    },
    sys::v4l2::{Filled, FrameFormat},
};

/// Where the planes of a picture lie in the memory of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawLayout {
    format: PixelFormat,
    width: u32,
    height: u32,
    tags: ColourTags,
    /// In FFmpeg's order.
    planes: Vec<PlanePlace>,
}

/// Where one plane lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PlanePlace {
    /// The number of the piece of memory.
    memory: usize,
    /// Where it begins there.
    begin: usize,
    stride: usize,
    /// Bytes of a row in the memory.
    bytes: usize,
    rows: usize,
}

impl PlanePlace {
    /// Bytes up to its end: the last row needs no padding.
    fn end(&self) -> usize {
        self.begin + self.stride * self.rows.saturating_sub(1) + self.bytes
    }
}

impl RawLayout {
    /// The layout of frames of this format; the error says why its numbers cannot be true.
    pub(super) fn new(format: &FrameFormat, raw: RawForm, tags: ColourTags) -> Result<Self, String> {
        let (width, height) = (format.width, format.height);
        let places = Places { raw, sizes: raw.format.planes_in_memory(width, height) };
        let Some((row_bytes, _)) = places.sizes.first().copied().filter(|(bytes, _)| *bytes > 0) else {
            return Err(format!("frames of {width}x{height} cannot be stored"));
        };
        let size = |memory: usize| format.planes.get(memory).map_or(0, |plane| plane.size as usize);
        let stated = format.planes.first().map_or(0, |plane| plane.stride as usize);
        // Some drivers state nothing, or something that does not fit into their own buffers.
        let by_size = size(0) / height.max(1) as usize;
        let strides = [stated, row_bytes, by_size];
        let is_row = |stride: usize| stride + missing_bytes(raw.format, width) >= row_bytes;
        let fitting = strides.into_iter().filter(|stride| is_row(*stride)).find_map(|stride| {
            let planes = places.at(format, stride);
            planes.iter().all(|plane| plane.end() <= size(plane.memory)).then_some(planes)
        });
        let Some(planes) = fitting else {
            return Err(format!(
                "its driver states {stated} bytes from row to row and {} bytes in all, which hold no frame of \
                 {width}x{height}",
                size(0)
            ));
        };
        Ok(Self { format: raw.format, width, height, tags, planes })
    }

    /// Copies a picture out of a buffer; `None` if the buffer holds no whole one.
    pub(super) fn copy(
        &self,
        node: &dyn Node,
        filled: &Filled,
        pool: &PicturePool,
    ) -> Result<Option<Picture>, AvError> {
        let offset = |plane: &PlanePlace| filled.planes.get(plane.memory).map_or(0, |used| used.data_offset);
        let used = |plane: &PlanePlace| filled.planes.get(plane.memory).map_or(0, |used| used.bytes);
        if self.planes.iter().any(|plane| offset(plane).saturating_add(plane.end()) > used(plane)) {
            return Ok(None);
        }
        let mut picture = pool.take(self.format, self.width, self.height)?;
        picture.set_tags(self.tags);
        for (index, plane) in self.planes.iter().enumerate() {
            let begin = offset(plane) + plane.begin;
            for (row, samples) in picture.rows_mut(index)?.enumerate() {
                let bytes = plane.bytes.min(samples.len());
                if !node.read(filled.index, plane.memory, begin + row * plane.stride, &mut samples[..bytes]) {
                    return Ok(None);
                }
                // The last pixel of an odd row takes the colour of the one before.
                for place in bytes.max(4)..samples.len() {
                    samples[place] = samples[place - 4];
                }
            }
        }
        Ok(Some(picture))
    }

    /// What its pictures are like.
    pub(super) fn shape(&self) -> crate::av::VideoInfo {
        crate::av::VideoInfo { width: self.width, height: self.height, format: self.format, tags: self.tags }
    }
}

/// Bytes that a row of an odd width may lack where two pixels share their chroma: the second pixel of the last pair.
fn missing_bytes(format: PixelFormat, width: u32) -> usize {
    let is_packed = format.planes_in_memory(16, 2).len() == 1 && format.chroma_pixels().0 == 2;
    if is_packed && width % 2 == 1 { 2 } else { 0 }
}

/// The planes of a format, whose rows have these bytes and which have so many rows.
struct Places {
    raw: RawForm,
    sizes: Vec<(usize, usize)>,
}

impl Places {
    /// Where they lie if the rows of the first one are `stride` apart.
    fn at(&self, format: &FrameFormat, stride: usize) -> Vec<PlanePlace> {
        // What a row of each plane takes, against one of the first.
        let shares = self.raw.format.planes_in_memory(64, 64);
        let mut begin = 0;
        let mut planes: Vec<_> = self
            .sizes
            .iter()
            .enumerate()
            .map(|(index, (bytes, rows))| {
                let own = format.planes.get(index).map_or(0, |plane| plane.stride as usize);
                let share = |index: usize| shares.get(index).map_or(1, |(bytes, _)| *bytes).max(1);
                let stride = match (self.raw.is_apart, index) {
                    (_, 0) => stride,
                    (true, _) => own.max(*bytes),
                    (false, _) => (stride * share(index)).div_ceil(share(0)).max(*bytes),
                };
                let place = PlanePlace {
                    memory: if self.raw.is_apart { index } else { 0 },
                    begin: if self.raw.is_apart { 0 } else { begin },
                    stride,
                    bytes: (*bytes).min(stride),
                    rows: *rows,
                };
                begin += stride * rows;
                place
            })
            .collect();
        if self.raw.is_swapped && planes.len() == 3 {
            planes.swap(1, 2);
        }
        planes
    }
}

/// The colour tags of frames, by the kernel's rules for what a driver leaves open (V4L2_MAP_*_DEFAULT).
pub(super) fn tags(format: &FrameFormat, pixels: Option<PixelFormat>, geometry: Geometry) -> ColourTags {
    let is_rgb = pixels.is_some_and(PixelFormat::is_rgb);
    let space = format.colour_space;
    let primaries = match space {
        1 => BT601,
        2 => 7,
        3 | 7 | 8 => BT709,
        5 => 4,
        6 => 5,
        10 => 9,
        12 => 11,
        _ => UNKNOWN,
    };
    let encoding = match (format.encoding, space) {
        (0, 0) => 0,
        (0, 3 | 12) => 2,
        (0, 10) => 6,
        (0, 2) => 8,
        (0, _) => 1,
        (stated, _) => stated,
    };
    let matrix = match encoding {
        1 | 3 | 5 => BT601,
        2 | 4 => BT709,
        6 => 9,
        7 => 10,
        8 => 7,
        _ => UNKNOWN,
    };
    let transfer = match (format.transfer, space) {
        (0, 0 | 11) => UNKNOWN,
        (0, 7 | 8) | (2, _) => 13,
        (0, 2) | (4, _) => 7,
        (0, 9) | (3, _) => 4,
        (0, 12) | (6, _) => 17,
        (5, _) => 8,
        (7, _) => 16,
        (0 | 1, _) => BT709,
        _ => UNKNOWN,
    };
    let range = match (format.quantization, space) {
        (1, _) => FULL,
        (2, _) => LIMITED,
        _ if is_rgb => FULL,
        (_, 7) => FULL,
        (_, 0) => RANGE_UNKNOWN,
        _ => LIMITED,
    };
    ColourTags { range, matrix: if is_rgb { RGB } else { matrix }, primaries, transfer, geometry }
}

/// The order of the fields of frames, by the kernel's number; `None` if a frame is one field, or two apart.
pub(super) fn field_order(field: u32, has_525_lines: bool) -> Option<FieldOrder> {
    match field {
        0 => Some(FieldOrder::Unknown),
        1 => Some(FieldOrder::Progressive),
        4 => Some(FieldOrder::interleaved(!has_525_lines)),
        8 => Some(FieldOrder::interleaved(true)),
        9 => Some(FieldOrder::interleaved(false)),
        _ => None,
    }
}
