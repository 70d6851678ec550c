//! Capture, buffering and encoding of video: the domain of `@giftgrab/core`.
//!
//! A frame goes from a source's thread and hub to the input queue of each target. A writer's encoder makes packets of
//! frames, and hands them to an output, which writes them to the storage. Nothing here knows JavaScript, and nothing
//! outside [`av`] knows FFmpeg.
#![deny(unsafe_code)]

#[cfg(test)]
extern crate self as giftgrab_core;

/// Shared by the unit tests and the integration tests.
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod test_support;

pub mod av;
mod base;
pub mod boundary;
pub mod codec;
pub mod filter;
pub mod frame;
pub mod pipeline;
pub mod pixels;
pub mod record;
pub mod source;
pub mod storage;
pub mod sys;
pub mod tap;

pub use base::{error, time};
pub use pipeline::{events::Notify, report};
