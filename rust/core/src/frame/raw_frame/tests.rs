//! Frames out and back, and conversions between buffers.

use super::*;
use crate::{
    base::time::Rational,
    pixels::{
        COLOUR_SPACES, ColourSpace,
        colour::ColourRange,
        geometry::{FieldOrder, Turn},
    },
};

const SIZES: [(u32, u32); 4] = [(16, 16), (97, 55), (1, 1), (2, 3)];

fn header(colour: ColourSpace, (width, height): (u32, u32)) -> FrameHeader {
    FrameHeader {
        colour,
        width,
        height,
        stereo_count: 2,
        sequence: 0,
        pts: 0,
        time_base: Rational::new(1, 25),
        capture_ms: 0.0,
        session_start_ms: 0.0,
        range: 1,
        matrix: 6,
        pixel_aspect: Rational::new(4, 3),
        turn: Turn { quarters: 1, flip: false },
        field_order: FieldOrder::Tt,
        duration_us: 0,
    }
}

fn samples(header: &FrameHeader) -> Vec<u8> {
    (0..header.data_length()).map(|n| (n * 31 % 251) as u8).collect()
}

fn frame_of(header: &FrameHeader, data: &[u8]) -> Result<Frame> {
    frame_from(header, data, None, &PicturePool::default(), 1)
}

#[test]
fn what_comes_in_goes_out_unchanged() {
    for (colour, size) in COLOUR_SPACES.iter().flat_map(|colour| SIZES.map(|size| (*colour, size))) {
        let header = header(colour, size);
        let data = samples(&header);
        let frame = frame_of(&header, &data).unwrap();
        assert_eq!(frame.views.len(), 2);
        for picture in &frame.views {
            let shape = VideoInfo::of(picture);
            assert_eq!((shape.width, shape.height, shape.format), (size.0, size.1, PixelFormat::of(colour)));
            let is_rgb = shape.format.is_rgb();
            assert_eq!((shape.tags.range, shape.tags.matrix), if is_rgb { (2, 0) } else { (1, 6) });
        }
        let mut written = vec![0; data.len()];
        write_pictures(&frame.views, &mut written).unwrap();
        assert_eq!(written, data, "{colour:?} {size:?}");
    }
}

#[test]
fn short_buffers_are_refused() {
    let header = header(ColourSpace::Nv12, (4, 4));
    let data = samples(&header);
    let field = |error: Error| error.field.unwrap();
    assert_eq!(field(frame_of(&header, &data[1..]).unwrap_err()), "data");
    let frame = frame_of(&header, &data).unwrap();
    assert_eq!(field(write_picture(&frame.views[0], &mut [0; 23]).unwrap_err()), "data");
    assert_eq!(field(write_pictures(&frame.views, &mut [0; 47]).unwrap_err()), "data");
    assert_eq!(field(convert_bytes(&header, &data, &header, &mut [0; 47]).unwrap_err()), "data");
    assert_eq!(field(convert_bytes(&header, &data[1..], &header, &mut [0; 48]).unwrap_err()), "data");
    let mono = FrameHeader { stereo_count: 1, ..header };
    assert_eq!(field(convert_bytes(&header, &data, &mono, &mut [0; 48]).unwrap_err()), "stereoCount");
}

#[test]
fn every_view_is_converted() {
    for (from, to) in COLOUR_SPACES.iter().flat_map(|from| COLOUR_SPACES.iter().map(move |to| (*from, *to))) {
        for size in SIZES {
            let (from, to) = (header(from, size), header(to, size));
            let data = samples(&from);
            let mut made = vec![0; to.data_length()];
            convert_bytes(&from, &data, &to, &mut made).unwrap();
            let (width, height) = (size.0 as usize, size.1 as usize);
            for (source, made) in data.chunks(from.view_bytes()).zip(made.chunks(to.view_bytes())) {
                let mut wanted = vec![0; made.len()];
                let source = Planes::tight(from.colour.into(), width, height, source).unwrap();
                let mut target = PlanesMut::tight(to.colour.into(), width, height, &mut wanted).unwrap();
                crate::pixels::convert::convert(
                    &source,
                    &mut target,
                    crate::pixels::colour::ColourMatrix::Bt601,
                    ColourRange::Limited,
                )
                .unwrap();
                assert_eq!(made, wanted, "{:?} to {:?} {size:?}", from.colour, to.colour);
            }
        }
    }
}

#[test]
fn black_stays_black_at_other_sizes_and_ranges() {
    for (from, to) in COLOUR_SPACES.iter().flat_map(|from| COLOUR_SPACES.iter().map(move |to| (*from, *to))) {
        let (from, to) = (header(from, (40, 30)), FrameHeader { range: 2, ..header(to, (33, 47)) });
        let mut data = vec![0; from.data_length()];
        for view in data.chunks_mut(from.view_bytes()) {
            PlanesMut::tight(from.colour.into(), 40, 30, view).unwrap().fill_black();
        }
        let mut made = vec![7; to.data_length()];
        convert_bytes(&from, &data, &to, &mut made).unwrap();
        let black: &[u8] = match to.colour {
            ColourSpace::Bgra | ColourSpace::Rgba => &[0, 0, 0, 255],
            ColourSpace::Uyvy => &[128, 0],
            ColourSpace::I420 | ColourSpace::Nv12 => &[0],
        };
        let luma = if black.len() == 1 { 33 * 47 } else { to.view_bytes() };
        for view in made.chunks(to.view_bytes()) {
            assert!(view[..luma].iter().zip(black.iter().cycle()).all(|(a, b)| a == b), "{from:?} to {to:?}");
            assert!(view[luma..].iter().all(|sample| *sample == 128), "{from:?} to {to:?}");
        }
    }
}
