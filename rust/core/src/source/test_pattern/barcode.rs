//! The barcode of a test pattern: the frame index and its check bits as black and white cells that survive encoding.
//!
//! Everything follows from the drawn width and height, so a reader needs nothing but decoded luma. This text is the
//! contract for every reader.
//!
//! # Payload
//!
//! | form | bits, most significant first | check bits |
//! |--|--|--|
//! | wide, 48 bits | index modulo 2^32, then 16 check bits | polynomial x^16+x^12+x^5+1 (`0x1021`), CRC-16/IBM-3740 |
//! | small, 16 bits | index modulo 4096, then 4 check bits | polynomial x^4+x+1 (`0x3`) |
//!
//! Both checks run over the index bits alone, most significant bit first; the register starts with all ones, nothing is
//! reflected and nothing is inverted at the end. Pictures that are black or white all over carry no valid payload.
//!
//! # Layout
//!
//! `fit(bits, step, width, height)` tries every divisor `columns` of `bits` from the largest down, with
//! `rows = bits / columns` and `side = min(width / columns, height / rows)` rounded down to a multiple of `step`. The
//! first grid with the largest `side` wins; a `side` of 0 is no grid. All divisions round down. Then:
//!
//! 1. wide: `fit(48, 8, width, height / 3)`, if its `side` is at least 16;
//! 2. else wide: `fit(48, 8, width, height)`, if it is a grid;
//! 3. else small: `fit(16, 4, width, height)`, which is a grid from 16 × 16 pixels up.
//!
//! The grid begins at the top left pixel. Cells are squares of `side` pixels, and bits fill them row by row from the
//! left, with neutral chroma. A bit of 0 is black (luma 16). A bit of 1 is white (luma 235) in columns 0 to 3 of the
//! cell, light grey (luma 185) in columns 4 to 7, and so on. The stripes are for SVT-AV1 (1.4.1, preset 12), which leaves
//! out changes from one flat block to another even at CRF 20, and keeps these.
//!
//! # Reading
//!
//! A bit is 1 if the mean of luma samples in the inner half of its cell (from `side / 4` up to but without
//! `side / 4 + side / 2`, in both directions) is above 113: halfway between black and the
//! mean of the stripes, in limited range as in full range.

use crate::pixels::{
    colour::{ColourMatrix, Paint},
    planes::{Layout, Planes, PlanesMut, Rect},
};

/// The most samples that a reader takes of a cell in each direction.
const SAMPLES: usize = 8;
/// Halfway between black and the mean of white and grey: 16 and 210 in limited range, 0 and 226 in full range.
const THRESHOLD: usize = 113;
/// Full-range samples of the two stripes of a white cell.
const WHITE: u8 = 255;
const GREY: u8 = 197;

/// Which payload a barcode carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// The index modulo 2^32 with 16 check bits.
    Wide,
    /// The index modulo 4096 with 4 check bits.
    Small,
}

impl Form {
    /// The bits of the index, of the check, and of the check's polynomial.
    const fn bits(self) -> (u32, u32, u64) {
        match self {
            Self::Wide => (32, 16, 0x1021),
            Self::Small => (12, 4, 0x3),
        }
    }

    /// The index with its check bits.
    fn encode(self, index: u64) -> u64 {
        let (index_bits, check_bits, polynomial) = self.bits();
        let index = index & ((1 << index_bits) - 1);
        let ones = (1 << check_bits) - 1;
        let check = (0..index_bits).rev().fold(ones, |register: u64, bit| {
            let carry = (register >> (check_bits - 1)) ^ (index >> bit);
            let shifted = (register << 1) & ones;
            if carry & 1 == 1 { shifted ^ polynomial } else { shifted }
        });
        index << check_bits | check
    }

    /// The index of a payload whose check bits agree.
    fn decode(self, payload: u64) -> Option<u32> {
        let (_, check_bits, _) = self.bits();
        let index = payload >> check_bits;
        (self.encode(index) == payload).then(|| u32::try_from(index).ok()).flatten()
    }
}

/// The places of the cells of a barcode; see the module for the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Barcode {
    form: Form,
    columns: usize,
    rows: usize,
    side: usize,
}

