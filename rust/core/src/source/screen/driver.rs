//! Captures a screen at the instants of its frame rate.

use std::{io::ErrorKind, sync::Arc};

use super::{
    aim::{Miss, closed, window_number},
    connect::{DisplayName, Failure, unavailable},
    link::{Waited, is_woken},
    options::ScreenOptions,
    picture::{Painter, memory},
    schedule::Schedule,
    x11::{News, Seen, Session},
};
use crate::{
    av::Picture,
    base::error::{Code, Error, Result, Stage},
    pipeline::{Wake, clock::SECOND_NS},
    source::{
        live::driver::{CaptureDriver, Content, Loss, Received, Stamp, Stream},
        producer::Patience,
    },
    sys::{monotonic_ns, waker::Waker},
};

/// A server that does not answer for so long is lost. One that only has much to do is much faster.
const ANSWER_NS: u64 = 5 * SECOND_NS;

/// Longest wait for a server to take what it need not answer.
const GOODBYE_NS: u64 = SECOND_NS / 5;

/// Attempts after which what changes again and again counts as lost.
const MOST_ATTEMPTS: u32 = 20;

/// Captures a screen, or a part of it.
pub(super) struct ScreenDriver {
    options: ScreenOptions,
    display: DisplayName,
    /// What is captured, in messages.
    name: String,
    waker: Arc<Waker>,
    painter: Painter,
    session: Option<Session>,
    schedule: Option<Schedule>,
    /// It was captured at least once.
    was_captured: bool,
    /// The window that was named by its number is closed: the number may be another window's now.
    gone: Option<Error>,
    /// The mark on the window that is named by its number.
    mark: Option<Vec<u8>>,
    /// The last picture, and the cursor that was drawn.
    last: Option<(Picture, Option<Seen>)>,
    /// What failed in sequence.
    attempts: u32,
}

impl ScreenDriver {
    pub(super) fn new(options: &ScreenOptions) -> Result<Self> {
        let waker = Waker::new().map(Arc::new).map_err(|error| {
            Error::new(
                Code::ResourceExhausted,
                Stage::Source,
                format!("Cannot capture the screen: {}", std::io::Error::from(error)),
            )
        })?;
        Ok(Self {
            display: DisplayName::of(options.display.as_deref())?,
            name: options.name(),
            painter: Painter::new(options.colour),
            options: options.clone(),
            waker,
            session: None,
            schedule: None,
            was_captured: false,
            gone: None,
            mark: None,
            last: None,
            attempts: 0,
        })
    }

    /// Chooses and prepares what is captured, in the session that there is or in a new one.
    fn begin(&mut self, deadline_ns: u64) -> Result<(u16, u16), Miss> {
        if let Some(session) = &mut self.session {
            session.set_deadline(deadline_ns);
            // The server may have gone while nobody listened.
            match Self::prepare(session, &self.options, self.was_captured) {
                Err(Miss::Failure(Failure::Broken(error))) if !is_woken(&error) => {}
                outcome => return outcome,
            }
            self.session = None;
        }
        if let Some(error) = &self.gone {
            return Err(Miss::Gone(error.clone()));
        }
        let session = Session::open(&self.display, &self.waker, deadline_ns).map_err(Miss::Refused)??;
        let session = self.session.insert(session);
        session.mark.clone_from(&self.mark);
        let size = Self::prepare(session, &self.options, self.was_captured)?;
        if self.is_numbered() {
            self.mark = self.session.as_ref().and_then(|session| session.mark.clone());
        }
        Ok(size)
    }

    /// Whether the window is named by its number.
    fn is_numbered(&self) -> bool {
        self.options.window.as_deref().is_some_and(|window| window_number(window).is_some())
    }

    fn prepare(session: &mut Session, options: &ScreenOptions, was_captured: bool) -> Result<(u16, u16), Miss> {
        let size = session.aim(options, was_captured)?.size;
        let pixels = u32::from(size.0) * u32::from(size.1);
        if pixels > options.max_pixels {
            let message = format!(
                "Cannot capture {}: it has {pixels} pixels, more than the limit of {}; raise `maxPixels`",
                options.name(),
                options.max_pixels
            );
            return Err(Miss::Refused(Error::new(Code::LimitExceeded, Stage::Source, message).with_field("maxPixels")));
        }
        session.prepare(options)?;
        Ok(size)
    }

    /// What a failure is to the source.
    fn loss(&mut self, failure: Failure) -> Loss {
        match failure {
            // Whatever the order is, it is carried out by a new start.
            Failure::Broken(error) if is_woken(&error) => {
                self.session = None;
                Loss::Changed
            }
            Failure::Broken(error) => {
                self.session = None;
                let reason = if error.kind() == ErrorKind::TimedOut {
                    "its X server does not answer"
                } else {
                    "the connection to its X server ended"
                };
                Loss::Lost(unavailable(format!("Cannot capture {}: {reason}", self.name)).with_cause(error.to_string()))
            }
            // Most often the screen or the window has just changed: another look shows it.
            Failure::Refused(_) if self.attempts < MOST_ATTEMPTS => {
                self.attempts += 1;
                Loss::Changed
            }
            Failure::Refused(reason) => {
                self.attempts = 0;
                Loss::Lost(unavailable(format!("Cannot capture {}: {reason}", self.name)))
            }
        }
    }

