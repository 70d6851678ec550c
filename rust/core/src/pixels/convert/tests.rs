//! Conversions against a float reference, in random sizes and strides.

use proptest::prelude::*;

use super::*;
use crate::pixels::planes::{Layout, MAX_PLANES, Plane, PlaneMut};

const LAYOUTS: [Layout; 7] =
    [Layout::Bgra, Layout::Rgba, Layout::I420, Layout::I422, Layout::I444, Layout::Nv12, Layout::Uyvy];
const MATRICES: [ColourMatrix; 5] =
    [ColourMatrix::Bt601, ColourMatrix::Bt709, ColourMatrix::Bt2020, ColourMatrix::Fcc, ColourMatrix::Smpte240m];
const RANGES: [ColourRange; 2] = [ColourRange::Limited, ColourRange::Full];
/// Value of the bytes between rows, before and after.
const PADDING: u8 = 0xa5;

/// A picture in memory with `pad` bytes after each row but the last.
#[derive(Debug, Clone)]
struct Picture {
    layout: Layout,
    width: usize,
    height: usize,
    pad: usize,
    stores: Vec<Vec<u8>>,
}

impl Picture {
    fn new(layout: Layout, width: usize, height: usize, pad: usize, mut sample: impl FnMut() -> u8) -> Self {
        let stores = (0..layout.planes())
            .map(|plane| {
                let (row_bytes, rows) = (layout.row_bytes(plane, width), layout.rows(plane, height));
                let mut store = vec![PADDING; (row_bytes + pad) * rows - pad];
                store.chunks_mut(row_bytes + pad).for_each(|row| row[..row_bytes].fill_with(&mut sample));
                store
            })
            .collect();
        Self { layout, width, height, pad, stores }
    }

    fn stride(&self, plane: usize) -> usize {
        self.layout.row_bytes(plane, self.width) + self.pad
    }

    fn planes(&self) -> Planes<'_> {
        let planes = self.stores.iter().enumerate().map(|(plane, data)| Plane { data, stride: self.stride(plane) });
        Planes::new(self.layout, self.width, self.height, planes).unwrap()
    }

    fn planes_mut(&mut self) -> PlanesMut<'_> {
        let strides: [usize; MAX_PLANES] = [0, 1, 2].map(|plane| self.stride(plane));
        let planes = self.stores.iter_mut().zip(strides).map(|(data, stride)| PlaneMut { data, stride });
        PlanesMut::new(self.layout, self.width, self.height, planes).unwrap()
    }

    fn padding_is_whole(&self) -> bool {
        self.stores.iter().enumerate().all(|(plane, store)| {
            let row_bytes = self.layout.row_bytes(plane, self.width);
            store.chunks(self.stride(plane)).all(|row| row[row_bytes..].iter().all(|byte| *byte == PADDING))
        })
    }

    fn at(&self, plane: usize, row: usize, byte: usize) -> f64 {
        f64::from(self.stores[plane][row * self.stride(plane) + byte])
    }

    /// `[y, u, v]` of a pixel of a Y'CbCr layout.
    fn ycbcr(&self, x: usize, y: usize) -> [f64; 3] {
        match self.layout {
            Layout::Bgra | Layout::Rgba => unreachable!("there is no luma"),
            Layout::I420 => [self.at(0, y, x), self.at(1, y / 2, x / 2), self.at(2, y / 2, x / 2)],
            Layout::Nv12 => [self.at(0, y, x), self.at(1, y / 2, x / 2 * 2), self.at(1, y / 2, x / 2 * 2 + 1)],
            Layout::I444 => [0, 1, 2].map(|plane| self.at(plane, y, x)),
            Layout::I422 => [self.at(0, y, x), self.at(1, y, x / 2), self.at(2, y, x / 2)],
            Layout::Uyvy => [self.at(0, y, 2 * x + 1), self.at(0, y, x / 2 * 4), self.at(0, y, x / 2 * 4 + 2)],
        }
    }

    fn rgb(&self, x: usize, y: usize) -> [f64; 3] {
        let bytes = if self.layout == Layout::Bgra { [2, 1, 0] } else { [0, 1, 2] };
        bytes.map(|byte| self.at(0, y, 4 * x + byte))
    }

    fn alpha(&self, x: usize, y: usize) -> f64 {
        self.at(0, y, 4 * x + 3)
    }

    fn is_halved(&self) -> bool {
        self.layout.row_pixels(1) == 2
    }
}

