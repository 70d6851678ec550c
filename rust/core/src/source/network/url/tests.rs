use super::*;
use crate::source::network::options::NetworkOptions;

fn place(text: &str) -> (String, u16, String) {
    let address = Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (address.host.to_string(), address.port, address.target)
}

fn login(text: &str) -> (String, String) {
    let credentials = Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).credentials.unwrap();
    (credentials.name, credentials.password)
}

#[test]
fn hosts_ports_and_targets_are_taken_as_they_are_written() {
    for (text, host, port, target) in [
        ("rtsp://h", "h", 554, ""),
        ("RTSP://H/", "h", 554, "/"),
        ("rtsp://h:8554/a//b?channel=7&subtype=0", "h", 8554, "/a//b?channel=7&subtype=0"),
        ("rtsp://h?x=1", "h", 554, "?x=1"),
        ("rtsp://h/../a/./b", "h", 554, "/../a/./b"),
        ("rtsp://h/%2e%2E/%00", "h", 554, "/%2e%2E/%00"),
        ("rtsp://h/é", "h", 554, "/%C3%A9"),
        ("rtsp://h:/a", "h", 554, "/a"),
        ("rtsp://[::1]:8554/a", "[::1]", 8554, "/a"),
        ("rtsp://[2001:db8::1]/a", "[2001:db8::1]", 554, "/a"),
        ("rtsp://127.0.0.1:1/a:b;c=d", "127.0.0.1", 1, "/a:b;c=d"),
        ("rtsp://2130706433/a", "127.0.0.1", 554, "/a"),
        ("rtsp://0x7f.1/a", "127.0.0.1", 554, "/a"),
        ("rtsp://bücher.example/a", "xn--bcher-kva.example", 554, "/a"),
        ("http://h/video.mjpg?user=a&x", "h", 80, "/video.mjpg?user=a&x"),
        ("https://h/v", "h", 443, "/v"),
        ("rtmp://h/app/key", "h", 1935, "/app/key"),
        ("srt://h:8890?streamid=read:a", "h", 8890, "?streamid=read:a"),
        ("udp://:5000", "0.0.0.0", 5000, ""),
        ("udp://@:5000", "0.0.0.0", 5000, ""),
        ("udp://127.0.0.1:5000/", "127.0.0.1", 5000, "/"),
    ] {
        assert_eq!(place(text), (host.to_owned(), port, target.to_owned()), "{text}");
    }
}

#[test]
fn names_and_passwords_are_decoded_once_and_may_be_given_apart() {
    for (text, name, password) in [
        ("rtsp://u:p@h/", "u", "p"),
        ("rtsp://u@h/", "u", ""),
        ("rtsp://u:@h/", "u", ""),
        ("rtsp://:p@h/", "", "p"),
        ("rtsp://u:p@ss@h/", "u", "p@ss"),
        ("rtsp://u@x:p@h/", "u@x", "p"),
        ("rtsp://u:p:q@h/", "u", "p:q"),
        ("rtsp://u:p%40%23%2F%3F%25%5E!@h/", "u", "p@#/?%^!"),
        ("rtsp://u:%2540@h/", "u", "%40"),
        ("rtsp://u:100%@h/", "u", "100%"),
        ("rtsp://u:1%zz%4@h/", "u", "1%zz%4"),
        ("rtsp://u:%+1@h/", "u", "%+1"),
        ("rtsp://us%C3%A9r:pä@h/", "usér", "pä"),
        ("rtsp://u:p^!$&'()*+,;=@[::1]:554/a", "u", "p^!$&'()*+,;="),
    ] {
        assert_eq!(login(text), (name.to_owned(), password.to_owned()), "{text}");
    }
    let apart = |url: &str, username: Option<&str>, password: Option<&str>| {
        let (username, password) = (username.map(str::to_owned), password.map(str::to_owned));
        NetworkOptions { username, password, ..NetworkOptions::new(url) }.address()
    };
    let known = apart("rtsp://h/", Some("u"), Some("p@/#")).unwrap().credentials.unwrap();
    assert_eq!((known.name.as_str(), known.password.as_str()), ("u", "p@/#"));
    for (url, username, password, field) in [
        ("rtsp://a:b@h/", Some("u"), Some("p"), "username"),
        ("rtsp://h/", None, Some("p"), "username"),
        ("rtsp://h/", Some("u\r\nX: y"), Some("p"), "username"),
        ("rtsp://h/", Some("u"), Some("p\0"), "password"),
    ] {
        assert_eq!(apart(url, username, password).err().unwrap().field.as_deref(), Some(field));
    }
}

