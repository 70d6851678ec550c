//! The cursor, drawn as the server shows it.

use x11rb::protocol::xfixes::GetCursorImageReply;

/// The picture of a cursor, with premultiplied alpha.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct CursorImage {
    width: usize,
    height: usize,
    /// The pixel that is at the pointer.
    hot: (i32, i32),
    /// Alpha, red, green and blue from the highest byte on.
    pixels: Vec<u32>,
}

impl CursorImage {
    /// The picture in the server's answer; none if it has fewer pixels than it says.
    pub(super) fn of(reply: GetCursorImageReply) -> Option<Self> {
        let (width, height) = (usize::from(reply.width), usize::from(reply.height));
        let hot = (i32::from(reply.xhot), i32::from(reply.yhot));
        (reply.cursor_image.len() >= width * height).then_some(Self { width, height, hot, pixels: reply.cursor_image })
    }

    /// Whether any of it is seen in a picture of this size when the pointer is at this place in it.
    pub(super) fn is_seen(&self, (x, y): (i32, i32), (width, height): (u32, u32)) -> bool {
        let is_inside = |from: i64, length: usize, whole: u32| from < i64::from(whole) && from + length as i64 > 0;
        let (left, top) = self.corner((x, y));
        self.pixels.iter().any(|pixel| *pixel != 0)
            && is_inside(left, self.width, width)
            && is_inside(top, self.height, height)
    }

    fn corner(&self, (x, y): (i32, i32)) -> (i64, i64) {
        (i64::from(x) - i64::from(self.hot.0), i64::from(y) - i64::from(self.hot.1))
    }

    /// Draws it where the pointer is, which may be outside, into rows of blue, green, red and a byte that says nothing.
    pub(super) fn draw<'a>(&self, pointer: (i32, i32), rows: impl Iterator<Item = &'a mut [u8]>) {
        if self.width == 0 {
            return;
        }
        let (left, top) = self.corner(pointer);
        let hidden = usize::try_from(-top).unwrap_or(0).min(self.height);
        let rows = rows.skip(usize::try_from(top).unwrap_or(0));
        for (row, pixels) in rows.zip(self.pixels.chunks_exact(self.width).take(self.height).skip(hidden)) {
            let pixels = pixels.get(usize::try_from(-left).unwrap_or(0)..).unwrap_or_default();
            let row = row.as_chunks_mut::<4>().0.iter_mut().skip(usize::try_from(left).unwrap_or(0));
            for (below, pixel) in row.zip(pixels) {
                blend(below, *pixel);
            }
        }
    }
}

fn blend(below: &mut [u8; 4], pixel: u32) {
    let [blue, green, red, alpha] = pixel.to_le_bytes();
    let through = 255 - u32::from(alpha);
    for (below, above) in below.iter_mut().zip([blue, green, red]) {
        let behind = (u32::from(*below) * through + 127) / 255;
        *below = (u32::from(above) + behind).min(255) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 by 2 opaque pixels, numbered in blue from 1, and the pointer at the middle of the lower row.
    fn cursor() -> CursorImage {
        CursorImage { width: 3, height: 2, hot: (1, 1), pixels: (1..=6).map(|blue| 0xFF00_0000 | blue).collect() }
    }

    fn drawn(cursor: &CursorImage, pointer: (i32, i32)) -> Vec<u8> {
        let mut picture = [0; 4 * 4 * 3];
        cursor.draw(pointer, picture.chunks_mut(16));
        assert_eq!(cursor.is_seen(pointer, (4, 3)), picture.iter().any(|byte| *byte != 0), "{pointer:?}");
        picture.iter().step_by(4).copied().collect()
    }

    #[test]
    fn it_is_clipped_on_every_side() {
        for (pointer, picture) in [
            ((1, 1), [1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0]),
            ((-1, 0), [6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ((4, 3), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ((0, 0), [5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ((-2, 1), [0; 12]),
            ((5, 1), [0; 12]),
            ((1, -1), [0; 12]),
            ((1, 4), [0; 12]),
            ((i32::MIN, i32::MAX), [0; 12]),
        ] {
            assert_eq!(drawn(&cursor(), pointer), picture, "{pointer:?}");
        }
    }

    #[test]
    fn premultiplied_alpha_is_added_to_what_shows_through() {
        let half = CursorImage { width: 1, height: 1, hot: (0, 0), pixels: vec![0x8000_4080] };
        let mut picture = [100, 200, 40, 7];
        half.draw((0, 0), picture.chunks_mut(4));
        // 128 of 255 cover: 127 of 255 show through.
        assert_eq!(picture, [128 + 50, 64 + 100, 20, 7]);
        assert!(!CursorImage { width: 1, height: 1, hot: (0, 0), pixels: vec![0] }.is_seen((0, 0), (1, 1)));
        assert!(!CursorImage::default().is_seen((0, 0), (1, 1)));
        CursorImage::default().draw((0, 0), picture.chunks_mut(4));
    }
}
