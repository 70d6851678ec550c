//! Sources of frames.

mod crop;
mod decode;
mod file;
pub mod live;
pub mod network;
pub mod options;
pub mod producer;
pub mod screen;
mod state;
pub mod test_pattern;
mod thread;
pub mod v4l2;

use std::sync::Arc;

use self::{
    file::FileProducer,
    live::{LiveProducer, LiveSetup, driver::CaptureDriver},
    options::{Pacing, SourceOptions},
    producer::Producer,
    state::{SourceRequest, SourceState},
    test_pattern::PatternProducer,
    thread::SourceThread,
    v4l2::DeviceControls,
};
use crate::{
    av,
    base::error::{Code, Error, Result, Stage},
    pipeline::{
        InputSender, Session, Signal, clock,
        events::Notify,
        report::{Event, SourceInfo, SourceStats},
        requests::{Requester, requests},
    },
    pixels::planes::Rect,
    storage::Volume,
};

/// A source of frames with a thread of its own. Dropping it closes it.
///
/// Without a target it rests: nothing is read, and time stands still until one is attached.
pub struct Source {
    info: SourceInfo,
    state: Arc<SourceState>,
    requests: Requester<SourceRequest>,
    /// Those of a device.
    controls: Option<Arc<dyn DeviceControls>>,
}

impl Source {
    /// Opens a source that keeps the time of `session`; it starts with [`Self::start`].
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, or why the input cannot be opened.
    pub fn open(options: &SourceOptions, volume: &dyn Volume, session: &Arc<Session>, notify: Notify) -> Result<Self> {
        av::init();
        let (producer, pacing): (Box<dyn Producer>, Pacing) = match options {
            SourceOptions::File(options) => (Box::new(FileProducer::open(options, volume)?), options.pacing),
            SourceOptions::Pattern(options) => (Box::new(PatternProducer::open(options)?), options.pacing),
            SourceOptions::Device(options) => {
                let (driver, setup, controls) = v4l2::open(options)?;
                let source = Self::live(driver, setup, session, notify)?;
                return Ok(Self { controls: Some(controls), ..source });
            }
            SourceOptions::Network(options) => {
                let (driver, setup) = network::open(options)?;
                return Self::live(driver, setup, session, notify);
            }
            SourceOptions::Screen(options) => {
                let (driver, setup) = screen::open(options)?;
                return Self::live(driver, setup, session, notify);
            }
        };
        Self::of(producer, pacing, session, notify)
    }

    /// The source of the frames that `producer` makes.
    ///
    /// # Errors
    ///
    /// `ResourceExhausted` if the system has no further thread.
    pub fn of(producer: Box<dyn Producer>, pacing: Pacing, session: &Arc<Session>, notify: Notify) -> Result<Self> {
        Self::with_signal(producer, pacing, session, Signal::new(session.clock()), notify)
    }

    /// The source of frames of a producer that already waits on `signal`.
    fn with_signal(
        producer: Box<dyn Producer>,
        pacing: Pacing,
        session: &Arc<Session>,
        signal: Arc<Signal>,
        notify: Notify,
    ) -> Result<Self> {
        let info = producer.info().clone();
        let state = Arc::new(SourceState::new(notify, producer.as_ref()));
        let (requester, requests) = requests("source", &signal);
        let thread = SourceThread::new(producer, pacing, requests, state.clone(), session.clone(), signal);
        clock::spawn(session.clock(), "gg-source", move || thread.run())?;
        Ok(Self { info, state, requests: requester, controls: None })
    }

    /// The live source of what `driver` captures, once its first frame has come.
    ///
    /// # Errors
    ///
    /// Why none comes, or `ResourceExhausted` if the system has no further thread.
    pub fn live(
        driver: Box<dyn CaptureDriver>,
        setup: LiveSetup,
        session: &Arc<Session>,
        notify: Notify,
    ) -> Result<Self> {
        let signal = Signal::new(session.clock());
        let producer = Box::new(LiveProducer::open(driver, setup, &signal)?);
        Self::with_signal(producer, Pacing::Realtime, session, signal, notify)
    }

    /// Immutable metadata.
    #[must_use]
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// The controls of a device.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if it is another kind of source.
    pub fn controls(&self) -> Result<&dyn DeviceControls> {
        let none = || Error::argument("name", "Cannot use controls: only a capture device has them");
        self.controls.as_deref().ok_or_else(none)
    }

    /// The stats so far.
    #[must_use]
    pub fn stats(&self) -> SourceStats {
        self.state.stats()
    }

    /// Takes the events since the last call.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        self.state.events.take()
    }

    /// Puts events back that could not be handed on.
    pub fn put_back_events(&self, events: Vec<Event>) {
        self.state.events.put_back(events);
    }

    /// Asks for only `crop` of each frame from the next one on; `None` for the whole frame.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if the crop is not inside the frame; `Closed`, or `Busy` if too many requests wait.
    pub fn set_crop(&self, crop: Option<Rect>) -> Result<()> {
        if let Some(crop) = crop {
            crop::check(crop, *self.state.shape.lock())?;
        }
        self.requests.ask(SourceRequest::Crop(crop))
    }

    /// Asks for frames to go to `input`, which is called `target` in events.
    ///
    /// # Errors
    ///
    /// What the target lacks for these frames, or why there are no packets for it; `Closed`, or `Busy` if too many requests wait.
    pub fn attach(&self, input: &InputSender, target: u32) -> Result<()> {
        if input.is_closed() {
            return Err(Error::new(Code::Closed, Stage::Hub, "Cannot attach the target: it is closed"));
        }
        self.state.check(input)?;
        self.requests.ask(SourceRequest::Attach { target, input: input.clone() })
    }

    /// Asks for no more frames to go to `target`; the `detached` event follows its last one.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Busy` if too many requests wait.
    pub fn detach(&self, target: u32) -> Result<()> {
        self.requests.ask(SourceRequest::Detach { target })
    }

    /// Starts it, unless it runs already.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Busy` if too many requests wait.
    pub fn start(&self) -> Result<()> {
        self.requests.ask(SourceRequest::Start)
    }

    /// Requests the end, after the requests before it, and returns at once; the `closed` event is its last one.
    pub fn close(&self) {
        self.requests.close();
    }
}

#[cfg(test)]
mod tests;
