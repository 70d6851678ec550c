//! Addresses of network streams: which are taken, and what of them may be shown.

use std::{fmt, net::IpAddr};

use url::Host;

use super::secrets::{Credentials, Secrets};
use crate::base::error::{Code, Error, Result, Stage};

/// Longest address that is taken.
const MOST_BYTES: usize = 4096;

/// What a connection that was lost no longer does.
pub(super) const GO_ON: &str = "go on reading";

/// The bridge to what is not taken.
const BRIDGE: &str = "let a media server such as MediaMTX take it, and open what that offers as rtsp://";

/// A protocol that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Rtsp,
    Udp,
    Srt,
    Rtmp,
    Http,
    Https,
}

impl Scheme {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rtsp => "rtsp",
            Self::Udp => "udp",
            Self::Srt => "srt",
            Self::Rtmp => "rtmp",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn default_port(self) -> Option<u16> {
        match self {
            Self::Rtsp => Some(554),
            Self::Rtmp => Some(1935),
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Udp | Self::Srt => None,
        }
    }
}

/// What may be shown of an address: protocol, host and port. Paths and queries may be keys to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeUrl(String);

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a stream.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) scheme: Scheme,
    pub(super) host: Host<String>,
    pub(super) port: u16,
    /// Host and port as requests name them.
    pub(super) authority: String,
    /// Path and query, byte for byte, or empty.
    pub(super) target: String,
    pub(super) credentials: Option<Credentials>,
    pub(super) secrets: Secrets,
    pub(super) safe: SafeUrl,
}

