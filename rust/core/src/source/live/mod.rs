//! Live sources: cameras, screens and network streams. A driver captures on a thread of its own; the producer here makes
//! frames with true times of what it gives, and sees to it that nothing is lost in silence.

mod account;
mod capture;
pub mod driver;
mod stamps;
mod watch;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use parking_lot::Mutex;
use smallvec::smallvec;

use self::{
    account::Account,
    capture::{Capture, News},
    driver::{CaptureDriver, Content, Loss, Received, Stamp, Stream},
    stamps::{CaptureClock, SequenceCount},
    watch::{Change, Limits, Watch},
};
use super::{
    decode::{Decoded, PictureDecoder},
    producer::{Captured, Patience, Produced, Producer, StateChange, Timing},
};
use crate::{
    av::{Packet, Picture, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::{FrameLoss, FrameShape},
    pipeline::{
        Signal,
        clock::SECOND_NS,
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

/// Packets that a decoder may hold back.
const MOST_INSIDE: usize = 64;

/// What a live source is to its program, besides its driver.
#[derive(Debug, Clone)]
pub struct LiveSetup {
    /// Its name in messages, quoted, such as `the device "/dev/video0"`.
    pub name: String,
    /// Its metadata; size, pixel format and codec are those of the first frame.
    pub info: SourceInfo,
    /// Whether `info.frame_rate` was asked for, so that another one is worth a warning.
    pub is_rate_asked: bool,
    /// Longest wait for the first frame, in nanoseconds.
    pub first_frame_ns: u64,
    /// The code of the error if no frame comes while it is opened.
    pub offline: Code,
    /// Frames to leave out after each start.
    pub burn: u32,
    /// Largest number of pixels of a frame.
    pub max_pixels: u32,
}

/// Makes frames of what a driver captures.
pub struct LiveProducer {
    setup: LiveSetup,
    capture: Capture,
    signal: Arc<Signal>,
    watch: Watch,
    clock: CaptureClock,
    sequence: SequenceCount,
    account: Arc<Mutex<Account>>,
    decoder: Option<PictureDecoder>,
    /// The stamps of the packets inside the decoder, by the numbers that the packets have there.
    inside: VecDeque<(i64, Stamp)>,
    packets: i64,
    /// Frames lost since the last one that was handed on.
    lost: u64,
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
        let capture = Capture::spawn(driver, signal)?;
        let limits = Limits::of_period(setup.info.frame_rate.frame_time_ns(1), setup.first_frame_ns);
        let mut producer = Self {
            capture,
            signal: signal.clone(),
            watch: Watch::new(limits, now_ns),
            clock: CaptureClock::default(),
            sequence: SequenceCount::default(),
            account: Arc::default(),
            decoder: None,
            inside: VecDeque::new(),
            packets: 0,
            lost: 0,
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
                None if self.now_ns() >= deadline_ns => return Err(self.offline()),
                None => self.signal.wait(seen, Some(deadline_ns)),
            }
        }
        self.ready.clear();
        Ok(())
    }

    fn offline(&self) -> Error {
        let message = format!(
            "Cannot open {}: no frame came within {:.1} s",
            self.setup.name,
            self.setup.first_frame_ns as f64 / 1e9
        );
        Error::new(self.setup.offline, Stage::Source, message)
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
        self.inside.clear();
        self.decoder = None;
        if let Content::Packets(parameters) = &stream.content {
            let name = &self.setup.name;
            // With more threads a decoder holds as many frames back.
            let opened = PictureDecoder::open(name, parameters, MICROSECONDS, 1, self.setup.max_pixels)
                .map_err(|error| error.explain(Code::DecodeFailed, Stage::Decode, &format!("decode {name}")))?;
            let decoder = opened.ok_or_else(|| {
                let message = format!("Cannot decode {name}: the linked FFmpeg has no decoder for its codec");
                Error::new(Code::CodecUnavailable, Stage::Decode, message)
            })?;
            self.setup.info.codec = decoder.codec_name();
            self.decoder = Some(decoder);
        }
        Ok(())
    }

    fn receive(&mut self, received: Received) -> Result<()> {
        match received {
            Received::Picture(picture, stamp) => {
                self.count(&stamp);
                self.capture_picture(picture, &stamp);
            }
            Received::Damaged(stamp) => {
                self.count(&stamp);
                self.account.lock().damaged += 1;
                self.lost += 1;
                self.watch.sign(stamp.arrival_ns);
            }
            Received::Packet(packet, stamp) => {
                self.count(&stamp);
                self.watch.sign(stamp.arrival_ns);
                self.decode(packet, stamp)?;
            }
            Received::Nothing => {}
        }
        Ok(())
    }

    /// Counts what was lost before something that came.
    fn count(&mut self, stamp: &Stamp) {
        let lost = self.sequence.lost_before(stamp);
        self.account.lock().span += 1 + lost;
        self.account.lock().lost += lost;
        self.lost += lost;
    }

    fn decode(&mut self, mut packet: Packet, stamp: Stamp) -> Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let before = decoder.damaged();
        packet.set_times(self.packets, self.packets);
        self.inside.push_back((self.packets, stamp));
        self.packets += 1;
        if self.inside.len() > MOST_INSIDE {
            self.inside.pop_front();
            self.account.lock().damaged += 1;
        }
        decoder.send(&packet)?;
        let mut pictures = Vec::new();
        while let Decoded::Picture(picture) = decoder.receive()? {
            pictures.push(picture);
        }
        let is_damaged = decoder.damaged() > before;
        if is_damaged && pictures.is_empty() {
            // What cannot be decoded comes out of the decoder never.
            self.inside.retain(|(number, _)| *number != self.packets - 1);
            self.account.lock().damaged += 1;
            self.lost += 1;
        }
        for picture in pictures {
            let Some(index) = self.inside.iter().position(|(number, _)| picture.pts() == Some(*number)) else {
                continue;
            };
            if let Some((_, stamp)) = self.inside.remove(index) {
                self.capture_picture(picture, &stamp);
            }
        }
        Ok(())
    }

    /// Makes a frame of a picture, unless no frames are wanted.
    fn capture_picture(&mut self, picture: Picture, stamp: &Stamp) {
        let shape = VideoInfo::of(&picture);
        let captured_ns = self.clock.captured_ns(stamp);
        let now_ns = self.now_ns();
        self.account.lock().frame(captured_ns, now_ns, self.clock.distrusted);
        if self.shape.is_none() {
            let info = &mut self.setup.info;
            (info.width, info.height, info.pixel_format) = (shape.width, shape.height, shape.format.name());
            let geometry = shape.tags.geometry;
            info.pixel_aspect = Some(geometry.pixel_aspect).filter(|aspect| aspect.num > 0);
            info.field_order = geometry.field_order;
            self.shape = Some(shape);
        }
        if self.to_burn > 0 || self.is_withholding() {
            self.to_burn = self.to_burn.saturating_sub(1);
            self.account.lock().withheld += 1;
            self.lost = 0;
            let _ = self.watch.frame(captured_ns, stamp.arrival_ns);
            self.account.lock().state = self.watch.state();
            return;
        }
        let (change, gap) = self.watch.frame(captured_ns, stamp.arrival_ns);
        if let Some(change) = change {
            self.tell(change, gap.clone());
        }
        if self.shape.replace(shape) != Some(shape) {
            self.ready.push_back(Produced::Changed(FrameShape::mono(shape)));
        }
        let frames = std::mem::take(&mut self.lost);
        let loss = (frames > 0 || gap.is_some()).then(|| Arc::new(FrameLoss { frames, gap }));
        let origin_ns = *self.origin_ns.get_or_insert(captured_ns);
        let pts = i64::try_from((captured_ns - origin_ns) / stamps::STEP_NS).unwrap_or(i64::MAX);
        self.ready.push_back(Produced::Frame(Captured {
            views: smallvec![picture],
            pts,
            captured_ns: Some(captured_ns),
            loss,
            ..Captured::default()
        }));
        if let Some(measured) = self.account.lock().rate_mismatch(self.setup.info.frame_rate, self.setup.is_rate_asked)
        {
            self.ready.push_back(Produced::Warning(self.rate_mismatch(measured)));
        }
    }

    fn rate_mismatch(&self, measured: f64) -> Error {
        let message = format!(
            "Cannot get {} frames per second from {}: it gives {measured:.2}; its exposure may be too long for the light, or \
             its driver states a wrong rate",
            self.setup.info.frame_rate, self.setup.name
        );
        Error::new(Code::RateMismatch, Stage::Source, message).with_field("frameRate")
    }

    fn tell(&mut self, change: Change, gap: Option<crate::frame::Gap>) {
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
        /// The state of a generator of random numbers (Weyl's sequence, mixed as in SplitMix64).
        static STATE: AtomicU64 = AtomicU64::new(0);
        let mut bits = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, SeqCst) ^ self.now_ns();
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        self.watch.back_off((bits >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// Looks how long nothing came.
    fn tick(&mut self) {
        let now_ns = self.now_ns();
        let name = self.setup.name.clone();
        let silence = |quiet_ns: u64| {
            let message = format!("Cannot get frames from {name}: none came for {:.1} s", quiet_ns as f64 / 1e9);
            Error::new(Code::SourceSilent, Stage::Source, message)
        };
        let was_waiting = matches!(self.watch.state(), LiveState::Stalled | LiveState::Connecting);
        let change = self.watch.tick(now_ns, silence);
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
            self.ready.clear();
            self.lingers_until_ns = None;
            self.lost = 0;
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
                let until_ns = self.watch.deadline_ns().unwrap_or(u64::MAX).min(patience.deadline_ns);
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
        self.ready.clear();
        if now_ns < until_ns { Some(until_ns) } else { self.stop() }
    }

    fn live(&self) -> Option<Arc<dyn LiveReport>> {
        Some(self.account.clone())
    }

    fn missed(&self) -> u64 {
        self.capture.missed()
    }

    fn damaged(&self) -> u64 {
        self.decoder.as_ref().map_or(0, PictureDecoder::damaged)
    }
}

impl LiveProducer {
    /// Lets the device rest.
    fn stop(&mut self) -> Option<u64> {
        self.ready.clear();
        self.watch.rest();
        self.account.lock().state = LiveState::Resting;
        self.capture.rest();
        self.account.lock().restart_rate();
        None
    }
}

#[cfg(test)]
mod tests;
