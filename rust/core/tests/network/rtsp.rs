//! Servers of RTSP.

use std::{
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use giftgrab_core::{
    error::Code,
    pipeline::{Clock, Signal, SystemClock, live::LiveState},
    source::{
        network::{
            self,
            options::{NetworkOptions, Transport},
        },
        producer::Patience,
    },
};

use super::{
    at_once, open, options,
    script::{SDP, describe, framed, picture, reply, send_pictures, server, usual},
    server::{Request, Victim, keep_silent, send, serve},
};

#[test]
fn usual_streams_and_odd_ones_play() {
    type Answer = fn(&Request) -> String;
    fn with(method: &str, request: &Request, other: impl FnOnce() -> String) -> String {
        if request.method() == method { other() } else { usual(request) }
    }
    let dialects: [(&str, Answer); 17] = [
        ("usual", usual),
        ("no name of the session's end", |r| with("SETUP", r, || usual(r).replace(";timeout=60", ""))),
        ("a session with more", |r| with("SETUP", r, || usual(r).replace("timeout=60", "x=y; Timeout = 0"))),
        ("ssrc first, as a lie", |r| with("SETUP", r, || usual(r).replace("interleaved", "ssrc=00000001;interleaved"))),
        ("small letters", |r| {
            usual(r).replace("CSeq", "cseq").replace("Session", "session").replace("Transport", "transport")
        }),
        ("line feeds only", |r| {
            let answer = usual(r);
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            format!("{}\n\n{body}", head.replace("\r\n", "\n"))
        }),
        ("no numbers", |r| usual(r).replace("CSeq", "X-CSeq")),
        ("no content type", |r| with("DESCRIBE", r, || usual(r).replace("Content-Type: application/sdp\r\n", ""))),
        ("a content type with more", |r| with("DESCRIBE", r, || usual(r).replace("/sdp", "/SDP;charset=utf-8"))),
        ("an empty base", |r| {
            with("DESCRIBE", r, || usual(r).replace("Content-Type", "Content-Base: \r\nContent-Type"))
        }),
        ("a base without a protocol", |r| {
            with("DESCRIBE", r, || usual(r).replace("Content-Type", "Content-Base: 10.0.0.1/a/\r\nContent-Type"))
        }),
        ("sound and other things", |r| {
            with("DESCRIBE", r, || {
                let other = "m=audio 0 RTP/AVP 0\r\na=control:t0\r\nm=application 0 RTP/AVP 107\r\na=rtpmap:107 \r\n";
                describe(r, &SDP.replace("m=video", &format!("{other}m=video")))
            })
        }),
        ("half of the parameter sets", |r| {
            with("DESCRIBE", r, || describe(r, &SDP.replace("mode=1", "mode=1;sprop-parameter-sets=Z0LAHtkDxWhA,")))
        }),
        ("no parameters at all", |r| {
            with("DESCRIBE", r, || describe(r, &SDP.replace("a=fmtp:96 packetization-mode=1\r\n", "")))
        }),
        ("times that make no sense", |r| {
            with("PLAY", r, || reply(r, "200 OK", "RTP-Info: url=?;seq=x;rtptime=\r\n", ""))
        }),
        ("packets before the answer", |r| {
            with("PLAY", r, || {
                let early = String::from_utf8(framed(9, &[0x20; 50])).unwrap();
                format!("{}\r\nxyz{}", early.repeat(5), usual(r))
            })
        }),
        ("a request of the server", |r| {
            with("PLAY", r, || format!("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n{}", usual(r)))
        }),
    ];
    let tests: Vec<_> = dialects
        .into_iter()
        .map(|(name, answer)| {
            thread::spawn(move || {
                let (opened, took) = open(&options(&server(answer)));
                let mut open = opened.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                assert!(took < Duration::from_millis(800), "{name}: {took:?}");
                let (frames, states) = open.frames(10, Duration::from_secs(3));
                assert_eq!((frames, states.len()), (10, 0), "{name}: {states:?}");
                let stats = open.stats();
                assert_eq!((stats.lost, stats.damaged, stats.distrusted_stamps), (0, 0, 0), "{name}");
            })
        })
        .collect();
    tests.into_iter().for_each(|test| test.join().unwrap());
}

/// Whether a source refuses `url` with a code, in time, and without a word to another host.
pub fn check_refused(name: &str, options: &NetworkOptions, code: Code, words: &str, victims: &[Victim]) {
    let (opened, took) = open(options);
    let error = opened.err().unwrap_or_else(|| panic!("{name}: is taken"));
    assert_eq!(error.code, code, "{name}: {error:?}");
    assert!(error.message.contains(words), "{name}: {error:?}");
    assert!(took < Duration::from_millis(1200), "{name}: {took:?}");
    assert!(!format!("{error:?}").contains("s3cr3t"), "{name}: {error:?}");
    victims.iter().for_each(|victim| victim.check(name));
}

#[test]
fn a_server_that_names_other_hosts_gets_nothing_sent_to_them() {
    let victims = [Victim::new("127.0.0.2"), Victim::new("127.0.0.3")];
    let (first, second) = (victims[0].place(), victims[1].place());
    for status in ["301 Moved", "302 Moved", "303 Other", "305 Proxy", "307 Moved"] {
        let url = server(move |request| reply(request, status, &format!("Location: rtsp://{first}/secret\r\n"), ""));
        check_refused(status, &options(&url), Code::NetworkUnavailable, "another address", &victims);
    }
    let foreign = move |request: &Request| {
        let answer = usual(request);
        if request.method() != "SETUP" {
            return answer;
        }
        answer.replace("server_port=29000-29001", &format!("server_port={}-1;source={}", second.port(), second.ip()))
    };
    let udp = NetworkOptions { transport: Transport::Udp, ..options(&server(foreign)) };
    check_refused("source", &udp, Code::NetworkUnavailable, "another host", &victims);
    let multicast = |request: &Request| usual(request).replace("unicast", "multicast;destination=127.0.0.3");
    let udp = NetworkOptions { transport: Transport::Udp, ..options(&server(multicast)) };
    check_refused("multicast", &udp, Code::NetworkUnavailable, "another host", &victims);
    // The name of another host is only a name: all goes to the one server, as behind a router that forwards ports.
    let tool = "a=tool:LIVE555 Streaming Media v2010.01.01\r\nm=video";
    for (base, control) in
        [(true, "t1".to_owned()), (false, format!("rtsp://{first}/t1")), (true, format!("rtsp://{first}/t1"))]
    {
        let sdp = SDP.replace("control:t1", &format!("control:{control}")).replace("m=video", tool);
        let url = server(move |request| {
            if request.method() != "DESCRIBE" {
                return usual(request);
            }
            let base = if base { format!("Content-Base: rtsp://{second}/b/\r\n") } else { String::new() };
            reply(request, "200 OK", &format!("Content-Type: application/sdp\r\n{base}"), &sdp)
        });
        let mut open = open(&options(&url)).0.unwrap();
        assert_eq!(open.frames(5, Duration::from_secs(2)).0, 5);
        drop(open);
        thread::sleep(Duration::from_millis(100));
        victims.iter().for_each(|victim| victim.check(&control));
    }
}

#[test]
fn what_is_no_stream_is_a_typed_error_in_time() {
    let big = || "x".repeat(64 << 20);
    let sdp = |text: &'static str| {
        move |request: &Request| {
            if request.method() == "DESCRIBE" {
                describe(request, &SDP.replace("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000", text))
            } else {
                usual(request)
            }
        }
    };
    let status = |status: &'static str| move |request: &Request| reply(request, status, "", "");
    let unavailable = Code::NetworkUnavailable;
    let raw = |bytes: String| move |_: &Request| bytes.clone();
    let cases: Vec<(&str, String, Code, &str)> = vec![
        ("404", server(status("404 Not Found")), unavailable, "no such stream"),
        ("453", server(status("453 Not Enough Bandwidth")), unavailable, "no room"),
        ("461", server(status("461 Unsupported Transport")), unavailable, "transport"),
        ("500", server(status("500 Oops")), unavailable, "refuses"),
        ("999", server(status("999 ?")), unavailable, "refuses"),
        ("401", server(status("401 No")), Code::PermissionDenied, "asks for a name"),
        ("403", server(status("403 No")), Code::PermissionDenied, "allow"),
        ("another number", server(|_| "RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n".to_owned()), unavailable, "in time"),
        ("HTTP", server(raw("HTTP/1.1 200 OK\r\n\r\n".repeat(1000))), unavailable, "no RTSP"),
        ("garbage", server(raw("\u{1}".repeat(10_000))), unavailable, "no RTSP"),
        ("64 MB of a header", server(move |_| format!("RTSP/1.0 200 OK\r\nX: {}", big())), unavailable, "endless"),
        (
            "64 MB of a body",
            server(raw("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 67108864\r\n\r\n".to_owned())),
            unavailable,
            "larger",
        ),
        (
            "a length below 0",
            server(raw("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: -5\r\n\r\n".to_owned())),
            unavailable,
            "larger",
        ),
        (
            "a length that is a lie",
            server(raw("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 9999\r\n\r\nv=0".to_owned())),
            unavailable,
            "in time",
        ),
        ("no description", server(|r| describe(r, "")), unavailable, "description"),
        ("a description of noughts", server(|r| describe(r, &"\0".repeat(1000))), unavailable, "description"),
        ("100,000 streams", server(|r| describe(r, &format!("{SDP}{}", "m=x\r\n".repeat(100_000)))), unavailable, ""),
        (
            "100,000 sounds",
            server(|r| {
                describe(
                    r,
                    &"v=0\r\no=- 0 0 IN IP4 1\r\ns=x\r\nt=0 0\r\n"
                        .chars()
                        .chain("m=audio 0 RTP/AVP 0\r\n".repeat(40_000).chars())
                        .collect::<String>(),
                )
            }),
            Code::NoVideo,
            "no video",
        ),
        ("only sound", server(sdp("m=audio 0 RTP/AVP 0")), Code::NoVideo, "no video"),
        ("VP8", server(sdp("m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000")), Code::CodecUnavailable, "vp8"),
        ("a clock of 0", server(sdp("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/0")), unavailable, ""),
        (
            "no session",
            server(|r| if r.method() == "SETUP" { reply(r, "200 OK", "", "") } else { usual(r) }),
            unavailable,
            "within the connection",
        ),
        ("no channel", server(|r| usual(r).replace("interleaved", "x")), unavailable, "within the connection"),
        ("channel 255", server(|r| usual(r).replace("0-1", "255-256")), unavailable, "within the connection"),
    ];
    let tests: Vec<_> = cases
        .into_iter()
        .map(|(name, url, code, words)| thread::spawn(move || check_refused(name, &options(&url), code, words, &[])))
        .collect();
    let failures = tests.into_iter().filter_map(|test| test.join().err()).count();
    assert_eq!(failures, 0);
}

