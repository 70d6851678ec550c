//! Taps: the targets through which observers outside this core see frames, in the form that they asked for.
//!
//! A tap's thread converts each frame ahead; whoever observes takes it by [`Tap::exchange`], which never waits.

pub mod options;
mod pace;
mod thread;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use parking_lot::Mutex;

use crate::{
    base::error::{Code, Error, Result, Stage},
    frame::header::FrameHeader,
    pipeline::{
        events::{Events, Notify, Throttle},
        gate::{Gate, Taker},
        intake::{Intake, Room, door},
        latency::Recorder,
        report::{DropReason, Event, TapStats},
    },
    sys::{monotonic_ns, spawn},
};
use options::{TapOptions, TapPolicy};
use thread::{Ready, TapThread};

/// Converted frames that may wait: one is being looked at, the next is there when it is wanted.
const READY: usize = 2;

/// What became of the frame that was taken before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was none.
    None,
    /// The observer has seen it.
    Observed,
    /// The observer failed.
    Failed,
}

/// What an exchange gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// A frame.
    Frame,
    /// No frame is ready; the tap's owner is notified when one is.
    Nothing,
    /// The next frame needs more room; the header tells how much.
    MoreRoom,
    /// The tap is closed and every frame was taken.
    End,
}

/// State that the tap's thread and its owner share.
pub(crate) struct Shared {
    gate: Gate,
    events: Events,
    policy: TapPolicy,
    overload: Throttle,
    capture_to_observer: Recorder,
    /// Whether the observer found nothing and is to be notified.
    is_awaited: AtomicBool,
}

impl Shared {
    fn drop_frame(&self, reason: DropReason) {
        self.gate.counters.dropped(reason, 1);
    }

    /// Wakes the observer if it found nothing before.
    fn tell_ready(&self) {
        if self.is_awaited.swap(false, SeqCst) {
            self.events.notify();
        }
    }
}

impl Taker for Shared {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn overflow(&self) {
        if self.policy == TapPolicy::Latest {
            return self.drop_frame(DropReason::Superseded);
        }
        let reason = DropReason::ObserverOverload;
        let frames = self.gate.counters.dropped(reason, 1);
        if self.overload.is_due() {
            self.events.push(Event::Overload { stage: Stage::Hub, reason, frames });
        }
    }

    fn tell_room(&self) {
        self.events.push(Event::Room);
    }
}

/// The frame that the observer has, and the one that did not fit.
#[derive(Default)]
struct Hand {
    taken: u64,
    waiting: Option<Ready>,
}

/// Gives one observer the frames of what it is attached to. Dropping it drops what was not taken.
pub struct Tap {
    shared: Arc<Shared>,
    intake: Intake,
    ready: Receiver<Ready>,
    hand: Mutex<Hand>,
}

impl Tap {
    /// Opens a tap that is attached to nothing yet.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, or `ResourceExhausted` if there can be no further thread.
    pub fn open(options: TapOptions, notify: Notify) -> Result<Self> {
        options.check()?;
        let shared = Arc::new(Shared {
            gate: Gate::default(),
            events: Events::new(notify),
            policy: options.policy,
            overload: Throttle::default(),
            capture_to_observer: Recorder::new(),
            is_awaited: AtomicBool::new(true),
        });
        let displaces = options.policy == TapPolicy::Latest;
        let queue = if displaces { 1 } else { options.queue as usize };
        let (intake, inbox) = door(shared.clone(), Room { hurried: queue, patient: queue, displaces, preferred: None });
        let (sender, ready) = bounded(if displaces { 1 } else { READY });
        let oldest = displaces.then(|| ready.clone());
        let thread = TapThread::new(shared.clone(), inbox, sender, oldest, options);
        spawn("gg-tap", move || thread.run())?;
        Ok(Self { shared, intake, ready, hand: Mutex::default() })
    }

    /// Settles the frame taken before, and copies the next one to `data` and its facts to `header`. Never waits.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if `header` is too short.
    pub fn exchange(&self, outcome: Outcome, header: &mut [f64], data: &mut [u8]) -> Result<Exchange> {
        // Before all else: a call that is refused costs no frame.
        FrameHeader::check_room(header)?;
        let mut hand = self.hand.lock();
        self.settle(&mut hand, outcome);
        let ready = match hand.waiting.take() {
            Some(ready) => ready,
            None => match self.next() {
                Ok(ready) => ready,
                Err(exchange) => return Ok(exchange),
            },
        };
        ready.header.to_words(header)?;
        let length = ready.header.data_length();
        let Some(data) = data.get_mut(..length) else {
            hand.waiting = Some(ready);
            return Ok(Exchange::MoreRoom);
        };
        ready.write(data)?;
        hand.taken += 1;
        self.shared.capture_to_observer.record(monotonic_ns().saturating_sub(ready.captured_ns()));
        Ok(Exchange::Frame)
    }

    fn settle(&self, hand: &mut Hand, outcome: Outcome) {
        let counters = &self.shared.gate.counters;
        match outcome {
            Outcome::None => {}
            Outcome::Observed => counters.written(std::mem::take(&mut hand.taken)),
            Outcome::Failed => counters.failed(std::mem::take(&mut hand.taken)),
        }
    }

    fn next(&self) -> std::result::Result<Ready, Exchange> {
        let take = || match self.ready.try_recv() {
            Ok(ready) => Ok(ready),
            Err(TryRecvError::Empty) => Err(Exchange::Nothing),
            Err(TryRecvError::Disconnected) => Err(Exchange::End),
        };
        take().or_else(|_| {
            // Asked again: what came before the wish was noted would not be told.
            self.shared.is_awaited.store(true, SeqCst);
            take().inspect(|_| self.shared.is_awaited.store(false, SeqCst))
        })
    }

    /// Its figures so far.
    #[must_use]
    pub fn stats(&self) -> TapStats {
        TapStats {
            frames: self.shared.gate.counters.snapshot(),
            capture_to_observer: self.shared.capture_to_observer.snapshot(),
            queue: self.shared.gate.queued() + u32::try_from(self.ready.len()).unwrap_or(0),
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

    /// Takes no further frame; the ones that wait can still be taken until [`Exchange::End`].
    pub fn close(&self) {
        self.intake.close();
    }

    /// Where frames go in.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.intake
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.close();
    }
}

/// The error of a tap that cannot give a frame in the form asked for.
fn cannot_convert(error: Error) -> Error {
    Error { code: Code::Internal, stage: Stage::Hub, ..error }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
