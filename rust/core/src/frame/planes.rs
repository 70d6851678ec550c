//! Views of samples in memory: planes with strides, and the geometry of each layout for any size, odd ones too.

use std::ops::Range;

use crate::{
    error::{Code, Error, Result, Stage},
    frame::{ColourSpace, colour::Paint},
};

/// The most planes that a layout has.
pub const MAX_PLANES: usize = 3;

/// How the samples of a picture lie in memory; 8 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// One plane: blue, green, red, alpha.
    Bgra,
    /// Y, then U, then V at half width and half height, both rounded up.
    I420,
    /// Y, then U, then V at half width, rounded up, and full height.
    I422,
    /// One plane: U, Y, V, Y for two pixels; an odd width is rounded up to whole pairs.
    Uyvy,
}

impl From<ColourSpace> for Layout {
    fn from(colour: ColourSpace) -> Self {
        match colour {
            ColourSpace::Bgra => Self::Bgra,
            ColourSpace::I420 => Self::I420,
            ColourSpace::Uyvy => Self::Uyvy,
        }
    }
}

impl Layout {
    /// How many planes there are.
    #[must_use]
    pub const fn planes(self) -> usize {
        match self {
            Self::Bgra | Self::Uyvy => 1,
            Self::I420 | Self::I422 => 3,
        }
    }

    /// Bytes that two neighbouring pixels take in a row of `plane`.
    #[must_use]
    pub const fn pair_bytes(self, plane: usize) -> usize {
        match (self, plane) {
            (Self::Bgra, 0) => 8,
            (Self::Uyvy, 0) => 4,
            (Self::I420 | Self::I422, 0) => 2,
            (Self::I420 | Self::I422, 1 | 2) => 1,
            _ => 0,
        }
    }

    /// Rows of pixels that share one row of `plane`: 2 for subsampled chroma, else 1.
    #[must_use]
    pub const fn row_pixels(self, plane: usize) -> usize {
        if matches!((self, plane), (Self::I420, 1 | 2)) { 2 } else { 1 }
    }

    /// Bytes of one row of `plane` without padding, for a picture of `width` pixels.
    #[must_use]
    pub const fn row_bytes(self, plane: usize, width: usize) -> usize {
        match (self, plane) {
            (Self::Bgra, 0) => 4 * width,
            (Self::I420 | Self::I422, 0) => width,
            _ => self.pair_bytes(plane) * width.div_ceil(2),
        }
    }

    /// Rows of `plane`, for a picture of `height` pixels.
    #[must_use]
    pub const fn rows(self, plane: usize, height: usize) -> usize {
        if plane < self.planes() { height.div_ceil(self.row_pixels(plane)) } else { 0 }
    }

    /// Bytes of `plane` without padding.
    #[must_use]
    pub const fn plane_bytes(self, plane: usize, width: usize, height: usize) -> usize {
        self.row_bytes(plane, width) * self.rows(plane, height)
    }

    /// Bytes of a picture whose planes follow each other without padding.
    #[must_use]
    pub const fn picture_bytes(self, width: usize, height: usize) -> usize {
        self.plane_bytes(0, width, height) + self.plane_bytes(1, width, height) + self.plane_bytes(2, width, height)
    }

    /// The bytes of `plane` that hold `height` rows of pixels from `top` on, with as much padding as there is.
    fn band(self, plane: usize, top: usize, height: usize, stride: usize, len: usize) -> Range<usize> {
        let start = (top / self.row_pixels(plane) * stride).min(len);
        start..(start + self.rows(plane, height) * stride).min(len)
    }

    /// Checks that a plane holds `width` × `height` pixels; the last row needs no padding.
    fn check(self, plane: usize, width: usize, height: usize, len: usize, stride: usize) -> Result<()> {
        let (row_bytes, rows) = (self.row_bytes(plane, width), self.rows(plane, height));
        let last = stride.checked_mul(rows.saturating_sub(1)).and_then(|start| start.checked_add(row_bytes));
        if row_bytes > 0 && rows > 0 && stride >= row_bytes && last.is_some_and(|needed| needed <= len) {
            return Ok(());
        }
        Err(refused(format!(
            "Cannot view plane {plane} as {self:?} {width}x{height}: \
             {len} bytes with stride {stride} do not hold {rows} rows of {row_bytes} bytes"
        )))
    }
}

/// One read-only component array.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plane<'a> {
    /// The samples; the last row may end without padding.
    pub data: &'a [u8],
    /// Bytes from row to row.
    pub stride: usize,
}

