//! Samples arrive at their places, whatever the padding.

use super::{
    super::{
        fourcc::{Form, FourCc},
        node::Node,
        pixels::{RawLayout, field_order, tags},
    },
    kernel::*,
};
use crate::{
    av::{ColourTags, Picture, PicturePool, PixelFormat},
    pixels::{
        geometry::{FieldOrder, Geometry},
        h273::{FULL, LIMITED, RANGE_UNKNOWN, UNKNOWN},
    },
    sys::v4l2::{FrameFormat, PlaneFormat},
};

fn format(fourcc: &[u8; 4], width: u32, height: u32, stride: u32, size: usize) -> FrameFormat {
    let planes = vec![PlaneFormat { stride, size: u32::try_from(size).unwrap() }];
    FrameFormat { width, height, fourcc: FourCc::new(*fourcc).0, field: 1, planes, ..FrameFormat::default() }
}

fn layout(format: &FrameFormat) -> Result<RawLayout, String> {
    let Some(Form::Raw(raw)) = FourCc(format.fourcc).form() else { panic!("a raw format") };
    RawLayout::new(format, raw, ColourTags::UNKNOWN)
}

/// The picture made of one frame with these bytes, of which `used` are in use from `data_offset` on.
fn picture(format: &FrameFormat, bytes: &[u8], used: usize, data_offset: usize) -> Option<Picture> {
    let node = TestNode::new(Vec::new());
    node.request_buffers(1, 1).unwrap();
    node.queue(0).unwrap();
    node.stream(true).unwrap();
    let frame = TestFrame { used: Some(used), data_offset, ..TestFrame::new(0, bytes) };
    node.change(|state| state.steps.push_back(Step::Frame(frame)));
    let filled = node.dequeue().unwrap();
    layout(format).unwrap().copy(node.as_ref(), &filled, &PicturePool::default()).unwrap()
}

fn rows(picture: &mut Picture, plane: usize) -> Vec<Vec<u8>> {
    picture.rows_mut(plane).unwrap().map(|row| row.to_vec()).collect()
}

/// A plane of so many rows: each sample has a value of its own, and padding has another.
fn plane(seed: u8, row_bytes: usize, rows: usize, stride: usize) -> Vec<u8> {
    let row = |row: usize| {
        (0..stride).map(move |at| if at < row_bytes { seed.wrapping_add((row * row_bytes + at) as u8) } else { 0xaa })
    };
    (0..rows).flat_map(row).collect()
}

fn expected(seed: u8, row_bytes: usize, rows: usize) -> Vec<Vec<u8>> {
    plane(seed, row_bytes, rows, row_bytes).chunks(row_bytes).map(<[u8]>::to_vec).collect()
}

#[test]
fn padding_is_left_out_of_every_plane() {
    // Width, height; of each plane in memory the bytes of a row against the stride in 64ths, and rows.
    for (fourcc, name, planes) in [
        (b"YUYV", "yuyv422", &[(20, 64, 6)][..]),
        (b"RGB3", "rgb24", &[(30, 64, 6)]),
        (b"GREY", "gray", &[(10, 64, 6)]),
        (b"Y16 ", "gray16le", &[(20, 64, 6)]),
        (b"NV12", "nv12", &[(10, 64, 6), (10, 64, 3)]),
        (b"NV21", "nv21", &[(10, 64, 6), (10, 64, 3)]),
        (b"NV24", "nv24", &[(10, 64, 6), (20, 128, 6)]),
        (b"YU12", "yuv420p", &[(10, 64, 6), (5, 32, 3), (5, 32, 3)]),
        (b"422P", "yuv422p", &[(10, 64, 6), (5, 32, 6), (5, 32, 6)]),
        (b"BGR4", "bgr0", &[(40, 64, 6)]),
    ] {
        for stride in [planes[0].0, planes[0].0 + 2, 64] {
            let memory: Vec<_> = planes
                .iter()
                .enumerate()
                .flat_map(|(index, (bytes, share, rows))| plane(60 * index as u8, *bytes, *rows, stride * share / 64))
                .collect();
            let stated = format(fourcc, 10, 6, stride as u32, memory.len());
            let mut found = picture(&stated, &memory, memory.len(), 0).unwrap();
            assert_eq!(found.format().name(), name);
            for (index, (bytes, _, count)) in planes.iter().enumerate() {
                assert_eq!(
                    rows(&mut found, index),
                    expected(60 * index as u8, *bytes, *count),
                    "{name} {stride} {index}"
                );
            }
        }
    }
}

#[test]
fn planes_in_the_other_order_change_places() {
    let memory = [plane(0, 4, 4, 4), plane(100, 2, 2, 2), plane(200, 2, 2, 2)].concat();
    let mut found = picture(&format(b"YV12", 4, 4, 4, memory.len()), &memory, memory.len(), 0).unwrap();
    assert_eq!((rows(&mut found, 1), rows(&mut found, 2)), (expected(200, 2, 2), expected(100, 2, 2)));
}

