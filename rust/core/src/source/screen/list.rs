//! Lists the screens of this machine.

use std::{collections::BTreeSet, env::var_os, path::Path, sync::Arc};

use serde::Serialize;

use super::{
    connect::{self, Connected, DisplayName, Failure, unavailable},
    find,
};
use crate::{
    base::error::{Code, Error, Result, Stage},
    pipeline::clock::SECOND_NS,
    sys::{monotonic_ns, waker::Waker},
};

/// Where X servers have their sockets.
const SOCKETS: &str = "/tmp/.X11-unix";

/// More X servers than a machine has.
const MOST_DISPLAYS: usize = 32;

/// Longest wait for one X server.
const ANSWER_NS: u64 = SECOND_NS;

/// One screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScreenInfo {
    /// Its name for the option `display`.
    pub display: String,
    /// Width in pixels; 0 if it cannot be captured.
    pub width: u32,
    /// Height in pixels; 0 if it cannot be captured.
    pub height: u32,
    /// Its monitors, as far as the server knows them.
    pub monitors: Vec<MonitorInfo>,
    /// The windows of programs.
    pub windows: Vec<WindowInfo>,
    /// Why it cannot be captured, if it cannot.
    pub problem: Option<Error>,
}

/// One monitor of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ScreenMonitor")]
#[serde(rename_all = "camelCase")]
pub struct MonitorInfo {
    /// Its name for the option `monitor`.
    pub name: String,
    /// Left column in the screen.
    pub x: i32,
    /// Top row in the screen.
    pub y: i32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether it is the one on which programs begin.
    pub is_primary: bool,
}

/// One window of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ScreenWindow")]
#[serde(rename_all = "camelCase")]
pub struct WindowInfo {
    /// Its number for the option `window`, such as `0x3a00007`.
    pub id: String,
    /// Its title, also for the option `window` if no other one has it.
    pub title: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether it is shown, not minimised.
    pub is_shown: bool,
}

/// The screens of the X servers of this machine, and that of `DISPLAY`. A server that does not answer takes a second.
///
/// # Errors
///
/// `ResourceExhausted` if there is no descriptor left.
pub fn list() -> Result<Vec<ScreenInfo>> {
    let waker = Waker::new().map(Arc::new).map_err(|error| {
        Error::new(
            Code::ResourceExhausted,
            Stage::Source,
            format!("Cannot list the screens: {}", std::io::Error::from(error)),
        )
    })?;
    let mut screens = Vec::new();
    let mut count = 0;
    let named = var_os("DISPLAY").map(|name| name.to_string_lossy().into_owned());
    for display in displays(named.clone(), Path::new(SOCKETS)) {
        let deadline_ns = monotonic_ns().saturating_add(ANSWER_NS);
        let socket = display.strip_prefix(':').map(|number| format!("{SOCKETS}/X{number}"));
        let is_left_over = |socket: String| !connect::is_listening(&socket, &waker, deadline_ns);
        if named.as_ref() != Some(&display) && socket.is_some_and(is_left_over) {
            continue;
        }
        count += 1;
        if count > MOST_DISPLAYS {
            break;
        }
        let connected = DisplayName::of(Some(&display)).and_then(|name| connect::open(&name, &waker, deadline_ns));
        match connected {
            Ok(Ok(connected)) => screens.extend(screens_of(&display, connected)),
            Ok(Err(failure)) => screens.push(unusable(&display, lost(&display, &failure))),
            Err(error) => screens.push(unusable(&display, error)),
        }
    }
    Ok(screens)
}

/// The displays that may be there, the environment's first.
fn displays(named: Option<String>, sockets: &Path) -> Vec<String> {
    let named = named.filter(|name| !name.is_empty());
    let mut numbers = BTreeSet::new();
    for entry in std::fs::read_dir(sockets).into_iter().flatten().flatten().take(1024) {
        let name = entry.file_name().to_string_lossy().into_owned();
        numbers.extend(name.strip_prefix('X').and_then(|number| number.parse::<u16>().ok()));
    }
    let found = numbers.into_iter().map(|number| format!(":{number}"));
    let is_other = |display: &String| {
        let base = named.as_deref().map(|name| name.split_once('.').map_or(name, |(base, _)| base));
        base != Some(display)
    };
    named.iter().cloned().chain(found.filter(is_other)).collect()
}

fn unusable(display: &str, problem: Error) -> ScreenInfo {
    let (monitors, windows) = (Vec::new(), Vec::new());
    ScreenInfo { display: display.to_owned(), width: 0, height: 0, monitors, windows, problem: Some(problem) }
}

fn lost(display: &str, failure: &Failure) -> Error {
    let cause = match failure {
        Failure::Broken(error) => error.to_string(),
        Failure::Refused(reason) => reason.clone(),
    };
    unavailable(format!("Cannot list the screen {display:?}: its X server does not answer")).with_cause(cause)
}

fn screens_of(display: &str, mut connected: Connected) -> Vec<ScreenInfo> {
    use x11rb::connection::Connection as _;
    let (first, count) = (connected.screen, connected.connection.setup().roots.len());
    let base = display.rsplit_once(':').map_or(display, |(_, number)| {
        let length = display.len() - number.len() + number.find('.').unwrap_or(number.len());
        &display[..length]
    });
    let screens = (0..count).map(|number| {
        connected.screen = number;
        let name = if number == first { display.to_owned() } else { format!("{base}.{number}") };
        describe(&name, &connected).unwrap_or_else(|failure| unusable(&name, lost(&name, &failure)))
    });
    screens.collect()
}

fn describe(display: &str, connected: &Connected) -> Result<ScreenInfo, Failure> {
    use x11rb::protocol::xproto::ConnectionExt as _;
    let connection = &connected.connection;
    let root = connected.screen().map_or(x11rb::NONE, |screen| screen.root);
    let size = connection.get_geometry(root)?.reply()?;
    let monitors = find::monitors(connection, root)?.into_iter();
    let monitors = monitors.map(|find::Monitor { name, x, y, width, height, is_primary }| MonitorInfo {
        name,
        x,
        y,
        width,
        height,
        is_primary,
    });
    let mut windows = Vec::new();
    for find::Found { window, title } in find::windows(connection, root)? {
        if let Some(state) = find::window_state(connection, window)?.filter(|state| !state.is_input_only) {
            windows.push(WindowInfo {
                id: format!("{window:#x}"),
                title,
                width: state.width.into(),
                height: state.height.into(),
                is_shown: state.is_shown,
            });
        }
    }
    let problem = connect::is_xwayland(connection)?.then(|| {
        unavailable(format!(
            "Cannot capture the screen {display:?}: its X server is Xwayland, which shows only windows of programs for X11"
        ))
    });
    Ok(ScreenInfo {
        display: display.to_owned(),
        width: size.width.into(),
        height: size.height.into(),
        monitors: monitors.collect(),
        windows,
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environments_display_comes_first_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["X10", "X2", "X0", "X", "Xa", "Y1", "X70000"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = |named: Option<&str>| displays(named.map(str::to_owned), folder.path()).join(" ");
        assert_eq!(found(None), ":0 :2 :10");
        assert_eq!(found(Some("")), ":0 :2 :10");
        assert_eq!(found(Some(":2.1")), ":2.1 :0 :10");
        assert_eq!(found(Some("host:2")), "host:2 :0 :2 :10");
        assert_eq!(displays(None, Path::new("/there/is/none")), Vec::<String>::new());
    }
}
