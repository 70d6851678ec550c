//! A recording survives a crash at any moment and a fault of any call.
//!
//! The disk is simulated: every call is written down, so that what a crash would leave can be made up behind each of
//! them, and any call can be made to fail.

mod support;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use giftgrab_core::{
    codec::Codec,
    error::{Code, Stage},
    pipeline::Session,
    record::{FileWriter, options::FileWriterOptions},
    report::{DropReason, Event, Ledger, RecordingReport},
    source::options::{Pacing, SourceOptions, TestPatternOptions},
    storage::Volume,
    time::{Rational, RecordingRate},
};
use support::{
    Random, decode,
    disk::{Fault, Kind, Op, POLICIES, Policy, SimDisk, after_crash},
    is_full_proof, prefix,
    recording::{Recorded, clock_for, pattern, record, writer_options},
    watched::{Watched, assert_ledger},
};

const CASES: [(Codec, &str); 5] = [
    (Codec::H264, "/a.mp4"),
    (Codec::H264, "/a.mkv"),
    (Codec::H264, "/a.ts"),
    (Codec::Xvid, "/a.avi"),
    (Codec::Ffv1, "/b.mkv"),
];
/// A bit more than three fragments.
const FRAMES: u64 = 100;
/// Recordings at once.
const WIDTH: usize = 2;

/// Runs `job` for every item on a few threads.
fn in_parallel<T: Send>(items: Vec<T>, job: impl Fn(T) + Sync) {
    let rest = Mutex::new(items.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..WIDTH {
            scope.spawn(|| {
                loop {
                    let Some(item) = rest.lock().unwrap().next() else { return };
                    job(item);
                }
            });
        }
    });
}

/// How many frames each sync of the file at `path` has made safe, by the sync's place in the log.
fn synced_frames(log: &[Op], path: &Path) -> BTreeMap<usize, usize> {
    let Some(of) = log.iter().find_map(|op| match op {
        Op::Create { file, path: created } if created == path => Some(*file),
        _ => None,
    }) else {
        return BTreeMap::new();
    };
    let end = log.iter().position(|op| matches!(op, Op::SyncFailed { file } if *file == of)).unwrap_or(log.len());
    let named = log.iter().position(|op| matches!(op, Op::SyncFolder)).unwrap_or(end);
    let mut best = 0;
    (named..end)
        .filter(|index| matches!(&log[*index], Op::Sync { file } if *file == of))
        .map(|index| {
            let content = after_crash(&log[..=index], path, Policy::None, &mut Random(0)).unwrap_or_default();
            best = best.max(decode(&content).map_or(0, |seen| prefix(&seen)));
            (index, best)
        })
        .collect()
}

/// Asserts that the first `safe` frames are there and, where nothing was torn, that all others are in order; returns
/// the number of right ones.
fn assert_holds(content: Option<&[u8]>, safe: usize, policy: Policy, words: &str) -> usize {
    if safe == 0 {
        return content.and_then(|content| decode(content).ok()).map_or(0, |seen| prefix(&seen));
    }
    let content = content.unwrap_or_else(|| panic!("{words}: the file is gone"));
    let seen = decode(content).unwrap_or_else(|error| panic!("{words}: it does not open: {error}"));
    assert!(prefix(&seen) >= safe, "{words}: {safe} frames were synced, {seen:?} are there");
    // Where a disk lost some of what was not synced, decoders draw the next pictures over older ones until a key frame.
    if matches!(policy, Policy::None | Policy::All) {
        assert_eq!(prefix(&seen), seen.len(), "{words}: {seen:?}");
    }
    prefix(&seen)
}

