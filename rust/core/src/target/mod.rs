//! Targets: where frames are recorded.
//!
//! A file writer has three threads: one encodes, one writes the container, one syncs to the disk. Each waits for the one
//! before it over a bounded queue, and none shares anything with another target but read-only frames.

mod budget;
mod encode;
mod finalise;
mod grid;
pub mod options;
mod output;
mod shared;
mod sync;
mod writer;

pub use writer::FileWriter;
