//! A filter's thread: takes frames, filters them and hands the results on.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use super::{
    graphs::{Fault, Filtered, Form, Graphs, Polled, output_shape},
    state::{FilterRequest, FilterState},
};
use crate::{
    av::Description,
    base::{
        error::{Code, Error, Result, Stage, guard_thread},
        time::Rational,
    },
    frame::{Frame, FrameShape, FrameTime, SharedFrame},
    pipeline::{
        OverflowPolicy, Signal,
        clock::Wake,
        hub::Hub,
        input::{Input, InputReceiver, Upcoming},
        report::{DropReason, Event},
        requests::Requests,
    },
    sys::give_way,
};

pub(super) struct FilterThread {
    state: Arc<FilterState>,
    input: InputReceiver,
    requests: Requests<FilterRequest>,
    /// Raised by frames, requests, and targets that have room again.
    signal: Arc<Signal>,
    wake: Arc<dyn Wake>,
    hub: Hub,
    description: Description,
    /// The description as it stands in errors.
    what: String,
    graphs: Option<Graphs>,
    /// The form that no graph could be opened for.
    refused: Option<Form>,
    /// The shape of the last frame that came out, or probably of the first one.
    output: Option<FrameShape>,
    sequence: u64,
    session_start_ms: u64,
    /// Frames per second of the source that it is attached to, if that has a rate.
    rate: Option<Rational>,
    /// The time of the last frame.
    last: Option<FrameTime>,
    /// The policy of the last frame's sender for a full queue: frames from a sender that waits are waited with, all
    /// others are dropped where there is no room.
    policy: OverflowPolicy,
    /// Whether the last frame failed, which is reported once.
    failing: bool,
    /// Whether the graph ended by itself.
    ended: bool,
    /// Whether a frame is taken and not yet in a bucket of the ledger.
    has_frame: bool,
}

impl FilterThread {
    pub(super) fn new(
        state: Arc<FilterState>,
        input: InputReceiver,
        requests: Requests<FilterRequest>,
        signal: Arc<Signal>,
        description: Description,
        what: String,
    ) -> Self {
        Self {
            state,
            input,
            requests,
            wake: signal.clone(),
            signal,
            hub: Hub::default(),
            description,
            what,
            graphs: None,
            refused: None,
            output: None,
            sequence: 0,
            session_start_ms: 0,
            rate: None,
            last: None,
            policy: OverflowPolicy::Block,
            failing: false,
            ended: false,
            has_frame: false,
        }
    }

    /// Runs until the filter is closed and everything inside was handed on.
    pub(super) fn run(mut self) {
        give_way();
        let what = self.what.clone();
        let error = guard_thread(Stage::Filter, what, || self.work()).err();
        if let Some(error) = error.clone() {
            self.state.input.counters.failed(u64::from(std::mem::take(&mut self.has_frame)));
            self.state.input.mark_failed();
            self.state.events.push(Event::Error { error });
            self.discard();
        }
        self.end();
        while let Some(request) = self.requests.try_recv() {
            self.answer(&request);
        }
        self.state.events.push(Event::Closed { report: None, error });
    }

    fn work(&mut self) {
        while let Some(input) = self.next() {
            match input {
                Input::Frame(..) if self.requests.is_over() => {
                    self.state.input.counters.dropped(DropReason::Closed, 1);
                }
                Input::Upcoming(Upcoming { shape, rate, .. }) => {
                    self.rate = rate;
                    self.get_ready(shape);
                }
                Input::Frame(frame, policy) => {
                    self.has_frame = true;
                    self.policy = policy;
                    self.take(&frame);
                    self.has_frame = false;
                }
            }
        }
        self.drain();
    }

    /// The next input, waiting for it; requests that came before it are served first. `None` at the end.
    fn next(&mut self) -> Option<Input> {
        loop {
            let seen = self.signal.seen();
            self.serve();
            if let Some(input) = self.input.try_next() {
                // A request that was made before the frame came must take effect before the frame.
                self.serve();
                return Some(input);
            }
            if self.input.is_over() {
                return None;
            }
            self.signal.wait(seen, None);
        }
    }

    /// Counts frames that still come as failed, until the filter is closed.
    fn discard(&mut self) {
        self.end();
        while let Some(input) = self.next() {
            if matches!(input, Input::Frame(..)) {
                self.state.input.counters.failed(1);
            }
        }
    }

    /// Serves every request that waits; whether the filter was dropped, so that the frames inside are not wanted.
    fn serve(&mut self) -> bool {
        while let Some(request) = self.requests.try_recv() {
            self.obey(request);
        }
        self.requests.is_over()
    }

    fn obey(&mut self, request: FilterRequest) {
        if self.ended {
            return self.answer(&request);
        }
        match request {
            FilterRequest::Attach { target, input } => {
                if let Some(shape) = self.output {
                    input.prepare(shape, self.rate);
                }
                self.hub.attach(target, input);
                self.state.events.push(Event::Attached { target });
            }
            FilterRequest::Detach { target } => {
                if self.hub.detach(target, self.now_ns()) {
                    self.state.events.push(Event::Detached { target });
                }
            }
        }
    }

    fn now_ns(&self) -> u64 {
        self.signal.clock().now_ns()
    }

    /// Answers a request that comes too late.
    fn answer(&self, request: &FilterRequest) {
        let (FilterRequest::Attach { target, .. } | FilterRequest::Detach { target }) = *request;
        self.state.events.push(Event::Detached { target });
    }

