//! Pictures turned by quarters, in every pixel format whose planes can be.

use super::{AvError, ColourTags, Picture, PicturePool, PixelFormat, error::check, ffi};
use crate::pixels::{
    geometry::Turn,
    turn::{Grid, takes, turn_plane},
};

/// Pixel formats of which one loses the least of a picture that cannot be turned in its own.
const TURNABLE: [ffi::AVPixelFormat; 16] = [
    ffi::AVPixelFormat::YUV444P,
    ffi::AVPixelFormat::YUV444P10LE,
    ffi::AVPixelFormat::YUV444P12LE,
    ffi::AVPixelFormat::YUV444P16LE,
    ffi::AVPixelFormat::YUV422P,
    ffi::AVPixelFormat::YUV422P10LE,
    ffi::AVPixelFormat::YUV422P12LE,
    ffi::AVPixelFormat::YUV422P16LE,
    ffi::AVPixelFormat::YUVA444P,
    ffi::AVPixelFormat::YUVA444P16LE,
    ffi::AVPixelFormat::GRAY8,
    ffi::AVPixelFormat::GRAY16LE,
    ffi::AVPixelFormat::RGB24,
    ffi::AVPixelFormat::RGBA,
    ffi::AVPixelFormat::RGB48LE,
    ffi::AVPixelFormat::RGBA64LE,
];

/// Bytes of an element of each plane; `None` if a picture of this format is not made of planes of whole elements.
fn elements(format: PixelFormat, turn: Turn) -> Option<Vec<usize>> {
    let other = [
        ffi::AV_PIX_FMT_FLAG_PAL,
        ffi::AV_PIX_FMT_FLAG_BITSTREAM,
        ffi::AV_PIX_FMT_FLAG_HWACCEL,
        ffi::AV_PIX_FMT_FLAG_BAYER,
    ];
    // SAFETY: returns a static descriptor, or null for a value it does not know.
    let descriptor = unsafe { ffi::av_pix_fmt_desc_get(ffi::AVPixelFormat(format.0)).as_ref() }?;
    let has = |flag: i32| descriptor.flags & u64::from(flag.unsigned_abs()) != 0;
    let (shares_columns, shares_rows) = (descriptor.log2_chroma_w, descriptor.log2_chroma_h);
    // A pair of packed pixels cannot be mirrored, and chroma that is shared by columns only has no place among rows.
    let is_packed_pair = shares_columns > 0 && !has(ffi::AV_PIX_FMT_FLAG_PLANAR);
    let is_lopsided = turn.swaps_sides() && shares_columns != shares_rows;
    if other.into_iter().any(has) || is_packed_pair || is_lopsided {
        return None;
    }
    let components = &descriptor.comp[..usize::from(descriptor.nb_components).min(descriptor.comp.len())];
    let planes = components.iter().map(|component| component.plane).max()? + 1;
    (0..planes)
        .map(|plane| {
            let mut steps = components.iter().filter(|component| component.plane == plane).map(|found| found.step);
            let step = steps.next()?;
            let size = usize::try_from(step).ok().filter(|size| takes(*size))?;
            steps.all(|other| other == step).then_some(size)
        })
        .collect()
}

impl PixelFormat {
    /// The nearest format in which pictures can be turned so: this one, wherever that is possible.
    #[must_use]
    pub fn turnable(self, turn: Turn) -> Self {
        if elements(self, turn).is_some() {
            return self;
        }
        let others = TURNABLE.into_iter().filter(|format| elements(Self(format.0), turn).is_some());
        let nearest = others.reduce(|best, other| {
            let mut loss = 0;
            // SAFETY: arithmetic on a static table.
            unsafe { ffi::av_find_best_pix_fmt_of_2(best, other, ffi::AVPixelFormat(self.0), 1, &raw mut loss) }
        });
        nearest.map_or(self, |format| Self(format.0))
    }
}

