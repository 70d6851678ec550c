//! The files of a recording: muxing, syncing, closing, and the index of a finished one.

pub(super) mod close;
pub(super) mod files;
pub(super) mod mux;
pub(super) mod remux;
pub(super) mod segment;
pub(super) mod sync;
