//! The header `Transport` of RTSP (RFC 2326, 12.39).

use std::net::IpAddr;

/// What a server answers to SETUP.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Transport {
    /// Channel of packets within the connection; that of reports is the next.
    pub(super) channel: Option<u8>,
    /// Port of the server's packets.
    pub(super) server_port: Option<u16>,
    /// Host from which packets come, if it is stated.
    pub(super) source: Option<String>,
    pub(super) is_multicast: bool,
}

impl Transport {
    /// Reads the header; parameters may come in any order.
    pub(super) fn parse(header: &str) -> Self {
        let mut transport = Self::default();
        for part in header.split(';').map(str::trim) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_matches('"');
            let first = value.split('-').next().unwrap_or_default();
            match key.trim().to_ascii_lowercase().as_str() {
                "interleaved" => transport.channel = first.parse().ok(),
                "server_port" => transport.server_port = first.parse().ok().filter(|port| *port > 0),
                "source" if !value.is_empty() => transport.source = Some(value.to_owned()),
                "multicast" => transport.is_multicast = true,
                _ => {}
            }
        }
        transport
    }

    /// Whether packets come from a host other than `peer`. The name of a host may be any.
    pub(super) fn is_foreign(&self, peer: IpAddr) -> bool {
        let Some(source) = &self.source else { return false };
        source.trim_matches(['[', ']']).parse::<IpAddr>().map_or(true, |ip| {
            // A server that does not know its own address says 0.0.0.0.
            !ip.is_unspecified() && ip.to_canonical() != peer.to_canonical()
        })
    }
}

/// The name of a session and the seconds after which it ends without a sign of life.
pub(super) fn session(header: &str) -> (String, u32) {
    /// What RFC 2326 says where nothing is stated.
    const DEFAULT_SECONDS: u32 = 60;
    let mut parts = header.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_owned();
    let seconds = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let seconds = value.trim().parse::<u32>().ok()?;
        (key.trim().eq_ignore_ascii_case("timeout") && seconds > 0).then_some(seconds)
    });
    (name, seconds.unwrap_or(DEFAULT_SECONDS).clamp(2, DEFAULT_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_in_any_order() {
        let transport = Transport::parse("RTP/AVP/TCP;unicast;ssrc=1234;interleaved=4-5");
        assert_eq!(transport, Transport { channel: Some(4), ..Transport::default() });
        let transport = Transport::parse("RTP/AVP; source=127.0.0.3 ;SERVER_PORT=9000-9001; client_port=1-2");
        assert_eq!((transport.server_port, transport.source.as_deref()), (Some(9000), Some("127.0.0.3")));
        assert!(Transport::parse("RTP/AVP;multicast;destination=239.0.0.1;port=1-2").is_multicast);
        assert_eq!(Transport::parse("RTP/AVP;interleaved=256-257;server_port=0-1").channel, None);
        assert_eq!(Transport::parse(";;=;interleaved;source="), Transport::default());
    }

    #[test]
    fn a_source_is_the_peer_or_foreign() {
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        let is_foreign = |source: &str| Transport::parse(&format!("RTP/AVP;source={source}")).is_foreign(peer);
        assert_eq!(["127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", ""].map(is_foreign), [false; 4]);
        assert_eq!(["127.0.0.3", "localhost", "::1", "1"].map(is_foreign), [true; 4]);
    }

    #[test]
    fn a_session_has_a_name_and_a_sane_time() {
        for (header, expected) in [
            ("12;timeout=30", ("12", 30)),
            ("12 ; Timeout = 5 ;x", ("12", 5)),
            ("a;x=1;timeout=20", ("a", 20)),
            ("a;timeout=0", ("a", 60)),
            ("a;timeout=1", ("a", 2)),
            ("a;timeout=99999", ("a", 60)),
            ("a;timeout=x", ("a", 60)),
            ("", ("", 60)),
        ] {
            let (name, seconds) = session(header);
            assert_eq!((name.as_str(), seconds), expected, "{header}");
        }
    }
}
