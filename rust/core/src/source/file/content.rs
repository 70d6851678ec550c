//! What a file is that is no video, as far as its first bytes and FFmpeg show it.

use std::sync::Arc;

use crate::{
    av,
    base::error::{Code, Error, Stage},
    storage::Storage,
};

/// Bytes that are looked at.
const HEAD: usize = 512;

/// The beginnings of files that people take for videos, and what these are.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a ZIP archive: unpack it first"),
    (b"\x1f\x8b", "compressed by gzip: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"#EXTM3U", "a playlist, which only names other files: open one of these"),
    (b"version https://git-lfs", "a pointer of Git LFS: get the file itself by `git lfs pull`"),
    (b"\0\x05\x16\x07", "what macOS keeps beside a file (AppleDouble): open the one without \"._\" in its name"),
    (b"<", "text with tags, such as the page by which a server answers: look at it in an editor"),
];

/// FFmpeg's names of formats that only name other files.
const PLAYLISTS: &[&str] = &["hls", "dash", "concat", "imf", "sdp"];

/// FFmpeg's names of formats that hold sound and nothing else.
const SOUND: &[&str] =
    &["mp3", "wav", "w64", "flac", "aac", "aiff", "ac3", "eac3", "amr", "ape", "caf", "dts", "au", "tta", "wv"];

/// The beginnings of files that hold sound and nothing else, and what these are; not every FFmpeg can read them.
const SOUND_SIGNATURES: &[(&[u8], &str)] = &[(b"ID3", "mp3"), (b"fLaC", "flac")];

/// The kind of sound that begins so.
fn sound(head: &[u8]) -> Option<&'static str> {
    // The form of a RIFF file stands behind its length.
    let is_wave = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE");
    let known = SOUND_SIGNATURES.iter().find(|(begin, _)| head.starts_with(begin));
    known.map(|(_, what)| *what).or(is_wave.then_some("wav"))
}

/// The error of a file that is no video, or `error` if nothing shows that.
pub(super) fn explained(path: &str, storage: &Arc<dyn Storage>, error: Error) -> Error {
    if !matches!(error.code, Code::InvalidData | Code::NoVideo) {
        return error;
    }
    let mut head = [0; HEAD];
    let length = storage.read_at(&mut head, 0).unwrap_or(0);
    let head = &head[..length];
    if let Some(what) = signature(head) {
        return refused(Code::InvalidData, format!("Cannot read {path:?}: it is {what}"), error);
    }
    if error.code == Code::NoVideo {
        return error;
    }
    if let Some(what) = sound(head) {
        return only_sound(path, what, error);
    }
    let Some(format) = av::foreign_format(storage) else { return error };
    if PLAYLISTS.contains(&format.as_str()) {
        let what = "a playlist, which only names other files: open one of these";
        return refused(Code::InvalidData, format!("Cannot read {path:?}: it is {what}"), error);
    }
    if SOUND.contains(&format.as_str()) {
        return only_sound(path, &format, error);
    }
    let message =
        format!("Cannot read {path:?}: FFmpeg takes it for {format:?}, which is not among the formats read here");
    refused(Code::InvalidData, message, error)
}

fn only_sound(path: &str, what: &str, error: Error) -> Error {
    refused(Code::NoVideo, format!("Cannot read {path:?}: it holds sound ({what}) and no video"), error)
}

fn refused(code: Code, message: String, error: Error) -> Error {
    Error { code, message, stage: Stage::Source, ..error }
}

fn signature(head: &[u8]) -> Option<&'static str> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if let Some((_, what)) = SIGNATURES.iter().find(|(begin, _)| head.starts_with(begin) || text.starts_with(begin)) {
        return Some(what);
    }
    if !head.is_empty() && head.iter().all(|byte| *byte == 0) {
        return Some("empty: it begins with zeros, as files do whose content never came to the disk");
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80;
    let is_utf8 = std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true);
    (!head.is_empty() && is_utf8 && head.iter().all(is_text)).then_some("plain text: look at it in an editor")
}

#[cfg(test)]
mod tests {
    use super::{signature, sound};

    #[test]
    fn sound_is_known_by_its_beginning() {
        for (head, what) in [
            (&b"ID3\x04\0"[..], Some("mp3")),
            (b"fLaC\0\0", Some("flac")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("wav")),
            (b"RIFF\x24\0\0\0AVI LIST", None),
            (b"RIFF", None),
        ] {
            assert_eq!(sound(head), what, "{head:?}");
        }
    }

    #[test]
    fn files_that_are_no_video_are_known_by_their_beginning() {
        for (head, what) in [
            (&b"PK\x03\x04\x14\0"[..], "ZIP"),
            (b"<!DOCTYPE html>", "tags"),
            (b"\xef\xbb\xbf\r\n <html>", "tags"),
            (b"%PDF-1.7", "PDF"),
            (b"#EXTM3U\n", "playlist"),
            (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
            (b"\0\x05\x16\x07\0\x02\0\0Mac OS X", "AppleDouble"),
            (b"Sehr geehrte Damen", "plain text"),
            ("größer".as_bytes(), "plain text"),
            (&[0; 64], "zeros"),
        ] {
            assert!(signature(head).is_some_and(|found| found.contains(what)), "{what}");
        }
        for head in [&b""[..], b"\0\0\0\x20ftypisom", b"\x1a\x45\xdf\xa3", b"RIFF\x10\0\0\0AVI ", b"\x47\x40\x11\x10"] {
            assert_eq!(signature(head), None, "{head:?}");
        }
    }
}