/// `(luma of black, luma span, chroma span)`.
fn spans(range: ColourRange) -> (f64, f64, f64) {
    if range == ColourRange::Limited { (16.0, 219.0, 224.0) } else { (0.0, 255.0, 255.0) }
}

fn forward([r, g, b]: [f64; 3], matrix: ColourMatrix, range: ColourRange) -> [f64; 3] {
    let ((kr, kb), (black, luma, chroma)) = (matrix.weights(), spans(range));
    let y = kr * r + (1.0 - kr - kb) * g + kb * b;
    [
        black + y * luma / 255.0,
        128.0 + (b - y) / (2.0 * (1.0 - kb)) * chroma / 255.0,
        128.0 + (r - y) / (2.0 * (1.0 - kr)) * chroma / 255.0,
    ]
    .map(|sample| sample.clamp(0.0, 255.0))
}

fn inverse([y, u, v]: [f64; 3], matrix: ColourMatrix, range: ColourRange) -> [f64; 3] {
    let ((kr, kb), (black, luma, chroma)) = (matrix.weights(), spans(range));
    let y = (y - black) * 255.0 / luma;
    let b = y + (u - 128.0) * 255.0 / chroma * 2.0 * (1.0 - kb);
    let r = y + (v - 128.0) * 255.0 / chroma * 2.0 * (1.0 - kr);
    [r, (y - kr * r - kb * b) / (1.0 - kr - kb), b].map(|sample| sample.clamp(0.0, 255.0))
}

/// The mean over the pixels of `from` that share their chroma with one of `to`.
fn mean(from: &Picture, to: &Picture, x: usize, y: usize, of: impl Fn(usize, usize) -> [f64; 3]) -> [f64; 3] {
    let (left, top) = (x / 2 * 2, y / 2 * 2);
    let columns = if to.layout == Layout::I444 { [x, x] } else { [left, (left + 1).min(from.width - 1)] };
    let rows = if to.is_halved() { [top, (top + 1).min(from.height - 1)] } else { [y, y] };
    let pixels: Vec<_> = rows.iter().flat_map(|y| columns.iter().map(|x| of(*x, *y))).collect();
    [0, 1, 2].map(|sample| pixels.iter().map(|pixel| pixel[sample]).sum::<f64>() / 4.0)
}

/// The largest distance of `to` from the result of float arithmetic on `from`.
fn error(from: &Picture, to: &Picture, matrix: ColourMatrix, range: ColourRange) -> f64 {
    let distance = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| (a[i] - b[i]).abs()).fold(0.0, f64::max);
    let mut worst: f64 = 0.0;
    for y in 0..from.height {
        for x in 0..from.width {
            worst = worst.max(match (from.layout.is_rgb(), to.layout.is_rgb()) {
                (true, true) => distance(from.rgb(x, y), to.rgb(x, y)).max((from.alpha(x, y) - to.alpha(x, y)).abs()),
                (true, false) => {
                    let [luma, ..] = forward(from.rgb(x, y), matrix, range);
                    let rgb = mean(from, to, x, y, |x, y| from.rgb(x, y));
                    let [_, u, v] = forward(rgb, matrix, range);
                    distance(to.ycbcr(x, y), [luma, u, v])
                }
                (false, true) => {
                    let [luma, u, v] = from.ycbcr(x, y);
                    // Luma below black is no colour: the crate's scalar loops count with it, its SIMD loops with black.
                    [luma, luma.max(spans(range).0)]
                        .map(|luma| distance(to.rgb(x, y), inverse([luma, u, v], matrix, range)))
                        .into_iter()
                        .fold(f64::MAX, f64::min)
                        .max(255.0 - to.alpha(x, y))
                }
                (false, false) if shares_more(from.layout, to.layout) => {
                    let [_, u, v] = mean(from, to, x, y, |x, y| from.ycbcr(x, y));
                    let [luma, ..] = from.ycbcr(x, y);
                    distance(to.ycbcr(x, y), [luma, u, v])
                }
                _ => distance(to.ycbcr(x, y), from.ycbcr(x, y)),
            });
        }
    }
    worst
}

