//! Network streams against servers of the test, on loopback: what is usual plays, whatever the dialect; what is hostile is
//! a typed error in time; and nothing is ever sent to another host.
#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

mod containers;
mod http;
mod login;
mod oddities;
mod rtsp;
mod script;
mod server;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use giftgrab_core::{
    error::Error,
    pipeline::{Clock, Signal, SystemClock, live::LiveState},
    source::{
        live::LiveProducer,
        network::{self, options::NetworkOptions},
        producer::{Patience, Produced, Producer},
    },
};

/// A source that is open.
pub struct Open {
    producer: LiveProducer,
    signal: Arc<Signal>,
    /// The sizes that followed the first one.
    pub sizes: Vec<(u32, u32)>,
}

/// Opens a stream; returns it, or why not, and how long that took.
pub fn open(options: &NetworkOptions) -> (Result<Open, Error>, Duration) {
    giftgrab_core::av::init();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let signal = Signal::new(&clock);
    let begin = Instant::now();
    let opened = network::open(options).and_then(|(driver, setup)| LiveProducer::open(driver, setup, &signal));
    (opened.map(|producer| Open { producer, signal, sizes: Vec::new() }), begin.elapsed())
}

/// Options for a stream of a test: they wait a second.
pub fn options(url: &str) -> NetworkOptions {
    NetworkOptions { open_timeout_ms: 1000, ..NetworkOptions::new(url) }
}

/// Runs cases at once: most of them wait for a deadline.
pub fn at_once<T: Send + 'static>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Copy + Send + 'static) {
    let tests: Vec<_> = cases.into_iter().map(|case| std::thread::spawn(move || check(case))).collect();
    let failures = tests.into_iter().filter_map(|test| test.join().err()).count();
    assert_eq!(failures, 0, "failures are above");
}

impl Open {
    /// Goes on until `count` frames have come or the time is over; returns their number and the states on the way.
    pub fn frames(&mut self, count: usize, longest: Duration) -> (usize, Vec<(LiveState, Option<Error>)>) {
        let (begin, mut frames, mut states) = (Instant::now(), 0, Vec::new());
        while frames < count && begin.elapsed() < longest {
            let deadline_ns = self.signal.clock().now_ns() + 20_000_000;
            let patience = Patience { signal: &self.signal, seen: self.signal.seen(), deadline_ns };
            match self.producer.next(&patience).unwrap() {
                Produced::Frame(_) => frames += 1,
                Produced::State(change) => states.push((change.state, change.cause)),
                Produced::Changed(shape) => self.sizes.push((shape.view.width, shape.view.height)),
                _ => {}
            }
        }
        (frames, states)
    }

    pub fn stats(&self) -> giftgrab_core::pipeline::live::LiveStats {
        self.producer.live().unwrap().stats()
    }
}
