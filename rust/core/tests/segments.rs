//! A recording whose frames change their size goes on in numbered files, each as safe as a single one.

mod support;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use giftgrab_core::{
    av::{ColourTags, Picture, PixelFormat},
    codec::Codec,
    error::{Code, Stage},
    frame::Frame,
    pipeline::{Clock, OverflowPolicy, Signal},
    pixels::{ColourSpace, StereoPacking},
    record::{
        FileWriter,
        options::{FileWriterOptions, OnResize},
    },
    report::{Event, RecordingReport},
    source::test_pattern::draw::Pattern,
    storage::{Created, FileId, Storage, Volume},
    time::Rational,
};
use support::{
    Random,
    clock::{START_NS, SimulatedClock},
    decode,
    disk::{Fault, Kind, Op, Policy, SimDisk, after_crash},
    is_full_proof,
    recording::{Recorded, writer_options},
    watched::Watched,
};

const SMALL: (u32, u32) = (96, 64);
const LARGE: (u32, u32) = (128, 96);
/// The writer's rate and that of the frames.
const RATE: Rational = Rational::new(60, 1);

fn options(codec: Codec, path: &str) -> FileWriterOptions {
    FileWriterOptions { on_resize: OnResize::Segment, ..writer_options(codec, path) }
}

/// Frame `index` of the pattern, of some views, shown at `pts`.
fn frame((width, height): (u32, u32), views: usize, index: u64, pts: i64) -> Frame {
    let pattern = Pattern::new(width as usize, height as usize, ColourSpace::I420);
    let views = (0..views).map(|view| {
        let mut picture = Picture::alloc(PixelFormat::YUV420P, width, height).unwrap();
        picture.set_tags(ColourTags { range: 1, ..ColourTags::UNKNOWN });
        pattern.draw(index, view, &mut picture.view_mut().unwrap().unwrap());
        picture
    });
    Frame {
        views: views.collect(),
        sequence: index,
        pts,
        time_base: RATE.inverse(),
        duration: None,
        captured_ns: 0,
        session_start_ms: 0,
        loss: None,
        coded: None,
    }
}

/// Frames of one size and count of views, and the time of the first.
#[derive(Clone, Copy)]
struct Run {
    size: (u32, u32),
    views: usize,
    from: i64,
    frames: i64,
}

const fn run(size: (u32, u32), from: i64, frames: i64) -> Run {
    Run { size, views: 1, from, frames }
}

/// Gives every frame at its time, or as soon as there is room for it; its index is its time.
fn give(writer: &mut Watched<FileWriter>, runs: &[Run], clock: &Arc<SimulatedClock>) {
    for run in runs {
        for pts in run.from..run.from + run.frames {
            clock.pass_until(START_NS + RATE.frame_time_ns(pts.unsigned_abs()));
            writer.wait_until(|writer| writer.object.input().has_room().then_some(()));
            let frame = Arc::new(frame(run.size, run.views, pts.unsigned_abs(), pts));
            assert!(writer.object.input().append(frame, OverflowPolicy::Block));
        }
    }
}

/// Records frames on a clock to a disk.
fn record_on(
    clock: &Arc<SimulatedClock>,
    options: FileWriterOptions,
    runs: &[Run],
    volume: Arc<dyn Volume>,
) -> Result<Recorded, giftgrab_core::error::Error> {
    let time: Arc<dyn Clock> = clock.clone();
    let mut writer = Watched::writer(options, volume, &time)?;
    give(&mut writer, runs, clock);
    let (report, error) = writer.close();
    let events = writer.events.into_iter().map(|(_, event)| event).collect();
    Ok(Recorded { report, error, events })
}

fn record(
    options: FileWriterOptions,
    runs: &[Run],
    volume: Arc<dyn Volume>,
) -> Result<Recorded, giftgrab_core::error::Error> {
    record_on(&SimulatedClock::new(), options, runs, volume)
}

/// The indices in a file, which opens and of which every one is read.
fn indices(disk: &SimDisk, path: &str) -> Vec<i64> {
    let content = disk.read(Path::new(path)).unwrap_or_else(|| panic!("{path} is not there"));
    let seen = decode(&content).unwrap_or_else(|error| panic!("{path} does not open: {error}"));
    seen.into_iter().map(|index| i64::from(index.unwrap())).collect()
}

fn paths(report: &RecordingReport) -> Vec<&str> {
    report.segments.iter().map(|segment| segment.path.as_str()).collect()
}

