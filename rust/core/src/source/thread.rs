//! A source's thread: asks the producer for frames, paces them and hands them to the targets.

mod requests;

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use super::{
    options::Pacing,
    producer::{Captured, CapturedPacket, Patience, Produced, Producer, Timing},
    state::{SourceRequest, SourceState},
};
use crate::{
    av::Picture,
    base::{
        error::{Code, Result, Stage, guard},
        time::Rational,
    },
    frame::{Frame, SharedFrame, Views},
    pipeline::{OverflowPolicy, Session, Signal, clock::Wake, hub::Hub, report::Event, requests::Requests},
    pixels::planes::Rect,
    sys::make_waits_precise,
};

const NANOSECONDS: Rational = Rational::new(1, 1_000_000_000);

/// Longest time that a producer may wait for a frame, and so a request for its turn.
const PATIENCE_NS: u64 = 100_000_000;

/// Packets of which pictures may still come: no decoder holds back more.
const MOST_PACKETS: usize = 32;

/// Whether the thread goes on.
#[derive(PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

/// The source was closed meanwhile.
struct Closed;

/// When the frame at `media_ns` is due: `clock_ns` on the clock.
struct Schedule {
    clock_ns: u64,
    media_ns: i64,
}

pub(super) struct SourceThread {
    producer: Box<dyn Producer>,
    /// Whether frames wait for their moment.
    is_paced: bool,
    /// The policy of this source for a full target.
    policy: OverflowPolicy,
    requests: Requests<SourceRequest>,
    state: Arc<SourceState>,
    session: Arc<Session>,
    /// Raised by requests, and by targets that have room again.
    signal: Arc<Signal>,
    wake: Arc<dyn Wake>,
    hub: Hub,
    is_started: bool,
    sequence: u64,
    period_ns: u64,
    schedule: Option<Schedule>,
    last_captured_ns: Option<u64>,
    /// The end of the last frame, in ticks of the producer, if the frame says for how long it is shown.
    last_end: Option<i64>,
    crop: Option<Rect>,
    /// Times and numbers of the last packets that were handed on: their pictures are the same frames.
    packets: VecDeque<(i64, u64)>,
}

impl SourceThread {
    pub(super) fn new(
        producer: Box<dyn Producer>,
        pacing: Pacing,
        requests: Requests<SourceRequest>,
        state: Arc<SourceState>,
        session: Arc<Session>,
        signal: Arc<Signal>,
    ) -> Self {
        let is_live = producer.timing() == Timing::Live;
        if let Some(waker) = producer.waker() {
            signal.forward_to(waker);
        }
        Self {
            is_paced: !is_live && pacing == Pacing::Realtime,
            policy: if is_live || pacing == Pacing::Realtime {
                OverflowPolicy::DropNewest
            } else {
                OverflowPolicy::Block
            },
            period_ns: producer.info().frame_rate.frame_time_ns(1).max(1),
            producer,
            requests,
            state,
            session,
            wake: signal.clone(),
            signal,
            hub: Hub::default(),
            is_started: false,
            sequence: 0,
            schedule: None,
            last_captured_ns: None,
            last_end: None,
            crop: None,
            packets: VecDeque::new(),
        }
    }

    fn now_ns(&self) -> u64 {
        self.session.clock().now_ns()
    }

    /// Runs until closed. At the end of the input it reports `ended` and waits for the close.
    pub(super) fn run(mut self) {
        make_waits_precise();
        let outcome = guard(Stage::Source, "go on reading the source", || self.play());
        for target in self.hub.clear() {
            self.state.events.push(Event::Detached { target });
        }
        let is_closed = matches!(outcome, Ok(Go::Stop));
        let error = outcome.err();
        if !is_closed {
            if let Some(error) = error.clone() {
                self.state.events.push(Event::Error { error });
            }
            self.state.events.push(Event::Ended);
            self.wait_for_close();
        }
        // A file that it reads may be recorded to once it is closed.
        drop(self.producer);
        self.state.events.push(Event::Closed { report: None, error });
    }

