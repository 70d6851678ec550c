//! Servers of HTTP.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use giftgrab_core::{
    error::{Code, Error},
    pipeline::live::LiveState,
    source::network::options::NetworkOptions,
};

use super::{
    at_once, open, options,
    server::{Request, Victim, bytes_of, send, serve},
};

/// A grey picture of 16x16 pixels.
const JPEG: &str = "ffd8ffe000104a46494600010200000100010000fffe00104c61766335392e33372e31303000ffdb0043000828282f282f373737373737413c\
                    414343434141414143434348484855555548484843434848505055555c5f5c575755575f5f646464787873738c8c91acaccfffc4004a0001\
                    00000000000000000000000000000000010100000000000000000000000000000000100100000000000000000000000000000000110100\
                    000000000000000000000000000000ffc00011080010001003012200021100031100ffda000c03010002110311003f00000fffd9";

/// A server that sends a head, and `part` before and behind each of 20 pictures a second.
fn server(head: &'static str, before: &'static str, behind: &'static str) -> String {
    let jpeg = bytes_of(JPEG);
    let place = serve(move |mut stream| {
        let Some(_) = Request::read(&mut stream) else { return };
        let mut goes_on = send(&mut stream, head.as_bytes());
        while goes_on {
            let before = before.replace("LENGTH", &jpeg.len().to_string());
            let part = [before.as_bytes(), &jpeg, behind.as_bytes()].concat();
            goes_on = if head.contains("chunked") {
                let (first, second) = part.split_at(part.len() / 2);
                [first, second].iter().all(|half| {
                    send(&mut stream, &[format!("{:x}\r\n", half.len()).as_bytes(), half, b"\r\n"].concat())
                })
            } else {
                send(&mut stream, &part)
            };
            thread::sleep(Duration::from_millis(50));
        }
    });
    format!("http://{place}/video")
}

#[test]
fn pictures_come_in_every_dialect() {
    const TYPE: &str = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n";
    const QUOTED: &str = "HTTP/1.1 200 OK\r\ncontent-type: Multipart/X-Mixed-Replace;boundary=\"--b\"\r\n\r\n";
    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n";
    let part = "--b\r\nContent-Type: image/jpeg\r\nContent-Length: LENGTH\r\n\r\n";
    let dialects = [
        ("usual", TYPE, part, "\r\n"),
        ("dashes in the boundary", QUOTED, "----b\r\nContent-Type: image/jpeg\r\n\r\n", "\r\n"),
        ("no dashes", TYPE, "b\r\nContent-Type: image/jpeg\r\n\r\n", "\r\n"),
        ("no length", TYPE, "--b\r\nContent-Type: image/jpeg\r\n\r\n", "\r\n"),
        ("a wrong length", TYPE, "--b\r\nContent-Length: 7\r\n\r\n", "\r\n"),
        ("no headers", TYPE, "--b\r\n\r\n", "\r\n"),
        ("no boundary before the first part", TYPE, "Content-Type: image/jpeg\r\n\r\n", "\r\n--b\r\n"),
        (
            "line feeds only",
            "HTTP/1.0 200 OK\nContent-Type: multipart/x-mixed-replace; boundary=b\n\n",
            "--b\n\n",
            "\n",
        ),
        ("chunks", CHUNKED, part, "\r\n"),
        ("no type", "HTTP/1.0 200 OK\r\n\r\n", "", ""),
        ("pictures only", "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n", "", ""),
        ("filling", TYPE, part, "\0\0\0\0\r\n"),
        (
            "a wrong length of it all",
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nContent-Type: multipart/x\r\n\r\n",
            part,
            "\r\n",
        ),
    ];
    let tests = dialects.map(|(name, head, before, behind)| {
        thread::spawn(move || {
            let (opened, took) = open(&options(&server(head, before, behind)));
            let mut open = opened.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert!(took < Duration::from_millis(500), "{name}: {took:?}");
            let (frames, states) = open.frames(10, Duration::from_secs(3));
            assert_eq!((frames, states.len(), open.stats().damaged), (10, 0, 0), "{name}: {states:?}");
        })
    });
    tests.into_iter().for_each(|test| test.join().unwrap());
}

fn refusal(options: &NetworkOptions) -> Error {
    let (opened, took) = open(options);
    assert!(took < Duration::from_millis(1200), "{took:?}");
    opened.err().unwrap()
}

fn says(answer: impl Fn(&Request) -> String + Send + Sync + 'static) -> String {
    let place = serve(move |mut stream| {
        let Some(request) = Request::read(&mut stream) else { return };
        if !send(&mut stream, answer(&request).as_bytes()) {
            return;
        }
        super::server::keep_silent(&mut stream);
    });
    format!("http://u5er:s3cr3t@{place}/k3y-of-it?t=k3y")
}

