use std::sync::Arc;

use super::*;
use crate::{
    pipeline::{Clock, Session, Signal, SystemClock, report::Event},
    source::options::{Pacing, SourceOptions, TestPatternOptions},
    storage::Disk,
    test_support::watched::Watched,
};

const FRAMES: u64 = 40;

/// A clip of the test pattern, made in `folder`.
fn clip(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("clip.mp4").to_string_lossy().into_owned();
    let clock = SystemClock::shared();
    let options = serde_json::json!({ "codec": "h264", "path": path, "frameRate": { "num": 30, "den": 1 } });
    let mut writer = Watched::writer(serde_json::from_value(options).unwrap(), Arc::new(Disk), &clock).unwrap();
    let pattern = serde_json::json!({ "width": 96, "height": 64, "pacing": "asap", "frames": FRAMES });
    let pattern: TestPatternOptions = serde_json::from_value(pattern).unwrap();
    assert_eq!(pattern.pacing, Pacing::Asap);
    let mut source = Watched::source(&SourceOptions::Pattern(pattern), &Session::new(clock));
    source.object.attach(writer.object.input(), 1).unwrap();
    source.object.start().unwrap();
    source.wait_for(|event| matches!(event, Event::Ended));
    writer.close();
    path
}

#[test]
fn a_reader_whose_patience_is_over_answers_after_each_packet_and_loses_no_frame_of_any_round() {
    let folder = tempfile::tempdir().unwrap();
    let options = serde_json::json!({ "path": clip(&folder), "colour": "i420", "atEnd": "loop" });
    let mut producer = FileProducer::open(&serde_json::from_value(options).unwrap(), &Disk).unwrap();
    let clock: Arc<dyn Clock> = SystemClock::shared();
    let signal = Signal::new(&clock);
    // A request waits all the time.
    let patience = Patience { signal: &signal, seen: signal.seen(), deadline_ns: u64::MAX };
    signal.raise();
    assert!(patience.is_over());
    let (mut idle, mut times) = (0, Vec::new());
    while times.len() < 2 * FRAMES as usize {
        match producer.next(&patience).unwrap() {
            Produced::Frame(captured) => times.push(captured.pts),
            Produced::Idle => idle += 1,
            _ => panic!("neither a frame nor idle"),
        }
    }
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    // Each round begins with packets that give no picture yet.
    assert!(idle > 0);
}
