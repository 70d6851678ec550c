//! Decides what is captured: a screen, a monitor, a region or a window as it is now.

use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ConnectionExt as _, Window},
};

use super::{
    connect::{Connected, Failure, is_xwayland, unavailable},
    find::{self, Monitor},
    options::{ScreenOptions, ScreenRegion},
    pixels::PixelLayout,
};
use crate::base::error::{Code, Error, Stage};

/// What is captured now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Aim {
    /// The window, or the root.
    pub(super) window: Window,
    pub(super) is_root: bool,
    /// Left column and top row in the root, or in the pixels of the window with its border.
    pub(super) place: (i16, i16),
    pub(super) size: (u16, u16),
    pub(super) layout: PixelLayout,
}

/// Why nothing is captured now.
#[derive(Debug)]
pub(super) enum Miss {
    Failure(Failure),
    /// It is not shown for now.
    Away(Error),
    /// It cannot be captured as it is.
    Refused(Error),
    /// It is gone and does not come back.
    Gone(Error),
}

impl<T: Into<Failure>> From<T> for Miss {
    fn from(failure: T) -> Self {
        Self::Failure(failure.into())
    }
}

/// A screen without what is to be captured, for now.
fn away(message: impl Into<String>) -> Miss {
    Miss::Away(Error::new(Code::NoSignal, Stage::Source, message))
}

fn refused(message: impl Into<String>) -> Miss {
    Miss::Refused(unavailable(message))
}

/// The part of a screen that the options name. What was captured before and has no place now may come back.
pub(super) fn at_screen(connected: &Connected, options: &ScreenOptions, was_captured: bool) -> Result<Aim, Miss> {
    let (connection, name) = (&connected.connection, &options.name());
    let Some(screen) = connected.screen() else { return Err(refused(format!("Cannot open {name}: there is none"))) };
    if is_xwayland(connection)? {
        return Err(refused(format!(
            "Cannot capture {name}: its X server is Xwayland, which shows the screen of a Wayland session as black; log in to \
             an X11 session, or capture the `window` of a program for X11"
        )));
    }
    let root = connection.get_geometry(screen.root)?.reply()?;
    let size = (u32::from(root.width), u32::from(root.height));
    let whole = ScreenRegion { x: 0, y: 0, width: root.width.into(), height: root.height.into() };
    let region = match (&options.region, &options.monitor) {
        (Some(region), _) => *region,
        (None, Some(monitor)) => find_monitor(find::monitors(connection, screen.root)?, monitor, name, was_captured)?,
        (None, None) => whole,
    };
    let nearest = region.nearest(size);
    if nearest != region {
        let outside = format!("not inside the screen, which is {}x{}", size.0, size.1);
        return Err(if was_captured {
            away(format!("Cannot capture {name}: {region} is {outside}; it goes on when there is room again"))
        } else if options.region.is_some() {
            let message = format!("Cannot use region {region}: it is {outside}; the nearest is {nearest}");
            Miss::Refused(Error::argument("region", message))
        } else {
            Miss::Refused(unavailable(format!("Cannot capture {name}: {region} is {outside}")).with_field("monitor"))
        });
    }
    let layout = layout(connected, screen.root_visual, name)?;
    // Inside the root, so that 16 bits hold them.
    let place = (region.x as i16, region.y as i16);
    let size = (region.width as u16, region.height as u16);
    Ok(Aim { window: screen.root, is_root: true, place, size, layout })
}

fn find_monitor(found: Vec<Monitor>, wanted: &str, name: &str, was_captured: bool) -> Result<ScreenRegion, Miss> {
    let side = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
    if let Some(monitor) = found.iter().find(|monitor| monitor.name == wanted) {
        let (width, height) = (side(monitor.width), side(monitor.height));
        return Ok(ScreenRegion { x: monitor.x, y: monitor.y, width, height });
    }
    if was_captured {
        return Err(away(format!("Cannot capture {name}: it is off; it goes on when it is on again")));
    }
    let names: Vec<_> = found.iter().map(|monitor| format!("{:?}", monitor.name)).collect();
    let names = if names.is_empty() { "none with a name".to_owned() } else { names.join(", ") };
    let message = format!("Cannot find the monitor {wanted:?}: the screen has {names}");
    Err(Miss::Refused(unavailable(message).with_field("monitor")))
}

/// Finds the window that the options name.
pub(super) fn find_window(connected: &Connected, wanted: &str) -> Result<Window, Miss> {
    let refused = |message: String| Miss::Refused(unavailable(message).with_field("window"));
    if let Some(number) = window_number(wanted) {
        return Ok(number);
    }
    let Some(screen) = connected.screen() else { return Err(refused("Cannot find a window: no screen".to_owned())) };
    let found = find::windows(&connected.connection, screen.root)?;
    let mut with_title = found.iter().filter(|found| found.title == wanted);
    match (with_title.next(), with_title.next()) {
        (Some(only), None) => Ok(only.window),
        (Some(one), Some(other)) => Err(refused(format!(
            "Cannot choose the window {wanted:?}: more than one has this title; name it by its number, such as {:#x} or {:#x}",
            one.window, other.window
        ))),
        (None, _) => Err(refused(format!(
            "Cannot find the window {wanted:?}: no window has exactly this title now; list the windows to see what they are called"
        ))),
    }
}

/// The number of a window that is named by it.
pub(super) fn window_number(wanted: &str) -> Option<Window> {
    Window::from_str_radix(wanted.strip_prefix("0x")?, 16).ok()
}

/// A window as it is now, its border left out.
pub(super) fn at_window(connected: &Connected, window: Window, name: &str) -> Result<Aim, Miss> {
    let Some(state) = find::window_state(&connected.connection, window)? else {
        return Err(Miss::Gone(closed(name)));
    };
    if connected.connection.setup().roots.iter().any(|screen| screen.root == window) {
        return Err(refused(format!("Cannot capture {name}: it is the whole screen; leave `window` out")));
    }
    if state.is_input_only {
        return Err(refused(format!("Cannot capture {name}: it is never shown")));
    }
    if !state.is_shown {
        let message = format!("Cannot capture {name}: it is minimised or hidden; it goes on when it is shown again");
        return Err(away(message));
    }
    let layout = layout(connected, state.visual, name)?;
    let border = i16::try_from(state.border).unwrap_or(i16::MAX);
    Ok(Aim { window, is_root: false, place: (border, border), size: (state.width, state.height), layout })
}

/// The error of a window that was closed.
pub(super) fn closed(name: &str) -> Error {
    unavailable(format!("Cannot capture {name}: there is no such window, or it was closed"))
}

fn layout(connected: &Connected, visual: u32, name: &str) -> Result<PixelLayout, Miss> {
    let Some(screen) = connected.screen() else { return Err(refused(format!("Cannot open {name}: there is none"))) };
    PixelLayout::of(connected.connection.setup(), screen, visual)
        .map_err(|words| refused(format!("Cannot capture {name}: its pixels are {words}; use a screen of 24 bits")))
}
