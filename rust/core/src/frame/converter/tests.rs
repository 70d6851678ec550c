//! Pictures in every colour space, brought into every other one in other sizes.

use super::*;
use crate::{
    base::time::Rational,
    pixels::{
        COLOUR_SPACES,
        colour::ColourMatrix,
        geometry::Geometry,
        planes::{Planes, PlanesMut},
    },
};

const SIZE: (u32, u32) = (96, 64);

/// A gentle slope of all three colours at a place from 0 to 1 in both directions.
fn slope(x: f64, y: f64) -> [f64; 3] {
    [60.0 + 120.0 * x, 60.0 + 120.0 * y, 180.0 - 60.0 * x - 60.0 * y]
}

/// The slope as a picture, tagged.
fn picture(format: PixelFormat, (width, height): (u32, u32), tags: ColourTags) -> Picture {
    let (columns, rows) = (width as usize, height as usize);
    let place = |at: usize, extent: usize| (at as f64 + 0.5) / extent as f64;
    let samples: Vec<u8> = (0..rows)
        .flat_map(|y| (0..columns).map(move |x| slope(place(x, columns), place(y, rows))))
        .flat_map(|[r, g, b]| [r.round() as u8, g.round() as u8, b.round() as u8, 255])
        .collect();
    let mut picture = Picture::alloc(format, width, height).unwrap();
    picture.set_tags(tags);
    let shape = VideoInfo::of(&picture);
    let from = Planes::tight(Layout::Rgba, columns, rows, &samples).unwrap();
    convert(&from, &mut picture.view_mut().unwrap().unwrap(), shape.matrix().unwrap(), shape.range()).unwrap();
    picture
}

fn limited() -> ColourTags {
    ColourTags { range: 1, matrix: ColourMatrix::Bt601.number(), ..ColourTags::UNKNOWN }
}

/// The largest distance of a picture's pixels from the slope, without the outermost ones.
fn error(picture: &Picture) -> f64 {
    let (view, shape) = (picture.view().unwrap(), VideoInfo::of(picture));
    let (width, height) = view.size();
    let mut samples = vec![0; Layout::Rgba.picture_bytes(width, height)];
    let mut rgba = PlanesMut::tight(Layout::Rgba, width, height, &mut samples).unwrap();
    convert(&view, &mut rgba, shape.matrix().unwrap(), shape.range()).unwrap();
    let mut worst: f64 = 0.0;
    for y in 4..height - 4 {
        for x in 4..width - 4 {
            let at = 4 * (y * width + x);
            assert_eq!(samples[at + 3], 255, "it is opaque at {x}, {y}");
            let wanted = slope((x as f64 + 0.5) / width as f64, (y as f64 + 0.5) / height as f64);
            worst = (0..3).map(|n| (f64::from(samples[at + n]) - wanted[n]).abs()).fold(worst, f64::max);
        }
    }
    worst
}

#[test]
fn every_colour_space_is_brought_into_every_other_at_every_size() {
    for (from, to) in COLOUR_SPACES.iter().flat_map(|from| COLOUR_SPACES.iter().map(move |to| (*from, *to))) {
        let source = picture(PixelFormat::of(from), SIZE, limited());
        for size in [SIZE, (48, 32), (33, 47), (190, 131)] {
            let wanted = VideoInfo::of(&source).converted(PixelFormat::of(to), size.0, size.1);
            let converted = Converter::new(wanted).convert(&source).unwrap();
            assert_eq!(VideoInfo::of(&converted), wanted);
            let error = error(&converted);
            // Where it is subsampled, chroma is up to two of the larger pixels away from its place.
            let step = 120.0 / f64::from(size.0.min(size.1).min(SIZE.1));
            let is_exact = PixelFormat::of(from).is_rgb() && PixelFormat::of(to).is_rgb();
            let bound = if is_exact { 1.5 } else { 2.0 + 2.0 * step };
            assert!(error <= bound, "{from:?} to {to:?} {size:?}: {error}");
        }
    }
}

