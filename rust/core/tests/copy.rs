//! A writer that copies records the packets of a live source as they came, and nothing is decoded for it.

mod support;

use std::{path::Path, process::Command, sync::Arc};

use giftgrab_core::{
    av::{Demuxer, DemuxerOptions, Packet, Picture, PixelFormat},
    codec::{Codec, EncoderProfile},
    error::{Code, Error},
    frame::Frame,
    pipeline::{Clock, OverflowPolicy, Session, live::LiveStats},
    record::{
        FileWriter,
        options::{FileWriterOptions, OnGap, OnResize},
    },
    report::{DropReason, Event, RecordingReport},
    source::{Source, options::Pacing},
    time::RecordingRate,
};
use support::{
    Bytes, Random,
    camera::{Camera, Clip, Coding, H264, PERIOD_MS, Start, Step, Unit, What, code, moment, setup},
    clock::SimulatedClock,
    decode,
    disk::SimDisk,
    recording::{pattern, writer_options},
    watched::{Watched, assert_ledger},
};

fn options(path: &str) -> FileWriterOptions {
    FileWriterOptions { frame_rate: RecordingRate::Source, ..writer_options(Codec::Copy, path) }
}

struct Bench {
    clock: Arc<SimulatedClock>,
    time: Arc<dyn Clock>,
    disk: SimDisk,
    source: Watched<Source>,
}

impl Bench {
    /// Opens a camera; its first frame has come.
    fn open(starts: Vec<Start>) -> Self {
        Self::with(starts, 0)
    }

    fn with(starts: Vec<Start>, stamp_error_ns: i64) -> Self {
        let clock = SimulatedClock::new();
        let time: Arc<dyn Clock> = clock.clone();
        let mut camera = Camera::new(&time, starts);
        camera.stamp_error_ns = stamp_error_ns;
        let source = Watched::live(Box::new(camera), setup(), &Session::new(time.clone())).unwrap();
        source.object.start().unwrap();
        Self { clock, time, disk: SimDisk::default(), source }
    }

    fn writer(&self, options: FileWriterOptions, target: u32) -> Watched<FileWriter> {
        let writer = Watched::writer(options, Arc::new(self.disk.clone()), &self.time).unwrap();
        self.source.object.attach(writer.object.input(), target).unwrap();
        writer
    }

    fn refusal(&self, options: FileWriterOptions) -> Error {
        let writer = Watched::writer(options, Arc::new(self.disk.clone()), &self.time).unwrap();
        self.source.object.attach(writer.object.input(), 9).unwrap_err()
    }

    fn pass_until(&mut self, at_ms: u64) {
        self.source.listen_until(moment(at_ms));
        self.clock.settle();
        self.source.listen();
    }

    fn live(&self) -> LiveStats {
        let stats = self.source.object.stats();
        let live = stats.live.unwrap();
        let sum = stats.captured + live.lost + live.damaged + live.withheld + stats.missed;
        assert_eq!(sum, live.sequence_span, "captured {}, {live:?}", stats.captured);
        live
    }

    /// Records into one file until a moment.
    fn record(mut self, options: FileWriterOptions, until_ms: u64) -> (SimDisk, RecordingReport, LiveStats) {
        let mut writer = self.writer(options, 1);
        self.pass_until(until_ms);
        let (report, error) = writer.close();
        assert_eq!(error, None);
        let live = self.live();
        (self.disk, report, live)
    }
}

/// The packets of a file, with their times in seconds.
fn packets(content: &[u8]) -> Vec<(Unit, f64)> {
    let mut demuxer = Demuxer::open(Arc::new(Bytes(content.to_vec())), DemuxerOptions::default()).unwrap();
    let stream = demuxer.select_video(None).unwrap();
    let mut found = Vec::new();
    let mut packet = Packet::new().unwrap();
    while demuxer.read(&mut packet).is_ok() {
        let seconds = packet.pts().unwrap() as f64 * stream.time_base.as_f64();
        found.push((Unit { bytes: packet.bytes().to_vec(), is_key: packet.is_key() }, seconds));
        packet.clear();
    }
    found
}

/// The NAL units of a packet, without parameter sets and delimiters: what is in every container the same.
fn pictures_of(codec: &str, bytes: &[u8], has_lengths: bool) -> Vec<Vec<u8>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    if !has_lengths {
        let starts: Vec<_> = (2..bytes.len()).filter(|at| bytes[at - 2..=*at] == [0, 0, 1]).map(|at| at + 1).collect();
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).map_or(bytes.len(), |next| next - 3);
            let mut unit = bytes[*start..end].to_vec();
            while unit.last() == Some(&0) {
                unit.pop();
            }
            units.push(unit);
        }
    } else {
        let mut rest = bytes;
        while rest.len() > 4 {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            units.push(rest[4..4 + length].to_vec());
            rest = &rest[4 + length..];
        }
    }
    units.retain(|unit| match codec {
        "h264" => !matches!(unit[0] & 0x1f, 7..=9),
        _ => !matches!(unit[0] >> 1 & 0x3f, 32..=35),
    });
    units
}

