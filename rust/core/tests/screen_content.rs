//! What is captured of a screen is what is on it: judged by what the test has drawn, and by FFmpeg.

mod support;

use giftgrab_core::{
    error::Code,
    source::{live::driver::Loss, screen},
};
use support::screens::{Capture, Client, Grid, Xvfb};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, Rectangle};

const BGRA: &str = r#"{ "colour": "bgra", "cursor": false }"#;

#[test]
fn a_screen_of_any_size_is_captured_exactly_with_and_without_shared_memory() {
    let sides: &[&[&str]] = &[
        &["-screen", "0", "1023x767x24"],
        &["-screen", "0", "319x1x24"],
        &["-screen", "0", "642x481x24", "-extension", "MIT-SHM"],
        &["-screen", "0", "640x480x24", "-extension", "DAMAGE", "-extension", "XFIXES", "-extension", "RANDR"],
    ];
    for arguments in sides {
        let Some(server) = Xvfb::start(arguments) else { return };
        let client = Client::of(&server);
        let drawn = client.noise(client.root, client.size, 7);
        let mut captures = [(); 2].map(|()| Capture::start_with(&server.options(BGRA)));
        for capture in &mut captures {
            assert_eq!(capture.grid(), drawn, "{arguments:?}");
        }
        let drawn = client.noise(client.root, client.size, 8);
        for capture in &mut captures {
            capture.wait_for(&drawn);
        }
        // FFmpeg needs these extensions.
        if !arguments.contains(&"-extension")
            && let Some(seen) = Grid::by_ffmpeg(&server, (0, 0), client.size, false)
        {
            assert_eq!(seen, drawn, "{arguments:?}");
        }
    }
}

#[test]
fn a_remote_screen_is_captured_without_shared_memory() {
    let Some(server) = Xvfb::start(&["-screen", "0", "200x100x24", "-listen", "tcp"]) else { return };
    let client = Client::of(&server);
    let drawn = client.noise(client.root, client.size, 1);
    let options = server
        .options(&format!(r#"{{ "colour": "bgra", "cursor": false, "display": "127.0.0.1{}" }}"#, server.display));
    assert_eq!(Capture::start_with(&options).grid(), drawn);
}

#[test]
fn a_region_is_captured_where_it_is_and_refused_where_it_is_not() {
    let Some(server) = Xvfb::start(&["-screen", "0", "640x480x24"]) else { return };
    let client = Client::of(&server);
    let drawn = client.noise(client.root, client.size, 2);
    let region = |x: i32, y: i32, width: i32, height: i32| {
        server.options(&format!(
            r#"{{ "colour": "bgra", "cursor": false, "region": {{ "x": {x}, "y": {y}, "width": {width}, "height": {height} }} }}"#
        ))
    };
    for (x, y, width, height) in [(0, 0, 640, 480), (33, 77, 601, 403), (639, 479, 1, 1), (1, 0, 3, 480)] {
        let grid = Capture::start_with(&region(x, y, width, height)).grid();
        assert_eq!(grid, drawn.part((x as u16, y as u16), (width as u16, height as u16)));
    }
    for (x, y, width, height, nearest) in
        [(600, 470, 50, 20, "50x20 at 590,460"), (-10, 0, 20, 20, "20x20 at 0,0"), (0, 0, 641, 480, "640x480 at 0,0")]
    {
        let Err(Loss::Lost(error)) = Capture::new(&region(x, y, width, height)).start() else { panic!("taken") };
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("region")));
        let message = format!(
            "Cannot use region {width}x{height} at {x},{y}: it is not inside the screen, which is 640x480; the nearest is {nearest}"
        );
        assert_eq!(error.message, message);
    }
}