/// A server that stops to answer from `method` on: it is silent, sends headers without end, or closes.
fn stops(method: &'static str, how: &'static str) -> String {
    let place = serve(move |mut stream| {
        while let Some(request) = Request::read(&mut stream) {
            if request.method() == method {
                match how {
                    "silence" => keep_silent(&mut stream),
                    "end" => {}
                    _ => {
                        let _ = send(&mut stream, b"RTSP/1.0 200 OK\r\n");
                        while send(&mut stream, &b"X: y\r\n".repeat(1000)) {}
                    }
                }
                return;
            }
            if !send(&mut stream, usual(&request).as_bytes()) {
                return;
            }
        }
        keep_silent(&mut stream);
    });
    format!("rtsp://u5er:s3cr3t@{place}/a")
}

#[test]
fn a_server_that_stops_at_any_stage_is_given_up_in_time() {
    let cases = ["DESCRIBE", "SETUP", "PLAY", "none"].into_iter().flat_map(|method| {
        [("silence", "came"), ("end", "closed"), ("endless", "endless")].map(|(how, words)| (method, how, words))
    });
    at_once(cases, |(method, how, words)| {
        let words = if method == "none" { "came" } else { words };
        let name = format!("{how} at {method}");
        check_refused(&name, &options(&stops(method, how)), Code::NetworkUnavailable, words, &[]);
    });
}

