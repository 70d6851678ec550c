//! What the gate changes in requests and responses.

use std::{collections::BTreeMap, net::IpAddr};

use super::{message::Message, transport};
use crate::{
    base::error::{Code, Error},
    source::network::{
        login::{Login, is_stale},
        url::Address,
    },
};

/// A request that waits for its response.
struct Pending {
    request: Message,
    /// Its number in the client's count; `None` if the client has its answer, or asked for nothing.
    client_cseq: Option<u32>,
    /// How often it was sent.
    attempts: u32,
    /// Whether it was last sent with name and password.
    has_login: bool,
}

/// What follows a response.
pub(super) enum Next {
    Nothing,
    /// The server sends datagrams from this port.
    Datagrams(u16),
}

/// The state of both connections.
pub(super) struct Dialogue<'a> {
    address: &'a Address,
    /// How the client calls the stream.
    local: &'a str,
    /// Our port for datagrams, if the stream comes in such.
    datagram_port: Option<u16>,
    peer: IpAddr,
    /// Channel of packets within the server's connection.
    pub(super) channel: Option<u8>,
    pub(super) is_playing: bool,
    /// Whether parameter sets in the description are left out.
    pub(super) is_bare: bool,
    pending: BTreeMap<u32, Pending>,
    cseq: u32,
    login: Login,
    session: Option<String>,
    /// The address by which the stream was started.
    control: Option<String>,
    /// The methods that the server knows.
    public: Option<String>,
}

impl<'a> Dialogue<'a> {
    pub(super) fn new(address: &'a Address, local: &'a str, datagram_port: Option<u16>, peer: IpAddr) -> Self {
        Self {
            address,
            local,
            datagram_port,
            peer,
            channel: None,
            is_playing: false,
            is_bare: false,
            pending: BTreeMap::new(),
            cseq: 0,
            login: Login::default(),
            session: None,
            control: None,
            public: None,
        }
    }

    pub(super) fn report_channel(&self) -> Option<u8> {
        self.channel.and_then(|channel| channel.checked_add(1))
    }

    fn refuse(&self, sentence: &str) -> Error {
        self.address.error(Code::NetworkUnavailable, sentence, "")
    }

    /// Takes a request of the client.
    pub(super) fn take_request(
        &mut self,
        mut request: Message,
        to_server: &mut Vec<u8>,
        to_client: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let cseq = request.cseq();
        let Some((method, uri)) = request.request() else { return Ok(()) };
        let (method, uri) = (method.to_owned(), self.server_uri(uri));
        request.headers.retain(|(key, _)| !["cseq", "authorization"].contains(&key.to_ascii_lowercase().as_str()));
        if let ("SETUP", Some(port)) = (method.as_str(), self.datagram_port) {
            set(&mut request, "Transport", &format!("RTP/AVP;unicast;client_port={port}-{}", port + 1));
        }
        if method == "PLAY" {
            self.control = Some(uri.clone());
        }
        request.line = format!("{method} {uri} RTSP/1.0");
        // Whatever a server thinks of a sign of life, it does not end the stream.
        let is_sign_of_life =
            self.is_playing && ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER"].contains(&method.as_str());
        let client_cseq = cseq.filter(|_| !is_sign_of_life);
        if is_sign_of_life {
            let public = self.public.clone().unwrap_or_else(|| "OPTIONS".to_owned());
            respond(cseq.unwrap_or(0), vec![("Public".to_owned(), public)], Vec::new(), to_client);
        }
        self.send(Pending { request, client_cseq, attempts: 0, has_login: false }, to_server);
        Ok(())
    }

    /// The address by which the server knows what the client calls so. All goes to one server, whatever it is called.
    fn server_uri(&self, uri: &str) -> String {
        match uri.strip_prefix(self.local) {
            Some(rest) if self.address.target.is_empty() && rest.is_empty() => format!("{}/", self.address.plain()),
            Some(rest) => format!("{}{rest}", self.address.plain()),
            None => uri.to_owned(),
        }
    }

