//! An open encoder and the conversion before it: views of frames in, packets out.

use super::{
    encoders::{Encode, EncodeRequest, EncoderKind},
    options::EncodeOptions,
    stereo_packer::{Loss, StereoPacker},
    table::Codec,
};
use crate::{
    av::{Packet, Picture, StreamParameters, VideoInfo},
    base::error::Result,
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
    /// Whether the packets are a source's, which are written as they came.
    pub(crate) is_copied: bool,
}

/// An open encoder with the conversion before it. It knows no file and no container.
pub(crate) struct Encoder {
    packer: StereoPacker,
    encoder: Box<dyn Encode>,
    input: FrameShape,
    stream: EncodedStream,
    keys: KeyFrames,
}

/// Encoders count frames from one key frame to the next. Where frames are missing, this asks for one in time.
struct KeyFrames {
    /// The longest distance of key frames, in frame periods; `None` if the caller asked for a number of frames.
    distance: Option<i64>,
    /// Time of the last key frame, and of the last frame, in frame periods.
    key: i64,
    last: i64,
    /// Periods without a frame since the last key frame.
    missing: i64,
}

impl KeyFrames {
    fn new(options: &EncodeOptions) -> Self {
        let distance = options.gop.is_none().then(|| i64::from(options.default_gop()));
        Self { distance, key: 0, last: 0, missing: 0 }
    }

    /// Notes a frame that is sent; whether it is to be a key frame.
    fn is_due(&mut self, pts: i64) -> bool {
        self.missing += (pts - self.last - 1).max(0);
        self.last = pts;
        let is_due = self.missing > 0 && self.distance.is_some_and(|distance| pts - self.key >= distance);
        if is_due {
            self.note_key(pts);
        }
        is_due
    }

    fn note_key(&mut self, pts: i64) {
        if pts >= self.key {
            (self.key, self.missing) = (pts, 0);
        }
    }
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
            is_copied: false,
        };
        let keys = KeyFrames::new(options);
        Ok(Self { packer, encoder, input, stream, keys })
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

    /// Encodes the views of a frame that is shown at `pts`, which counts frames, as a key frame if asked; the packets so far
    /// must have been received.
    pub(crate) fn send(&mut self, views: &[Picture], pts: i64, is_key: bool) -> Result<()> {
        let mut picture = self.packer.pack(views)?;
        picture.set_pts(pts);
        if self.keys.is_due(pts) || is_key {
            picture.request_key();
        }
        self.encoder.send(Some(picture))
    }

    /// Encodes all frames that it still holds; no frame may follow.
    pub(crate) fn drain(&mut self) -> Result<()> {
        self.encoder.send(None)
    }

    /// The next packet; `None` until further frames are sent, or for good once it is drained.
    pub(crate) fn receive(&mut self) -> Result<Option<Packet>> {
        let packet = self.encoder.receive()?;
        if let Some(pts) = packet.as_ref().filter(|packet| packet.is_key()).and_then(Packet::pts) {
            self.keys.note_key(pts);
        }
        Ok(packet)
    }
}