#[test]
fn a_crash_behind_any_call_leaves_a_file_that_opens_with_all_that_was_synced() {
    let points = Mutex::new(0);
    in_parallel(CASES.to_vec(), |(codec, name)| {
        let disk = SimDisk::default();
        let recorded = record(writer_options(codec, name), FRAMES, Arc::new(disk.clone())).unwrap();
        assert!(recorded.error.is_none() && recorded.report.synced, "{name}: {:?}", recorded.error);
        let frames = usize::try_from(recorded.report.stats.frames.written).unwrap();
        assert_eq!(frames as u64, FRAMES);
        let log = disk.log();
        let path = Path::new(name);
        let synced = synced_frames(&log, path);
        let step = if is_full_proof() { 1 } else { 4 };
        let last = decode(&after_crash(&log, path, Policy::All, &mut Random(0)).unwrap()).unwrap();
        let (mut opened, mut most, mut random) = (false, 0, Random(7));
        // Every prefix as a killed process leaves it, and a sample for the machine's death.
        for end in 1..=log.len() {
            let safe = synced.range(..end).next_back().map_or(0, |(_, frames)| *frames);
            for policy in POLICIES {
                if policy != Policy::All && end % step != 0 && end != log.len() {
                    continue;
                }
                let content = after_crash(&log[..end], path, policy, &mut random);
                let words =
                    format!("{name} behind call {end} of {} ({:?}), {policy:?}", log.len(), name_of(&log[end - 1]));
                let found = assert_holds(content.as_deref(), safe, policy, &words);
                *points.lock().unwrap() += 1;
                if policy != Policy::All {
                    continue;
                }
                // A killed process leaves more at each later call.
                let seen = content.as_deref().map(decode);
                assert!(
                    !opened || matches!(seen, Some(Ok(_))),
                    "{words}: it does not open any more: {seen:?}; {:?}",
                    content.as_ref().map(Vec::len)
                );
                // A transport stream of a few packets is too short to be distinguished from other formats.
                opened |= found >= 10;
                if !opened {
                    continue;
                }
                assert!(found >= most, "{words}: {found} frames after {most}");
                if let Some(Ok(seen)) = &seen {
                    assert!(last.starts_with(seen), "{words}: {seen:?} became {last:?}");
                }
                most = found;
            }
        }
        assert_eq!(most, frames, "{name}: what was written is in the file");
        println!("{name}: {} calls, {} syncs, {frames} frames", log.len(), synced.len());
    });
    println!("{} crash points", points.into_inner().unwrap());
}

fn name_of(op: &Op) -> String {
    format!("{op:?}").chars().take_while(|letter| letter.is_alphabetic()).collect()
}

#[test]
fn a_fault_of_any_call_is_reported_and_costs_nothing_that_was_synced() {
    let outcomes = Mutex::new(BTreeMap::<String, usize>::new());
    let mut runs = Vec::new();
    for (codec, name) in CASES {
        let probe = SimDisk::default();
        record(writer_options(codec, name), FRAMES, Arc::new(probe.clone())).unwrap();
        for kind in [Kind::NoSpace, Kind::Broken, Kind::Short] {
            let step = if is_full_proof() { 1 } else { 29 };
            // The exact order differs from run to run; the last calls are those of the end.
            let end = probe.calls() - probe.calls().min(if is_full_proof() { 0 } else { 3 });
            let calls = (0..probe.calls()).filter(|at| at % step == 0 || *at >= end);
            runs.extend(calls.map(|at| (codec, name, Fault { at, kind })));
        }
    }
    let count = runs.len();
    in_parallel(runs, |(codec, name, fault)| {
        let outcome = run_with_fault(codec, name, fault);
        *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
    });
    println!("{count} recordings with a fault: {:?}", outcomes.into_inner().unwrap());
}

fn run_with_fault(codec: Codec, name: &str, fault: Fault) -> String {
    let words = format!("{name}, {fault:?}");
    let disk = SimDisk::failing(fault);
    let outcome = record(writer_options(codec, name), FRAMES, Arc::new(disk.clone()));
    let expected = if fault.kind == Kind::Broken { Code::Io } else { Code::DiskFull };
    let recorded = match outcome {
        Ok(recorded) => recorded,
        Err(error) => {
            assert_eq!((error.code, error.stage), (expected, Stage::Storage), "{words}: {error:?}");
            return "refused when it was opened".to_owned();
        }
    };
    if let Some(error) = &recorded.error {
        assert_eq!((error.code, error.stage), (expected, Stage::Storage), "{words}: {error:?}");
    }
    let report = &recorded.report;
    let log = disk.log();
    let path = Path::new(name);
    let synced = synced_frames(&log, path).last_key_value().map_or(0, |(_, frames)| *frames);
    // The durable part has been synced. Parts of a fragment that failed may have been synced as well; they are cut off.
    let safe = usize::try_from(report.stats.durable.frames).unwrap();
    assert!(safe <= synced, "{words}: only {synced} frames are durable, {report:?}");
    let found =
        assert_holds(after_crash(&log, path, Policy::None, &mut Random(1)).as_deref(), safe, Policy::None, &words);
    assert!(!report.synced || found as u64 >= report.stats.frames.written, "{words}: {found} of {report:?}");
    let lost_pages = log.iter().any(|op| matches!(op, Op::SyncFailed { .. }));
    let content = disk.read(path);
    assert_eq!(content.is_some(), report.exists, "{words}: {report:?}");
    if let Some(content) = &content {
        let written = usize::try_from(report.stats.frames.written).unwrap();
        let seen = decode(content).unwrap_or_else(|error| panic!("{words}: it does not open: {error}; {report:?}"));
        assert!(prefix(&seen) >= written, "{words}: {written} written, {seen:?}");
        assert!(written > 0, "{words}: {report:?}");
    }
    let warned = recorded.events.iter().any(|event| matches!(event, Event::Warning { .. }));
    if !disk.has_struck() {
        "did not come to it".to_owned()
    } else if recorded.error.is_some() {
        assert!(!(lost_pages && report.synced), "{words}: {report:?}");
        "reported as an error".to_owned()
    } else {
        assert!(warned, "{words}: the fault was not reported");
        "reported as a warning".to_owned()
    }
}

