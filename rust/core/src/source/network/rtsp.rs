//! RTSP streams. The crate `retina` describes and starts them and makes pictures of their packets, through [`Gate`].

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_core::Stream as _;
use retina::codec::{CodecItem, ParametersRef, VideoFrame};
use tokio::{runtime::Runtime, task::JoinHandle, time::timeout};

use super::{
    access_unit::{AccessUnits, Codec, LONGEST_WAIT, Picture, Unit},
    gate::{Gate, Shared},
    options::Transport,
    retry::Retry,
    rtp_clock::{RtpClock, SenderClock},
    session::{Form, Playing, form, play},
    url::Address,
    wait::{self, Interrupt, end_of, within},
};
use crate::{
    av::{ColourTags, Packet, StreamParameters},
    base::{
        error::{Code, Error, Stage, guard},
        time::Rational,
    },
    pipeline::Wake,
    source::{
        live::driver::{CaptureDriver, Content, Loss, Received, Stamp, Stream},
        producer::Patience,
    },
};

/// Longest time for which pictures that need others are left out while none comes that can be decoded alone: there are
/// senders that refresh their pictures piece by piece.
const KEY_WAIT_NS: u64 = 10_000_000_000;

/// Longest time for ending a session.
const CLOSE: Duration = Duration::from_millis(300);

/// The driver of one stream.
pub(super) struct RtspDriver {
    address: Arc<Address>,
    transport: Transport,
    /// Longest time for connecting, in nanoseconds.
    connect_ns: u64,
    interrupt: Arc<Interrupt>,
    connection: Option<Connection>,
    retry: Retry,
    /// The connection goes on with other parameters.
    has_changed: bool,
}

struct Connection {
    runtime: Runtime,
    shared: Arc<Shared>,
    gate: JoinHandle<()>,
    playing: Playing,
    units: AccessUnits,
    clock: RtpClock,
    sender: SenderClock,
    ready: VecDeque<Picture>,
    form: Form,
    /// When the first picture came, until one comes that can be decoded alone.
    keyless_since_ns: Option<u64>,
    has_key: bool,
    /// Lost packets that were told.
    told: u64,
}

impl RtspDriver {
    pub(super) fn new(address: Arc<Address>, transport: Transport, connect_ns: u64) -> Self {
        Self {
            address,
            transport,
            connect_ns,
            interrupt: Arc::default(),
            connection: None,
            retry: Retry::default(),
            has_changed: false,
        }
    }

    /// Runs a future until it is done or the patience is over.
    fn run<T>(&self, runtime: &Runtime, patience: &Patience<'_>, future: impl Future<Output = T>) -> Option<T> {
        self.interrupt.run(runtime, end_of(patience), future)
    }

    /// Connects; the second attempt without the parameter sets in the description, which some servers write wrongly.
    fn connect(&self, patience: &Patience<'_>) -> Result<Connection, Error> {
        let patience = within(patience, self.connect_ns);
        guard(Stage::Source, "open the stream", || match self.connect_once(&patience, false) {
            Err((error, true)) => self.connect_once(&patience, true).map_err(|_| error),
            result => result.map_err(|(error, _)| error),
        })
    }

    /// Connects; an error says whether the description is at fault.
    fn connect_once(&self, patience: &Patience<'_>, is_bare: bool) -> Result<Connection, (Error, bool)> {
        let runtime = wait::runtime().map_err(|error| {
            (
                self.address.error(Code::ResourceExhausted, "its connection cannot be waited for", &error.to_string()),
                false,
            )
        })?;
        let until = end_of(patience);
        let opened = self.run(&runtime, patience, async {
            let gate =
                Gate::connect(&self.address, self.transport, until, is_bare).await.map_err(|error| (error, false))?;
            let (shared, url) = (gate.shared.clone(), gate.url.clone());
            let gate = tokio::spawn(gate.run());
            match play(&self.address, &shared, &url).await {
                Ok(playing) => Ok((shared, gate, playing)),
                Err(error) => {
                    shared.say_goodbye();
                    let _ = timeout(CLOSE, gate).await;
                    Err(error)
                }
            }
        });
        let opened = opened.unwrap_or_else(|| Err((self.silent(), false)));
        let (shared, gate, playing) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let form = form(&playing).unwrap_or(Form { size: (0, 0), codec: String::new() });
        let mut connection = Connection {
            runtime,
            shared,
            gate,
            units: AccessUnits::new(playing.codec),
            playing,
            clock: RtpClock::default(),
            sender: SenderClock::default(),
            ready: VecDeque::new(),
            form,
            keyless_since_ns: None,
            has_key: false,
            told: 0,
        };
        match self.wait_for_parameters(&mut connection, patience) {
            Ok(()) => Ok(connection),
            Err(error) => {
                connection.close();
                Err((error, false))
            }
        }
    }

