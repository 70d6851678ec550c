//! Filters: nodes that change pictures on native threads, by graphs of FFmpeg's filters.
//!
//! A filter is a target of its source and an observable for its own targets, with one thread of its own.

mod allowed;
mod graphs;
pub mod options;
mod state;
mod thread;

use std::sync::Arc;

pub(crate) use self::allowed::PicturesOnly;
pub use self::allowed::allowed_filters;
use self::{
    options::FilterOptions,
    state::{FilterRequest, FilterState},
    thread::FilterThread,
};
use crate::{
    av,
    base::error::{Code, Error, Result, Stage},
    frame::FrameForm,
    pipeline::{
        Clock, InputSender, Signal, clock,
        events::Notify,
        input::{DEFAULT_QUEUE_BYTES, InputConfig, Limits, input_queue},
        report::{Event, FilterStats},
        requests::{Requester, requests},
    },
};

/// A filter in front of a writer rides out as much as the writer does.
const INPUT: InputConfig = InputConfig {
    limits: Limits::ride_out(2 * clock::SECOND_NS, DEFAULT_QUEUE_BYTES),
    policy: None,
    preferred: None,
    form: FrameForm::Pictures,
};

/// Changes frames on their way. Dropping it closes it, and frames for which its targets have no room are dropped.
///
/// Without a target it still takes frames: its graph may use them for the frames that follow.
pub struct Filter {
    state: Arc<FilterState>,
    input: InputSender,
    requests: Requester<FilterRequest>,
}

impl Filter {
    /// Opens a filter that is attached to nothing yet.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, `FilterUnavailable`, or `ResourceExhausted` if the system has no further thread.
    pub fn open(options: &FilterOptions, clock: &Arc<dyn Clock>, notify: Notify) -> Result<Self> {
        av::init();
        let description = options.read()?;
        let state = Arc::new(FilterState::new(clock.clone(), notify));
        let signal = Signal::new(clock);
        let (input, receiver) = input_queue(state.clone(), INPUT, &signal);
        let (requester, requests) = requests("filter", &signal);
        let thread = FilterThread::new(state.clone(), receiver, requests, signal, description, options.what());
        clock::spawn(clock, "gg-filter", move || thread.run())?;
        Ok(Self { state, input, requests: requester })
    }

    /// The stats so far.
    #[must_use]
    pub fn stats(&self) -> FilterStats {
        self.state.stats(self.input.len())
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

    /// The sender of its input queue.
    #[must_use]
    pub fn input(&self) -> &InputSender {
        &self.input
    }

    /// Asks for its frames to go to `input`, which is called `target` in events.
    ///
    /// # Errors
    ///
    /// `Closed`, `InvalidArgument` if it is the filter's own, or `Busy` if too many requests wait.
    pub fn attach(&self, input: &InputSender, target: u32) -> Result<()> {
        if input.is_closed() {
            return Err(Error::new(Code::Closed, Stage::Hub, "Cannot attach the target: it is closed"));
        }
        input.check_takes_pictures("a filter")?;
        if input.is_same_target(&self.input) {
            return Err(Error::argument("target", "Cannot attach a filter to itself: its frames would never leave it"));
        }
        self.requests.ask(FilterRequest::Attach { target, input: input.clone() })
    }

    /// Asks for no more frames to go to `target`; the `detached` event follows its last one.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Busy` if too many requests wait.
    pub fn detach(&self, target: u32) -> Result<()> {
        self.requests.ask(FilterRequest::Detach { target })
    }

    /// Accepts no further frame and returns at once: the frames inside are handed on, then follow the events `ended`,
    /// `detached` for each target, and `closed`. Later calls do nothing.
    pub fn close(&self) {
        self.input.close();
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
