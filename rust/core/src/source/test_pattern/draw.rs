//! The test pattern: scrolling colour bars, a scrolling grey ramp and a moving box under a [`Barcode`].
//!
//! The picture is a function of the frame index, the view, the size and the colour space alone. In view `n` the bars are
//! `n` bars further on, and the box has the colour that stands at place `n` in `BOXES`. Two by two pixels always have one
//! colour, so subsampled chroma loses nothing and every colour space shows the same picture. Rows are copies of lines
//! drawn once: the encoder gets the processor.

use super::barcode::Barcode;
use crate::pixels::{
    ColourSpace,
    colour::{ColourMatrix, Paint},
    planes::{Layout, PlanesMut, Rect},
};

/// Colour bars of 75 % amplitude, in the order of their luma.
const BARS: [[u8; 3]; 8] =
    [[191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0], [0, 0, 191], [0, 0, 0]];
/// Colour of the moving box in each view.
const BOXES: [[u8; 3]; 8] = [
    [255, 128, 0],
    [0, 128, 255],
    [255, 0, 128],
    [128, 255, 0],
    [128, 0, 255],
    [0, 255, 128],
    [255, 255, 128],
    [128, 255, 255],
];

/// A test pattern of one size and colour space; draws any frame of it.
#[derive(Debug)]
pub struct Pattern {
    width: usize,
    height: usize,
    layout: Layout,
    bars: Line,
    ramp: Line,
    boxes: [Paint; BOXES.len()],
    barcode: Option<Barcode>,
}

impl Pattern {
    /// A pattern of `width` × `height` pixels, both at least 16: smaller ones have no barcode.
    #[must_use]
    pub fn new(width: usize, height: usize, colour: ColourSpace) -> Self {
        let layout = Layout::from(colour);
        let bar = width.div_ceil(2 * BARS.len()).max(1);
        let grey = |step: usize| [u8::try_from(step.min(511 - step)).unwrap_or(255); 3];
        Self {
            width,
            height,
            layout,
            bars: Line::new(layout, (width, height), BARS.len() * bar, |pair| BARS[pair / bar]),
            ramp: Line::new(layout, (width, height), 512, grey),
            boxes: BOXES.map(|rgb| Paint::new(rgb, layout, ColourMatrix::of_size((width, height)))),
            barcode: Barcode::new(width, height),
        }
    }

    /// The matrix of the colours, with limited range where the colour space is Y'CbCr.
    #[must_use]
    pub const fn matrix(&self) -> ColourMatrix {
        ColourMatrix::of_size((self.width, self.height))
    }

    /// Draws view `view` of frame `index`; every sample of the picture is written.
    ///
    /// # Panics
    ///
    /// If the planes have another layout or size than the pattern.
    pub fn draw(&self, index: u64, view: usize, planes: &mut PlanesMut<'_>) {
        assert_eq!((planes.layout(), planes.size()), (self.layout, (self.width, self.height)), "another picture");
        let pace = (self.width / 320).max(1);
        // Small enough that products with the pace and sizes never overflow.
        let time = usize::try_from(index % (1 << 32)).unwrap_or(0);
        let bar = self.bars.period / BARS.len();
        let ramp_top = self.height * 3 / 4 / 2 * 2;
        for plane in 0..self.layout.planes() {
            let bars = self.bars.row(plane, time * pace + view % BARS.len() * bar);
            let ramp = self.ramp.row(plane, self.ramp.period - time * pace % self.ramp.period);
            let bar_rows = ramp_top / self.layout.row_pixels(plane);
            for (y, row) in planes.rows_mut(plane).enumerate() {
                let line = if y < bar_rows { bars } else { ramp };
                row.copy_from_slice(&line[..row.len()]);
            }
        }
        let side = self.width.min(self.height) / 16 * 2;
        let x = 2 * bounce(time * pace, (self.width - side) / 2);
        let y = 2 * bounce(time, (self.height - side) / 2);
        planes.fill(Rect { x, y, width: side, height: side }, &self.boxes[view % BOXES.len()]);
        if let Some(barcode) = &self.barcode {
            barcode.draw(index, planes);
        }
    }
}

/// A row of pixel pairs that repeats, long enough to be copied from any place of its period.
#[derive(Debug)]
struct Line {
    layout: Layout,
    period: usize,
    samples: Paint,
}

impl Line {
    /// A line whose pixel pair `n` has `colour(n % period)`.
    fn new(layout: Layout, size: (usize, usize), period: usize, colour: impl Fn(usize) -> [u8; 3]) -> Self {
        let colours = (0..period + size.0.div_ceil(2)).map(|pair| colour(pair % period));
        Self { layout, period, samples: Paint::pairs(colours, layout, ColourMatrix::of_size(size)) }
    }

