//! Views of odd sizes and padded rows.

use super::*;
use crate::pixels::colour::ColourMatrix;

const LAYOUTS: [Layout; 6] = [Layout::Bgra, Layout::Rgba, Layout::I420, Layout::I422, Layout::Nv12, Layout::Uyvy];

#[test]
fn odd_sizes_are_rounded_up_where_pixels_share_samples() {
    assert_eq!(Layout::I420.picture_bytes(5, 3), 15 + 2 * (3 * 2));
    assert_eq!(Layout::I422.picture_bytes(5, 3), 15 + 2 * (3 * 3));
    assert_eq!(Layout::Uyvy.picture_bytes(5, 3), 12 * 3);
    assert_eq!(Layout::Bgra.picture_bytes(5, 3), 20 * 3);
    assert_eq!(Layout::Rgba.picture_bytes(5, 3), 20 * 3);
    assert_eq!(Layout::Nv12.picture_bytes(5, 3), 15 + 6 * 2);
    assert_eq!(Layout::Nv12.picture_bytes(1, 1), 3);
}

#[test]
fn a_view_needs_every_row_but_no_padding_after_the_last() {
    for layout in LAYOUTS {
        let bytes = layout.picture_bytes(5, 3);
        assert!(Planes::tight(layout, 5, 3, &vec![0; bytes]).is_ok());
        assert!(Planes::tight(layout, 5, 3, &vec![0; bytes - 1]).is_err());
        assert!(Planes::tight(layout, 0, 3, &[]).is_err());
        assert!(Planes::tight(layout, 5, 0, &[]).is_err());
        assert!(PlanesMut::tight(layout, 5, 3, &mut vec![0; bytes - 1]).is_err());
    }
    let plane = |len: usize, stride| Planes::new(Layout::Bgra, 2, 2, [Plane { data: &[0; 64][..len], stride }]);
    assert!(plane(10 + 8, 10).is_ok());
    assert!(plane(10 + 7, 10).is_err());
    assert!(plane(64, 7).is_err());
    assert!(plane(64, usize::MAX).is_err());
    assert!(Planes::new(Layout::I420, 2, 2, [Plane { data: &[0; 64], stride: 8 }]).is_err());
    assert!(Planes::new(Layout::Bgra, 2, 2, [Plane { data: &[0; 64], stride: 8 }; 2]).is_err());
}

#[test]
fn black_fills_the_picture_and_leaves_the_padding() {
    for layout in LAYOUTS {
        let mut stores: Vec<Vec<u8>> = (0..layout.planes())
            .map(|plane| vec![7; (layout.row_bytes(plane, 5) + 3) * layout.rows(plane, 3)])
            .collect();
        let planes = stores
            .iter_mut()
            .enumerate()
            .map(|(plane, data)| PlaneMut { data, stride: layout.row_bytes(plane, 5) + 3 });
        PlanesMut::new(layout, 5, 3, planes).unwrap().fill_black();
        for (plane, store) in stores.iter().enumerate() {
            let pair = Paint::black(layout).plane(plane).to_vec();
            for row in store.chunks(layout.row_bytes(plane, 5) + 3) {
                let (samples, padding) = row.split_at(layout.row_bytes(plane, 5));
                assert!(samples.iter().zip(pair.iter().cycle()).all(|(a, b)| a == b), "{layout:?} {plane}");
                assert_eq!(padding, [7; 3]);
            }
        }
    }
}

#[test]
fn interleaved_chroma_is_painted_sample_by_sample() {
    let mut data = vec![7; Layout::Nv12.picture_bytes(5, 3)];
    let mut planes = PlanesMut::tight(Layout::Nv12, 5, 3, &mut data).unwrap();
    let paint = Paint::new([255, 0, 0], Layout::Nv12, ColourMatrix::Bt709);
    planes.fill(Rect { x: 2, y: 2, width: 3, height: 1 }, &paint);
    assert_eq!(data[10..15], [7, 7, 63, 63, 63]);
    assert_eq!(data[15..], [7, 7, 7, 7, 7, 7, 7, 7, 102, 240, 102, 240]);
}
