//! The packets of an encoder as one container carries them: with its tag, and parameter sets where it wants them.

use super::{encoder::EncodedStream, table::Container};
use crate::{
    av::{AvError, Muxer, Packet, StreamParameters},
    base::error::{Code, Error, Result, Stage},
};

/// A stream for one container.
#[derive(Debug)]
pub(crate) struct ContainerStream {
    parameters: StreamParameters,
    /// Has the parameter sets that go in front of each key packet; `None` where the container's header has them.
    repeated: Option<StreamParameters>,
}

impl ContainerStream {
    /// How `container` carries the packets of `stream`.
    pub(crate) fn new(stream: &EncodedStream, container: Container) -> Result<Self> {
        let muxer = container.info().muxer;
        let has_header = Muxer::wants_global_header(muxer).ok_or_else(|| {
            let message = format!("Cannot write container {muxer:?}: the linked FFmpeg has no muxer for it");
            Error::new(Code::MuxFailed, Stage::Mux, message)
        })?;
        Self::with_header(stream, container, has_header)
            .map_err(|error| error.explain(Code::MuxFailed, Stage::Mux, &format!("write container {muxer:?}")))
    }

    fn with_header(stream: &EncodedStream, container: Container, has_header: bool) -> Result<Self, AvError> {
        let parameters = match container.tag(stream.codec) {
            Some(tag) => stream.parameters.with_tag(tag)?,
            None => stream.parameters.clone(),
        };
        if has_header || !stream.codec.has_parameter_sets() {
            return Ok(Self { parameters, repeated: None });
        }
        Ok(Self { parameters: parameters.without_extradata()?, repeated: Some(stream.parameters.clone()) })
    }

    /// What the muxer must know of the packets.
    pub(crate) fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    /// A packet for the muxer, with times of its own; it shares its bytes unless parameter sets go in front of them.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub(crate) fn packet(&self, packet: &Packet) -> Result<Packet, AvError> {
        match &self.repeated {
            Some(sets) if packet.is_key() => packet.with_prefix(sets.extradata()),
            _ => packet.reference(),
        }
    }
}