/// A refusal that repeats nothing of the address.
fn refuse(cause: &str) -> Error {
    Error::argument("url", format!("Cannot use url: {cause}"))
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` on `url`, or `NetworkUnavailable` for a protocol that nobody knows. They repeat nothing of it
    /// but the protocol.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.len() > MOST_BYTES {
            return Err(refuse(&format!("it is longer than {MOST_BYTES} bytes")));
        }
        if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return Err(refuse("it contains a space or a control character; write it as %20 or the like"));
        }
        if text.contains('\\') {
            return Err(refuse("it contains a backslash; write it as %5C"));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(refuse("it is no address such as \"rtsp://host/path\""));
        };
        let scheme = scheme_of(scheme)?;
        if rest.contains('#') {
            return Err(refuse("it contains a #; write it as %23"));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        // A name or a password with a slash would put the rest of itself there.
        if target.contains('@') {
            return Err(refuse("it contains an @ behind the host; write / ? @ in names and passwords as %2F %3F %40"));
        }
        let (user_info, place) = match authority.rsplit_once('@') {
            Some((user_info, place)) => (Some(user_info).filter(|text| !text.is_empty()), place),
            None => (None, authority),
        };
        let (host, port) = place_of(scheme, place)?;
        let credentials = user_info.map(Credentials::of_user_info).transpose()?;
        let target = encoded(target);
        check_target(scheme, &target)?;
        let port_text = if scheme.default_port() == Some(port) && !place.ends_with(&format!(":{port}")) {
            String::new()
        } else {
            format!(":{port}")
        };
        let authority = format!("{host}{port_text}");
        let safe = SafeUrl(format!("{}://{authority}", scheme.name()));
        let secrets = Secrets::new(credentials.as_ref(), user_info, &target);
        let address = Self { scheme, host, port, authority, target, credentials, secrets, safe };
        // What another reader of addresses would find in it must be the same.
        let other = url::Url::parse(&address.plain()).map_err(|_| refuse("it is no address"))?;
        let is_same = other.scheme() == scheme.name()
            && other.port_or_known_default().or(scheme.default_port()) == Some(port)
            && other.username().is_empty()
            && other.password().is_none();
        if is_same { Ok(address) } else { Err(refuse("it can be read in several ways")) }
    }

    /// The same with other credentials.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if the address has credentials, or its protocol knows none.
    pub(super) fn with_credentials(mut self, name: &str, password: &str) -> Result<Self> {
        if self.credentials.is_some() {
            let cause = "Cannot use username: the url has one as well; give it in one place";
            return Err(Error::argument("username", cause));
        }
        let credentials = Credentials { name: name.to_owned(), password: password.to_owned() };
        self.secrets = Secrets::new(Some(&credentials), None, &self.target);
        self.credentials = Some(credentials);
        Ok(self)
    }

    /// The address without credentials.
    pub(super) fn plain(&self) -> String {
        format!("{}://{}{}", self.scheme.name(), self.authority, self.target)
    }

    /// An error with a cause in which nothing secret is left.
    pub(super) fn error(&self, code: Code, sentence: &str, cause: &str) -> Error {
        let action = if code == Code::ConnectionLost { GO_ON } else { "open" };
        let message = self.secrets.redact(&format!("Cannot {action} the stream \"{}\": {sentence}", self.safe));
        Error::new(code, Stage::Source, message).with_cause(self.secrets.redact(cause))
    }
}

fn scheme_of(text: &str) -> Result<Scheme> {
    let scheme = text.to_ascii_lowercase();
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    if scheme.is_empty() || scheme.len() > 20 || !scheme.chars().all(is_word) {
        return Err(refuse("it does not begin with a protocol such as rtsp://"));
    }
    match scheme.as_str() {
        "rtsp" => Ok(Scheme::Rtsp),
        "udp" => Ok(Scheme::Udp),
        "srt" => Ok(Scheme::Srt),
        "rtmp" => Ok(Scheme::Rtmp),
        "http" => Ok(Scheme::Http),
        "https" => Ok(Scheme::Https),
        "file" => Err(refuse("it names a file; open it with a file reader")),
        "rtsps" | "rtspu" | "rtmps" | "rtmpt" | "rtmpe" | "rtmpts" | "rtp" | "srtp" | "hls" | "rist" | "tcp"
        | "tls" | "ws" | "wss" | "whep" | "mms" | "mmsh" | "ftp" => {
            Err(refuse(&format!("streams of {scheme}:// are not read; {BRIDGE}")))
        }
        _ => {
            let message = format!(
                "Cannot open the stream: nothing is known of the protocol {scheme}://; addresses begin with rtsp://, \
                 http://, rtmp://, srt:// or udp://"
            );
            Err(Error::new(Code::NetworkUnavailable, Stage::Source, message).with_field("url"))
        }
    }
}

/// Host and port.
fn place_of(scheme: Scheme, place: &str) -> Result<(Host<String>, u16)> {
    let (host, port) = match place.rfind(':').filter(|colon| !place[*colon..].contains(']')) {
        Some(colon) => (&place[..colon], Some(&place[colon + 1..])),
        None => (place, None),
    };
    let port = match port {
        None | Some("") => scheme.default_port().ok_or_else(|| refuse("it has no port, which its protocol needs"))?,
        Some(text) => {
            text.parse().ok().filter(|port| *port > 0 && text.bytes().all(|digit| digit.is_ascii_digit())).ok_or_else(
                || refuse("its port is no number from 1 to 65535; write : @ in names and passwords as %3A %40"),
            )?
        }
    };
    // Received on any address of this machine.
    let host = if scheme == Scheme::Udp && host.is_empty() { "0.0.0.0" } else { host };
    if host.contains('%') {
        return Err(refuse("its host contains a %, as a zone of IPv6 does; use another address of that machine"));
    }
    let host = Host::parse(host).map_err(|_| refuse("its host is no name or address"))?;
    let ip = match &host {
        Host::Ipv4(ip) => Some(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => Some(ip.to_canonical()),
        Host::Domain(_) => None,
    };
    if ip.is_some_and(|ip| ip.is_multicast() || ip == IpAddr::V4(std::net::Ipv4Addr::BROADCAST)) {
        return Err(refuse(&format!("its host is a multicast address, which is not received; {BRIDGE}")));
    }
    if ip.is_some_and(|ip| ip.is_unspecified()) && scheme != Scheme::Udp {
        return Err(refuse("its host is no address of a machine"));
    }
    Ok((host, port))
}

/// Letters outside ASCII as URLs write them; everything else as it is.
fn encoded(target: &str) -> String {
    let mut text = String::with_capacity(target.len());
    for byte in target.bytes() {
        if byte.is_ascii() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn check_target(scheme: Scheme, target: &str) -> Result<()> {
    let path = target.split('?').next().unwrap_or_default().to_ascii_lowercase();
    if [".m3u8", ".m3u", ".mpd"].iter().any(|end| path.ends_with(end)) {
        return Err(refuse(&format!("it is a playlist, which names other addresses and is seconds late; {BRIDGE}")));
    }
    if target.contains(['"', '<', '>', '`', '^', '{', '}', '|']) {
        return Err(refuse("it contains one of \" < > ` ^ { } |; write it as a % and two digits"));
    }
    match scheme {
        Scheme::Udp if !matches!(target, "" | "/") => Err(refuse("an address of udp:// is only host and port")),
        Scheme::Srt if !matches!(path.as_str(), "" | "/") => {
            Err(refuse("an address of srt:// has no path; its stream is named by ?streamid="))
        }
        Scheme::Rtmp if path.len() < 2 => Err(refuse("an address of rtmp:// needs a path")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
