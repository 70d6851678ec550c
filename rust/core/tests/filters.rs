//! Recordings through filters: every frame arrives, changed and at its time.

mod support;

use std::{path::Path, sync::Arc};

use giftgrab_core::{
    codec::Codec,
    filter::Filter,
    pipeline::Session,
    report::{Event, FilterStats, RecordingReport},
    source::options::Pacing,
};
use support::{
    decode,
    disk::SimDisk,
    recording::{clock_for, pattern, writer_options},
    watched::{Watched, assert_ledger},
};

const FRAMES: u64 = 300;

fn closed(filter: &mut Watched<Filter>) -> FilterStats {
    filter.object.close();
    filter.wait_for(|event| matches!(event, Event::Closed { .. }));
    let stats = filter.object.stats();
    assert_ledger(&stats.frames);
    stats
}

/// The frames that came out at the end, and the stats of each stage.
struct Recording {
    seen: Vec<Option<u32>>,
    captured: u64,
    filters: Vec<FilterStats>,
    report: RecordingReport,
}

/// Records the pattern through filters one behind the other.
fn record(descriptions: &[&str], pacing: Pacing) -> Recording {
    let disk = SimDisk::default();
    let clock = clock_for(pacing);
    let mut source = Watched::source(&pattern(FRAMES, pacing), &Session::new(clock.clone()));
    let mut writer = Watched::writer(writer_options(Codec::Ffv1, "/out.mkv"), Arc::new(disk.clone()), &clock).unwrap();
    let mut filters = descriptions.iter().map(|text| Watched::filter(text, &clock)).collect::<Vec<_>>();
    for pair in filters.windows(2) {
        pair[0].object.attach(pair[1].object.input(), 2).unwrap();
    }
    filters.last().unwrap().object.attach(writer.object.input(), 3).unwrap();
    source.object.attach(filters[0].object.input(), 1).unwrap();
    source.object.start().unwrap();
    source.wait_for(|event| matches!(event, Event::Ended));
    let captured = source.object.stats().captured;
    let filters = filters.iter_mut().map(closed).collect();
    let (report, error) = writer.close();
    assert!(error.is_none(), "{error:?}");
    let seen = decode(&disk.read(Path::new("/out.mkv")).unwrap()).unwrap();
    Recording { seen, captured, filters, report }
}

#[test]
fn as_fast_as_every_stage_accepts_nothing_is_dropped() {
    let Recording { seen, filters, report, .. } = record(&["hflip,vflip", "vflip", "hflip"], Pacing::Asap);
    assert_eq!(seen, (0..FRAMES).map(|index| Some(index as u32)).collect::<Vec<_>>());
    assert_eq!((report.stats.frames.written, report.stats.duration_seconds), (FRAMES, FRAMES as f64 / 60.0));
    assert!(filters.iter().all(|stats| (stats.frames.written, stats.given) == (FRAMES, FRAMES)), "{filters:?}");
}

#[test]
fn in_real_time_every_frame_is_in_a_bucket_of_each_stage() {
    let Recording { seen, captured, filters, report } = record(&["null", "eq=contrast=1.1"], Pacing::Realtime);
    assert_eq!(seen, (0..FRAMES).map(|index| Some(index as u32)).collect::<Vec<_>>());
    assert_eq!((captured, report.stats.frames.written), (FRAMES, FRAMES));
    assert_eq!(filters[0].frames.captured, captured);
    assert_eq!(filters[1].frames.captured, filters[0].given);
    assert_eq!(report.stats.frames.captured, filters[1].given);
}

#[test]
fn a_lower_rate_keeps_the_duration() {
    let Recording { seen, filters, report, .. } = record(&["fps=30"], Pacing::Asap);
    assert_eq!((seen.len() as u64, filters[0].given), (FRAMES / 2, FRAMES / 2));
    assert_eq!(report.stats.duration_seconds, FRAMES as f64 / 60.0);
}
