//! Requests to a thread, which wait, up to a bounded number, until the thread serves them.

use std::sync::Arc;

use super::{
    clock::Signal,
    queue::{Bounds, Reader, Refused, Writer, queue},
};
use crate::base::error::{Code, Error, Result, Stage};

/// Requests that may wait for a thread.
const CAPACITY: Bounds = Bounds::items(256);

/// The asking side.
pub(crate) struct Requester<T> {
    requests: Writer<T>,
    /// The name of the object in errors.
    name: &'static str,
}

/// The serving side.
pub(crate) type Requests<T> = Reader<T>;

/// Requests to the thread of a `name` that waits on `signal`.
pub(crate) fn requests<T>(name: &'static str, signal: &Arc<Signal>) -> (Requester<T>, Requests<T>) {
    let (writer, reader) = queue(signal.clone());
    (Requester { requests: writer, name }, reader)
}

impl<T> Requester<T> {
    /// Asks for something and returns at once.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Busy` if too many requests wait.
    pub(crate) fn ask(&self, request: T) -> Result<()> {
        let closed = || Error::new(Code::Closed, Stage::Hub, format!("Cannot use the {}: it is closed", self.name));
        if self.requests.is_closed() {
            return Err(closed());
        }
        self.requests.try_send(request, 0, &CAPACITY).map(drop).map_err(|refused| match refused {
            Refused::Full(_) => {
                Error::new(Code::Busy, Stage::Hub, "Cannot pass a request on: too many wait; await the earlier ones")
            }
            Refused::Closed(_) => closed(),
        })
    }

    /// Asks for nothing more: the thread serves what waits, and then ends. It is never refused.
    pub(crate) fn close(&self) {
        self.requests.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::SystemClock;

    #[test]
    fn a_close_is_served_after_the_requests_before_it_however_many_wait() {
        let (requester, served) = requests("source", &Signal::new(&SystemClock::shared()));
        let mut count = 0;
        while requester.ask(count).is_ok() {
            count += 1;
        }
        assert_eq!(requester.ask(count).unwrap_err().code, Code::Busy);
        requester.close();
        assert_eq!(requester.ask(count).unwrap_err().code, Code::Closed);
        assert!(!served.is_over());
        assert_eq!(std::iter::from_fn(|| served.recv()).collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
        assert!(served.is_over());
    }
}