#[test]
fn a_pause_that_the_container_cannot_express_is_between_two_files() {
    const DAY: i64 = 60 * 86_400;
    let runs = [run(SMALL, 0, 45), run(SMALL, 2 * DAY, 30)];
    for (codec, extension) in [(Codec::H264, "mp4"), (Codec::Xvid, "avi"), (Codec::H264, "ts")] {
        let disk = SimDisk::default();
        let recorded = record(options(codec, &format!("/a.{extension}")), &runs, Arc::new(disk.clone())).unwrap();
        let report = recorded.report;
        assert!(recorded.error.is_none() && report.exists && report.synced, "{report:?}");
        assert_eq!((report.stats.frames.written, report.stats.discontinuities), (75, 0));
        let times: Vec<_> =
            report.segments.iter().map(|segment| (segment.start_seconds, segment.duration_seconds)).collect();
        assert_eq!(times, [(0.0, 0.75), (2.0 * 86_400.0, 0.5)], "{extension}");
        for (segment, from, frames) in [(0, 0, 45), (1, 2 * DAY, 30)] {
            let expected: Vec<_> = (from..from + frames).collect();
            assert_eq!(indices(&disk, paths(&report)[segment]), expected, "{extension}");
        }
        let is_told = |event: &Event| matches!(event, Event::Warning { error } if error.message.contains("pause"));
        assert_eq!(recorded.events.iter().filter(|event| is_told(event)).count(), 1, "{extension}");
    }
}

#[test]
fn each_size_has_its_file_and_no_time_is_lost() {
    // The second change comes after half a second without a frame.
    let runs = [run(SMALL, 0, 45), run(LARGE, 45, 30), run(SMALL, 105, 15)];
    for (codec, extension) in [(Codec::H264, "mp4"), (Codec::H264, "mov"), (Codec::H264, "mkv"), (Codec::Xvid, "avi")] {
        let disk = SimDisk::default();
        let recorded = record(options(codec, &format!("/a.{extension}")), &runs, Arc::new(disk.clone())).unwrap();
        let report = recorded.report;
        assert!(recorded.error.is_none() && report.exists && report.finalised && report.synced, "{report:?}");
        let names = ["/a", "/a_002", "/a_003"].map(|name| format!("{name}.{extension}"));
        assert_eq!(paths(&report), names);
        assert_eq!((report.width, report.height), SMALL);
        assert_eq!(report.target.path, names[0]);
        let files: Vec<_> = report.segments.iter().map(|one| (one.width, one.height, one.frames)).collect();
        assert_eq!(files, [(96, 64, 45), (128, 96, 30), (96, 64, 15)]);
        let times: Vec<_> = report.segments.iter().map(|one| (one.start_seconds, one.duration_seconds)).collect();
        assert_eq!(times, [(0.0, 0.75), (0.75, 1.0), (1.75, 0.25)]);
        for (segment, run) in report.segments.iter().zip(runs) {
            assert!(segment.finalised && segment.synced);
            assert_eq!(indices(&disk, &segment.path), (run.from..run.from + run.frames).collect::<Vec<_>>());
            assert_eq!(disk.read(Path::new(&segment.path)).unwrap().len() as u64, segment.bytes);
        }
        let stats = &report.stats;
        assert_eq!((stats.frames.captured, stats.frames.written), (90, 90));
        assert_eq!(stats.bytes, report.segments.iter().map(|one| one.bytes).sum::<u64>());
        assert_eq!((stats.durable.frames, stats.packet_queue), (90, 0));
        assert!((stats.duration_seconds - 2.0).abs() < 1e-9);
    }
}

#[test]
fn an_ordinary_recording_is_one_segment() {
    let disk = SimDisk::default();
    let Recorded { report, .. } = record(options(Codec::Ffv1, "/a.mkv"), &[run(SMALL, 7, 20)], Arc::new(disk)).unwrap();
    let [segment] = report.segments.as_slice() else { panic!("{report:?}") };
    assert_eq!((segment.path.as_str(), segment.frames, segment.start_seconds), ("/a.mkv", 20, 0.0));
    assert_eq!((segment.bytes, segment.duration_seconds), (report.stats.bytes, report.stats.duration_seconds));
    let empty = record(options(Codec::Ffv1, "/b.mkv"), &[], Arc::new(SimDisk::default())).unwrap().report;
    assert!(!empty.exists && !empty.finalised && empty.segments.is_empty());
}

