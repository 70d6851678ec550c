//! The pixels of an X server as blue, green, red and a byte that says nothing.

use x11rb::protocol::xproto::{Depth, Format, Screen, Setup, VisualClass, Visualid};

/// How the pixels of one visual lie in memory. The masks of the visual decide, not the number of its bits: 30 bits of
/// colour take 32 as well.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PixelLayout {
    /// Bytes of a pixel.
    bytes: usize,
    /// Rows begin at multiples of so many bytes.
    pad: usize,
    /// Blue, green and red: the lowest bit, the values of a channel less one, and its 8-bit value for each, unless pixels
    /// are what is wanted already.
    channels: Option<[Channel; 3]>,
}

#[derive(Debug, Clone, PartialEq)]
struct Channel {
    shift: u32,
    most: u32,
    values: Vec<u8>,
}

impl Channel {
    fn of(mask: u32) -> Option<Self> {
        let shift = mask.trailing_zeros();
        let most = mask.checked_shr(shift)?;
        // A run of at most 16 bits.
        if most == 0 || most > 0xFFFF || most & (most + 1) != 0 {
            return None;
        }
        let values = (0..=most).map(|value| ((value * 255 + most / 2) / most) as u8).collect();
        Some(Self { shift, most, values })
    }

    fn value(&self, pixel: u32) -> u8 {
        self.values[((pixel >> self.shift) & self.most) as usize]
    }
}

impl PixelLayout {
    /// The layout of a visual; else what it is in words.
    pub(super) fn of(setup: &Setup, screen: &Screen, visual: Visualid) -> Result<Self, String> {
        let found = screen.allowed_depths.iter().find_map(|depth: &Depth| {
            let visual = depth.visuals.iter().find(|one| one.visual_id == visual)?;
            Some((depth.depth, *visual))
        });
        let Some((depth, visual)) = found else { return Err("of an unknown visual".to_owned()) };
        let masks = [visual.blue_mask, visual.green_mask, visual.red_mask];
        let words = || format!("of depth {depth} with the masks {:#x}, {:#x} and {:#x}", masks[2], masks[1], masks[0]);
        let is_true = matches!(visual.class, VisualClass::TRUE_COLOR | VisualClass::DIRECT_COLOR);
        let format = setup.pixmap_formats.iter().find(|format| format.depth == depth);
        match format {
            Some(format) if is_true => Self::new(*format, masks).ok_or_else(words),
            _ => Err(format!("of depth {depth} without red, green and blue of their own")),
        }
    }

    fn new(format: Format, masks: [u32; 3]) -> Option<Self> {
        let bytes = usize::from(format.bits_per_pixel / 8);
        if !matches!(format.bits_per_pixel, 16 | 24 | 32) || !matches!(format.scanline_pad, 8 | 16 | 32) {
            return None;
        }
        let is_plain = bytes == 4 && masks == [0xFF, 0xFF00, 0xFF_0000];
        let [blue, green, red] = masks.map(Channel::of);
        let channels = if is_plain { None } else { Some([blue?, green?, red?]) };
        Some(Self { bytes, pad: usize::from(format.scanline_pad / 8), channels })
    }

    /// Bytes from row to row of a picture of this width.
    pub(super) fn stride(&self, width: usize) -> usize {
        (self.bytes * width).next_multiple_of(self.pad)
    }

    /// Whether pixels are what is wanted already.
    pub(super) const fn is_plain(&self) -> bool {
        self.channels.is_none()
    }

    /// Writes a row of pixels as blue, green, red and 255.
    pub(super) fn convert(&self, from: &[u8], to: &mut [u8]) {
        let pixels = to.as_chunks_mut::<4>().0;
        let Some([blue, green, red]) = &self.channels else { return to.copy_from_slice(&from[..to.len()]) };
        for (to, from) in pixels.iter_mut().zip(from.chunks_exact(self.bytes)) {
            let pixel = from.iter().rev().fold(0, |pixel, byte| pixel << 8 | u32::from(*byte));
            *to = [blue.value(pixel), green.value(pixel), red.value(pixel), 255];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bits_per_pixel: u8, masks: [u32; 3]) -> Option<PixelLayout> {
        PixelLayout::new(Format { depth: 0, bits_per_pixel, scanline_pad: 32 }, masks)
    }

    fn converted(layout: &PixelLayout, from: &[u8]) -> Vec<u8> {
        let mut to = vec![0; from.len() / layout.bytes * 4];
        layout.convert(from, &mut to);
        to
    }

    #[test]
    fn deep_and_shallow_pixels_keep_their_colours() {
        let plain = layout(32, [0xFF, 0xFF00, 0xFF_0000]).unwrap();
        assert!(plain.is_plain());
        let deep = layout(32, [0x3FF, 0xF_FC00, 0x3FF0_0000]).unwrap();
        let grey = 512_u32 << 20 | 512 << 10 | 512;
        assert_eq!(converted(&deep, &grey.to_le_bytes()), [128, 128, 128, 255]);
        assert_eq!(converted(&deep, &0x3FF0_0000_u32.to_le_bytes()), [0, 0, 255, 255]);
        let shallow = layout(16, [0x1F, 0x7E0, 0xF800]).unwrap();
        assert_eq!(converted(&shallow, &[0xFF, 0xFF, 0x1F, 0x00]), [255, 255, 255, 255, 255, 0, 0, 255]);
        assert_eq!((shallow.stride(3), shallow.stride(4), deep.stride(3)), (8, 8, 12));
        let swapped = layout(32, [0xFF_0000, 0xFF00, 0xFF]).unwrap();
        assert_eq!(converted(&swapped, &[1, 2, 3, 4]), [3, 2, 1, 255]);
        let packed = layout(24, [0xFF, 0xFF00, 0xFF_0000]).unwrap();
        assert_eq!(converted(&packed, &[1, 2, 3, 4, 5, 6]), [1, 2, 3, 255, 4, 5, 6, 255]);
    }

    #[test]
    fn what_is_no_pixel_of_three_colours_is_refused() {
        for (bits, masks) in
            [(8, [3, 28, 224]), (32, [0, 0, 0]), (32, [0b101, 0xFF00, 0xFF_0000]), (64, [255, 255, 255])]
        {
            assert_eq!(layout(bits, masks), None);
        }
    }
}
