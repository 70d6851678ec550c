//! Filters: nodes that change pictures on native threads, by graphs of FFmpeg's filters.

mod allowed;
mod description;
pub mod options;

pub use allowed::allowed_filters;
pub use description::Description;

pub(crate) use allowed::names_a_file;
pub(crate) use description::{Setting, Stage};
