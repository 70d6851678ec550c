//! The gate between the RTSP client and its server. The client (the crate `retina`) speaks to the gate, on a connection
//! of this machine; the gate alone speaks to the server. So nothing is sent to any host but that of the address,
//! whatever a server names; nothing is read without a limit; names and passwords stay here; and servers' oddities that
//! would end a recording are smoothed. Datagrams of the server become packets within the client's connection.

mod message;
mod order;
mod rewrite;
mod sanity;
mod transport;
mod udp;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::timeout,
};

use self::{
    message::{Item, Reader},
    order::{BegunAnew, Order, is_report},
    rewrite::{Dialogue, Next},
    sanity::Sanity,
    udp::Pair,
};
use super::{access_unit::Codec, connect::connect, options::Transport, url::Address};
use crate::base::error::{Code, Error};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Longest wait for a server's answer to the end of a session.
const GOODBYE: Duration = Duration::from_millis(200);

/// What both sides of the gate know.
#[derive(Default)]
pub(super) struct Shared {
    /// Why the gate closed: better than what the client makes of it.
    failure: Mutex<Option<Error>>,
    /// The codec of the stream that the client has chosen.
    codec: Mutex<Option<Codec>>,
    /// Packets that did not come so far.
    lost: AtomicU64,
    /// Ends the session.
    goodbye: Notify,
}

impl Shared {
    /// Takes the reason for which the gate closed.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.lock().clone()
    }

    /// Packets that did not come so far.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(SeqCst)
    }

    /// Says what stream was chosen.
    pub(super) fn set_codec(&self, codec: Codec) {
        *self.codec.lock() = Some(codec);
    }

    /// Has the session ended and the connection closed.
    pub(super) fn say_goodbye(&self) {
        self.goodbye.notify_one();
    }
}

/// A gate that waits for its client.
pub(super) struct Gate {
    address: Arc<Address>,
    transport: Transport,
    /// Whether parameter sets in the description are left out.
    is_bare: bool,
    listener: TcpListener,
    server: TcpStream,
    pub(super) shared: Arc<Shared>,
    /// The address at which the client finds it.
    pub(super) url: String,
}

impl Gate {
    /// Connects with the server.
    pub(super) async fn connect(
        address: &Arc<Address>,
        transport: Transport,
        until: Instant,
        is_bare: bool,
    ) -> Result<Self, Error> {
        let unreachable = |error: &io::Error| {
            let sentence = "it cannot be reached; check host, port and network";
            address.error(Code::NetworkUnavailable, sentence, &error.to_string())
        };
        let server = connect(address, until).await.map_err(|error| unreachable(&error))?;
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| {
            address.error(Code::ResourceExhausted, "no connection within this machine can be made", &error.to_string())
        })?;
        let port = listener.local_addr().map_err(|error| unreachable(&error))?.port();
        // Nobody else on this machine may use the way to the server.
        let url = format!("rtsp://127.0.0.1:{port}/{:032x}", key());
        Ok(Self { address: address.clone(), transport, is_bare, listener, server, shared: Arc::default(), url })
    }

    /// Serves one client until either side closes.
    pub(super) async fn run(self) {
        let shared = self.shared.clone();
        if let Err(error) = self.serve().await {
            shared.failure.lock().get_or_insert(error);
        }
    }

    async fn serve(self) -> Result<(), Error> {
        let Self { address, transport, is_bare, listener, mut server, shared, url } = self;
        let lost = |error: io::Error| address.error(Code::ConnectionLost, "the connection ended", &error.to_string());
        let fault = |sentence: &str| address.error(Code::ConnectionLost, sentence, "");
        let mut client = listener.accept().await.map_err(lost)?.0;
        drop(listener);
        let _ = client.set_nodelay(true);
        let local = server.local_addr().map_err(lost)?;
        let peer = server.peer_addr().map_err(lost)?;
        let pair = match transport {
            Transport::Tcp => None,
            Transport::Udp => Some(Pair::open(local.ip()).map_err(lost)?),
        };
        let mut dialogue = Dialogue::new(&address, &url, pair.as_ref().map(|pair| pair.port), peer.ip());
        dialogue.is_bare = is_bare;
        let mut order = Order::new(pair.is_some());
        let mut sanity = Sanity::default();
        let (mut from_server, mut from_client) = (Reader::default(), Reader::default());
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        let mut datagram = vec![0; PIECE];
        let anew = |_: BegunAnew| fault("its stream began anew");
        loop {
            let late = order.deadline();
            tokio::select! {
                ready = server.readable() => {
                    ready.map_err(lost)?;
                    let mut piece = [0; 16 * 1024];
                    match server.try_read(&mut piece) {
                        Ok(0) => return Err(fault("the server closed the connection")),
                        Ok(count) => from_server.feed(&piece[..count]),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Err(lost(error)),
                    }
                    while let Some(item) = from_server.next().map_err(fault)? {
                        match item {
                            Item::Data(channel, data) if Some(channel) == dialogue.channel && pair.is_none() => {
                                sanity.set_codec(*shared.codec.lock());
                                let out = |data| forward(&mut sanity, &mut to_client, channel, data);
                                order.push(data, Instant::now(), out).map_err(anew)?;
                            }
                            Item::Data(channel, data) if Some(channel) == dialogue.report_channel() && is_report(&data) => {
                                frame(&mut to_client, channel, &data);
                            }
                            Item::Data(..) => {}
                            Item::Message(message) => {
                                let next = dialogue.take_message(message, &mut to_server, &mut to_client)?;
                                if let (Next::Datagrams(port), Some(pair)) = (next, &pair) {
                                    pair.connect(peer.ip(), port).await.map_err(lost)?;
                                }
                            }
                        }
                    }
                }
                ready = client.readable() => {
                    ready.map_err(lost)?;
                    let mut piece = [0; 4096];
                    match client.try_read(&mut piece) {
                        Ok(0) => {
                            shared.goodbye.notified().await;
                            goodbye(&mut dialogue, &mut server).await;
                            return Ok(());
                        }
                        Ok(count) => from_client.feed(&piece[..count]),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Err(lost(error)),
                    }
                    while let Some(item) = from_client.next().map_err(fault)? {
                        if let Item::Message(message) = item {
                            dialogue.take_request(message, &mut to_server, &mut to_client)?;
                        }
                    }
                }
                received = receive(pair.as_ref().map(|pair| &pair.packets), &mut datagram), if dialogue.is_playing => {
                    if let Some(data) = received.and_then(|count| datagram.get(..count)) {
                        sanity.set_codec(*shared.codec.lock());
                        let out = |data| forward(&mut sanity, &mut to_client, 0, data);
                        order.push(data.to_vec(), Instant::now(), out).map_err(anew)?;
                    }
                }
                report = report(pair.as_ref()), if dialogue.is_playing => {
                    if is_report(&report) {
                        frame(&mut to_client, 1, &report);
                    }
                }
                () = sleep_until(late), if late.is_some() => {
                    order.release(Instant::now(), |data| forward(&mut sanity, &mut to_client, 0, data));
                }
                () = shared.goodbye.notified() => {
                    goodbye(&mut dialogue, &mut server).await;
                    return Ok(());
                }
            }
            shared.lost.store(order.lost, SeqCst);
            if !to_server.is_empty() {
                server.write_all(&to_server).await.map_err(lost)?;
                to_server.clear();
            }
            if !to_client.is_empty() {
                client.write_all(&to_client).await.map_err(lost)?;
                to_client.clear();
            }
        }
    }
}

