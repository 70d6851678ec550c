//! Pictures out of a stream of JPEGs: by their markers (ITU-T T.81, B.1), because what servers put between them, such as
//! boundaries and lengths, is often missing or wrong.

/// Most bytes of a picture.
const MOST_BYTES: usize = 64 * 1024 * 1024;

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

/// A picture of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Jpeg {
    Whole(Vec<u8>),
    /// It has no end, or no sense.
    Damaged,
}

/// Divides a stream into pictures.
#[derive(Default)]
pub(super) struct Splitter {
    bytes: Vec<u8>,
    /// How far the picture at the beginning was read; 0 before one has begun.
    at: usize,
    /// Whether that is within the data of a scan.
    in_scan: bool,
}

/// A step through a picture.
enum Step {
    To(usize, bool),
    /// The picture ends there.
    End(usize),
    /// It goes no further, and something else begins there.
    Broken(usize),
    NeedsMore,
}

impl Splitter {
    /// Takes bytes of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next picture, if it is there.
    pub(super) fn next(&mut self) -> Option<Jpeg> {
        loop {
            if self.at == 0 && !self.begin() {
                return None;
            }
            match self.step() {
                Step::To(at, in_scan) => (self.at, self.in_scan) = (at, in_scan),
                Step::End(end) => {
                    let rest = self.bytes.split_off(end);
                    let picture = std::mem::replace(&mut self.bytes, rest);
                    (self.at, self.in_scan) = (0, false);
                    return Some(Jpeg::Whole(picture));
                }
                // Nothing but a beginning, before another one.
                Step::Broken(2) => {
                    self.bytes.drain(..2);
                    self.at = 0;
                }
                Step::Broken(end) => {
                    self.bytes.drain(..end);
                    (self.at, self.in_scan) = (0, false);
                    return Some(Jpeg::Damaged);
                }
                Step::NeedsMore if self.bytes.len() > MOST_BYTES => {
                    self.bytes.clear();
                    (self.at, self.in_scan) = (0, false);
                    return Some(Jpeg::Damaged);
                }
                Step::NeedsMore => return None,
            }
        }
    }

    /// Drops everything before the beginning of a picture; `false` if there is none yet.
    fn begin(&mut self) -> bool {
        let begin = self.bytes.windows(3).position(|window| window == [0xff, SOI, 0xff]);
        // A beginning may be cut.
        let end = begin.unwrap_or_else(|| self.bytes.len().saturating_sub(2));
        self.bytes.drain(..end);
        self.at = if begin.is_some() { 2 } else { 0 };
        begin.is_some()
    }

    fn step(&self) -> Step {
        let rest = &self.bytes[self.at..];
        if self.in_scan {
            let Some(offset) = rest.iter().position(|byte| *byte == 0xff) else {
                return if rest.is_empty() { Step::NeedsMore } else { Step::To(self.bytes.len(), true) };
            };
            return match rest.get(offset + 1) {
                None if offset == 0 => Step::NeedsMore,
                None => Step::To(self.at + offset, true),
                // Stuffing, and restarts of the coder.
                Some(0 | 0xd0..=0xd7) => Step::To(self.at + offset + 2, true),
                Some(0xff) => Step::To(self.at + offset + 1, true),
                Some(_) => Step::To(self.at + offset, false),
            };
        }
        match rest {
            [0xff, 0xff, ..] => Step::To(self.at + 1, false),
            [0xff, EOI, ..] => Step::End(self.at + 2),
            [0xff, SOI, ..] => Step::Broken(self.at),
            [0xff, 0x01 | 0xd0..=0xd7, ..] => Step::To(self.at + 2, false),
            [0xff, marker @ 0xc0..=0xff, high, low, ..] => match u16::from_be_bytes([*high, *low]) {
                0 | 1 => Step::Broken(self.at + 2),
                length => {
                    let end = self.at + 2 + usize::from(length);
                    if end <= self.bytes.len() { Step::To(end, *marker == SOS) } else { Step::NeedsMore }
                }
            },
            [0xff] | [] | [0xff, 0xc0..=0xff] | [0xff, 0xc0..=0xff, _] => Step::NeedsMore,
            _ => Step::Broken(self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture with a thumbnail in its first segment, and with stuffing and a restart in its scan.
    fn jpeg(number: u8) -> Vec<u8> {
        let mut bytes = vec![0xff, SOI, 0xff, 0xe0, 0, 8, 0xff, SOI, 0xff, EOI, 0, 0];
        bytes.extend([0xff, 0xff, 0xda, 0, 3, 0, number, 0xff, 0, 1, 0xff, 0xd0, 2, 0xff, EOI]);
        bytes
    }

    fn split(bytes: &[u8], piece: usize) -> Vec<Jpeg> {
        let (mut splitter, mut pictures) = (Splitter::default(), Vec::new());
        for part in bytes.chunks(piece) {
            splitter.feed(part);
            pictures.extend(std::iter::from_fn(|| splitter.next()));
        }
        pictures
    }

    #[test]
    fn pictures_are_found_whatever_stands_between_them() {
        let dialects: [(&[u8], &[u8]); 7] = [
            (b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: 27\r\n\r\n", b"\r\n"),
            (b"----b\r\ncontent-type:image/jpeg\r\n\r\n", b"\r\n"),
            (b"b\n\n", b""),
            (b"", b""),
            (b"", b"\xff\xff\xd9\0\0\0\0"),
            (b"Content-Length: 99999999\r\n\r\n", b"\xff\xd9\r\n--b--\r\n"),
            (b"\xff\xd8", b"\xff\xd9\xff\xd9"),
        ];
        for (before, behind) in dialects {
            let stream: Vec<u8> = (0..3).flat_map(|number| [before, &jpeg(number), behind].concat()).collect();
            for piece in [1, 2, 5, 1000] {
                let expected: Vec<Jpeg> = (0..3).map(|number| Jpeg::Whole(jpeg(number))).collect();
                assert_eq!(split(&stream, piece), expected, "{:?} {piece}", String::from_utf8_lossy(before));
            }
        }
    }

    #[test]
    fn a_picture_without_an_end_is_damaged_and_the_next_one_is_not() {
        let stream = [&jpeg(0)[..20], b"\r\n--b\r\n\r\n", &jpeg(1), &[0xff, SOI, 0xff, 0xe0, 0, 0], &jpeg(2)].concat();
        for piece in [1, 3, 1000] {
            let expected = [Jpeg::Damaged, Jpeg::Whole(jpeg(1)), Jpeg::Damaged, Jpeg::Whole(jpeg(2))];
            assert_eq!(split(&stream, piece), expected);
        }
        assert_eq!(split(&vec![0; 100_000], 4096), []);
    }
}
