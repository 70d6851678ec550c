//! Views of samples in memory: planes with strides.

pub use super::layout::{Layout, MAX_PLANES};
use crate::{
    base::error::{Code, Error, Result, Stage},
    pixels::colour::Paint,
};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[schemars(rename = "Rect")]
#[serde(deny_unknown_fields)]
pub struct Rect {
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

    /// Row `row` of `plane`, without padding; empty if there is none.
    #[must_use]
    pub fn row(&self, plane: usize, row: usize) -> &'a [u8] {
        let Plane { data, stride } = self.plane(plane);
        let range = self.layout.row_range(plane, row, (self.width, self.height), stride);
        data.get(range).unwrap_or_default()
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

    /// Row `row` of `plane`, without padding; empty if there is none.
    #[must_use]
    pub fn row_mut(&mut self, plane: usize, row: usize) -> &mut [u8] {
        let (layout, size) = (self.layout, (self.width, self.height));
        let Some(PlaneMut { data, stride }) = self.planes.get_mut(plane) else { return &mut [] };
        data.get_mut(layout.row_range(plane, row, size, *stride)).unwrap_or_default()
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

    /// Paints a rectangle, clipped to the picture; each row begins with the first colour of the paint.
    ///
    /// The left column and the top row are even; width and height are even or reach the picture's edge, because two
    /// by two pixels may share one chroma sample.
    pub fn fill(&mut self, rect: Rect, paint: &Paint) {
        let layout = self.layout;
        for plane in 0..layout.planes() {
            let (pair, pixels) = (layout.pair_bytes(plane), layout.row_pixels(plane));
            let (left, right) = (rect.x / 2 * pair, (rect.x + rect.width).div_ceil(2) * pair);
            let (top, rows) = (rect.y / pixels, rect.height.div_ceil(pixels));
            for row in self.rows_mut(plane).skip(top).take(rows) {
                let right = right.min(row.len());
                fill_row(&mut row[left.min(right)..right], paint.plane(plane));
            }
        }
    }

    /// Sets the alpha of every pixel to opaque; nothing where there is none.
    pub fn make_opaque(&mut self) {
        if self.layout.is_rgb() {
            self.rows_mut(0).for_each(|row| row.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = 255));
        }
    }

    /// Paints the whole picture truly black: `16, 128, 128` in Y'CbCr, opaque zero in BGRA and RGBA.
    pub fn fill_black(&mut self) {
        let rect = Rect { x: 0, y: 0, width: self.width, height: self.height };
        self.fill(rect, &Paint::black(self.layout));
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
    if let Some((first, others)) = paint.split_first()
        && others.iter().all(|other| other == first)
    {
        return row.fill(*first);
    }
    let mut done = paint.len().min(row.len());
    row[..done].copy_from_slice(&paint[..done]);
    while done < row.len() {
        let more = done.min(row.len() - done);
        row.copy_within(..more, done);
        done += more;
    }
}

/// Gathers exactly the planes of a layout; the slots behind them stay empty.
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
mod tests;
