//! Checks of crops.

use crate::{
    base::error::{Error, Result},
    frame::FrameShape,
    pixels::planes::Rect,
};

/// Refuses a crop that is empty or reaches beyond a frame of `shape`.
pub(super) fn check(crop: Rect, shape: FrameShape) -> Result<()> {
    let (width, height) = (shape.view.width as usize, shape.view.height as usize);
    let sides = [("x", "width", crop.x, crop.width, width), ("y", "height", crop.y, crop.height, height)];
    for (start_field, size_field, start, size, whole) in sides {
        let (field, value) = if start >= whole { (start_field, start) } else { (size_field, size) };
        if start >= whole || size == 0 || size > whole - start {
            return Err(Error::argument(
                field,
                format!(
                    "Cannot use {field} {value}: the sub-frame {}x{} at {},{} is not inside the frame of {width}x{height}",
                    crop.width, crop.height, crop.x, crop.y
                ),
            ));
        }
    }
    Ok(())
}
