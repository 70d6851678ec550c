//! Conversions between layouts on the frame path, by the SIMD of the `yuv` crate.

use yuv::{
    BufferStoreMut, YuvConversionMode, YuvError, YuvPackedImage, YuvPackedImageMut, YuvPlanarImage, YuvPlanarImageMut,
    YuvRange, YuvStandardMatrix,
};

use super::{
    colour::{ColourMatrix, ColourRange},
    planes::{Layout, Plane, Planes, PlanesMut},
};
use crate::error::{Code, Error, Result, Stage};

/// Whether [`convert`] can go from one layout to another.
#[must_use]
pub const fn can_convert(from: Layout, to: Layout) -> bool {
    use Layout::{Bgra, I420, I422, Uyvy};
    matches!((from, to), (Bgra | Uyvy | I420, Bgra | Uyvy | I420) | (Uyvy | I422, I422))
        && !matches!((from, to), (Bgra, Uyvy))
}

/// Writes the picture `from` into `to`; the padding between the rows of `to` is left alone.
///
/// The matrix and the range are those of the Y'CbCr side; they play no part where no side is BGRA. BGRA is full range.
/// Chroma of 4:2:0 is the mean of the pixels that share it; in the other direction each pixel takes the nearest sample.
///
/// # Errors
///
/// `Internal` if the sizes differ, or if the two layouts have no conversion: see [`can_convert`].
pub fn convert(from: &Planes<'_>, to: &mut PlanesMut<'_>, matrix: ColourMatrix, range: ColourRange) -> Result<()> {
    if from.size() != to.size() {
        return Err(refused(from, to, "the sizes differ"));
    }
    let (matrix, range) = (standard(matrix), standard_range(range));
    let outcome = match (from.layout(), to.layout()) {
        (Layout::Bgra, Layout::I420) => in_bands(from, to, |from, to| bgra_to_i420(from, to, matrix, range)),
        (Layout::I420, Layout::Bgra) => in_bands(from, to, |from, to| i420_to_bgra(from, to, matrix, range)),
        (Layout::Uyvy, Layout::Bgra) => in_bands(from, to, |from, to| uyvy_to_bgra(from, to, matrix, range)),
        (Layout::Uyvy, Layout::I420) => uyvy_to_i420(from, to),
        (Layout::Uyvy, Layout::I422) => uyvy_to_i422(from, to),
        (Layout::I420, Layout::Uyvy) => i420_to_uyvy(from, to),
        (same, layout) if same == layout => {
            copy(from, to);
            Ok(())
        }
        _ => return Err(refused(from, to, "there is no such conversion")),
    };
    // The views were checked when they were made, so this would be a defect of the crate.
    outcome.map_err(|error| refused(from, to, &error.to_string()))
}

/// Converts all but the last one or two rows in place, and those through tight buffers.
///
/// The yuv crate wants padding after the last row as well: without it, it leaves rows out or panics (0.8.20).
fn in_bands(
    from: &Planes<'_>,
    to: &mut PlanesMut<'_>,
    convert: impl Fn(&Planes<'_>, &mut PlanesMut<'_>) -> Result<(), YuvError>,
) -> Result<(), YuvError> {
    let (width, height) = from.size();
    let top = (height - 1) / 2 * 2;
    if let (Some(from), Some(mut to)) = (from.band(0, top), to.band(0, top)) {
        convert(&from, &mut to)?;
    }
    let (Some(from), Some(mut to)) = (from.band(top, 2), to.band(top, 2)) else { return Ok(()) };
    let [mut source, mut made] =
        [from.layout(), to.layout()].map(|layout| vec![0; layout.picture_bytes(width, height - top)]);
    let views = (
        PlanesMut::tight(from.layout(), width, height - top, &mut source),
        PlanesMut::tight(to.layout(), width, height - top, &mut made),
    );
    let (Ok(mut source), Ok(mut made)) = views else { return Err(YuvError::ZeroBaseSize) };
    copy(&from, &mut source);
    convert(&source.as_planes(), &mut made)?;
    copy(&made.as_planes(), &mut to);
    Ok(())
}

