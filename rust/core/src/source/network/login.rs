//! Name and password for servers that ask for them (RFC 7617, RFC 7616).

use http_auth::{PasswordClient, PasswordParams};

use super::secrets::Credentials;

/// The answer to the challenges of one server.
#[derive(Default)]
pub(super) struct Login {
    client: Option<PasswordClient>,
    /// Whether the server has taken name and password.
    pub(super) was_taken: bool,
}

impl Login {
    /// Takes the challenges of a refusal, the values of `WWW-Authenticate`; `false` if none is of a known kind.
    pub(super) fn challenge<'a>(&mut self, challenges: impl Iterator<Item = &'a str>) -> bool {
        let builder = challenges.fold(PasswordClient::builder(), |builder, value| builder.challenges(value));
        self.client = builder.build().ok();
        self.client.is_some()
    }

    /// The header `Authorization` of a request, if the server has asked for it.
    pub(super) fn authorization(&mut self, credentials: &Credentials, method: &str, uri: &str) -> Option<String> {
        let Credentials { name: username, password } = credentials;
        self.client.as_mut()?.respond(&PasswordParams { username, password, uri, method, body: Some(&[]) }).ok()
    }
}

/// Whether a server says that a challenge was old, and not that the password is wrong.
pub(super) fn is_stale<'a>(mut challenges: impl Iterator<Item = &'a str>) -> bool {
    challenges.any(|value| value.to_ascii_lowercase().replace([' ', '"'], "").contains("stale=true"))
}