/// Addresses that are refused on `url`. Each holds `s3cr3t`, or parts of it, where a password may stand.
fn refused() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        "/",
        "a",
        "rtsp",
        "rtsp:",
        "rtsp:/",
        "rtsp:h",
        "rtsp:/h/s3cr3t",
        "://h",
        "//u:s3cr3t@h/",
        "u:s3cr3t@h",
        "rtsp://",
        "rtsp:///a",
        "rtsp://u:s3cr3t@/a",
        "rtsp://u:s3cr3t@:554/a",
        "rtsp://?a",
        "rtsp://#a",
        "rtsp://@",
        "rtsp://h:0/",
        "rtsp://h:65536/",
        "rtsp://h:99999999999/",
        "rtsp://h:-1/",
        "rtsp://h:+1/",
        "rtsp://h:1x/",
        "rtsp://h:s3cr3t/",
        "rtsp://h: 1/",
        "rtsp://h:1:2/",
        "rtsp://h:%31/",
        "rtsp://h:０/",
        "rtsp://u:s3/cr3t@h/",
        "rtsp://u:s3?cr3t@h/",
        "rtsp://u:s3#cr3t@h/",
        "rtsp://u:s3\\cr3t@h/",
        "rtsp://u/s3cr3t@h/",
        "rtsp://u:12/s3cr3t@h/",
        "rtsp://u:s3 cr3t@h/",
        "rtsp://u:s3\tcr3t@h/",
        "rtsp://u:s3\ncr3t@h/",
        "rtsp://u:s3%0d%0acr3t@h/",
        "rtsp://u:s3%00cr3t@h/",
        "rtsp://u:s3cr3t%ff@h/",
        "rtsp://u%0a:s3cr3t@h/",
        "rtsp://h/a b",
        "rtsp://h/a\r\nX: y",
        "rtsp://h/\0",
        "rtsp://h/a#s3cr3t",
        "rtsp://h\\@x/",
        "rtsp://h/\u{85}",
        "rtsp://h/\u{2028}",
        "rtsp://h/\"",
        "rtsp://h/<s3cr3t>",
        "rtsp://h/`id`",
        "rtsp://h/^",
        "rtsp://h/{a}",
        "rtsp://h/a|b",
        "rtsp://[::1/",
        "rtsp://::1/",
        "rtsp://[::1]x/",
        "rtsp://[fe80::1%25eth0]/",
        "rtsp://[fe80::1%eth0]/",
        "rtsp://[]/",
        "rtsp://[::1]:0/",
        "rtsp://[g]/",
        "rtsp://[127.0.0.1]/",
        "rtsp://a]/",
        "rtsp://256.1.1.1/",
        "rtsp://1.2.3.4.5/",
        "rtsp://0/",
        "rtsp://0.0.0.0/",
        "rtsp://[::]/",
        "rtsp://[::ffff:0.0.0.0]/",
        "rtsp://224.0.0.1/",
        "rtsp://239.255.12.42:554/",
        "udp://239.1.1.1:5000",
        "udp://224.0.0.1:5000",
        "udp://[ff02::1]:5000",
        "rtsp://[ff0e::1]/",
        "rtsp://[::ffff:239.1.1.1]/",
        "rtsp://255.255.255.255/",
        "udp://255.255.255.255:1",
        "rtsp://h%41/",
        "rtsp://h%00/",
        "rtsp://h%2f/",
        "rtsp://a<b/",
        "rtsp://a|b/",
        "rtsp://a^b/",
        "rtsp://a b/",
        "rtsp://xn--/",
        "udp://h",
        "udp://",
        "udp://:",
        "udp://:5000/a",
        "udp://:5000?localaddr=1.2.3.4",
        "udp://:5000?sources=1.2.3.4",
        "srt://h",
        "srt://h:1/a?passphrase=s3cr3t",
        "srt://:5000",
        "rtmp://h",
        "rtmp://h/",
        "http://h/a.m3u8",
        "http://h/a.M3U8?x=s3cr3t",
        "https://h/a.mpd",
        "http://h/a.m3u",
        "rtsp://h/a.m3u8",
        "hls://h/a",
        "rtsps://u:s3cr3t@h/",
        "rtspu://h/",
        "rtmps://u:s3cr3t@h/a",
        "rtmpt://h/a",
        "rtmpe://h/a",
        "rtp://h:1",
        "srtp://h:1",
        "file:///etc/passwd",
        "FILE://h/s3cr3t",
        "tcp://h:1",
        "tls://h:1",
        "ws://h/",
        "wss://h/",
        "mms://h/",
        "ftp://h/",
        "whep://h/",
        "rist://h:1",
        "rtsp+tcp$://h/",
        "rt sp://h/",
        "rtsp\0://h/",
        "ｒtsp://h/",
        "-://h/s3cr3t\0",
        "http://h\u{ad}\u{200b}:x/",
        "http://h:80:80/",
        "http://u:s3cr3t@h@/x@",
        "http://h/..@s3cr3t",
        "https://h\n/",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push(format!("rtsp://h/{}", "a".repeat(5000)));
    texts.push(format!("{}://h/", "a".repeat(21)));
    texts.push("rtsp://".repeat(600));
    texts
}

