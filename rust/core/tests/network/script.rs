//! What a server of RTSP says and sends.

use std::{net::TcpStream, thread, time::Duration};

use super::server::{Request, bytes_of, send, serve};

/// A grey picture of 16x16 pixels: sequence and picture parameter sets, and an IDR slice.
pub const SPS: &str = "6742c00ada7b011000000300100000030140f1226a";
pub const PPS: &str = "68ce0fc8";
pub const IDR: &str = "6588843a26280e";

pub const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n\
                   m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:t1\r\n";

pub fn reply(request: &Request, status: &str, headers: &str, body: &str) -> String {
    let cseq = request.header("CSeq").unwrap_or("0");
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{headers}{length}\r\n{body}")
}

/// What a server answers usually.
pub fn usual(request: &Request) -> String {
    match request.method() {
        "DESCRIBE" => describe(request, SDP),
        "SETUP" => {
            reply(request, "200 OK", &format!("Session: 7;timeout=60\r\nTransport: {}\r\n", transport(request)), "")
        }
        _ => reply(request, "200 OK", "Session: 7\r\nPublic: OPTIONS, GET_PARAMETER\r\n", ""),
    }
}

pub fn describe(request: &Request, sdp: &str) -> String {
    reply(request, "200 OK", "Content-Type: application/sdp\r\n", sdp)
}

pub fn transport(request: &Request) -> String {
    let asked = request.header("Transport").unwrap();
    if asked.contains("client_port") { format!("{asked};server_port=29000-29001") } else { asked.to_owned() }
}

/// A packet of RTP.
pub fn packet(number: u16, ticks: u32, is_last: bool, payload: &str) -> Vec<u8> {
    let mut bytes = vec![0x80, if is_last { 0xe0 } else { 0x60 }];
    bytes.extend(number.to_be_bytes());
    bytes.extend(ticks.to_be_bytes());
    bytes.extend(*b"ssrc");
    bytes.extend(bytes_of(payload));
    bytes
}

/// The packets of one picture.
pub fn picture(number: u16, ticks: u32) -> [Vec<u8>; 3] {
    let first = number.wrapping_mul(3);
    [
        packet(first, ticks, false, SPS),
        packet(first.wrapping_add(1), ticks, false, PPS),
        packet(first.wrapping_add(2), ticks, true, IDR),
    ]
}

pub fn framed(channel: u8, packet: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(packet.len()).unwrap().to_be_bytes();
    [&[b'$', channel, high, low], packet].concat()
}

/// Sends 20 pictures a second within the connection.
pub fn send_pictures(stream: &mut TcpStream, channel: u8, count: usize) {
    for number in 0..count {
        for packet in picture(number as u16, number as u32 * 4500) {
            if !send(stream, &framed(channel, &packet)) {
                return;
            }
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// A server that answers as `answer` says, and sends pictures after PLAY.
pub fn server(answer: impl Fn(&Request) -> String + Send + Sync + 'static) -> String {
    let place = serve(move |mut stream| {
        while let Some(request) = Request::read(&mut stream) {
            if !send(&mut stream, answer(&request).as_bytes()) {
                return;
            }
            if request.method() == "PLAY" {
                let mut other = stream.try_clone().unwrap();
                thread::spawn(move || send_pictures(&mut other, 0, 200));
            }
        }
    });
    format!("rtsp://{place}/a")
}
