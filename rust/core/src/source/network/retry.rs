//! When to try again. The source waits ever longer, up to five seconds; a network stream is worth a shorter wait, unless
//! the server refuses a password: cameras lock accounts after a few wrong ones.

use std::time::{Duration, Instant};

use super::wait::within;
use crate::{
    base::error::{Code, Error},
    source::producer::Patience,
};

/// Longest wait before a server that may be back is asked again, in nanoseconds.
const SHORT_NS: u64 = 400_000_000;

/// Time after which waits are as long as the source wants them.
const OUTAGE: Duration = Duration::from_secs(60);

/// Shortest time between two attempts with a password that was refused.
const LOCKED: Duration = Duration::from_secs(30);

/// The failed attempts of one driver.
#[derive(Default)]
pub(super) struct Retry {
    /// When the first attempt failed since a stream was there.
    since: Option<Instant>,
    /// When a password was refused.
    denied: Option<(Instant, Error)>,
}

impl Retry {
    /// The reason for which nothing is tried now.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.denied.as_ref().filter(|(at, _)| at.elapsed() < LOCKED).map(|(_, error)| error.clone())
    }

    /// Takes the outcome of an attempt.
    pub(super) fn outcome(&mut self, error: Option<&Error>) {
        self.denied =
            error.filter(|error| error.code == Code::PermissionDenied).map(|error| (Instant::now(), error.clone()));
        match error {
            None => self.since = None,
            Some(_) => {
                self.since.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Waits before the next attempt.
    pub(super) fn wait(&self, patience: &Patience<'_>) {
        let is_long = self.denied.is_some() || self.since.is_some_and(|since| since.elapsed() > OUTAGE);
        within(patience, if is_long { u64::MAX } else { SHORT_NS }).wait();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        base::error::Stage,
        pipeline::{Clock, Signal, SystemClock},
    };

    #[test]
    fn a_refused_password_is_not_tried_again_soon_and_a_server_that_is_away_is() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let signal = Signal::new(&clock);
        let wait_ms = |retry: &Retry, longest_ms: u64| {
            let deadline_ns = clock.now_ns() + longest_ms * 1_000_000;
            let begin = Instant::now();
            retry.wait(&Patience { signal: &signal, seen: signal.seen(), deadline_ns });
            begin.elapsed().as_millis()
        };
        let mut retry = Retry::default();
        retry.outcome(Some(&Error::new(Code::NetworkUnavailable, Stage::Source, "Cannot open it")));
        assert!(retry.refusal().is_none() && (400..500).contains(&wait_ms(&retry, 1000)) && wait_ms(&retry, 50) < 150);
        let denied = Error::new(Code::PermissionDenied, Stage::Source, "Cannot open it");
        retry.outcome(Some(&denied));
        assert!(retry.refusal() == Some(denied) && wait_ms(&retry, 600) >= 600);
        retry.outcome(None);
        assert!(retry.refusal().is_none());
    }
}
