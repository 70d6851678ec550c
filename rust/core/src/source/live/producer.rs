//! The producer of a live source: states, times, counts and pictures.

mod frames;

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;

use super::{
    LiveSetup,
    account::Account,
    capture::{Capture, News},
    driver::{CaptureDriver, Content, Loss, Received, Stamp, Stream},
    messages,
    packets::{Forms, PacketLine},
    stamps::{CaptureClock, SequenceCount},
    watch::{Change, Limits, Watch, random},
};
use crate::source::producer::{PacketOffer, Patience, Produced, Producer, SharedOffer, StateChange, Timing};
use crate::{
    av::VideoInfo,
    base::{error::Result, time::Rational},
    frame::{FrameLoss, FrameShape, Gap},
    pipeline::{
        Signal,
        clock::SECOND_NS,
        hub::Wanted,
        live::{LiveReport, LiveState},
        report::SourceInfo,
    },
};

/// Seconds per tick of the times of live frames.
const MICROSECONDS: Rational = Rational::new(1, 1_000_000);

/// The device goes on for so long without a target: a program attaches one soon after it has opened its source.
const LINGER_NS: u64 = SECOND_NS;

/// The pause after which a device without a signal is looked at again, if it does not say when the signal is back.
const NO_SIGNAL_NS: u64 = SECOND_NS;

/// Makes frames of what a driver captures.
pub struct LiveProducer {
    setup: LiveSetup,
    capture: Capture,
    signal: Arc<Signal>,
    watch: Watch,
    clock: CaptureClock,
    sequence: SequenceCount,
    account: Arc<Mutex<Account>>,
    /// Its packets, if the stream is one of packets.
    packets: Option<PacketLine>,
    /// The forms of pictures that are known.
    forms: Forms,
    offer: SharedOffer,
    /// Time of the last packet that was handed on.
    last_packet: Option<i64>,
    /// The forms of frames that are wanted.
    wanted: Wanted,
    /// What is missing before the next picture that is handed on, and before the next packet.
    before_picture: FrameLoss,
    before_packet: FrameLoss,
    /// The shape of the last frame; `None` before the first.
    shape: Option<VideoInfo>,
    /// Capture of the first frame, which has the time 0.
    origin_ns: Option<u64>,
    /// Frames still to be left out after a start.
    to_burn: u32,
    /// Answers that wait to be given.
    ready: VecDeque<Produced>,
    /// Until when the device goes on without a target; `None` while there is one.
    lingers_until_ns: Option<u64>,
}

impl LiveProducer {
    /// Starts a driver and waits for its first frame.
    ///
    /// # Errors
    ///
    /// Why it gives none.
    pub fn open(driver: Box<dyn CaptureDriver>, setup: LiveSetup, signal: &Arc<Signal>) -> Result<Self> {
        let now_ns = signal.clock().now_ns();
        let capture = Capture::spawn(driver, signal, setup.first_frame_ns)?;
        let limits = Limits::of_period(setup.info.frame_rate.frame_time_ns(1), setup.first_frame_ns);
        let mut producer = Self {
            capture,
            signal: signal.clone(),
            watch: Watch::new(limits, now_ns),
            clock: CaptureClock::default(),
            sequence: SequenceCount::default(),
            account: Arc::default(),
            packets: None,
            forms: Forms::default(),
            offer: SharedOffer::default(),
            // A picture shows what the frames are like.
            wanted: Wanted { pictures: true, packets: false },
            last_packet: None,
            before_picture: FrameLoss::default(),
            before_packet: FrameLoss::default(),
            shape: None,
            origin_ns: None,
            to_burn: setup.burn,
            ready: VecDeque::new(),
            lingers_until_ns: Some(0),
            setup,
        };
        producer.capture.start(0);
        producer.wait_for_shape(now_ns + producer.setup.first_frame_ns)?;
        Ok(producer)
    }

    /// Waits for the first frame, which shows what the frames are like.
    fn wait_for_shape(&mut self, deadline_ns: u64) -> Result<()> {
        while self.shape.is_none() {
            let seen = self.signal.seen();
            match self.capture.try_recv() {
                Some((News::Lost(Loss::Lost(error)), true)) => return Err(error),
                Some((news, true)) => self.take(news)?,
                Some((_, false)) => {}
                None if self.now_ns() >= deadline_ns => return Err(messages::offline(&self.setup)),
                None => self.signal.wait(seen, Some(deadline_ns)),
            }
        }
        self.clear_ready();
        Ok(())
    }

