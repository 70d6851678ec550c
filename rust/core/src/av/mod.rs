//! FFmpeg, behind owned and safe types. The only module that may touch it; nothing of FFmpeg shows in a signature.
//!
//! Rules: every allocation is checked and owned by exactly one type; C enums stay integers (a file can hold any value);
//! an option that FFmpeg did not take is an error; a path never reaches libavformat.
#![allow(unsafe_code)]

mod avio;
mod buffer_pool;
mod compose;
mod decoder;
mod demuxer;
mod dictionary;
mod encoder;
mod error;
mod extradata;
mod ffi;
mod geometry;
mod graph;
mod library;
mod log;
mod muxer;
mod network;
mod packet;
mod parameters;
mod picture;
mod pixel;
mod pool;
mod rows;
mod samples;
mod scaler;
mod side_data;
mod stereo;
mod supported;
mod turn;
mod variant;
mod video_info;

pub use decoder::Decoder;
pub use demuxer::{Demuxer, DemuxerOptions, StreamInfo, foreign_format};
pub use dictionary::Dictionary;
pub use encoder::{Encoder, EncoderConfig, OpenError};
pub use error::AvError;
pub(crate) use graph::shortened;
pub use graph::{Description, FilterGraph, FilterPolicy, GraphError};
pub use library::{check_versions, configuration, init, licence, version};
pub use muxer::{Muxer, MuxerConfig};
pub use network::{
    Interrupt, NetworkInput, NetworkInputOptions, NetworkOrigin, NetworkStream, input_protocols, protocol_has_option,
};
pub use packet::Packet;
pub use parameters::StreamParameters;
pub use picture::{ColourTags, Picture};
pub use pixel::PixelFormat;
pub use pool::PicturePool;
pub use scaler::{Scaler, Scaling};
pub use supported::encoder_formats;
pub use variant::FfmpegVariant;
pub(crate) use variant::how_to_switch;
pub use video_info::VideoInfo;
pub(crate) use video_info::tags;
