//! How the threads of one recording report events and errors.

use parking_lot::Mutex;

use crate::{
    base::error::Error,
    pipeline::{
        events::{Events, Notify},
        report::Event,
    },
};

/// The events of one recording, and the first error that ended it early.
pub(super) struct Reporter {
    pub(super) events: Events,
    first: Mutex<Option<Error>>,
}

impl Reporter {
    pub(super) fn new(notify: Notify) -> Self {
        Self { events: Events::new(notify), first: Mutex::new(None) }
    }

    /// Keeps the first error and reports it; later ones follow from it.
    pub(super) fn fail(&self, error: Error) {
        {
            let mut first = self.first.lock();
            if first.is_some() {
                return;
            }
            *first = Some(error.clone());
        }
        self.events.push(Event::Error { error });
    }

    /// Reports something that costs no frame.
    pub(super) fn warn(&self, error: Error) {
        self.events.push(Event::Warning { error });
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.first.lock().clone()
    }
}