    fn now_ns(&self) -> u64 {
        self.signal.clock().now_ns()
    }

    fn is_withholding(&self) -> bool {
        self.lingers_until_ns.is_some()
    }

    /// Looks at news of the driver; answers go to `ready`.
    fn take(&mut self, news: News) -> Result<()> {
        match news {
            News::Started(stream) => self.begin(&stream)?,
            News::Received(received) => self.receive(received)?,
            News::Lost(loss) => self.lose(loss),
            News::Failed(error) => return Err(error),
        }
        Ok(())
    }

    /// The stream was started.
    fn begin(&mut self, stream: &Stream) -> Result<()> {
        let now_ns = self.now_ns();
        self.account.lock().starts += 1;
        self.sequence.restart();
        self.account.lock().restart_rate();
        self.to_burn = self.setup.burn;
        self.watch.started(now_ns);
        self.account.lock().state = self.watch.state();
        if let Some(rate) = stream.frame_rate.filter(|rate| rate.num > 0 && rate.den > 0) {
            let limits = Limits::of_period(rate.frame_time_ns(1), self.setup.first_frame_ns);
            self.watch.set_limits(limits);
            if self.shape.is_none() {
                self.setup.info.frame_rate = rate;
                self.setup.info.is_frame_rate_guessed = false;
            }
        }
        if let Some(mut packets) = self.packets.take() {
            self.account.lock().withhold_inside(packets.stop_decoding());
        }
        match &stream.content {
            Content::Packets(parameters) => {
                let packets = PacketLine::open(&self.setup, parameters, &self.offer)?;
                self.setup.info.codec = packets.codec().to_owned();
                self.packets = Some(packets);
            }
            Content::Pictures(_) => *self.offer.lock() = PacketOffer::None,
        }
        Ok(())
    }

    fn receive(&mut self, received: Received) -> Result<()> {
        match received {
            Received::Picture(picture, stamp) => {
                self.count(&stamp);
                let captured_ns = self.clock.captured_ns(&stamp);
                self.capture_picture(picture, &stamp, captured_ns);
            }
            Received::Damaged(stamp) => {
                self.count(&stamp);
                self.account.lock().damaged += 1;
                self.miss(1);
                self.watch.sign(stamp.arrival_ns);
            }
            Received::Packet(packet, stamp) => {
                self.count(&stamp);
                self.watch.sign(stamp.arrival_ns);
                self.receive_packet(packet, stamp)?;
            }
            Received::Nothing => {}
        }
        Ok(())
    }

    /// Counts what was lost before something that came.
    fn count(&mut self, stamp: &Stamp) {
        let lost = self.sequence.lost_before(stamp).saturating_sub(stamp.missed_before);
        self.account.lock().span += 1 + lost + stamp.missed_before;
        self.account.lock().lost += lost;
        self.miss(lost + stamp.missed_before);
    }

    /// Frames are missing before the next one of each form.
    fn miss(&mut self, frames: u64) {
        self.before_picture.frames += frames;
        self.before_packet.frames += frames;
    }

    /// Nothing is missing for those who did not want it.
    fn forget_losses(&mut self) {
        (self.before_picture, self.before_packet) = <_>::default();
    }

    fn tell(&mut self, change: Change, gap: Option<Gap>) {
        if let (Some(gap), Some(origin_ns)) = (&gap, self.origin_ns) {
            self.account.lock().gap(gap, origin_ns, self.signal.clock().as_ref());
        }
        let Change { state, cause } = change;
        self.account.lock().state = state;
        self.ready.push_back(Produced::State(StateChange { state, cause, gap }));
    }

    /// The driver gives nothing more until it is started again.
    fn lose(&mut self, loss: Loss) {
        let now_ns = self.now_ns();
        let is_no_signal = loss.is_no_signal();
        let (change, not_before_ns) = match loss {
            Loss::Changed => (None, 0),
            Loss::Lost(error) if is_no_signal => (self.watch.no_signal(error), now_ns + NO_SIGNAL_NS),
            Loss::Lost(error) => (self.watch.lost(error), now_ns + self.pause_ns()),
        };
        if let Some(change) = change {
            self.tell(change, None);
        }
        self.capture.start(not_before_ns);
    }

    /// The pause before the next attempt, of a length that differs from source to source.
    fn pause_ns(&mut self) -> u64 {
        self.watch.back_off(random(self.now_ns()))
    }