#[test]
fn an_odd_row_may_lack_half_a_pair_of_pixels() {
    let memory = plane(0, 10, 3, 10);
    let mut found = picture(&format(b"YUYV", 5, 3, 10, 30), &memory, 30, 0).unwrap();
    let rows = rows(&mut found, 0);
    assert_eq!(rows[1], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 16, 17]);
}

#[test]
fn a_short_frame_is_no_picture_and_nothing_behind_it_is_read() {
    let memory = plane(0, 20, 6, 32);
    let stated = format(b"YUYV", 10, 6, 32, memory.len());
    // The last row needs no padding.
    let least = 32 * 5 + 20;
    assert!(picture(&stated, &memory, least, 0).is_some());
    for used in [0, 1, least - 1] {
        assert!(picture(&stated, &memory, used, 0).is_none(), "{used}");
    }
    // A driver that states more than it has.
    assert!(picture(&stated, &memory[..100], 4096, 0).is_none());
    let moved = [vec![0xbb; 128], memory.clone()].concat();
    let mut found = picture(&stated, &moved, moved.len(), 128).unwrap();
    assert_eq!(rows(&mut found, 0), expected(0, 20, 6));
    assert!(picture(&stated, &moved, memory.len(), 128).is_none());
}

#[test]
fn numbers_that_cannot_be_true_are_replaced_or_refused() {
    // No stride, and one in pixels.
    for stride in [0, 10] {
        let memory = plane(0, 20, 6, 20);
        let mut found = picture(&format(b"YUYV", 10, 6, stride, 120), &memory, 120, 0).unwrap();
        assert_eq!(rows(&mut found, 0), expected(0, 20, 6), "{stride}");
    }
    // A stride that its own buffers do not hold.
    assert!(layout(&format(b"YUYV", 10, 6, 4096, 120)).is_ok());
    let error = layout(&format(b"YUYV", 10, 6, 4096, 119)).unwrap_err();
    assert!(error.contains("hold no frame of 10x6"), "{error}");
    assert!(layout(&format(b"YUYV", 0, 6, 20, 120)).is_err());
    assert!(layout(&format(b"YUYV", u32::MAX, u32::MAX, u32::MAX, 120)).is_err());
}

#[test]
fn colours_left_open_follow_the_rules_of_the_kernel() {
    let of = |colour_space, encoding, quantization, name: &str| {
        let format = FrameFormat { colour_space, encoding, quantization, ..FrameFormat::default() };
        let tags = tags(&format, PixelFormat::named(name), Geometry::UNKNOWN);
        (tags.range, tags.matrix, tags.primaries, tags.transfer)
    };
    // What webcams state: sRGB.
    assert_eq!(of(8, 0, 0, "yuyv422"), (LIMITED, 6, 1, 13));
    assert_eq!(of(3, 0, 0, "nv12"), (LIMITED, 1, 1, 1));
    assert_eq!(of(7, 0, 0, "yuv420p"), (FULL, 6, 1, 13));
    assert_eq!(of(1, 0, 1, "yuyv422"), (FULL, 6, 6, 1));
    assert_eq!(of(3, 1, 2, "yuyv422"), (LIMITED, 6, 1, 1));
    assert_eq!(of(8, 0, 0, "rgb24"), (FULL, 0, 1, 13));
    assert_eq!(of(8, 0, 2, "rgb24"), (LIMITED, 0, 1, 13));
    assert_eq!(of(0, 0, 0, "yuyv422"), (RANGE_UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN));
    assert_eq!(of(99, 99, 99, "yuyv422").2, UNKNOWN);
}

#[test]
fn formats_have_their_names_both_ways() {
    let called = |fourcc: &[u8; 4], text: &str| FourCc::new(*fourcc).is_called(text);
    assert!(
        called(b"YUYV", "yuyv") && called(b"YUYV", "yuyv422") && called(b"Y16 ", "Y16") && called(b"MJPG", "mjpeg")
    );
    assert!(!called(b"YUYV", "") && !called(b"YUYV", "YUY") && !called(b"HSV3", ""));
    assert_eq!(FourCc(FourCc::new(*b"Y16 ").0 | 1 << 31).to_string(), "Y16-BE");
    assert_eq!(FourCc(0x0001_02ff).to_string(), "????");
    assert_eq!(FourCc(FourCc::new(*b"Y16 ").0 | 1 << 31).name(), "gray16be");
}

#[test]
fn single_fields_are_no_frames() {
    assert_eq!([2, 3, 5, 6, 7].map(|field| field_order(field, false)), [None; 5]);
    assert_eq!(field_order(1, false), Some(FieldOrder::Progressive));
    // Of NTSC the bottom field comes first.
    assert_eq!([true, false].map(|is_525| field_order(4, is_525)), [Some(FieldOrder::Bt), Some(FieldOrder::Tb)]);
}