#[test]
fn the_wanted_shape_costs_no_copy() {
    let source = picture(PixelFormat::YUVJ420P, SIZE, ColourTags { range: 2, ..limited() });
    for format in [PixelFormat::YUVJ420P, PixelFormat::YUV420P] {
        let wanted = VideoInfo::of(&source).converted(format, SIZE.0, SIZE.1);
        let converted = Converter::new(wanted).convert(&source).unwrap();
        assert_eq!(VideoInfo::of(&converted), wanted);
        assert_eq!(converted.view().unwrap().plane(0).data.as_ptr(), source.view().unwrap().plane(0).data.as_ptr());
    }
}

#[test]
fn tags_follow_the_pixel_format() {
    let tags = |from, format| {
        let ColourTags { range, matrix, .. } =
            VideoInfo::of(&picture(from, SIZE, limited())).converted(format, SIZE.0, SIZE.1).tags;
        (range, matrix)
    };
    assert_eq!(tags(PixelFormat::RGBA, PixelFormat::NV12), (1, 6));
    assert_eq!(tags(PixelFormat::NV12, PixelFormat::RGBA), (2, 0));
    assert_eq!(tags(PixelFormat::BGRA, PixelFormat::GBRP), (2, 0));
    assert_eq!(tags(PixelFormat::YUV422P, PixelFormat::NV12), (1, 6));
    assert_eq!(tags(PixelFormat::YUVJ422P, PixelFormat::YUV420P), (2, 6));
    let high = VideoInfo { height: 720, ..VideoInfo::of(&picture(PixelFormat::RGBA, SIZE, limited())) };
    assert_eq!(high.converted(PixelFormat::YUV420P, 640, 360).tags.matrix, 1);
}

#[test]
fn a_full_range_name_is_honoured() {
    let source = picture(PixelFormat::YUVJ422P, SIZE, ColourTags { range: 0, ..limited() });
    for colour in COLOUR_SPACES {
        for size in [SIZE, (48, 32)] {
            let wanted = VideoInfo::of(&source).converted(PixelFormat::of(colour), size.0, size.1);
            let converted = Converter::new(wanted).convert(&source).unwrap();
            assert_eq!(converted.tags().range, 2, "{colour:?}");
            assert!(error(&converted) <= 6.0, "{colour:?} {size:?}");
        }
    }
}

#[test]
fn another_range_is_converted_to() {
    for (from, to) in [(1, 2), (2, 1)] {
        let source = picture(PixelFormat::YUV420P, SIZE, ColourTags { range: from, ..limited() });
        for (format, size) in
            [(PixelFormat::YUV420P, SIZE), (PixelFormat::NV12, SIZE), (PixelFormat::UYVY422, (48, 32))]
        {
            let mut wanted = VideoInfo::of(&source).converted(format, size.0, size.1);
            wanted.tags.range = to;
            let converted = Converter::new(wanted).convert(&source).unwrap();
            assert_eq!(VideoInfo::of(&converted), wanted);
            assert!(error(&converted) <= 6.0, "{from} to {to} {}: {}", format.name(), error(&converted));
        }
    }
}

#[test]
fn an_unused_byte_becomes_opaque_alpha() {
    let mut source = picture(PixelFormat::BGR0, SIZE, ColourTags::UNKNOWN);
    source
        .view_mut()
        .unwrap()
        .unwrap()
        .rows_mut(0)
        .for_each(|row| row.iter_mut().skip(3).step_by(4).for_each(|byte| *byte = 0));
    for (format, size) in [(PixelFormat::BGRA, SIZE), (PixelFormat::RGBA, SIZE), (PixelFormat::RGBA, (48, 32))] {
        let wanted = VideoInfo::of(&source).converted(format, size.0, size.1);
        assert!(error(&Converter::new(wanted).convert(&source).unwrap()) <= 1.0, "{} {size:?}", format.name());
    }
}

