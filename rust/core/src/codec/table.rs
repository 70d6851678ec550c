//! The one table of codecs and containers; everything else reads it.

use serde::{Deserialize, Serialize};

use crate::base::{
    error::{Code, Error, Result, Stage},
    time::Rational,
};

/// Codecs that a target can encode, and the choice to encode nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// H.265.
    Hevc,
    /// H.264.
    H264,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// MPEG-4 Part 2 with the XVID tag.
    Xvid,
    /// FFV1 version 3, lossless.
    Ffv1,
    /// None: the packets of a live source are recorded as they come, bit for bit, from a key frame on.
    Copy,
}

/// Containers that a file can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// MP4, fragmented while it is recorded.
    Mp4,
    /// QuickTime, fragmented while it is recorded.
    Mov,
    /// Matroska.
    Mkv,
    /// WebM.
    Webm,
    /// AVI.
    Avi,
    /// MPEG transport stream.
    Ts,
}

/// One row of the table of containers.
#[derive(Debug)]
pub struct ContainerInfo {
    /// The container.
    pub container: Container,
    /// File extensions that choose it, lower case; the first is the customary one.
    pub extensions: &'static [&'static str],
    /// FFmpeg's name of its muxer.
    pub muxer: &'static str,
}

/// One row of the table of codecs.
#[derive(Debug)]
pub struct CodecInfo {
    /// The codec.
    pub codec: Codec,
    /// Its name in JavaScript: `Codec.HEVC`.
    pub name: &'static str,
    /// Containers that hold it; the first is the customary one.
    pub containers: &'static [Container],
}

/// Every container.
pub const CONTAINERS: &[ContainerInfo] = &[
    ContainerInfo { container: Container::Mp4, extensions: &["mp4", "m4v"], muxer: "mp4" },
    ContainerInfo { container: Container::Mov, extensions: &["mov"], muxer: "mov" },
    ContainerInfo { container: Container::Mkv, extensions: &["mkv"], muxer: "matroska" },
    ContainerInfo { container: Container::Webm, extensions: &["webm"], muxer: "webm" },
    ContainerInfo { container: Container::Avi, extensions: &["avi"], muxer: "avi" },
    ContainerInfo { container: Container::Ts, extensions: &["ts"], muxer: "mpegts" },
];

/// Every codec that can be encoded.
pub const CODECS: &[CodecInfo] = &[
    CodecInfo {
        codec: Codec::Hevc,
        name: "HEVC",
        containers: &[Container::Mp4, Container::Mov, Container::Mkv, Container::Ts],
    },
    CodecInfo {
        codec: Codec::H264,
        name: "H264",
        containers: &[Container::Mp4, Container::Mov, Container::Mkv, Container::Ts],
    },
    CodecInfo { codec: Codec::Vp9, name: "VP9", containers: &[Container::Webm, Container::Mkv, Container::Mp4] },
    CodecInfo { codec: Codec::Av1, name: "AV1", containers: &[Container::Mp4, Container::Mkv, Container::Webm] },
    CodecInfo {
        codec: Codec::Xvid,
        name: "Xvid",
        containers: &[Container::Avi, Container::Mkv, Container::Mp4, Container::Mov],
    },
    CodecInfo { codec: Codec::Ffv1, name: "FFV1", containers: &[Container::Mkv, Container::Avi] },
];

/// What stands for a codec where packets are copied.
pub const COPY: CodecInfo = CodecInfo {
    codec: Codec::Copy,
    name: "Copy",
    containers: &[Container::Mkv, Container::Mp4, Container::Mov, Container::Ts],
};

/// The containers that hold the packets of a source, by FFmpeg's name of their codec.
const COPIED: &[(&str, Codec, &[Container])] = &[
    ("h264", Codec::H264, &[Container::Mkv, Container::Mp4, Container::Mov, Container::Ts]),
    ("hevc", Codec::Hevc, &[Container::Mkv, Container::Mp4, Container::Mov, Container::Ts]),
    ("mjpeg", Codec::Copy, &[Container::Mkv, Container::Mov, Container::Mp4]),
    ("vp8", Codec::Copy, &[Container::Mkv]),
    ("vp9", Codec::Vp9, &[Container::Mkv]),
    ("av1", Codec::Av1, &[Container::Mkv]),
];