#[test]
fn a_recording_that_was_damaged_meanwhile_is_not_replaced_by_a_copy_with_fewer_frames() {
    for name in ["/a.mp4", "/a.mov"] {
        let path = Path::new(name);
        let disk = SimDisk::default();
        let clock = clock_for(Pacing::Realtime);
        let mut writer = Watched::writer(writer_options(Codec::H264, name), Arc::new(disk.clone()), &clock).unwrap();
        let mut source = Watched::source(&pattern(FRAMES, Pacing::Realtime), &Session::new(clock));
        source.object.attach(writer.object.input(), 1).unwrap();
        source.object.start().unwrap();
        source.wait_for(|event| matches!(event, Event::Ended));
        // The head of the second fragment.
        let content = disk.read(path).unwrap();
        let fragments: Vec<_> = content.windows(4).enumerate().filter(|(_, word)| word == b"moof").collect();
        disk.damage(path, fragments[1].0 - 4, &[0; 8]);
        let (report, error) = writer.close();
        assert!(error.is_none(), "{error:?}");
        assert!(!report.finalised && report.exists, "{report:?}");
        assert_eq!(report.stats.frames.written, FRAMES);
        assert!(writer.events.iter().any(|(_, event)| matches!(event, Event::Warning { .. })), "{:?}", writer.events);
        assert_eq!(disk.paths(), [path], "the copy is removed");
        assert!(disk.read(path).unwrap().len() >= content.len());
    }
}

/// Something that another program does to the files of a recording while it runs.
#[derive(Debug, Clone, Copy)]
enum Meddling {
    Moved,
    Removed,
    Replaced,
    PartTaken,
}

/// The contents of files that are not ours.
const PRECIOUS: &[u8] = b"precious";

fn put(disk: &SimDisk, path: &Path) {
    let _ = disk.remove(path);
    disk.create(path, false).unwrap().storage.write_at(PRECIOUS, 0).unwrap();
}

#[test]
fn no_file_of_somebody_else_is_overwritten_or_removed_and_a_report_says_where_the_recording_is() {
    use Meddling::{Moved, PartTaken, Removed, Replaced};
    for (codec, name) in [(Codec::H264, "/a.mp4"), (Codec::H264, "/a.mkv")] {
        for what in [Moved, Removed, Replaced, PartTaken] {
            let words = format!("{name}, {what:?}");
            let (path, part, elsewhere) = (Path::new(name), format!("{name}.part"), Path::new("/elsewhere"));
            let disk = SimDisk::default();
            let clock = clock_for(Pacing::Realtime);
            let mut writer = Watched::writer(writer_options(codec, name), Arc::new(disk.clone()), &clock).unwrap();
            let mut source = Watched::source(&pattern(FRAMES, Pacing::Realtime), &Session::new(clock));
            source.object.attach(writer.object.input(), 1).unwrap();
            source.object.start().unwrap();
            source.wait_until(|source| (source.object.stats().captured >= FRAMES / 2).then_some(()));
            match what {
                Moved => disk.rename(path, elsewhere).unwrap(),
                Removed => disk.remove(path).unwrap(),
                Replaced => put(&disk, path),
                PartTaken => put(&disk, Path::new(&part)),
            }
            source.wait_for(|event| matches!(event, Event::Ended));
            let (report, error) = writer.close();
            assert!(error.is_none(), "{words}: {error:?}");
            assert_eq!(report.stats.frames.written, FRAMES, "{words}");
            let is_ours = matches!(what, PartTaken);
            assert_eq!((report.exists, report.synced), (is_ours, is_ours), "{words}: {report:?}");
            let warnings = writer.heard(|event| matches!(event, Event::Warning { .. })).len();
            assert_eq!(warnings, usize::from(!is_ours), "{words}: {:?}", writer.events);
            let foreign = match what {
                Replaced => Some(path),
                PartTaken => Some(Path::new(&part)),
                Moved | Removed => None,
            };
            let found = foreign.map(|path| disk.read(path).unwrap());
            assert!(found.is_none_or(|content| content == PRECIOUS), "{words}");
            let recording = match what {
                Moved => Some(elsewhere),
                PartTaken => Some(path),
                Removed | Replaced => None,
            };
            if let Some(recording) = recording {
                let seen = decode(&disk.read(recording).unwrap()).unwrap();
                assert_eq!((prefix(&seen), seen.len() as u64), (seen.len(), FRAMES), "{words}");
            }
            let mut left: Vec<_> = foreign.into_iter().chain(recording).map(Path::to_owned).collect();
            left.sort();
            let mut paths = disk.paths();
            paths.sort();
            assert_eq!(paths, left, "{words}");
        }
    }
}

