//! Colour: the matrix and range of Y'CbCr samples, and single colours as the bytes of a layout.

use super::planes::{Layout, MAX_PLANES};

/// The matrix between R'G'B' and Y'CbCr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColourMatrix {
    /// ITU-R BT.601: standard definition.
    Bt601,
    /// ITU-R BT.709: high definition.
    #[default]
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
    /// FCC title 47, the American standard of 1953.
    Fcc,
    /// SMPTE 240M: early high definition.
    Smpte240m,
}

/// Which sample values stand for black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColourRange {
    /// Luma 16 to 235, chroma 16 to 240.
    #[default]
    Limited,
    /// Luma and chroma 0 to 255.
    Full,
}

impl ColourMatrix {
    /// The matrix of a picture that names none: BT.709 from 1280 columns or 720 rows up, else BT.601.
    #[must_use]
    pub const fn of_size((width, height): (usize, usize)) -> Self {
        if width < 1280 && height < 720 { Self::Bt601 } else { Self::Bt709 }
    }

    /// The shares of red and blue in luma, `(kr, kb)`; green has the rest (ITU-T H.273, table 4).
    #[must_use]
    pub const fn weights(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
            Self::Fcc => (0.30, 0.11),
            Self::Smpte240m => (0.212, 0.087),
        }
    }

    /// The limited-range `[y, cb, cr]` nearest to a full-range `[red, green, blue]`.
    #[must_use]
    pub fn ycbcr(self, [red, green, blue]: [u8; 3]) -> [u8; 3] {
        let (kr, kb) = self.weights();
        let [red, green, blue] = [red, green, blue].map(|sample| f64::from(sample) / 255.0);
        let luma = kr * red + (1.0 - kr - kb) * green + kb * blue;
        let cb = (blue - luma) / (2.0 * (1.0 - kb));
        let cr = (red - luma) / (2.0 * (1.0 - kr));
        // In range by construction: luma is 0 to 1, each difference -0.5 to 0.5.
        [16.0 + 219.0 * luma, 128.0 + 224.0 * cb, 128.0 + 224.0 * cr].map(|sample| sample.round() as u8)
    }
}

/// Colours as the bytes that a row of pixels takes in each plane of a layout; painting repeats them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paint {
    bytes: [Vec<u8>; MAX_PLANES],
}

impl Paint {
    /// One full-range `[red, green, blue]`; limited range where the layout is Y'CbCr.
    #[must_use]
    pub fn new(rgb: [u8; 3], layout: Layout, matrix: ColourMatrix) -> Self {
        Self::pairs([rgb], layout, matrix)
    }

    /// One full-range `[red, green, blue]` for every two pixels, which share their chroma in most layouts.
    #[must_use]
    pub fn pairs(colours: impl IntoIterator<Item = [u8; 3]>, layout: Layout, matrix: ColourMatrix) -> Self {
        let mut bytes = [const { Vec::new() }; MAX_PLANES];
        for rgb in colours {
            let ([red, green, blue], [y, u, v]) = (rgb, matrix.ycbcr(rgb));
            match layout {
                Layout::Bgra => bytes[0].extend([blue, green, red, 255, blue, green, red, 255]),
                Layout::Rgba => bytes[0].extend([red, green, blue, 255, red, green, blue, 255]),
                Layout::Uyvy => bytes[0].extend([u, y, v, y]),
                Layout::Nv12 => {
                    bytes[0].extend([y, y]);
                    bytes[1].extend([u, v]);
                }
                Layout::I444 => {
                    bytes[0].extend([y, y]);
                    bytes[1].extend([u, u]);
                    bytes[2].extend([v, v]);
                }
                Layout::I420 | Layout::I422 => {
                    bytes[0].extend([y, y]);
                    bytes[1].push(u);
                    bytes[2].push(v);
                }
            }
        }
        Self { bytes }
    }

    /// Black, opaque where there is alpha. The same in every matrix.
    #[must_use]
    pub fn black(layout: Layout) -> Self {
        Self::new([0; 3], layout, ColourMatrix::Bt709)
    }

    /// The bytes in `plane`; empty if the layout has no such plane.
    #[must_use]
    pub fn plane(&self, plane: usize) -> &[u8] {
        self.bytes.get(plane).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_is_black_in_every_layout() {
        let planes = |layout| [0, 1, 2].map(|plane| Paint::black(layout).plane(plane).to_vec());
        assert_eq!(planes(Layout::I420), [vec![16, 16], vec![128], vec![128]]);
        assert_eq!(planes(Layout::I422), [vec![16, 16], vec![128], vec![128]]);
        assert_eq!(planes(Layout::I444), [vec![16, 16], vec![128, 128], vec![128, 128]]);
        assert_eq!(planes(Layout::Uyvy), [vec![128, 16, 128, 16], vec![], vec![]]);
        assert_eq!(planes(Layout::Nv12), [vec![16, 16], vec![128, 128], vec![]]);
        assert_eq!(planes(Layout::Bgra), [vec![0, 0, 0, 255, 0, 0, 0, 255], vec![], vec![]]);
        assert_eq!(planes(Layout::Rgba), planes(Layout::Bgra));
    }

    #[test]
    fn white_and_the_primaries_have_their_published_samples() {
        let ycbcr = |rgb| ColourMatrix::Bt709.ycbcr(rgb);
        assert_eq!(ycbcr([255; 3]), [235, 128, 128]);
        assert_eq!(ycbcr([255, 0, 0]), [63, 102, 240]);
        assert_eq!(ycbcr([0, 0, 255]), [32, 240, 118]);
        assert_eq!(ColourMatrix::Bt601.ycbcr([255, 0, 0]), [81, 90, 240]);
    }
}