    fn miss(&mut self, miss: Miss) -> Loss {
        match miss {
            Miss::Failure(failure) => self.loss(failure),
            Miss::Away(error) | Miss::Refused(error) => Loss::Lost(error),
            Miss::Gone(error) => self.close_window(error),
        }
    }

    /// The window is closed. One with the same title may be opened, one with the same number would be another one.
    fn close_window(&mut self, error: Error) -> Loss {
        self.session = None;
        if self.is_numbered() && self.was_captured {
            self.gone = Some(error.clone());
        }
        Loss::Lost(error)
    }

    /// Looks at what the server has sent.
    fn look(&mut self) -> Result<(), Loss> {
        let Some(session) = &mut self.session else { return Err(Loss::Changed) };
        match session.take_events() {
            Ok(News::Nothing) => Ok(()),
            Ok(News::Reshaped) => match session.is_unmoved(&self.options) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Loss::Changed),
                Err(failure) => Err(self.loss(failure)),
            },
            Ok(News::Closed) => Err(self.close_window(closed(&self.name))),
            Err(failure) => Err(self.loss(failure)),
        }
    }

    /// The picture of an instant: a new one if something was drawn or the cursor moved.
    fn capture(&mut self, sequence: u32, now_ns: u64) -> Result<Received, Loss> {
        let picture = match self.picture() {
            Ok(picture) => picture.map_err(Loss::Lost)?,
            Err(failure) => return Err(self.loss(failure)),
        };
        self.attempts = 0;
        let stamp =
            Stamp { device_ns: Some(now_ns), arrival_ns: monotonic_ns(), sequence: Some(sequence), ..Stamp::default() };
        Ok(Received::Picture(picture, stamp))
    }

    fn picture(&mut self) -> Result<Result<Picture>, Failure> {
        let gone = || Failure::Broken(ErrorKind::NotConnected.into());
        let session = self.session.as_mut().ok_or_else(gone)?;
        let seen = if self.options.cursor { session.cursor()? } else { None };
        if let Some((picture, drawn)) = &self.last
            && !session.is_damaged
            && *drawn == seen
        {
            return Ok(picture.reference().map_err(memory));
        }
        let grabbed = session.grab()?;
        let painted = self.painter.paint(grabbed, seen.map(|seen| seen.place));
        Ok(painted.and_then(|picture| {
            self.last = Some((picture.reference().map_err(memory)?, seen));
            Ok(picture)
        }))
    }
}

impl CaptureDriver for ScreenDriver {
    fn start(&mut self, patience: &Patience<'_>) -> Result<Stream, Loss> {
        self.waker.reset();
        if patience.is_over() {
            return Err(Loss::Changed);
        }
        self.last = None;
        let size = self.begin(patience.deadline_ns).map_err(|miss| self.miss(miss))?;
        self.was_captured = true;
        let rate = self.options.frame_rate;
        self.schedule.get_or_insert_with(|| Schedule::new(rate, monotonic_ns()));
        Ok(Stream { content: Content::Pictures(self.painter.shape(size)), frame_rate: Some(rate) })
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Received, Loss> {
        self.waker.reset();
        loop {
            if patience.is_over() {
                return Ok(Received::Nothing);
            }
            self.look()?;
            let (Some(session), Some(schedule)) = (&mut self.session, &mut self.schedule) else {
                return Err(Loss::Changed);
            };
            let now_ns = monotonic_ns();
            if let Some(number) = schedule.take(now_ns) {
                session.set_deadline(now_ns.saturating_add(ANSWER_NS));
                return self.capture(number, now_ns);
            }
            let until_ns = schedule.next_ns().min(patience.deadline_ns);
            match session.wait(until_ns) {
                Ok(Waited::Woken) => return Ok(Received::Nothing),
                Ok(Waited::Ready | Waited::Over) => {}
                Err(failure) => return Err(self.loss(failure)),
            }
        }
    }

    /// The connection stays: on it a window is heard of when it is shown again.
    fn rest(&mut self) {
        self.last = None;
        if let Some(session) = &mut self.session {
            session.set_deadline(monotonic_ns().saturating_add(GOODBYE_NS));
            if session.stop().is_err() {
                self.session = None;
            }
        }
    }

    fn close(&mut self) {
        self.last = None;
        self.schedule = None;
        self.session = None;
    }

    fn wait_for_return(&mut self, patience: &Patience<'_>) {
        self.waker.reset();
        while !patience.is_over() {
            let Some(session) = &mut self.session else { return patience.wait() };
            match session.wait(patience.deadline_ns) {
                // Shown again, closed, or the screen has another size: the next start sees which.
                Ok(Waited::Ready) => match session.take_events() {
                    Ok(News::Nothing) => {}
                    Ok(_) => return,
                    Err(_) => {
                        self.session = None;
                        return;
                    }
                },
                Ok(Waited::Woken | Waited::Over) => {}
                Err(_) => {
                    self.session = None;
                    return;
                }
            }
        }
    }

    fn waker(&self) -> Option<Arc<dyn Wake>> {
        Some(self.waker.clone())
    }
}
