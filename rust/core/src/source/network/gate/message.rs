//! What travels on an RTSP connection, read with a limit for everything.

/// Most bytes of a status or request line with its headers.
const MOST_HEAD: usize = 64 * 1024;

/// Most bytes of a body: descriptions of streams have some hundreds.
const MOST_BODY: usize = 1024 * 1024;

/// Most bytes between messages that belong to none.
const MOST_JUNK: usize = 4096;

/// A request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// The first line.
    pub(super) line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// The first header of a name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The status, if it is a response.
    pub(super) fn status(&self) -> Option<u16> {
        let rest = self.line.strip_prefix("RTSP/")?;
        rest.split_ascii_whitespace().nth(1)?.parse().ok()
    }

    /// Method and address, if it is a request.
    pub(super) fn request(&self) -> Option<(&str, &str)> {
        let mut words = self.line.split_ascii_whitespace();
        let request = (words.next()?, words.next()?);
        words.next()?.starts_with("RTSP/").then_some(request)
    }

    pub(super) fn cseq(&self) -> Option<u32> {
        self.header("CSeq")?.trim().parse().ok()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.line.as_bytes());
        out.extend_from_slice(b"\r\n");
        for (key, value) in &self.headers {
            out.extend_from_slice(format!("{key}: {value}\r\n").as_bytes());
        }
        if !self.body.is_empty() {
            out.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
    }
}

/// Something read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    Message(Message),
    /// A packet on a channel.
    Data(u8, Vec<u8>),
}

/// Reads a connection piece by piece.
#[derive(Default)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    /// Bytes at the beginning that are read.
    at: usize,
    /// Bytes in which the end of a head was looked for.
    searched: usize,
    junk: usize,
}

impl Reader {
    /// Takes bytes from the connection.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next thing, if all of it is there; a sentence if there is none to come.
    pub(super) fn next(&mut self) -> Result<Option<Item>, &'static str> {
        loop {
            let Some(rest) = self.bytes.get(self.at..).filter(|rest| !rest.is_empty()) else { return Ok(None) };
            match rest {
                [b'$', channel, high, low, tail @ ..] => {
                    let length = usize::from(u16::from_be_bytes([*high, *low]));
                    let Some(data) = tail.get(..length) else { return Ok(None) };
                    let item = Item::Data(*channel, data.to_vec());
                    self.advance(4 + length);
                    return Ok(Some(item));
                }
                [b'$', ..] => return Ok(None),
                [b'\r' | b'\n', ..] => self.advance(1),
                _ if begins_message(rest) => return self.message(),
                _ => {
                    self.junk += 1;
                    if self.junk > MOST_JUNK {
                        return Err("it sends what is no RTSP");
                    }
                    self.advance(1);
                }
            }
        }
    }

    fn advance(&mut self, count: usize) {
        self.at += count;
        self.searched = 0;
    }

    fn message(&mut self) -> Result<Option<Item>, &'static str> {
        let rest = &self.bytes[self.at..];
        let from = self.searched.saturating_sub(3);
        let Some((head_length, end)) = end_of_head(rest, from) else {
            self.searched = rest.len();
            return if rest.len() > MOST_HEAD { Err("its reply has endless headers") } else { Ok(None) };
        };
        if head_length > MOST_HEAD {
            return Err("its reply has endless headers");
        }
        let head = String::from_utf8_lossy(&rest[..head_length]);
        let mut lines = head.lines();
        let line = lines.next().unwrap_or_default().trim().to_owned();
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), headers.last_mut()) {
                // Folded, as old servers do.
                value.push(' ');
                value.push_str(line.trim());
            } else if let Some((key, value)) = line.split_once(':') {
                headers.push((key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        let mut message = Message { line, headers, body: Vec::new() };
        let length = match message.header("Content-Length").map(str::parse::<usize>) {
            None => 0,
            Some(Ok(length)) if length <= MOST_BODY => length,
            Some(_) => return Err("its reply is larger than any description of a stream"),
        };
        let Some(body) = rest.get(end..end + length) else { return Ok(None) };
        message.body = body.to_vec();
        message.headers.retain(|(key, _)| !key.eq_ignore_ascii_case("Content-Length"));
        self.advance(end + length);
        Ok(Some(Item::Message(message)))
    }
}

/// Whether a response begins there, or a request of a method that a peer may send.
fn begins_message(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 11] = [
        b"RTSP/",
        b"OPTIONS ",
        b"DESCRIBE ",
        b"SETUP ",
        b"PLAY ",
        b"PAUSE ",
        b"TEARDOWN ",
        b"GET_PARAMETER ",
        b"SET_PARAMETER ",
        b"ANNOUNCE ",
        b"REDIRECT ",
    ];
    BEGINNINGS.iter().any(|word| {
        let length = word.len().min(bytes.len());
        bytes[..length] == word[..length]
    })
}

/// Bytes of a head, and of a head with the empty line behind it.
fn end_of_head(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    for at in from..bytes.len() {
        if bytes[at] == b'\n' {
            match &bytes[at + 1..] {
                [b'\n', ..] => return Some((at + 1, at + 2)),
                [b'\r', b'\n', ..] => return Some((at + 1, at + 3)),
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