#[test]
fn what_is_no_stream_is_a_typed_error_in_time() {
    let unavailable = Code::NetworkUnavailable;
    let jpeg = String::from_utf8_lossy(&bytes_of(JPEG)).into_owned();
    let cases = [
        ("404", "HTTP/1.1 404 No\r\n\r\n".to_owned(), unavailable, "no such stream"),
        ("403", "HTTP/1.1 403 No\r\n\r\n".to_owned(), Code::PermissionDenied, "allow"),
        ("503", "HTTP/1.1 503 No\r\nRetry-After: 1\r\n\r\n".to_owned(), unavailable, "no room"),
        (
            "401",
            format!("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Type: image/jpeg\r\n\r\n{jpeg}"),
            Code::PermissionDenied,
            "refuses",
        ),
        (
            "401 of another kind",
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\n\r\n".to_owned(),
            Code::PermissionDenied,
            "not known",
        ),
        ("a page", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>".to_owned(), unavailable, "page"),
        (
            "a playlist",
            "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n#EXTM3U".to_owned(),
            unavailable,
            "playlist",
        ),
        ("a playlist of no type", "HTTP/1.1 200 OK\r\n\r\n#EXTM3U\nhttp://127.0.0.2/\n".repeat(200), unavailable, ""),
        (
            "one picture",
            "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 220\r\n\r\n".to_owned(),
            unavailable,
            "single",
        ),
        ("RTSP", "RTSP/1.0 200 OK\r\n\r\n".to_owned(), unavailable, "no HTTP"),
        (
            "a wrong chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".to_owned(),
            unavailable,
            "ended",
        ),
        ("nothing", String::new(), unavailable, "answer"),
        ("half a head", "HTTP/1.1 200 OK\r\n".to_owned(), unavailable, "answer"),
        ("no body", "HTTP/1.1 200 OK\r\n\r\n".to_owned(), unavailable, "answer"),
        ("an endless head", format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(1_000_000)), unavailable, "endless"),
        ("64 MB of a header", format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(64 << 20)), unavailable, "endless"),
        (
            "no picture",
            "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n--b\r\n".to_owned(),
            unavailable,
            "no frame",
        ),
    ];
    at_once(cases, |(name, answer, code, words)| {
        let error = refusal(&options(&says(move |_| answer.clone())));
        assert_eq!(error.code, code, "{name}: {error:?}");
        assert!(error.message.contains(words), "{name}: {error:?}");
        let shown = format!("{error:?}");
        assert!(!shown.contains("s3cr3t") && !shown.contains("k3y"), "{name}: {shown}");
    });
}

#[test]
fn another_host_gets_no_request_and_another_path_of_the_same_one_does() {
    let victim = Victim::new("127.0.0.2");
    let place = victim.place();
    for location in [format!("http://{place}/"), format!("//{place}/"), "file:///etc/passwd".to_owned(), String::new()]
    {
        let name = location.clone();
        let url = says(move |_| format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n"));
        let error = refusal(&options(&url));
        assert!(error.code == Code::NetworkUnavailable, "{name}: {error:?}");
        victim.check(&name);
    }
    let jpeg = bytes_of(JPEG);
    let here = serve(move |mut stream| {
        let Some(request) = Request::read(&mut stream) else { return };
        if request.uri() == "/video" {
            let _ = send(&mut stream, b"HTTP/1.1 301 Moved\r\nLocation: /live?x=y\r\n\r\n");
            return;
        }
        assert_eq!(request.uri(), "/live?x=y");
        let _ = send(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n");
        while send(&mut stream, &jpeg) {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let mut open = open(&options(&format!("http://{here}/video"))).0.unwrap();
    assert_eq!(open.frames(3, Duration::from_secs(2)).0, 3);
}

#[test]
fn a_stream_that_ends_is_reported_and_asked_for_again_with_the_password() {
    let jpeg = bytes_of(JPEG);
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let place = serve(move |mut stream| {
        let Some(request) = Request::read(&mut stream) else { return };
        counted.fetch_add(1, SeqCst);
        if request.header("Authorization") != Some("Basic dTVlcjpzM2NyM3RA") {
            let _ = send(&mut stream, b"HTTP/1.0 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n");
            return;
        }
        let _ = send(&mut stream, b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n");
        for number in 0..10 {
            // One of the pictures has no end.
            let end = if number == 5 { 100 } else { jpeg.len() };
            if !send(&mut stream, &[b"--b\r\n\r\n", &jpeg[..end], b"\r\n"].concat()) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
    let mut open = open(&options(&format!("http://u5er:s3cr3t%40@{place}/"))).0.unwrap();
    let (frames, states) = open.frames(12, Duration::from_secs(5));
    let codes: Vec<_> = states.into_iter().map(|(state, cause)| (state, cause.map(|error| error.code))).collect();
    assert_eq!(frames, 12);
    assert_eq!(codes[..2], [(LiveState::Lost, Some(Code::ConnectionLost)), (LiveState::Live, None)]);
    let stats = open.stats();
    assert!(stats.damaged >= 1 && requests.load(SeqCst) >= 4, "{stats:?}");
}