/// One writable component array.
#[derive(Debug, Default)]
pub struct PlaneMut<'a> {
    /// The samples; the last row may end without padding.
    pub data: &'a mut [u8],
    /// Bytes from row to row.
    pub stride: usize,
}

/// A read-only picture. Each plane holds the whole picture: checked when it is made.
#[derive(Debug, Clone, Copy)]
pub struct Planes<'a> {
    layout: Layout,
    width: usize,
    height: usize,
    planes: [Plane<'a>; MAX_PLANES],
}

/// A writable picture. Each plane holds the whole picture: checked when it is made.
#[derive(Debug)]
pub struct PlanesMut<'a> {
    layout: Layout,
    width: usize,
    height: usize,
    planes: [PlaneMut<'a>; MAX_PLANES],
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Left column.
    pub x: usize,
    /// Top row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl<'a> Planes<'a> {
    /// A picture of `width` × `height` pixels, from exactly as many planes as the layout has.
    ///
    /// # Errors
    ///
    /// `Internal` if a plane is missing, surplus or too small.
    pub fn new(
        layout: Layout,
        width: usize,
        height: usize,
        planes: impl IntoIterator<Item = Plane<'a>>,
    ) -> Result<Self> {
        let planes = collect(layout, planes)?;
        for (index, plane) in planes.iter().enumerate().take(layout.planes()) {
            layout.check(index, width, height, plane.data.len(), plane.stride)?;
        }
        Ok(Self { layout, width, height, planes })
    }

    /// A picture whose planes follow each other in `data` without padding.
    ///
    /// # Errors
    ///
    /// `Internal` if `data` is shorter than [`Layout::picture_bytes`].
    pub fn tight(layout: Layout, width: usize, height: usize, data: &'a [u8]) -> Result<Self> {
        let mut rest = data;
        let planes = (0..layout.planes()).map(|plane| {
            let (head, tail) = rest.split_at(layout.plane_bytes(plane, width, height).min(rest.len()));
            rest = tail;
            Plane { data: head, stride: layout.row_bytes(plane, width) }
        });
        Self::new(layout, width, height, planes)
    }

    /// One plane; empty if the layout has no such plane.
    #[must_use]
    pub fn plane(&self, plane: usize) -> Plane<'a> {
        self.planes.get(plane).copied().unwrap_or_default()
    }

    /// The rows of `plane` from the top, without padding.
    pub fn rows(&self, plane: usize) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let row_bytes = self.layout.row_bytes(plane, self.width);
        let Plane { data, stride } = self.plane(plane);
        data.chunks(stride.max(1)).take(self.layout.rows(plane, self.height)).map(move |row| &row[..row_bytes])
    }

    /// The rows from the even row `top` on, at most `rows` of them; `None` if there are none.
    #[must_use]
    pub fn band(&self, top: usize, rows: usize) -> Option<Self> {
        let height = rows.min(self.height.checked_sub(top)?);
        let planes = [0, 1, 2].map(|index| {
            let Plane { data, stride } = self.planes[index];
            Plane { data: &data[self.layout.band(index, top, height, stride, data.len())], stride }
        });
        (height > 0).then_some(Self { height, planes, ..*self })
    }

    /// How the samples lie.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// `(width, height)` in pixels.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }
}

impl<'a> PlanesMut<'a> {
    /// A picture of `width` × `height` pixels, from exactly as many planes as the layout has.
    ///
    /// # Errors
    ///
    /// `Internal` if a plane is missing, surplus or too small.
    pub fn new(
        layout: Layout,
        width: usize,
        height: usize,
        planes: impl IntoIterator<Item = PlaneMut<'a>>,
    ) -> Result<Self> {
        let planes = collect(layout, planes)?;
        for (index, plane) in planes.iter().enumerate().take(layout.planes()) {
            layout.check(index, width, height, plane.data.len(), plane.stride)?;
        }
        Ok(Self { layout, width, height, planes })
    }

    /// A picture whose planes follow each other in `data` without padding.
    ///
    /// # Errors
    ///
    /// `Internal` if `data` is shorter than [`Layout::picture_bytes`].
    pub fn tight(layout: Layout, width: usize, height: usize, data: &'a mut [u8]) -> Result<Self> {
        let mut rest = data;
        let planes = (0..layout.planes()).map(|plane| {
            let length = layout.plane_bytes(plane, width, height).min(rest.len());
            let (head, tail) = std::mem::take(&mut rest).split_at_mut(length);
            rest = tail;
            PlaneMut { data: head, stride: layout.row_bytes(plane, width) }
        });
        Self::new(layout, width, height, planes)
    }

