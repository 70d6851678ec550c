//! The properties of each encoder, and requests to it.

use serde::Serialize;

use super::{
    super::{
        options::{EncodeOptions, EncoderProfile},
        table::Codec,
    },
    allowed::{AllowedOptions, refused},
};
use crate::{
    av::{FfmpegVariant, Packet, Picture, PixelFormat, StreamParameters, VideoInfo, encoder_formats},
    base::{
        error::{Error, Result},
        time::Rational,
    },
};

/// A scale of constant quality; lower is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QualityScale {
    /// Best.
    pub min: f64,
    /// Worst.
    pub max: f64,
    /// Used when neither quality nor bit rate is asked for.
    pub default: f64,
}

impl QualityScale {
    pub(super) const fn new(min: f64, max: f64, default: f64) -> Self {
        Self { min, max, default }
    }
}

/// The properties of an encoder that are known before it is tried.
#[derive(Debug)]
pub(crate) struct EncoderInfo {
    /// FFmpeg's name, or `rav1e`.
    pub(crate) name: &'static str,
    /// The codec of its packets.
    pub(crate) codec: Codec,
    /// Licence of the encoder's library.
    pub(crate) licence: &'static str,
    /// The bundled variant that alone has it.
    pub(crate) variant: Option<FfmpegVariant>,
    /// Whether it keeps up with live video; one that does not is used for the live profile only when it is named.
    pub(crate) is_realtime: bool,
    /// Words that `preset` may have, fastest first.
    pub(crate) presets: &'static [&'static str],
    /// Preset of the live and of the other profiles; empty if there are no presets.
    pub(crate) default_presets: [&'static str; 2],
    /// Scale of `quality`; none for lossless codecs.
    pub(crate) quality: Option<QualityScale>,
    /// Smallest width in pixels.
    pub(crate) min_width: u32,
    /// Smallest height in pixels.
    pub(crate) min_height: u32,
    /// Raw options that it may be given; `None` if it takes none.
    pub(crate) options: Option<&'static AllowedOptions>,
    /// Whether it codes even sizes only where pixels share chroma: H.264 and HEVC crop by chroma samples, and SVT-AV1
    /// refuses odd sizes.
    pub(crate) has_even_sizes: bool,
    /// Of the pixel formats that it takes, the kinds that its lossless mode keeps; empty if it has no such mode.
    pub(crate) lossless: &'static [Samples],
    /// Least and most frames per second, where it has limits.
    pub(crate) rates: Option<(Rational, Rational)>,
}

/// A kind of pixel formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Samples {
    /// Y'CbCr, or red, green and blue.
    Colour,
    /// The same with transparency.
    Transparent,
    /// Luma alone, or with transparency.
    Grey,
}

impl Samples {
    fn of(format: PixelFormat) -> Self {
        match (format.is_grey(), format.has_alpha()) {
            (true, _) => Self::Grey,
            (false, true) => Self::Transparent,
            (false, false) => Self::Colour,
        }
    }
}

impl EncoderInfo {
    /// Whether it can hold pictures of this size.
    pub(crate) fn holds(&self, (width, height): (u32, u32)) -> bool {
        width >= self.min_width && height >= self.min_height
    }

    /// The pixel formats whose samples its lossless mode keeps.
    pub(crate) fn lossless_formats(&self) -> Vec<PixelFormat> {
        let mut formats = Vec::new();
        for format in encoder_formats(self.name).into_iter().map(PixelFormat::plain) {
            // Decoders return chroma in planes of its own.
            if format.pairs_chroma() {
                continue;
            }
            if self.lossless.contains(&Samples::of(format)) && !formats.contains(&format) {
                formats.push(format);
            }
        }
        formats
    }