    /// The size of pictures is not known before the first one if the description has no parameter sets.
    fn wait_for_parameters(&self, connection: &mut Connection, patience: &Patience<'_>) -> Result<(), Error> {
        while form(&connection.playing).is_none() {
            match self.pull(connection, patience)? {
                Some(picture) => connection.ready.push_back(picture),
                None if patience.is_over() => return Err(self.silent()),
                None => {}
            }
            // Without its parameters it cannot be decoded either.
            while connection.ready.len() > 1 {
                connection.ready.pop_front();
            }
        }
        if let Some(form) = form(&connection.playing) {
            connection.form = form;
        }
        Ok(())
    }

    fn silent(&self) -> Error {
        self.address.error(Code::NetworkUnavailable, "no video came in time", "")
    }

    /// The next picture; `None` if none is whole within the patience.
    fn pull(&self, connection: &mut Connection, patience: &Patience<'_>) -> Result<Option<Picture>, Error> {
        loop {
            let now_ns = || patience.signal.clock().now_ns();
            let mut until_ns = patience.deadline_ns;
            if connection.units.has_picture() {
                until_ns = until_ns.min(now_ns().saturating_add(LONGEST_WAIT.as_nanos() as u64));
            }
            let short = Patience { signal: patience.signal, seen: patience.seen, deadline_ns: until_ns };
            let Connection { runtime, playing, .. } = &mut *connection;
            let next = poll_fn(|context| Pin::new(&mut playing.demuxed).poll_next(context));
            // The client is another's code, and its packets are anybody's.
            let item = guard(Stage::Source, "read the stream", || Ok(self.run(runtime, &short, next)))?;
            let Some(item) = item else {
                return Ok(connection.units.flush());
            };
            match item {
                Some(Ok(CodecItem::VideoFrame(frame))) => {
                    if let Some(picture) = connection.units.push(unit(frame, now_ns())) {
                        return Ok(Some(picture));
                    }
                }
                Some(Ok(CodecItem::Rtcp(report))) => connection.report(&report),
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    let sentence = "its packets cannot be read";
                    return Err(self.lost(&connection.shared, sentence, &error.to_string()));
                }
                None => return Err(self.lost(&connection.shared, "the server closed the connection", "")),
            }
        }
    }

    /// Why a connection ended: what the gate knows is closer to the truth.
    fn lost(&self, shared: &Shared, sentence: &str, cause: &str) -> Error {
        shared.failure().unwrap_or_else(|| self.address.error(Code::ConnectionLost, sentence, cause))
    }

    fn stream(&self, connection: &Connection) -> Result<Stream, Error> {
        let Playing { demuxed, stream, codec, .. } = &connection.playing;
        let stream = &demuxed.streams()[*stream];
        let name = match codec {
            Codec::H264 => "h264",
            Codec::Hevc => "hevc",
            Codec::Mjpeg => "mjpeg",
        };
        let (extradata, period) = match stream.parameters() {
            Some(ParametersRef::Video(parameters)) if *codec != Codec::Mjpeg => {
                (parameters.extra_data(), parameters.frame_rate())
            }
            _ => (&[][..], None),
        };
        let parameters = StreamParameters::for_packets(name, connection.form.size, ColourTags::UNKNOWN, extradata)
            .map_err(|error| error.explain(Code::ResourceExhausted, Stage::Source, "open the stream"))?;
        let stated = stream.framerate().map(|rate| Rational::new((rate * 1000.0) as i32, 1000).reduced());
        let coded =
            period.and_then(|(num, den)| Some(Rational::new(den.try_into().ok()?, num.try_into().ok()?).reduced()));
        let is_likely = |rate: &Rational| rate.num > 0 && rate.den > 0 && (0.1..=240.0).contains(&rate.as_f64());
        Ok(Stream { content: Content::Packets(parameters), frame_rate: stated.or(coded).filter(is_likely) })
    }
}