    /// The same picture, read-only.
    #[must_use]
    pub fn as_planes(&self) -> Planes<'_> {
        let planes =
            [0, 1, 2].map(|plane| Plane { data: &*self.planes[plane].data, stride: self.planes[plane].stride });
        Planes { layout: self.layout, width: self.width, height: self.height, planes }
    }

    /// Every plane of [`MAX_PLANES`], empty where the layout has none, borrowed at once.
    #[must_use]
    pub fn planes_mut(&mut self) -> &mut [PlaneMut<'a>; MAX_PLANES] {
        &mut self.planes
    }

    /// The rows of each plane of [`MAX_PLANES`] from the top, without padding; none where the layout has no plane.
    pub fn all_rows_mut(&mut self) -> [impl ExactSizeIterator<Item = &mut [u8]>; MAX_PLANES] {
        let (layout, width, height) = (self.layout, self.width, self.height);
        let mut plane = 0;
        self.planes.each_mut().map(|PlaneMut { data, stride }| {
            let (row_bytes, rows) = (layout.row_bytes(plane, width), layout.rows(plane, height));
            plane += 1;
            data.chunks_mut((*stride).max(1)).take(rows).map(move |row| &mut row[..row_bytes])
        })
    }

    /// The rows of `plane` from the top, without padding; none if the layout has no such plane.
    pub fn rows_mut(&mut self, plane: usize) -> impl Iterator<Item = &mut [u8]> {
        self.all_rows_mut().into_iter().nth(plane).into_iter().flatten()
    }

    /// The rows from the even row `top` on, at most `rows` of them; `None` if there are none.
    #[must_use]
    pub fn band(&mut self, top: usize, rows: usize) -> Option<PlanesMut<'_>> {
        let (layout, width) = (self.layout, self.width);
        let height = rows.min(self.height.checked_sub(top)?);
        let mut index = 0;
        let planes = self.planes.each_mut().map(|PlaneMut { data, stride }| {
            let range = layout.band(index, top, height, *stride, data.len());
            index += 1;
            PlaneMut { data: &mut data[range], stride: *stride }
        });
        (height > 0).then_some(PlanesMut { layout, width, height, planes })
    }

    /// Paints an area, clipped to the picture; each row begins with the first colour of the paint.
    ///
    /// The left column and the top row are even; width and height are even or reach the picture's edge, because two
    /// by two pixels may share one chroma sample.
    pub fn fill(&mut self, area: Area, paint: &Paint) {
        let layout = self.layout;
        for plane in 0..layout.planes() {
            let (pair, pixels) = (layout.pair_bytes(plane), layout.row_pixels(plane));
            let (left, right) = (area.x / 2 * pair, (area.x + area.width).div_ceil(2) * pair);
            let (top, rows) = (area.y / pixels, area.height.div_ceil(pixels));
            for row in self.rows_mut(plane).skip(top).take(rows) {
                let right = right.min(row.len());
                fill_row(&mut row[left.min(right)..right], paint.plane(plane));
            }
        }
    }

    /// Paints the whole picture truly black: `16, 128, 128` in Y'CbCr, opaque zero in BGRA.
    pub fn fill_black(&mut self) {
        let area = Area { x: 0, y: 0, width: self.width, height: self.height };
        self.fill(area, &Paint::black(self.layout));
    }

    /// How the samples lie.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// `(width, height)` in pixels.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }
}

/// Repeats `paint` over `row`; the last repetition may be a part.
fn fill_row(row: &mut [u8], paint: &[u8]) {
    if let [one] | [one, _] = paint {
        // One colour: the two luma samples of a pair are equal.
        return row.fill(*one);
    }
    let mut done = paint.len().min(row.len());
    row[..done].copy_from_slice(&paint[..done]);
    while done < row.len() {
        let more = done.min(row.len() - done);
        row.copy_within(..more, done);
        done += more;
    }
}

/// Gathers exactly the planes of a layout; the places behind them stay empty.
fn collect<T: Default>(layout: Layout, planes: impl IntoIterator<Item = T>) -> Result<[T; MAX_PLANES]> {
    let mut planes = planes.into_iter();
    let gathered: [Option<T>; MAX_PLANES] = std::array::from_fn(|_| planes.next());
    let count = gathered.iter().flatten().count();
    if count != layout.planes() || planes.next().is_some() {
        return Err(refused(format!("Cannot view a picture as {layout:?}: it has {} planes", layout.planes())));
    }
    Ok(gathered.map(Option::unwrap_or_default))
}

/// A wrong geometry is a defect of the caller inside this library, never of the user.
fn refused(message: String) -> Error {
    Error::new(Code::Internal, Stage::Encode, message)
}

#[cfg(test)]
#[path = "planes_tests.rs"]
mod tests;