/// Copies every row.
fn copy(from: &Planes<'_>, to: &mut PlanesMut<'_>) {
    for plane in 0..from.layout().planes() {
        to.rows_mut(plane).zip(from.rows(plane)).for_each(|(to, from)| to.copy_from_slice(from));
    }
}

fn bgra_to_i420(
    from: &Planes<'_>,
    to: &mut PlanesMut<'_>,
    matrix: YuvStandardMatrix,
    range: YuvRange,
) -> Result<(), YuvError> {
    let ((width, height), bgra) = (from.size(), from.plane(0));
    let [y, u, v] = to.planes_mut();
    let mut image = YuvPlanarImageMut {
        y_stride: units(y.stride)?,
        u_stride: units(u.stride)?,
        v_stride: units(v.stride)?,
        y_plane: BufferStoreMut::Borrowed(&mut *y.data),
        u_plane: BufferStoreMut::Borrowed(&mut *u.data),
        v_plane: BufferStoreMut::Borrowed(&mut *v.data),
        width: units(width)?,
        height: units(height)?,
    };
    // The exact mode: half a step from a float reference, and faster than the balanced one.
    yuv::bgra_to_yuv420(&mut image, bgra.data, units(bgra.stride)?, range, matrix, YuvConversionMode::Professional)
}

fn i420_to_bgra(
    from: &Planes<'_>,
    to: &mut PlanesMut<'_>,
    matrix: YuvStandardMatrix,
    range: YuvRange,
) -> Result<(), YuvError> {
    let ((width, height), [y, u, v]) = (from.size(), [0, 1, 2].map(|plane| from.plane(plane)));
    let image = YuvPlanarImage {
        y_plane: y.data,
        y_stride: units(y.stride)?,
        u_plane: u.data,
        u_stride: units(u.stride)?,
        v_plane: v.data,
        v_stride: units(v.stride)?,
        width: units(width)?,
        height: units(height)?,
    };
    let [bgra, ..] = to.planes_mut();
    yuv::yuv420_to_bgra(&image, bgra.data, units(bgra.stride)?, range, matrix)
}

fn uyvy_to_bgra(
    from: &Planes<'_>,
    to: &mut PlanesMut<'_>,
    matrix: YuvStandardMatrix,
    range: YuvRange,
) -> Result<(), YuvError> {
    let ((width, height), Plane { data, stride }) = (from.size(), from.plane(0));
    let image = YuvPackedImage { yuy: data, yuy_stride: units(stride)?, width: units(width)?, height: units(height)? };
    let [bgra, ..] = to.planes_mut();
    yuv::uyvy422_to_bgra(&image, bgra.data, units(bgra.stride)?, range, matrix)
}

fn uyvy_to_i422(from: &Planes<'_>, to: &mut PlanesMut<'_>) -> Result<(), YuvError> {
    let [y, u, v] = to.all_rows_mut();
    from.rows(0).zip(y).zip(u).zip(v).try_for_each(|(((row, y), u), v)| unpack_row(row, y, u, v))
}

// The crate's own UYVY→I420 takes the chroma of one row of two, and not always of the same one.
fn uyvy_to_i420(from: &Planes<'_>, to: &mut PlanesMut<'_>) -> Result<(), YuvError> {
    let [mut y, u, v] = to.all_rows_mut();
    let mut rows = from.rows(0);
    let chroma = Layout::I420.row_bytes(1, from.size().0);
    let (mut lower_u, mut lower_v) = (vec![0; chroma], vec![0; chroma]);
    for (u, v) in u.zip(v) {
        if let (Some(row), Some(y)) = (rows.next(), y.next()) {
            unpack_row(row, y, u, v)?;
        }
        // An odd last row stands for both.
        if let (Some(row), Some(y)) = (rows.next(), y.next()) {
            unpack_row(row, y, &mut lower_u, &mut lower_v)?;
            mean_row(u, &lower_u);
            mean_row(v, &lower_v);
        }
    }
    Ok(())
}

