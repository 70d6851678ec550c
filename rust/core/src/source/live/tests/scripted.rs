//! A driver that does what a test wrote down.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;

use crate::{
    base::{
        error::{Code, Error, Stage},
        time::Rational,
    },
    pipeline::{
        Clock, Session,
        input::Limits,
        live::{LiveState, LiveStats},
        report::{Event, SourceInfo},
        test_target::TestTarget,
    },
    source::{
        Source,
        live::{
            LiveSetup,
            driver::{CaptureDriver, Content, Loss, Received, Stamp, Stream},
        },
        producer::Patience,
        tests::{picture, shape_of, test_info},
    },
    test_support::{
        clock::{START_NS, SimulatedClock, sleep_until},
        watched::Watched,
    },
};

/// The moment `milliseconds` after the beginning of a test.
pub(super) const fn ms(milliseconds: u64) -> u64 {
    START_NS + milliseconds * 1_000_000
}

/// The action of a driver when its moment has come.
#[derive(Clone)]
pub(super) enum Step {
    /// A frame; the driver's time is so many nanoseconds before its arrival.
    Frame { age_ns: Option<i64>, sequence: Option<u32> },
    /// A frame of another size.
    Sized(u32, u32),
    /// A frame that the driver marked as damaged.
    Damaged(u32),
    /// It gives nothing more.
    Lost(Loss),
    /// It does not return before this moment, whatever happens.
    Hang(u64),
    /// It panics.
    Panic,
}

/// What a start gives: the time that it takes, and the steps that follow, or why it fails.
pub(super) type Start = (u64, Result<Vec<(u64, Step)>, Error>);

/// What was asked of a driver.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) starts: Vec<u64>,
    pub(super) rests: Vec<u64>,
    pub(super) closes: Vec<u64>,
}

pub(super) struct Scripted {
    clock: Arc<dyn Clock>,
    starts: VecDeque<Start>,
    steps: VecDeque<(u64, Step)>,
    calls: Arc<Mutex<Calls>>,
}

