//! What HTTP servers send without end: asked for by a client of our own, which follows no address to another host and
//! reads nothing without a limit.

use std::{io, time::Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout_at,
};

use super::{
    connect::connect,
    login::{Login, is_stale},
    url::Address,
};
use crate::base::error::{Code, Error};

/// Most bytes of the head of a response.
const MOST_HEAD: usize = 64 * 1024;

/// Requests for one stream: once without a password, once with it, and along addresses of the same host.
const MOST_REQUESTS: usize = 5;

/// A response whose body goes on.
pub(super) struct Response {
    /// The media type, in small letters and without parameters.
    pub(super) kind: String,
    pub(super) body: Body,
}

/// The body of a response.
pub(super) struct Body {
    stream: TcpStream,
    framing: Framing,
    /// Bytes that came with the head.
    early: Vec<u8>,
}

/// How the end of a body is known.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    /// The connection is closed.
    Close,
    /// So many bytes are left.
    Length(u64),
    Chunks(Chunks),
}

impl Body {
    /// Appends what came next to `out`; `false` at the end.
    pub(super) async fn read(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let mut piece = vec![0; 64 * 1024];
        loop {
            let bytes = if self.early.is_empty() {
                let count = self.stream.read(&mut piece).await?;
                if count == 0 {
                    return Ok(false);
                }
                piece[..count].to_vec()
            } else {
                std::mem::take(&mut self.early)
            };
            let before = out.len();
            let goes_on = match &mut self.framing {
                Framing::Close => {
                    out.extend_from_slice(&bytes);
                    true
                }
                Framing::Length(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    out.extend_from_slice(&bytes[..count]);
                    *left -= count as u64;
                    *left > 0
                }
                Framing::Chunks(chunks) => chunks.feed(&bytes, out)?,
            };
            if out.len() > before || !goes_on {
                return Ok(goes_on || out.len() > before);
            }
        }
    }
}

/// Asks for a stream until its body begins.
pub(super) async fn get(address: &Address, until: Instant) -> Result<Response, Error> {
    let silent = || address.error(Code::NetworkUnavailable, "the server does not answer", "");
    timeout_at(until.into(), get_without_end(address, until)).await.unwrap_or_else(|_| Err(silent()))
}