fn assert_same(codec: &str, content: &[u8], expected: &[Unit], what: &str) {
    let found = packets(content);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, ((found, _), expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.is_key, expected.is_key, "{what}: {index}");
        if matches!(codec, "h264" | "hevc") {
            let units = pictures_of(codec, &found.bytes, content[0] != 0x47);
            let same = units == pictures_of(codec, &expected.bytes, false);
            assert!(same && !units.is_empty(), "{what}: packet {index} differs");
        } else {
            // Containers leave the temporal delimiters of AV1 out.
            let expected = expected.bytes.strip_prefix(&[0x12, 0]).unwrap_or(&expected.bytes);
            assert!(found.bytes == expected, "{what}: packet {index} differs");
        }
    }
}

fn barcodes(disk: &SimDisk, path: &str) -> Vec<u32> {
    let seen = decode(&disk.read(Path::new(path)).unwrap()).unwrap();
    seen.iter().map(|barcode| barcode.unwrap_or(u32::MAX)).collect()
}

fn awaited(report: &RecordingReport) -> u64 {
    let drops = &report.stats.frames.drops;
    drops.iter().filter(|drop| drop.reason == DropReason::AwaitingKeyFrame).map(|drop| drop.frames).sum()
}

#[test]
fn every_packet_is_recorded_as_it_came_from_a_key_frame_on_and_nothing_is_decoded() {
    let x265 = &[("preset", "ultrafast"), ("x265-params", "log-level=none:bframes=0:info=0")];
    let vp9 = &[("deadline", "realtime"), ("cpu-used", "8"), ("lag-in-frames", "0")];
    let av1 = &[("usage", "realtime"), ("cpu-used", "8"), ("lag-in-frames", "0")];
    let codings = [
        ("h264", H264, &["mkv", "mp4", "mov", "ts"][..], &[false, true][..]),
        ("hevc", Coding { encoder: "libx265", options: x265, ..H264 }, &["mkv", "mp4", "mov", "ts"], &[false, true]),
        ("mjpeg", Coding { encoder: "mjpeg", options: &[], ..H264 }, &["mkv", "mov", "mp4"], &[false]),
        ("vp8", Coding { encoder: "libvpx", options: &[("deadline", "realtime")], ..H264 }, &["mkv"], &[false]),
        ("vp9", Coding { encoder: "libvpx-vp9", options: vp9, ..H264 }, &["mkv"], &[false]),
        ("av1", Coding { encoder: "libaom-av1", options: av1, ..H264 }, &["mkv"], &[false]),
    ];
    for (codec, coding, extensions, forms) in codings {
        let Some(clip) = code(&coding, 0, 100) else { continue };
        for (is_in_band, extension) in forms.iter().flat_map(|form| extensions.iter().map(move |name| (form, name))) {
            let clip = if *is_in_band { clip.clone().in_band() } else { clip.clone() };
            let what = format!("{codec} in {extension}, in band: {is_in_band}");
            let path = format!("/a.{extension}");
            let bench = Bench::open(vec![(clip.parameters.clone(), clip.steps(0, 1))]);
            let (disk, report, live) = bench.record(options(&path), 99 * PERIOD_MS + 10);
            // Every picture of motion JPEG is a key frame.
            let first = if codec == "mjpeg" { 1 } else { 25 };
            let content = disk.read(Path::new(&path)).unwrap();
            assert_same(codec, &content, &clip.units[first..], &what);
            assert_eq!(barcodes(&disk, &path), (first as u32..100).collect::<Vec<_>>(), "{what}");
            let frames = &report.stats.frames;
            assert_ledger(frames);
            assert_eq!((frames.written, awaited(&report)), (100 - first as u64, first as u64 - 1), "{what}");
            let seconds = (100 - first) as f64 * 0.04;
            assert!((report.stats.duration_seconds - seconds).abs() < 0.002, "{what}: {report:?}");
            for (index, (_, at)) in packets(&content).iter().enumerate() {
                assert!((at - index as f64 * 0.04).abs() < 0.0011, "{what}: {index} at {at}");
            }
            assert_eq!((live.decoded, live.withheld), (1, 1), "{what}");
            assert_eq!((report.target.encoder.as_str(), report.pixel_format.is_empty()), ("copy", false), "{what}");
            assert_eq!(report.warnings, [], "{what}");
            assert!(report.finalised && report.synced, "{what}");
            judge(codec, &clip, first, &content, &what);
        }
    }
}

#[test]
fn parameter_sets_in_a_buffer_of_their_own_belong_to_the_next_picture() {
    let clip = code(&H264, 0, 75).unwrap();
    let mut steps = Vec::new();
    for (index, step) in clip.steps(0, 0).into_iter().enumerate() {
        if clip.units[index].is_key {
            let unit = Unit { bytes: clip.parameters.extradata().to_vec(), is_key: false };
            let at_ms = step.at_ms.saturating_sub(1);
            steps.push(Step { at_ms, what: What::Unit(unit, steps.len() as u32) });
        }
        let What::Unit(unit, _) = step.what else { continue };
        steps.push(Step { at_ms: step.at_ms, what: What::Unit(unit, steps.len() as u32) });
    }
    for path in ["/a.mkv", "/a.mp4"] {
        let bare = clip.parameters.without_extradata().unwrap();
        let (disk, report, live) = Bench::open(vec![(bare, steps.clone())]).record(options(path), 2990);
        assert_same("h264", &disk.read(Path::new(path)).unwrap(), &clip.units[25..], path);
        assert_eq!(barcodes(&disk, path), (25..75).collect::<Vec<_>>());
        assert_eq!((report.stats.lost, live.withheld, live.sequence_span), (0, 1 + 3, 78));
    }
}

