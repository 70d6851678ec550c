//! Opens the connection to an X server, with the reason and the fix where there is none.

use std::{
    env::var_os,
    io::{self, ErrorKind},
    net::{TcpStream, ToSocketAddrs},
    os::unix::net::UnixStream,
    sync::Arc,
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with},
};
use x11rb::{
    connection::{Connection as _, RequestConnection as _},
    errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError},
    protocol::xproto::{ImageOrder, Screen},
    reexports::x11rb_protocol::{
        parse_display::{ConnectAddress, ParsedDisplay, parse_display},
        xauth::{Family, get_auth},
    },
    rust_connection::{DefaultStream, RustConnection},
};

use super::link::{Link, Waited, wait};
use crate::{
    base::error::{Code, Error, Result, Stage},
    sys::{monotonic_ns, waker::Waker},
};

/// A connection to an X server.
pub(super) type Connection = RustConnection<Link>;

/// The highest number of a display whose TCP port exists: 6000 and the number.
const LAST_DISPLAY: u16 = u16::MAX - 6000;

/// Why something that was asked of an X server did not happen.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection is useless: the server is gone, does not answer, or the driver was called off.
    Broken(io::Error),
    /// The server refused a request.
    Refused(String),
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::IoError(error) => Self::Broken(error),
            ConnectionError::UnsupportedExtension => Self::Refused(error.to_string()),
            error => Self::Broken(io::Error::other(error.to_string())),
        }
    }
}

impl From<ReplyError> for Failure {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => {
                let request = error.request_name.unwrap_or("a request");
                Self::Refused(format!("the X server refuses {request} ({:?})", error.error_kind))
            }
        }
    }
}

impl From<ReplyOrIdError> for Failure {
    fn from(error: ReplyOrIdError) -> Self {
        match error {
            ReplyOrIdError::IdsExhausted => Self::Broken(io::Error::other("the X server has no numbers left")),
            ReplyOrIdError::ConnectionError(error) => error.into(),
            ReplyOrIdError::X11Error(error) => ReplyError::X11Error(error).into(),
        }
    }
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Self {
        Self::Broken(error.into())
    }
}

/// The name of a display in messages: the option, or the environment's.
#[derive(Debug, Clone)]
pub(super) struct DisplayName {
    name: String,
    is_option: bool,
}

