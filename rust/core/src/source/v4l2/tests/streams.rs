//! Frames of a stream, and how it ends.

use super::{super::*, kernel::*, modes::hdmi, *};
use crate::{
    pipeline::{Signal, SystemClock},
    source::{
        live::driver::{Content, Received, Stream},
        producer::Patience,
    },
    sys::v4l2::{Errno, Input},
};

/// Longest wait for an answer that is there.
const PATIENCE_NS: u64 = 50_000_000;

/// Longer than any test takes.
const LONG_NS: u64 = 60_000_000_000;

fn with_patience<T>(body: impl FnOnce(&Patience<'_>) -> T) -> T {
    with_patience_of(PATIENCE_NS, body)
}

fn with_patience_of<T>(most_ns: u64, body: impl FnOnce(&Patience<'_>) -> T) -> T {
    let clock = SystemClock::shared();
    let signal = Signal::new(&clock);
    body(&Patience { signal: &signal, seen: signal.seen(), deadline_ns: clock.now_ns() + most_ns })
}

pub(super) fn start(driver: &mut dyn CaptureDriver) -> Result<Stream, Loss> {
    with_patience(|patience| driver.start(patience))
}

/// The next answer, which there is.
fn next(driver: &mut dyn CaptureDriver) -> Result<Received, Loss> {
    with_patience_of(LONG_NS, |patience| driver.next(patience))
}

/// The answer after a moment, where nothing is expected.
fn soon(driver: &mut dyn CaptureDriver) -> Result<Received, Loss> {
    with_patience(|patience| driver.next(patience))
}

/// What came, in words.
fn words(received: Result<Received, Loss>) -> String {
    match received {
        Ok(Received::Picture(_, stamp)) => format!("picture {}", stamp.sequence.unwrap()),
        Ok(Received::Packet(packet, stamp)) => {
            format!(
                "packet {} {} {}",
                stamp.sequence.unwrap(),
                packet.size(),
                if packet.is_key() { "key" } else { "-" }
            )
        }
        Ok(Received::Damaged(stamp)) => format!("damaged {}", stamp.sequence.unwrap()),
        Ok(Received::Nothing) => "nothing".to_owned(),
        Err(Loss::Changed) => "changed".to_owned(),
        Err(Loss::Lost(error)) => format!("{:?}", error.code),
    }
}

/// A small raw camera: 16x2 in grey.
fn grey() -> Arc<TestNode> {
    TestNode::new(vec![(FourCc::new(*b"GREY"), TestSizes::Discrete(vec![(16, 2, vec![(1, 30)])]))])
}

fn coded(fourcc: FourCc) -> Arc<TestNode> {
    TestNode::new(vec![(fourcc, TestSizes::Discrete(vec![(16, 16, vec![(1, 30)])]))])
}

fn run(node: &Arc<TestNode>, bus: &str, steps: impl IntoIterator<Item = Step>) -> Box<dyn CaptureDriver> {
    let (mut driver, ..) = open_one(node, &options(node, bus)).unwrap();
    start(driver.as_mut()).unwrap();
    node.change(|state| state.steps.extend(steps));
    driver
}

fn frame(sequence: u32) -> TestFrame {
    TestFrame::new(sequence, &[sequence as u8; 32])
}

#[test]
fn everything_is_read_before_a_buffer_is_given_back() {
    let node = grey();
    let mut driver = run(&node, "s1", (0..20).map(|number| Step::Frame(frame(number))));
    let mut indices = Vec::new();
    for number in 0..20 {
        let Ok(Received::Picture(mut picture, stamp)) = next(driver.as_mut()) else { panic!("picture {number}") };
        // The scripted driver overwrites what is queued.
        assert!(picture.rows_mut(0).unwrap().flatten().all(|sample| *sample == number as u8));
        assert_eq!(stamp.device_ns, Some(1_000_000_000 + u64::from(number) * 33_333_000));
        assert_eq!(stamp.sequence, Some(number));
        indices.push(node.0.lock().queued.back().copied());
    }
    assert!(indices.iter().all(Option::is_some));
    assert_eq!(node.0.lock().queued.len(), 8, "every buffer is back");
    assert_eq!(words(soon(driver.as_mut())), "nothing");
}

#[test]
fn a_stamp_is_a_claim_only_on_the_monotonic_clock() {
    let node = grey();
    let stamps = [(0, 5), (0x4000, 5), (0x2000, 0), (0x2000, -5), (0x2000, i64::MAX), (0x2000, 7_000_000)];
    let frames = stamps.iter().enumerate().map(|(number, (flags, micros))| {
        Step::Frame(TestFrame { flags: *flags, micros: *micros, ..frame(number as u32) })
    });
    let mut driver = run(&node, "s2", frames);
    for expected in [None, None, None, None] {
        let Ok(Received::Picture(_, stamp)) = next(driver.as_mut()) else { panic!("a picture") };
        assert_eq!(stamp.device_ns, expected);
    }
    let Ok(Received::Picture(..)) = next(driver.as_mut()) else { panic!("a picture") };
    let Ok(Received::Picture(_, stamp)) = next(driver.as_mut()) else { panic!("a picture") };
    assert_eq!(stamp.device_ns, Some(7_000_000_000));
}

#[test]
fn damaged_frames_are_counted_and_never_show_what_was_in_the_buffer_before() {
    let node = grey();
    let steps = [
        frame(1),
        TestFrame { flags: 0x2040, ..frame(2) },
        TestFrame { used: Some(0), ..frame(3) },
        TestFrame { used: Some(31), ..frame(4) },
        frame(5),
    ];
    let mut driver = run(&node, "s3", steps.map(Step::Frame));
    let found: Vec<_> = (0..5).map(|_| words(next(driver.as_mut()))).collect();
    assert_eq!(found, ["picture 1", "damaged 2", "damaged 3", "damaged 4", "picture 5"]);
    assert_eq!(node.0.lock().queued.len(), 8);
}

#[test]
fn a_driver_that_does_not_count_and_one_that_repeats_its_last_buffer() {
    let node = grey();
    let at = |micros| TestFrame { micros, ..frame(0) };
    let steps =
        [at(10), at(20), at(20), at(20), at(30), TestFrame { flags: 0, ..at(0) }, TestFrame { flags: 0, ..at(0) }];
    let mut driver = run(&node, "s4", steps.map(Step::Frame));
    let found: Vec<_> = (0..5).map(|_| words(next(driver.as_mut()))).collect();
    assert_eq!(words(soon(driver.as_mut())), "nothing");
    // Frames without stamps are not the same for that.
    assert_eq!(found, ["picture 0"; 5]);
}

#[test]
fn a_device_that_says_it_is_ready_and_is_not_is_asked_with_pauses() {
    let node = grey();
    let mut driver = run(&node, "s5", std::iter::repeat_n(Step::Spurious, 10_000));
    assert_eq!(words(soon(driver.as_mut())), "nothing");
    let asked = 10_000 - node.0.lock().steps.len();
    assert!(asked <= 50, "{asked} times in {PATIENCE_NS} ns");
}

#[test]
fn each_end_of_a_stream_is_told_apart() {
    for (step, expected) in [
        (Step::Fail(Errno::NODEV), "DeviceLost"),
        (Step::Fail(Errno::IO), "DeviceLost"),
        (Step::Fail(Errno::PROTO), "DeviceLost"),
        (Step::Fail(Errno::PIPE), "changed"),
        (Step::Event(5), "changed"),
        (Step::Event(2), "changed"),
        (Step::Event(3), "nothing"),
    ] {
        let node = grey();
        let mut driver = run(&node, "s6", [step]);
        let answer = if expected == "nothing" { soon(driver.as_mut()) } else { next(driver.as_mut()) };
        assert_eq!(words(answer), expected);
        driver.rest();
        assert_eq!(node.0.lock().buffers.len(), 0, "its buffers are given back");
        // A full start follows.
        node.log();
        start(driver.as_mut()).unwrap();
        let log = node.log();
        let place = |word: &str| log.iter().position(|line| line.starts_with(word));
        assert!(place("format") < place("buffers") && place("buffers") < place("stream true"), "{log:?}");
        node.change(|state| state.steps.push_back(Step::Frame(frame(0))));
        assert_eq!(words(next(driver.as_mut())), "picture 0");
    }
}

#[test]
fn a_signal_that_goes_is_no_signal_and_one_that_changes_all_the_time_is_lost() {
    let node = grey();
    let mut driver = run(&node, "s7", [Step::Event(5)]);
    node.change(|state| state.inputs[0].status = 2);
    assert_eq!(words(next(driver.as_mut())), "NoSignal");
    assert!(matches!(start(driver.as_mut()), Err(loss) if loss.is_no_signal()));
    node.change(|state| state.inputs[0].status = 0);
    for _ in 0..5 {
        start(driver.as_mut()).unwrap();
        node.change(|state| state.steps.push_back(Step::Event(5)));
        assert_eq!(words(next(driver.as_mut())), "changed");
        driver.rest();
    }
    start(driver.as_mut()).unwrap();
    node.change(|state| state.steps.push_back(Step::Event(5)));
    assert_eq!(words(next(driver.as_mut())), "DeviceLost");
    // Frames of noise do not hide that there is no signal.
    start(driver.as_mut()).unwrap();
    node.change(|state| {
        state.inputs[0].status = 2;
        state.steps.extend((0..3).map(|number| Step::Frame(frame(number))));
    });
    assert_eq!(words(next(driver.as_mut())), "NoSignal");
}

#[test]
fn each_change_of_an_hdmi_signal_is_followed_not_only_the_first() {
    let sizes = TestSizes::Stepwise([16, 4096, 1, 16, 2304, 1], [(1, 60), (1, 60)]);
    let node = TestNode::new(vec![(YUYV, sizes)]);
    node.change(|state| {
        state.inputs = vec![Input { name: bytes("HDMI 1"), capabilities: 2, ..Input::default() }];
        state.detected = Ok(hdmi(1280, 720, 59_400_000, 3300 - 1280, 30));
    });
    let mut driver = run(&node, "s12", []);
    for (width, height) in [(640, 480), (1280, 720), (800, 600)] {
        node.change(|state| {
            state.detected = Ok(hdmi(width, height, 59_400_000, 1000, 30));
            state.steps.push_back(Step::Event(5));
        });
        assert_eq!(words(next(driver.as_mut())), "changed");
        driver.rest();
        let Content::Pictures(shape) = start(driver.as_mut()).unwrap().content else { panic!("no pictures") };
        assert_eq!((shape.width, shape.height), (width, height));
    }
}

#[test]
fn refusals_of_the_kernel_are_told_by_what_they_mean() {
    for (call, error, code, words) in [
        ("set_format", Errno::BUSY, Code::DeviceBusy, "\"cheese\" (process 4321) is using it"),
        ("set_interval", Errno::BUSY, Code::DeviceBusy, "cheese"),
        ("capability", Errno::NODEV, Code::DeviceLost, "unplugged"),
        ("set_format", Errno::PROTO, Code::DeviceLost, "Protocol error"),
        ("request_buffers", Errno::BUSY, Code::DeviceBusy, "cheese"),
        ("request_buffers", Errno::NOMEM, Code::ResourceExhausted, "memory"),
        ("stream", Errno::BUSY, Code::DeviceBusy, "cheese"),
        ("stream", Errno::NOSPC, Code::UsbBandwidth, "compressed format"),
        ("stream", Errno::NOLINK, Code::NoSignal, "no signal"),
        ("queue", Errno::IO, Code::DeviceLost, "failed"),
    ] {
        let node = grey();
        let asked = options(&node, "s8");
        let holders = vec![system::Holder { pid: 4321, name: "cheese".to_owned() }];
        let nodes = parking_lot::Mutex::new(vec![(entry(0), Ok(node.clone()))]);
        let system: Arc<dyn System> = Arc::new(TestSystem { nodes, holders });
        node.change(|state| state.refused.extend([(call, error)]));
        let refusal = match open_on(&system, &asked) {
            Err(error) => error,
            Ok((mut driver, ..)) => match start(driver.as_mut()) {
                Err(Loss::Lost(error)) => error,
                _ => panic!("{call} was refused"),
            },
        };
        assert_eq!(refusal.code, code, "{call} {error}: {refusal}");
        assert!(refusal.message.contains(words), "{call} {error}: {refusal}");
    }
}

#[test]
fn a_device_comes_back_as_another_node_with_its_mode() {
    let node = grey();
    let asked = options(&node, "s9");
    let scripted = Arc::new(TestSystem {
        nodes: parking_lot::Mutex::new(vec![(entry(0), Ok(node.clone()))]),
        ..TestSystem::default()
    });
    let system: Arc<dyn System> = scripted.clone();
    let (mut driver, ..) = open_on(&system, &asked).unwrap();
    start(driver.as_mut()).unwrap();
    node.change(|state| state.steps.push_back(Step::Fail(Errno::NODEV)));
    assert_eq!(words(next(driver.as_mut())), "DeviceLost");
    driver.close();
    scripted.nodes.lock().clear();
    assert!(matches!(start(driver.as_mut()), Err(Loss::Lost(error)) if error.message.contains("not connected")));
    // Another camera takes its number, and it gets the next one.
    let other = webcam();
    *scripted.nodes.lock() = vec![(entry(0), Ok(other)), (entry(1), Ok(node.clone()))];
    with_patience_of(LONG_NS, |patience| driver.wait_for_return(patience));
    node.log();
    start(driver.as_mut()).unwrap();
    assert_eq!(node.log()[..2], ["format 16x2 GREY", "interval 1/30"]);
}

#[test]
fn a_device_that_is_there_and_fails_is_not_started_without_pause() {
    let node = grey();
    let mut driver = run(&node, "s13", [Step::Fail(Errno::NODEV)]);
    assert_eq!(words(next(driver.as_mut())), "DeviceLost");
    node.change(|state| state.refused.extend([("stream", Errno::NODEV)]));
    // Long waits, which end early, and short ones, which do not.
    let waits = [LONG_NS, LONG_NS, LONG_NS, PATIENCE_NS, PATIENCE_NS].map(|most_ns| {
        driver.close();
        let waited = with_patience_of(most_ns, |patience| {
            driver.wait_for_return(patience);
            patience.is_over()
        });
        assert!(start(driver.as_mut()).is_err());
        waited
    });
    assert_eq!(waits, [false, false, false, true, true]);
}

#[test]
fn a_closed_or_resting_device_is_free_for_others() {
    for keep_open in [true, false] {
        let node = grey();
        let asked = DeviceOptions { keep_open, ..options(&node, "s10") };
        let (mut driver, _, controls) = open_one(&node, &asked).unwrap();
        start(driver.as_mut()).unwrap();
        driver.rest();
        assert!(!node.0.lock().is_streaming && node.0.lock().buffers.is_empty());
        assert_eq!(controls.list().is_ok(), keep_open);
        start(driver.as_mut()).unwrap();
        drop(driver);
        assert!(!node.0.lock().is_streaming);
    }
}

#[test]
fn jpeg_pictures_are_keys_and_what_is_none_is_damaged() {
    let node = coded(MJPG);
    let packet = |number, bytes: &[u8]| Step::Frame(TestFrame::new(number, bytes));
    let jpeg = [0xff, 0xd8, 0xff, 0xdb, 1, 2, 3];
    let mut driver = run(
        &node,
        "s11",
        [
            packet(0, &jpeg),
            packet(1, &[0, 0, 0, 0]),
            packet(2, &[]),
            Step::Frame(TestFrame { used: Some(6), ..TestFrame::new(3, &jpeg) }),
            Step::Frame(TestFrame { flags: 0x2040, ..TestFrame::new(4, &jpeg) }),
            Step::Frame(TestFrame { used: Some(70), ..TestFrame::new(5, &jpeg) }),
        ],
    );
    let found: Vec<_> = (0..6).map(|_| words(next(driver.as_mut()))).collect();
    assert_eq!(found, ["packet 0 7 key", "damaged 1", "damaged 2", "packet 3 6 key", "damaged 4", "damaged 5"]);
}

#[test]
fn parameter_sets_in_a_buffer_of_their_own_belong_to_the_next_picture() {
    let sets = [0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 9];
    let (key, other) = ([0, 0, 0, 1, 0x65, 8, 8], [0, 0, 0, 1, 0x41, 8]);
    let packet = |number, bytes: &[u8]| Step::Frame(TestFrame::new(number, bytes));
    let node = coded(H264);
    let steps =
        [packet(0, &sets), packet(1, &key), packet(2, &other), packet(3, &sets), packet(4, &key), packet(6, &other)];
    let mut driver = run(&node, "s12", steps);
    let found: Vec<_> = (0..4).map(|_| words(next(driver.as_mut()))).collect();
    // They take numbers, but nothing is lost for that; what is lost still shows.
    assert_eq!(found, ["packet 0 19 key", "packet 1 6 -", "packet 2 19 key", "packet 4 6 -"]);
}

#[test]
fn a_wait_for_frames_or_for_the_device_ends_when_its_thread_is_called() {
    let node = grey();
    let mut driver = run(&node, "s14", []);
    let clock = SystemClock::shared();
    let signal = Signal::new(&clock);
    signal.forward_to(driver.waker().unwrap());
    for is_closed in [false, true] {
        if is_closed {
            driver.close();
        }
        let deadline_ns = clock.now_ns() + LONG_NS;
        let patience = Patience { signal: &signal, seen: signal.seen(), deadline_ns };
        std::thread::scope(|scope| {
            scope.spawn(|| signal.raise());
            if is_closed {
                driver.wait_for_return(&patience);
            } else {
                assert_eq!(words(driver.next(&patience)), "nothing");
            }
        });
        assert!(clock.now_ns() < deadline_ns);
    }
}