#[test]
fn frames_of_a_program_fail_a_writer_that_copies_with_the_reason() {
    let time: Arc<dyn Clock> = SimulatedClock::new();
    let disk = SimDisk::default();
    let mut writer = Watched::writer(options("/a.mkv"), Arc::new(disk.clone()), &time).unwrap();
    let frame = Frame {
        views: [Picture::alloc(PixelFormat::YUV420P, 96, 64).unwrap()].into_iter().collect(),
        sequence: 0,
        pts: 0,
        time_base: giftgrab_core::time::Rational::new(1, 25),
        duration: None,
        captured_ns: 0,
        session_start_ms: 0,
        loss: None,
        coded: None,
    };
    assert!(writer.object.input().append(Arc::new(frame), OverflowPolicy::Block));
    let (report, error) = writer.close();
    let error = error.unwrap();
    assert_eq!((error.code, report.stats.frames.failed, disk.paths().len()), (Code::InvalidArgument, 1, 0));
    assert!(error.message.starts_with("Cannot copy from the frames of a program"), "{}", error.message);
}

#[test]
fn parameter_sets_that_come_once_are_in_every_file() {
    let mut clip = code(&H264, 0, 100).unwrap();
    clip.units[0].bytes = [clip.parameters.extradata(), &clip.units[0].bytes].concat();
    clip.parameters = clip.parameters.without_extradata().unwrap();
    let mut steps = clip.steps(0, 1);
    steps[60..].iter_mut().for_each(|step| step.at_ms += 1000);
    for extension in ["mkv", "mp4", "ts"] {
        let path = format!("/a.{extension}");
        let bench = Bench::open(vec![(clip.parameters.clone(), steps.clone())]);
        let segmented = FileWriterOptions { on_gap: OnGap::Segment, ..options(&path) };
        let (disk, report, _) = bench.record(segmented, 4990);
        let seen: Vec<_> = report.segments.iter().map(|segment| barcodes(&disk, &segment.path)).collect();
        assert_eq!(seen, [(25..75).collect::<Vec<_>>(), (75..100).collect()], "{extension}");
    }
}

#[test]
fn a_writer_that_goes_from_one_camera_to_another_waits_for_its_key_frame() {
    let clip = code(&H264, 0, 60).unwrap().in_band();
    let other = code(&H264, 100, 160).unwrap().in_band();
    let mut bench = Bench::open(vec![(clip.parameters.clone(), clip.steps(0, 1))]);
    let mut writer = bench.writer(options("/a.mkv"), 1);
    bench.pass_until(39 * PERIOD_MS + 10);
    bench.source.object.detach(1).unwrap();
    let camera = Camera::new(&bench.time, vec![(other.parameters.clone(), other.steps(40 * PERIOD_MS, 1))]);
    let mut second = Watched::live(Box::new(camera), setup(), &Session::new(bench.time.clone())).unwrap();
    second.object.start().unwrap();
    second.object.attach(writer.object.input(), 1).unwrap();
    second.listen_until(moment(99 * PERIOD_MS + 10));
    let (report, error) = writer.close();
    assert_eq!((error, awaited(&report)), (None, 24 + 24));
    assert_eq!(barcodes(&bench.disk, "/a.mkv"), (25..40).chain(125..160).collect::<Vec<_>>());
}

