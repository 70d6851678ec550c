//! The datagrams of a stream: only those of the host of its address, to which alone any are sent.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use rustix::net::sockopt;
use tokio::net::UdpSocket;

/// Room in the kernel for the packets of a large picture.
const RECEIVE_BYTES: usize = 2 * 1024 * 1024;

/// A pair of sockets, for packets and for reports.
pub(super) struct Pair {
    pub(super) packets: UdpSocket,
    pub(super) reports: UdpSocket,
    /// The port for packets; that for reports is the next.
    pub(super) port: u16,
}

impl Pair {
    /// Opens a pair on an address of this machine.
    pub(super) fn open(ip: IpAddr) -> io::Result<Self> {
        const ATTEMPTS: usize = 50;
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..ATTEMPTS {
            let packets = std::net::UdpSocket::bind(SocketAddr::new(ip, 0))?;
            let port = packets.local_addr()?.port();
            // As RFC 3550 has it: an even number, and the next.
            if port % 2 != 0 {
                continue;
            }
            match std::net::UdpSocket::bind(SocketAddr::new(ip, port + 1)) {
                Ok(reports) => {
                    // No more than the system allows.
                    let _ = sockopt::set_socket_recv_buffer_size(&packets, RECEIVE_BYTES);
                    return Ok(Self { packets: asynchronous(packets)?, reports: asynchronous(reports)?, port });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Takes datagrams of this peer only, and opens the way for them through firewalls.
    pub(super) async fn connect(&self, ip: IpAddr, port: u16) -> io::Result<()> {
        /// A packet without content, and a report on nothing.
        const PACKET: [u8; 12] = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 0];
        self.packets.connect(SocketAddr::new(ip, port)).await?;
        self.reports.connect(SocketAddr::new(ip, port.saturating_add(1))).await?;
        self.packets.send(&PACKET).await?;
        self.reports.send(&REPORT).await.map(drop)
    }
}

fn asynchronous(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}
