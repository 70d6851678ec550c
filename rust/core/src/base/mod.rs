//! Errors, time and checks of arguments, for every other module.

pub(crate) mod checks;
pub mod error;
pub mod time;