    fn send(&mut self, mut pending: Pending, to_server: &mut Vec<u8>) {
        /// Signs of life that were not answered.
        const MOST_PENDING: usize = 16;
        self.cseq += 1;
        let mut request = pending.request.clone();
        request.headers.insert(0, ("CSeq".to_owned(), self.cseq.to_string()));
        let authorization = self.authorization(&request);
        pending.has_login = authorization.is_some();
        if let Some(value) = authorization {
            request.headers.push(("Authorization".to_owned(), value));
        }
        request.write(to_server);
        pending.attempts += 1;
        self.pending.insert(self.cseq, pending);
        if self.pending.len() > MOST_PENDING {
            self.pending.pop_first();
        }
    }

    fn authorization(&mut self, request: &Message) -> Option<String> {
        let (method, uri) = request.request()?;
        self.login.authorization(self.address.credentials.as_ref()?, method, uri)
    }

    /// Takes a message of the server.
    pub(super) fn take_message(
        &mut self,
        mut message: Message,
        to_server: &mut Vec<u8>,
        to_client: &mut Vec<u8>,
    ) -> Result<Next, Error> {
        let Some(status) = message.status() else {
            answer(&message, to_server);
            return Ok(Next::Nothing);
        };
        // A server that does not number its responses answers in order.
        let cseq = message.cseq().or_else(|| self.pending.keys().next().copied()).unwrap_or(0);
        let Some(pending) = self.pending.remove(&cseq) else { return Ok(Next::Nothing) };
        if let (200..=299, Some(public)) = (status, message.header("Public")) {
            self.public = Some(public.to_owned());
        }
        if status == 401 {
            return self.log_in(&message, pending, to_server).map(|()| Next::Nothing);
        }
        self.login.was_taken |= pending.has_login && (200..=299).contains(&status);
        let Some(client_cseq) = pending.client_cseq else { return Ok(Next::Nothing) };
        let method = pending.request.request().map_or("", |(method, _)| method).to_owned();
        if !(200..=299).contains(&status) {
            return Err(self.refusal(status, &method));
        }
        let mut headers = Vec::new();
        let mut next = Next::Nothing;
        match method.as_str() {
            "DESCRIBE" => {
                // Named in other ways, or not at all, it is still what was asked for.
                headers.push(("Content-Type".to_owned(), "application/sdp".to_owned()));
                if self.is_bare {
                    message.body = without_parameter_sets(&message.body);
                }
                let base = ["Content-Base", "Content-Location"].into_iter().find_map(|name| message.header(name));
                let is_whole =
                    |base: &&str| url::Url::parse(base).is_ok_and(|url| url.scheme() == "rtsp" && url.has_host());
                if let Some(base) = base.filter(is_whole) {
                    headers.push(("Content-Base".to_owned(), base.to_owned()));
                }
            }
            "SETUP" => {
                let (name, seconds) = transport::session(message.header("Session").unwrap_or_default());
                headers.push(("Session".to_owned(), format!("{name};timeout={seconds}")));
                self.session = Some(name);
                let (transport, port) = self.transport(&message)?;
                headers.push(("Transport".to_owned(), transport));
                next = port.map_or(Next::Nothing, Next::Datagrams);
            }
            "PLAY" => self.is_playing = true,
            _ => {}
        }
        respond(client_cseq, headers, message.body, to_client);
        Ok(next)
    }

    /// The client's version of the header `Transport`, and the server's port for datagrams.
    fn transport(&mut self, message: &Message) -> Result<(String, Option<u16>), Error> {
        let transport = transport::Transport::parse(message.header("Transport").unwrap_or_default());
        let interleaved = |channel: u8| format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", u16::from(channel) + 1);
        if self.datagram_port.is_none() {
            let Some(channel) = transport.channel.filter(|channel| *channel < 255) else {
                return Err(self.refuse("the server sends no packets within the connection; try `transport: \"udp\"`"));
            };
            self.channel = Some(channel);
            return Ok((interleaved(channel), None));
        }
        if transport.is_multicast || transport.is_foreign(self.peer) {
            return Err(self.refuse(
                "the server names another host for its packets, which is not sent anything; use `transport: \"tcp\"`",
            ));
        }
        let port = transport.server_port.filter(|port| *port < u16::MAX);
        match port {
            Some(port) => Ok((interleaved(0), Some(port))),
            None => Err(self.refuse("the server sends no datagrams; use `transport: \"tcp\"`")),
        }
    }

