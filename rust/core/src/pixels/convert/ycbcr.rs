//! Between layouts of Y'CbCr: samples stay as they are; chroma is averaged or repeated from row to row, and where one side
//! has a sample for each pixel, from column to column.

use yuv::{BufferStoreMut, YuvError, YuvPackedImage, YuvPackedImageMut, YuvPlanarImage, YuvPlanarImageMut};

use super::units::units;
use crate::pixels::planes::{Layout, Planes, PlanesMut};

/// The chroma of one row of pixels, a sample for two of them.
struct Chroma {
    u: Vec<u8>,
    v: Vec<u8>,
}

/// Converts row by row. The crate's own routines take the chroma of one row of two, and not always of the same one.
pub(super) fn convert(from: &Planes<'_>, to: &mut PlanesMut<'_>) -> Result<(), YuvError> {
    let (width, height) = from.size();
    let is_halved = |layout: Layout| layout.row_pixels(1) == 2;
    let (was_halved, is_halved) = (is_halved(from.layout()), is_halved(to.layout()));
    let mut packed_luma = vec![0; width];
    let [mut chroma, mut lower] =
        [width.div_ceil(2); 2].map(|samples| Chroma { u: vec![0; samples], v: vec![0; samples] });
    for row in 0..height {
        let is_lower = row % 2 == 1;
        let is_packed = to.layout() == Layout::Uyvy;
        let luma = if is_packed { &mut packed_luma[..] } else { to.row_mut(0, row) };
        match (was_halved, is_halved) {
            // Both rows of a pair share the chroma that has been read.
            (true, _) if is_lower => luma.copy_from_slice(from.row(0, row)),
            (false, true) if is_lower => {
                read(from, row, luma, &mut lower)?;
                chroma.average(&lower);
            }
            _ => read(from, row, luma, &mut chroma)?,
        }
        if is_packed {
            pack_row(to.row_mut(0, row), &packed_luma, &chroma)?;
        } else if !is_halved {
            chroma.write(to, row);
        } else if is_lower || row + 1 == height {
            chroma.write(to, row / 2);
        }
    }
    Ok(())
}

/// Takes the luma and the chroma of one row of pixels out of a picture.
fn read(from: &Planes<'_>, row: usize, luma: &mut [u8], chroma: &mut Chroma) -> Result<(), YuvError> {
    let layout = from.layout();
    if layout == Layout::Uyvy {
        return unpack_row(from.row(0, row), luma, chroma);
    }
    luma.copy_from_slice(from.row(0, row));
    let row = row / layout.row_pixels(1);
    if layout == Layout::Nv12 {
        let samples = chroma.u.iter_mut().zip(&mut chroma.v);
        samples.zip(from.row(1, row).as_chunks::<2>().0).for_each(|((u, v), pair)| [*u, *v] = *pair);
    } else if layout == Layout::I444 {
        halve(from.row(1, row), &mut chroma.u);
        halve(from.row(2, row), &mut chroma.v);
    } else {
        chroma.u.copy_from_slice(from.row(1, row));
        chroma.v.copy_from_slice(from.row(2, row));
    }
    Ok(())
}

impl Chroma {
    /// Writes it as row `row` of the chroma of a planar picture.
    fn write(&self, to: &mut PlanesMut<'_>, row: usize) {
        if to.layout() == Layout::Nv12 {
            let pairs = to.row_mut(1, row).as_chunks_mut::<2>().0;
            pairs.iter_mut().zip(self.u.iter().zip(&self.v)).for_each(|(pair, (u, v))| *pair = [*u, *v]);
        } else if to.layout() == Layout::I444 {
            double(&self.u, to.row_mut(1, row));
            double(&self.v, to.row_mut(2, row));
        } else {
            to.row_mut(1, row).copy_from_slice(&self.u);
            to.row_mut(2, row).copy_from_slice(&self.v);
        }
    }

    /// Replaces each sample by its mean with the one below it, rounded up.
    fn average(&mut self, lower: &Self) {
        for (upper, lower) in [(&mut self.u, &lower.u), (&mut self.v, &lower.v)] {
            for (upper, lower) in upper.iter_mut().zip(lower) {
                *upper = (u16::from(*upper) + u16::from(*lower)).div_ceil(2) as u8;
            }
        }
    }
}

/// The mean of each two samples, rounded down as that of two rows is rounded up; a last single one stays as it is.
fn halve(row: &[u8], half: &mut [u8]) {
    let (pairs, single) = row.as_chunks::<2>();
    for (mean, [left, right]) in half.iter_mut().zip(pairs) {
        *mean = left.midpoint(*right);
    }
    if let ([last], Some(mean)) = (single, half.last_mut()) {
        *mean = *last;
    }
}

/// Each sample twice; a last single pixel takes the last sample.
fn double(half: &[u8], row: &mut [u8]) {
    let (pairs, single) = row.as_chunks_mut::<2>();
    pairs.iter_mut().zip(half).for_each(|(pair, sample)| *pair = [*sample; 2]);
    if let ([last], Some(sample)) = (single, half.last()) {
        *last = *sample;
    }
}

/// Takes one row of UYVY apart.
fn unpack_row(row: &[u8], luma: &mut [u8], chroma: &mut Chroma) -> Result<(), YuvError> {
    let image = YuvPackedImage { yuy: row, yuy_stride: units(row.len())?, width: units(luma.len())?, height: 1 };
    let mut planes = YuvPlanarImageMut {
        y_stride: units(luma.len())?,
        u_stride: units(chroma.u.len())?,
        v_stride: units(chroma.v.len())?,
        width: image.width,
        height: 1,
        y_plane: BufferStoreMut::Borrowed(luma),
        u_plane: BufferStoreMut::Borrowed(&mut chroma.u),
        v_plane: BufferStoreMut::Borrowed(&mut chroma.v),
    };
    yuv::uyvy422_to_yuv422(&mut planes, &image)
}

/// Puts one row of UYVY together.
fn pack_row(row: &mut [u8], luma: &[u8], chroma: &Chroma) -> Result<(), YuvError> {
    let planes = YuvPlanarImage {
        y_plane: luma,
        y_stride: units(luma.len())?,
        u_plane: &chroma.u,
        u_stride: units(chroma.u.len())?,
        v_plane: &chroma.v,
        v_stride: units(chroma.v.len())?,
        width: units(luma.len())?,
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
    if let ([.., last], [.., completion]) = (luma, row)
        && luma.len() % 2 == 1
    {
        *completion = *last;
    }
    Ok(())
}