    /// Checks the options that depend on the encoder.
    pub(crate) fn check(&self, options: &EncodeOptions) -> Result<()> {
        let name = self.name;
        if let Some(preset) = &options.preset
            && !self.presets.contains(&preset.as_str())
        {
            let fix = if self.presets.is_empty() {
                "it has no presets".to_owned()
            } else {
                format!("it has {}", self.presets.join(", "))
            };
            return Err(Error::argument("preset", format!("Cannot use preset {preset:?} with {name}: {fix}")));
        }
        if let Some(quality) = options.quality
            && let Some(cause) = self.quality_refusal(quality, options)
        {
            return Err(Error::argument("quality", format!("Cannot use quality {quality} with {name}: {cause}")));
        }
        if options.bit_rate.is_some() && options.is_lossless() {
            let message = format!("Cannot use bitRate with {name}: the recording is lossless");
            return Err(Error::argument("bitRate", message));
        }
        if let Some((least, most)) = self.rates
            && !(least.as_f64()..=most.as_f64()).contains(&options.frame_rate.as_f64())
        {
            let rate = options.frame_rate;
            let limit = if rate.as_f64() < least.as_f64() { ("least", least) } else { ("most", most) };
            let message = format!(
                "Cannot use frame rate {rate} with {name}: it takes at {} {} frames a second",
                limit.0, limit.1
            );
            return Err(Error::argument("frameRate", message));
        }
        if options.profile == EncoderProfile::Lossless && self.lossless.is_empty() {
            let fix = "it has no lossless mode; use FFV1, H264, HEVC or VP9";
            return Err(Error::argument("profile", format!("Cannot use profile \"lossless\" with {name}: {fix}")));
        }
        match self.options {
            Some(allowed) => allowed.check(name, &options.raw),
            None => match options.raw.keys().next() {
                Some(option) => Err(refused(name, option, "it takes none; use preset, quality, bitRate and gop")),
                None => Ok(()),
            },
        }
    }

    /// Why it cannot have this quality.
    fn quality_refusal(&self, quality: f64, options: &EncodeOptions) -> Option<String> {
        match self.quality {
            None => Some("it has no constant quality; use bitRate".to_owned()),
            Some(_) if options.is_lossless() => Some("the profile is lossless".to_owned()),
            Some(scale) if !(scale.min..=scale.max).contains(&quality) => {
                Some(format!("it must be {} to {}, lower is better", scale.min, scale.max))
            }
            Some(_) => None,
        }
    }
}

/// One encoder that can be asked for.
pub(crate) trait EncoderKind: Sync {
    /// Its properties.
    fn info(&self) -> &'static EncoderInfo;

    /// How to get it where it is missing.
    fn fix(&self) -> String;

    /// Opens it.
    fn open(&self, request: &EncodeRequest<'_>) -> Result<Box<dyn Encode>>;
}

/// An open encoder: pictures in, packets out, one packet for each picture.
pub(crate) trait Encode: Send {
    /// Encodes a picture whose pts counts frames; `None` is the end. The packets so far must have been received.
    fn send(&mut self, picture: Option<Picture>) -> Result<()>;

    /// The next packet, whose times count frames; `None` until further pictures are sent, or for good after the end.
    fn receive(&mut self) -> Result<Option<Packet>>;

    /// The properties of its packets, for a muxer.
    fn parameters(&self) -> Result<StreamParameters>;
}

/// A request to one encoder, with the defaults of the profile filled in.
pub(crate) struct EncodeRequest<'a> {
    pub(crate) options: &'a EncodeOptions,
    /// The shape of the pictures that are encoded.
    pub(crate) shape: VideoInfo,
    /// Empty if the encoder has no presets.
    pub(crate) preset: &'a str,
    /// Longest distance between key frames in frames.
    pub(crate) gop: u32,
    /// Constant quality; none where a bit rate is asked for, or every sample is kept.
    pub(crate) quality: Option<f64>,
}

impl<'a> EncodeRequest<'a> {
    pub(crate) fn new(info: &'static EncoderInfo, options: &'a EncodeOptions, shape: VideoInfo) -> Self {
        let [live_preset, other_preset] = info.default_presets;
        let preset = if options.is_live() { live_preset } else { other_preset };
        let scale = info.quality.filter(|_| options.bit_rate.is_none() && !options.is_lossless());
        Self {
            options,
            shape,
            preset: options.preset.as_deref().unwrap_or(preset),
            gop: options.gop.unwrap_or_else(|| options.default_gop()),
            quality: scale.map(|scale| options.quality.unwrap_or(scale.default)),
        }
    }
}
