//! Capture, buffering and encoding of video: the domain of `@giftgrab/core`.
//!
//! A frame flows `source (thread) → hub → per target: frame queue → encoder thread → packet queue → writer thread →
//! storage`. Nothing here knows JavaScript, and nothing outside [`av`] knows FFmpeg.
#![deny(unsafe_code)]

pub mod av;
pub mod codec;
pub mod error;
mod event;
pub mod filter;
pub mod frame;
pub mod hub;
mod latency;
mod ledger;
pub mod report;
pub mod source;
pub mod storage;
pub mod sys;
pub mod tap;
pub mod target;
pub mod time;
mod variant;

pub use event::Notify;
