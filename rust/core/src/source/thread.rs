//! A source's thread: paces frames and gives them to the targets.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};

use super::{Captured, Command, Driver, Shared, options::Pacing};
use crate::{
    av::Picture,
    base::{
        error::{Code, Error, Result, Stage},
        time::{Rational, wall_clock_ms},
    },
    frame::{Frame, SharedFrame},
    pipeline::{hub::Hub, report::Event},
    pixels::planes::Rect,
    sys::{make_waits_precise, monotonic_ns},
};

const NANOSECONDS: Rational = Rational::new(1, 1_000_000_000);

/// Whether the thread goes on.
#[derive(PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

/// When the frame at `media_ns` is due: `clock_ns` on the monotonic clock.
struct Schedule {
    clock_ns: u64,
    media_ns: i64,
}

pub(super) struct SourceThread {
    driver: Box<dyn Driver>,
    pacing: Pacing,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    hub: Hub,
    started: bool,
    sequence: u64,
    period_ns: u64,
    schedule: Option<Schedule>,
    last_captured_ns: Option<u64>,
    /// The part of the frames that is wanted.
    region: Option<Rect>,
    /// Wall clock at the first frame.
    session_start_ms: u64,
}

impl SourceThread {
    pub(super) fn new(
        driver: Box<dyn Driver>,
        pacing: Pacing,
        commands: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> Self {
        let period_ns = driver.info().frame_rate.frame_time_ns(1);
        Self {
            driver,
            pacing,
            commands,
            shared,
            hub: Hub::default(),
            started: false,
            sequence: 0,
            period_ns,
            schedule: None,
            last_captured_ns: None,
            region: None,
            session_start_ms: 0,
        }
    }

    /// Runs until closed. At the end of the input it tells `ended` and waits for the close.
    pub(super) fn run(mut self) {
        make_waits_precise();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.play()));
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Error::new(
                Code::Internal,
                Stage::Source,
                "Cannot go on reading the source: a defect of this library was met; please report it",
            ))
        });
        let error = outcome.as_ref().err().cloned();
        for target in self.hub.clear() {
            self.shared.events.push(Event::Detached { target });
        }
        if outcome != Ok(Go::Stop) {
            if let Some(error) = error.clone() {
                self.shared.events.push(Event::Error { error });
            }
            self.shared.events.push(Event::Ended);
            self.wait_for_close();
        }
        self.shared.events.push(Event::Closed { report: None, error });
    }

    /// Gives frames until the end (`Go::On`) or the close (`Go::Stop`).
    fn play(&mut self) -> Result<Go> {
        loop {
            if self.rest() == Go::Stop {
                return Ok(Go::Stop);
            }
            let next = self.driver.next();
            self.shared.decode_errors.store(self.driver.decode_errors(), SeqCst);
            let Some(Captured { views, pts }) = next? else { return Ok(Go::On) };
            if self.wait_until_due(pts) == Go::Stop {
                return Ok(Go::Stop);
            }
            let captured_ns = monotonic_ns();
            if self.sequence == 0 {
                self.session_start_ms = wall_clock_ms();
            }
            let frame = Arc::new(Frame {
                views: views.into_iter().map(|view| self.cut(view)).collect::<Result<_>>()?,
                sequence: self.sequence,
                pts,
                time_base: self.driver.time_base(),
                captured_ns,
                session_start_ms: self.session_start_ms,
            });
            let go = self.give(&frame);
            self.note(&frame);
            if go == Go::Stop {
                return Ok(Go::Stop);
            }
        }
    }

    /// Waits while there is nobody to give frames to.
    fn rest(&mut self) -> Go {
        for target in self.hub.remove_gone() {
            self.shared.events.push(Event::Detached { target });
        }
        loop {
            if self.started && !self.hub.is_empty() {
                match self.commands.try_recv() {
                    Ok(command) => {
                        if self.obey(command) == Go::Stop {
                            return Go::Stop;
                        }
                        continue;
                    }
                    Err(TryRecvError::Disconnected) => return Go::Stop,
                    Err(TryRecvError::Empty) => return Go::On,
                }
            }
            // Time stands still while resting.
            self.schedule = None;
            self.last_captured_ns = None;
            let Ok(command) = self.commands.recv() else { return Go::Stop };
            if self.obey(command) == Go::Stop {
                return Go::Stop;
            }
        }
    }

    fn obey(&mut self, command: Command) -> Go {
        match command {
            Command::Attach { target, intake } => {
                self.hub.attach(target, intake);
                self.shared.events.push(Event::Attached { target });
            }
            Command::Detach { target } => {
                if self.hub.detach(target) {
                    self.shared.events.push(Event::Detached { target });
                }
            }
            Command::Region(region) => self.region = region,
            Command::Start => self.started = true,
            Command::Close => return Go::Stop,
        }
        Go::On
    }

    /// In real time waits for the frame's moment; requests are served meanwhile.
    fn wait_until_due(&mut self, pts: i64) -> Go {
        if self.pacing == Pacing::Asap {
            return Go::On;
        }
        let media_ns = Rational::rescale(pts, self.driver.time_base(), NANOSECONDS);
        loop {
            let now = monotonic_ns();
            let schedule = self.schedule.get_or_insert(Schedule { clock_ns: now, media_ns });
            let due = schedule.clock_ns.saturating_add_signed(media_ns - schedule.media_ns);
            if now >= due {
                self.note_lateness(now - due);
                return Go::On;
            }
            let deadline = Instant::now() + Duration::from_nanos(due - now);
            match self.commands.recv_deadline(deadline) {
                Ok(command) => {
                    if self.obey(command) == Go::Stop || (self.hub.is_empty() && self.rest() == Go::Stop) {
                        return Go::Stop;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Go::Stop,
            }
        }
    }

    /// A frame that is late by more than a period means that this thread did not run. A camera's instants are then
    /// gone; a file waits, so that at most one frame is given early to catch up.
    fn note_lateness(&mut self, late_ns: u64) {
        self.shared.lateness.record(late_ns);
        if late_ns <= self.period_ns {
            return;
        }
        self.shared.late.fetch_add(1, SeqCst);
        let missed = late_ns / self.period_ns;
        if self.driver.skip(missed) {
            self.shared.missed.fetch_add(missed, SeqCst);
        } else if let Some(schedule) = &mut self.schedule {
            schedule.clock_ns += late_ns - self.period_ns;
        }
    }

    /// The wanted part of a picture.
    fn cut(&self, picture: Picture) -> Result<Picture> {
        let Some(region) = self.region else { return Ok(picture) };
        picture.crop(region).map_err(|error| error.explain(Code::ResourceExhausted, Stage::Source, "cut a frame"))
    }

    fn give(&mut self, frame: &SharedFrame) -> Go {
        self.hub.capture(frame);
        if self.pacing == Pacing::Realtime {
            self.hub.offer(frame);
            return Go::On;
        }
        let mut go = Go::On;
        while let Some(command) = self.hub.deliver(frame, &self.commands) {
            if self.obey(command) == Go::Stop {
                self.hub.detach_all();
                go = Go::Stop;
            }
        }
        go
    }

    fn note(&mut self, frame: &Frame) {
        self.sequence += 1;
        self.shared.captured.store(self.sequence, SeqCst);
        let end_ns = Rational::rescale(frame.pts, frame.time_base, NANOSECONDS);
        let end_ns = u64::try_from(end_ns).unwrap_or(0) + self.period_ns;
        self.shared.duration_ns.fetch_max(end_ns, SeqCst);
        if let Some(last) = self.last_captured_ns.replace(frame.captured_ns) {
            self.shared.interval.record(frame.captured_ns.saturating_sub(last));
        }
    }

    /// After the end only a close is served; late attaches and detaches are answered.
    fn wait_for_close(&mut self) {
        while let Ok(command) = self.commands.recv() {
            match command {
                Command::Close => return,
                Command::Attach { target, .. } | Command::Detach { target } => {
                    self.shared.events.push(Event::Detached { target });
                }
                Command::Region(_) | Command::Start => {}
            }
        }
    }
}