fn unit(frame: VideoFrame, arrival_ns: u64) -> Unit {
    Unit {
        ticks: frame.timestamp().timestamp(),
        is_key: frame.is_random_access_point(),
        data: frame.into_data(),
        arrival_ns,
    }
}

impl Connection {
    fn report(&mut self, report: &retina::rtcp::ReceivedCompoundPacket) {
        let sender = report.pkts().next().and_then(|packet| packet.as_sender_report().ok().flatten());
        if let (Some(sender), Some(time)) = (sender, report.rtp_timestamp()) {
            self.sender.report(sender.ntp_timestamp().0, time.timestamp());
        }
    }

    fn stamp(&mut self, unit: &Unit) -> Stamp {
        let rate = self.playing.rate;
        let lost = self.shared.lost();
        let lost_before = lost - std::mem::replace(&mut self.told, lost);
        Stamp {
            device_ns: Some(self.clock.captured_ns(unit.ticks, rate, unit.arrival_ns)),
            arrival_ns: unit.arrival_ns,
            sequence: None,
            lost_before,
            sender_ms: self.sender.at(unit.ticks, rate),
            missed_before: 0,
        }
    }

    /// What is made of a picture.
    fn receive(&mut self, picture: Picture) -> Result<Received, Error> {
        let (Picture::Whole(unit) | Picture::Part(unit)) = &picture;
        let stamp = self.stamp(unit);
        let Picture::Whole(unit) = picture else { return Ok(Received::Damaged(stamp)) };
        let since_ns = *self.keyless_since_ns.get_or_insert(unit.arrival_ns);
        self.has_key |= unit.is_key || unit.arrival_ns.saturating_sub(since_ns) > KEY_WAIT_NS;
        if !self.has_key {
            return Ok(Received::Damaged(stamp));
        }
        let mut packet = Packet::from_bytes(&unit.data)
            .map_err(|error| error.explain(Code::ResourceExhausted, Stage::Source, "take a packet of the stream"))?;
        packet.set_key(unit.is_key);
        Ok(Received::Packet(packet, stamp))
    }

    fn close(self) {
        let Self { runtime, shared, gate, playing, .. } = self;
        shared.say_goodbye();
        let _ = runtime.block_on(async { timeout(CLOSE, gate).await });
        drop(playing);
        runtime.shutdown_background();
    }
}

impl CaptureDriver for RtspDriver {
    fn start(&mut self, patience: &Patience<'_>) -> Result<Stream, Loss> {
        self.interrupt.begin(patience);
        if !std::mem::take(&mut self.has_changed) || self.connection.is_none() {
            self.close();
            if let Some(error) = self.retry.refusal() {
                return Err(error.into());
            }
            let connected = self.connect(patience);
            self.retry.outcome(connected.as_ref().err());
            self.connection = Some(connected?);
        }
        match &self.connection {
            Some(connection) => Ok(self.stream(connection)?),
            None => Err(self.silent().into()),
        }
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Received, Loss> {
        self.interrupt.begin(patience);
        let Some(mut connection) = self.connection.take() else {
            return Err(self.address.error(Code::ConnectionLost, "it is not connected", "").into());
        };
        let picture = match connection.ready.pop_front() {
            Some(picture) => Ok(Some(picture)),
            None => self.pull(&mut connection, patience),
        };
        let changed = form(&connection.playing).filter(|form| *form != connection.form);
        let result = match (picture, changed) {
            (Err(error), _) => Err(error.into()),
            (Ok(Some(picture)), Some(form)) => {
                connection.form = form;
                connection.ready.push_front(picture);
                self.has_changed = true;
                Err(Loss::Changed)
            }
            (Ok(Some(picture)), None) => connection.receive(picture).map_err(Loss::from),
            (Ok(None), _) => Ok(Received::Nothing),
        };
        self.connection = Some(connection);
        result
    }

    fn rest(&mut self) {
        // With other parameters the connection goes on.
        if !self.has_changed {
            self.close();
        }
    }

    fn close(&mut self) {
        self.has_changed = false;
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }

    fn wait_for_return(&mut self, patience: &Patience<'_>) {
        self.retry.wait(patience);
    }

    fn waker(&self) -> Option<Arc<dyn Wake>> {
        Some(self.interrupt.clone())
    }
}
