//! How frames go from one to the next, and how they are accounted for.

pub(crate) mod events;
pub(crate) mod gate;
pub(crate) mod hub;
pub(crate) mod intake;
pub(crate) mod latency;
pub(crate) mod ledger;
pub mod report;

pub use intake::{Haste, Intake};