impl DisplayName {
    /// The display of the options, or that of the environment.
    pub(super) fn of(option: Option<&str>) -> Result<Self> {
        if let Some(name) = option {
            let name = Self { name: name.to_owned(), is_option: true };
            return name.parse().map(|_| name);
        }
        match var_os("DISPLAY").filter(|name| !name.is_empty()) {
            Some(name) => {
                let name = Self { name: name.to_string_lossy().into_owned(), is_option: false };
                name.parse().map(|_| name)
            }
            None => Err(unavailable(if has_wayland() {
                "Cannot capture the screen: this session is one of Wayland, whose screen cannot be captured yet; log in to an \
                 X11 session, or name an X server with `display`"
                    .to_owned()
            } else {
                "Cannot capture the screen: DISPLAY is not set, so that no X server is known; set it, or give `display`, such \
                 as \":0\""
                    .to_owned()
            })),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.name
    }

    fn parse(&self) -> Result<ParsedDisplay> {
        let parsed = parse_display(Some(&self.name)).ok().filter(|parsed| parsed.display <= LAST_DISPLAY);
        parsed.ok_or_else(|| {
            let message = |field: &str| {
                format!(
                    "Cannot use {field} {:?}: it names no X server; one is named as \":0\" or \"host:0.1\"",
                    self.name
                )
            };
            if self.is_option {
                Error::argument("display", message("display"))
            } else {
                unavailable(message("DISPLAY"))
            }
        })
    }
}

/// Whether the session has a Wayland compositor.
pub(super) fn has_wayland() -> bool {
    var_os("WAYLAND_DISPLAY").is_some_and(|name| !name.is_empty())
}

/// A screen that cannot be captured.
pub(super) fn unavailable(message: impl Into<String>) -> Error {
    Error::new(Code::ScreenUnavailable, Stage::Source, message)
}

/// A connection, and the number of the screen that was named.
pub(super) struct Connected {
    pub(super) connection: Connection,
    pub(super) screen: usize,
    /// It goes by a socket of this machine, which can carry descriptors.
    pub(super) is_local: bool,
}

impl Connected {
    /// The screen.
    pub(super) fn screen(&self) -> Option<&Screen> {
        self.connection.setup().roots.get(self.screen)
    }
}

/// Connects to a display before the deadline. A wait that was called off is [`Failure::Broken`], the rest an answer.
pub(super) fn open(name: &DisplayName, waker: &Arc<Waker>, deadline_ns: u64) -> Result<Result<Connected, Failure>> {
    let parsed = name.parse()?;
    let mut cause = io::Error::from(ErrorKind::NotFound);
    for address in parsed.connect_instruction() {
        match reach(&address, waker, deadline_ns) {
            Ok((socket, peer)) => {
                let connected = log_in(name, &parsed, (socket, peer), waker, deadline_ns)?;
                let is_local = matches!(address, ConnectAddress::Socket(_));
                return Ok(connected.map(|connection| Connected {
                    connection,
                    screen: parsed.screen.into(),
                    is_local,
                }));
            }
            Err(error) if super::link::is_woken(&error) => return Ok(Err(Failure::Broken(error))),
            // That of the socket says more than that of the port which is tried after it.
            Err(error) if cause.kind() == ErrorKind::NotFound => cause = error,
            Err(_) => {}
        }
    }
    let reason = match cause.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            "no X server answers there; start it, or name another one"
        }
        ErrorKind::PermissionDenied => "the operating system refuses access to its socket",
        ErrorKind::TimedOut => "the X server did not answer in time",
        _ => "it cannot be reached",
    };
    Err(unavailable(format!("Cannot open the screen {:?}: {reason}", name.as_str())).with_cause(cause.to_string()))
}

type Peer = (Family, Vec<u8>);