    /// Looks how long nothing came.
    fn tick(&mut self) {
        let now_ns = self.now_ns();
        let was_waiting = matches!(self.watch.state(), LiveState::Stalled | LiveState::Connecting);
        let change =
            self.watch.tick(now_ns, self.capture.looked_ns(), |quiet_ns| messages::silence(&self.setup, quiet_ns));
        if was_waiting && self.watch.state() == LiveState::Lost {
            let pause_ns = self.pause_ns();
            self.capture.start(now_ns + pause_ns);
        }
        if let Some(change) = change {
            self.tell(change, None);
        }
    }

    /// Looks at everything that the driver has handed on.
    fn take_news(&mut self) -> Result<()> {
        while let Some((news, is_current)) = self.capture.try_recv() {
            if is_current {
                self.take(news)?;
            } else if let News::Received(Received::Picture(_, stamp) | Received::Packet(_, stamp)) = news {
                // What an earlier start had left.
                self.count(&stamp);
                self.account.lock().withheld += 1;
            }
            if !self.ready.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

impl Producer for LiveProducer {
    fn info(&self) -> &SourceInfo {
        &self.setup.info
    }

    fn timing(&self) -> Timing {
        Timing::Live
    }

    fn shape(&self) -> FrameShape {
        FrameShape::mono(self.shape.unwrap_or(VideoInfo::UNKNOWN))
    }

    fn time_base(&self) -> Rational {
        MICROSECONDS
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Produced> {
        if self.lingers_until_ns.is_some() {
            // What came before somebody wanted frames is old.
            self.take_news()?;
            self.clear_ready();
            self.lingers_until_ns = None;
            self.forget_losses();
            if self.watch.state() == LiveState::Resting {
                self.watch.resume(self.now_ns());
                self.account.lock().state = LiveState::Connecting;
                self.capture.start(0);
            }
        }
        loop {
            if let Some(produced) = self.ready.pop_front() {
                return Ok(produced);
            }
            self.take_news()?;
            if self.ready.is_empty() {
                self.tick();
            }
            if self.ready.is_empty() {
                if patience.is_over() {
                    return Ok(Produced::Idle);
                }
                let until_ns = self.watch.deadline_ns(self.now_ns()).unwrap_or(u64::MAX).min(patience.deadline_ns);
                patience.signal.wait(patience.seen, Some(until_ns));
            }
        }
    }

    fn rest(&mut self, now_ns: u64) -> Option<u64> {
        if self.watch.state() == LiveState::Resting {
            return None;
        }
        let until_ns = match self.lingers_until_ns {
            None | Some(0) => now_ns + LINGER_NS,
            Some(until_ns) => until_ns,
        };
        self.lingers_until_ns = Some(until_ns);
        while let Some((news, is_current)) = self.capture.try_recv() {
            let is_loss = matches!(news, News::Lost(_) | News::Failed(_));
            // A device that is lost while nobody looks is found lost at the next start.
            if is_current && (is_loss || self.take(news).is_err()) {
                return self.stop();
            }
        }
        self.clear_ready();
        if now_ns < until_ns { Some(until_ns) } else { self.stop() }
    }

    fn want(&mut self, wanted: Wanted) {
        let before = std::mem::replace(&mut self.wanted, wanted);
        if let (Some(packets), true) = (&mut self.packets, before.pictures && !wanted.pictures) {
            self.account.lock().withhold_inside(packets.stop_decoding());
        }
        if wanted.pictures && !before.pictures {
            self.before_picture = FrameLoss::default();
        }
        if wanted.packets && !before.packets {
            self.before_packet = FrameLoss::default();
        }
    }

    fn offer(&self) -> Option<SharedOffer> {
        Some(self.offer.clone())
    }

    fn live(&self) -> Option<Arc<dyn LiveReport>> {
        Some(self.account.clone())
    }

    fn missed(&self) -> u64 {
        self.capture.missed()
    }

    fn damaged(&self) -> u64 {
        self.packets.as_ref().map_or(0, PacketLine::damaged)
    }
}

impl LiveProducer {
    /// Lets the device rest.
    fn stop(&mut self) -> Option<u64> {
        self.clear_ready();
        self.watch.rest();
        self.account.lock().state = LiveState::Resting;
        self.capture.rest();
        self.account.lock().restart_rate();
        None
    }
}
