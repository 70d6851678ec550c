//! The end of a recording is reported once its last thread has ended.

use std::sync::Arc;

use super::writer_state::WriterState;

/// Held by every thread of a recording; the last one that drops it reports `closed`.
pub(super) struct CloseGuard(Arc<WriterState>);

impl CloseGuard {
    pub(super) fn new(state: Arc<WriterState>) -> Self {
        Self(state)
    }
}

impl Drop for CloseGuard {
    fn drop(&mut self) {
        self.0.report_closed();
    }
}
