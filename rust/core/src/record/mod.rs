//! Writers: they make packets of frames, and files of packets.
//!
//! A file writer is one encoder with one file output. The encoder's thread makes packets, the output's thread writes
//! the container, and a third one syncs it to the disk. Between two of them is a bounded queue, and a writer shares
//! nothing with another target but read-only frames. Where a recording goes on in a new file, a thread of its own
//! closes the file before.

mod close_guard;
mod copy_thread;
mod encode_thread;
mod encoder_clock;
mod encoder_state;
mod file;
mod grid;
pub mod options;
mod packets;
mod reporter;
mod surplus;
mod writer;
mod writer_state;

pub use writer::FileWriter;

#[cfg(test)]
mod tests;
