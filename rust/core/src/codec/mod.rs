//! Codecs, the containers that hold them and the encoders that serve them.

#[cfg(feature = "rav1e")]
mod av1_rav1e;
mod encoders;
mod libav;
mod plan;
mod probe;
mod settings;
mod table;
mod variant;

pub use encoders::{EncoderInfo, Quality, encoder_info};
pub use probe::{Capabilities, CodecCapability, EncoderCapability, FfmpegFacts, capabilities};
pub use table::{CODECS, CONTAINERS, Codec, CodecInfo, Container, ContainerInfo};

pub use variant::FfmpegVariant;
pub(crate) use variant::how_to_switch;

pub(crate) use plan::{Packer, Plan, common_format};
pub(crate) use probe::choose_encoder;

use crate::{
    av::{Packet, Picture, StreamParameters, VideoInfo},
    base::{error::Result, time::Rational},
    frame::FrameShape,
    record::options::FileWriterOptions,
};

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
    input: FrameShape,
) -> Result<(Box<dyn Encode>, Plan)> {
    let plan = Plan::new(encoder, options, input)?;
    let shape = plan.coded();
    if encoder.name == encoders::RAV1E {
        return Ok((open_rav1e(options, shape)?, plan));
    }
    let opened = libav::Libav::open(encoder, options, container, shape).map_err(|error| plan.explain(error))?;
    Ok((Box::new(opened), plan))
}

#[cfg(feature = "rav1e")]
fn open_rav1e(options: &FileWriterOptions, shape: VideoInfo) -> Result<Box<dyn Encode>> {
    Ok(Box::new(av1_rav1e::Rav1e::open(options, shape)?))
}

#[cfg(not(feature = "rav1e"))]
fn open_rav1e(_: &FileWriterOptions, _: VideoInfo) -> Result<Box<dyn Encode>> {
    use crate::base::error::{Code, Error, Stage};
    let message = format!("Cannot encode with {:?}: this build leaves it out", encoders::RAV1E);
    Err(Error::new(Code::CodecUnavailable, Stage::Encode, message).with_field("encoder"))
}

/// Frames in a second at `rate`, at least one.
fn frames_per_second(rate: Rational) -> u32 {
    (rate.as_f64().round() as u32).max(1)
}
