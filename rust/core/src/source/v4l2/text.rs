//! Texts of drivers: bytes up to a zero, in no particular encoding.

/// The text as it can be shown: what is no text is replaced, and spaces around it are left out.
pub(super) fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let shown = String::from_utf8_lossy(bytes);
    let shown: String = shown.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_a_text_that_can_be_shown() {
        assert_eq!(text(b"HD Camera  \0junk"), "HD Camera");
        assert_eq!(text(&[0xff, 0xfe, b'a']), "\u{fffd}\u{fffd}a");
        // A name that was cut in the middle of a letter.
        assert_eq!(text("Kamera \u{e4}".as_bytes().split_last().unwrap().1), "Kamera \u{fffd}");
        assert_eq!(text(b"two\nlines\x1b[2J"), "two\u{fffd}lines\u{fffd}[2J");
        assert_eq!(text(&[b'x'; 32]), "x".repeat(32));
    }
}
