//! Conversions between layouts on the frame path, by the SIMD of the `yuv` crate.

mod rgb;
mod units;
mod ycbcr;

use yuv::{YuvError, YuvRange, YuvStandardMatrix};

use super::{
    colour::{ColourMatrix, ColourRange},
    planes::{Planes, PlanesMut},
};
use crate::base::error::{Code, Error, Result, Stage};

/// Writes the picture `from` into `to`; the padding between the rows of `to` is left alone.
///
/// The matrix and the range are those of the Y'CbCr side; they play no part where both sides are Y'CbCr, or none is. BGRA
/// and RGBA are full range; their alpha is kept between them, opaque where there was none. Chroma is the mean of the pixels
/// or samples that share it; in the other direction each pixel takes the nearest sample.
///
/// # Errors
///
/// `Internal` if the sizes differ.
pub fn convert(from: &Planes<'_>, to: &mut PlanesMut<'_>, matrix: ColourMatrix, range: ColourRange) -> Result<()> {
    if from.size() != to.size() {
        return Err(refused(from, to, "the sizes differ"));
    }
    let colour = (standard_range(range), standard(matrix));
    let outcome = match (from.layout().is_rgb(), to.layout().is_rgb()) {
        _ if from.layout() == to.layout() => {
            copy(from, to);
            Ok(())
        }
        (true, true) => {
            rgb::swap(from, to);
            Ok(())
        }
        (true, false) => in_bands(from, to, |from, to| rgb::encode(from, to, colour)),
        (false, true) => in_bands(from, to, |from, to| rgb::decode(from, to, colour)),
        (false, false) => ycbcr::convert(from, to),
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

/// Copies every row of a picture of the same layout and size; planes without padding on both sides at once.
pub(crate) fn copy(from: &Planes<'_>, to: &mut PlanesMut<'_>) {
    let (layout, (width, height)) = (from.layout(), from.size());
    for plane in 0..layout.planes() {
        let bytes = layout.plane_bytes(plane, width, height);
        let is_tight = |stride| stride == layout.row_bytes(plane, width);
        let source = from.plane(plane);
        let target = &mut to.planes_mut()[plane];
        if is_tight(source.stride) && is_tight(target.stride) {
            target.data[..bytes].copy_from_slice(&source.data[..bytes]);
        } else {
            to.rows_mut(plane).zip(from.rows(plane)).for_each(|(to, from)| to.copy_from_slice(from));
        }
    }
}

const fn standard(matrix: ColourMatrix) -> YuvStandardMatrix {
    match matrix {
        ColourMatrix::Bt601 => YuvStandardMatrix::Bt601,
        ColourMatrix::Bt709 => YuvStandardMatrix::Bt709,
        ColourMatrix::Bt2020 => YuvStandardMatrix::Bt2020,
        ColourMatrix::Fcc => YuvStandardMatrix::Fcc,
        // The crate's table for its own Smpte240 is wrong in green and blue.
        ColourMatrix::Smpte240m => YuvStandardMatrix::Custom(0.212, 0.087),
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
mod tests;
