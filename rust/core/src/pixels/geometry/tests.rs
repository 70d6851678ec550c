//! Turns, matrices and the shape of pixels.

use super::*;

fn turns() -> impl Iterator<Item = Turn> {
    [false, true].into_iter().flat_map(|flip| (0..4).map(move |quarters| Turn { quarters, flip }))
}

#[test]
fn every_turn_is_found_again_in_its_matrix_with_any_scale_and_translation() {
    for turn in turns() {
        let matrix = Orientation::from(turn).matrix();
        assert_eq!(Orientation::of_matrix(&matrix).turn(), turn);
        // A phone's matrix has a translation, some have a scale, and some are rounded.
        let mut other = matrix.map(|value| value / 65536 * 131_072 + 30);
        (other[6], other[7], other[8]) = (1080 << 16, 0, 1 << 30);
        assert_eq!(Orientation::of_matrix(&other), Orientation::from(turn), "{turn:?}");
    }
}

#[test]
fn a_quarter_clockwise_is_what_phones_write_and_ffprobe_calls_minus_90() {
    let phone = [0, 65536, 0, -65536, 0, 0, 70_778_880, 0, 1 << 30];
    assert_eq!(Orientation::of_matrix(&phone).turn(), Turn { quarters: 1, flip: false });
    let mirrored = [-65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30];
    assert_eq!(Orientation::of_matrix(&mirrored).turn(), Turn { quarters: 0, flip: true });
    let upside_down = [65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30];
    assert_eq!(Orientation::of_matrix(&upside_down).turn(), Turn { quarters: 2, flip: true });
}

#[test]
fn a_turn_in_place_leaves_what_is_shown_where_the_picture_began() {
    let size = (1920, 1080);
    for turn in turns() {
        let geometry = Geometry { orientation: turn.into(), is_in_place: true, ..Geometry::UNKNOWN };
        let [a, b, _, c, d, _, x, y, _] = geometry.matrix(size).map(|value| f64::from(value) / 65536.0);
        let corners = [(0.0, 0.0), (1920.0, 0.0), (0.0, 1080.0), (1920.0, 1080.0)];
        let shown = corners.map(|(across, down)| (a * across + c * down + x, b * across + d * down + y));
        let least = |side: fn((f64, f64)) -> f64| shown.map(side).into_iter().fold(f64::MAX, f64::min);
        assert_eq!((least(|place| place.0), least(|place| place.1)), (0.0, 0.0), "{turn:?}");
    }
    // As FFmpeg 5.1 writes the tag `rotate=90` (libavformat/movenc.c).
    let clockwise =
        Geometry { orientation: Turn { quarters: 1, flip: false }.into(), is_in_place: true, ..Geometry::UNKNOWN };
    assert_eq!(clockwise.matrix(size), [0, 65536, 0, -65536, 0, 0, 1080 << 16, 0, 1 << 30]);
    assert_eq!(Geometry { is_in_place: false, ..clockwise }.matrix(size)[6..8], [0, 0]);
}

#[test]
fn an_angle_between_the_quarters_is_kept_and_its_rest_stays_after_a_turn() {
    // 100 degrees.
    let (cos, sin) = (-11_380, 64_540);
    let tilted = Orientation::of_matrix(&[cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30]);
    assert!(!tilted.is_quarter());
    assert_eq!(tilted.turn(), Turn { quarters: 1, flip: false });
    let rest = tilted.after(tilted.turn());
    assert_eq!(rest.turn(), Turn::default());
    assert!((rest.b - 11_380).abs() <= 2, "{rest:?}");
}

#[test]
fn a_matrix_that_leaves_no_area_is_ignored() {
    assert_eq!(Orientation::of_matrix(&[0; 9]), Orientation::UPRIGHT);
    assert_eq!(Orientation::of_matrix(&[65536, 65536, 0, 0, 0, 0, 0, 0, 0]), Orientation::UPRIGHT);
}

#[test]
fn nothing_is_left_of_an_orientation_after_its_own_turn_nor_relative_to_itself() {
    for turn in turns() {
        let orientation = Orientation::from(turn);
        assert_eq!(orientation.after(turn), Orientation::UPRIGHT);
        assert_eq!(orientation.relative_to(orientation), Orientation::UPRIGHT);
        for other in turns() {
            let relative = orientation.relative_to(other.into());
            assert_eq!(relative.then(other.into()), orientation, "{turn:?} {other:?}");
        }
    }
}

#[test]
fn a_turn_changes_the_shape_of_pixels_and_the_order_of_fields() {
    let coded = Geometry {
        pixel_aspect: Rational::new(64, 45),
        orientation: Turn { quarters: 1, flip: false }.into(),
        field_order: FieldOrder::Tt,
        ..Geometry::UNKNOWN
    };
    let upright = coded.turned(coded.orientation.turn(), 576);
    assert_eq!(upright.pixel_aspect, Rational::new(45, 64));
    assert_eq!((upright.orientation, upright.field_order), (Orientation::UPRIGHT, FieldOrder::Unknown));
    let over = Turn { quarters: 2, flip: false };
    assert_eq!(coded.turned(over, 576).field_order, FieldOrder::Bb);
    assert_eq!(coded.turned(over, 575).field_order, FieldOrder::Tt);
    assert_eq!((coded.cropped(1).field_order, coded.cropped(2).field_order), (FieldOrder::Bb, FieldOrder::Tt));
    assert_eq!(Geometry::UNKNOWN.turned(coded.orientation.turn(), 2).pixel_aspect, Rational::new(0, 1));
}

#[test]
fn an_absurd_pixel_aspect_is_unknown() {
    let size = (320, 240);
    for (num, den, known) in [
        (128, 90, (64, 45)),
        (1, 1, (1, 1)),
        (0, 1, (0, 1)),
        (-4, 3, (0, 1)),
        (4, 0, (0, 1)),
        (65_535, 1, (0, 1)),
        (1, 65_535, (0, 1)),
        (240, 1, (240, 1)),
    ] {
        let found = Geometry::checked_aspect(Rational::new(num, den), size);
        assert_eq!((found.num, found.den), known, "{num}/{den}");
    }
}

#[test]
fn the_place_of_a_field_order_is_its_number() {
    for (number, order) in (0..).zip(FIELD_ORDERS) {
        assert_eq!((order.number(), FieldOrder::of_number(number)), (number, order));
    }
    assert_eq!(FieldOrder::of_number(99), FieldOrder::Unknown);
}