/// Whether more pixels share a chroma sample in `to` than in `from`.
fn shares_more(from: Layout, to: Layout) -> bool {
    let pixels = |layout: Layout| layout.row_pixels(1) * if layout == Layout::I444 { 1 } else { 2 };
    pixels(to) > pixels(from)
}

/// The largest error that a conversion may have; 0.5 is rounding alone.
fn bound(from: Layout, to: Layout) -> f64 {
    match (from.is_rgb(), to.is_rgb()) {
        (true, false) => 1.0,
        (false, true) if from == Layout::Nv12 => 0.75,
        (false, true) => 2.0,
        (false, false) if shares_more(from, to) => 0.5,
        _ => 0.0,
    }
}

fn samples(mut state: u64) -> impl FnMut() -> u8 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[7]
    }
}

/// Converts random samples; the largest error.
fn converted(
    from: (Layout, usize),
    to: (Layout, usize),
    size: (usize, usize),
    colour: (ColourMatrix, ColourRange),
    seed: u64,
) -> f64 {
    let from = Picture::new(from.0, size.0, size.1, from.1, samples(seed));
    let mut to = Picture::new(to.0, size.0, size.1, to.1, || PADDING);
    convert(&from.planes(), &mut to.planes_mut(), colour.0, colour.1).unwrap();
    assert!(to.padding_is_whole(), "{:?} to {:?}", from.layout, to.layout);
    error(&from, &to, colour.0, colour.1)
}

#[test]
fn every_pair_is_exact_enough_in_every_matrix_and_range() {
    for (from, to) in LAYOUTS.iter().flat_map(|from| LAYOUTS.iter().map(|to| (*from, *to))) {
        let mut worst: f64 = 0.0;
        for size in [(16, 16), (97, 55), (1, 1), (2, 3)] {
            for colour in MATRICES.iter().flat_map(|matrix| RANGES.iter().map(|range| (*matrix, *range))) {
                worst = worst.max(converted((from, 0), (to, 0), size, colour, size.0 as u64));
            }
        }
        println!("{from:?} to {to:?}: {worst:.2}");
        assert!(worst <= bound(from, to), "{from:?} to {to:?}: {worst}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_conversion_is_exact_enough_and_writes_only_the_picture(
        (width, height) in (1_usize..150, 1_usize..20),
        (pad_from, pad_to) in (0_usize..40, 0_usize..40),
        (from, to) in (prop::sample::select(&LAYOUTS[..]), prop::sample::select(&LAYOUTS[..])),
        matrix in prop::sample::select(&MATRICES[..]),
        range in prop::sample::select(&RANGES[..]),
        seed: u64,
    ) {
        let error = converted((from, pad_from), (to, pad_to), (width, height), (matrix, range), seed);
        prop_assert!(error <= bound(from, to), "{from:?} to {to:?}: {error}");
    }
}

#[test]
fn other_sizes_are_refused_with_both_named() {
    let from = Picture::new(Layout::Bgra, 4, 4, 0, || 0);
    let mut to = Picture::new(Layout::I420, 4, 5, 0, || 0);
    let outcome = convert(&from.planes(), &mut to.planes_mut(), ColourMatrix::Bt709, ColourRange::Limited);
    assert_eq!(outcome.unwrap_err().message, "Cannot convert Bgra 4x4 to I420 4x5: the sizes differ");
}

#[test]
fn black_stays_black() {
    for (from, to) in LAYOUTS.iter().flat_map(|from| LAYOUTS.iter().map(|to| (*from, *to))) {
        let [mut black, mut made, mut wanted] = [from, to, to].map(|layout| Picture::new(layout, 37, 5, 3, || PADDING));
        black.planes_mut().fill_black();
        wanted.planes_mut().fill_black();
        convert(&black.planes(), &mut made.planes_mut(), ColourMatrix::Bt601, ColourRange::Limited).unwrap();
        assert_eq!(made.stores, wanted.stores, "{from:?} to {to:?}");
    }
}
