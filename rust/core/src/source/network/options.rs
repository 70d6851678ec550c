//! Options of network streams. The TypeScript types are generated from these structs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::url::Address;
use crate::{
    base::{
        checks::{check_text, ranges},
        error::{Error, Result},
    },
    pixels::ColourSpace,
};

/// How the packets of an RTSP stream travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "NetworkTransport")]
pub enum Transport {
    /// Within the connection: through any firewall, and nothing is lost on the way.
    #[default]
    Tcp,
    /// In datagrams of their own: never held up by a lost one, which is counted.
    Udp,
}

/// Options of a network stream.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = Self::describe_ranges)]
pub struct NetworkOptions {
    /// Address of the stream: `rtsp://`, or, if the linked FFmpeg has the protocol, `http://`, `https://`, `rtmp://`,
    /// `srt://`, or `udp://` with the local address and port to receive on.
    pub url: String,
    /// Colour space of the frames that observers see.
    #[serde(default)]
    pub colour: ColourSpace,
    /// How the packets of an RTSP stream travel; other streams have one way each.
    #[serde(default)]
    pub transport: Transport,
    /// Name for servers that ask for one; by default that in the address.
    #[serde(default)]
    pub username: Option<String>,
    /// Password that belongs to the name; by default that in the address.
    #[serde(default)]
    pub password: Option<String>,
    /// Milliseconds within which the first frame must come.
    #[serde(default = "default_open_timeout_ms")]
    pub open_timeout_ms: u32,
    /// Largest number of pixels in a frame; a stream with larger frames is refused.
    #[serde(default = "default_max_pixels")]
    pub max_pixels: u32,
}

fn default_open_timeout_ms() -> u32 {
    10_000
}
fn default_max_pixels() -> u32 {
    64 * 1024 * 1024
}

ranges!(NetworkOptions { open_timeout_ms: 100..=60_000, max_pixels: 1..=2_147_483_647 });

impl NetworkOptions {
    /// Those of the stream at `url`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            colour: ColourSpace::default(),
            transport: Transport::default(),
            username: None,
            password: None,
            open_timeout_ms: default_open_timeout_ms(),
            max_pixels: default_max_pixels(),
        }
    }

    /// Checks every field, without touching the network.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field, or `NetworkUnavailable` for a kind of address that nobody knows.
    pub fn check(&self) -> Result<()> {
        self.check_ranges()?;
        self.address().map(drop)
    }

    /// The address, with the credentials that belong to it.
    pub(super) fn address(&self) -> Result<Address> {
        // What they contain is shown to nobody.
        for (field, text) in [("username", &self.username), ("password", &self.password)] {
            if text.as_deref().is_some_and(|text| check_text(field, text).is_err() || text.contains(['\r', '\n'])) {
                let message = format!("Cannot use {field}: it contains a NUL character or a line break");
                return Err(Error::argument(field, message));
            }
        }
        let address = Address::parse(&self.url)?;
        match (&self.username, &self.password) {
            (None, None) => Ok(address),
            (None, Some(_)) => {
                Err(Error::argument("username", "Cannot use password without username: give both, or neither"))
            }
            (Some(name), password) => address.with_credentials(name, password.as_deref().unwrap_or_default()),
        }
    }
}

/// Without anything that is secret.
impl fmt::Debug for NetworkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkOptions")
            .field("colour", &self.colour)
            .field("transport", &self.transport)
            .field("open_timeout_ms", &self.open_timeout_ms)
            .field("max_pixels", &self.max_pixels)
            .finish_non_exhaustive()
    }
}
