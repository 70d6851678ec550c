//! Looks at capture devices, one line of JSON for each answer:
//!
//! - `v4l2_probe list`
//! - `v4l2_probe controls OPTIONS`
//! - `v4l2_probe run SECONDS OPTIONS [AFTER ACTION]…`: streams, and does each ACTION so many seconds after the first
//!   frame: `NAME=VALUE` sets a control, `PATH<TEXT` writes a file, and `open OPTIONS` opens another source.
//!
//! OPTIONS are those of a device, in JSON.

use std::{
    error::Error,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use giftgrab_core::{
    pipeline::{Signal, SystemClock},
    source::{
        live::LiveProducer,
        producer::{Patience, Produced, Producer},
        v4l2::{ControlValue, DeviceControls, DeviceOptions, list_devices, open},
    },
};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["list"] => list_devices().iter().for_each(|device| println!("{}", json!(device))),
        ["controls", options] => {
            let (_driver, _, controls) = open(&serde_json::from_str(options)?)?;
            controls.list()?.iter().for_each(|control| println!("{}", json!(control)));
        }
        ["run", seconds, options, actions @ ..] => {
            println!(
                "{}",
                run(seconds.parse()?, options, actions).unwrap_or_else(|error| json!({ "error": error.to_string() }))
            );
        }
        _ => return Err("see the beginning of this file for what can be asked".into()),
    }
    Ok(())
}

/// Seconds after the first frame, and what is done then.
type Action = (f64, String);

fn act(action: &str, controls: &dyn DeviceControls) -> Value {
    let done = || -> Outcome<Value> {
        if let Some(options) = action.strip_prefix("open ") {
            let (_, setup, _) = open(&serde_json::from_str(options)?)?;
            return Ok(json!(setup.name));
        }
        if let Some((path, text)) = action.split_once('<') {
            std::fs::write(path, text)?;
            return Ok(Value::Null);
        }
        let (name, value) = action.split_once('=').ok_or("no such action")?;
        let value: ControlValue = serde_json::from_str(value)?;
        Ok(json!(controls.set(name, &value)?))
    };
    done().unwrap_or_else(|error| json!({ "error": error.to_string() }))
}

/// Does the actions, from the moment on at which the first frame came.
fn later(
    actions: Vec<Action>,
    controls: Arc<dyn DeviceControls>,
) -> (mpsc::Sender<Instant>, thread::JoinHandle<Vec<Value>>) {
    let (began, begin) = mpsc::channel::<Instant>();
    let acting = thread::spawn(move || {
        let Ok(begin) = begin.recv() else { return Vec::new() };
        let timed = actions.into_iter().map(|(after, action)| {
            thread::sleep((begin + Duration::from_secs_f64(after)).saturating_duration_since(Instant::now()));
            let from = begin.elapsed().as_secs_f64();
            let answer = act(&action, controls.as_ref());
            json!({ "from": from, "to": begin.elapsed().as_secs_f64(), "action": action, "answer": answer })
        });
        timed.collect()
    });
    (began, acting)
}

fn run(seconds: f64, options: &str, actions: &[&str]) -> Outcome<Value> {
    let options: DeviceOptions = serde_json::from_str(options)?;
    let actions: Outcome<Vec<Action>> =
        actions.chunks_exact(2).map(|pair| Ok((pair[0].parse()?, pair[1].to_owned()))).collect();
    let called = Instant::now();
    let (driver, setup, controls) = open(&options)?;
    let opened = called.elapsed().as_secs_f64();
    let name = setup.name.clone();
    let clock = SystemClock::shared();
    let signal = Signal::new(&clock);
    let mut producer = LiveProducer::open(driver, setup, &signal)?;
    let first = called.elapsed().as_secs_f64();
    let (began, acting) = later(actions?, controls);
    let mut origin = None;
    let (mut times, mut ages, mut events): (Vec<u64>, Vec<u64>, Vec<Value>) = (Vec::new(), Vec::new(), Vec::new());
    let mut shape = json!(null);
    let mut most_wait_s = 0.0_f64;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < seconds {
        let patience = Patience { signal: &signal, seen: signal.seen(), deadline_ns: clock.now_ns() + 50_000_000 };
        let asked = Instant::now();
        let produced = producer.next(&patience)?;
        most_wait_s = most_wait_s.max(asked.elapsed().as_secs_f64());
        let at = origin.map_or(0.0, |origin: Instant| origin.elapsed().as_secs_f64());
        match produced {
            Produced::Frame(frame) => {
                if origin.is_none() {
                    origin = Some(Instant::now());
                    began.send(Instant::now())?;
                }
                let captured_ns = frame.captured_ns.unwrap_or(0);
                ages.push(clock.now_ns().saturating_sub(captured_ns));
                times.push(captured_ns);
                if let Some(picture) = frame.views.first() {
                    shape = json!([picture.width(), picture.height(), picture.format().name()]);
                }
            }
            Produced::State(change) => events.push(json!({
                "at": at, "state": change.state, "cause": change.cause,
                "gapMs": change.gap.map(|gap| (gap.to_ns - gap.from_ns) / 1_000_000),
            })),
            Produced::Changed(shape) => {
                events.push(json!({ "at": at, "shape": [shape.view.width, shape.view.height] }));
            }
            Produced::Warning(error) => events.push(json!({ "at": at, "warning": error })),
            Produced::Idle => {}
            Produced::End => break,
        }
    }
    let stats = producer.live().map(|live| live.stats());
    let (info, missed) = (producer.info().clone(), producer.missed());
    let held = json!([entries("/proc/self/fd"), mappings()]);
    let closing = Instant::now();
    drop(producer);
    let closed = closing.elapsed().as_secs_f64();
    drop(began);
    let mut steps: Vec<_> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let increasing = times.windows(2).all(|pair| pair[0] < pair[1]);
    Ok(json!({
        "device": name, "openedS": opened, "firstFrameS": first, "closedS": closed, "mostWaitS": most_wait_s,
        "frames": times.len(), "increasing": increasing, "missed": missed, "shape": shape,
        "rate": info.frame_rate.to_string(), "pixelFormat": info.pixel_format, "codec": info.codec,
        "stepMs": spread(&mut steps), "ageMs": spread(&mut ages), "stats": stats, "events": events,
        "heldThenLeft": [held, [entries("/proc/self/fd"), mappings()]],
        "actions": acting.join().unwrap_or_default(),
    }))
}

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Buffers of devices that are mapped.
fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.matches("/dev/video").count())
}

/// The median, the 99th percentile and the greatest, in milliseconds.
fn spread(values: &mut [u64]) -> Value {
    values.sort_unstable();
    let at = |share: f64| values.get((values.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or(0);
    json!([0.5, 0.99, 1.0].map(|share| (at(share) / 10_000) as f64 / 100.0))
}
