//! The format of frames, of both kinds of capture device.

use std::os::fd::BorrowedFd;

use rustix::io::{Errno, Result};

use super::{
    calls,
    types::{BufferKind, Format, Plain},
};

/// Most planes of a format.
pub(crate) const MOST_PLANES: usize = 8;

/// In `priv`: the fields behind it are meant (V4L2_PIX_FMT_PRIV_MAGIC).
const EXTENDED: u32 = 0xfeed_cafe;

/// A plane of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PlaneFormat {
    /// Bytes from row to row of the first component in it; 0 where the driver does not say.
    pub(crate) stride: u32,
    /// Most bytes of a frame.
    pub(crate) size: u32,
}

/// The format of frames; the numbers are those of `linux/videodev2.h`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FrameFormat {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fourcc: u32,
    pub(crate) field: u32,
    pub(crate) colour_space: u32,
    pub(crate) encoding: u32,
    pub(crate) quantization: u32,
    pub(crate) transfer: u32,
    pub(crate) planes: Vec<PlaneFormat>,
}

impl FrameFormat {
    fn to_raw(&self, kind: BufferKind) -> Format {
        let mut raw = Format { kind: kind as u32, ..Format::zeroed() };
        let words = &mut raw.words;
        words[..4].copy_from_slice(&[self.width, self.height, self.fourcc, self.field]);
        match kind {
            BufferKind::Single => {
                let plane = self.planes.first().copied().unwrap_or_default();
                words[4..8].copy_from_slice(&[plane.stride, plane.size, self.colour_space, EXTENDED]);
                words[9..12].copy_from_slice(&[self.encoding, self.quantization, self.transfer]);
            }
            BufferKind::Multi => {
                words[4] = self.colour_space;
                for (index, plane) in self.planes.iter().take(MOST_PLANES).enumerate() {
                    words[5 + 5 * index] = plane.size;
                    words[6 + 5 * index] = plane.stride;
                }
                let byte = |value: u32| u8::try_from(value).unwrap_or(0);
                let count = byte(u32::try_from(self.planes.len()).unwrap_or(0));
                words[45] = u32::from_ne_bytes([count, 0, byte(self.encoding), byte(self.quantization)]);
                words[46] = u32::from_ne_bytes([byte(self.transfer), 0, 0, 0]);
            }
        }
        raw
    }

    fn of_raw(raw: &Format, kind: BufferKind) -> Self {
        let words = &raw.words;
        let mut format =
            Self { width: words[0], height: words[1], fourcc: words[2], field: words[3], ..Self::default() };
        match kind {
            BufferKind::Single => {
                format.planes = vec![PlaneFormat { stride: words[4], size: words[5] }];
                format.colour_space = words[6];
                if words[7] == EXTENDED {
                    (format.encoding, format.quantization, format.transfer) = (words[9], words[10], words[11]);
                }
            }
            BufferKind::Multi => {
                let [count, _, encoding, quantization] = words[45].to_ne_bytes();
                format.colour_space = words[4];
                format.encoding = u32::from(encoding);
                format.quantization = u32::from(quantization);
                format.transfer = u32::from(words[46].to_ne_bytes()[0]);
                let planes = (0..usize::from(count).min(MOST_PLANES))
                    .map(|index| PlaneFormat { size: words[5 + 5 * index], stride: words[6 + 5 * index] });
                format.planes = planes.collect();
            }
        }
        format
    }
}

type Call = fn(BorrowedFd<'_>, &mut Format) -> Result<()>;

fn ask(fd: BorrowedFd<'_>, kind: BufferKind, wanted: &FrameFormat, call: Call) -> Result<FrameFormat> {
    let mut raw = wanted.to_raw(kind);
    call(fd, &mut raw)?;
    let format = FrameFormat::of_raw(&raw, kind);
    // A driver that answers so cannot be served.
    if format.width == 0 || format.height == 0 || format.planes.is_empty() { Err(Errno::INVAL) } else { Ok(format) }
}

/// VIDIOC_G_FMT
pub(crate) fn format(fd: BorrowedFd<'_>, kind: BufferKind) -> Result<FrameFormat> {
    ask(fd, kind, &FrameFormat::default(), calls::g_fmt)
}

/// VIDIOC_S_FMT
pub(crate) fn set_format(fd: BorrowedFd<'_>, kind: BufferKind, wanted: &FrameFormat) -> Result<FrameFormat> {
    ask(fd, kind, wanted, calls::s_fmt)
}

/// VIDIOC_TRY_FMT
pub(crate) fn try_format(fd: BorrowedFd<'_>, kind: BufferKind, wanted: &FrameFormat) -> Result<FrameFormat> {
    ask(fd, kind, wanted, calls::try_fmt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_the_same_after_its_way_through_the_kernels_structure() {
        let plane = |stride, size| PlaneFormat { stride, size };
        let mut format = FrameFormat {
            width: 640,
            height: 360,
            fourcc: u32::from_le_bytes(*b"NM12"),
            field: 1,
            colour_space: 3,
            encoding: 2,
            quantization: 1,
            transfer: 4,
            planes: vec![plane(704, 704 * 360), plane(704, 704 * 180)],
        };
        assert_eq!(FrameFormat::of_raw(&format.to_raw(BufferKind::Multi), BufferKind::Multi), format);
        format.planes.truncate(1);
        assert_eq!(FrameFormat::of_raw(&format.to_raw(BufferKind::Single), BufferKind::Single), format);
    }
}