    /// Hands frames on until the end (`Go::On`) or the close (`Go::Stop`).
    fn play(&mut self) -> Result<Go> {
        loop {
            let seen = self.signal.seen();
            if self.rest() == Go::Stop {
                return Ok(Go::Stop);
            }
            let patience = Patience { signal: &self.signal, seen, deadline_ns: self.now_ns() + PATIENCE_NS };
            self.producer.want(self.hub.wanted());
            let produced = self.producer.next(&patience);
            self.note_producer();
            let go = match produced? {
                Produced::Frame(captured) => self.take(captured)?,
                Produced::Packet(packet) => self.take_packet(packet),
                Produced::Idle => Go::On,
                Produced::Changed(shape) => {
                    self.change(shape);
                    Go::On
                }
                Produced::State(change) => {
                    self.report_state(change);
                    Go::On
                }
                Produced::Warning(error) => {
                    self.state.events.push(Event::Warning { error });
                    Go::On
                }
                Produced::End => return Ok(self.wait_for_end()),
            };
            if go == Go::Stop {
                return Ok(Go::Stop);
            }
        }
    }

    /// Serves requests, and waits while there is no target.
    fn rest(&mut self) -> Go {
        self.let_go();
        loop {
            let seen = self.signal.seen();
            if self.serve() == Go::Stop {
                return Go::Stop;
            }
            if self.is_started && !self.hub.is_empty() {
                return Go::On;
            }
            // Time stands still while resting.
            self.schedule = None;
            self.last_captured_ns = None;
            let until_ns = self.producer.rest(self.now_ns());
            self.note_producer();
            self.signal.wait(seen, until_ns);
        }
    }

    /// Keeps the counts of the producer for its owner.
    fn note_producer(&self) {
        self.state.damaged.store(self.producer.damaged(), SeqCst);
        let missed = self.producer.missed();
        if missed > 0 {
            self.state.missed.store(missed, SeqCst);
        }
    }

    /// Hands a captured frame on, at its moment if it is paced.
    fn take(&mut self, captured: Captured) -> Result<Go> {
        let Captured { views, pts, duration, captured_ns, jump_seconds, loss } = captured;
        match self.wait_until_due(pts) {
            Ok(late_ns) => late_ns.into_iter().for_each(|late_ns| self.note_lateness(late_ns)),
            Err(Closed) => return Ok(Go::Stop),
        }
        let captured_ns = captured_ns.unwrap_or_else(|| self.now_ns());
        let packet =
            self.packets.iter().position(|(time, _)| *time == pts).and_then(|index| self.packets.remove(index));
        let frame = Arc::new(Frame {
            views: views.into_iter().map(|view| self.cropped(view)).collect::<Result<_>>()?,
            sequence: packet.map_or(self.sequence, |(_, sequence)| sequence),
            pts,
            time_base: self.producer.time_base(),
            duration,
            captured_ns,
            session_start_ms: self.session.begin(captured_ns).wall_clock_ms,
            loss,
            coded: None,
        });
        if let Some(jump_seconds) = jump_seconds {
            let at_seconds = pts as f64 * frame.time_base.as_f64();
            self.state.report_jump(at_seconds, jump_seconds, self.now_ns());
        }
        let go = self.hand_on(&frame);
        if packet.is_none() {
            self.note(&frame);
        }
        Ok(go)
    }

    /// Hands a packet on. Its picture may follow, which is the same frame.
    fn take_packet(&mut self, packet: CapturedPacket) -> Go {
        let CapturedPacket { coded, pts, captured_ns, loss } = packet;
        let frame = Arc::new(Frame {
            views: Views::new(),
            sequence: self.sequence,
            pts,
            time_base: self.producer.time_base(),
            duration: None,
            captured_ns,
            session_start_ms: self.session.begin(captured_ns).wall_clock_ms,
            loss,
            coded: Some(coded),
        });
        if self.packets.len() >= MOST_PACKETS {
            self.packets.pop_front();
        }
        self.packets.push_back((pts, self.sequence));
        let go = self.hand_on(&frame);
        self.note(&frame);
        go
    }

