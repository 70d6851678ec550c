//! The pixel format in which an encoder keeps every sample of a frame: its own, or another one to which the conversion
//! is exact. Which conversions are, depends on the linked FFmpeg: it is found out by trying one, not by listing them.

use super::{encoders::EncoderInfo, table::Codec};
use crate::{
    av::{Picture, PixelFormat, VideoInfo},
    base::error::{Error, Result},
    frame::converter::Converter,
};

/// Width and height of the pictures that are tried.
const TRIAL: (u32, u32) = (64, 64);

/// A format in which an encoder codes frames of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LosslessFormat {
    pub(super) format: PixelFormat,
    /// Whether the frames have transparency that it leaves out.
    pub(super) drops_alpha: bool,
}

/// The format in which `info` keeps the samples of pictures in `input`.
///
/// # Errors
///
/// `InvalidArgument` naming what keeps them, if there is none.
pub(super) fn lossless_format(info: &EncoderInfo, input: PixelFormat) -> Result<LosslessFormat> {
    let input = input.plain();
    let kept = |format| LosslessFormat { format, drops_alpha: false };
    let mut formats = info.lossless_formats();
    if formats.contains(&input) {
        return Ok(kept(input));
    }
    // The smallest first; those of one size in the encoder's own order.
    formats.sort_by_key(|format| format.total_bits());
    if let Some(format) = formats.iter().find(|format| keeps_samples(input, **format)) {
        return Ok(kept(*format));
    }
    // What draws or captures such pictures mostly fills alpha up; no codec but FFV1 has a place for it.
    let is_filled = matches!(input, PixelFormat::BGRA | PixelFormat::RGBA) && formats.contains(&PixelFormat::GBRP);
    if is_filled {
        return Ok(LosslessFormat { format: PixelFormat::GBRP, drops_alpha: true });
    }
    Err(refused(info, input, &formats))
}

/// Whether pictures in `to` can hold every sample of pictures in `from`, and the conversion puts them there.
fn keeps_samples(from: PixelFormat, to: PixelFormat) -> bool {
    if from == PixelFormat::PAL8 {
        // Each place of a palette is a colour with transparency.
        return matches!(to, PixelFormat::BGRA | PixelFormat::RGBA);
    }
    to.has_room_for(from) && is_exact(from, to).unwrap_or(false)
}

/// Whether a conversion of noise from one format to the other keeps each sample as it is, or there and back returns it.
fn is_exact(from: PixelFormat, to: PixelFormat) -> Result<bool> {
    let Ok(source) = Picture::noise(from, TRIAL.0, TRIAL.1) else { return Ok(false) };
    let convert = |picture: &Picture, format| {
        let shape = VideoInfo::of(picture).converted(format, TRIAL.0, TRIAL.1);
        Converter::new(shape).convert(picture)
    };
    let is_same =
        |other: &Picture| (0..from.components()).all(|component| source.samples(component) == other.samples(component));
    let there = convert(&source, to)?;
    Ok(is_same(&there) || is_same(&convert(&there, from)?))
}

fn refused(info: &EncoderInfo, input: PixelFormat, formats: &[PixelFormat]) -> Error {
    let (name, input) = (info.name, input.name());
    let keeps = formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
    let fix = if info.codec == Codec::Ffv1 {
        "no conversion to these is exact, so choose one by a filter such as format=gbrp16le"
    } else {
        "use FFV1, which keeps more, or choose one of these by a filter such as format=yuv420p"
    };
    let message = format!("Cannot record {input} losslessly with {name}: it keeps {keeps}; {fix}");
    Error::argument(if info.codec == Codec::Ffv1 { "codec" } else { "profile" }, message)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{encoders::encoders_of, table::CODECS},
        *,
    };

    fn ffv1() -> &'static EncoderInfo {
        encoders_of(Codec::Ffv1).next().unwrap().info()
    }

    fn format(name: &str) -> PixelFormat {
        PixelFormat::named(name).unwrap_or_else(|| panic!("{name} is no pixel format"))
    }

    #[test]
    fn packed_and_swapped_formats_are_coded_as_others_of_the_same_samples() {
        for (input, coded) in [
            ("yuv420p", "yuv420p"),
            ("yuvj444p", "yuv444p"),
            ("yuyv422", "yuv422p"),
            ("uyvy422", "yuv422p"),
            ("nv12", "yuv420p"),
            ("nv24", "yuv444p"),
            ("p010le", "yuv420p10le"),
            ("yuv422p12be", "yuv422p12le"),
            ("bgr24", "bgr0"),
            ("rgb24", "bgr0"),
            ("rgba", "bgra"),
            ("pal8", "bgra"),
            ("gray16le", "gray16le"),
            ("gray16be", "gray16le"),
            ("monob", "gray"),
            ("ya8", "ya8"),
            ("gbrp12be", "gbrp12le"),
        ] {
            let found = lossless_format(ffv1(), format(input)).unwrap_or_else(|error| panic!("{input}: {error}"));
            assert_eq!((found.format.name().as_str(), found.drops_alpha), (coded, false), "{input}");
        }
        let deep = lossless_format(ffv1(), format("rgb48be")).unwrap().format.name();
        assert!(["gbrp16le", "rgb48le"].contains(&deep.as_str()), "{deep}");
    }

    #[test]
    fn what_no_format_of_the_encoder_holds_is_refused_with_those_that_it_keeps() {
        for input in ["xyz12le", "xyz12be"] {
            let error = lossless_format(ffv1(), format(input)).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("codec"), "{input}");
            assert!(error.message.contains("yuv444p16le"), "{}", error.message);
            assert!(!error.message.contains("use FFV1"), "{}", error.message);
        }
    }

    #[test]
    fn every_encoder_keeps_only_formats_that_it_takes() {
        let all = CODECS.iter().flat_map(|info| encoders_of(info.codec)).map(|kind| kind.info());
        for info in all.filter(|info| !info.lossless.is_empty()) {
            let formats = info.lossless_formats();
            // An encoder that this FFmpeg does not have takes none.
            assert!(formats.is_empty() || formats.contains(&PixelFormat::YUV420P), "{}", info.name);
            if formats.contains(&PixelFormat::GBRP) {
                let found = lossless_format(info, PixelFormat::BGRA).unwrap();
                assert_eq!(found, LosslessFormat { format: PixelFormat::GBRP, drops_alpha: true }, "{}", info.name);
            }
        }
    }
}