fn i420_to_uyvy(from: &Planes<'_>, to: &mut PlanesMut<'_>) -> Result<(), YuvError> {
    let twice = |plane| from.rows(plane).flat_map(|row| [row, row]);
    let [rows, ..] = to.all_rows_mut();
    rows.zip(from.rows(0)).zip(twice(1)).zip(twice(2)).try_for_each(|(((row, y), u), v)| pack_row(row, y, u, v))
}

/// Takes one row of UYVY apart.
fn unpack_row(row: &[u8], y: &mut [u8], u: &mut [u8], v: &mut [u8]) -> Result<(), YuvError> {
    let image = YuvPackedImage { yuy: row, yuy_stride: units(row.len())?, width: units(y.len())?, height: 1 };
    let mut planes = YuvPlanarImageMut {
        y_stride: units(y.len())?,
        u_stride: units(u.len())?,
        v_stride: units(v.len())?,
        width: units(y.len())?,
        height: 1,
        y_plane: BufferStoreMut::Borrowed(y),
        u_plane: BufferStoreMut::Borrowed(u),
        v_plane: BufferStoreMut::Borrowed(v),
    };
    yuv::uyvy422_to_yuv422(&mut planes, &image)
}

/// Puts one row of UYVY together.
fn pack_row(row: &mut [u8], y: &[u8], u: &[u8], v: &[u8]) -> Result<(), YuvError> {
    let planes = YuvPlanarImage {
        y_plane: y,
        y_stride: units(y.len())?,
        u_plane: u,
        u_stride: units(u.len())?,
        v_plane: v,
        v_stride: units(v.len())?,
        width: units(y.len())?,
        height: 1,
    };
    let mut image = YuvPackedImageMut {
        yuy_stride: units(row.len())?,
        yuy: BufferStoreMut::Borrowed(&mut *row),
        width: planes.width,
        height: 1,
    };
    yuv::yuv422_to_uyvy422(&mut image, &planes)?;
    // The pixel that completes an odd row repeats its neighbour; the crate leaves it as it was.
    if let ([.., last], [.., completion]) = (y, row)
        && y.len() % 2 == 1
    {
        *completion = *last;
    }
    Ok(())
}

/// Replaces each sample by its mean with the one below it, rounded up.
fn mean_row(upper: &mut [u8], lower: &[u8]) {
    for (upper, lower) in upper.iter_mut().zip(lower) {
        *upper = (u16::from(*upper) + u16::from(*lower)).div_ceil(2) as u8;
    }
}

/// A size as the yuv crate counts it.
fn units(size: usize) -> Result<u32, YuvError> {
    u32::try_from(size).map_err(|_| YuvError::PointerOverflow)
}

const fn standard(matrix: ColourMatrix) -> YuvStandardMatrix {
    match matrix {
        ColourMatrix::Bt601 => YuvStandardMatrix::Bt601,
        ColourMatrix::Bt709 => YuvStandardMatrix::Bt709,
        ColourMatrix::Bt2020 => YuvStandardMatrix::Bt2020,
    }
}

const fn standard_range(range: ColourRange) -> YuvRange {
    match range {
        ColourRange::Limited => YuvRange::Limited,
        ColourRange::Full => YuvRange::Full,
    }
}

fn refused(from: &Planes<'_>, to: &PlanesMut<'_>, cause: &str) -> Error {
    let ((width, height), (to_width, to_height)) = (from.size(), to.size());
    let message = format!(
        "Cannot convert {:?} {width}x{height} to {:?} {to_width}x{to_height}: {cause}",
        from.layout(),
        to.layout()
    );
    Error::new(Code::Internal, Stage::Encode, message)
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
