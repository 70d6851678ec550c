//! The protocols that FFmpeg speaks for us, and what it may do for an address.

use super::{
    secrets::percent_encoded,
    url::{Address, Scheme},
};
use crate::{
    av::{input_protocols, protocol_has_option},
    base::error::{Error, Result},
};

/// Whether the linked libraries can open addresses of a protocol.
pub(super) fn can_open(scheme: Scheme) -> bool {
    let has = |name: &str| input_protocols().iter().any(|protocol| protocol == name);
    match scheme {
        Scheme::Rtsp | Scheme::Http | Scheme::Udp => true,
        // Without this option FFmpeg would follow a server to any other host.
        Scheme::Https => has("https") && protocol_has_option("https", "max_redirects"),
        Scheme::Rtmp | Scheme::Srt => has(scheme.name()),
    }
}

/// The protocols that FFmpeg may use for an address.
pub(super) const fn allowed(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Rtmp => "rtmp,tcp",
        Scheme::Srt => "srt",
        Scheme::Https => "https,tls,tcp",
        // An empty list would mean "no limit".
        _ => "none",
    }
}

/// The options of FFmpeg's protocol for an address.
///
/// # Errors
///
/// `InvalidArgument` if the query of an address has what is not known.
pub(super) fn options(address: &Address) -> Result<Vec<(String, String)>> {
    match address.scheme {
        Scheme::Srt => srt_options(address),
        // No other address is followed, and a server is who it says.
        Scheme::Https => Ok([("max_redirects", "0"), ("tls_verify", "1")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec()),
        _ => Ok(Vec::new()),
    }
}

/// The address with what FFmpeg needs of the credentials.
pub(super) fn full_url(address: &Address) -> String {
    let Address { scheme, authority, target, credentials, .. } = address;
    let login = credentials.as_ref().map_or(String::new(), |known| {
        format!("{}:{}@", percent_encoded(&known.name, ""), percent_encoded(&known.password, ""))
    });
    let target = if *scheme == Scheme::Srt { "" } else { target };
    format!("{}://{login}{authority}{target}", scheme.name())
}

/// The options in the query of an address of SRT.
fn srt_options(address: &Address) -> Result<Vec<(String, String)>> {
    const KNOWN: [&str; 5] = ["streamid", "passphrase", "pbkeylen", "latency", "mode"];
    let query = address.target.split_once('?').map_or("", |(_, query)| query);
    let mut options = Vec::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if !KNOWN.contains(&&*key) || (key == "mode" && value != "caller") {
            let message = "Cannot use url: of the query of srt:// only streamid, passphrase, pbkeylen, latency and \
                           mode=caller are known";
            return Err(Error::argument("url", message));
        }
        options.push((key.into_owned(), value.into_owned()));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_query_of_srt_only_what_is_known_is_taken() {
        let known = |text: &str| options(&Address::parse(text).unwrap());
        let expected = [("streamid", "read:a b"), ("passphrase", "s3cr3t&@x")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(known("srt://h:1?streamid=read:a+b&passphrase=s3cr3t%26%40x").unwrap(), expected);
        for query in ["mode=listener", "localaddr=1.2.3.4", "mode=rendezvous", "x", "=", "adapter=1.2.3.4", "s3cr3t=1"]
        {
            let error = known(&format!("srt://h:1?{query}")).unwrap_err();
            assert!(error.field.as_deref() == Some("url") && !error.message.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn ffmpeg_gets_names_and_passwords_encoded_once_and_no_query_of_srt() {
        let full = |text: &str| full_url(&Address::parse(text).unwrap());
        assert_eq!(full("rtmp://u:p%40%2F:@h/a/b?c=d"), "rtmp://u:p%40%2F%3A@h/a/b?c=d");
        assert_eq!(full("srt://h:1?passphrase=s3cr3t"), "srt://h:1");
        assert_eq!([allowed(Scheme::Http), allowed(Scheme::Udp), allowed(Scheme::Rtsp)], ["none"; 3]);
    }
}