async fn get_without_end(address: &Address, until: Instant) -> Result<Response, Error> {
    let unreachable =
        |sentence: &str, error: &io::Error| address.error(Code::NetworkUnavailable, sentence, &error.to_string());
    let mut target =
        if address.target.starts_with('/') { address.target.clone() } else { format!("/{}", address.target) };
    let mut login = Login::default();
    let mut has_login = false;
    for _ in 0..MOST_REQUESTS {
        let mut stream = connect(address, until)
            .await
            .map_err(|error| unreachable("it cannot be reached; check host, port and network", &error))?;
        let authorization = address.credentials.as_ref().and_then(|known| login.authorization(known, "GET", &target));
        has_login |= authorization.is_some();
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: giftgrab/{}\r\nAccept: */*\r\nConnection: close\r\n{}\r\n",
            address.authority,
            env!("CARGO_PKG_VERSION"),
            authorization.map_or(String::new(), |value| format!("Authorization: {value}\r\n")),
        );
        stream.write_all(request.as_bytes()).await.map_err(|error| unreachable("the connection ended", &error))?;
        let (head, early) = read_head(address, &mut stream).await?;
        match head.status {
            200 => return response(address, stream, &head, early),
            401 => {
                let denied = |sentence: &str| address.error(Code::PermissionDenied, sentence, "");
                if address.credentials.is_none() {
                    return Err(denied("the server asks for a name and a password; set `username` and `password`"));
                }
                if has_login && !is_stale(head.all("www-authenticate")) {
                    return Err(denied("the server refuses the name or the password"));
                }
                if !login.challenge(head.all("www-authenticate")) {
                    return Err(denied("the server asks for a password in a way that is not known"));
                }
            }
            301 | 302 | 303 | 307 | 308 => {
                let place = head.all("location").next().unwrap_or_default();
                target = same_host(address, place).ok_or_else(|| {
                    let sentence = "the server names another address, which is not followed; open that one";
                    address.error(Code::NetworkUnavailable, sentence, &format!("status {}", head.status))
                })?;
            }
            status => return Err(refusal(address, status)),
        }
    }
    Err(address.error(Code::NetworkUnavailable, "the server sends from one address to the next", ""))
}

fn refusal(address: &Address, status: u16) -> Error {
    let (code, sentence) = match status {
        403 => (Code::PermissionDenied, "the server does not allow it"),
        404 | 410 => (Code::NetworkUnavailable, "the server has no such stream"),
        503 => (Code::NetworkUnavailable, "the server has no room for another client"),
        _ => (Code::NetworkUnavailable, "the server refuses it"),
    };
    address.error(code, sentence, &format!("status {status}"))
}

/// Path and query of an address on the same host; `None` for any other.
fn same_host(address: &Address, place: &str) -> Option<String> {
    let base = url::Url::parse(&address.plain()).ok()?;
    let other = base.join(place).ok()?;
    let is_same = other.origin() == base.origin() && other.username().is_empty() && other.password().is_none();
    is_same.then(|| other[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
}

fn response(address: &Address, stream: TcpStream, head: &Head, early: Vec<u8>) -> Result<Response, Error> {
    let kind = head.all("content-type").next().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let length = head.all("content-length").next().and_then(|text| text.parse().ok());
    let is_chunked = head.all("transfer-encoding").any(|value| value.to_ascii_lowercase().contains("chunked"));
    let refuse =
        |sentence: &str| Err(address.error(Code::NetworkUnavailable, sentence, &format!("content type {kind}")));
    if kind.contains("mpegurl") || kind == "application/dash+xml" {
        return refuse("it is a playlist, which names other addresses; let a media server such as MediaMTX take it");
    }
    if kind.starts_with("text/") || kind == "application/json" {
        return refuse("it is a page, and no stream");
    }
    if kind == "image/jpeg" && length.is_some() && !is_chunked {
        return refuse("it is a single picture, and no stream");
    }
    let framing = match length {
        _ if is_chunked => Framing::Chunks(Chunks::default()),
        // Some servers state the length of the first picture, and go on.
        Some(length) if !kind.starts_with("multipart/") => Framing::Length(length),
        _ => Framing::Close,
    };
    Ok(Response { kind, body: Body { stream, framing, early } })
}

/// Status and headers of a response.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The values of a header, whose name is given in small letters.
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut words = lines.next()?.split_ascii_whitespace();
        let is_http = words.next()?.starts_with("HTTP/");
        let status = words.next()?.parse().ok().filter(|_| is_http)?;
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().to_owned())).collect();
        Some(Self { status, headers })
    }
}

/// Reads the head of a response; the bytes behind it are returned too.
async fn read_head(address: &Address, stream: &mut TcpStream) -> Result<(Head, Vec<u8>), Error> {
    let fault = |sentence: &str, cause: &str| address.error(Code::NetworkUnavailable, sentence, cause);
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let from = bytes.len().saturating_sub(3_usize);
        let count = stream.read(&mut piece).await.map_err(|error| fault("the connection ended", &error.to_string()))?;
        if count == 0 {
            return Err(fault("the server closed the connection", ""));
        }
        bytes.extend_from_slice(&piece[..count]);
        if bytes.len() >= 5 && !bytes.starts_with(b"HTTP/") {
            return Err(fault("the server speaks no HTTP", ""));
        }
        let crlf =
            bytes[from..].windows(4).position(|window| window == b"\r\n\r\n").map(|at| (from + at, from + at + 4));
        let lf = bytes[from..].windows(2).position(|window| window == b"\n\n").map(|at| (from + at, from + at + 2));
        if let Some((end, begin)) = crlf.into_iter().chain(lf).min() {
            let early = bytes.split_off(begin);
            let head = Head::parse(&String::from_utf8_lossy(&bytes[..end]));
            return head.map(|head| (head, early)).ok_or_else(|| fault("the server speaks no HTTP", ""));
        }
        if bytes.len() > MOST_HEAD {
            return Err(fault("its reply has endless headers", ""));
        }
    }
}

/// Takes the framing of chunks away (RFC 9112, 7.1).
#[derive(Debug, Default, PartialEq, Eq)]
struct Chunks {
    /// Bytes left of the chunk.
    left: u64,
    /// The line that is being read.
    line: Vec<u8>,
    /// Whether a chunk has come before.
    has_begun: bool,
    is_over: bool,
}

impl Chunks {
    /// Appends the content of `bytes` to `out`; `false` at the end.
    fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> io::Result<bool> {
        /// A number and what may stand behind it.
        const MOST_LINE: usize = 1024;
        while let (false, [first, tail @ ..]) = (self.is_over, bytes) {
            if self.left > 0 {
                let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                out.extend_from_slice(&bytes[..count]);
                self.left -= count as u64;
                bytes = &bytes[count..];
                continue;
            }
            bytes = tail;
            if *first != b'\n' {
                self.line.push(*first);
                if self.line.len() > MOST_LINE {
                    return Err(io::Error::from(io::ErrorKind::InvalidData));
                }
                continue;
            }
            let line = String::from_utf8_lossy(&self.line).trim().to_owned();
            self.line.clear();
            // The line break behind a chunk.
            if line.is_empty() && self.has_begun {
                continue;
            }
            let number = line.split(';').next().unwrap_or_default().trim();
            self.left = u64::from_str_radix(number, 16).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            self.has_begun = true;
            self.is_over = self.left == 0;
        }
        Ok(!self.is_over)
    }
}

#[cfg(test)]
mod tests;
