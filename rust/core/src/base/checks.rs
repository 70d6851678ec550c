//! Checks of arguments, each with the field named.

use super::error::{Error, Result};

/// Refuses a number outside `min..=max`, naming its field.
pub(crate) fn check_range(field: &str, value: u64, min: u64, max: u64) -> Result<()> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::argument(field, format!("Cannot use {field} {value}: it must be {min} to {max}")))
}

/// Refuses a path that no operating system call could take.
pub(crate) fn check_path(field: &str, path: &str) -> Result<()> {
    if path.is_empty() {
        return Err(Error::argument(field, format!("Cannot use {field} \"\": it is empty")));
    }
    if path.contains('\0') {
        return Err(Error::argument(field, format!("Cannot use {field} {path:?}: it contains a NUL character")));
    }
    Ok(())
}
