//! Filters: nodes that change pictures on native threads, by graphs of FFmpeg's filters.
//!
//! A filter is a target of what is before it and an observable for what is behind it, with one thread of its own.

mod allowed;
mod graphs;
pub mod options;
mod thread;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use crossbeam_channel::{Sender, TrySendError, bounded};

pub use allowed::allowed_filters;

pub(crate) use allowed::PicturesOnly;

use crate::{
    av,
    base::error::{self, Code, Error, Result},
    pipeline::{
        events::{Events, Notify, Throttle},
        gate::{Gate, Taker},
        intake::{Intake, Room, door},
        latency::Recorder,
        report::{DropReason, Event, FilterStats},
    },
    sys::spawn,
};
use options::FilterOptions;
use thread::FilterThread;

/// Frames that may wait: enough in real time for a moment's delay, and never waiting for the giver otherwise.
const ROOM: Room = Room { hurried: 8, patient: 4, displaces: false, preferred: None };
/// Requests that may wait for a filter's thread.
const COMMANDS: usize = 256;

/// What a filter's thread and its owner have in common.
pub(crate) struct Shared {
    gate: Gate,
    events: Events,
    overload: Throttle,
    given: AtomicU64,
    capture_to_filtered: Recorder,
}

impl Taker for Shared {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn overflow(&self) {
        let reason = DropReason::FilterOverload;
        let frames = self.gate.counters.dropped(reason, 1);
        if self.overload.is_due() {
            self.events.push(Event::Overload { stage: error::Stage::Filter, reason, frames });
        }
    }

    fn tell_room(&self) {
        self.events.push(Event::Room);
    }
}

/// What a filter's thread is asked to do.
pub(crate) enum Command {
    Attach { target: u32, intake: Intake },
    Detach { target: u32 },
}

/// Changes frames on their way. Dropping it closes it, and what its targets have no room for is dropped.
///
/// Without a target it takes frames all the same: what its graph remembers of them belongs to the frames that follow.
pub struct Filter {
    shared: Arc<Shared>,
    intake: Intake,
    commands: Sender<Command>,
}

impl Filter {
    /// Opens a filter that is attached to nothing yet.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, `FilterUnavailable`, or `ResourceExhausted` if there can be no further thread.
    pub fn open(options: &FilterOptions, notify: Notify) -> Result<Self> {
        av::init();
        let description = options.read()?;
        let shared = Arc::new(Shared {
            gate: Gate::default(),
            events: Events::new(notify),
            overload: Throttle::default(),
            given: AtomicU64::new(0),
            capture_to_filtered: Recorder::new(),
        });
        let (intake, inbox) = door(shared.clone(), ROOM);
        let (commands, requests) = bounded(COMMANDS);
        let thread = FilterThread::new(shared.clone(), inbox, requests, description, options.what());
        spawn("gg-filter", move || thread.run())?;
        Ok(Self { shared, intake, commands })
    }

    /// Its figures so far.
    #[must_use]
    pub fn stats(&self) -> FilterStats {
        FilterStats {
            frames: self.shared.gate.counters.snapshot(),
            given: self.shared.given.load(SeqCst),
            capture_to_filtered: self.shared.capture_to_filtered.snapshot(),
            queue: self.shared.gate.queued(),
        }
    }

    /// Takes what happened since the last call.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        self.shared.events.take()
    }

    /// Gives events back that could not be handed on.
    pub fn put_back_events(&self, events: Vec<Event>) {
        self.shared.events.put_back(events);
    }

    /// Where frames go in.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Asks for its frames to go to `intake`, which is called `target` in events.
    ///
    /// # Errors
    ///
    /// `Closed`, `InvalidArgument` if it is the filter's own, or `Busy` if too many requests wait.
    pub fn attach(&self, intake: &Intake, target: u32) -> Result<()> {
        if intake.is_closed() {
            return Err(Error::new(Code::Closed, error::Stage::Hub, "Cannot attach the target: it is closed"));
        }
        if intake.is_same_door(&self.intake) {
            return Err(Error::argument("target", "Cannot attach a filter to itself: its frames would never leave it"));
        }
        self.request(Command::Attach { target, intake: intake.clone() })
    }

    /// Asks for no more frames to go to `target`; the `detached` event says since when.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Busy` if too many requests wait.
    pub fn detach(&self, target: u32) -> Result<()> {
        self.request(Command::Detach { target })
    }

    /// Takes no further frame and returns at once: what is inside is given on, then come `ended`, a `detached` for each
    /// target and `closed`. Later calls do nothing.
    pub fn close(&self) {
        self.intake.close();
    }

    fn request(&self, command: Command) -> Result<()> {
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => Error::new(
                Code::Busy,
                error::Stage::Hub,
                "Cannot pass a request on: too many wait; await the earlier ones",
            ),
            TrySendError::Disconnected(_) => {
                Error::new(Code::Closed, error::Stage::Hub, "Cannot use the filter: it is closed")
            }
        })
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