fn reach(address: &ConnectAddress<'_>, waker: &Waker, deadline_ns: u64) -> io::Result<(DefaultStream, Peer)> {
    match address {
        ConnectAddress::Hostname(host, port) => {
            let mut last = io::Error::from(ErrorKind::NotFound);
            for address in (*host, *port).to_socket_addrs()? {
                let left = Duration::from_nanos(deadline_ns.saturating_sub(monotonic_ns()).max(1));
                match TcpStream::connect_timeout(&address, left) {
                    Ok(stream) => {
                        stream.set_nodelay(true)?;
                        return DefaultStream::from_tcp_stream(stream);
                    }
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
        ConnectAddress::Socket(path) => DefaultStream::from_unix_stream(reach_socket(path, waker, deadline_ns)?),
        _ => Err(ErrorKind::Unsupported.into()),
    }
}

/// Connects to a socket by its file, or by its abstract name where a container does not have the file.
fn reach_socket(path: &str, waker: &Waker, deadline_ns: u64) -> io::Result<UnixStream> {
    let by_file = reach_address(&SocketAddrUnix::new(path)?, waker, deadline_ns);
    match &by_file {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            let abstract_name = SocketAddrUnix::new_abstract_name(path.as_bytes())?;
            reach_address(&abstract_name, waker, deadline_ns).or(by_file)
        }
        _ => by_file,
    }
}

/// Whether a server listens at a socket; one that is gone may have left its file.
pub(super) fn is_listening(path: &str, waker: &Waker, deadline_ns: u64) -> bool {
    !matches!(reach_socket(path, waker, deadline_ns), Err(error) if error.kind() == ErrorKind::ConnectionRefused)
}

/// Connects without blocking: a server that is stopped accepts nothing, and its socket is full at some time.
fn reach_address(address: &SocketAddrUnix, waker: &Waker, deadline_ns: u64) -> io::Result<UnixStream> {
    const AGAIN_NS: u64 = 20_000_000;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    loop {
        match connect(&socket, address) {
            Ok(()) => return Ok(socket.into()),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if monotonic_ns() < deadline_ns => {
                if wait(None, waker, monotonic_ns().saturating_add(AGAIN_NS).min(deadline_ns))? == Waited::Woken {
                    return Err(ErrorKind::ConnectionAborted.into());
                }
            }
            Err(Errno::AGAIN) => return Err(ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn log_in(
    name: &DisplayName,
    parsed: &ParsedDisplay,
    (socket, (family, address)): (DefaultStream, Peer),
    waker: &Arc<Waker>,
    deadline_ns: u64,
) -> Result<Result<Connection, Failure>> {
    // Without a cookie that can be read the server may still let us in, as it lets in its own user.
    let cookie = get_auth(family, &address, parsed.display);
    let has_file = cookie.is_ok();
    let (method, data) = cookie.ok().flatten().unwrap_or_default();
    let has_cookie = !method.is_empty();
    let link = Link::new(socket, waker, deadline_ns);
    let screen = usize::from(parsed.screen);
    let refuse = |reason: &str| unavailable(format!("Cannot open the screen {:?}: {reason}", name.as_str()));
    match Connection::connect_to_stream_with_auth_info(link, screen, method, data) {
        Ok(connection) if connection.setup().image_byte_order != ImageOrder::LSB_FIRST => {
            Err(refuse("its pixels are in big-endian order, which is not supported"))
        }
        Ok(connection) => Ok(Ok(connection)),
        Err(ConnectError::InvalidScreen) => Err(refuse(&format!("its X server has no screen {screen}"))),
        Err(ConnectError::IoError(error)) if super::link::is_woken(&error) => Ok(Err(Failure::Broken(error))),
        Err(ConnectError::IoError(error)) if error.kind() == ErrorKind::TimedOut => {
            Err(refuse("the X server did not answer in time"))
        }
        Err(ConnectError::SetupFailed(refused)) => {
            let words = String::from_utf8_lossy(&refused.reason).trim_end_matches(['\n', '\0']).to_owned();
            let fix = if words.contains("Maximum number of clients") {
                "its X server has no room for another client; close some"
            } else if has_cookie {
                "its X server does not accept the cookie of this user; let XAUTHORITY name the file that the session uses"
            } else if has_file {
                "its X server lets in only who has its cookie, and the file of cookies has none for it; let XAUTHORITY name \
                 the file that the session uses"
            } else {
                "its X server lets in only who has its cookie, and the file of cookies cannot be read; let XAUTHORITY name \
                 the file that the session uses"
            };
            Err(refuse(fix).with_cause(words))
        }
        Err(error) => Err(refuse("what answers there is no X server that can be used").with_cause(error.to_string())),
    }
}

/// Whether the server draws into a Wayland compositor, so that it knows its own windows only.
pub(super) fn is_xwayland(connection: &Connection) -> Result<bool, Failure> {
    use x11rb::protocol::{randr::ConnectionExt as _, xproto::ConnectionExt as _};
    if connection.query_extension(b"XWAYLAND")?.reply()?.present {
        return Ok(true);
    }
    let Some(root) = connection.setup().roots.first().map(|screen| screen.root) else { return Ok(false) };
    if connection.extension_information(x11rb::protocol::randr::X11_EXTENSION_NAME)?.is_none() {
        return Ok(false);
    }
    let resources = match connection.randr_get_screen_resources_current(root)?.reply() {
        Ok(resources) => resources,
        Err(ReplyError::X11Error(_)) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    for output in resources.outputs {
        let info = connection.randr_get_output_info(output, resources.config_timestamp)?.reply();
        if info.is_ok_and(|info| info.name.starts_with(b"XWAYLAND")) {
            return Ok(true);
        }
    }
    Ok(false)
}
