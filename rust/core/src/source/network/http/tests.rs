use super::*;

#[test]
fn chunks_are_joined_in_pieces_of_any_size() {
    let bytes = b"4\r\nabcd\r\n3;x=y\r\nefg\r\n0A\r\n0123456789\r\n0\r\n\r\nbehind";
    for piece in [1, 2, 3, 5, 100] {
        let (mut chunks, mut out, mut goes_on) = (Chunks::default(), Vec::new(), true);
        for part in bytes.chunks(piece) {
            goes_on = chunks.feed(part, &mut out).unwrap();
        }
        assert_eq!((String::from_utf8(out).unwrap().as_str(), goes_on), ("abcdefg0123456789", false), "{piece}");
    }
    for bad in ["x\r\n", "-1\r\n", "99999999999999999999\r\n", "\r\n"] {
        Chunks::default().feed(bad.as_bytes(), &mut Vec::new()).unwrap_err();
    }
    Chunks::default().feed(&[b'1'; 2000], &mut Vec::new()).unwrap_err();
}

#[test]
fn only_addresses_of_the_same_host_are_followed() {
    let address = Address::parse("http://127.0.0.1:8080/a/b?c=d").unwrap();
    for (place, expected) in [
        ("/x?y=z", Some("/x?y=z")),
        ("x", Some("/a/x")),
        ("http://127.0.0.1:8080/x", Some("/x")),
        ("http://127.0.0.1/x", None),
        ("http://127.0.0.2:8080/x", None),
        ("//127.0.0.2:8080/x", None),
        ("https://127.0.0.1:8080/x", None),
        ("http://u:p@127.0.0.1:8080/x", None),
        ("file:///etc/passwd", None),
        ("rtsp://127.0.0.1:8080/x", None),
    ] {
        assert_eq!(same_host(&address, place).as_deref(), expected, "{place}");
    }
}

#[test]
fn a_head_is_read_or_none() {
    let head = Head::parse("HTTP/1.0 401 No\r\nWWW-Authenticate: Basic\r\nwww-authenticate:Digest x\r\nnone").unwrap();
    assert_eq!((head.status, head.all("www-authenticate").collect::<Vec<_>>()), (401, vec!["Basic", "Digest x"]));
    for text in ["", "HTTP/1.1", "RTSP/1.0 200 OK", "HTTP/1.1 abc"] {
        assert_eq!(Head::parse(text), None, "{text}");
    }
}
