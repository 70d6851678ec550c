//! What every other module may use: errors, time and checks of arguments.

pub(crate) mod checks;
pub mod error;
pub mod time;
