//! No panic leaves the library.

use giftgrab_core::error::{self, Result, Stage};

/// Runs the body of a call from outside; a panic becomes an error.
pub(crate) fn guard<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    error::guard(Stage::Boundary, "go on", body)
}
