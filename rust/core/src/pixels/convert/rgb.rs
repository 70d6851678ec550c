//! To and from BGRA and RGBA. The Y'CbCr side has padding after its last row: see `in_bands`.

use yuv::{
    BufferStoreMut, YuvBiPlanarImage, YuvBiPlanarImageMut, YuvConversionMode, YuvError, YuvPlanarImage,
    YuvPlanarImageMut, YuvRange, YuvStandardMatrix,
};

use super::{units::units, ycbcr};
use crate::pixels::planes::{Layout, Planes, PlanesMut};

/// Range and matrix of the Y'CbCr side.
type Colour = (YuvRange, YuvStandardMatrix);

/// The exact mode: half a step from a float reference, and faster than the balanced one.
const MODE: YuvConversionMode = YuvConversionMode::Professional;
/// Rows that go through a buffer at a time: few enough to stay in the cache.
const BAND: usize = 16;

/// BGRA to RGBA or back: red and blue change places.
pub(super) fn swap(from: &Planes<'_>, to: &mut PlanesMut<'_>) {
    for (to, from) in to.rows_mut(0).zip(from.rows(0)) {
        let (pixels, _) = from.as_chunks::<4>();
        for (to, pixel) in to.as_chunks_mut::<4>().0.iter_mut().zip(pixels) {
            let word = u32::from_le_bytes(*pixel);
            *to = (word & 0xff00_ff00 | (word & 0x00ff_00ff).rotate_left(16)).to_le_bytes();
        }
    }
}

/// BGRA or RGBA to Y'CbCr.
pub(super) fn encode(from: &Planes<'_>, to: &mut PlanesMut<'_>, colour: Colour) -> Result<(), YuvError> {
    match to.layout() {
        Layout::Uyvy => by_i422(from, to, |from, to| encode_planar(from, to, colour), ycbcr::convert),
        Layout::Nv12 => encode_nv12(from, to, colour),
        _ => encode_planar(from, to, colour),
    }
}

/// Y'CbCr to BGRA or RGBA, opaque.
pub(super) fn decode(from: &Planes<'_>, to: &mut PlanesMut<'_>, colour: Colour) -> Result<(), YuvError> {
    match from.layout() {
        // The crate's own UYVY conversion counts with too few bits: it is up to 3.3 steps wrong.
        Layout::Uyvy => by_i422(from, to, ycbcr::convert, |from, to| decode_planar(from, to, colour)),
        Layout::Nv12 => decode_nv12(from, to, colour),
        _ => decode_planar(from, to, colour),
    }
}

/// Converts in two steps, band by band.
fn by_i422(
    from: &Planes<'_>,
    to: &mut PlanesMut<'_>,
    first: impl Fn(&Planes<'_>, &mut PlanesMut<'_>) -> Result<(), YuvError>,
    second: impl Fn(&Planes<'_>, &mut PlanesMut<'_>) -> Result<(), YuvError>,
) -> Result<(), YuvError> {
    let (width, height) = from.size();
    let mut samples = vec![0; Layout::I422.picture_bytes(width, height.min(BAND))];
    for top in (0..height).step_by(BAND) {
        let (Some(from), Some(mut to)) = (from.band(top, BAND), to.band(top, BAND)) else { break };
        let Ok(mut between) = PlanesMut::tight(Layout::I422, width, from.size().1, &mut samples) else {
            return Err(YuvError::ZeroBaseSize);
        };
        first(&from, &mut between)?;
        second(&between.as_planes(), &mut to)?;
    }
    Ok(())
}

fn encode_planar(from: &Planes<'_>, to: &mut PlanesMut<'_>, (range, matrix): Colour) -> Result<(), YuvError> {
    let convert = match (from.layout(), to.layout()) {
        (Layout::Rgba, Layout::I420) => yuv::rgba_to_yuv420,
        (Layout::Rgba, Layout::I444) => yuv::rgba_to_yuv444,
        (Layout::Rgba, _) => yuv::rgba_to_yuv422,
        (_, Layout::I420) => yuv::bgra_to_yuv420,
        (_, Layout::I444) => yuv::bgra_to_yuv444,
        (_, _) => yuv::bgra_to_yuv422,
    };
    let ((width, height), rgb) = (from.size(), from.plane(0));
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
    convert(&mut image, rgb.data, units(rgb.stride)?, range, matrix, MODE)
}

fn encode_nv12(from: &Planes<'_>, to: &mut PlanesMut<'_>, (range, matrix): Colour) -> Result<(), YuvError> {
    let convert = if from.layout() == Layout::Rgba { yuv::rgba_to_yuv_nv12 } else { yuv::bgra_to_yuv_nv12 };
    let ((width, height), rgb) = (from.size(), from.plane(0));
    let [y, uv, _] = to.planes_mut();
    let mut image = YuvBiPlanarImageMut {
        y_stride: units(y.stride)?,
        uv_stride: units(uv.stride)?,
        y_plane: BufferStoreMut::Borrowed(&mut *y.data),
        uv_plane: BufferStoreMut::Borrowed(&mut *uv.data),
        width: units(width)?,
        height: units(height)?,
    };
    convert(&mut image, rgb.data, units(rgb.stride)?, range, matrix, MODE)
}

fn decode_planar(from: &Planes<'_>, to: &mut PlanesMut<'_>, (range, matrix): Colour) -> Result<(), YuvError> {
    let convert = match (from.layout(), to.layout()) {
        (Layout::I420, Layout::Rgba) => yuv::yuv420_to_rgba,
        (Layout::I420, _) => yuv::yuv420_to_bgra,
        (Layout::I444, Layout::Rgba) => yuv::yuv444_to_rgba,
        (Layout::I444, _) => yuv::yuv444_to_bgra,
        (_, Layout::Rgba) => yuv::yuv422_to_rgba,
        (_, _) => yuv::yuv422_to_bgra,
    };
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
    let [rgb, ..] = to.planes_mut();
    convert(&image, rgb.data, units(rgb.stride)?, range, matrix)
}

fn decode_nv12(from: &Planes<'_>, to: &mut PlanesMut<'_>, (range, matrix): Colour) -> Result<(), YuvError> {
    let convert = if to.layout() == Layout::Rgba { yuv::yuv_nv12_to_rgba } else { yuv::yuv_nv12_to_bgra };
    let ((width, height), [y, uv]) = (from.size(), [0, 1].map(|plane| from.plane(plane)));
    let image = YuvBiPlanarImage {
        y_plane: y.data,
        y_stride: units(y.stride)?,
        uv_plane: uv.data,
        uv_stride: units(uv.stride)?,
        width: units(width)?,
        height: units(height)?,
    };
    let [rgb, ..] = to.planes_mut();
    convert(&image, rgb.data, units(rgb.stride)?, range, matrix, MODE)
}
