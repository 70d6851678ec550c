//! Screens and windows change, go away and come back.

mod support;

use std::{
    io::Write as _,
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use giftgrab_core::{
    error::{Code, Error},
    pipeline::{Session, live::LiveState},
    report::Event,
    source::{
        Source,
        live::driver::{Loss, Received},
        screen::{self, options::ScreenOptions},
    },
    sys::monotonic_ns,
};
use support::screens::{Capture, Client, Grid, Xvfb};
use x11rb::protocol::randr::{ConnectionExt as _, Rotation};

const BGRA: &str = r#"{ "colour": "bgra", "cursor": false }"#;
const SMALL: &[&str] = &["-screen", "0", "160x120x24"];

fn address(capture: &mut Capture) -> usize {
    capture.next().unwrap().0.view().unwrap().rows(0).next().unwrap().as_ptr().addr()
}

/// The error of a loss that is not a change.
fn error(loss: Loss) -> Error {
    match loss {
        Loss::Lost(error) => error,
        Loss::Changed => panic!("only changed"),
    }
}

#[test]
fn a_still_screen_gives_the_same_picture_at_each_instant_until_something_is_drawn_or_the_cursor_moves() {
    let Some(server) = Xvfb::start(SMALL) else { return };
    let client = Client::of(&server);
    let mut capture = Capture::start_with(&server.options(r#"{ "frameRate": { "num": 100, "den": 1 } }"#));
    // What has happened before may still be told.
    let mut last = (0..10).map(|_| address(&mut capture)).last().unwrap();
    let mut numbers = Vec::new();
    for _ in 0..30 {
        let (picture, stamp) = capture.next().unwrap();
        assert_eq!(picture.view().unwrap().rows(0).next().unwrap().as_ptr().addr(), last);
        assert!(stamp.device_ns.unwrap() <= stamp.arrival_ns);
        numbers.push(stamp.sequence.unwrap());
    }
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    for step in 0..4 {
        match step {
            0 | 2 => client.fill(client.root, (10, 10, 20, 20), 0x1000 + step),
            _ => client.point(40 + step as i16, 50),
        }
        let until = Instant::now() + Duration::from_secs(20);
        while address(&mut capture) == last {
            assert!(Instant::now() < until, "nothing is seen of step {step}");
        }
        last = (0..5).map(|_| address(&mut capture)).last().unwrap();
    }
}

#[test]
fn instants_that_are_missed_are_told_by_their_numbers() {
    let Some(server) = Xvfb::start(SMALL) else { return };
    let mut capture = Capture::start_with(&server.options(BGRA));
    let (_, first) = capture.next().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let (_, second) = capture.next().unwrap();
    let missed = second.sequence.unwrap() - first.sequence.unwrap() - 1;
    let periods = (second.device_ns.unwrap() - first.device_ns.unwrap()) as f64 * 30.0 / 1e9;
    assert!(missed >= 8 && (f64::from(missed) + 1.0 - periods).abs() <= 1.0, "{missed} missed in {periods} periods");
}

#[test]
fn a_screen_with_another_size_is_captured_anew_and_a_region_waits_for_room() {
    let Some(server) = Xvfb::start(&["-screen", "0", "1280x1024x24"]) else { return };
    let client = Client::of(&server);
    client.connection.randr_query_version(1, 5).unwrap().reply().unwrap();
    let info = client.connection.randr_get_screen_info(client.root).unwrap().reply().unwrap();
    let Some(index) = info.sizes.iter().position(|size| (size.width, size.height) == (640, 480)) else {
        eprintln!("skipped: this Xvfb has only the sizes {:?}", info.sizes);
        return;
    };
    let set = |index: usize| {
        let info = client.connection.randr_get_screen_info(client.root).unwrap().reply().unwrap();
        let set = client.connection.randr_set_screen_config(
            client.root,
            info.timestamp,
            info.config_timestamp,
            index as u16,
            Rotation::ROTATE0,
            0,
        );
        set.unwrap().reply().unwrap();
    };
    let mut whole = Capture::start_with(&server.options(BGRA));
    let json = r#"{ "colour": "bgra", "region": { "x": 700, "y": 500, "width": 100, "height": 100 } }"#;
    let mut part = Capture::start_with(&server.options(json));
    assert_eq!((whole.grid().size, part.grid().size), ((1280, 1024), (100, 100)));
    set(index);
    assert!(matches!(whole.loss(), Loss::Changed));
    whole.driver.rest();
    whole.start().unwrap();
    assert_eq!(whole.grid().size, (640, 480));
    assert!(matches!(part.loss(), Loss::Changed));
    part.driver.rest();
    let outside = part.start().unwrap_err();
    assert!(outside.is_no_signal());
    part.driver.rest();
    set(info.size_id.into());
    part.start().unwrap();
    assert_eq!(part.grid().size, (100, 100));
    assert!(matches!(whole.loss(), Loss::Changed));
}

#[test]
fn a_killed_server_is_a_loss_at_once_and_its_successor_is_captured() {
    let Some(mut server) = Xvfb::start_to_be_killed(SMALL) else { return };
    for json in [BGRA, r#"{ "colour": "bgra", "cursor": false, "frameRate": { "num": 1, "den": 10 } }"#] {
        let mut capture = Capture::start_with(&server.options(json));
        capture.next().unwrap();
        server.kill();
        let killed = Instant::now();
        let lost = error(capture.loss());
        assert!(killed.elapsed() < Duration::from_millis(500), "{:?}", killed.elapsed());
        assert_eq!(lost.code, Code::ScreenUnavailable);
        capture.driver.close();
        let none = error(capture.start().unwrap_err());
        assert!(none.message.contains("no X server answers there"), "{none}");
        server = Xvfb::start_at(&server.display, SMALL).unwrap();
        let client = Client::of(&server);
        let drawn = client.noise(client.root, client.size, 11);
        capture.start().unwrap();
        capture.wait_for(&drawn);
    }
}

#[test]
fn a_source_goes_through_a_restart_of_its_server() {
    let Some(mut server) = Xvfb::start_to_be_killed(SMALL) else { return };
    let (driver, setup) = screen::open(&server.options("{}")).unwrap();
    let (heard, news) = std::sync::mpsc::sync_channel(1000);
    let notify = Box::new(move || {
        let _ = heard.try_send(());
    });
    let session = Session::on_system_clock();
    let source = Source::live(driver, setup, &session, notify).unwrap();
    let info = source.info();
    assert_eq!((info.width, info.height, info.pixel_format.as_str()), (160, 120, "yuv420p"));
    let tap =
        giftgrab_core::tap::Tap::open(serde_json::from_str("{}").unwrap(), session.clock(), Box::new(|| {})).unwrap();
    source.attach(tap.input(), 1).unwrap();
    source.start().unwrap();
    let wait_for = |wanted: LiveState| loop {
        news.recv_timeout(Duration::from_secs(60)).unwrap();
        let states = source.take_events().into_iter().filter_map(|event| match event {
            Event::State { state, cause, .. } => Some((state, cause)),
            _ => None,
        });
        if let Some((_, cause)) = states.into_iter().find(|(state, _)| *state == wanted) {
            return cause;
        }
    };
    while source.stats().captured == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    server.kill();
    let killed = Instant::now();
    let cause = wait_for(LiveState::Lost).unwrap();
    assert!(killed.elapsed() < Duration::from_millis(500), "{:?}", killed.elapsed());
    assert!(cause.message.contains("the connection to its X server ended"), "{cause}");
    let _server = Xvfb::start_at(&server.display, SMALL).unwrap();
    wait_for(LiveState::Live);
    let closing = Instant::now();
    source.close();
    while !source.take_events().iter().any(|event| matches!(event, Event::Closed { .. })) {
        news.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    assert!(closing.elapsed() < Duration::from_millis(500), "{:?}", closing.elapsed());
}

#[test]
fn a_server_that_never_answers_costs_the_patience_and_closing_ends_it_at_once() {
    let listener = (6000..6100).rev().find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).unwrap();
    let display = format!("127.0.0.1:{}", listener.local_addr().unwrap().port() - 6000);
    let options = ScreenOptions { display: Some(display), ..ScreenOptions::default() };
    let mut capture = Capture::new(&options);
    let begin = Instant::now();
    let signal = capture.signal.clone();
    let patience = |ns| giftgrab_core::source::producer::Patience {
        signal: &signal,
        seen: signal.seen(),
        deadline_ns: monotonic_ns() + ns,
    };
    let silent = error(capture.driver.start(&patience(300_000_000)).unwrap_err());
    assert!(silent.message.contains("did not answer in time"), "{silent}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    let waker = capture.driver.waker().unwrap();
    let called = Arc::clone(&capture.signal);
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        called.raise();
        waker.wake();
    });
    let begin = Instant::now();
    assert!(matches!(capture.driver.start(&patience(60_000_000_000)), Err(Loss::Changed)));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    thread.join().unwrap();
    // One that answers nonsense is no X server.
    let thread = std::thread::spawn(move || {
        // Those before it were given up.
        let mut kept = Vec::new();
        for connection in listener.incoming().take(3) {
            let mut connection = connection.unwrap();
            let _ = connection.write_all(&[0xFF; 4096]);
            kept.push(connection);
        }
        std::thread::sleep(Duration::from_millis(500));
    });
    let nonsense = error(capture.driver.start(&patience(2_000_000_000)).unwrap_err());
    assert_eq!(nonsense.code, Code::ScreenUnavailable, "{nonsense}");
    thread.join().unwrap();
}

#[test]
fn a_server_that_is_stopped_in_between_keeps_nobody_and_goes_on() {
    let Some(server) = Xvfb::start(SMALL) else { return };
    let client = Client::of(&server);
    let stop = |signal: &str| {
        let id = server.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    };
    let mut capture = Capture::start_with(&server.options(BGRA));
    let drawn = client.noise(client.root, client.size, 12);
    capture.wait_for(&drawn);
    client.fill(client.root, (0, 0, 160, 120), 0);
    stop("-STOP");
    let (waker, signal) = (capture.driver.waker().unwrap(), capture.signal.clone());
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        signal.raise();
        waker.wake();
    });
    let begin = Instant::now();
    let signal = capture.signal.clone();
    let seen = signal.seen();
    loop {
        let patience = giftgrab_core::source::producer::Patience {
            signal: &signal,
            seen,
            deadline_ns: monotonic_ns() + 100_000_000,
        };
        match capture.driver.next(&patience) {
            Ok(Received::Picture(..)) => {}
            Ok(_) if signal.seen() == seen => {}
            Ok(_) | Err(Loss::Changed) => break,
            Err(Loss::Lost(error)) => panic!("{error}"),
        }
    }
    capture.driver.close();
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    thread.join().unwrap();
    stop("-CONT");
    capture.start().unwrap();
    assert_eq!(capture.grid(), Grid::of((160, 120), |_, _| [0; 3]));
}