/// Ends the session on the server, so that it has room for the next one at once.
async fn goodbye(dialogue: &mut Dialogue<'_>, server: &mut TcpStream) {
    let mut bytes = Vec::new();
    if !dialogue.end(&mut bytes) {
        return;
    }
    let end = async {
        server.write_all(&bytes).await?;
        let mut piece = [0; 16 * 1024];
        let mut reader = Reader::default();
        loop {
            server.readable().await?;
            match server.try_read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => reader.feed(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            while let Ok(Some(item)) = reader.next() {
                if matches!(item, Item::Message(message) if message.status().is_some()) {
                    return Ok(());
                }
            }
        }
    };
    let _ = timeout(GOODBYE, end).await;
}

/// Hands a packet on, if it is one.
fn forward(sanity: &mut Sanity, out: &mut Vec<u8>, channel: u8, mut packet: Vec<u8>) {
    if sanity.admit(&mut packet) {
        frame(out, channel, &packet);
    }
}

/// Puts a packet into the client's connection.
fn frame(out: &mut Vec<u8>, channel: u8, data: &[u8]) {
    if let Ok(length) = u16::try_from(data.len()) {
        out.extend([b'$', channel]);
        out.extend(length.to_be_bytes());
        out.extend_from_slice(data);
    }
}

/// The length of the next datagram; `None` for one that is none, such as the answer of a host that does not listen yet.
async fn receive(socket: Option<&tokio::net::UdpSocket>, datagram: &mut [u8]) -> Option<usize> {
    match socket {
        Some(socket) => socket.recv(datagram).await.ok(),
        None => std::future::pending().await,
    }
}

async fn report(pair: Option<&Pair>) -> Vec<u8> {
    let mut datagram = vec![0; 2048];
    let count = receive(pair.map(|pair| &pair.reports), &mut datagram).await;
    datagram.truncate(count.unwrap_or(0));
    datagram
}

async fn sleep_until(time: Option<Instant>) {
    if let Some(time) = time {
        tokio::time::sleep_until(time.into()).await;
    }
}

/// A number that nobody guesses.
fn key() -> u128 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let half = || u128::from(RandomState::new().build_hasher().finish());
    half() << 64 | half()
}