#[test]
fn without_a_frame_nothing_that_was_there_is_removed_and_nothing_new_stays() {
    for (overwrite, was_there) in [(false, false), (true, false), (true, true)] {
        let disk = SimDisk::default();
        let path = Path::new("/a.mp4");
        if was_there {
            put(&disk, path);
        }
        let options = FileWriterOptions { overwrite, ..writer_options(Codec::H264, "/a.mp4") };
        let mut writer = Watched::writer(options, Arc::new(disk.clone()), &clock_for(Pacing::Realtime)).unwrap();
        let (report, error) = writer.close();
        assert!(error.is_none() && !report.exists, "{error:?}, {report:?}");
        assert_eq!(disk.read(path).as_deref(), was_there.then_some(PRECIOUS));
    }
}

#[test]
fn a_folder_that_cannot_be_synced_costs_no_frame_and_is_tried_again() {
    for (name, refusals) in [("/a.mp4", 1), ("/a.mp4", usize::MAX), ("/a.mkv", 1), ("/a.mkv", usize::MAX)] {
        let disk = SimDisk::default();
        disk.refuse_folder_syncs(refusals);
        let Recorded { report, error, events } =
            record(writer_options(Codec::H264, name), FRAMES, Arc::new(disk.clone())).unwrap();
        let words = format!("{name}, {refusals}: {error:?}, {events:?}, {report:?}");
        assert!(error.is_none() && report.exists && report.finalised, "{words}");
        assert_eq!(report.stats.frames.written, FRAMES, "{words}");
        assert_eq!(report.synced, refusals == 1, "{words}");
        assert_eq!(report.stats.durable.frames, if refusals == 1 { FRAMES } else { 0 }, "{words}");
        assert!(events.iter().any(|event| matches!(event, Event::Warning { .. })), "{words}");
        assert_eq!(decode(&disk.read(Path::new(name)).unwrap()).unwrap().len() as u64, FRAMES, "{words}");
    }
}

/// Frames a second where the disk stops.
const STALLED_RATE: Rational = Rational::new(50, 1);
/// Packets that may wait for the disk.
const PACKETS: u64 = 600;
/// Frames that may wait for the encoder for two seconds, and the one that it has in hand.
const FRAMES_IN_TWO_SECONDS: u64 = 100 + 1;

/// Records in real time while one write takes `seconds`; the writer is heard meanwhile.
fn record_while_the_disk_stops(seconds: f64) -> (Watched<FileWriter>, RecordingReport) {
    let clock = clock_for(Pacing::Realtime);
    let disk = SimDisk::default();
    let options = FileWriterOptions {
        frame_rate: RecordingRate::Fixed(STALLED_RATE),
        ..writer_options(Codec::Ffv1, "/slow.mkv")
    };
    let mut writer = Watched::writer(options, Arc::new(disk.clone()), &clock).unwrap();
    let SourceOptions::Pattern(pattern) = pattern(0, Pacing::Realtime) else { panic!("no pattern") };
    let pattern = SourceOptions::Pattern(TestPatternOptions { frame_rate: STALLED_RATE, ..pattern });
    let mut source = Watched::source(&pattern, &Session::new(clock.clone()));
    source.object.attach(writer.object.input(), 1).unwrap();
    source.object.start().unwrap();
    let mut listen_for = |seconds: f64| {
        writer.listen_until(clock.now_ns() + (seconds * 1e9) as u64);
        assert_live(&writer.object.stats().frames);
    };
    // The file is flushed a quarter of a second after its second frame and every quarter from then on. Of the write that
    // comes after 0.77 s only one is slow; no frame comes when it begins or ends.
    listen_for(0.76);
    disk.slow_down(&clock, seconds);
    listen_for(0.02);
    disk.speed_up();
    (0..30).for_each(|_| listen_for(1.0));
    source.object.detach(1).unwrap();
    source.wait_for(|event| matches!(event, Event::Detached { .. }));
    let (report, error) = writer.close();
    assert!(error.is_none(), "{error:?}");
    // The source is on time whatever the disk does, and the recording lasts as long as reality did.
    let stats = source.object.stats();
    assert_eq!((stats.late, stats.missed, stats.lateness.max_ms), (0, 0, 0.0));
    let frames = &report.stats.frames;
    assert_eq!((frames.captured, frames.failed), (stats.captured, 0));
    assert!((report.stats.duration_seconds - stats.duration_seconds).abs() < 1e-9);
    let seen = decode(&disk.read(Path::new("/slow.mkv")).unwrap()).unwrap();
    assert_eq!(seen.len() as u64, frames.written);
    assert!(seen.iter().all(Option::is_some));
    assert!(seen.is_sorted_by(|a, b| a < b));
    (writer, report)
}

