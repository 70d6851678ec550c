//! How the threads of one recording report events and errors.

use parking_lot::Mutex;

use crate::{
    base::error::Error,
    pipeline::{
        events::{Events, Notify},
        report::Event,
    },
};

/// Warnings that a report has.
const MOST_WARNINGS: usize = 100;

/// The events of one recording, and the first error that ended it early.
pub(super) struct Reporter {
    pub(super) events: Events,
    first: Mutex<Option<Error>>,
    warnings: Mutex<Vec<Error>>,
}

impl Reporter {
    pub(super) fn new(notify: Notify) -> Self {
        Self { events: Events::new(notify), first: Mutex::new(None), warnings: Mutex::default() }
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
        {
            let mut warnings = self.warnings.lock();
            if warnings.len() < MOST_WARNINGS {
                warnings.push(error.clone());
            }
        }
        self.events.push(Event::Warning { error });
    }

    /// The warnings so far, for the report.
    pub(super) fn warnings(&self) -> Vec<Error> {
        self.warnings.lock().clone()
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.first.lock().clone()
    }
}
