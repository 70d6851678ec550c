//! Finds monitors and windows on a screen.

use x11rb::{
    connection::RequestConnection as _,
    protocol::{
        randr::{self, ConnectionExt as _},
        xproto::{Atom, AtomEnum, ConnectionExt as _, MapState, PropMode, Window, WindowClass},
    },
    wrapper::ConnectionExt as _,
};

use super::connect::{Connection, Failure};
use crate::sys::monotonic_ns;

/// More windows than any desktop has; the tree of a server is not walked further.
const MOST_WINDOWS: usize = 4096;

/// How deep below the root the window of a program lies: a window manager puts frames around it.
const DEPTH: usize = 3;

/// One monitor of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Monitor {
    pub(super) name: String,
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) is_primary: bool,
}

/// The monitors of a screen; none if the server does not know them.
pub(super) fn monitors(connection: &Connection, root: Window) -> Result<Vec<Monitor>, Failure> {
    if connection.extension_information(randr::X11_EXTENSION_NAME)?.is_none() {
        return Ok(Vec::new());
    }
    let version = connection.randr_query_version(1, 5)?.reply()?;
    if (version.major_version, version.minor_version) < (1, 5) {
        return Ok(Vec::new());
    }
    let found = connection.randr_get_monitors(root, true)?.reply()?.monitors;
    let monitors = found.into_iter().map(|monitor| {
        let name = connection.get_atom_name(monitor.name)?.reply()?.name;
        Ok(Monitor {
            name: String::from_utf8_lossy(&name).into_owned(),
            x: monitor.x.into(),
            y: monitor.y.into(),
            width: monitor.width.into(),
            height: monitor.height.into(),
            is_primary: monitor.primary,
        })
    });
    monitors.collect()
}

/// One window of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) window: Window,
    pub(super) title: String,
}

/// The windows that have a title: those that the window manager lists; without one those near the root.
pub(super) fn windows(connection: &Connection, root: Window) -> Result<Vec<Found>, Failure> {
    let utf8_name = atom(connection, "_NET_WM_NAME")?;
    let listed = connection
        .get_property(false, root, atom(connection, "_NET_CLIENT_LIST")?, AtomEnum::WINDOW, 0, MOST_WINDOWS as u32)?
        .reply()?;
    let listed: Vec<Window> = listed.value32().map(Iterator::collect).unwrap_or_default();
    let mut found = Vec::new();
    if !listed.is_empty() {
        for window in listed {
            // One that was closed in the meantime has none.
            found.extend(title(connection, window, utf8_name)?.map(|title| Found { window, title }));
        }
        return Ok(found);
    }
    let mut level = vec![root];
    let mut seen = 0;
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for parent in level {
            for window in answered(connection.query_tree(parent)?.reply())?.map_or(Vec::new(), |tree| tree.children) {
                seen += 1;
                if seen > MOST_WINDOWS {
                    return Ok(found);
                }
                match title(connection, window, utf8_name)? {
                    Some(title) => found.push(Found { window, title }),
                    None => next.push(window),
                }
            }
        }
        level = next;
    }
    Ok(found)
}

fn atom(connection: &Connection, name: &str) -> Result<Atom, Failure> {
    Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom)
}

/// The answer about a window, unless that is gone.
fn answered<T>(reply: Result<T, x11rb::errors::ReplyError>) -> Result<Option<T>, Failure> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(x11rb::errors::ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The title of a window that has one and can be seen.
fn title(connection: &Connection, window: Window, utf8_name: Atom) -> Result<Option<String>, Failure> {
    /// Of a title, in units of four bytes.
    const MOST: u32 = 1024;
    for name in [utf8_name, AtomEnum::WM_NAME.into()] {
        let property = answered(connection.get_property(false, window, name, AtomEnum::ANY, 0, MOST)?.reply())?;
        let value = property.map(|property| property.value).unwrap_or_default();
        if !value.is_empty() {
            return Ok(Some(String::from_utf8_lossy(&value).into_owned()));
        }
    }
    Ok(None)
}

/// What a window is now.
#[derive(Debug, Clone, Copy)]
pub(super) struct WindowState {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) border: u16,
    pub(super) visual: u32,
    /// It is shown, and so are those that hold it.
    pub(super) is_shown: bool,
    /// It has no pixels of its own.
    pub(super) is_input_only: bool,
}

/// The state of a window, unless there is none.
pub(super) fn window_state(connection: &Connection, window: Window) -> Result<Option<WindowState>, Failure> {
    let (attributes, geometry) = (connection.get_window_attributes(window)?, connection.get_geometry(window)?);
    let (attributes, geometry) = (answered(attributes.reply())?, answered(geometry.reply())?);
    Ok(attributes.zip(geometry).map(|(attributes, geometry)| WindowState {
        width: geometry.width,
        height: geometry.height,
        border: geometry.border_width,
        visual: attributes.visual,
        is_shown: attributes.map_state == MapState::VIEWABLE,
        is_input_only: attributes.class == WindowClass::INPUT_ONLY,
    }))
}

/// What marks a window for as long as it exists: its number may be another window's later.
pub(super) fn mark(connection: &Connection, window: Window) -> Result<Vec<u8>, Failure> {
    /// Of a mark, in units of four bytes.
    const MOST: u32 = 16;
    let name = atom(connection, "_GIFTGRAB_MARK")?;
    let found = answered(connection.get_property(false, window, name, AtomEnum::STRING, 0, MOST)?.reply())?;
    if let Some(found) = found.filter(|found| !found.value.is_empty()) {
        return Ok(found.value);
    }
    let mark = format!("{}-{}", std::process::id(), monotonic_ns()).into_bytes();
    connection.change_property8(PropMode::REPLACE, window, name, AtomEnum::STRING, &mark)?.ignore_error();
    Ok(mark)
}

/// The windows that hold a window, up to the root and without it.
pub(super) fn ancestors(connection: &Connection, window: Window) -> Result<Vec<Window>, Failure> {
    let mut found = Vec::new();
    let mut child = window;
    while let Some(tree) = answered(connection.query_tree(child)?.reply())? {
        if tree.parent == tree.root || tree.parent == x11rb::NONE || found.len() > MOST_WINDOWS {
            break;
        }
        found.push(tree.parent);
        child = tree.parent;
    }
    Ok(found)
}
