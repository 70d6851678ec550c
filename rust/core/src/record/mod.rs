//! Targets: where frames are recorded.
//!
//! A file writer has three threads: one encodes, one writes the container, one syncs to the disk. Each waits for the one
//! before it over a bounded queue, and none shares anything with another target but read-only frames. Where a recording
//! goes on in a new file, that file has threads of its own, so that it does not wait until the one before is finished.

mod budget;
mod encode;
mod file;
mod grid;
pub mod options;
mod state;
mod writer;

pub use writer::FileWriter;
