//! Recorders: where frames become packets, and packets files.
//!
//! A file writer is one encoder with one file output. The encoder's thread makes packets, the output's thread writes the
//! container, and a third one syncs it to the disk. Each waits for the one before it over a bounded queue, and none shares
//! anything with another target but read-only frames. Where a recording goes on in a new file, the one before is closed
//! by a thread of its own.

mod close_guard;
mod encode_thread;
mod encoder_state;
mod file;
mod grid;
pub mod options;
mod packets;
mod reporter;
mod writer;
mod writer_state;

pub use writer::FileWriter;

#[cfg(test)]
mod tests;
