//! A recording goes on through a time without frames of its live source, as its owner chose.

mod support;

use std::{path::Path, sync::Arc};

use giftgrab_core::{
    av::{ColourTags, Picture, PixelFormat},
    codec::Codec,
    error::{Code, Error, Stage},
    frame::{Frame, FrameLoss, Gap},
    pipeline::{Clock, OverflowPolicy},
    pixels::ColourSpace,
    record::options::{FileWriterOptions, OnGap},
    report::RecordingReport,
    source::test_pattern::draw::Pattern,
    time::Rational,
};
use support::{
    clock::{START_NS, SimulatedClock},
    decode,
    disk::SimDisk,
    recording::writer_options,
    watched::Watched,
};

const MICROSECONDS: Rational = Rational::new(1, 1_000_000);
/// The period of the frames, which is that of the writer.
const PERIOD_NS: u64 = 1_000_000_000 / 60;

fn frame(index: u64, pts_us: u64, loss: Option<FrameLoss>) -> Frame {
    let mut picture = Picture::alloc(PixelFormat::YUV420P, 96, 64).unwrap();
    picture.set_tags(ColourTags { range: 1, ..ColourTags::UNKNOWN });
    Pattern::new(96, 64, ColourSpace::I420).draw(index, 0, &mut picture.view_mut().unwrap().unwrap());
    Frame {
        views: [picture].into_iter().collect(),
        sequence: index,
        pts: pts_us.cast_signed(),
        time_base: MICROSECONDS,
        duration: None,
        captured_ns: START_NS + pts_us * 1000,
        session_start_ms: 1,
        loss: loss.map(Arc::new),
        coded: None,
    }
}

/// 60 frames, 3 s without any, and 60 frames, of which the first two are lost.
fn record(on_gap: OnGap, codec: Codec, path: &str) -> (SimDisk, RecordingReport) {
    let disk = SimDisk::default();
    let clock: Arc<dyn Clock> = SimulatedClock::new();
    let options = FileWriterOptions { on_gap, ..writer_options(codec, path) };
    let mut writer = Watched::writer(options, Arc::new(disk.clone()), &clock).unwrap();
    let cause = Error::new(Code::DeviceLost, Stage::Source, "Cannot go on with the device: it was unplugged");
    for index in 0..120_u64 {
        let pause_us = if index < 60 { 0 } else { 3_000_000 };
        let pts_us = index * 1_000_000 / 60 + pause_us;
        let to_ns = START_NS + pts_us * 1000;
        let gap =
            (index == 60).then(|| Gap { from_ns: to_ns - 3_000_000_000 - PERIOD_NS, to_ns, cause: cause.clone() });
        let loss = gap.map(|gap| FrameLoss { frames: 2, gap: Some(gap) });
        writer.wait_until(|writer| writer.object.input().has_room().then_some(()));
        let frame = Arc::new(frame(index, pts_us, loss));
        assert!(writer.object.input().append(frame, OverflowPolicy::Block));
    }
    let (report, error) = writer.close();
    assert_eq!(error, None);
    (disk, report)
}

fn pictures(disk: &SimDisk, path: &str) -> Vec<Option<u32>> {
    decode(&disk.read(Path::new(path)).unwrap()).unwrap()
}

#[test]
fn by_default_the_last_frame_is_shown_until_frames_come_again() {
    for (codec, path) in [(Codec::H264, "/a.mp4"), (Codec::Xvid, "/a.avi"), (Codec::H264, "/a.mkv")] {
        let (disk, report) = record(OnGap::Hold, codec, path);
        assert_eq!((report.stats.frames.written, report.stats.inserted, report.segments.len()), (120, 0, 1), "{path}");
        assert!((report.stats.duration_seconds - 5.0).abs() < 0.02, "{path}: {}", report.stats.duration_seconds);
        let seen: Vec<_> = pictures(&disk, path).into_iter().flatten().collect();
        if codec == Codec::H264 {
            assert_eq!(seen, (0..120).collect::<Vec<_>>(), "{path}");
        }
        assert_eq!((report.stats.lost, report.stats.gaps), (2, 1));
        let gap = &report.gaps[0];
        assert_eq!(gap.cause.code, Code::DeviceLost);
        assert!((gap.from_seconds - 59.0 / 60.0).abs() < 0.01 && (gap.seconds - 3.0167).abs() < 0.001, "{gap:?}");
    }
}

#[test]
fn a_black_frame_can_stand_for_the_gap() {
    let (disk, report) = record(OnGap::Black, Codec::H264, "/a.mp4");
    let frames = &report.stats.frames;
    assert_eq!((frames.captured, frames.written, report.stats.inserted), (121, 121, 1));
    assert!((report.stats.duration_seconds - 5.0).abs() < 0.02);
    let seen = pictures(&disk, "/a.mp4");
    let expected: Vec<_> = (0..60).map(Some).chain([None]).chain((60..120).map(Some)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn another_file_can_begin_after_the_gap() {
    let (disk, report) = record(OnGap::Segment, Codec::H264, "/a.mp4");
    let segments: Vec<_> = report
        .segments
        .iter()
        .map(|segment| (segment.path.as_str(), segment.frames, (segment.start_seconds * 60.0).round()))
        .collect();
    assert_eq!(segments, [("/a.mp4", 60, 0.0), ("/a_002.mp4", 60, 240.0)]);
    assert!(report.segments.iter().all(|segment| (segment.duration_seconds - 1.0).abs() < 0.02), "{report:?}");
    assert_eq!(pictures(&disk, "/a_002.mp4"), (60..120).map(Some).collect::<Vec<_>>());
    assert_eq!(report.stats.discontinuities, 0);
}

#[test]
fn the_first_frame_after_a_gap_can_be_decoded_alone() {
    let (disk, _) = record(OnGap::Hold, Codec::H264, "/a.mkv");
    let content = disk.read(Path::new("/a.mkv")).unwrap();
    assert_eq!(support::key_frames(&content).unwrap(), [0, 60]);
}
