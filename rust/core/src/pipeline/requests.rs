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
        self.requests.try_send(request, 0, &CAPACITY).map(drop).map_err(|refused| match refused {
            Refused::Full(_) => {
                Error::new(Code::Busy, Stage::Hub, "Cannot pass a request on: too many wait; await the earlier ones")
            }
            Refused::Closed(_) => {
                Error::new(Code::Closed, Stage::Hub, format!("Cannot use the {}: it is closed", self.name))
            }
        })
    }
}
