//! Conversions against a float reference, in random sizes and strides.

use proptest::prelude::*;

use super::*;
use crate::frame::planes::{MAX_PLANES, PlaneMut};

const LAYOUTS: [Layout; 4] = [Layout::Bgra, Layout::I420, Layout::I422, Layout::Uyvy];
/// What the bytes between rows hold before and after.
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
            Layout::Bgra => unreachable!("BGRA has no luma"),
            Layout::I420 => [self.at(0, y, x), self.at(1, y / 2, x / 2), self.at(2, y / 2, x / 2)],
            Layout::I422 => [self.at(0, y, x), self.at(1, y, x / 2), self.at(2, y, x / 2)],
            Layout::Uyvy => [self.at(0, y, 2 * x + 1), self.at(0, y, x / 2 * 4), self.at(0, y, x / 2 * 4 + 2)],
        }
    }

    fn rgb(&self, x: usize, y: usize) -> [f64; 3] {
        [2, 1, 0].map(|byte| self.at(0, y, 4 * x + byte))
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

/// The mean over the pixels of the picture among the two by two from an even place on.
fn mean(picture: &Picture, x: usize, y: usize, of: impl Fn(usize, usize) -> [f64; 3]) -> [f64; 3] {
    let (columns, rows) = ([x, (x + 1).min(picture.width - 1)], [y, (y + 1).min(picture.height - 1)]);
    let pixels: Vec<_> = rows.iter().flat_map(|y| columns.iter().map(|x| of(*x, *y))).collect();
    [0, 1, 2].map(|sample| pixels.iter().map(|pixel| pixel[sample]).sum::<f64>() / 4.0)
}

/// The largest distance of `to` from what float arithmetic makes of `from`.
fn error(from: &Picture, to: &Picture, matrix: ColourMatrix, range: ColourRange) -> f64 {
    let distance = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| (a[i] - b[i]).abs()).fold(0.0, f64::max);
    let mut worst: f64 = 0.0;
    for y in 0..from.height {
        for x in 0..from.width {
            worst = worst.max(match (from.layout, to.layout) {
                (Layout::Bgra, Layout::Bgra) => distance(from.rgb(x, y), to.rgb(x, y)),
                (Layout::Bgra, _) => {
                    let [luma, ..] = forward(from.rgb(x, y), matrix, range);
                    let rgb = mean(from, x / 2 * 2, y / 2 * 2, |x, y| from.rgb(x, y));
                    let [_, u, v] = forward(rgb, matrix, range);
                    distance(to.ycbcr(x, y), [luma, u, v])
                }
                (_, Layout::Bgra) => {
                    let [luma, u, v] = from.ycbcr(x, y);
                    // Luma below black is no colour: the crate's scalar loops count with it, its SIMD loops with black.
                    [luma, luma.max(spans(range).0)]
                        .map(|luma| distance(to.rgb(x, y), inverse([luma, u, v], matrix, range)))
                        .into_iter()
                        .fold(f64::MAX, f64::min)
                }
                (Layout::Uyvy, Layout::I420) => {
                    let [_, u, v] = mean(from, x / 2 * 2, y / 2 * 2, |x, y| from.ycbcr(x, y));
                    let [luma, ..] = from.ycbcr(x, y);
                    distance(to.ycbcr(x, y), [luma, u, v])
                }
                _ => distance(to.ycbcr(x, y), from.ycbcr(x, y)),
            });
        }
    }
    worst
}

/// The largest error that a conversion may have; 0.5 is rounding alone.
fn bound(from: Layout, to: Layout) -> f64 {
    match (from, to) {
        (Layout::Bgra, Layout::I420) => 1.0,
        (Layout::I420, Layout::Bgra) => 2.0,
        (Layout::Uyvy, Layout::Bgra) => 3.5,
        (Layout::Uyvy, Layout::I420) => 0.5,
        _ => 0.0,
    }
}

fn samples(mut state: u64) -> impl FnMut() -> u8 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[7]
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_conversion_is_exact_enough_and_writes_only_the_picture(
        (width, height) in (1_usize..150, 1_usize..20),
        (pad_from, pad_to) in (0_usize..40, 0_usize..40),
        (from, to) in (prop::sample::select(&LAYOUTS[..]), prop::sample::select(&LAYOUTS[..])),
        matrix in prop::sample::select(vec![ColourMatrix::Bt601, ColourMatrix::Bt709, ColourMatrix::Bt2020]),
        range in prop::sample::select(vec![ColourRange::Limited, ColourRange::Full]),
        seed: u64,
    ) {
        let from = Picture::new(from, width, height, pad_from, samples(seed));
        let mut to = Picture::new(to, width, height, pad_to, || PADDING);
        let outcome = convert(&from.planes(), &mut to.planes_mut(), matrix, range);
        prop_assert_eq!(outcome.is_ok(), can_convert(from.layout, to.layout));
        prop_assert!(to.padding_is_whole());
        if outcome.is_ok() {
            let error = error(&from, &to, matrix, range);
            prop_assert!(error <= bound(from.layout, to.layout), "{:?} to {:?}: {error}", from.layout, to.layout);
        }
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
        if can_convert(from, to) {
            let [mut black, mut made, mut wanted] =
                [from, to, to].map(|layout| Picture::new(layout, 37, 5, 3, || PADDING));
            black.planes_mut().fill_black();
            wanted.planes_mut().fill_black();
            convert(&black.planes(), &mut made.planes_mut(), ColourMatrix::Bt601, ColourRange::Limited).unwrap();
            assert_eq!(made.stores, wanted.stores, "{from:?} to {to:?}");
        }
    }
}
