//! The time line of a recording goes on, whatever the clocks of its sources show.

mod support;

use std::{path::Path, sync::Arc};

use giftgrab_core::{
    codec::Codec,
    pipeline::{Clock, Session},
    report::Event,
    source::options::Pacing,
};
use support::{
    clock::SimulatedClock,
    decode,
    disk::SimDisk,
    recording::{pattern, writer_options},
    watched::Watched,
};

#[test]
fn sources_one_after_another_are_recorded_whole_and_each_change_is_reported() {
    for (codec, name) in
        [(Codec::H264, "/a.mp4"), (Codec::H264, "/a.mov"), (Codec::Xvid, "/a.avi"), (Codec::Ffv1, "/a.mkv")]
    {
        let (disk, clock) = (SimDisk::default(), SimulatedClock::new());
        let time: Arc<dyn Clock> = clock.clone();
        let mut writer = Watched::writer(writer_options(codec, name), Arc::new(disk.clone()), &time).unwrap();
        for (target, frames) in [(1, 90), (2, 30), (3, 60)] {
            let mut source = Watched::source(&pattern(frames, Pacing::Realtime), &Session::new(time.clone()));
            source.object.attach(writer.object.input(), target).unwrap();
            source.object.start().unwrap();
            source.wait_for(|event| matches!(event, Event::Ended));
            clock.pass(5.0);
        }
        let (report, error) = writer.close();
        assert!(error.is_none(), "{name}: {error:?}");
        let stats = &report.stats;
        assert_eq!((stats.frames.written, stats.frames.dropped, stats.discontinuities), (180, 0, 2), "{name}");
        assert_eq!(stats.duration_seconds, 3.0, "{name}");
        let jumps: Vec<f64> = writer
            .events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Discontinuity { at_seconds, .. } => Some(*at_seconds),
                _ => None,
            })
            .collect();
        assert_eq!(jumps, [1.5, 2.0], "{name}");
        let seen = decode(&disk.read(Path::new(name)).unwrap()).unwrap();
        let wanted: Vec<_> = [90, 30, 60].into_iter().flat_map(|frames| (0..frames).map(Some)).collect();
        assert_eq!(seen, wanted, "{name}");
    }
}

#[test]
fn sources_one_after_another_pass_a_filter_that_looks_at_times() {
    let (disk, clock) = (SimDisk::default(), SimulatedClock::new());
    let time: Arc<dyn Clock> = clock.clone();
    let mut writer = Watched::writer(writer_options(Codec::Ffv1, "/a.mkv"), Arc::new(disk.clone()), &time).unwrap();
    let mut filter = Watched::filter("fps=30", &time);
    filter.object.attach(writer.object.input(), 9).unwrap();
    for (target, frames) in [(1, 90), (2, 30)] {
        let mut source = Watched::source(&pattern(frames, Pacing::Realtime), &Session::new(time.clone()));
        source.object.attach(filter.object.input(), target).unwrap();
        source.object.start().unwrap();
        source.wait_for(|event| matches!(event, Event::Ended));
        clock.pass(5.0);
    }
    filter.object.close();
    filter.wait_for(|event| matches!(event, Event::Closed { .. }));
    let (report, error) = writer.close();
    assert!(error.is_none(), "{error:?}");
    assert_eq!((report.stats.frames.written, report.stats.discontinuities), (60, 1));
    assert_eq!(decode(&disk.read(Path::new("/a.mkv")).unwrap()).unwrap().len(), 60);
}