#[test]
fn a_slow_disk_costs_frames_that_are_counted_as_its_own() {
    let (writer, report) = record_while_the_disk_stops(20.0);
    let dropped = 20 * 50 - PACKETS - FRAMES_IN_TWO_SECONDS;
    let [drop] = &report.stats.frames.drops[..] else { panic!("{:?}", report.stats.frames) };
    assert_eq!((drop.stage, drop.reason, drop.frames), (Stage::Storage, DropReason::StorageOverload, dropped));
    let overloads = writer.events.iter().filter_map(|(at_ns, event)| match event {
        Event::Overload { stage: Stage::Storage, reason: DropReason::StorageOverload, frames } => {
            Some((*at_ns, *frames))
        }
        Event::Overload { .. } => panic!("{event:?}"),
        _ => None,
    });
    let (heard, frames): (Vec<u64>, Vec<u64>) = overloads.unzip();
    // Reported before a frame is lost, with the first one that is, and once a second.
    assert!(frames.is_sorted() && frames[frames.len() - 1] > 1 && heard.len() >= 7, "{frames:?}");
    let waiting = frames.iter().take_while(|dropped| **dropped == 0).count();
    assert!(waiting > 0 && frames[waiting] == 1, "{frames:?}");
    for times in [&heard[..waiting], &heard[waiting..]] {
        assert!(times.is_sorted_by(|a, b| b - a >= 1_000_000_000), "{heard:?}");
    }
}

#[test]
fn a_disk_that_stops_for_as_long_as_frames_may_wait_costs_none() {
    for beyond in [0, 1] {
        let frames = PACKETS + FRAMES_IN_TWO_SECONDS + beyond;
        let (_, report) = record_while_the_disk_stops(frames as f64 / 50.0);
        assert_eq!(report.stats.frames.dropped, beyond, "{:?}", report.stats.frames);
    }
}

fn assert_live(ledger: &Ledger) {
    assert_eq!(ledger.captured, ledger.written + ledger.dropped + ledger.failed + ledger.in_flight, "{ledger:?}");
}

#[test]
fn a_writer_whose_disk_fails_costs_the_other_nothing() {
    for pacing in [Pacing::Realtime, Pacing::Asap] {
        let healthy = SimDisk::default();
        let failing = SimDisk::failing(Fault { at: 6, kind: Kind::NoSpace });
        let clock = clock_for(pacing);
        let mut bad = Watched::writer(writer_options(Codec::H264, "/bad.mp4"), Arc::new(failing), &clock).unwrap();
        let good = writer_options(Codec::H264, "/good.mp4");
        let mut good = Watched::writer(good, Arc::new(healthy.clone()), &clock).unwrap();
        // Enough in the fast case for the fault to come early.
        let frames = if pacing == Pacing::Asap { 4000 } else { 150 };
        let mut source = Watched::source(&pattern(frames, pacing), &Session::new(clock));
        source.object.attach(bad.object.input(), 1).unwrap();
        source.object.attach(good.object.input(), 2).unwrap();
        source.object.start().unwrap();
        source.wait_for(|event| matches!(event, Event::Ended));
        let (report, error) = bad.close();
        assert_eq!(error.map(|error| error.code), Some(Code::DiskFull));
        assert_eq!(report.stats.frames.captured, source.object.stats().captured);
        let (report, error) = good.close();
        assert!(error.is_none(), "{error:?}");
        assert_ledger(&report.stats.frames);
        assert_eq!(report.stats.frames.captured, source.object.stats().captured);
        assert_eq!(report.stats.frames.written, frames);
        let seen = decode(&healthy.read(Path::new("/good.mp4")).unwrap()).unwrap();
        assert_eq!(
            (prefix(&seen) as u64, seen.len() as u64),
            (report.stats.frames.written, report.stats.frames.written)
        );
    }
}
