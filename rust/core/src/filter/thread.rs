//! A filter's thread: takes frames, filters them and gives on what comes out.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::SeqCst},
};

use crossbeam_channel::{Receiver, TryRecvError};

use super::{
    Command, Shared,
    graphs::{Fault, Filtered, Form, Graphs, Ready, output_shape},
};
use crate::{
    av::Description,
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::{Frame, FrameShape, SharedFrame},
    pipeline::{
        hub::Hub,
        intake::{Either, Haste, Inbox, Parcel},
        report::{DropReason, Event},
    },
    sys::monotonic_ns,
};

pub(super) struct FilterThread {
    shared: Arc<Shared>,
    inbox: Inbox,
    commands: Receiver<Command>,
    hub: Hub,
    description: Description,
    /// The description as errors tell it.
    what: String,
    graphs: Option<Graphs>,
    /// The form that no graph could be opened for.
    refused: Option<Form>,
    /// The shape of what came out last, or will come out first.
    output: Option<FrameShape>,
    sequence: u64,
    session_start_ms: u64,
    haste: Haste,
    /// Whether the last frame failed, which is told once.
    failing: bool,
    /// Whether the graph ended by itself.
    ended: bool,
    /// Whether a frame is taken and not yet in a bucket of the ledger.
    has_frame: bool,
}

impl FilterThread {
    pub(super) fn new(
        shared: Arc<Shared>,
        inbox: Inbox,
        commands: Receiver<Command>,
        description: Description,
        what: String,
    ) -> Self {
        Self {
            shared,
            inbox,
            commands,
            hub: Hub::default(),
            description,
            what,
            graphs: None,
            refused: None,
            output: None,
            sequence: 0,
            session_start_ms: 0,
            haste: Haste::Patient,
            failing: false,
            ended: false,
            has_frame: false,
        }
    }

