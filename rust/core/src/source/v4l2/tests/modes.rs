//! What is asked for is had exactly, or refused.

use super::{super::*, kernel::*, *};
use crate::sys::v4l2::{Errno, Input, Timings};

/// The mode that a device has after it was opened.
fn mode(node: &Arc<TestNode>, options: &DeviceOptions) -> (u32, u32, String, Rational) {
    let (_driver, setup, _) = open_one(node, options).unwrap();
    (setup.info.width, setup.info.height, setup.info.pixel_format, setup.info.frame_rate.reduced())
}

fn sized(node: &Arc<TestNode>, bus: &str, width: u32, height: u32) -> DeviceOptions {
    DeviceOptions { width: Some(width), height: Some(height), ..options(node, bus) }
}

#[test]
fn without_a_wish_the_largest_mode_that_is_fast_enough_is_taken() {
    let node = webcam();
    let found = mode(&node, &options(&node, "m1"));
    assert_eq!(found, (1920, 1080, "mjpeg".to_owned(), Rational::new(30_000, 1001)));
    // S_FMT does not set a rate.
    assert_eq!(node.log()[..2], ["format 1920x1080 MJPG", "interval 1001/30000"]);
}

#[test]
fn raw_frames_are_taken_where_they_are_fast_enough_and_compressed_ones_elsewhere() {
    let node = webcam();
    assert_eq!(mode(&node, &sized(&node, "m2", 640, 480)).2, "yuyv422");
    assert_eq!(mode(&node, &sized(&node, "m2", 1280, 720)).2, "mjpeg");
    let fast = DeviceOptions { frame_rate: Some(Rational::new(60, 1)), ..sized(&node, "m2", 640, 480) };
    assert_eq!(mode(&node, &fast), (640, 480, "mjpeg".to_owned(), Rational::new(60, 1)));
    let slow = DeviceOptions { frame_rate: Some(Rational::new(10, 1)), ..options(&node, "m2") };
    assert_eq!(mode(&node, &slow), (1280, 720, "yuyv422".to_owned(), Rational::new(10, 1)));
}

#[test]
fn rates_are_compared_by_value() {
    let node = webcam();
    let ask = |num, den| {
        let rate = Some(Rational::new(num, den));
        let options =
            DeviceOptions { frame_rate: rate, pixel_format: Some("MJPEG".to_owned()), ..sized(&node, "m3", 1280, 720) };
        open_one(&node, &options).map(|(_, setup, _)| setup.info.frame_rate)
    };
    assert!(ask(30, 1).is_ok() && ask(60, 2).is_ok());
    for (num, den) in [(30_000, 1001), (29, 1), (25, 1)] {
        let error = ask(num, den).unwrap_err();
        assert_eq!(error.code, Code::UnsupportedMode);
    }
}

#[test]
fn what_is_not_offered_is_refused_with_the_nearest_that_is() {
    let node = webcam();
    let cases: [(&str, DeviceOptions, &str); 4] = [
        ("size", sized(&node, "m4", 1024, 768), "it gives 1280x720 as YUYV instead"),
        (
            "rate",
            DeviceOptions { frame_rate: Some(Rational::new(50, 1)), ..sized(&node, "m4", 640, 480) },
            "the nearest that it offers is 640x480 as MJPG at 60 frames per second",
        ),
        (
            "format",
            DeviceOptions { pixel_format: Some("NV12".to_owned()), ..options(&node, "m4") },
            "it has no format \"NV12\"; it offers YUYV, MJPG",
        ),
        (
            "raw",
            DeviceOptions {
                pixel_format: Some("YUYV".to_owned()),
                frame_rate: Some(Rational::new(30, 1)),
                ..sized(&node, "m4", 1280, 720)
            },
            "the nearest that it offers is 1280x720 as YUYV at 10 frames per second",
        ),
    ];
    for (what, options, words) in cases {
        let error = refused(open_one(&node, &options));
        assert_eq!(error.code, Code::UnsupportedMode, "{what}: {error}");
        assert!(error.message.contains(words), "{what}: {error}");
    }
}

#[test]
fn ranges_of_sizes_and_rates_have_what_lies_in_them() {
    for (step, is_offered) in [(1, true), (2, true), (16, false)] {
        let sizes = TestSizes::Stepwise([32, 1920, step, 32, 1080, step], [(1, 60), (1, 1)]);
        let node = TestNode::new(vec![(YUYV, sizes)]);
        let asked = DeviceOptions { frame_rate: Some(Rational::new(50, 1)), ..sized(&node, "m5", 802, 602) };
        let opened = open_one(&node, &asked);
        assert_eq!(opened.is_ok(), is_offered, "{step}");
        if let Err(error) = opened {
            assert!(error.message.contains("it gives 800x592 as YUYV"), "{error}");
        }
    }
    let node = TestNode::new(vec![(YUYV, TestSizes::Stepwise([32, 4096, 1, 32, 4096, 1], [(0, 1), (0, 0)]))]);
    let found = mode(&node, &options(&node, "m5"));
    assert_eq!(found, (1920, 1080, "yuyv422".to_owned(), Rational::new(30, 1)));
}

