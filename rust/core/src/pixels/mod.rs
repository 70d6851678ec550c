//! Arithmetic on samples: their layout in memory, their colours, and conversions between layouts.

pub mod colour;
mod colour_space;
pub mod convert;
pub mod geometry;
pub mod h273;
mod layout;
pub mod planes;
pub mod turn;

pub use colour_space::{COLOUR_SPACES, ColourSpace, StereoPacking};