#[test]
fn every_packet_is_counted_once_whatever_happens() {
    let seeds = if support::is_full_proof() { 400 } else { 25 };
    let clips = [H264, Coding { size: (128, 96), ..H264 }].map(|coding| code(&coding, 0, 60).unwrap().in_band());
    for seed in 0..seeds {
        let mut random = Random(seed);
        let mut starts: Vec<Start> = Vec::new();
        let (mut at_ms, mut sequence) = (0, 1);
        for index in 0..3 {
            let mut clip = clips[random.below(2)].clone();
            let first = if index == 0 { 0 } else { random.below(30) };
            clip.units.drain(..first);
            for _ in 0..random.below(6) {
                let at = 1 + random.below(clip.units.len() - 1);
                let bytes = &mut clip.units[at].bytes;
                let (from, byte) = (random.below(bytes.len()), random.next() as u8);
                bytes[from..].iter_mut().step_by(3).for_each(|place| *place ^= byte);
            }
            let mut steps = clip.steps(at_ms, sequence);
            for _ in 0..random.below(6) {
                steps.remove(1 + random.below(steps.len() - 2));
            }
            at_ms = steps.last().unwrap().at_ms + 10;
            steps.push(Step { at_ms, what: What::Lost });
            at_ms += 1500;
            sequence += random.below(1000) as u32;
            starts.push((clip.parameters, steps));
        }
        let mut bench = Bench::open(starts);
        let mut writers = Vec::new();
        let on_gap = [OnGap::Hold, OnGap::Segment][random.below(2)];
        let on_resize = [OnResize::Scale, OnResize::Segment][random.below(2)];
        for target in 0..3_u32 {
            let codec = if target == 2 { Codec::Ffv1 } else { Codec::Copy };
            let options = writer_options(codec, &format!("/{target}.mkv"));
            let options = FileWriterOptions { on_gap, on_resize, ..options };
            let writer = Watched::writer(options, Arc::new(bench.disk.clone()), &bench.time).unwrap();
            writers.push((writer, false));
        }
        while bench.clock.now_ns() < moment(at_ms) {
            let target = random.below(3);
            let (writer, is_attached) = &mut writers[target];
            if std::mem::replace(is_attached, !*is_attached) {
                bench.source.object.detach(target as u32).unwrap();
            } else {
                // It is refused only while a source has no packets.
                bench.source.object.attach(writer.object.input(), target as u32).unwrap();
            }
            let wait_ms = random.below(1500) as u64;
            let now_ms = (bench.clock.now_ns() - moment(0)) / 1_000_000;
            bench.pass_until(now_ms + wait_ms);
        }
        let captured = bench.source.object.stats().captured;
        for (mut writer, _) in writers {
            let (report, error) = writer.close();
            assert_eq!(error, None, "seed {seed}");
            assert!(report.stats.frames.captured <= captured, "seed {seed}");
            for segment in &report.segments {
                let content = bench.disk.read(Path::new(&segment.path)).unwrap();
                let found = packets(&content);
                assert_eq!(found.len() as u64, segment.frames, "seed {seed}: {segment:?}");
                assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].1), "seed {seed}");
                assert!(segment.duration_seconds * 1000.0 <= at_ms as f64 + 100.0, "seed {seed}: {segment:?}");
            }
        }
        bench.live();
    }
}