impl Codec {
    /// This codec's row.
    #[must_use]
    pub fn info(self) -> &'static CodecInfo {
        CODECS.get(self as usize).unwrap_or(&COPY)
    }

    /// The codec of packets that are copied, by FFmpeg's name; those that cannot be encoded here are `Copy`.
    pub(crate) fn of_copied(name: &str) -> Self {
        COPIED.iter().find(|(copied, ..)| *copied == name).map_or(Self::Copy, |(_, codec, _)| *codec)
    }

    /// Whether it keeps every sample, whatever is asked for.
    pub(crate) const fn is_lossless(self) -> bool {
        matches!(self, Self::Ffv1)
    }

    /// Whether decoders need its parameter sets in front of key frames, unless the container's header has them.
    pub(crate) const fn has_parameter_sets(self) -> bool {
        // AVI has a place for FFV1's; VP9 and AV1 repeat their own in key frames.
        matches!(self, Self::Hevc | Self::H264 | Self::Xvid)
    }
}

impl Container {
    /// Whether each flush completes a fragment of boxes, to be replaced by one index when the file is closed.
    pub(crate) fn is_fragmented(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mov)
    }

    /// The ticks in which it states the times of frames that keep those of a source with ticks of `source`; `None` if it
    /// states no times but only counts frames.
    pub(crate) fn time_base(self, source: Rational) -> Option<Rational> {
        /// Ticks a second of an mp4 that need no rounding: more would leave too few bits for a pause.
        const MOST: i32 = 100_000;
        /// Ticks a second that are fine enough for any source.
        const FINE: i32 = 10_000;
        const MPEG: i32 = 90_000;
        match self {
            Self::Avi => None,
            Self::Ts => Some(Rational::new(1, MPEG)),
            // Readers expect the default of TimestampScale (RFC 9559, 5.1.2.9), which is all that FFmpeg's muxer writes.
            Self::Mkv | Self::Webm => Some(Rational::new(1, 1000)),
            Self::Mp4 | Self::Mov => {
                let den = if (1..=MOST).contains(&source.den) { source.den } else { MPEG };
                Some(Rational::new(1, den * (FINE + den - 1).div_euclid(den)))
            }
        }
    }

    /// The longest time between two frames that it can express, in frames at `rate`. Beyond a year it is no pause but a
    /// clock that was set.
    pub(crate) fn max_gap(self, rate: Rational) -> i64 {
        const YEAR: f64 = 365.0 * 86_400.0;
        match self {
            // The durations of FFmpeg's muxer have 31 bits, and its clock at least 10000 ticks a second (movenc.c).
            Self::Mp4 | Self::Mov => {
                let num = i64::from(rate.num.max(1));
                let doublings = (0..14).find(|bits| num << bits >= 10_000).unwrap_or(14);
                i64::from(i32::MAX) / (i64::from(rate.den.max(1)) << doublings)
            }
            // An empty place for each frame that is missing, of which the muxer takes 60000 in a row (avienc.c).
            Self::Avi => 60_000,
            // The 33 bits of its clock, of which readers take more than half for a step back (ISO/IEC 13818-1, 2.4.3.7).
            Self::Ts => (f64::from(1 << 16) * 0.5 * rate.as_f64()) as i64,
            Self::Mkv | Self::Webm => (YEAR * rate.as_f64()) as i64,
        }
    }

    /// This container's row.
    #[must_use]
    pub fn info(self) -> &'static ContainerInfo {
        &CONTAINERS[self as usize]
    }

    /// The tag that it must carry for a codec, where FFmpeg's choice plays in fewer players.
    pub(crate) const fn tag(self, codec: Codec) -> Option<[u8; 4]> {
        match (self, codec) {
            // `hvc1`: parameter sets in the header, which Apple's players insist on.
            (Self::Mp4 | Self::Mov, Codec::Hevc) => Some(*b"hvc1"),
            (Self::Avi, Codec::Xvid) => Some(*b"XVID"),
            _ => None,
        }
    }

    /// Refuses packets of a codec, called as FFmpeg calls it, that this container does not hold.
    ///
    /// # Errors
    ///
    /// `ContainerMismatch` naming the extensions that fit, or `InvalidArgument` if there are none.
    pub(crate) fn check_copied(self, path: &str, codec: &str) -> Result<()> {
        let Some((_, _, containers)) = COPIED.iter().find(|(copied, ..)| *copied == codec) else {
            let message = format!(
                "Cannot copy the packets of this source to {path:?}: {codec} cannot be copied; choose a codec that encodes"
            );
            return Err(Error::argument("codec", message));
        };
        if containers.contains(&self) {
            return Ok(());
        }
        let message = format!(
            "Cannot copy the packets of this source to {path:?}: .{} does not hold {codec}; use {}",
            self.info().extensions[0],
            extensions(containers),
        );
        Err(Error::new(Code::ContainerMismatch, Stage::Options, message).with_field("path"))
    }

    /// The container that `path`'s extension names, in any case, if it can hold `codec`.
    ///
    /// # Errors
    ///
    /// `ContainerMismatch` naming the extensions that fit.
    pub fn for_path(path: &str, codec: Codec) -> Result<Self> {
        let extension = std::path::Path::new(path)
            .extension()
            .map(|extension| extension.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        let named = CONTAINERS.iter().find(|info| info.extensions.contains(&extension.as_str()));
        if let Some(info) = named
            && codec.info().containers.contains(&info.container)
        {
            return Ok(info.container);
        }
        let fitting = extensions(codec.info().containers);
        let name = if codec == Codec::Copy { "the packets of a source" } else { codec.info().name };
        let cause = if extension.is_empty() {
            "it has no extension".to_owned()
        } else if codec == Codec::Copy && extension == "avi" {
            ".avi counts frames and has no place for their times".to_owned()
        } else if named.is_some() {
            format!(".{extension} cannot hold {name}")
        } else {
            format!(".{extension} names no container")
        };
        Err(Error::new(
            Code::ContainerMismatch,
            Stage::Options,
            format!("Cannot write {name} to {path:?}: {cause}; use {fitting}"),
        )
        .with_field("path"))
    }
}