#[test]
fn where_no_screen_can_be_captured_the_reason_and_the_fix_are_told() {
    let message = |display: &str| {
        let options = ScreenOptions { display: Some(display.to_owned()), ..ScreenOptions::default() };
        match screen::open(&options) {
            Err(error) => error.message,
            Ok(_) => error(Capture::new(&options).start().unwrap_err()).message,
        }
    };
    assert!(message(":4321").contains("no X server answers there"));
    for wrong in ["wayland-0", "host:", ":x", ":65000"] {
        assert!(message(wrong).contains("it names no X server"), "{wrong}: {}", message(wrong));
    }
    let Some(server) = Xvfb::start(SMALL) else { return };
    assert!(message(&format!("{}.7", server.display)).contains("has no screen 7"));
    // A cookie that nobody has: family "any", no address, no number, and 16 bytes.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cookies");
    let mut cookie = vec![0xFF, 0xFF, 0, 0, 0, 0, 0, 18];
    cookie.extend(b"MIT-MAGIC-COOKIE-1\0\x10ABCDEFGHABCDEFGH");
    std::fs::write(&file, cookie).unwrap();
    let guarded = Xvfb::start(&["-screen", "0", "64x64x24", "-auth", &file.to_string_lossy()]).unwrap();
    let refused = message(&guarded.display);
    assert!(refused.contains("XAUTHORITY"), "{refused}");
}