    /// Prepares the targets before the first frame.
    fn get_ready(&mut self, input: FrameShape) {
        if self.graphs.is_none() && !self.ended {
            self.output = output_shape(&self.description, input);
            if let Some(shape) = self.output {
                self.hub.prepare(shape, self.rate);
            }
        }
    }

    /// Filters a frame and puts it in its bucket.
    fn take(&mut self, frame: &SharedFrame) {
        let state = self.state.clone();
        if self.ended {
            state.input.counters.dropped(DropReason::Closed, 1);
            return;
        }
        match self.filter(frame) {
            Ok(true) => {
                self.failing = false;
                state.input.counters.written(1);
            }
            Ok(false) => {
                state.input.counters.dropped(DropReason::Closed, 1);
            }
            Err(error) => {
                state.input.counters.failed(1);
                if let Some(error) = error {
                    state.events.push(error);
                }
            }
        }
    }

    /// Filters a frame; `false` if the graph wants none any more. An error comes with its event, if that was not
    /// reported yet.
    fn filter(&mut self, frame: &SharedFrame) -> Result<bool, Option<Event>> {
        let form = Form::of(frame);
        if self.refused == Some(form) {
            return Err(None);
        }
        let is_other_line = self.has_jumped(frame);
        if is_other_line || self.graphs.as_ref().is_none_or(|graphs| graphs.form() != form) {
            self.drain();
            self.session_start_ms = frame.session_start_ms;
            let graphs = Graphs::open(&self.description, form).map_err(|error| {
                self.refused = Some(form);
                let error = error.explain(Code::FilterFailed, Stage::Filter, &self.what);
                Some(Event::Error { error: error.with_field("description") })
            })?;
            (self.graphs, self.refused) = (Some(graphs), None);
        }
        let sent = self.graphs.as_mut().map_or(Ok(false), |graphs| graphs.send(frame));
        let passed = sent.and_then(|wanted| self.pass_on().map(|()| wanted));
        passed.map_err(|fault| {
            // The state of a graph after an error is not known: the next frame gets a new one.
            self.graphs = None;
            let is_new = !std::mem::replace(&mut self.failing, true);
            is_new.then(|| Event::Warning { error: self.explain(fault) })
        })
    }

    /// Whether a frame is not on the time line of the one before: of another source, or after a clock was set back. Filters
    /// that look at times would wait until the old time is reached again.
    fn has_jumped(&mut self, frame: &Frame) -> bool {
        let time = frame.time();
        let second = Rational::rescale(1, Rational::new(1, 1), time.time_base);
        self.last.replace(time).is_some_and(|last| !time.is_comparable(&last) || time.since(&last) < -second)
    }

    fn explain(&self, fault: Fault) -> Error {
        match fault {
            Fault::Av(error) => {
                error.explain(Code::FilterFailed, Stage::Filter, &format!("filter a frame: {}", self.what))
            }
            Fault::HoldsBack => Error::new(
                Code::LimitExceeded,
                Stage::Filter,
                format!("Cannot {}: its branches do not meet, so that it only collects frames", self.what),
            ),
        }
    }

    /// Hands on the frames that are ready. If the graph has ended by itself, so has the filter.
    fn pass_on(&mut self) -> Result<(), Fault> {
        loop {
            let Some(graphs) = &mut self.graphs else { return Ok(()) };
            let time_base = graphs.time_base();
            match graphs.receive()? {
                Polled::Frame(filtered) => self.hand_on(filtered, time_base),
                Polled::Nothing => return Ok(()),
                Polled::End => {
                    self.graphs = None;
                    self.end();
                    return Ok(());
                }
            }
            if self.serve() {
                self.graphs = None;
                return Ok(());
            }
        }
    }

    /// Hands on the frames that the graphs still hold and forgets them.
    fn drain(&mut self) {
        let Some(graphs) = &mut self.graphs else { return };
        let mut outcome = graphs.finish();
        while outcome.is_ok() {
            let Some(graphs) = &mut self.graphs else { break };
            let time_base = graphs.time_base();
            match graphs.receive() {
                Ok(Polled::Frame(filtered)) => self.hand_on(filtered, time_base),
                Ok(Polled::Nothing | Polled::End) => break,
                Err(fault) => outcome = Err(fault),
            }
            if self.serve() {
                break;
            }
        }
        self.graphs = None;
        if let Err(fault) = outcome {
            let error = self.explain(fault);
            self.state.events.push(Event::Warning { error });
        }
    }

    fn hand_on(&mut self, filtered: Filtered, time_base: Rational) {
        let Filtered { views, pts, duration, captured_ns } = filtered;
        self.output = Some(FrameShape::of(&views));
        let frame = Arc::new(Frame {
            views,
            sequence: self.sequence,
            pts,
            time_base,
            duration,
            captured_ns,
            session_start_ms: self.session_start_ms,
            loss: None,
            coded: None,
        });
        self.sequence += 1;
        self.state.given.store(self.sequence, SeqCst);
        self.state.capture_to_filtered.record(self.now_ns().saturating_sub(captured_ns));
        self.let_go();
        self.hub.reserve(&frame);
        if self.policy != OverflowPolicy::Block {
            self.hub.try_send(&frame);
            return;
        }
        loop {
            let seen = self.signal.seen();
            if self.serve() {
                return self.hub.try_send(&frame);
            }
            let sent = self.hub.send(&frame, &self.wake, self.now_ns());
            // A target that leaves does not wait for the others.
            self.let_go();
            match sent {
                Ok(()) => return,
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

    /// Reports the end, once, and removes every target.
    fn end(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.state.events.push(Event::Ended);
        for target in self.hub.clear() {
            self.state.events.push(Event::Detached { target });
        }
    }
}