impl Barcode {
    /// The barcode of pictures of this size; `None` below 16 × 16 pixels.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Option<Self> {
        let strip = fit(48, 8, width, height / 3).filter(|(.., side)| *side >= 16);
        let wide = strip.or_else(|| fit(48, 8, width, height)).map(|grid| (Form::Wide, grid));
        let (form, (columns, rows, side)) =
            wide.or_else(|| fit(16, 4, width, height).map(|grid| (Form::Small, grid)))?;
        Some(Self { form, columns, rows, side })
    }

    /// Which payload fits.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The pixels that the barcode covers.
    #[must_use]
    pub const fn rect(&self) -> Rect {
        Rect { x: 0, y: 0, width: self.columns * self.side, height: self.rows * self.side }
    }

    /// Draws a frame index over the picture.
    pub fn draw(&self, index: u64, planes: &mut PlanesMut<'_>) {
        let payload = self.form.encode(index);
        // Greys are the same in every matrix.
        let paint = |greys: [u8; 4]| Paint::pairs(greys.map(|grey| [grey; 3]), planes.layout(), ColourMatrix::Bt709);
        let (black, white) = (paint([0; 4]), paint([WHITE, WHITE, GREY, GREY]));
        for (bit, cell) in self.cells() {
            planes.fill(cell, if payload >> bit & 1 == 1 { &white } else { &black });
        }
    }

    /// The frame index that a picture shows, modulo what [`Form`] holds; `None` if the check bits disagree.
    ///
    /// The picture may be larger than the drawn one, as encoders pad; samples outside it make the barcode unreadable.
    #[must_use]
    pub fn read(&self, planes: &Planes<'_>) -> Option<u32> {
        // The sample that is luma, or green, and the bytes from pixel to pixel.
        let (first, step) = match planes.layout() {
            Layout::I420 | Layout::I422 | Layout::I444 | Layout::Nv12 => (0, 1),
            Layout::Uyvy => (1, 2),
            Layout::Bgra | Layout::Rgba => (1, 4),
        };
        let rows: Vec<&[u8]> = planes.rows(0).take(self.rect().height).collect();
        let mut payload = 0;
        for (_, cell) in self.cells() {
            let (start, length) = (self.side / 4, self.side / 2);
            let offsets = || (start..start + length).step_by(length.div_ceil(SAMPLES));
            let mut sum = 0;
            let mut count = 0;
            for y in offsets() {
                let row = rows.get(cell.y + y)?;
                for x in offsets() {
                    sum += usize::from(*row.get(first + (cell.x + x) * step)?);
                    count += 1;
                }
            }
            payload = payload << 1 | u64::from(sum > THRESHOLD * count);
        }
        self.form.decode(payload)
    }

    /// Each cell with the number of its bit, the most significant first.
    fn cells(&self) -> impl Iterator<Item = (usize, Rect)> {
        let Self { columns, rows, side, .. } = *self;
        (0..columns * rows).map(move |cell| {
            let (x, y) = (cell % columns * side, cell / columns * side);
            (columns * rows - 1 - cell, Rect { x, y, width: side, height: side })
        })
    }
}

