//! Streams of other protocols. HTTP and datagrams are received here, the rest by FFmpeg; FFmpeg reads the containers.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::runtime::Runtime;

use super::{
    http::{self, Body},
    mjpeg::{Jpeg, Splitter},
    pipe::{From, Pipe},
    protocols::{allowed, can_open, full_url, options},
    retry::Retry,
    rtp_clock::RtpClock,
    udp::Receiver,
    url::{Address, Scheme},
    wait::{Shared, end_of, runtime, within},
};
use crate::{
    av::{
        AvError, ColourTags, NetworkInput, NetworkInputOptions, NetworkOrigin, NetworkStream, Packet, StreamParameters,
    },
    base::error::{Code, Error, Result, Stage},
    pipeline::Wake,
    source::{
        live::driver::{CaptureDriver, Content, Loss, Received, Stamp, Stream},
        producer::Patience,
    },
};

/// Containers that a stream may be: none that opens anything further.
const FORMATS: &str = "mpegts,flv,live_flv,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,h264,hevc,mpegvideo,m4v";

/// A call of FFmpeg ends at the latest after this time; the source has started anew long before.
const LONGEST_READ: Duration = Duration::from_secs(60);

/// Longest time for which pictures that need others are left out at the beginning.
const KEY_WAIT_NS: u64 = 10_000_000_000;

/// Nanoseconds as a clock of RTP.
const NANOSECONDS: u32 = 1_000_000_000;

/// The driver of one stream.
pub(super) struct StreamDriver {
    address: Arc<Address>,
    /// Options of FFmpeg's protocol.
    options: Vec<(String, String)>,
    connect_ns: u64,
    interrupt: Shared,
    connection: Option<Connection>,
    retry: Retry,
}

/// The stream of a connection, in one of two forms.
enum Input {
    Pictures { runtime: Runtime, body: Body, splitter: Splitter },
    Container { input: NetworkInput, index: i32, stream: NetworkStream },
}

struct Connection {
    input: Input,
    /// When a call of FFmpeg ends.
    until: Arc<Mutex<Instant>>,
    /// Packets of a transport stream that are missing so far, and those that were told.
    lost: Arc<AtomicU64>,
    told: u64,
    clock: RtpClock,
    ready: VecDeque<Packet>,
    keyless_since_ns: Option<u64>,
    has_key: bool,
}

impl StreamDriver {
    /// The driver of the stream at an address.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if the linked FFmpeg lacks the protocol, or the query has what is not known.
    pub(super) fn open(address: Arc<Address>, connect_ns: u64) -> Result<Self> {
        let name = address.scheme.name();
        if !can_open(address.scheme) {
            let message = format!(
                "Cannot use url: the linked FFmpeg does not read {name}:// streams; let a media server such as MediaMTX \
                 take it, and open what that offers as rtsp://"
            );
            return Err(Error::argument("url", message));
        }
        let options = options(&address)?;
        Ok(Self { address, options, connect_ns, interrupt: Arc::default(), connection: None, retry: Retry::default() })
    }

    fn error(&self, code: Code, sentence: &str, cause: &str) -> Error {
        self.address.error(code, sentence, cause)
    }

    fn connect(&self, patience: &Patience<'_>) -> Result<(Connection, Stream)> {
        let until = end_of(patience);
        let waits = || {
            runtime().map_err(|error| {
                self.error(Code::ResourceExhausted, "its connection cannot be waited for", &error.to_string())
            })
        };
        let silent = || self.error(Code::NetworkUnavailable, "the server does not answer in time", "");
        let lost = Arc::<AtomicU64>::default();
        match self.address.scheme {
            Scheme::Http => {
                let runtime = waits()?;
                let asked = self.interrupt.run(&runtime, until, http::get(&self.address, until));
                let response = asked.unwrap_or_else(|| Err(silent()))?;
                let mut body = response.body;
                let mut bytes = Vec::new();
                while bytes.len() < 3 {
                    let read = self.interrupt.run(&runtime, until, body.read(&mut bytes)).ok_or_else(silent)?;
                    let goes_on = read.map_err(|error| {
                        self.error(Code::NetworkUnavailable, "the connection ended", &error.to_string())
                    })?;
                    if !goes_on {
                        return Err(self.error(Code::NetworkUnavailable, "the server sends no stream", ""));
                    }
                }
                // Pictures, or the boundary before one.
                let begins_pictures = bytes.starts_with(&[0xff, 0xd8]) || bytes.trim_ascii_start().starts_with(b"--");
                if response.kind.starts_with("multipart/") || begins_pictures {
                    return self.pictures(runtime, body, &bytes);
                }
                let from = From::Body(body);
                self.container(Some(Pipe::new(from, runtime, &self.interrupt, bytes, &lost)), until, lost)
            }
            Scheme::Udp => {
                let runtime = waits()?;
                let opened = self.interrupt.run(&runtime, until, Receiver::open(&self.address)).ok_or_else(silent)?;
                let receiver = opened.map_err(|error| {
                    let sentence = "this machine cannot receive there; name an address of it, or none, and a free port";
                    self.error(Code::NetworkUnavailable, sentence, &error.to_string())
                })?;
                let pipe = Pipe::new(From::Receiver(receiver), runtime, &self.interrupt, Vec::new(), &lost);
                self.container(Some(pipe), until, lost)
            }
            _ => self.container(None, until, lost),
        }
    }