#[test]
fn a_number_that_is_taken_is_passed_over_unless_files_are_overwritten() {
    let runs = [run(SMALL, 0, 10), run(LARGE, 10, 10), run(SMALL, 20, 10)];
    for overwrite in [false, true] {
        let disk = SimDisk::default();
        let old = disk.create(Path::new("/a_002.mp4"), false).unwrap();
        old.storage.write_at(b"precious", 0).unwrap();
        let options = FileWriterOptions { overwrite, ..options(Codec::H264, "/a.mp4") };
        let recorded = record(options, &runs, Arc::new(disk.clone())).unwrap();
        assert!(recorded.error.is_none());
        let expected = if overwrite {
            ["/a.mp4", "/a_002.mp4", "/a_003.mp4"]
        } else {
            assert_eq!(disk.read(Path::new("/a_002.mp4")).unwrap(), b"precious");
            ["/a.mp4", "/a_003.mp4", "/a_004.mp4"]
        };
        assert_eq!(paths(&recorded.report), expected);
        for (path, run) in expected.into_iter().zip(runs) {
            assert_eq!(indices(&disk, path), (run.from..run.from + run.frames).collect::<Vec<_>>());
        }
    }
}

#[test]
fn scaling_keeps_one_file_and_reports_views_that_are_missing() {
    let disk = SimDisk::default();
    let options = FileWriterOptions { on_resize: OnResize::Scale, ..options(Codec::H264, "/a.mp4") };
    let two = Run { views: 2, ..run(SMALL, 0, 10) };
    let recorded = record(options, &[two, run(LARGE, 10, 10), run(SMALL, 20, 10)], Arc::new(disk.clone())).unwrap();
    let report = recorded.report;
    assert!(recorded.error.is_none());
    assert_eq!((paths(&report), report.stats.frames.written), (vec!["/a.mp4"], 30));
    assert_eq!((report.width, report.height), (96, 128));
    let is_about_views =
        |event: &&Event| matches!(event, Event::Warning { error } if error.field.as_deref() == Some("onResize"));
    assert_eq!(recorded.events.iter().filter(is_about_views).count(), 1);
}

#[test]
fn the_number_of_views_begins_a_file_too_but_not_where_one_view_is_recorded() {
    let runs = [Run { views: 2, ..run(SMALL, 0, 10) }, Run { views: 3, ..run(SMALL, 10, 10) }];
    let disk = SimDisk::default();
    let side = FileWriterOptions { stereo: Some(StereoPacking::SideBySide), ..options(Codec::H264, "/a.mkv") };
    let report = record(side, &runs, Arc::new(disk.clone())).unwrap().report;
    let sizes: Vec<_> = report.segments.iter().map(|one| (one.width, one.height)).collect();
    assert_eq!(sizes, [(192, 64), (288, 64)]);
    let one = FileWriterOptions { view: Some(1), ..options(Codec::H264, "/b.mkv") };
    let report = record(one, &runs, Arc::new(disk.clone())).unwrap().report;
    assert_eq!(paths(&report), ["/b.mkv"]);
    assert_eq!(indices(&disk, "/b.mkv"), (0..20).collect::<Vec<_>>());
    let missing = FileWriterOptions { view: Some(2), ..options(Codec::H264, "/c.mkv") };
    let recorded = record(missing, &runs, Arc::new(disk.clone())).unwrap();
    let error = recorded.error.unwrap();
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("view")));
    assert!(error.message.contains("views 0 to 1"), "{}", error.message);
    assert!(!recorded.report.exists && recorded.report.stats.frames.failed == 20);
}

#[test]
fn a_change_with_every_frame_is_kept_up_with() {
    let runs: Vec<_> = (0..60).map(|at| run(if at % 2 == 0 { SMALL } else { LARGE }, at, 1)).collect();
    let (clock, disk) = (SimulatedClock::new(), SimDisk::default());
    let time: Arc<dyn Clock> = clock.clone();
    disk.slow_down(&time, 0.001);
    let report = record_on(&clock, options(Codec::H264, "/a.mp4"), &runs, Arc::new(disk.clone())).unwrap().report;
    assert_eq!((report.segments.len(), report.stats.frames.written), (60, 60));
    for (at, segment) in (0..).zip(&report.segments) {
        assert_eq!(indices(&disk, &segment.path), [at]);
    }
}

/// A disk whose renames wait for a word.
struct Held {
    disk: SimDisk,
    is_open: AtomicBool,
    opened: Arc<Signal>,
}

impl Volume for Held {
    fn resolve(&self, path: &Path) -> PathBuf {
        self.disk.resolve(path)
    }

    fn id_at(&self, path: &Path) -> io::Result<Option<FileId>> {
        self.disk.id_at(path)
    }

