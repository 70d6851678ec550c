//! Transport streams of MPEG, by datagrams and by HTTP. They are made by the command `ffmpeg`; without it these tests say
//! so, and do nothing.

use std::{net::UdpSocket, process::Command, thread, time::Duration};

use giftgrab_core::{error::Code, pipeline::live::LiveState};

use super::{
    open, options,
    server::{Request, send, serve},
};

/// Bytes of the packets of a usual datagram.
const DATAGRAM: usize = 7 * 188;

/// Ten seconds of video with 20 frames a second, or of sound.
fn transport_stream(is_video: bool) -> Option<Vec<u8>> {
    let input = if is_video { "testsrc2=s=64x48:r=20" } else { "sine" };
    let codec = if is_video { ["-c:v", "mpeg2video", "-g", "5"] } else { ["-c:a", "mp2", "-b:a", "384k"] };
    let command = ["-v", "error", "-f", "lavfi", "-t", "10", "-i", input];
    let output = Command::new("ffmpeg").args(command).args(codec).args(["-f", "mpegts", "-"]).output();
    match output {
        Ok(output) if output.status.success() => Some(output.stdout),
        _ => {
            println!("skipped: there is no command ffmpeg that makes the streams");
            None
        }
    }
}

/// Sends the datagrams of ten seconds in ten seconds, one of them wrapped in RTP, but for the one numbered `left_out`.
fn send_datagrams(bytes: Vec<u8>, port: u16, left_out: usize) {
    thread::spawn(move || {
        let [socket, stranger] = ["127.0.0.1:0", "127.0.0.3:0"].map(|place| UdpSocket::bind(place).unwrap());
        let pause = Duration::from_secs(10) / (bytes.len() / DATAGRAM) as u32;
        for (number, datagram) in bytes.chunks(DATAGRAM).enumerate() {
            let wrapped = [&[0x80, 33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], datagram].concat();
            if number != left_out {
                let _ = socket.send_to(if number == 3 { &wrapped } else { datagram }, ("127.0.0.1", port));
            }
            for noise in [&datagram[..datagram.len() / 2], &[0x47; 188], &[]] {
                let _ = stranger.send_to(noise, ("127.0.0.1", port));
            }
            thread::sleep(pause);
        }
    });
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn datagrams_of_one_sender_play_and_lost_packets_are_counted() {
    let Some(bytes) = transport_stream(true) else { return };
    let port = free_port();
    let left_out = bytes.len() / DATAGRAM / 3;
    send_datagrams(bytes, port, left_out);
    let mut open = open(&options(&format!("udp://127.0.0.1:{port}"))).0.unwrap();
    let (frames, states) = open.frames(100, Duration::from_secs(9));
    assert_eq!((frames, states.len()), (100, 0), "{states:?}");
    assert_eq!(open.stats().lost, 7);
}

#[test]
fn sound_alone_or_nothing_is_no_video() {
    let Some(bytes) = transport_stream(false) else { return };
    let port = free_port();
    send_datagrams(bytes, port, usize::MAX);
    let (opened, took) = open(&options(&format!("udp://127.0.0.1:{port}")));
    assert_eq!(opened.err().unwrap().code, Code::NoVideo);
    assert!(took < Duration::from_millis(1200), "{took:?}");
    let (opened, took) = open(&options(&format!("udp://127.0.0.1:{}", free_port())));
    assert_eq!(opened.err().unwrap().code, Code::NetworkUnavailable);
    assert!(took < Duration::from_millis(1200), "{took:?}");
}

#[test]
fn a_transport_stream_by_http_plays_and_its_end_and_silence_are_reported() {
    let Some(bytes) = transport_stream(true) else { return };
    let place = serve(move |mut stream| {
        let Some(_) = Request::read(&mut stream) else { return };
        let _ = send(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n");
        let third = bytes.len() / 3;
        for (number, piece) in bytes[..third].chunks(third / 30).enumerate() {
            if !send(&mut stream, piece) {
                return;
            }
            // A second of silence.
            thread::sleep(Duration::from_millis(if number == 15 { 1000 } else { 100 }));
        }
    });
    let mut open = open(&options(&format!("http://{place}/ts"))).0.unwrap();
    let (frames, states) = open.frames(90, Duration::from_secs(9));
    let codes: Vec<_> = states.into_iter().map(|(state, cause)| (state, cause.map(|error| error.code))).collect();
    assert_eq!(
        (frames, &codes[..]),
        (
            90,
            &[
                (LiveState::Stalled, Some(Code::SourceSilent)),
                (LiveState::Live, None),
                (LiveState::Lost, Some(Code::ConnectionLost)),
                (LiveState::Live, None),
            ][..]
        )
    );
}