    /// Runs until the filter is closed and everything inside was given on.
    pub(super) fn run(mut self) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.work()));
        let error = outcome.is_err().then(|| {
            Error::new(
                Code::Internal,
                Stage::Filter,
                format!("Cannot {}: a defect of this library was met; please report it", self.what),
            )
        });
        if let Some(error) = error.clone() {
            self.shared.gate.counters.failed(u64::from(std::mem::take(&mut self.has_frame)));
            self.shared.gate.mark_failed();
            self.shared.events.push(Event::Error { error });
            self.discard();
        }
        self.end();
        while let Ok(command) = self.commands.try_recv() {
            self.answer(&command);
        }
        self.shared.events.push(Event::Closed { report: None, error });
    }

    fn work(&mut self) {
        while let Some(next) = self.inbox.next_or(&self.commands) {
            match next {
                Either::Word(command) => self.obey(command),
                Either::Parcel(Parcel::Shape(shape)) => self.get_ready(shape),
                Either::Parcel(Parcel::Frame(frame, haste)) => {
                    self.has_frame = true;
                    // Who asked before the frame came must see what becomes of it.
                    self.is_abandoned();
                    self.haste = haste;
                    self.take(&frame);
                    self.has_frame = false;
                }
            }
        }
        self.drain();
    }

    /// Counts what still comes in as failed, until the filter is closed.
    fn discard(&mut self) {
        while let Some(next) = self.inbox.next_or(&self.commands) {
            match next {
                Either::Word(command) => self.answer(&command),
                Either::Parcel(Parcel::Shape(_)) => {}
                Either::Parcel(Parcel::Frame(..)) => self.shared.gate.counters.failed(1),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        if self.ended {
            return self.answer(&command);
        }
        match command {
            Command::Attach { target, intake } => {
                if let Some(shape) = self.output {
                    intake.prepare(shape);
                }
                self.hub.attach(target, intake);
                self.shared.events.push(Event::Attached { target });
            }
            Command::Detach { target } => {
                if self.hub.detach(target) {
                    self.shared.events.push(Event::Detached { target });
                }
            }
        }
    }

    /// Answers a request that comes too late.
    fn answer(&self, command: &Command) {
        let (Command::Attach { target, .. } | Command::Detach { target }) = *command;
        self.shared.events.push(Event::Detached { target });
    }

    /// Lets the targets get ready before the first frame.
    fn get_ready(&mut self, input: FrameShape) {
        if self.graphs.is_none() && !self.ended {
            self.output = output_shape(&self.description, input);
            if let Some(shape) = self.output {
                self.hub.prepare(shape);
            }
        }
    }

    /// Filters a frame and puts it in its bucket.
    fn take(&mut self, frame: &SharedFrame) {
        let shared = self.shared.clone();
        if self.ended {
            shared.gate.counters.dropped(DropReason::Closed, 1);
            return;
        }
        match self.filter(frame) {
            Ok(true) => {
                self.failing = false;
                shared.gate.counters.written(1);
            }
            Ok(false) => {
                shared.gate.counters.dropped(DropReason::Closed, 1);
            }
            Err(error) => {
                shared.gate.counters.failed(1);
                if let Some(error) = error {
                    shared.events.push(error);
                }
            }
        }
    }

    /// Filters a frame; `false` if the graph wants none any more. An error comes with the event that tells it, if it is
    /// not told yet.
    fn filter(&mut self, frame: &SharedFrame) -> Result<bool, Option<Event>> {
        let form = Form::of(frame);
        if self.refused == Some(form) {
            return Err(None);
        }
        self.session_start_ms = frame.session_start_ms;
        if self.graphs.as_ref().is_none_or(|graphs| graphs.form() != form) {
            self.drain();
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
            // What an error leaves inside a graph is not known: the next frame gets a new one.
            self.graphs = None;
            let is_new = !std::mem::replace(&mut self.failing, true);
            is_new.then(|| Event::Warning { error: self.explain(fault) })
        })
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

    /// Gives on what is ready. If the graph has ended by itself, so has the filter.
    fn pass_on(&mut self) -> Result<(), Fault> {
        loop {
            let Some(graphs) = &mut self.graphs else { return Ok(()) };
            let time_base = graphs.time_base();
            match graphs.receive()? {
                Ready::Frame(filtered) => self.give(filtered, time_base),
                Ready::Nothing => return Ok(()),
                Ready::End => {
                    self.graphs = None;
                    self.end();
                    return Ok(());
                }
            }
            if self.is_abandoned() {
                self.graphs = None;
                return Ok(());
            }
        }
    }

    /// Serves requests; whether the filter was dropped, so that nobody waits for what is inside.
    fn is_abandoned(&mut self) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.obey(command),
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
    }

    /// Gives on what the graphs still hold and forgets them.
    fn drain(&mut self) {
        let Some(graphs) = &mut self.graphs else { return };
        let mut outcome = graphs.finish();
        while outcome.is_ok() {
            let Some(graphs) = &mut self.graphs else { break };
            let time_base = graphs.time_base();
            match graphs.receive() {
                Ok(Ready::Frame(filtered)) => self.give(filtered, time_base),
                Ok(Ready::Nothing | Ready::End) => break,
                Err(fault) => outcome = Err(fault),
            }
            if self.is_abandoned() {
                break;
            }
        }
        self.graphs = None;
        if let Err(fault) = outcome {
            let error = self.explain(fault);
            self.shared.events.push(Event::Warning { error });
        }
    }

    fn give(&mut self, filtered: Filtered, time_base: Rational) {
        let Filtered { views, pts, captured_ns } = filtered;
        self.output = Some(FrameShape::of(&views));
        let frame = Arc::new(Frame {
            views,
            sequence: self.sequence,
            pts,
            time_base,
            captured_ns,
            session_start_ms: self.session_start_ms,
        });
        self.sequence += 1;
        self.shared.given.store(self.sequence, SeqCst);
        self.shared.capture_to_filtered.record(monotonic_ns().saturating_sub(captured_ns));
        self.let_go();
        self.hub.capture(&frame);
        if self.haste == Haste::Hurried {
            self.hub.offer(&frame);
            return;
        }
        while let Some(command) = self.hub.deliver(&frame, &self.commands) {
            self.obey(command);
        }
        self.let_go();
    }

    /// Lets the targets go that are leaving or were closed.
    fn let_go(&mut self) {
        for target in self.hub.remove_gone() {
            self.shared.events.push(Event::Detached { target });
        }
    }

    /// Tells the end, once, and lets every target go.
    fn end(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.shared.events.push(Event::Ended);
        for target in self.hub.clear() {
            self.shared.events.push(Event::Detached { target });
        }
    }
}