#[test]
fn a_driver_ends_each_wait_within_100_ms_of_another_order() {
    let silent = |method| NetworkOptions::new(&stops(method, "silence"));
    // Nobody answers at such an address.
    let nowhere = NetworkOptions::new("rtsp://192.0.2.1/a");
    for options in [silent("DESCRIBE"), silent("SETUP"), silent("PLAY"), silent("none"), nowhere] {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let signal = Signal::new(&clock);
        let (mut driver, _) = network::open(&options).unwrap();
        let (waker, raised) = (driver.waker().unwrap(), signal.clone());
        let seen = signal.seen();
        let raiser = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            raised.raise();
            waker.wake();
            Instant::now()
        });
        let patience = Patience { signal: &signal, seen, deadline_ns: clock.now_ns() + 5_000_000_000 };
        let ended = driver.start(&patience).is_err();
        let end = Instant::now();
        let late = end.saturating_duration_since(raiser.join().unwrap());
        assert!(ended && late < Duration::from_millis(100), "{options:?}: {late:?}");
        let begin = Instant::now();
        driver.close();
        assert!(begin.elapsed() < Duration::from_millis(500));
    }
}

#[test]
fn datagrams_come_in_order_from_the_server_only_and_lost_ones_are_counted() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let answer = move |request: &Request| {
        let answer = usual(request).replace("server_port=29000-29001", &format!("server_port={port}-{}", port + 1));
        if request.method() == "SETUP" {
            let asked = request.header("Transport").unwrap();
            let client: u16 = asked.split("client_port=").nth(1).unwrap().split('-').next().unwrap().parse().unwrap();
            let socket = socket.try_clone().unwrap();
            thread::spawn(move || {
                let stranger = UdpSocket::bind("127.0.0.3:0").unwrap();
                for number in 0..100_u16 {
                    thread::sleep(Duration::from_millis(50));
                    let [first, second, third] = picture(number, u32::from(number) * 4500);
                    let _ = stranger.send_to(&third, ("127.0.0.1", client));
                    // Of the tenth picture the last packet is lost; the others are swapped, and one comes twice.
                    let packets =
                        if number == 10 { vec![&second, &first] } else { vec![&second, &first, &third, &first] };
                    for packet in packets {
                        let _ = socket.send_to(packet, ("127.0.0.1", client));
                    }
                }
            });
        }
        answer
    };
    let place = serve(move |mut stream| {
        while let Some(request) = Request::read(&mut stream) {
            let _ = send(&mut stream, answer(&request).as_bytes());
        }
    });
    let udp = NetworkOptions { transport: Transport::Udp, ..options(&format!("rtsp://{place}/a")) };
    let mut open = open(&udp).0.unwrap();
    let (frames, states) = open.frames(30, Duration::from_secs(4));
    assert_eq!((frames, states.len()), (30, 0), "{states:?}");
    assert_eq!(open.stats().lost, 1);
}

