//! Size, pixel format and colour tags of pictures, and which colour tags go with which pixel format.

use super::{ColourTags, Picture, PixelFormat};
use crate::{
    base::time::Rational,
    pixels::{
        colour::{ColourMatrix, ColourRange},
        h273::{BY_PRIMARIES, FULL, LIMITED, RGB, UNKNOWN},
    },
};

/// Size, pixel format and tags of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoInfo {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixel format.
    pub format: PixelFormat,
    /// Colour and shape tags.
    pub tags: ColourTags,
}

impl VideoInfo {
    /// Nothing known: no pixels.
    pub const UNKNOWN: Self = Self { width: 0, height: 0, format: PixelFormat::YUV420P, tags: ColourTags::UNKNOWN };

    /// The properties of a picture.
    #[must_use]
    pub fn of(picture: &Picture) -> Self {
        Self { width: picture.width(), height: picture.height(), format: picture.format(), tags: picture.tags() }
    }

    /// Bytes of the samples, without padding; 0 for an unknown format or an impossible size.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.format.picture_bytes(self.width, self.height)
    }

    /// The properties of these pictures after a conversion to another pixel format and size.
    #[must_use]
    pub fn converted(self, format: PixelFormat, width: u32, height: u32) -> Self {
        Self { width, height, format, tags: tags(self, format) }
    }

    /// The properties of these pictures after scaling to another pixel format and size: what is shown keeps its shape.
    #[must_use]
    pub fn scaled(self, format: PixelFormat, width: u32, height: u32) -> Self {
        let mut scaled = self.converted(format, width, height);
        let sides = [self.width, self.height, width, height].map(i64::from);
        let (across, down) = (sides[0] * sides[3], sides[2] * sides[1]);
        if across != down && down > 0 {
            let Rational { num, den } = self.tags.geometry.known_aspect();
            scaled.tags.geometry.pixel_aspect =
                reduced(i128::from(num) * i128::from(across), i128::from(den) * i128::from(down));
        }
        scaled
    }

    /// Whether both are shown alike: they have one size, one shape of pixels and one orientation.
    #[must_use]
    pub fn is_shown_alike(&self, other: &Self) -> bool {
        let is_same_size = (self.width, self.height) == (other.width, other.height);
        is_same_size && self.tags.geometry.is_shown_alike(&other.tags.geometry)
    }

    /// Size, pixel aspect and orientation for messages.
    #[must_use]
    pub fn size_in_words(&self) -> String {
        let Self { width, height, tags, .. } = *self;
        let (aspect, turn) = (tags.geometry.known_aspect(), tags.geometry.orientation.turn());
        let mut words = format!("{width}x{height}");
        if aspect.num != aspect.den {
            words += &format!(" with pixels of {}:{}", aspect.num, aspect.den);
        }
        if !turn.is_none() {
            let mirrored = if turn.flip { " and mirrored" } else { "" };
            words += &format!(" turned by {} degrees{mirrored}", turn.degrees());
        }
        words
    }

    /// The matrix of its Y'CbCr samples, by its size where the tags name none; `None` if there is no such matrix.
    #[must_use]
    pub fn matrix(&self) -> Option<ColourMatrix> {
        let named = match self.tags.matrix {
            BY_PRIMARIES => ColourMatrix::of_primaries(self.tags.primaries),
            number => ColourMatrix::of_number(number, self.size()),
        };
        named.or(self.format.is_grey().then_some(self.guessed_matrix()))
    }

    /// The matrix that pictures of its size have.
    #[must_use]
    pub fn guessed_matrix(&self) -> ColourMatrix {
        ColourMatrix::of_size(self.size())
    }

    fn size(&self) -> (usize, usize) {
        (self.width as usize, self.height as usize)
    }

    /// The range of its samples: full in R'G'B' and in grey that says nothing else, limited in such Y'CbCr.
    #[must_use]
    pub fn range(&self) -> ColourRange {
        let is_grey = self.tags.range != LIMITED && self.format.is_grey();
        let is_full = self.tags.range == FULL || self.format.is_full_range() || self.format.is_rgb() || is_grey;
        if is_full { ColourRange::Full } else { ColourRange::Limited }
    }

    /// Whether black and white have other samples in pictures of `to`, both being Y'CbCr.
    #[must_use]
    pub fn changes_range(&self, to: Self) -> bool {
        !self.format.is_rgb() && !to.format.is_rgb() && self.range() != to.range()
    }
}

/// A ratio in its lowest terms, or as near as its terms hold it.
fn reduced(num: i128, den: i128) -> Rational {
    let (mut high, mut low) = (num, den);
    while low != 0 {
        (high, low) = (low, high % low);
    }
    let (mut num, mut den) = (num / high.max(1), den / high.max(1));
    while num.max(den) > i128::from(i32::MAX) {
        (num, den) = (num / 2, (den / 2).max(1));
    }
    let term = |value: i128| i32::try_from(value.max(1)).unwrap_or(i32::MAX);
    Rational::new(term(num), term(den))
}

/// The tags of a picture in `format` made from one of `input`.
pub(crate) fn tags(input: VideoInfo, format: PixelFormat) -> ColourTags {
    match (input.format.is_rgb(), format.is_rgb()) {
        (true, false) => ColourTags { range: LIMITED, matrix: input.guessed_matrix().number(), ..input.tags },
        (_, true) => ColourTags { range: FULL, matrix: RGB, ..input.tags },
        (false, false) if input.format.is_grey() && !format.is_grey() => {
            ColourTags { range: LIMITED, matrix: input.matrix().map_or(UNKNOWN, ColourMatrix::number), ..input.tags }
        }
        // Nothing else says so to a reader for which Y'CbCr is limited.
        (false, false) if input.format.is_grey() => {
            ColourTags { range: if input.tags.range == LIMITED { LIMITED } else { FULL }, ..input.tags }
        }
        (false, false) if input.format.is_full_range() => ColourTags { range: FULL, ..input.tags },
        (false, false) => input.tags,
    }
}