    /// Waits until the last frame is over, if it is paced and says for how long it is shown.
    fn wait_for_end(&mut self) -> Go {
        let end = self.last_end.take();
        match end.map(|end| self.wait_until_due(end)) {
            Some(Err(Closed)) => Go::Stop,
            _ => Go::On,
        }
    }

    /// Waits for a paced moment, and returns by how much it was missed; requests are served meanwhile.
    fn wait_until_due(&mut self, pts: i64) -> std::result::Result<Option<u64>, Closed> {
        if !self.is_paced {
            return Ok(None);
        }
        let media_ns = Rational::rescale(pts, self.producer.time_base(), NANOSECONDS);
        loop {
            let seen = self.signal.seen();
            if self.serve() == Go::Stop || (self.hub.is_empty() && self.rest() == Go::Stop) {
                return Err(Closed);
            }
            let now = self.now_ns();
            let schedule = self.schedule.get_or_insert(Schedule { clock_ns: now, media_ns });
            let due = schedule.clock_ns.saturating_add_signed(media_ns - schedule.media_ns);
            if now >= due {
                return Ok(Some(now - due));
            }
            self.signal.wait(seen, Some(due));
        }
    }

    /// A frame that is late by more than a period shows that this thread did not run. The instants of a camera have
    /// passed then; a file waits, so that at most one frame is handed on early to catch up.
    fn note_lateness(&mut self, late_ns: u64) {
        self.state.lateness.record(late_ns);
        if late_ns <= self.period_ns {
            return;
        }
        self.state.late.fetch_add(1, SeqCst);
        let missed = late_ns / self.period_ns;
        if self.producer.skip(missed) {
            self.state.missed.fetch_add(missed, SeqCst);
        } else if let Some(schedule) = &mut self.schedule {
            schedule.clock_ns += late_ns - self.period_ns;
        }
    }

    fn cropped(&self, picture: Picture) -> Result<Picture> {
        let Some(crop) = self.crop else { return Ok(picture) };
        picture.crop(crop).map_err(|error| error.explain(Code::ResourceExhausted, Stage::Source, "crop a frame"))
    }

    /// Sends a frame to every target. A source that blocks waits for their room, and serves requests meanwhile.
    fn hand_on(&mut self, frame: &SharedFrame) -> Go {
        self.hub.reserve(frame);
        if self.policy != OverflowPolicy::Block {
            self.hub.try_send(frame);
            return Go::On;
        }
        let mut go = Go::On;
        loop {
            let seen = self.signal.seen();
            if go == Go::On && self.serve() == Go::Stop {
                self.hub.detach_all(self.now_ns());
                go = Go::Stop;
            }
            let sent = self.hub.send(frame, &self.wake, self.now_ns());
            // A target that leaves does not wait for the others.
            self.let_go();
            match sent {
                Ok(()) => return go,
                Err(deadline_ns) => self.signal.wait(seen, deadline_ns),
            }
        }
    }

    /// Removes the targets that are leaving or were closed.
    fn let_go(&mut self) {
        for target in self.hub.remove_gone() {
            self.state.events.push(Event::Detached { target });
        }
    }

    fn note(&mut self, frame: &Frame) {
        self.sequence += 1;
        self.last_end = frame.duration.map(|ticks| frame.pts.saturating_add(ticks));
        self.state.captured.store(self.sequence, SeqCst);
        let ns = |ticks| u64::try_from(Rational::rescale(ticks, frame.time_base, NANOSECONDS)).unwrap_or(0);
        let end_ns = self.last_end.map_or_else(|| ns(frame.pts) + self.period_ns, ns);
        self.state.duration_ns.fetch_max(end_ns, SeqCst);
        if let Some(last) = self.last_captured_ns.replace(frame.captured_ns) {
            self.state.interval.record(frame.captured_ns.saturating_sub(last));
        }
    }
}