    fn create(&self, path: &Path, overwrite: bool) -> io::Result<Created> {
        self.disk.create(path, overwrite)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn Storage>> {
        self.disk.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        loop {
            let seen = self.opened.seen();
            if self.is_open.load(SeqCst) {
                return self.disk.rename(from, to);
            }
            self.opened.wait(seen, None);
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_folder_of(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_folder_of(path)
    }

    fn free_bytes(&self, path: &Path) -> Option<u64> {
        self.disk.free_bytes(path)
    }
}

#[test]
fn a_file_does_not_wait_until_the_one_before_is_finished() {
    let (clock, disk) = (SimulatedClock::new(), SimDisk::default());
    let time: Arc<dyn Clock> = clock.clone();
    let held = Arc::new(Held { disk: disk.clone(), is_open: AtomicBool::new(false), opened: Signal::new(&time) });
    let mut writer = Watched::writer(options(Codec::H264, "/a.mp4"), held.clone(), &time).unwrap();
    give(&mut writer, &[run(SMALL, 0, 30), run(LARGE, 30, 60)], &clock);
    // The first file cannot be finished; the second one reaches the disk all the same, but for the frame whose duration
    // the next one determines.
    clock.pass(1.0);
    assert_eq!(writer.object.stats().durable.frames, 89);
    assert!(!disk.log().iter().any(|op| matches!(op, Op::Rename { .. })));
    held.is_open.store(true, SeqCst);
    held.opened.raise();
    let (report, error) = writer.close();
    assert!(error.is_none() && report.finalised && report.stats.frames.written == 90, "{report:?}");
}

const RUNS: [Run; 3] = [run(SMALL, 0, 20), run(LARGE, 20, 20), run(SMALL, 40, 20)];

#[test]
fn a_crash_behind_any_call_leaves_files_that_open_and_never_get_less() {
    for name in ["/a.mp4", "/a.mkv"] {
        let disk = SimDisk::default();
        let report = record(options(Codec::H264, name), &RUNS, Arc::new(disk.clone())).unwrap().report;
        let log = disk.log();
        let paths = paths(&report);
        let mut most = vec![0; paths.len()];
        for end in 1..=log.len() {
            for (path, most) in paths.iter().zip(&mut most) {
                let content = after_crash(&log[..end], Path::new(path), Policy::All, &mut Random(0));
                let found = content.as_deref().and_then(|content| decode(content).ok()).map_or(0, |seen| {
                    assert!(seen.iter().all(Option::is_some), "{path} behind call {end}: {seen:?}");
                    seen.len()
                });
                assert!(found >= *most, "{path} behind call {end}: {found} frames after {most}");
                *most = found;
            }
        }
        assert_eq!(most, [20, 20, 20]);
        // The machine's death behind the last call costs nothing either.
        for path in paths {
            let content = after_crash(&log, Path::new(path), Policy::None, &mut Random(0)).unwrap();
            assert_eq!(decode(&content).unwrap().len(), 20, "{path}");
        }
    }
}

#[test]
fn a_fault_of_any_call_is_reported_and_costs_no_finished_file() {
    for name in ["/a.mp4", "/a.mkv"] {
        let probe = SimDisk::default();
        record(options(Codec::H264, name), &RUNS, Arc::new(probe.clone())).unwrap();
        let step = if is_full_proof() { 1 } else { 5 };
        for kind in [Kind::NoSpace, Kind::Broken, Kind::Short] {
            for at in (0..probe.calls()).step_by(step) {
                fault(name, Fault { at, kind });
            }
        }
    }
}

fn fault(name: &str, fault: Fault) {
    let disk = SimDisk::failing(fault);
    let words = format!("{name}, {fault:?}");
    let recorded = match record(options(Codec::H264, name), &RUNS, Arc::new(disk.clone())) {
        Ok(recorded) => recorded,
        Err(error) => return assert_eq!(error.stage, Stage::Storage, "{words}: {error:?}"),
    };
    let report = &recorded.report;
    assert_eq!(report.stats.frames.captured, 60, "{words}");
    let written: u64 = report.segments.iter().map(|one| one.frames).sum();
    assert_eq!(written, report.stats.frames.written, "{words}: {report:?}");
    for segment in &report.segments {
        let found = indices(&disk, &segment.path);
        assert!(found.len() as u64 >= segment.frames, "{words}: {segment:?}, {found:?}");
        assert!(found.is_sorted_by(|a, b| a + 1 == *b), "{words}: {segment:?}, {found:?}");
    }
    // A file that is not reported is not left behind.
    for path in disk.paths() {
        assert!(report.segments.iter().any(|one| Path::new(&one.path) == path), "{words}: {path:?} is left");
    }
    let warned = recorded.events.iter().any(|event| matches!(event, Event::Warning { .. }));
    assert!(!disk.has_struck() || recorded.error.is_some() || warned, "{words}: the fault was not reported");
    if let Some(error) = &recorded.error {
        let expected = if fault.kind == Kind::Broken { Code::Io } else { Code::DiskFull };
        assert_eq!((error.code, error.stage), (expected, Stage::Storage), "{words}: {error:?}");
    }
}
