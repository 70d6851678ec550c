//! Windows as they are, and as they change, go away and come back.

mod support;

use std::time::{Duration, Instant};

use giftgrab_core::{
    error::{Code, Error},
    source::{live::driver::Loss, screen},
    sys::monotonic_ns,
};
use support::screens::{Capture, Client, Xvfb};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ConfigureWindowAux, ConnectionExt as _},
};

const SMALL: &[&str] = &["-screen", "0", "160x120x24"];

/// The error of a loss that is not a change.
fn error(loss: Loss) -> Error {
    match loss {
        Loss::Lost(error) => error,
        Loss::Changed => panic!("only changed"),
    }
}

#[test]
fn a_window_is_captured_whatever_covers_it_and_wherever_it_is() {
    let Some(server) = Xvfb::start(&["-screen", "0", "320x240x24"]) else { return };
    let client = Client::of(&server);
    let window = client.window((20, 30), (101, 67), 3, "Die Uhr");
    let drawn = client.noise(window, (101, 67), 5);
    let cover = client.window((0, 0), (320, 240), 0, "Cover");
    let by_number = format!(r#"{{ "colour": "bgra", "cursor": false, "window": "{window:#x}" }}"#);
    let by_title = r#"{ "colour": "bgra", "cursor": false, "window": "Die Uhr" }"#;
    for json in [by_number.as_str(), by_title] {
        let mut capture = Capture::start_with(&server.options(json));
        // From now on its pixels are kept.
        capture.next().unwrap();
        client.noise(window, (101, 67), 5);
        capture.wait_for(&drawn);
        for (x, y) in [(-50, -40), (290, 200), (20, 30)] {
            client.connection.configure_window(window, &ConfigureWindowAux::new().x(x).y(y)).unwrap();
            client.sync();
            assert_eq!(capture.grid(), drawn);
        }
        let changed = client.noise(window, (101, 67), 6);
        capture.wait_for(&changed);
        client.noise(window, (101, 67), 5);
    }
    let listed = screen::list().unwrap();
    let own = listed.iter().find(|screen| screen.display == server.display).unwrap();
    let titles: Vec<_> = own.windows.iter().map(|window| (window.title.as_str(), window.id.clone())).collect();
    assert_eq!(titles, [("Die Uhr", format!("{window:#x}")), ("Cover", format!("{cover:#x}"))]);
    client.window((0, 0), (10, 10), 0, "Cover");
    let refusal = |json: &str| match Capture::new(&server.options(json)).start() {
        Err(Loss::Lost(error)) => (error.field.unwrap_or_default(), error.message),
        other => panic!("{other:?}"),
    };
    let (field, message) = refusal(r#"{ "window": "Cover" }"#);
    assert!(field == "window" && message.contains("more than one has this title"), "{message}");
    assert!(refusal(r#"{ "window": "Nothing" }"#).1.contains("no window has exactly this title"));
    assert!(refusal(r#"{ "window": "0x7fffffff" }"#).1.contains("there is no such window"));
}

#[test]
fn a_window_that_is_resized_hidden_or_closed_is_told_and_its_number_is_never_another_window() {
    let Some(server) = Xvfb::start(SMALL) else { return };
    let client = Client::of(&server);
    let window = client.window((10, 10), (60, 40), 0, "Clock");
    let json = format!(r#"{{ "colour": "bgra", "cursor": false, "window": "{window:#x}" }}"#);
    let mut capture = Capture::start_with(&server.options(&json));
    assert_eq!(capture.grid().size, (60, 40));

    client.connection.configure_window(window, &ConfigureWindowAux::new().width(71).height(33)).unwrap();
    client.sync();
    assert!(matches!(capture.loss(), Loss::Changed));
    capture.driver.rest();
    capture.start().unwrap();
    let drawn = client.noise(window, (71, 33), 9);
    capture.wait_for(&drawn);

    client.connection.unmap_window(window).unwrap();
    client.sync();
    assert!(matches!(capture.loss(), Loss::Changed));
    capture.driver.rest();
    let hidden = capture.start().unwrap_err();
    assert!(hidden.is_no_signal());
    assert!(error(hidden).message.contains("minimised or hidden"));
    capture.driver.rest();
    client.show(window);
    let before = Instant::now();
    let signal = capture.signal.clone();
    let patience = giftgrab_core::source::producer::Patience {
        signal: &signal,
        seen: signal.seen(),
        deadline_ns: monotonic_ns() + 60_000_000_000,
    };
    capture.driver.wait_for_return(&patience);
    assert!(before.elapsed() < Duration::from_secs(30), "the window is shown again");
    capture.start().unwrap();
    let drawn = client.noise(window, (71, 33), 10);
    capture.wait_for(&drawn);

    client.connection.destroy_window(window).unwrap();
    client.window_of(window, ((0, 0), (71, 33), 0), "Another");
    let closed = error(capture.loss());
    assert_eq!(closed.code, Code::ScreenUnavailable);
    assert!(closed.message.contains("it was closed"), "{closed}");
    capture.driver.close();
    assert_eq!(error(capture.start().unwrap_err()), closed, "its number is another window's");
}

#[test]
fn a_number_that_is_another_windows_after_a_lost_connection_is_refused() {
    let Some(mut server) = Xvfb::start_to_be_killed(SMALL) else { return };
    let first = Client::of(&server);
    let window = first.window((0, 0), (50, 50), 0, "First");
    let options = server.options(&format!(r#"{{ "colour": "bgra", "window": "{window:#x}" }}"#));
    let mut capture = Capture::start_with(&options);
    capture.next().unwrap();
    // The same window is known again.
    capture.driver.close();
    capture.start().unwrap();
    capture.next().unwrap();
    capture.driver.close();
    first.connection.destroy_window(window).unwrap();
    first.window_of(window, ((0, 0), (50, 50), 0), "Second");
    assert!(error(capture.start().unwrap_err()).message.contains("it was closed"));
    // A server that was started anew gives the same numbers again.
    let mut capture = Capture::start_with(&options);
    capture.next().unwrap();
    server.kill();
    error(capture.loss());
    let server = Xvfb::start_at(&server.display, SMALL).unwrap();
    let client = Client::of(&server);
    assert_eq!(client.window((0, 0), (50, 50), 0, "Third"), window);
    assert!(error(capture.start().unwrap_err()).message.contains("it was closed"));
}

#[test]
fn a_window_that_changes_its_size_all_the_time_is_captured_in_between() {
    let Some(server) = Xvfb::start(SMALL) else { return };
    let client = Client::of(&server);
    let window = client.window((0, 0), (50, 50), 0, "Rubber");
    let options = server.options(r#"{ "colour": "bgra", "window": "Rubber", "frameRate": { "num": 200, "den": 1 } }"#);
    let mut capture = Capture::start_with(&options);
    let mut sizes = std::collections::BTreeSet::new();
    let until = Instant::now() + Duration::from_secs(2);
    let mut step = 0;
    while Instant::now() < until {
        step += 1;
        let (width, height) = (20 + step % 100, 20 + step % 77);
        client.connection.configure_window(window, &ConfigureWindowAux::new().width(width).height(height)).unwrap();
        client.connection.flush().unwrap();
        match capture.next() {
            Ok((picture, _)) => {
                sizes.insert((picture.width(), picture.height()));
            }
            Err(Loss::Changed) => {
                capture.driver.rest();
                capture.start().unwrap();
            }
            Err(Loss::Lost(error)) => panic!("{error}"),
        }
    }
    assert!(sizes.len() > 3, "{sizes:?}");
}

#[test]
fn a_window_that_is_closed_in_any_moment_is_a_loss_and_nothing_else() {
    let Some(server) = Xvfb::start(SMALL) else { return };
    let (client, other) = (Client::of(&server), Client::of(&server));
    for round in 0..60 {
        let window = client.window((0, 0), (50, 50), 0, "Short-lived");
        let json = format!(r#"{{ "window": "{window:#x}", "frameRate": {{ "num": 1000, "den": 1 }} }}"#);
        let mut capture = Capture::new(&server.options(&json));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_micros(150 * round));
                other.connection.destroy_window(window).unwrap();
                other.sync();
            });
            let lost = loop {
                match capture.start().map(|_| capture.loss()) {
                    Err(loss) => break error(loss),
                    Ok(Loss::Changed) => capture.driver.rest(),
                    Ok(loss) => break error(loss),
                }
            };
            assert!(lost.message.contains("it was closed"), "{lost}");
        });
    }
}

#[test]
fn a_window_whose_frame_is_hidden_has_no_picture_until_the_frame_is_shown() {
    let Some(server) = Xvfb::start(SMALL) else { return };
    let client = Client::of(&server);
    let window = client.window((0, 0), (50, 50), 0, "Framed");
    let mut capture =
        Capture::start_with(&server.options(r#"{ "colour": "bgra", "cursor": false, "window": "Framed" }"#));
    capture.next().unwrap();
    // A window manager comes only now.
    let frame = client.window((5, 5), (70, 80), 1, "");
    client.connection.reparent_window(window, frame, 10, 20).unwrap();
    client.sync();
    assert!(matches!(capture.loss(), Loss::Changed));
    capture.driver.rest();
    capture.start().unwrap();
    let drawn = client.noise(window, (50, 50), 13);
    capture.wait_for(&drawn);
    client.connection.unmap_window(frame).unwrap();
    client.sync();
    assert!(matches!(capture.loss(), Loss::Changed));
    capture.driver.rest();
    assert!(capture.start().unwrap_err().is_no_signal());
    capture.driver.rest();
    client.show(frame);
    capture.start().unwrap();
    let drawn = client.noise(window, (50, 50), 14);
    capture.wait_for(&drawn);
    // A list without titles finds it inside its frame.
    let listed = screen::list().unwrap();
    let own = listed.iter().find(|screen| screen.display == server.display).unwrap();
    assert_eq!(own.windows.iter().map(|window| window.title.as_str()).collect::<Vec<_>>(), ["Framed"]);
}