#[test]
fn what_is_no_address_of_a_stream_is_refused_and_not_repeated() {
    let texts = refused();
    assert!(texts.len() > 100, "{}", texts.len());
    for text in texts {
        let error = Address::parse(&text).err().unwrap_or_else(|| panic!("{text:?} is taken"));
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("url")), "{text:?}: {error}");
        assert!(!format!("{error:?}").contains("cr3t"), "{error}");
    }
    for name in ["rtsps://h/", "http://h/a.m3u8", "udp://239.0.0.1:1"] {
        assert!(Address::parse(name).err().unwrap().message.contains("MediaMTX"), "{name}");
    }
}

#[test]
fn an_unknown_protocol_is_no_network_source() {
    for text in [
        "invalid://invalid-address",
        "concat://a|b",
        "pipe://0",
        "crypto://h/s3cr3t",
        "subfile://a",
        "gopher://u:s3cr3t@h/",
        "data://text/plain;base64,x",
        "cache://http://h/",
        "async://h",
        "unix:///s3cr3t",
        "javascript://a",
        "v4l2://0",
        "x11grab://0",
        "lavfi://testsrc",
        "ipfs://x",
        "bluray://x",
        "sftp://u:s3cr3t@h/",
        "smb://u:s3cr3t@h/",
    ] {
        let error = Address::parse(text).err().unwrap_or_else(|| panic!("{text} is taken"));
        assert_eq!((error.code, error.field.as_deref()), (Code::NetworkUnavailable, Some("url")), "{text}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let text = "rtsp://u5er:s3cr3t%40%2F+@camera:8554/token-1234567/x?auth=k3y-value&b=s3cr3t";
    let address = Address::parse(text).unwrap();
    assert_eq!(address.safe.to_string(), "rtsp://camera:8554");
    let forms = [
        text,
        "s3cr3t@/+",
        "s3cr3t%40%2F+",
        "s3cr3t%40%2F%2B",
        "s3cr3t%40%2f%2b",
        "dTVlcjpzM2NyM3RALys=",
        "czNjcjN0QC8r",
        "/token-1234567/x",
        "k3y-value",
        "auth=k3y-value&b=s3cr3t",
        "Basic dTVlcjpzM2NyM3RALys=",
        "u5er:s3cr3t%40%2F+",
    ];
    for form in forms {
        let error = address.error(
            Code::NetworkUnavailable,
            &format!("it says {form}"),
            &format!("[rtsp] <{form}> failed\nmore"),
        );
        let shown = format!("{error:?} {error}");
        for secret in ["s3cr3t", "k3y", "token-1", "dTVl", "czNj"] {
            assert!(!shown.contains(secret), "{form}: {shown}");
        }
        assert!(shown.contains("failed") && !shown.contains("more"), "{shown}");
    }
    let options = NetworkOptions {
        username: Some("u5er".to_owned()),
        password: Some("s3cr3t".to_owned()),
        ..NetworkOptions::new(text)
    };
    assert!(!format!("{options:?} {:?}", address.credentials).contains("s3cr3t"));
}
