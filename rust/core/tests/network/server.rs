//! Scripted servers, and hosts to which nothing may be sent.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::Arc,
    thread,
    time::Duration,
};

/// Serves each connection on a thread of its own, until the test ends.
pub fn serve(handler: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handler = Arc::new(handler);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handler = handler.clone();
            thread::spawn(move || handler(stream));
        }
    });
    address
}

/// Another host: it hears whatever is sent to it.
pub struct Victim {
    tcp: TcpListener,
    udp: [UdpSocket; 2],
}

impl Victim {
    pub fn new(ip: &str) -> Self {
        loop {
            let packets = UdpSocket::bind((ip, 0)).unwrap();
            let port = packets.local_addr().unwrap().port();
            let pair = port.checked_add(1).map(|next| (UdpSocket::bind((ip, next)), TcpListener::bind((ip, port))));
            let Some((Ok(reports), Ok(tcp))) = pair else { continue };
            tcp.set_nonblocking(true).unwrap();
            let udp = [packets, reports];
            udp.iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
            return Self { tcp, udp };
        }
    }

    pub fn place(&self) -> SocketAddr {
        self.tcp.local_addr().unwrap()
    }

    /// Panics if anything has come.
    pub fn check(&self, name: &str) {
        assert!(self.tcp.accept().is_err(), "{name}: a connection to another host");
        for socket in &self.udp {
            assert!(socket.recv(&mut [0; 100]).is_err(), "{name}: a datagram to another host");
        }
    }
}

/// A request as text.
#[derive(Debug, Clone)]
pub struct Request(pub String);

impl Request {
    /// Reads one; `None` at the end of the connection.
    pub fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut text = Vec::new();
        let mut byte = [0];
        while !text.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            text.push(byte[0]);
        }
        Some(Self(String::from_utf8(text).unwrap()))
    }

    pub fn method(&self) -> &str {
        self.0.split(' ').next().unwrap()
    }

    pub fn uri(&self) -> &str {
        self.0.split(' ').nth(1).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Writes until the peer is gone; `false` then.
pub fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok()
}

/// Keeps a connection open, and says nothing.
pub fn keep_silent(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let _ = stream.read_to_end(&mut Vec::new());
}

/// The bytes that a text of hexadecimal digits states.
pub fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap()).collect()
}
