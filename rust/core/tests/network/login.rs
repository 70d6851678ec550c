//! Servers that ask for a name and a password.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use giftgrab_core::error::Code;

use super::{
    open, options,
    script::{reply, server, usual},
};

#[test]
fn a_wrong_password_is_tried_once_and_shown_nowhere() {
    for (challenge, scheme) in [
        ("WWW-Authenticate: Basic realm=\"x\"\r\n", "Basic "),
        ("WWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n", "Digest "),
        ("WWW-Authenticate: Digest realm=\"x\", nonce=\"1\", algorithm=SHA-256, qop=\"auth\"\r\n", "Digest "),
        ("WWW-Authenticate: Unknown x\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n", "Digest "),
    ] {
        let attempts = Arc::new(AtomicUsize::new(0));
        let counted = attempts.clone();
        let url = server(move |request| {
            if let Some(login) = request.header("Authorization") {
                assert!(login.starts_with(scheme) && !login.contains("s3cr3t"), "{login}");
                counted.fetch_add(1, SeqCst);
            }
            reply(request, "401 Unauthorized", challenge, "")
        });
        let options = options(&url.replace("rtsp://", "rtsp://u5er:s3cr3t%40@"));
        super::rtsp::check_refused(
            challenge,
            &options,
            Code::PermissionDenied,
            "refuses the name or the password",
            &[],
        );
        assert_eq!(attempts.load(SeqCst), 1, "{challenge}");
    }
}

#[test]
fn a_challenge_that_has_become_old_ends_no_stream_and_targets_are_sent_byte_for_byte() {
    let count = Arc::new(AtomicUsize::new(0));
    let url = server(move |request| {
        let number = count.fetch_add(1, SeqCst);
        let nonce = format!("nonce=\"{}\"", number / 3);
        match request.header("Authorization") {
            Some(login) if login.contains(&nonce) => {
                assert!(login.contains(&format!("uri=\"{}\"", request.uri())), "{login}");
                assert!(request.uri().contains("/a//b?c=d&e=%2f"), "{}", request.uri());
                usual(request)
            }
            _ => reply(request, "401 Unauthorized", &format!("WWW-Authenticate: Digest realm=\"x\", {nonce}\r\n"), ""),
        }
    });
    let url = url.replace("rtsp://", "rtsp://u:p@").replace("/a", "/a//b?c=d&e=%2f");
    let mut open = open(&options(&url)).0.unwrap();
    assert_eq!(open.frames(3, Duration::from_secs(2)).0, 3);
}
