//! An open encoder and the conversion before it: views of frames in, packets out.

use super::{
    encoders::{Encode, EncodeRequest, EncoderKind},
    options::EncodeOptions,
    stereo_packer::{Loss, StereoPacker},
    table::Codec,
};
use crate::{
    av::{Packet, Picture, StreamParameters, VideoInfo},
    base::{error::Result, time::Rational},
    frame::FrameShape,
    pixels::StereoPacking,
};

/// The properties of the packets of an open encoder, for its outputs.
#[derive(Debug, Clone)]
pub(crate) struct EncodedStream {
    pub(crate) codec: Codec,
    /// Name of the encoder.
    pub(crate) encoder: &'static str,
    /// For the muxer, without a container's tag; the extradata has the parameter sets, the packets need not.
    pub(crate) parameters: StreamParameters,
    /// The coded pictures.
    pub(crate) shape: VideoInfo,
    /// How two views are packed in each picture.
    pub(crate) stereo: Option<StereoPacking>,
    /// Frames per second.
    pub(crate) frame_rate: Rational,
    /// Seconds per tick of the packets' times.
    pub(crate) time_base: Rational,
}

/// An open encoder with the conversion before it. It knows no file and no container.
pub(crate) struct Encoder {
    packer: StereoPacker,
    encoder: Box<dyn Encode>,
    input: FrameShape,
    stream: EncodedStream,
}

impl Encoder {
    /// Opens an encoder for frames of shape `input`.
    pub(super) fn open(kind: &dyn EncoderKind, options: &EncodeOptions, input: FrameShape) -> Result<Self> {
        let info = kind.info();
        let packer = StereoPacker::new(info, options, input)?;
        let shape = packer.coded();
        let encoder = kind.open(&EncodeRequest::new(info, options, shape)).map_err(|error| packer.explain(error))?;
        let stream = EncodedStream {
            codec: info.codec,
            encoder: info.name,
            parameters: encoder.parameters()?,
            shape,
            stereo: packer.stereo(),
            frame_rate: options.frame_rate,
            time_base: options.frame_rate.inverse(),
        };
        Ok(Self { packer, encoder, input, stream })
    }

    /// The shape of the frames that it was opened for.
    pub(crate) fn input(&self) -> FrameShape {
        self.input
    }

    /// What the coded pictures have less of than the frames.
    pub(crate) fn loss(&self) -> Option<Loss> {
        self.packer.loss()
    }

    /// The packets that it makes.
    pub(crate) fn stream(&self) -> &EncodedStream {
        &self.stream
    }

    /// Encodes the views of a frame that is shown at `pts`, which counts frames; the packets so far must have been
    /// received.
    pub(crate) fn send(&mut self, views: &[Picture], pts: i64) -> Result<()> {
        let mut picture = self.packer.pack(views)?;
        picture.set_pts(pts);
        self.encoder.send(Some(picture))
    }

    /// Encodes all frames that it still holds; no frame may follow.
    pub(crate) fn drain(&mut self) -> Result<()> {
        self.encoder.send(None)
    }

    /// The next packet; `None` until further frames are sent, or for good once it is drained.
    pub(crate) fn receive(&mut self) -> Result<Option<Packet>> {
        self.encoder.receive()
    }
}