#[test]
fn an_encoder_gets_the_missing_column_and_row_repeated() {
    let source = picture(PixelFormat::RGBA, (33, 21), ColourTags::UNKNOWN);
    let wanted = VideoInfo::of(&source).converted(PixelFormat::YUV420P, 34, 22);
    let converted = Converter::fitting(wanted).convert(&source).unwrap();
    let view = converted.view().unwrap();
    assert_eq!(view.size(), (34, 22));
    assert_eq!(view.row(0, 20), view.row(0, 21));
    assert!((0..22).all(|row| view.row(0, row)[32] == view.row(0, row)[33]));
    let scaled = Converter::new(wanted).convert(&source).unwrap();
    assert_ne!(scaled.view().unwrap().row(0, 20), scaled.view().unwrap().row(0, 21));
}

#[test]
fn pictures_of_several_shapes_may_follow_each_other() {
    let mut converter = Converter::new(VideoInfo::of(&picture(PixelFormat::RGBA, (48, 32), limited())).converted(
        PixelFormat::RGBA,
        48,
        32,
    ));
    for format in [PixelFormat::YUV420P, PixelFormat::RGBA, PixelFormat::NV12, PixelFormat::YUV420P] {
        for range in [1, 2] {
            let source = picture(format, SIZE, ColourTags { range, ..limited() });
            assert!(error(&converter.convert(&source).unwrap()) <= 6.0, "{}", format.name());
        }
    }
}

#[test]
fn a_pixel_format_without_a_layout_keeps_its_colours() {
    let source = picture(PixelFormat::RGBA, SIZE, ColourTags::UNKNOWN);
    let planar = VideoInfo::of(&source).converted(PixelFormat::GBRP, SIZE.0, SIZE.1);
    let planar = Converter::new(planar).convert(&source).unwrap();
    for (colour, size) in COLOUR_SPACES.iter().flat_map(|colour| [SIZE, (48, 32)].map(|size| (*colour, size))) {
        for matrix in [1, 6] {
            let mut wanted = VideoInfo::of(&planar).converted(PixelFormat::of(colour), size.0, size.1);
            if !wanted.format.is_rgb() {
                wanted.tags = ColourTags { range: 1, matrix, ..wanted.tags };
            }
            let converted = Converter::new(wanted).convert(&planar).unwrap();
            assert!(error(&converted) <= 6.0, "{colour:?} {size:?} {matrix}: {}", error(&converted));
        }
    }
}

#[test]
fn a_smaller_picture_keeps_the_chroma_that_it_has_room_for() {
    // Columns of red and blue, as wide as a chroma sample: at half the size each pixel has one.
    let mut source = Picture::alloc(PixelFormat::YUV420P, SIZE.0, SIZE.1).unwrap();
    source.set_tags(limited());
    {
        let mut view = source.view_mut().unwrap().unwrap();
        view.rows_mut(0).for_each(|row| row.fill(110));
        for (plane, samples) in [(1, [90, 200]), (2, [200, 90])] {
            view.rows_mut(plane).for_each(|row| {
                row.chunks_mut(8).zip(samples.iter().cycle()).for_each(|(run, sample)| run.fill(*sample));
            });
        }
    }
    let wanted = VideoInfo::of(&source).converted(PixelFormat::RGBA, SIZE.0 / 2, SIZE.1 / 2);
    let converted = Converter::new(wanted).convert(&source).unwrap();
    let full = VideoInfo::of(&source).converted(PixelFormat::RGBA, SIZE.0, SIZE.1);
    let full = Converter::new(full).convert(&source).unwrap();
    let (small, large) = (converted.view().unwrap(), full.view().unwrap());
    for x in 4..SIZE.0 as usize / 2 - 4 {
        let at = |row: &[u8], x: usize| [row[4 * x], row[4 * x + 2]].map(i32::from);
        let (one, other) = (at(small.row(0, 8), x), at(large.row(0, 16), 2 * x));
        assert!(one.iter().zip(other).all(|(one, other)| (one - other).abs() <= 1), "{x}: {one:?} {other:?}");
    }
}

