//! Names and passwords, and how they are kept out of every message.

use std::fmt;

use crate::base::error::{Error, Result};

/// Name and password for a server.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) name: String,
    pub(super) password: String,
}

/// Shows neither.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// Those in front of the host of an address, each percent-decoded once.
    pub(super) fn of_user_info(text: &str) -> Result<Self> {
        let (name, password) = text.split_once(':').unwrap_or((text, ""));
        match (decoded(name), decoded(password)) {
            (Some(name), Some(password)) => Ok(Self { name, password }),
            _ => {
                let message = "Cannot use url: the name or password in it contains a control character or is not UTF-8";
                Err(Error::argument("url", message))
            }
        }
    }
}

/// A text with its %-sequences decoded; a % that begins none stands for itself. `None` if that gives no text for a header.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        let code = code.filter(|_| tail.first().is_some_and(u8::is_ascii_hexdigit));
        match code.filter(|_| *first == b'%') {
            Some(code) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

/// A text with everything but letters and digits percent-encoded, or only what must be.
pub(super) fn percent_encoded(text: &str, keep: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || keep.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The texts that no message may contain.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Those of an address: its credentials in every form, what stood in front of its host, its path and its query.
    pub(super) fn new(credentials: Option<&Credentials>, user_info: Option<&str>, target: &str) -> Self {
        let mut texts = Vec::new();
        if let Some(Credentials { name, password }) = credentials {
            for keep in ["", "-._~", "-._~!$&'()*+,;=", "-._~!$&'()*+,;=:@"] {
                let encoded = percent_encoded(password, keep);
                texts.push(encoded.to_lowercase());
                texts.push(encoded);
            }
            texts.push(password.clone());
            texts.push(base64(format!("{name}:{password}").as_bytes()));
            texts.push(base64(password.as_bytes()));
        }
        if let Some(user_info) = user_info {
            texts.extend(user_info.split_once(':').map(|(_, password)| password.to_owned()));
            texts.push(user_info.to_owned());
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        texts.push(query.to_owned());
        for value in query.split(['&', ';']).filter_map(|pair| pair.split_once('=')).map(|(_, value)| value) {
            texts.extend(decoded(value));
            texts.push(value.to_owned());
        }
        // Shorter ones are parts of ordinary words.
        texts.extend(path.split('/').filter(|part| part.len() >= 8).map(str::to_owned));
        texts.push(target.to_owned());
        texts.retain(|text| text.len() >= 2);
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self(texts)
    }

    /// A text without any of them, of one line and of a bounded length.
    pub(super) fn redact(&self, text: &str) -> String {
        const MOST_LETTERS: usize = 300;
        let mut text = text.lines().next().unwrap_or_default().to_owned();
        for secret in &self.0 {
            text = text.replace(secret, "…");
        }
        text.chars().filter(|letter| !letter.is_control()).take(MOST_LETTERS).collect()
    }
}

/// As RFC 4648 has it.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index)) as usize & 63];
            text.push(if index <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}