    /// The stream of an endless response with pictures.
    fn pictures(&self, runtime: Runtime, body: Body, bytes: &[u8]) -> Result<(Connection, Stream)> {
        let parameters = StreamParameters::for_packets("mjpeg", (0, 0), ColourTags::UNKNOWN, &[])
            .map_err(|error| error.explain(Code::ResourceExhausted, Stage::Source, "open the stream"))?;
        let mut splitter = Splitter::default();
        splitter.feed(bytes);
        let input = Input::Pictures { runtime, body, splitter };
        let connection = Connection::new(input, Arc::new(Mutex::new(Instant::now())), Arc::default());
        Ok((connection, Stream { content: Content::Packets(parameters), frame_rate: None }))
    }

    /// The stream of a container, once its first packet with video has come.
    fn container(&self, pipe: Option<Pipe>, until: Instant, lost: Arc<AtomicU64>) -> Result<(Connection, Stream)> {
        let until = pipe.as_ref().map_or_else(
            || Arc::new(Mutex::new(until)),
            |pipe| {
                *pipe.until.lock() = until;
                pipe.until.clone()
            },
        );
        let url = full_url(&self.address);
        let options: Vec<(&str, &str)> =
            self.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let options =
            NetworkInputOptions { formats: FORMATS, protocols: allowed(self.address.scheme), options: &options };
        let (interrupt, deadline) = (self.interrupt.clone(), until.clone());
        let is_over = Box::new(move || interrupt.is_raised() || Instant::now() >= *deadline.lock());
        let origin = pipe.map_or(NetworkOrigin::Url(&url), |pipe| NetworkOrigin::Reader(Box::new(pipe)));
        let mut input = NetworkInput::open(origin, options, is_over).map_err(|(error, was_interrupted)| {
            // The flag is the truth, whatever FFmpeg returns.
            if was_interrupted || Instant::now() >= *until.lock() {
                self.no_video_yet(false)
            } else {
                self.refusal(&error)
            }
        })?;
        let exhausted = |error: AvError| error.explain(Code::ResourceExhausted, Stage::Source, "open the stream");
        let mut packet = Packet::new().map_err(exhausted)?;
        let mut has_other = false;
        let stream = loop {
            let read = input.read(&mut packet);
            if input.was_interrupted() || Instant::now() >= *until.lock() {
                return Err(self.no_video_yet(has_other));
            }
            read.map_err(|error| self.refusal(&error))?;
            match input.video(&packet).map_err(exhausted)? {
                Some(stream) => break stream,
                None => has_other = true,
            }
        };
        let index = packet.stream();
        let parameters = stream.parameters.clone();
        let frame_rate = stream.frame_rate.filter(|rate| (0.1..=240.0).contains(&rate.as_f64()));
        let mut connection = Connection::new(Input::Container { input, index, stream }, until, lost);
        connection.ready.push_back(packet);
        Ok((connection, Stream { content: Content::Packets(parameters), frame_rate }))
    }

    fn no_video_yet(&self, has_other: bool) -> Error {
        if has_other {
            return self.error(Code::NoVideo, "only other things than video came in time", "");
        }
        self.error(Code::NetworkUnavailable, "no video came in time", "")
    }

    /// Why FFmpeg opens no stream.
    fn refusal(&self, error: &AvError) -> Error {
        let cause = if error.log_line().is_empty() { error.to_string() } else { error.log_line().to_owned() };
        match error.http_status() {
            Some(401) => self.error(Code::PermissionDenied, "the server refuses the name or the password", &cause),
            Some(403) => self.error(Code::PermissionDenied, "the server does not allow it", &cause),
            Some(404) => self.error(Code::NetworkUnavailable, "the server has no such stream", &cause),
            Some(_) => self.error(Code::NetworkUnavailable, "the server refuses it", &cause),
            None if error.is_end() => self.error(Code::NetworkUnavailable, "the server closed the connection", &cause),
            None => self.error(Code::NetworkUnavailable, "it cannot be reached, or is no video that is known", &cause),
        }
    }

