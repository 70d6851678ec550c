//! A recording's files: an output that muxes, syncs and closes them, and indexes the finished ones.

mod close;
mod geometry;
mod names;
mod open_file;
pub(super) mod output;
mod remux;
pub(super) mod segment;
pub(super) mod state;
mod sync;
