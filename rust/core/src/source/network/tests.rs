use super::{options::Transport, *};

#[test]
fn options_have_defaults_and_ranges() {
    let options: NetworkOptions = serde_json::from_str(r#"{"url":"rtsp://h/a"}"#).unwrap();
    options.check().unwrap();
    assert_eq!((options.transport, options.open_timeout_ms, options.max_pixels), (Transport::Tcp, 10_000, 64 << 20));
    let all = r#"{"url":"rtsp://h/","colour":"bgra","transport":"udp","username":"u","password":"p","openTimeoutMs":99,"maxPixels":1}"#;
    let options: NetworkOptions = serde_json::from_str(all).unwrap();
    assert_eq!(options.check().unwrap_err().field.as_deref(), Some("openTimeoutMs"));
    serde_json::from_str::<NetworkOptions>(r#"{"url":"rtsp://h/","passwort":"s3cr3t"}"#).unwrap_err();
    serde_json::from_str::<NetworkOptions>(r#"{"url":"rtsp://h/","transport":"multicast"}"#).unwrap_err();
}

#[test]
fn a_source_is_named_without_secrets() {
    let (_, setup) = open(&NetworkOptions::new("rtsp://u5er:s3cr3t@h:8554/k3y?t=k3y")).unwrap();
    assert_eq!((setup.name.as_str(), setup.info.container.as_str()), ("the stream \"rtsp://h:8554\"", "rtsp"));
    assert_eq!((setup.offline, setup.first_frame_ns), (Code::NetworkUnavailable, 10_000_000_000));
    let refused = open(&NetworkOptions::new("srt://h:1?mode=listener&passphrase=s3cr3t")).err().unwrap();
    assert!(refused.code == Code::InvalidArgument && !refused.message.contains("s3cr3t"), "{refused}");
    assert!(protocols().starts_with(&["rtsp", "http"]));
}