    /// The samples of a row of `plane` that begins with the given pair; at least as long as a row.
    fn row(&self, plane: usize, pair: usize) -> &[u8] {
        &self.samples.plane(plane)[pair % self.period * self.layout.pair_bytes(plane)..]
    }
}

/// A place that goes from 0 to `span` and back, one step at a time.
fn bounce(time: usize, span: usize) -> usize {
    let place = time % (2 * span).max(1);
    place.min(2 * span - place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{
        COLOUR_SPACES,
        colour::ColourRange,
        convert::convert,
        planes::{PlaneMut, Planes},
    };

    fn drawn(width: usize, height: usize, colour: ColourSpace, index: u64, view: usize) -> Vec<u8> {
        let layout = Layout::from(colour);
        let mut data = vec![0; layout.picture_bytes(width, height)];
        let mut planes = PlanesMut::tight(layout, width, height, &mut data).unwrap();
        Pattern::new(width, height, colour).draw(index, view, &mut planes);
        data
    }

    #[test]
    fn every_colour_space_shows_the_same_picture() {
        for (width, height) in [(16, 16), (97, 55), (640, 480), (641, 483), (1280, 720)] {
            for index in [0, 1, 50, 1000] {
                let view = (index % 8) as usize;
                let reference = drawn(width, height, ColourSpace::I420, index, view);
                for colour in [ColourSpace::Bgra, ColourSpace::Rgba, ColourSpace::Nv12, ColourSpace::Uyvy] {
                    let data = drawn(width, height, colour, index, view);
                    let mut converted = vec![0; reference.len()];
                    let mut to = PlanesMut::tight(Layout::I420, width, height, &mut converted).unwrap();
                    let from = Planes::tight(colour.into(), width, height, &data).unwrap();
                    convert(&from, &mut to, ColourMatrix::of_size((width, height)), ColourRange::Limited).unwrap();
                    let error = reference.iter().zip(&converted).map(|(a, b)| a.abs_diff(*b)).max();
                    assert!(error <= Some(1), "{colour:?} {width}x{height} frame {index}: {error:?}");
                }
            }
        }
    }

    #[test]
    fn frames_differ_from_each_other_and_carry_their_index() {
        let (width, height) = (320, 240);
        let barcode = Barcode::new(width, height).unwrap();
        let below = barcode.rect().height * width;
        let frames: Vec<_> = (0..100).map(|index| drawn(width, height, ColourSpace::I420, index, 0)).collect();
        for (index, frame) in (0..).zip(&frames) {
            let planes = Planes::tight(Layout::I420, width, height, frame).unwrap();
            assert_eq!(barcode.read(&planes), Some(index));
        }
        assert!(frames.windows(2).all(|pair| pair[0][below..width * height] != pair[1][below..width * height]));
    }

    #[test]
    fn views_differ_from_each_other_and_carry_the_same_index() {
        for (width, height) in [(96, 64), (320, 240)] {
            let barcode = Barcode::new(width, height).unwrap();
            let views: Vec<_> = (0..8).map(|view| drawn(width, height, ColourSpace::I420, 7, view)).collect();
            for (index, view) in views.iter().enumerate() {
                let planes = Planes::tight(Layout::I420, width, height, view).unwrap();
                assert_eq!(barcode.read(&planes), Some(7));
                assert!(views[..index].iter().all(|other| other != view), "view {index}");
            }
        }
    }

    #[test]
    fn padding_is_left_alone_and_late_frames_are_drawn() {
        for colour in COLOUR_SPACES {
            let (layout, width, height) = (Layout::from(colour), 33, 21);
            let tight = drawn(width, height, colour, u64::MAX, 0);
            let mut stores: Vec<Vec<u8>> = (0..layout.planes())
                .map(|plane| vec![7; (layout.row_bytes(plane, width) + 5) * layout.rows(plane, height)])
                .collect();
            let planes = stores
                .iter_mut()
                .enumerate()
                .map(|(plane, data)| PlaneMut { data, stride: layout.row_bytes(plane, width) + 5 });
            let mut planes = PlanesMut::new(layout, width, height, planes).unwrap();
            Pattern::new(width, height, colour).draw(u64::MAX, 0, &mut planes);
            let mut samples = Vec::new();
            for (plane, store) in stores.iter().enumerate() {
                for row in store.chunks(layout.row_bytes(plane, width) + 5) {
                    let (row, padding) = row.split_at(layout.row_bytes(plane, width));
                    samples.extend_from_slice(row);
                    assert_eq!(padding, [7; 5]);
                }
            }
            assert_eq!(samples, tight);
        }
    }
}
