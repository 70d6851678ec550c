//! Datagrams with a transport stream of MPEG.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use rustix::net::sockopt;
use tokio::net::UdpSocket;

use super::{
    connect::resolve,
    ts::{Continuity, PACKET, content},
    url::Address,
};

/// Room in the kernel for what comes while this machine does something else.
const RECEIVE_BYTES: usize = 8 * 1024 * 1024;

/// Receives the datagrams of one sender: the first one.
pub(super) struct Receiver {
    socket: UdpSocket,
    sender: Option<IpAddr>,
    pub(super) continuity: Continuity,
    datagram: Vec<u8>,
}

impl Receiver {
    /// Begins to receive on the local address and port of an address.
    pub(super) async fn open(address: &Address) -> io::Result<Self> {
        let places = resolve(address).await?;
        let place = places.first().copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Self::bind(place)
    }

    fn bind(place: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(place)?;
        // No more than the system allows.
        let _ = sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BYTES);
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        Ok(Self { socket, sender: None, continuity: Continuity::default(), datagram: vec![0; 65_536] })
    }

    /// Appends the packets of the next datagram to `out`.
    pub(super) async fn read(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let (count, from) = self.socket.recv_from(&mut self.datagram).await?;
            let sender = *self.sender.get_or_insert(from.ip());
            let packets = content(&self.datagram[..count]);
            // Others on the network may send here too.
            if from.ip() != sender || packets.len() < PACKET || packets.first() != Some(&0x47) {
                continue;
            }
            self.continuity.look(packets);
            out.extend_from_slice(packets);
            return Ok(true);
        }
    }
}
