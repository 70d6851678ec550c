//! Codecs, the containers that hold them and the encoders that serve them.
//!
//! An encoder knows no file and no container: `EncoderChoice` opens one for frames of some shape, and an output asks
//! `ContainerStream` how its container carries the packets.

mod capabilities;
mod choice;
mod container_stream;
mod encoder;
mod encoders;
mod lossless;
mod options;
mod probe;
mod stereo_packer;
mod table;

pub use capabilities::{Capabilities, CodecCapability, EncoderCapability, FfmpegInfo, capabilities};
pub use encoders::{QualityScale, encoder_names};
pub use options::EncoderProfile;
pub use table::{CODECS, CONTAINERS, COPY, Codec, CodecInfo, Container, ContainerInfo};

pub(crate) use choice::EncoderChoice;
pub(crate) use container_stream::ContainerStream;
pub(crate) use encoder::{EncodedStream, Encoder};
pub(crate) use options::EncodeOptions;
pub(crate) use stereo_packer::Loss;