#[test]
fn a_stream_that_ends_or_falls_silent_is_reported_and_comes_back() {
    let connections = Arc::new(AtomicUsize::new(0));
    let place = serve(move |mut stream| {
        let number = connections.fetch_add(1, SeqCst);
        while let Some(request) = Request::read(&mut stream) {
            let _ = send(&mut stream, usual(&request).as_bytes());
            if request.method() == "PLAY" {
                match number {
                    // Ends after half a second, or is silent then.
                    0 => return send_pictures(&mut stream, 0, 20),
                    1 => {
                        send_pictures(&mut stream, 0, 20);
                        return keep_silent(&mut stream);
                    }
                    _ => send_pictures(&mut stream, 0, 200),
                }
            }
        }
    });
    let mut open = open(&options(&format!("rtsp://{place}/a"))).0.unwrap();
    let (frames, states) = open.frames(60, Duration::from_secs(10));
    assert_eq!(frames, 60);
    let states: Vec<_> = states.into_iter().map(|(state, cause)| (state, cause.map(|error| error.code))).collect();
    assert_eq!(
        states,
        [
            (LiveState::Lost, Some(Code::ConnectionLost)),
            (LiveState::Live, None),
            (LiveState::Stalled, Some(Code::SourceSilent)),
            (LiveState::Lost, Some(Code::SourceSilent)),
            (LiveState::Live, None),
        ]
    );
}
