//! Recordings of the test pattern onto a simulated disk.

use std::{collections::BTreeMap, sync::Arc};

use giftgrab_core::{
    codec::{Codec, EncoderProfile},
    error::{Error, Result},
    pipeline::{Clock, Session, SystemClock},
    record::options::{FileWriterOptions, OnResize, RecordingMetadata},
    report::{Event, RecordingReport},
    source::options::{Pacing, SourceOptions, TestPatternOptions},
    storage::Volume,
    time::{Rational, RecordingRate},
};

use super::{clock::SimulatedClock, watched::Watched};

/// A writer's options, with `codec` at 60 frames per second.
pub fn writer_options(codec: Codec, path: &str) -> FileWriterOptions {
    FileWriterOptions {
        codec,
        path: path.to_owned(),
        frame_rate: RecordingRate::Fixed(Rational::new(60, 1)),
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
        on_gap: Default::default(),
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

/// The clock for sources of a pacing: a simulated one for those in real time, which then wait for nothing but time. For
/// those as fast as can be no simulated time would pass, so the machine's.
pub fn clock_for(pacing: Pacing) -> Arc<dyn Clock> {
    match pacing {
        Pacing::Realtime => SimulatedClock::new(),
        Pacing::Asap => SystemClock::shared(),
    }
}

/// The outcome of a recording.
pub struct Recorded {
    pub report: RecordingReport,
    pub error: Option<Error>,
    pub events: Vec<Event>,
}

/// Records `frames` frames of the pattern in simulated real time and closes the writer; fails where the writer does not
/// open.
pub fn record(options: FileWriterOptions, frames: u64, volume: Arc<dyn Volume>) -> Result<Recorded> {
    let clock = clock_for(Pacing::Realtime);
    let mut writer = Watched::writer(options, volume, &clock)?;
    let mut source = Watched::source(&pattern(frames, Pacing::Realtime), &Session::new(clock));
    source.object.attach(writer.object.input(), 1)?;
    source.object.start()?;
    source.wait_for(|event| matches!(event, Event::Ended));
    let (report, error) = writer.close();
    let events = writer.events.into_iter().map(|(_, event)| event).collect();
    Ok(Recorded { report, error, events })
}
