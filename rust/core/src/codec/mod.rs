//! Codecs, the containers that hold them and the encoders that serve them.

mod adapt;
mod av1_rav1e;
mod libav;
mod plan;
mod probe;
mod settings;
mod table;

pub use probe::{Capabilities, CodecCapability, EncoderCapability, FfmpegFacts, capabilities};
pub use settings::{EncoderInfo, Quality, encoder_info};
pub use table::{CODECS, CONTAINERS, Codec, CodecInfo, Container, ContainerInfo};

pub(crate) use adapt::{Adapter, number as matrix_number};
pub(crate) use plan::{Packer, Plan};
pub(crate) use probe::choose_encoder;

use crate::{
    av::{ColourTags, Packet, Picture, PixelFormat, StreamParameters},
    error::Result,
    target::options::FileWriterOptions,
    time::Rational,
};

/// The shape of frames, or of the pictures that an encoder gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixel format.
    pub format: PixelFormat,
    /// Colour and shape tags.
    pub tags: ColourTags,
    /// Views of a frame, each of this shape; 1 unless it is a stereo frame.
    pub views: u32,
}

impl Shape {
    /// A picture's shape.
    #[must_use]
    pub fn of(picture: &Picture) -> Self {
        Self {
            width: picture.width(),
            height: picture.height(),
            format: picture.format(),
            tags: picture.tags(),
            views: 1,
        }
    }
}

/// An open encoder: pictures in, packets out, one packet for each picture.
pub(crate) trait Encode: Send {
    /// Gives it a picture whose pts counts frames, or with `None` the end.
    fn send(&mut self, picture: Option<Picture>) -> Result<()>;

    /// Takes the next packet, whose times count frames; `None` if it has none now, or after the end none any more.
    fn receive(&mut self) -> Result<Option<Packet>>;

    /// What a muxer must know of its packets.
    fn parameters(&self) -> Result<StreamParameters>;
}

/// Opens the encoder that `options` ask for; `input` is what the source gives, the plan what the encoder must get.
pub(crate) fn open_encoder(
    encoder: &EncoderInfo,
    options: &FileWriterOptions,
    container: Container,
    input: Shape,
) -> Result<(Box<dyn Encode>, Plan)> {
    let plan = Plan::new(encoder, options, input)?;
    let shape = plan.coded();
    if encoder.name == av1_rav1e::NAME {
        return Ok((Box::new(av1_rav1e::Rav1e::open(options, shape)?), plan));
    }
    let opened = libav::Libav::open(encoder, options, container, shape).map_err(|error| plan.explain(error))?;
    Ok((Box::new(opened), plan))
}

/// Frames in a second at `rate`, at least one.
fn frames_per_second(rate: Rational) -> u32 {
    (rate.as_f64().round() as u32).max(1)
}
