//! Nothing is left behind, in this process and in the X server. Alone in its process, whose descriptors it counts.

mod support;

use giftgrab_core::source::live::driver::Loss;
use support::screens::{Capture, Client, Xvfb};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ConfigureWindowAux, ConnectionExt as _},
};

/// Descriptors and shared mappings of a process.
fn held(process: &str) -> (usize, usize) {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    (descriptors, maps.lines().filter(|line| line.contains("memfd:giftgrab")).count())
}

#[test]
fn fifty_openings_and_resizings_leave_nothing_behind_and_a_full_server_is_told() {
    let Some(server) = Xvfb::start(&["-screen", "0", "160x120x24", "-maxclients", "64"]) else { return };
    let client = Client::of(&server);
    let id = server.id().to_string();
    let options = server.options(r#"{ "frameRate": { "num": 500, "den": 1 } }"#);
    let mut before = None;
    for _ in 0..50 {
        let mut capture = Capture::start_with(&options);
        capture.next().unwrap();
        let wrong = server.options(r#"{ "region": { "x": 0, "y": 0, "width": 1000, "height": 1 } }"#);
        assert!(Capture::new(&wrong).start().is_err());
        capture.driver.rest();
        capture.start().unwrap();
        capture.next().unwrap();
        drop(capture);
        client.sync();
        let now = (held("self"), held(&id).1);
        assert_eq!(*before.get_or_insert(now), now);
    }
    // Others may have been let go of a moment later.
    let before = held(&id);
    assert!(before.0 < 40, "{before:?}");

    let window = client.window((0, 0), (50, 50), 0, "Rubber");
    let mut capture = Capture::start_with(&server.options(r#"{ "window": "Rubber" }"#));
    for step in 0..100 {
        let size = ConfigureWindowAux::new().width(20 + step).height(10 + step);
        client.connection.configure_window(window, &size).unwrap();
        client.connection.flush().unwrap();
        assert!(matches!(capture.loss(), Loss::Changed));
        capture.driver.rest();
        capture.start().unwrap();
    }
    assert_eq!((held("self").1, held(&id).1), (1, 1));
    drop(capture);

    let mut captures = Vec::new();
    let full = loop {
        let mut capture = Capture::new(&options);
        match capture.start() {
            Ok(_) => captures.push(capture),
            Err(Loss::Lost(error)) => break error,
            Err(Loss::Changed) => panic!("changed"),
        }
        assert!(captures.len() < 64);
    };
    assert!(full.message.contains("no room for another client"), "{full}");
}
