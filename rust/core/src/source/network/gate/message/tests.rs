use super::*;

fn read_all(bytes: &[u8], piece: usize) -> Result<Vec<Item>, &'static str> {
    let (mut reader, mut items) = (Reader::default(), Vec::new());
    for part in bytes.chunks(piece) {
        reader.feed(part);
        while let Some(item) = reader.next()? {
            items.push(item);
        }
    }
    Ok(items)
}

#[test]
fn messages_and_packets_are_read_in_pieces_of_any_size() {
    let bytes = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nX-A: 1\r\n  2\r\nContent-Length: 4\r\n\r\nv=0\n$\x02\x00\x03abc\r\n\
                  xyzRTSP/1.0 404 Not Found\ncseq:4\n\n$\x00\x00\x00OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n";
    for piece in [1, 2, 3, 7, 1000] {
        let items = read_all(bytes, piece).unwrap();
        let [
            Item::Message(first),
            Item::Data(2, data),
            Item::Message(second),
            Item::Data(0, none),
            Item::Message(last),
        ] = &items[..]
        else {
            panic!("{items:?}")
        };
        assert_eq!((first.status(), first.cseq(), first.header("x-a")), (Some(200), Some(3), Some("1 2")));
        assert_eq!((&first.body[..], &data[..], &none[..]), (&b"v=0\n"[..], &b"abc"[..], &b""[..]));
        assert_eq!((second.status(), second.cseq()), (Some(404), Some(4)));
        assert_eq!((last.request(), last.status()), (Some(("OPTIONS", "*")), None));
    }
}

#[test]
fn nothing_is_read_without_end() {
    let endless = [b"RTSP/1.0 200 OK\r\n".to_vec(), b"X: y\r\n".repeat(100_000)].concat();
    assert_eq!(read_all(&endless, 4096).unwrap_err(), "its reply has endless headers");
    assert_eq!(
        read_all(&[b"RTSP/1.0 ".to_vec(), vec![b'a'; 70_000]].concat(), 4096).unwrap_err(),
        "its reply has endless headers"
    );
    for length in ["1048577", "99999999999999999999", "-1", "x"] {
        let reply = format!("RTSP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n");
        assert!(read_all(reply.as_bytes(), 100).unwrap_err().contains("larger"), "{length}");
    }
    assert_eq!(read_all(&vec![0; 5000], 100).unwrap_err(), "it sends what is no RTSP");
    // Half of anything is waited for.
    for bytes in [&b"$"[..], b"$\0\0", b"$\0\x01\0abc", b"RTSP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabc", b"R"] {
        assert_eq!(read_all(bytes, 2), Ok(vec![]));
    }
}

#[test]
fn a_message_is_written_as_it_is_read() {
    let message = Message {
        line: "RTSP/1.0 200 OK".to_owned(),
        headers: vec![("CSeq".to_owned(), "1".to_owned())],
        body: b"v=0".to_vec(),
    };
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    assert_eq!(read_all(&bytes, 5), Ok(vec![Item::Message(message)]));
}
