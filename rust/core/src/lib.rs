//! Capture, buffering and encoding of video: the domain of `@giftgrab/core`.
//!
//! A frame flows `source (thread) → hub → per target: frame queue → encoder thread → packet queue → writer thread →
//! storage`. Nothing here knows JavaScript, and nothing outside [`av`] knows FFmpeg.
#![deny(unsafe_code)]

#[cfg(test)]
extern crate self as giftgrab_core;

/// What tests in here share with those outside this crate.
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