#[test]
fn a_monitor_is_captured_by_its_name() {
    let Some(server) = Xvfb::start(&["-screen", "0", "320x240x24"]) else { return };
    let client = Client::of(&server);
    let drawn = client.noise(client.root, client.size, 3);
    let listed = screen::list().unwrap();
    let own = listed.iter().find(|screen| screen.display == server.display).unwrap();
    assert_eq!((own.width, own.height, &own.problem), (320, 240, &None));
    let name = &own.monitors[0].name;
    let options = server.options(&format!(r#"{{ "colour": "bgra", "cursor": false, "monitor": {name:?} }}"#));
    assert_eq!(Capture::start_with(&options).grid(), drawn);
    let Err(Loss::Lost(error)) = Capture::new(&server.options(r#"{ "monitor": "DP-9" }"#)).start() else {
        panic!("taken")
    };
    assert_eq!(error.message, format!("Cannot find the monitor \"DP-9\": the screen has {name:?}"));
}

/// A cursor of two colours whose pointer is at 5, 6 of 17 by 13.
fn set_cursor(client: &Client) {
    let connection = &client.connection;
    let [source, mask] = [(); 2].map(|()| connection.generate_id().unwrap());
    for (pixmap, parts) in [
        (source, &[Rectangle { x: 2, y: 3, width: 9, height: 5 }][..]),
        (mask, &[Rectangle { x: 0, y: 1, width: 17, height: 9 }, Rectangle { x: 4, y: 0, width: 3, height: 13 }]),
    ] {
        connection.create_pixmap(1, pixmap, client.root, 17, 13).unwrap();
        let [clear, set] = [0, 1].map(|value| {
            let pen = connection.generate_id().unwrap();
            connection.create_gc(pen, pixmap, &CreateGCAux::new().foreground(value)).unwrap();
            pen
        });
        connection.poly_fill_rectangle(pixmap, clear, &[Rectangle { x: 0, y: 0, width: 17, height: 13 }]).unwrap();
        connection.poly_fill_rectangle(pixmap, set, parts).unwrap();
    }
    let cursor = connection.generate_id().unwrap();
    connection.create_cursor(cursor, source, mask, 0xFFFF, 0x8000, 0x1000, 0, 0x2000, 0xFFFF, 5, 6).unwrap();
    let attributes = ChangeWindowAttributesAux::new().cursor(cursor);
    connection.change_window_attributes(client.root, &attributes).unwrap();
    client.sync();
}

#[test]
fn the_cursor_is_drawn_where_it_is_and_clipped_at_every_edge() {
    let Some(server) = Xvfb::start(&["-screen", "0", "160x120x24"]) else { return };
    let client = Client::of(&server);
    let drawn = client.noise(client.root, client.size, 4);
    client.point(80, 60);
    set_cursor(&client);
    let mut capture = Capture::start_with(&server.options(r#"{ "colour": "bgra" }"#));
    let json = r#"{ "colour": "bgra", "region": { "x": 50, "y": 40, "width": 31, "height": 25 } }"#;
    let mut part = Capture::start_with(&server.options(json));
    let mut without = Capture::start_with(&server.options(BGRA));
    for (x, y) in [(80, 60), (0, 0), (159, 0), (0, 119), (159, 119), (2, 70), (50, 40), (45, 38), (84, 63), (100, 100)]
    {
        client.point(x, y);
        let Some(seen) = Grid::by_ffmpeg(&server, (0, 0), client.size, true) else { return };
        assert_ne!(seen, drawn, "there is a cursor at {x}, {y}");
        capture.wait_for(&seen);
        part.wait_for(&seen.part((50, 40), (31, 25)));
        assert_eq!(without.grid(), drawn);
    }
}

#[test]
fn pixels_of_other_depths_keep_their_colours() {
    let near =
        |seen: [u8; 3], wanted: [u8; 3]| seen.iter().zip(wanted).all(|(seen, wanted)| seen.abs_diff(wanted) <= 1);
    for (depth, fills) in [
        ("30", vec![(0x2008_0200_u32, [128, 128, 128]), (0x3FF0_0000, [0, 0, 255]), (0x000F_FC00, [0, 255, 0])]),
        ("16", vec![(0x8410, [132, 130, 132]), (0xF800, [0, 0, 255]), (0x001F, [255, 0, 0])]),
        ("15", vec![(0x4210, [132, 132, 132]), (0x7C00, [0, 0, 255]), (0x03E0, [0, 255, 0])]),
    ] {
        // Rows of an odd number of 16 bits are padded.
        let Some(server) = Xvfb::start(&["-screen", "0", &format!("101x31x{depth}")]) else { return };
        let client = Client::of(&server);
        let mut capture = Capture::start_with(&server.options(BGRA));
        for (pixel, wanted) in fills {
            client.fill(client.root, (0, 0, 101, 31), 0);
            client.fill(client.root, (3, 5, 97, 20), pixel);
            let grid = loop {
                let grid = capture.grid();
                if near(grid.at(50, 10), wanted) {
                    break grid;
                }
            };
            let is_inside = |x: u16, y: u16| (3..100).contains(&x) && (5..25).contains(&y);
            let expected = Grid::of((101, 31), |x, y| if is_inside(x, y) { grid.at(50, 10) } else { [0; 3] });
            assert_eq!(grid, expected, "depth {depth}");
        }
    }
    let Some(server) = Xvfb::start(&["-screen", "0", "64x64x8"]) else { return };
    let Err(Loss::Lost(error)) = Capture::new(&server.options(BGRA)).start() else { panic!("taken") };
    assert_eq!(error.code, Code::ScreenUnavailable);
    assert!(error.message.contains("of depth 8"), "{error}");
}

#[test]
fn luma_and_chroma_are_those_of_the_colours_that_were_drawn() {
    for (size, matrix) in [((641_u16, 479_u16), [0.299, 0.587, 0.114]), ((1280, 720), [0.2126, 0.7152, 0.0722])] {
        let Some(server) = Xvfb::start(&["-screen", "0", &format!("{}x{}x24", size.0, size.1)]) else { return };
        let client = Client::of(&server);
        client.fill(client.root, (0, 0, size.0, size.1), 0x00C8_3214);
        for colour in ["i420", "nv12", "uyvy"] {
            let mut capture =
                Capture::start_with(&server.options(&format!(r#"{{ "colour": "{colour}", "cursor": false }}"#)));
            let (picture, _) = capture.next().unwrap();
            let planes = picture.view().unwrap();
            assert_eq!((picture.width(), picture.height()), (size.0.into(), size.1.into()));
            let [red, green, blue] = [200.0, 50.0, 20.0];
            let luma = matrix[0] * red + matrix[1] * green + matrix[2] * blue;
            let chroma = |value: f64, weight: f64| 128.0 + 224.0 / 255.0 * (value - luma) / (2.0 * (1.0 - weight));
            let wanted = [16.0 + luma * 219.0 / 255.0, chroma(blue, matrix[2]), chroma(red, matrix[0])];
            let places = match colour {
                "i420" => [(0, 0, 1), (1, 0, 1), (2, 0, 1)],
                "nv12" => [(0, 0, 1), (1, 0, 2), (1, 1, 2)],
                _ => [(0, 1, 2), (0, 0, 4), (0, 2, 4)],
            };
            for ((plane, first, step), wanted) in places.into_iter().zip(wanted) {
                for row in planes.rows(plane) {
                    let worst = row.iter().skip(first).step_by(step).map(|sample| (f64::from(*sample) - wanted).abs());
                    assert!(worst.fold(0.0, f64::max) <= 1.0, "{colour}: plane {plane} is not {wanted}");
                }
            }
        }
    }
}

#[test]
fn a_screen_is_found_by_its_abstract_name_where_its_socket_has_no_file() {
    let Some(server) = Xvfb::start(&["-screen", "0", "30x20x24", "-nolisten", "unix"]) else { return };
    let black = Grid::of((30, 20), |_, _| [0; 3]);
    assert_eq!(Capture::start_with(&server.options(BGRA)).grid(), black);
}
