//! Taps (GStreamer's appsink): the targets through which observers outside this core see frames, in the form of their
//! requests.
//!
//! A tap's thread converts each frame ahead; the observer takes it by [`Tap::exchange`], which never waits.

pub mod options;
mod pace;
mod state;
mod thread;

use std::sync::{Arc, atomic::Ordering::SeqCst};

use parking_lot::Mutex;

use self::{
    options::{FramePolicy, TapOptions},
    state::TapState,
    thread::{ReadyFrame, TapThread},
};
use crate::{
    base::error::Result,
    frame::{FrameForm, header::FrameHeader},
    pipeline::{
        Clock, InputSender, OverflowPolicy, Signal, clock,
        events::Notify,
        input::{InputConfig, Limits, input_queue},
        queue::{Bounds, Reader, queue},
        report::{Event, TapStats},
    },
};

/// Converted frames that may wait: while the observer has one, the next one is ready.
const READY: usize = 2;

/// The outcome of the frame that was taken before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObserverOutcome {
    /// There was none.
    None,
    /// The observer has seen it.
    Observed,
    /// The observer failed.
    Failed,
}

/// The result of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// A frame.
    Frame,
    /// No frame is ready; the tap's owner is notified when one is.
    Nothing,
    /// The next frame needs more room; the header has its length.
    MoreRoom,
    /// The tap is closed and every frame was taken.
    End,
}

/// The frame that the observer has, and the one that did not fit.
#[derive(Default)]
struct Hand {
    taken: u64,
    waiting: Option<ReadyFrame>,
}

/// Hands the frames of an observable to one observer. Dropping it drops the frames that were not taken.
pub struct Tap {
    state: Arc<TapState>,
    input: InputSender,
    ready: Reader<ReadyFrame>,
    hand: Mutex<Hand>,
}

impl Tap {
    /// Opens a tap that is attached to nothing yet.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, or `ResourceExhausted` if the system has no further thread.
    pub fn open(options: TapOptions, clock: &Arc<dyn Clock>, notify: Notify) -> Result<Self> {
        options.check()?;
        let state = Arc::new(TapState::new(clock.clone(), options.clone(), notify));
        let is_latest = options.policy == FramePolicy::Latest;
        let policy = is_latest.then_some(OverflowPolicy::DropOldest);
        let limits = Limits::frames(if is_latest { 1 } else { options.queue as usize });
        let signal = Signal::new(clock);
        let (input, receiver) = input_queue(
            state.clone(),
            InputConfig { limits, policy, preferred: None, form: FrameForm::Pictures },
            &signal,
        );
        // Nothing waits on this side's signal: the observer is notified.
        let (sender, ready) = queue(Signal::new(clock));
        let bounds = Bounds::items(if is_latest { 1 } else { READY });
        let thread = TapThread::new(state.clone(), receiver, (sender, bounds), signal, options);
        clock::spawn(clock, "gg-tap", move || thread.run())?;
        Ok(Self { state, input, ready, hand: Mutex::default() })
    }

    /// Settles the frame taken before, and copies the next one to `data` and its metadata to `header`. Never waits.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if `header` is too short.
    pub fn exchange(&self, outcome: ObserverOutcome, header: &mut [f64], data: &mut [u8]) -> Result<Exchange> {
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
        ready.write(data).inspect_err(|_| self.state.input.counters.failed(1))?;
        hand.taken += 1;
        self.state.capture_to_observer.record(self.state.clock.now_ns().saturating_sub(ready.captured_ns()));
        Ok(Exchange::Frame)
    }

    fn settle(&self, hand: &mut Hand, outcome: ObserverOutcome) {
        let counters = &self.state.input.counters;
        match outcome {
            ObserverOutcome::None => {}
            ObserverOutcome::Observed => counters.written(std::mem::take(&mut hand.taken)),
            ObserverOutcome::Failed => counters.failed(std::mem::take(&mut hand.taken)),
        }
    }

    fn next(&self) -> std::result::Result<ReadyFrame, Exchange> {
        if let Some(ready) = self.ready.try_recv() {
            return Ok(ready);
        }
        // Looks again: a frame that came before the flag was set is not reported.
        self.state.is_awaited.store(true, SeqCst);
        // Before the last look, so that no frame can come after that.
        let is_over = self.ready.is_over();
        match self.ready.try_recv() {
            Some(ready) => {
                self.state.is_awaited.store(false, SeqCst);
                Ok(ready)
            }
            None if is_over => Err(Exchange::End),
            None => Err(Exchange::Nothing),
        }
    }

    /// The stats so far.
    #[must_use]
    pub fn stats(&self) -> TapStats {
        TapStats {
            frames: self.state.input.counters.snapshot(),
            capture_to_observer: self.state.capture_to_observer.snapshot(),
            queue: self.input.len() + u32::try_from(self.ready.len()).unwrap_or(0),
        }
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

    /// Accepts no further frame; those that wait can still be taken until [`Exchange::End`].
    pub fn close(&self) {
        self.input.close();
    }

    /// The sender of its input queue.
    #[must_use]
    pub fn input(&self) -> &InputSender {
        &self.input
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
