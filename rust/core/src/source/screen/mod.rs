//! Screens of X11: the whole, a monitor, a region or a window.

mod aim;
mod connect;
mod cursor;
mod driver;
mod extensions;
mod find;
mod link;
mod list;
pub mod options;
mod picture;
mod pixels;
mod schedule;
mod x11;

pub use self::list::{MonitorInfo, ScreenInfo, WindowInfo, list};
use self::{driver::ScreenDriver, options::ScreenOptions};
use super::live::{self, LiveSetup, driver::CaptureDriver};
use crate::{
    base::error::{Code, Result},
    pipeline::report::SourceInfo,
    pixels::geometry::FieldOrder,
};

/// The driver of a screen, which connects to nothing yet, and what it is to a program.
///
/// # Errors
///
/// `InvalidArgument`, or `ScreenUnavailable` if no X server is known.
pub fn open(options: &ScreenOptions) -> Result<(Box<dyn CaptureDriver>, LiveSetup)> {
    options.check()?;
    let driver = ScreenDriver::new(options)?;
    let info = SourceInfo {
        field_order: FieldOrder::Progressive,
        ..live::info(Some(options.frame_rate), options.colour, "rawvideo", "x11grab")
    };
    let setup = LiveSetup {
        name: options.name(),
        info,
        is_rate_asked: true,
        first_frame_ns: u64::from(options.open_timeout_ms) * 1_000_000,
        offline: Code::ScreenUnavailable,
        burn: 0,
        max_pixels: options.max_pixels,
    };
    Ok((Box::new(driver), setup))
}