/// The grid `(columns, rows, side)` of `bits` square cells that are as large as the picture allows.
fn fit(bits: usize, step: usize, width: usize, height: usize) -> Option<(usize, usize, usize)> {
    (1..=bits)
        .filter(|columns| bits.is_multiple_of(*columns))
        .map(|columns| {
            let rows = bits / columns;
            (columns, rows, (width / columns).min(height / rows) / step * step)
        })
        .filter(|(.., side)| *side > 0)
        // The last of equals is the widest.
        .max_by_key(|(.., side)| *side)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [(usize, usize); 16] = [
        (16, 16),
        (17, 19),
        (16, 64),
        (47, 47),
        (64, 48),
        (97, 55),
        (176, 144),
        (321, 241),
        (400, 640),
        (640, 480),
        (1280, 720),
        (1920, 1080),
        (1921, 1081),
        (4096, 16),
        (16, 4096),
        (16384, 17),
    ];

    fn drawn(layout: Layout, width: usize, height: usize, index: u64) -> Vec<u8> {
        let mut data = vec![90; layout.picture_bytes(width, height)];
        let mut planes = PlanesMut::tight(layout, width, height, &mut data).unwrap();
        Barcode::new(width, height).unwrap().draw(index, &mut planes);
        data
    }

    #[test]
    fn check_bits_are_those_of_the_published_algorithms() {
        // CRC-16/IBM-3740 of "1234" and of four zero bytes.
        assert_eq!(Form::Wide.encode(0x3132_3334) & 0xffff, 0x5349);
        assert_eq!(Form::Wide.encode(0) & 0xffff, 0x84c0);
    }

    #[test]
    fn every_index_is_read_back_at_every_size_in_every_layout() {
        for (width, height) in SIZES {
            let barcode = Barcode::new(width, height).unwrap();
            let modulus = if barcode.form() == Form::Wide { 1_u64 << 32 } else { 4096 };
            for layout in
                [Layout::I420, Layout::I422, Layout::I444, Layout::Nv12, Layout::Uyvy, Layout::Bgra, Layout::Rgba]
            {
                for index in [0, 1, 2, 255, 4095, 4096, 0x1234_5678, 0xffff_ffff, 1 << 40 | 9] {
                    let data = drawn(layout, width, height, index);
                    let planes = Planes::tight(layout, width, height, &data).unwrap();
                    let read = barcode.read(&planes).map(u64::from);
                    assert_eq!(read, Some(index % modulus), "{layout:?} {width}x{height}");
                }
            }
        }
    }

    #[test]
    fn cells_stay_inside_and_on_even_pixels_at_every_size() {
        for width in (16..400).chain([1279, 1920, 4097, 16384]) {
            for height in (16..400).chain([719, 1080, 4097, 16384]) {
                let barcode = Barcode::new(width, height).unwrap();
                let Rect { width: right, height: bottom, .. } = barcode.rect();
                assert!(right <= width && bottom <= height, "{width}x{height}");
                assert_eq!(barcode.side % 4, 0);
                let bits = if barcode.form() == Form::Wide { 48 } else { 16 };
                assert_eq!(barcode.columns * barcode.rows, bits);
            }
        }
        assert_eq!(Barcode::new(15, 16), None);
        assert_eq!(Barcode::new(16, 15), None);
    }

    #[test]
    fn the_layout_of_known_sizes_never_changes() {
        let grid = |width, height| {
            let Barcode { columns, rows, side, .. } = Barcode::new(width, height).unwrap();
            (columns, rows, side)
        };
        assert_eq!(grid(16, 16), (4, 4, 4));
        assert_eq!(grid(16, 64), (2, 8, 8));
        assert_eq!(grid(97, 55), (12, 4, 8));
        assert_eq!(grid(176, 144), (8, 6, 16));
        assert_eq!(grid(400, 640), (12, 4, 32));
        assert_eq!(grid(1280, 720), (16, 3, 80));
        assert_eq!(grid(1920, 1080), (16, 3, 120));
    }

    #[test]
    fn plain_pictures_and_flipped_bits_are_refused() {
        for (width, height) in SIZES {
            let barcode = Barcode::new(width, height).unwrap();
            for sample in [0, 16, 126, 235, 255] {
                let data = vec![sample; Layout::I420.picture_bytes(width, height)];
                assert_eq!(barcode.read(&Planes::tight(Layout::I420, width, height, &data).unwrap()), None);
            }
        }
        for form in [Form::Wide, Form::Small] {
            let payload = form.encode(1234);
            let bits = if form == Form::Wide { 48 } else { 16 };
            assert!((0..bits).all(|bit| form.decode(payload ^ 1 << bit).is_none()));
        }
    }

    #[test]
    fn heavy_noise_is_read_through() {
        let (width, height) = (320, 240);
        let mut data = drawn(Layout::I420, width, height, 77);
        let mut state = 1_u32;
        for sample in &mut data[..width * height] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 24) as i32 - 128;
            *sample = (i32::from(*sample) * 6 / 10 + 50 + noise).clamp(0, 255) as u8;
        }
        let planes = Planes::tight(Layout::I420, width, height, &data).unwrap();
        assert_eq!(Barcode::new(width, height).unwrap().read(&planes), Some(77));
    }
}