/// The `ffmpeg` command finds the pictures of the file equal to those of the bare stream, and `ffprobe` the wanted tag.
fn judge(codec: &str, clip: &Clip, first: usize, content: &[u8], what: &str) {
    let folder = std::env::temp_dir().join(format!("giftgrab-copy-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, bare) = (folder.join("file"), folder.join("bare"));
    std::fs::write(&file, content).unwrap();
    let sets = clip.parameters.extradata();
    let stream: Vec<u8> = clip.units[first..].iter().flat_map(|unit| unit.bytes.clone()).collect();
    std::fs::write(&bare, [sets, &stream].concat()).unwrap();
    let hashes = |path: &Path| {
        let arguments = ["-v", "error", "-i", path.to_str()?, "-fps_mode", "passthrough", "-f", "framemd5", "-"];
        let output = Command::new("ffmpeg").args(arguments).output().ok()?;
        assert!(output.stderr.is_empty(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Some(lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect::<Vec<_>>())
    };
    let Some(found) = hashes(&file) else { return eprintln!("skipped: no ffmpeg command here") };
    assert_eq!(found.len(), clip.units.len() - first, "{what}");
    // Bare streams of the others have no form.
    if matches!(codec, "h264" | "hevc" | "mjpeg") {
        assert_eq!(Some(found), hashes(&bare), "{what}");
    }
    let arguments = ["-v", "error", "-show_entries", "stream=codec_tag_string,width,height", "-of", "csv=p=0"];
    if let Ok(output) = Command::new("ffprobe").args(arguments).arg(&file).output() {
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("96,64"), "{what}: {text}");
        assert!(codec != "hevc" || !what.contains(" in m") || what.contains("mkv") || text.contains("hvc1"), "{text}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_stream_with_lengths_in_place_of_start_codes_is_copied_byte_for_byte() {
    let clip = code(&H264, 0, 100).unwrap();
    let bench = Bench::open(vec![(clip.parameters.clone(), clip.steps(0, 1))]);
    let (disk, ..) = bench.record(options("/a.mp4"), 99 * PERIOD_MS + 10);
    let content = disk.read(Path::new("/a.mp4")).unwrap();
    let mut demuxer = Demuxer::open(Arc::new(Bytes(content.clone())), DemuxerOptions::default()).unwrap();
    let stream = demuxer.select_video(None).unwrap();
    let units: Vec<_> = packets(&content).into_iter().map(|(unit, _)| unit).collect();
    let clip = Clip { parameters: demuxer.parameters(stream.index).unwrap(), units };
    assert_eq!(clip.parameters.extradata()[0], 1);
    for path in ["/b.mkv", "/b.mp4", "/b.ts"] {
        let bench = Bench::open(vec![(clip.parameters.clone(), clip.steps(0, 1))]);
        let (disk, ..) = bench.record(options(path), 74 * PERIOD_MS + 10);
        let found: Vec<_> = packets(&disk.read(Path::new(path)).unwrap()).into_iter().map(|(unit, _)| unit).collect();
        if path != "/b.ts" {
            assert_eq!(found, clip.units[25..], "{path}");
        }
        assert_eq!(barcodes(&disk, path), (50..100).collect::<Vec<_>>(), "{path}");
    }
}

#[test]
fn two_writers_that_copy_and_one_that_sees_pictures_are_counted_once() {
    let clip = code(&H264, 0, 150).unwrap().in_band();
    let mut bench = Bench::open(vec![(clip.parameters.clone(), clip.steps(0, 1))]);
    let mut first = bench.writer(options("/a.mkv"), 1);
    bench.pass_until(35 * PERIOD_MS + 10);
    assert_eq!(bench.live().decoded, 1);
    let mut seen = bench.writer(writer_options(Codec::Ffv1, "/seen.mkv"), 2);
    bench.pass_until(60 * PERIOD_MS + 10);
    let mut second = bench.writer(options("/b.mp4"), 3);
    bench.pass_until(110 * PERIOD_MS + 10);
    bench.source.object.detach(2).unwrap();
    bench.pass_until(149 * PERIOD_MS + 10);
    for (writer, path, from) in [(&mut first, "/a.mkv", 25), (&mut second, "/b.mp4", 75)] {
        assert_eq!(writer.close().1, None);
        assert_eq!(barcodes(&bench.disk, path), (from..150).collect::<Vec<_>>(), "{path}");
        assert_same("h264", &bench.disk.read(Path::new(path)).unwrap(), &clip.units[from as usize..], path);
    }
    // Pictures begin at the next key frame too, and end when nobody wants them.
    let (report, error) = seen.close();
    assert_eq!((error, report.stats.lost), (None, 0));
    assert_eq!(barcodes(&bench.disk, "/seen.mkv"), (50..111).collect::<Vec<_>>());
    assert_eq!((bench.live().decoded, bench.source.object.stats().captured), (1 + 61, 149));
}

#[test]
fn pictures_alone_begin_at_the_next_key_frame_and_the_packets_before_are_withheld() {
    let clip = code(&H264, 0, 100).unwrap().in_band();
    let mut bench = Bench::open(vec![(clip.parameters.clone(), clip.steps(0, 1))]);
    let mut copied = bench.writer(options("/a.mkv"), 1);
    bench.pass_until(30 * PERIOD_MS + 10);
    let mut seen = bench.writer(writer_options(Codec::Ffv1, "/seen.mkv"), 2);
    bench.source.object.detach(1).unwrap();
    bench.pass_until(99 * PERIOD_MS + 10);
    assert_eq!((copied.close().1, seen.close().1), (None, None));
    assert_eq!(barcodes(&bench.disk, "/a.mkv"), (25..31).collect::<Vec<_>>());
    assert_eq!(barcodes(&bench.disk, "/seen.mkv"), (50..100).collect::<Vec<_>>());
    assert_eq!(bench.live().withheld, 1 + 19);
}

/// 1.6 s from frame 0 on, a loss in the middle of a GOP, and from 4 s on the frames from 110, again in mid-GOP.
fn interrupted() -> Vec<Start> {
    let (first, second) = (code(&H264, 0, 40).unwrap().in_band(), code(&H264, 100, 160).unwrap().in_band());
    let mut steps = first.steps(0, 1);
    steps.push(Step { at_ms: 1600, what: What::Lost });
    let rest = Clip { units: second.units[10..].to_vec(), ..second };
    vec![(first.parameters, steps), (rest.parameters.clone(), rest.steps(4000, 500))]
}

#[test]
fn packets_before_the_first_key_frame_of_a_stream_that_was_joined_in_the_middle_are_no_damage() {
    let first = code(&H264, 0, 100).unwrap().in_band();
    let joined = Clip { units: first.units[10..].to_vec(), ..first };
    let starts = [vec![(joined.parameters.clone(), joined.steps(0, 1))], interrupted()];
    for (starts, expected) in starts.into_iter().zip([26..100, 1..160]) {
        let mut bench = Bench::open(starts);
        let mut seen = bench.writer(writer_options(Codec::Ffv1, "/seen.mkv"), 1);
        bench.pass_until(5990);
        assert_eq!(seen.close().1, None);
        let found = barcodes(&bench.disk, "/seen.mkv");
        assert!(found.iter().all(|index| expected.contains(index)) && found.len() > 30, "{found:?}");
        assert_eq!((bench.live().damaged, bench.source.object.stats().decode_errors), (0, 0));
    }
}

#[test]
fn after_a_restart_packets_are_left_out_up_to_a_key_frame_and_the_gap_is_reported() {
    for path in ["/a.mkv", "/a.mp4"] {
        let (disk, report, live) = Bench::open(interrupted()).record(options(path), 5990);
        assert_eq!(barcodes(&disk, path), (25..40).chain(125..160).collect::<Vec<_>>(), "{path}");
        let content = disk.read(Path::new(path)).unwrap();
        let times: Vec<_> = packets(&content).iter().map(|(_, at)| (at * 1000.0).round() as u64).collect();
        // Frame 25 came at 1.00 s, frame 125 at 4.60 s.
        assert_eq!((times[0], times[14], times[15], *times.last().unwrap()), (0, 560, 3600, 4960), "{path}");
        assert!((report.stats.duration_seconds - 5.0).abs() < 0.002, "{path}: {}", report.stats.duration_seconds);
        assert_eq!((report.segments.len(), report.stats.gaps, live.starts), (1, 1, 2), "{path}");
        let gap = &report.gaps[0];
        assert!((gap.from_seconds - 0.56).abs() < 0.002 && (gap.seconds - 3.04).abs() < 0.002, "{path}: {gap:?}");
        assert_eq!((gap.cause.code, awaited(&report), report.stats.discontinuities), (Code::DeviceLost, 24, 0));
    }
}

#[test]
fn another_file_can_begin_after_the_gap_and_the_last_frame_before_it_is_not_stretched() {
    for extension in ["mkv", "mp4", "ts"] {
        let path = format!("/a.{extension}");
        let options = FileWriterOptions { on_gap: OnGap::Segment, ..options(&path) };
        let (disk, report, _) = Bench::open(interrupted()).record(options, 5990);
        let (first, second) = (&report.segments[0], &report.segments[1]);
        assert_eq!((first.frames, second.frames, report.segments.len()), (15, 35, 2), "{extension}");
        assert!((first.duration_seconds - 0.6).abs() < 0.002, "{extension}: {first:?}");
        assert!((second.duration_seconds - 1.4).abs() < 0.002, "{extension}: {second:?}");
        assert!((second.start_seconds - 3.6).abs() < 0.002, "{extension}: {second:?}");
        assert_eq!(barcodes(&disk, &second.path), (125..160).collect::<Vec<_>>(), "{extension}");
    }
}

#[test]
fn a_stall_that_starts_nothing_anew_costs_no_packet() {
    let clip = code(&H264, 0, 100).unwrap().in_band();
    let mut steps = clip.steps(0, 1);
    steps[40..].iter_mut().for_each(|step| step.at_ms += 1000);
    for (on_gap, files) in [(OnGap::Hold, vec![75]), (OnGap::Segment, vec![25, 50])] {
        let bench = Bench::open(vec![(clip.parameters.clone(), steps.clone())]);
        let (disk, report, _) = bench.record(FileWriterOptions { on_gap, ..options("/a.mkv") }, 4990);
        assert_eq!(report.segments.iter().map(|segment| segment.frames).collect::<Vec<_>>(), files);
        let seen: Vec<_> = report.segments.iter().flat_map(|segment| barcodes(&disk, &segment.path)).collect();
        assert_eq!(seen, (25..100).collect::<Vec<_>>());
        assert_eq!((report.stats.gaps, awaited(&report)), (1, 24));
    }
}

#[test]
fn lost_packets_are_counted_and_what_comes_after_them_is_recorded() {
    let clip = code(&H264, 0, 100).unwrap().in_band();
    let mut steps = clip.steps(0, 1);
    steps.drain(35..38);
    let (disk, report, live) = Bench::open(vec![(clip.parameters, steps)]).record(options("/a.mkv"), 3990);
    assert_eq!((report.stats.frames.written, report.stats.lost, live.lost), (72, 3, 3));
    let times: Vec<_> = packets(&disk.read(Path::new("/a.mkv")).unwrap()).iter().map(|(_, at)| *at).collect();
    assert!((times[10] - times[9] - 0.16).abs() < 0.0011 && (times[71] - 2.96).abs() < 0.0011, "{times:?}");
}

/// Two clips after each other, of frames 0 to 50 and 50 to 100.
fn changing(first: &Coding<'_>, second: &Coding<'_>) -> (Clip, Vec<Start>) {
    let (mut clip, other) = (code(first, 0, 50).unwrap().in_band(), code(second, 50, 100).unwrap().in_band());
    clip.units.extend(other.units);
    let start = (clip.parameters.clone(), clip.steps(0, 1));
    (clip, vec![start])
}

#[test]
fn another_size_begins_another_file_or_is_warned_of() {
    let wide = Coding { size: (128, 96), ..H264 };
    for extension in ["mkv", "mp4"] {
        let path = format!("/a.{extension}");
        let (clip, starts) = changing(&H264, &wide);
        let segmented = FileWriterOptions { on_resize: OnResize::Segment, ..options(&path) };
        let (disk, report, live) = Bench::open(starts.clone()).record(segmented, 3990);
        let sizes: Vec<_> =
            report.segments.iter().map(|segment| (segment.width, segment.height, segment.frames)).collect();
        assert_eq!(sizes, [(96, 64, 25), (128, 96, 50)], "{extension}");
        assert_eq!(barcodes(&disk, &report.segments[1].path), (50..100).collect::<Vec<_>>(), "{extension}");
        // The size of the second form is seen from one picture.
        assert_eq!((live.decoded, report.warnings.len()), (2, 0), "{extension}");
        let mut bench = Bench::open(starts);
        let mut writer = bench.writer(options(&path), 1);
        bench.pass_until(3990);
        let resized = |event: &Event| matches!(event, Event::Resize { width: 128, height: 96 });
        assert_eq!(bench.source.heard(resized), [moment(2000)]);
        let (report, error) = writer.close();
        assert_eq!((error, report.segments.len(), report.warnings.len()), (None, 1, 1), "{extension}");
        assert_eq!(report.warnings[0].field, Some("onResize".into()));
        assert_same("h264", &bench.disk.read(Path::new(&path)).unwrap(), &clip.units[25..], extension);
    }
}

#[test]
fn pictures_of_motion_jpeg_may_change_their_size_too() {
    let jpeg = Coding { encoder: "mjpeg", options: &[], ..H264 };
    let (clip, starts) = changing(&jpeg, &Coding { size: (128, 96), ..jpeg.clone() });
    let segmented = FileWriterOptions { on_resize: OnResize::Segment, ..options("/a.mov") };
    let (disk, report, live) = Bench::open(starts).record(segmented, 3990);
    let sizes: Vec<_> = report.segments.iter().map(|segment| (segment.width, segment.frames)).collect();
    assert_eq!((sizes, live.decoded), (vec![(96, 49), (128, 50)], 2));
    assert_same("mjpeg", &disk.read(Path::new("/a_002.mov")).unwrap(), &clip.units[50..], "second file");
}

#[test]
fn another_codec_begins_another_file_or_ends_the_recording_with_the_reason() {
    let (first, second) = (code(&H264, 0, 50).unwrap().in_band(), Coding { encoder: "mjpeg", options: &[], ..H264 });
    let second = code(&second, 50, 100).unwrap();
    let mut steps = first.steps(0, 1);
    steps.push(Step { at_ms: 2000, what: What::Lost });
    let starts = vec![(first.parameters.clone(), steps), (second.parameters.clone(), second.steps(2400, 1))];
    let segmented = FileWriterOptions { on_resize: OnResize::Segment, ..options("/a.mkv") };
    let (disk, report, _) = Bench::open(starts.clone()).record(segmented, 4390);
    assert_eq!(report.segments.iter().map(|segment| segment.frames).collect::<Vec<_>>(), [25, 50]);
    assert_same("mjpeg", &disk.read(Path::new("/a_002.mkv")).unwrap(), &second.units, "second file");
    for (path, fix) in [("/a.mkv", "set onResize to segment"), ("/a.ts", "use .mkv, .mov, .mp4")] {
        let mut bench = Bench::open(starts.clone());
        let mut writer = bench.writer(options(path), 1);
        bench.pass_until(4390);
        let (report, error) = writer.close();
        let frames = &report.stats.frames;
        assert_eq!((frames.written, frames.failed, report.finalised), (25, 50, true), "{path}");
        assert_eq!(barcodes(&bench.disk, path), (25..50).collect::<Vec<_>>(), "{path}");
        assert!(error.unwrap().message.contains(fix), "{path}");
    }
}

#[test]
fn a_camera_that_flaps_between_parameter_sets_makes_one_file() {
    let other = Coding { options: &[("preset", "ultrafast"), ("tune", "zerolatency"), ("refs", "3")], ..H264 };
    for path in ["/a.mkv", "/a.mp4", "/a.ts"] {
        let mut clip: Option<Clip> = None;
        for gop in 0..8_u32 {
            let coding = if gop % 2 == 0 { &H264 } else { &other };
            let part = code(coding, gop * 25, gop * 25 + 25).unwrap().in_band();
            match &mut clip {
                Some(clip) => clip.units.extend(part.units),
                None => clip = Some(part),
            }
        }
        let clip = clip.unwrap();
        assert_ne!(clip.units[0].bytes[..40], clip.units[25].bytes[..40]);
        let segmented = FileWriterOptions { on_resize: OnResize::Segment, ..options(path) };
        let bench = Bench::open(vec![(clip.parameters.clone(), clip.steps(0, 1))]);
        let (disk, report, live) = bench.record(segmented, 199 * PERIOD_MS + 10);
        assert_eq!((report.segments.len(), report.warnings.len()), (1, 0), "{path}");
        assert_eq!(barcodes(&disk, path), (25..200).collect::<Vec<_>>(), "{path}");
        assert_eq!(live.decoded, 2, "{path}");
    }
}

#[test]
fn sets_that_changed_at_a_restart_and_are_in_no_packet_go_in_front_of_key_packets() {
    let other = Coding { options: &[("preset", "ultrafast"), ("tune", "zerolatency"), ("refs", "3")], ..H264 };
    let (first, second) = (code(&H264, 0, 50).unwrap(), code(&other, 50, 100).unwrap());
    assert_ne!(first.parameters.extradata(), second.parameters.extradata());
    for path in ["/a.mkv", "/a.mp4"] {
        let mut steps = first.steps(0, 1);
        steps.push(Step { at_ms: 2000, what: What::Lost });
        let starts = vec![(first.parameters.clone(), steps), (second.parameters.clone(), second.steps(2400, 1))];
        let (disk, report, _) = Bench::open(starts).record(options(path), 4390);
        assert_eq!(barcodes(&disk, path), (25..100).collect::<Vec<_>>(), "{path}");
        assert_eq!((report.segments.len(), report.stats.gaps), (1, 1), "{path}");
    }
}

#[test]
fn stamps_that_cannot_be_true_neither_end_a_recording_nor_stretch_it() {
    let clip = code(&H264, 0, 100).unwrap().in_band();
    for error_ns in [7_200_000_000_000, -7_200_000_000_000, i64::MIN] {
        let bench = Bench::with(vec![(clip.parameters.clone(), clip.steps(0, 1))], error_ns);
        let (_, report, live) = bench.record(options("/a.mp4"), 3990);
        assert!((report.stats.duration_seconds - 3.0).abs() < 0.002, "{error_ns}: {report:?}");
        // A stamp of 0 can be that of a frame that waited for the first second of this clock.
        assert_eq!((report.stats.frames.written, live.distrusted_stamps > 75), (75, true), "{error_ns}");
    }
}

#[test]
fn without_a_key_frame_no_file_is_left_and_the_report_says_why() {
    let clip = code(&Coding { gop: 1000, ..H264 }, 0, 60).unwrap().in_band();
    let bench = Bench::open(vec![(clip.parameters.clone(), clip.steps(0, 1))]);
    let (disk, report, _) = bench.record(options("/a.mkv"), 2390);
    assert_eq!((disk.paths().len(), report.exists, awaited(&report)), (0, false, 59));
    let warning = &report.warnings[0];
    assert_eq!(warning.code, Code::NoVideo);
    assert!(warning.message.contains("no key frame came among 59 packets"), "{}", warning.message);
}

#[test]
fn what_cannot_be_copied_is_refused_with_the_reason() {
    let clip = code(&H264, 0, 30).unwrap();
    let without_sets = Clip { parameters: clip.parameters.without_extradata().unwrap(), units: clip.units.clone() };
    let reordered = Coding {
        b_frames: 2,
        options: &[("preset", "veryfast"), ("x264-params", "b-adapt=0:rc-lookahead=3:sync-lookahead=0")],
        ..H264
    };
    let reordered = code(&reordered, 0, 60).unwrap().in_band();
    let bench = Bench::open(vec![(reordered.parameters.clone(), reordered.steps(0, 1))]);
    let error = bench.refusal(options("/a.mkv"));
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("codec")));
    assert!(error.message.contains("B-frames"), "{}", error.message);
    // Without its parameter sets a stream cannot be decoded, and so not be opened.
    let clock = SimulatedClock::new();
    let time: Arc<dyn Clock> = clock.clone();
    let camera = Camera::new(&time, vec![(without_sets.parameters.clone(), without_sets.steps(0, 1))]);
    let opened = Watched::live(Box::new(camera), setup(), &Session::new(time.clone()));
    assert_eq!(opened.err().unwrap().code, Code::DeviceOffline);

    let pictures = Watched::source(&pattern(10, Pacing::Realtime), &Session::new(time.clone()));
    let filter = Watched::filter("hflip", &time);
    let writer = Watched::writer(options("/p.mkv"), Arc::new(SimDisk::default()), &time).unwrap();
    for (error, name) in [
        (pictures.object.attach(writer.object.input(), 1).unwrap_err(), "this source"),
        (filter.object.attach(writer.object.input(), 1).unwrap_err(), "a filter"),
    ] {
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("codec")));
        assert!(error.message.starts_with(&format!("Cannot copy from {name}: it gives pictures")), "{}", error.message);
    }

    let jpeg = code(&Coding { encoder: "mjpeg", options: &[], ..H264 }, 0, 30).unwrap();
    let bench = Bench::open(vec![(jpeg.parameters.clone(), jpeg.steps(0, 1))]);
    let error = bench.refusal(options("/a.ts"));
    assert_eq!((error.code, error.field.as_deref()), (Code::ContainerMismatch, Some("path")));
    assert!(error.message.ends_with(".ts does not hold mjpeg; use .mkv, .mov, .mp4, .m4v"), "{}", error.message);

    let refused = |options| Watched::writer(options, Arc::new(SimDisk::default()), &time).err().unwrap();
    let error = refused(options("/a.avi"));
    assert_eq!(error.code, Code::ContainerMismatch);
    assert!(error.message.contains("no place for their times; use .mkv, .mp4, .m4v, .mov, .ts"), "{}", error.message);
    let base = || options("/a.mkv");
    let bad = [
        ("preset", FileWriterOptions { preset: Some("fast".into()), ..base() }),
        ("quality", FileWriterOptions { quality: Some(20.0), ..base() }),
        ("bitRate", FileWriterOptions { bit_rate: Some(1_000_000), ..base() }),
        ("gop", FileWriterOptions { gop: Some(10), ..base() }),
        ("encoder", FileWriterOptions { encoder: Some("libx264".into()), ..base() }),
        ("encoderOptions", FileWriterOptions { encoder_options: [("a".into(), "b".into())].into(), ..base() }),
        ("profile", FileWriterOptions { profile: EncoderProfile::Lossless, ..base() }),
        ("stereo", FileWriterOptions { stereo: Some(Default::default()), ..base() }),
        ("view", FileWriterOptions { view: Some(0), ..base() }),
        ("onGap", FileWriterOptions { on_gap: OnGap::Black, ..base() }),
    ];
    for (field, options) in bad {
        let error = refused(options);
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some(field)), "{}", error.message);
    }
}