impl CaptureDriver for Scripted {
    fn start(&mut self, patience: &Patience<'_>) -> Result<Stream, Loss> {
        self.calls.lock().starts.push(self.clock.now_ns());
        let Some((takes_ms, outcome)) = self.starts.pop_front() else { return Err(Loss::Lost(unplugged())) };
        if takes_ms > 0 {
            let until_ns = self.clock.now_ns() + takes_ms * 1_000_000;
            patience.signal.wait(patience.seen, Some(until_ns));
        }
        self.steps = outcome?.into();
        Ok(Stream { content: Content::Pictures(shape_of((32, 16)).view), frame_rate: Some(Rational::new(10, 1)) })
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Received, Loss> {
        let at_ns = self.steps.front().map_or(u64::MAX, |(at_ns, _)| *at_ns);
        patience.signal.wait(patience.seen, Some(at_ns.min(patience.deadline_ns)));
        let now_ns = self.clock.now_ns();
        if now_ns < at_ns {
            return Ok(Received::Nothing);
        }
        let stamp = |sequence| Stamp { arrival_ns: now_ns, sequence, ..Stamp::default() };
        match self.steps.pop_front() {
            Some((_, Step::Frame { age_ns, sequence })) => {
                let device_ns = age_ns.map(|age_ns| now_ns.saturating_add_signed(-age_ns));
                Ok(Received::Picture(picture((32, 16)), Stamp { device_ns, ..stamp(sequence) }))
            }
            Some((_, Step::Sized(width, height))) => Ok(Received::Picture(picture((width, height)), stamp(None))),
            Some((_, Step::Damaged(sequence))) => Ok(Received::Damaged(stamp(Some(sequence)))),
            Some((_, Step::Lost(loss))) => Err(loss),
            Some((_, Step::Hang(until_ns))) => {
                sleep_until(&self.clock, until_ns);
                Ok(Received::Nothing)
            }
            Some((_, Step::Panic)) => panic!("a defect of a driver"),
            None => Ok(Received::Nothing),
        }
    }

    fn rest(&mut self) {
        self.calls.lock().rests.push(self.clock.now_ns());
    }

    fn close(&mut self) {
        self.calls.lock().closes.push(self.clock.now_ns());
    }
}

/// A frame every 100 ms from `from_ms` on, numbered from `sequence` on, each captured 5 ms before it comes.
pub(super) fn frames(from_ms: u64, count: u32, sequence: u32) -> Vec<(u64, Step)> {
    let frame = |index: u32| {
        let step = Step::Frame { age_ns: Some(5_000_000), sequence: Some(sequence + index) };
        (ms(from_ms + 100 * u64::from(index)), step)
    };
    (0..count).map(frame).collect()
}

pub(super) fn unplugged() -> Error {
    Error::new(Code::DeviceLost, Stage::Source, "Cannot go on with the device: it was unplugged")
}

/// A live source, one target, and what was asked of its driver.
pub(super) struct Bench {
    pub(super) clock: Arc<SimulatedClock>,
    pub(super) source: Watched<Source>,
    pub(super) target: TestTarget,
    pub(super) calls: Arc<Mutex<Calls>>,
}

/// The driver of a script.
pub(super) fn scripted(clock: &Arc<dyn Clock>, starts: Vec<Start>) -> Box<Scripted> {
    Box::new(Scripted { clock: clock.clone(), starts: starts.into(), steps: VecDeque::new(), calls: Arc::default() })
}

/// A clock, what was asked of a driver on it, and the source of that driver or why it did not open.
pub(super) type Opened = (Arc<SimulatedClock>, Arc<Mutex<Calls>>, Result<Watched<Source>, Error>);

/// Opens a source of a script; whoever opens it waits for its first frame.
pub(super) fn open(starts: Vec<Start>) -> Opened {
    let clock = SimulatedClock::new();
    let time: Arc<dyn Clock> = clock.clone();
    let driver = scripted(&time, starts);
    let calls = driver.calls.clone();
    let setup = LiveSetup {
        name: "the device \"test\"".to_owned(),
        info: SourceInfo { frame_rate: Rational::new(10, 1), ..test_info() },
        is_rate_asked: true,
        first_frame_ns: 5_000_000_000,
        offline: Code::DeviceOffline,
        burn: 0,
        max_pixels: 1 << 20,
    };
    let session = Session::new(time);
    (clock, calls, Watched::live(driver, setup, &session))
}

/// A source of a script, to which a target is attached.
pub(super) fn bench(starts: Vec<Start>) -> Bench {
    let (clock, calls, source) = open(starts);
    let source = source.unwrap();
    let time: Arc<dyn Clock> = clock.clone();
    let target = TestTarget::new(&time, Limits::frames(usize::MAX));
    source.object.attach(&target.input, 1).unwrap();
    source.object.start().unwrap();
    Bench { clock, source, target, calls }
}

impl Bench {
    /// Lets time pass until `at_ms` and hears the events at their moments.
    pub(super) fn pass_until(&mut self, at_ms: u64) {
        self.source.listen_until(ms(at_ms));
        self.clock.settle();
        self.source.listen();
    }

    /// Capture times of the frames that the target got since the last call, in ms of the test.
    pub(super) fn captured(&self) -> Vec<u64> {
        self.target.take_all().iter().map(|frame| (frame.captured_ns - START_NS) / 1_000_000).collect()
    }

    /// Each change of state with its moment in ms, and the code of its cause.
    pub(super) fn states(&self) -> Vec<(u64, LiveState, Option<Code>)> {
        let change = |(at_ns, event): &(u64, Event)| match event {
            Event::State { state, cause, .. } => {
                Some(((at_ns - START_NS) / 1_000_000, *state, cause.as_ref().map(|error| error.code)))
            }
            _ => None,
        };
        self.source.events.iter().filter_map(change).collect()
    }

    /// The stats that only a live source has; what the driver counted is in exactly one bucket.
    pub(super) fn live(&self) -> LiveStats {
        let stats = self.source.object.stats();
        let live = stats.live.unwrap();
        let known = stats.captured + live.lost + live.damaged + live.withheld + stats.missed;
        assert_eq!(live.sequence_span, known, "{live:?} of {} captured", stats.captured);
        live
    }
}
