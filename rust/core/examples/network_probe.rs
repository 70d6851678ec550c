//! Opens a network stream and prints what happens, one line of JSON for each change, and the stats at the end.
//!
//! usage: `network_probe URL [tcp|udp] [SECONDS] [OPEN_TIMEOUT_MS] [NAME:PASSWORD]`
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::{sync::Arc, time::Instant};

use giftgrab_core::{
    error::Error,
    pipeline::{Clock, Signal, SystemClock},
    source::{
        live::LiveProducer,
        network::{
            self,
            options::{NetworkOptions, Transport},
        },
        producer::{Patience, Produced, Producer},
    },
};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize| arguments.get(index).map(String::as_str);
    let mut options = NetworkOptions::new(argument(0).unwrap_or_default());
    if argument(1) == Some("udp") {
        options.transport = Transport::Udp;
    }
    let seconds: f64 = argument(2).and_then(|text| text.parse().ok()).unwrap_or(5.0);
    options.open_timeout_ms = argument(3).and_then(|text| text.parse().ok()).unwrap_or(options.open_timeout_ms);
    if let Some((name, password)) = argument(4).and_then(|text| text.split_once(':')) {
        (options.username, options.password) = (Some(name.to_owned()), Some(password.to_owned()));
    }
    let start = Instant::now();
    let say = |mut line: Value| {
        let wall =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
        line["at"] = json!((start.elapsed().as_secs_f64() * 1000.0).round() / 1000.0);
        line["wall"] = json!((wall * 1000.0).round() / 1000.0);
        println!("{line}");
    };
    if let Err(error) = probe(&options, seconds, start, &say) {
        say(json!({ "error": error }));
    }
}

fn probe(options: &NetworkOptions, seconds: f64, start: Instant, say: &dyn Fn(Value)) -> Result<(), Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let signal = Signal::new(&clock);
    giftgrab_core::av::init();
    let (driver, setup) = network::open(options)?;
    let mut producer = LiveProducer::open(driver, setup, &signal)?;
    say(json!({ "open": producer.info() }));
    let mut frames = 0_u64;
    let mut times = Vec::new();
    while start.elapsed().as_secs_f64() < seconds {
        let patience = Patience { signal: &signal, seen: signal.seen(), deadline_ns: clock.now_ns() + 100_000_000 };
        match producer.next(&patience)? {
            Produced::Frame(frame) => {
                frames += 1;
                times.push(frame.captured_ns.unwrap_or(0));
                if frames == 1 {
                    say(json!({ "first": 1 }));
                }
                if let Some(loss) = frame.loss.filter(|loss| loss.gap.is_some()) {
                    let ms = loss.gap.as_ref().map(|gap| gap.to_ns.saturating_sub(gap.from_ns) / 1_000_000);
                    say(json!({ "gapMs": ms, "lost": loss.frames }));
                }
            }
            Produced::State(change) => say(json!({
                "state": change.state,
                "code": change.cause.as_ref().map(|error| error.code),
                "message": change.cause.as_ref().map(|error| error.message.clone()),
                "cause": change.cause.and_then(|error| error.cause),
            })),
            Produced::Changed(_) => say(json!({ "changed": true })),
            Produced::Warning(error) => say(json!({ "warning": error.message })),
            Produced::Idle => {}
            Produced::End => break,
        }
    }
    let mut steps: Vec<u64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    steps.sort_unstable();
    let at = |share: f64| steps.get((steps.len() as f64 * share) as usize).map(|ns| *ns as f64 / 1e6);
    let is_increasing = times.is_sorted_by(|a, b| a < b);
    let stats = producer.live().map(|live| live.stats());
    let closing = Instant::now();
    drop(producer);
    say(json!({
        "frames": frames, "increasing": is_increasing, "stepMs": { "p01": at(0.01), "p50": at(0.5), "p99": at(0.99) },
        "closeMs": closing.elapsed().as_millis(), "stats": stats,
    }));
    Ok(())
}