#[test]
fn colours_without_a_matrix_stay_as_they_are_and_are_not_shown() {
    for matrix in [8, 10, 11, 13, 14, 15, 255] {
        let tags = ColourTags { matrix, ..limited() };
        let mut source = picture(PixelFormat::YUV420P, SIZE, limited());
        source.set_tags(tags);
        for size in [SIZE, (48, 32)] {
            let wanted = VideoInfo::of(&source).converted(PixelFormat::NV12, size.0, size.1);
            assert_eq!(Converter::new(wanted).convert(&source).unwrap().tags().matrix, matrix);
            let wanted = VideoInfo::of(&source).converted(PixelFormat::RGBA, size.0, size.1);
            let error = Converter::new(wanted).convert(&source).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("colour")), "{matrix}");
        }
    }
}

/// A white picture of this size and pixel aspect.
fn white((width, height): (u32, u32), pixel_aspect: (i32, i32)) -> Picture {
    let mut picture = picture(PixelFormat::YUV420P, (width, height), limited());
    let pixel_aspect = Rational::new(pixel_aspect.0, pixel_aspect.1);
    picture.set_tags(ColourTags { geometry: Geometry { pixel_aspect, ..Geometry::UNKNOWN }, ..limited() });
    let mut planes = picture.view_mut().unwrap().unwrap();
    planes.rows_mut(0).for_each(|row| row.fill(235));
    (1..3).for_each(|plane| planes.rows_mut(plane).for_each(|row| row.fill(128)));
    picture
}

/// First column, first row, width and height of what is white.
fn white_part(picture: &Picture) -> (usize, usize, usize, usize) {
    let view = picture.view().unwrap();
    let is_white = |sample: &u8| *sample > 200;
    let rows: Vec<_> = view.rows(0).enumerate().filter(|(_, row)| row.iter().any(is_white)).collect();
    let (top, first) = rows[0];
    let left = first.iter().position(is_white).unwrap();
    (left, top, first.iter().filter(|sample| is_white(sample)).count(), rows.len())
}

#[test]
fn a_picture_of_another_size_keeps_its_proportions_between_bars_of_real_black() {
    for (size, aspect, to, to_aspect, part) in [
        // A phone that is turned, both ways.
        ((180, 320), (1, 1), (320, 180), (1, 1), (108, 0, 102, 180)),
        ((320, 180), (1, 1), (180, 320), (1, 1), (0, 108, 180, 102)),
        // Half and twice the size.
        ((64, 48), (1, 1), (32, 24), (1, 1), (0, 0, 32, 24)),
        ((32, 24), (0, 1), (64, 48), (1, 1), (0, 0, 64, 48)),
        // The same size, of which wider pixels make a wider picture.
        ((96, 64), (2, 1), (96, 64), (1, 1), (0, 16, 96, 32)),
        ((96, 64), (1, 1), (96, 64), (2, 1), (24, 0, 48, 64)),
        // 720x576 of 64:45 is shown as 1024x576, which is 16:9.
        ((720, 576), (64, 45), (1280, 720), (1, 1), (0, 0, 1280, 720)),
        // What is missing by less than a sample of chroma is no bar.
        ((640, 360), (1, 1), (854, 480), (1, 1), (0, 0, 854, 480)),
        // Odd sizes.
        ((33, 21), (1, 1), (98, 22), (1, 1), (32, 0, 34, 22)),
    ] {
        let wanted = VideoInfo::of(&white(to, to_aspect));
        let fitted = Converter::fitting(wanted).convert(&white(size, aspect)).unwrap();
        assert_eq!(VideoInfo::of(&fitted), wanted);
        assert_eq!(white_part(&fitted), part, "{size:?} {aspect:?} in {to:?} {to_aspect:?}");
        let (left, top, width, height) = part;
        let view = fitted.view().unwrap();
        let is_bar = |x: usize, y: usize| x + 1 < left || x > left + width || y + 1 < top || y > top + height;
        for (y, row) in view.rows(0).enumerate() {
            let bars = row.iter().enumerate().filter(|(x, _)| is_bar(*x, y));
            assert!(bars.into_iter().all(|(_, sample)| *sample == 16), "{size:?}");
        }
        assert!([1, 2].iter().all(|plane| view.rows(*plane).all(|row| row.iter().all(|sample| *sample == 128))));
    }
}
