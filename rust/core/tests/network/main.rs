//! Network streams against servers of the test, on loopback: what is usual plays, whatever the dialect; what is hostile is
//! a typed error in time; and nothing is ever sent to another host.
#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

mod http;
mod login;
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
}

/// Opens a stream; returns it, or why not, and how long that took.
pub fn open(options: &NetworkOptions) -> (Result<Open, Error>, Duration) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let signal = Signal::new(&clock);
    let begin = Instant::now();
    let opened = network::open(options).and_then(|(driver, setup)| LiveProducer::open(driver, setup, &signal));
    (opened.map(|producer| Open { producer, signal }), begin.elapsed())
}

/// Options for a stream of a test: they wait a second.
pub fn options(url: &str) -> NetworkOptions {
    NetworkOptions { open_timeout_ms: 1000, ..NetworkOptions::new(url) }
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
                _ => {}
            }
        }
        (frames, states)
    }

    pub fn stats(&self) -> giftgrab_core::pipeline::live::LiveStats {
        self.producer.live().unwrap().stats()
    }
}
