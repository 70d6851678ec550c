//! Objects whose events are heard at the instant of the clock at which they are reported.

use std::sync::Arc;

use giftgrab_core::{
    Notify,
    error::{Error, Result},
    filter::{Filter, options::FilterOptions},
    pipeline::{Clock, Session, Signal},
    record::{FileWriter, options::FileWriterOptions},
    report::{Event, Ledger, RecordingReport},
    source::{
        Source,
        live::{LiveSetup, driver::CaptureDriver},
        options::{Pacing, SourceOptions},
        producer::Producer,
    },
    storage::{Disk, Volume},
    tap::{Tap, options::TapOptions},
};

/// Longest time that anything may take before it is called a hang; on a real clock however busy the machine is.
const PATIENCE_NS: u64 = 600_000_000_000;

/// An object and what it has reported so far.
pub struct Watched<T> {
    pub object: T,
    /// Each event, with the moment at which it was heard: on a simulated clock that is when it was reported, if this was
    /// waited for.
    pub events: Vec<(u64, Event)>,
    take: fn(&T) -> Vec<Event>,
    news: Arc<Signal>,
}

impl Watched<Source> {
    pub fn source(options: &SourceOptions, session: &Arc<Session>) -> Self {
        let open = |notify| Source::open(options, &Disk, session, notify);
        Self::open(session.clock(), Source::take_events, open).unwrap()
    }

    pub fn source_of(producer: Box<dyn Producer>, pacing: Pacing, session: &Arc<Session>) -> Self {
        let open = |notify| Source::of(producer, pacing, session, notify);
        Self::open(session.clock(), Source::take_events, open).unwrap()
    }
}

impl Watched<Source> {
    pub fn live(driver: Box<dyn CaptureDriver>, setup: LiveSetup, session: &Arc<Session>) -> Result<Self> {
        let open = |notify| Source::live(driver, setup, session, notify);
        Self::open(session.clock(), Source::take_events, open)
    }
}

impl Watched<FileWriter> {
    pub fn writer(options: FileWriterOptions, volume: Arc<dyn Volume>, clock: &Arc<dyn Clock>) -> Result<Self> {
        Self::open(clock, FileWriter::take_events, |notify| FileWriter::open(options, volume, clock, notify))
    }

    /// Closes the writer and returns its report, whose ledger adds up.
    pub fn close(&mut self) -> (RecordingReport, Option<Error>) {
        self.object.close();
        let event = self.wait_for(|event| matches!(event, Event::Closed { .. }));
        let Event::Closed { report: Some(report), error } = event else { panic!("no report: {event:?}") };
        assert_ledger(&report.stats.frames);
        (*report, error)
    }
}

impl Watched<Filter> {
    pub fn filter(description: &str, clock: &Arc<dyn Clock>) -> Self {
        let options = FilterOptions { description: description.to_owned() };
        Self::open(clock, Filter::take_events, |notify| Filter::open(&options, clock, notify)).unwrap()
    }
}

impl Watched<Tap> {
    pub fn tap(options: TapOptions, clock: &Arc<dyn Clock>) -> Self {
        Self::open(clock, Tap::take_events, |notify| Tap::open(options, clock, notify)).unwrap()
    }
}

impl<T> Watched<T> {
    fn open(
        clock: &Arc<dyn Clock>,
        take: fn(&T) -> Vec<Event>,
        open: impl FnOnce(Notify) -> Result<T>,
    ) -> Result<Self> {
        let news = Signal::new(clock);
        let reporter = news.clone();
        let object = open(Box::new(move || reporter.raise()))?;
        Ok(Self { object, events: Vec::new(), take, news })
    }

    fn now_ns(&self) -> u64 {
        self.news.clock().now_ns()
    }

    /// Hears what was reported by now.
    pub fn listen(&mut self) {
        let now_ns = self.now_ns();
        self.events.extend((self.take)(&self.object).into_iter().map(|event| (now_ns, event)));
    }

    /// Hears what is reported until `at_ns`.
    pub fn listen_until(&mut self, at_ns: u64) {
        loop {
            let seen = self.news.seen();
            self.listen();
            if self.now_ns() >= at_ns {
                return;
            }
            self.news.wait(seen, Some(at_ns));
        }
    }

    /// Waits until `look` finds something after an event.
    pub fn wait_until<R>(&mut self, mut look: impl FnMut(&Self) -> Option<R>) -> R {
        let deadline_ns = self.now_ns() + PATIENCE_NS;
        loop {
            let seen = self.news.seen();
            self.listen();
            if let Some(found) = look(self) {
                return found;
            }
            assert!(self.now_ns() < deadline_ns, "a hang; so far {:?}", self.events);
            self.news.wait(seen, Some(deadline_ns));
        }
    }

    /// The first event of a kind, waiting for it; the ones before it are kept in `events`.
    pub fn wait_for(&mut self, is_it: impl Fn(&Event) -> bool) -> Event {
        self.wait_until(|this| this.events.iter().map(|(_, event)| event).find(|event| is_it(event)).cloned())
    }

    /// When each event of a kind was heard.
    pub fn heard(&self, is_it: impl Fn(&Event) -> bool) -> Vec<u64> {
        self.events.iter().filter(|(_, event)| is_it(event)).map(|(at_ns, _)| *at_ns).collect()
    }
}

/// Every frame is in exactly one bucket, and none is on its way.
pub fn assert_ledger(ledger: &Ledger) {
    assert_eq!(ledger.captured, ledger.written + ledger.dropped + ledger.failed, "{ledger:?}");
    assert_eq!(ledger.in_flight, 0, "{ledger:?}");
    assert_eq!(ledger.drops.iter().map(|drop| drop.frames).sum::<u64>(), ledger.dropped, "{ledger:?}");
}