    /// Sends a request again, with name and password.
    fn log_in(&mut self, message: &Message, pending: Pending, to_server: &mut Vec<u8>) -> Result<(), Error> {
        /// Once without, once with a challenge that has become stale, and once with the new one.
        const MOST_ATTEMPTS: u32 = 3;
        let denied = |sentence: &str| self.address.error(Code::PermissionDenied, sentence, "");
        let challenges = || {
            let headers = message.headers.iter();
            headers.filter(|(key, _)| key.eq_ignore_ascii_case("WWW-Authenticate")).map(|(_, value)| value.as_str())
        };
        if self.address.credentials.is_none() {
            return Err(denied("the server asks for a name and a password; set `username` and `password`"));
        }
        // A challenge that has become old is no wrong password, whether the server says so or not. Cameras lock accounts
        // after a few wrong ones.
        let is_old = is_stale(challenges()) || self.login.was_taken;
        if pending.has_login && !is_old || pending.attempts >= MOST_ATTEMPTS {
            return Err(denied("the server refuses the name or the password"));
        }
        if !self.login.challenge(challenges()) {
            return Err(denied("the server asks for a password in a way that is not known"));
        }
        self.send(pending, to_server);
        Ok(())
    }

    /// Why a server does not give the stream.
    fn refusal(&self, status: u16, method: &str) -> Error {
        let denied = |sentence: &str| self.address.error(Code::PermissionDenied, sentence, &format!("status {status}"));
        let refused = |sentence: &str| {
            self.address.error(Code::NetworkUnavailable, sentence, &format!("status {status} to {method}"))
        };
        match status {
            300..=399 => refused("the server names another address, which is not followed; open that one"),
            403 => denied("the server does not allow it"),
            404 | 410 | 454 => refused("the server has no such stream, or nobody publishes it"),
            453 | 503 => refused("the server has no room for another client"),
            461 => refused("the server does not offer this `transport`"),
            _ => refused("the server refuses it"),
        }
    }

    /// Writes the end of the session; `false` if there is none.
    pub(super) fn end(&mut self, to_server: &mut Vec<u8>) -> bool {
        let Some(session) = self.session.take() else { return false };
        let uri = self.control.clone().unwrap_or_else(|| self.address.plain());
        let headers = vec![("Session".to_owned(), session)];
        let request = Message { line: format!("TEARDOWN {uri} RTSP/1.0"), headers, body: Vec::new() };
        self.send(Pending { request, client_cseq: None, attempts: 0, has_login: false }, to_server);
        true
    }
}

/// A description (SDP) without the parameters of formats that begin with `sprop-`.
fn without_parameter_sets(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let mut lines = Vec::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("a=fmtp:") else {
            lines.push(line.to_owned());
            continue;
        };
        let (format, parameters) = rest.split_once(' ').unwrap_or((rest, ""));
        let kept: Vec<&str> = parameters.split(';').filter(|part| !part.trim().starts_with("sprop-")).collect();
        lines.push(format!("a=fmtp:{format} {}", kept.join(";")));
    }
    (lines.join("\r\n") + "\r\n").into_bytes()
}

fn set(message: &mut Message, name: &str, value: &str) {
    message.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    message.headers.push((name.to_owned(), value.to_owned()));
}

fn respond(cseq: u32, mut headers: Vec<(String, String)>, body: Vec<u8>, out: &mut Vec<u8>) {
    headers.insert(0, ("CSeq".to_owned(), cseq.to_string()));
    Message { line: "RTSP/1.0 200 OK".to_owned(), headers, body }.write(out);
}

/// Answers a request of the server.
fn answer(request: &Message, to_server: &mut Vec<u8>) {
    let Some((method, _)) = request.request() else { return };
    let is_known = ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER"].contains(&method);
    let line = if is_known { "RTSP/1.0 200 OK" } else { "RTSP/1.0 501 Not Implemented" };
    let headers = vec![("CSeq".to_owned(), request.cseq().unwrap_or(0).to_string())];
    Message { line: line.to_owned(), headers, body: Vec::new() }.write(to_server);
}
