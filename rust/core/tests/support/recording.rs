//! Recordings of the test pattern onto a simulated disk.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use giftgrab_core::{
    codec::{Codec, EncoderProfile},
    error::Error,
    filter::{Filter, options::FilterOptions},
    pipeline::{Session, SystemClock},
    record::{
        FileWriter,
        options::{FileWriterOptions, OnResize, RecordingMetadata},
    },
    report::{Event, Ledger, RecordingReport},
    source::{
        Source,
        options::{Pacing, SourceOptions, TestPatternOptions},
    },
    storage::Volume,
    time::Rational,
};

/// Longest time that anything may take before it is called a hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// A writer's options, with `codec` at 60 frames per second.
pub fn writer_options(codec: Codec, path: &str) -> FileWriterOptions {
    FileWriterOptions {
        codec,
        path: path.to_owned(),
        frame_rate: Rational::new(60, 1),
        profile: EncoderProfile::Live,
        encoder: None,
        preset: (codec == Codec::H264).then(|| "ultrafast".to_owned()),
        quality: None,
        bit_rate: None,
        gop: None,
        threads: 1,
        encoder_options: BTreeMap::new(),
        stereo: None,
        view: None,
        on_resize: OnResize::Scale,
        metadata: RecordingMetadata::default(),
        overwrite: false,
        finalise: true,
        sync_interval_ms: 100,
        queue_seconds: 2.0,
        queue_bytes: 256_000_000,
    }
}

/// A pattern of `frames` frames at 60 per second.
pub fn pattern(frames: u64, pacing: Pacing) -> SourceOptions {
    SourceOptions::Pattern(TestPatternOptions {
        width: 96,
        height: 64,
        frame_rate: Rational::new(60, 1),
        colour: giftgrab_core::pixels::ColourSpace::I420,
        stereo_count: 1,
        pacing,
        frames,
    })
}

/// An object whose events can be waited for.
pub struct Watched<T> {
    pub object: T,
    take: fn(&T) -> Vec<Event>,
    news: Receiver<()>,
    /// What has happened so far, with the moment at which it was heard.
    pub events: Vec<(Instant, Event)>,
}

fn notifier() -> (Box<dyn Fn() + Send + Sync>, Receiver<()>) {
    let (sender, news): (Sender<()>, _) = channel();
    (
        Box::new(move || {
            let _ = sender.send(());
        }),
        news,
    )
}

impl Watched<Source> {
    pub fn source(options: &SourceOptions) -> Self {
        let (notify, news) = notifier();
        let object = Source::open(options, &giftgrab_core::storage::Disk, &Session::on_system_clock(), notify).unwrap();
        Self { object, take: Source::take_events, news, events: Vec::new() }
    }
}

impl Watched<FileWriter> {
    pub fn writer(options: FileWriterOptions, volume: Arc<dyn Volume>) -> Result<Self, Error> {
        let (notify, news) = notifier();
        let object = FileWriter::open(options, volume, &SystemClock::shared(), notify)?;
        Ok(Self { object, take: FileWriter::take_events, news, events: Vec::new() })
    }

    /// Closes the writer and gives its report, whose ledger adds up.
    pub fn close(&mut self) -> (RecordingReport, Option<Error>) {
        self.object.close();
        let event = self.wait_for(|event| matches!(event, Event::Closed { .. }));
        let Event::Closed { report: Some(report), error } = event else { panic!("no report: {event:?}") };
        assert_ledger(&report.stats.frames);
        (*report, error)
    }
}

impl Watched<Filter> {
    pub fn filter(description: &str) -> Self {
        let (notify, news) = notifier();
        let object =
            Filter::open(&FilterOptions { description: description.to_owned() }, &SystemClock::shared(), notify)
                .unwrap();
        Self { object, take: Filter::take_events, news, events: Vec::new() }
    }
}

impl<T> Watched<T> {
    /// The first event of a kind; the ones before it are kept in `events`.
    pub fn wait_for(&mut self, is_it: impl Fn(&Event) -> bool) -> Event {
        let started = Instant::now();
        loop {
            if let Some((_, event)) = self.events.iter().find(|(_, event)| is_it(event)) {
                return event.clone();
            }
            let left = PATIENCE.checked_sub(started.elapsed()).expect("a hang");
            self.news.recv_timeout(left).unwrap_or_else(|_| panic!("a hang; so far {:?}", self.events));
            self.events.extend((self.take)(&self.object).into_iter().map(|event| (Instant::now(), event)));
        }
    }
}

/// Every frame is in exactly one bucket, and none is on its way.
pub fn assert_ledger(ledger: &Ledger) {
    assert_eq!(ledger.captured, ledger.written + ledger.dropped + ledger.failed, "{ledger:?}");
    assert_eq!(ledger.in_flight, 0, "{ledger:?}");
    assert_eq!(ledger.drops.iter().map(|drop| drop.frames).sum::<u64>(), ledger.dropped, "{ledger:?}");
}

/// What became of a recording.
pub struct Recorded {
    pub report: RecordingReport,
    pub error: Option<Error>,
    pub events: Vec<Event>,
}

/// Records `source` with one writer to the source's end and closes it; fails where the writer does not open.
pub fn record(options: FileWriterOptions, source: &SourceOptions, volume: Arc<dyn Volume>) -> Result<Recorded, Error> {
    let mut writer = Watched::writer(options, volume)?;
    let mut source = Watched::source(source);
    source.object.attach(writer.object.input(), 1)?;
    source.object.start()?;
    source.wait_for(|event| matches!(event, Event::Ended));
    let (report, error) = writer.close();
    let events = writer.events.into_iter().map(|(_, event)| event).collect();
    Ok(Recorded { report, error, events })
}