    /// The next thing of a connection; `None` if nothing came within the patience.
    fn read(&self, connection: &mut Connection, patience: &Patience<'_>) -> Result<Option<Received>> {
        let lost = |sentence: &str, cause: &str| self.error(Code::ConnectionLost, sentence, cause);
        let now_ns = || patience.signal.clock().now_ns();
        if let Some(packet) = connection.ready.pop_front() {
            return connection.receive(packet, now_ns()).map(Some);
        }
        match &mut connection.input {
            Input::Pictures { runtime, body, splitter } => loop {
                match splitter.next() {
                    Some(Jpeg::Whole(bytes)) => {
                        let mut packet = Packet::from_bytes(&bytes).map_err(|error| {
                            error.explain(Code::ResourceExhausted, Stage::Source, "take a picture of the stream")
                        })?;
                        packet.set_key(true);
                        return connection.receive(packet, now_ns()).map(Some);
                    }
                    Some(Jpeg::Damaged) => {
                        let stamp = Stamp { arrival_ns: now_ns(), ..Stamp::default() };
                        return Ok(Some(Received::Damaged(stamp)));
                    }
                    None => {}
                }
                let mut bytes = Vec::new();
                let Some(read) = self.interrupt.run(runtime, end_of(patience), body.read(&mut bytes)) else {
                    return Ok(None);
                };
                splitter.feed(&bytes);
                match read {
                    Ok(true) => {}
                    Ok(false) => return Err(lost("the server closed the connection", "")),
                    Err(error) => return Err(lost("the connection ended", &error.to_string())),
                }
            },
            Input::Container { input, index, .. } => {
                *connection.until.lock() = Instant::now() + LONGEST_READ;
                let mut packet = Packet::new()
                    .map_err(|error| error.explain(Code::ResourceExhausted, Stage::Source, "read the stream"))?;
                loop {
                    let read = input.read(&mut packet);
                    if input.was_interrupted() || self.interrupt.is_raised() {
                        return Ok(None);
                    }
                    match read {
                        Ok(()) if packet.stream() == *index => break,
                        // Other streams are no sign of video.
                        Ok(()) if patience.is_over() => return Ok(None),
                        Ok(()) => {}
                        Err(error) if error.is_end() => return Err(lost("the server closed the connection", "")),
                        Err(error) => return Err(lost("the connection ended", &error.to_string())),
                    }
                }
                connection.receive(packet, now_ns()).map(Some)
            }
        }
    }
}

impl Connection {
    fn new(input: Input, until: Arc<Mutex<Instant>>, lost: Arc<AtomicU64>) -> Self {
        Self {
            input,
            until,
            lost,
            told: 0,
            clock: RtpClock::default(),
            ready: VecDeque::new(),
            keyless_since_ns: None,
            has_key: false,
        }
    }

    /// What is made of a packet.
    fn receive(&mut self, packet: Packet, arrival_ns: u64) -> Result<Received> {
        let device_ns = match &self.input {
            Input::Container { stream, .. } if stream.has_times => packet.pts().or(packet.dts()).map(|ticks| {
                let base = stream.time_base;
                let ns = i128::from(ticks) * 1_000_000_000 * i128::from(base.num) / i128::from(base.den.max(1));
                self.clock.captured_ns(i64::try_from(ns).unwrap_or(0), NANOSECONDS, arrival_ns)
            }),
            _ => None,
        };
        let lost = self.lost.load(SeqCst);
        let lost_before = lost.saturating_sub(std::mem::replace(&mut self.told, lost));
        let stamp = Stamp { device_ns, arrival_ns, lost_before, ..Stamp::default() };
        let since_ns = *self.keyless_since_ns.get_or_insert(arrival_ns);
        self.has_key |= packet.is_key() || arrival_ns.saturating_sub(since_ns) > KEY_WAIT_NS;
        let is_usable = self.has_key && !packet.is_corrupt();
        Ok(if is_usable { Received::Packet(packet, stamp) } else { Received::Damaged(stamp) })
    }
}

impl CaptureDriver for StreamDriver {
    fn start(&mut self, patience: &Patience<'_>) -> Result<Stream, Loss> {
        self.close();
        self.interrupt.begin(patience);
        if let Some(error) = self.retry.refusal() {
            return Err(error.into());
        }
        let connected = self.connect(&within(patience, self.connect_ns));
        self.retry.outcome(connected.as_ref().err());
        let (connection, stream) = connected?;
        self.connection = Some(connection);
        Ok(stream)
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Received, Loss> {
        self.interrupt.begin(patience);
        let Some(mut connection) = self.connection.take() else {
            return Err(self.error(Code::ConnectionLost, "it is not connected", "").into());
        };
        let received = self.read(&mut connection, patience);
        self.connection = Some(connection);
        Ok(received?.unwrap_or(Received::Nothing))
    }

    fn close(&mut self) {
        if let Some(Connection { input: Input::Pictures { runtime, body, .. }, .. }) = self.connection.take() {
            drop(body);
            runtime.shutdown_background();
        }
    }

    fn wait_for_return(&mut self, patience: &Patience<'_>) {
        self.retry.wait(patience);
    }

    fn waker(&self) -> Option<Arc<dyn Wake>> {
        Some(self.interrupt.clone())
    }
}
