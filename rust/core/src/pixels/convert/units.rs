//! Sizes for the yuv crate.

use yuv::YuvError;

/// A size as the yuv crate counts it.
pub(super) fn units(size: usize) -> Result<u32, YuvError> {
    u32::try_from(size).map_err(|_| YuvError::PointerOverflow)
}
