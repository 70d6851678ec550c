//! The way of frames between threads, the keeping of time, and the account of every frame.

pub(crate) mod clock;
pub(crate) mod events;
pub(crate) mod hub;
pub(crate) mod input;
pub(crate) mod latency;
pub(crate) mod ledger;
pub mod live;
pub(crate) mod queue;
pub mod report;
pub(crate) mod requests;
mod session;
#[cfg(test)]
pub(crate) mod test_target;

pub use self::{
    clock::{Clock, Signal, SystemClock, Wake},
    input::{InputSender, OverflowPolicy},
    session::{Origin, Session},
};