/// The extensions of containers, for messages.
fn extensions(containers: &[Container]) -> String {
    let extensions = containers.iter().flat_map(|container| container.info().extensions);
    extensions.map(|extension| format!(".{extension}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_their_variants() {
        for (index, info) in CODECS.iter().enumerate() {
            assert_eq!(info.codec as usize, index);
        }
        for (index, info) in CONTAINERS.iter().enumerate() {
            assert_eq!(info.container as usize, index);
        }
    }

    #[test]
    fn the_ticks_of_an_mp4_are_those_of_the_source_or_parts_of_them() {
        let ticks = |num, den| Container::Mp4.time_base(Rational::new(num, den)).map(|base| base.den);
        let rows = [(1, 90_000, 90_000), (1001, 30_000, 30_000), (1, 15_360, 15_360), (1, 25, 10_000), (1, 3, 10_002)];
        for (num, den, expected) in rows {
            assert_eq!(ticks(num, den), Some(expected));
            assert!(expected % den == 0 && expected >= 10_000);
        }
        for den in [1_000_000, 1_000_000_000, 0] {
            assert_eq!(ticks(1, den), Some(90_000));
        }
    }

    #[test]
    fn the_extension_is_read_in_any_case_and_only_after_the_last_dot() {
        assert_eq!(Container::for_path("/a/b.MP4", Codec::Hevc).unwrap(), Container::Mp4);
        for bad in ["a.mp4.rrr", "xxmp4", ".mp4", "a.webm", ""] {
            let error = Container::for_path(bad, Codec::Hevc).unwrap_err();
            assert_eq!(error.code, Code::ContainerMismatch, "{bad}");
            assert!(error.message.contains(".mp4, .m4v, .mov, .mkv, .ts"), "{}", error.message);
        }
    }
}
