//! Connections to the host of an address, and to no other.

use std::{io, net::SocketAddr, time::Instant};

use tokio::{net::TcpStream, time::timeout};

use super::url::Address;

/// Connects with one of the addresses of a host: each has its share of the time.
pub(super) async fn connect(address: &Address, until: Instant) -> io::Result<TcpStream> {
    let left = || until.saturating_duration_since(Instant::now());
    let silent = || io::Error::from(io::ErrorKind::TimedOut);
    let places = timeout(left(), resolve(address)).await.map_err(|_| silent())??;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for (index, place) in places.iter().enumerate() {
        let share = left() / u32::try_from(places.len() - index).unwrap_or(1);
        match timeout(share, TcpStream::connect(place)).await.unwrap_or_else(|_| Err(silent())) {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The addresses of a host.
pub(super) async fn resolve(address: &Address) -> io::Result<Vec<SocketAddr>> {
    /// More are not tried.
    const MOST: usize = 4;
    Ok(match &address.host {
        url::Host::Ipv4(ip) => vec![SocketAddr::from((*ip, address.port))],
        url::Host::Ipv6(ip) => vec![SocketAddr::from((*ip, address.port))],
        url::Host::Domain(name) => tokio::net::lookup_host((name.as_str(), address.port)).await?.take(MOST).collect(),
    })
}