#[test]
fn a_driver_that_repeats_the_rate_it_was_asked_for_is_not_believed() {
    let node = webcam();
    node.change(|state| (state.is_lying, state.interval) = (true, (1, 5)));
    let asked = DeviceOptions { frame_rate: Some(Rational::new(30, 1)), ..sized(&node, "m6", 640, 480) };
    let error = refused(open_one(&node, &asked));
    assert_eq!(error.code, Code::UnsupportedMode);
    assert!(error.message.contains("it gives 640x480 as YUYV at 5 frames per second"), "{error}");
    // Without a wish it is taken as it is.
    assert_eq!(mode(&node, &sized(&node, "m6", 640, 480)).3, Rational::new(5, 1));
}

#[test]
fn rates_that_mean_nothing_are_unknown() {
    for interval in [(0, 0), (0, 1), (1, 0)] {
        let node = TestNode::new(vec![(YUYV, TestSizes::Discrete(vec![(640, 480, vec![(0, 0), (1, 0)])]))]);
        node.change(|state| (state.interval, state.can_set_rate) = (interval, false));
        let (_driver, setup, _) = open_one(&node, &options(&node, "m7")).unwrap();
        assert!(setup.info.is_frame_rate_guessed);
        let asked = DeviceOptions { frame_rate: Some(Rational::new(30, 1)), ..options(&node, "m7") };
        drop(setup);
        drop(_driver);
        assert_eq!(refused(open_one(&node, &asked)).code, Code::UnsupportedMode);
    }
}

#[test]
fn a_driver_that_takes_another_format_than_asked_is_believed_only_where_nothing_was_asked() {
    let node = webcam();
    node.change(|state| state.stubborn = Some((YUYV, 352, 288)));
    let (width, height, ..) = mode(&node, &options(&node, "m8"));
    assert_eq!((width, height), (352, 288));
    let error = refused(open_one(&node, &sized(&node, "m8", 640, 480)));
    assert!(error.message.contains("it gives 352x288 as YUYV instead"), "{error}");
}

pub(super) fn hdmi(width: u32, height: u32, clock: u32, horizontal: u32, vertical: u32) -> Timings {
    Timings {
        width,
        height,
        clock: [clock, 0],
        horizontal: [horizontal, 0, 0],
        vertical: [vertical, 0, 0],
        ..Timings::default()
    }
}

#[test]
fn an_hdmi_input_has_the_size_and_the_rate_of_its_signal() {
    let sizes = TestSizes::Stepwise([16, 4096, 1, 16, 2304, 1], [(1, 60), (1, 60)]);
    let node = TestNode::new(vec![(YUYV, sizes)]);
    node.change(|state| {
        state.inputs = vec![Input { name: bytes("HDMI 1"), capabilities: 2, ..Input::default() }];
        state.detected = Ok(hdmi(1280, 720, 59_400_000, 3300 - 1280, 30));
        (state.interval, state.can_set_rate) = ((12_375, 742_500), false);
    });
    let found = mode(&node, &options(&node, "m9"));
    assert_eq!(found, (1280, 720, "yuyv422".to_owned(), Rational::new(24, 1)));
    assert_eq!(node.log()[0], "timings 1280x720");
    let asked = DeviceOptions { frame_rate: Some(Rational::new(60, 1)), ..options(&node, "m9") };
    assert_eq!(refused(open_one(&node, &asked)).code, Code::UnsupportedMode);
    for (error, words) in
        [(Errno::NOLINK, "nothing is connected"), (Errno::NOLCK, "unstable"), (Errno::RANGE, "beyond")]
    {
        node.change(|state| state.detected = Err(error));
        let error = refused(open_one(&node, &options(&node, "m9")));
        assert_eq!(error.code, Code::NoSignal);
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn an_input_is_chosen_by_its_number_or_its_name() {
    let node = webcam();
    node.change(|state| {
        state.inputs = ["Composite", "S-Video"].map(|name| Input { name: bytes(name), ..Input::default() }).to_vec();
    });
    for (wanted, log) in [("1", "input 1"), ("composite", "input 0")] {
        let asked = DeviceOptions { input: Some(wanted.to_owned()), ..options(&node, "m10") };
        open_one(&node, &asked).unwrap();
        assert_eq!(node.log()[0], log);
    }
    let asked = DeviceOptions { input: Some("HDMI".to_owned()), ..options(&node, "m10") };
    let error = refused(open_one(&node, &asked));
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("input")));
    assert!(error.message.contains("0 (\"Composite\"), 1 (\"S-Video\")"), "{error}");
}

#[test]
fn too_many_pixels_are_refused_before_any_memory_is_asked_for() {
    let node = webcam();
    let asked = DeviceOptions { max_pixels: 640 * 480, ..sized(&node, "m11", 1280, 720) };
    let error = refused(open_one(&node, &asked));
    assert_eq!((error.code, error.field.as_deref()), (Code::LimitExceeded, Some("maxPixels")));
    assert!(node.log().is_empty());
}