impl Picture {
    /// The same picture with its rows from the top down in memory: some files, such as AVI, store them from the bottom up,
    /// and FFmpeg's `vflip` only turns the stride around.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn from_top(self, pool: &PicturePool) -> Result<Self, AvError> {
        // SAFETY: owned; the array has 8 entries.
        if unsafe { (*self.as_ptr()).linesize.iter().all(|stride| *stride >= 0) } {
            return Ok(self);
        }
        let mut copy = pool.take(self.format(), self.width(), self.height())?;
        // SAFETY: both owned and of the same format and size.
        unsafe {
            check(ffi::av_frame_copy(copy.as_mut_ptr(), self.as_ptr()))?;
            check(ffi::av_frame_copy_props(copy.as_mut_ptr(), self.as_ptr()))?;
        }
        copy.set_tags(self.tags());
        Ok(copy)
    }

    /// The picture turned, in memory from `pool`, with the tags and the time that it then has.
    ///
    /// # Errors
    ///
    /// Out of memory, a pixel format that is not [turnable](PixelFormat::turnable), or rows that are not
    /// [from the top](Self::from_top).
    pub fn turned(&self, turn: Turn, pool: &PicturePool) -> Result<Self, AvError> {
        let format = self.format();
        let sizes = elements(format, turn).ok_or_else(AvError::invalid)?;
        let (across, down) = turn.size((self.width(), self.height()));
        let mut turned = pool.take(format, across, down)?;
        let unit = format.chroma_pixels();
        for (plane, element) in sizes.into_iter().enumerate() {
            let unit = if matches!(plane, 1 | 2) { unit } else { (1, 1) };
            let grid = Grid {
                columns: self.width().div_ceil(unit.0) as usize,
                rows: self.height().div_ceil(unit.1) as usize,
                element,
            };
            let (to_columns, to_rows) = turn.size((grid.columns, grid.rows));
            let from = self.plane_span(plane, grid.columns * element, grid.rows).ok_or_else(AvError::invalid)?;
            let to = turned.plane_span(plane, to_columns * element, to_rows).ok_or_else(AvError::invalid)?;
            // SAFETY: `plane_span` gives the extent of a plane in live buffers; those of the new picture are its own.
            let (from_data, to_data) =
                unsafe { (std::slice::from_raw_parts(from.0, from.1), std::slice::from_raw_parts_mut(to.0, to.1)) };
            turn_plane(grid, turn, (from_data, from.2), (to_data, to.2));
        }
        let tags = self.tags();
        let geometry = tags.geometry.turned(turn, self.height());
        turned.set_tags(ColourTags { geometry, ..tags });
        turned.set_times_of(self);
        Ok(turned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        av::VideoInfo,
        base::time::Rational,
        pixels::{
            geometry::{Geometry, Orientation},
            planes::Planes,
        },
    };

    const CLOCKWISE: Turn = Turn { quarters: 1, flip: false };

    fn turns() -> impl Iterator<Item = Turn> {
        (0..8).map(|index| Turn { quarters: index % 4, flip: index > 3 })
    }

    fn picture(format: PixelFormat, (width, height): (u32, u32)) -> Picture {
        let mut picture = Picture::alloc(format, width, height).unwrap();
        let mut planes = picture.view_mut().unwrap().unwrap();
        for (plane, rows) in planes.all_rows_mut().into_iter().enumerate() {
            for (y, row) in rows.enumerate() {
                row.iter_mut().enumerate().for_each(|(x, sample)| *sample = (x * 7 + y * 13 + plane * 50) as u8);
            }
        }
        picture
    }

    fn rows<'a>(view: &Planes<'a>) -> Vec<&'a [u8]> {
        (0..view.layout().planes()).flat_map(|plane| view.rows(plane).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn a_picture_of_every_layout_and_size_is_itself_again_after_turning_it_back() {
        let formats = [
            PixelFormat::YUV420P,
            PixelFormat::NV12,
            PixelFormat::YUV422P,
            PixelFormat::BGRA,
            PixelFormat::RGBA,
            PixelFormat::BGR0,
            PixelFormat::YUVJ420P,
        ];
        let pool = PicturePool::default();
        for format in formats {
            for size in [(1, 1), (2, 3), (33, 21), (64, 48)] {
                for turn in turns().filter(|turn| format.turnable(*turn) == format) {
                    let first = picture(format, size);
                    let turned = first.turned(turn, &pool).unwrap();
                    assert_eq!((turned.width(), turned.height()), turn.size(size));
                    let back = Orientation::UPRIGHT.after(turn).turn();
                    let second = turned.turned(back, &pool).unwrap();
                    let (before, after) = (first.view().unwrap(), second.view().unwrap());
                    assert_eq!(rows(&before), rows(&after), "{} {size:?} {turn:?}", format.name());
                }
            }
        }
    }

    #[test]
    fn the_first_pixel_goes_where_the_turn_says() {
        let pool = PicturePool::default();
        for (turn, (x, y)) in turns().zip([(0, 0), (2, 0), (4, 2), (0, 4), (4, 0), (0, 0), (0, 2), (2, 4)]) {
            let mut first = Picture::alloc(PixelFormat::BGRA, 5, 3).unwrap();
            let mut planes = first.view_mut().unwrap().unwrap();
            planes.rows_mut(0).for_each(|row| row.fill(0));
            planes.row_mut(0, 0)[..4].fill(255);
            let turned = first.turned(turn, &pool).unwrap();
            assert_eq!(turned.view().unwrap().row(0, y)[x * 4..x * 4 + 4], [255; 4], "{turn:?}");
        }
    }

    #[test]
    fn a_turn_keeps_colours_and_times_and_changes_the_shape_of_pixels() {
        let mut first = picture(PixelFormat::YUV420P, (33, 21));
        let geometry =
            Geometry { pixel_aspect: Rational::new(4, 3), orientation: CLOCKWISE.into(), ..Geometry::UNKNOWN };
        let tags = ColourTags { range: 1, matrix: 6, primaries: 9, transfer: 14, geometry };
        first.set_tags(tags);
        first.set_pts(7);
        let turned = first.turned(CLOCKWISE, &PicturePool::default()).unwrap();
        let geometry = Geometry { pixel_aspect: Rational::new(3, 4), ..Geometry::UNKNOWN };
        let expected =
            VideoInfo { width: 21, height: 33, format: first.format(), tags: ColourTags { geometry, ..tags } };
        assert_eq!((VideoInfo::of(&turned), turned.pts()), (expected, Some(7)));
    }

    #[test]
    fn a_format_that_cannot_be_turned_becomes_the_nearest_one_that_can() {
        let over = Turn { quarters: 2, flip: false };
        for (from, turn, to) in [
            (PixelFormat::YUV420P, CLOCKWISE, "yuv420p"),
            (PixelFormat::YUV422P, over, "yuv422p"),
            (PixelFormat::YUV422P, CLOCKWISE, "yuv444p"),
            (PixelFormat::UYVY422, over, "yuv422p"),
            (PixelFormat::UYVY422, CLOCKWISE, "yuv444p"),
            (PixelFormat(ffi::AVPixelFormat::YUV422P10LE.0), CLOCKWISE, "yuv444p10le"),
            (PixelFormat(ffi::AVPixelFormat::YUV420P10LE.0), CLOCKWISE, "yuv420p10le"),
            (PixelFormat(ffi::AVPixelFormat::P010LE.0), CLOCKWISE, "p010le"),
            (PixelFormat(ffi::AVPixelFormat::MONOBLACK.0), over, "gray"),
            (PixelFormat(ffi::AVPixelFormat::YUYV422.0), over, "yuv422p"),
            (PixelFormat(ffi::AVPixelFormat::RGB48LE.0), CLOCKWISE, "rgb48le"),
        ] {
            assert_eq!(from.turnable(turn).name(), to, "{} {turn:?}", from.name());
        }
    }
}
