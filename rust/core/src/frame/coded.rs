//! Frames as their source coded them.

use std::sync::Arc;

use super::units::{self, Units};
use crate::av::{Packet, StreamParameters, VideoInfo};

/// The form in which a target takes its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrameForm {
    /// Decoded pictures.
    #[default]
    Pictures,
    /// The packets of the source, as they came.
    Packets,
}

/// One coded frame.
#[derive(Debug, Clone)]
pub struct CodedFrame {
    /// Its packet, which several targets share. Its own times mean nothing.
    pub packet: Arc<Packet>,
    /// The stream that it belongs to.
    pub stream: Arc<CodedStream>,
}

/// What is needed to put the packets of a source into a container.
#[derive(Debug, Clone)]
pub struct CodedStream {
    /// Codec, size, colours and parameter sets.
    pub parameters: StreamParameters,
    /// The pictures that come of the packets.
    pub shape: VideoInfo,
    /// FFmpeg's name of the codec.
    pub codec: String,
    /// The start of the device or the connection, a number of its own: packets of another one do not belong to those
    /// before.
    pub start: u64,
}

impl CodedFrame {
    /// Whether it can be decoded alone.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.packet.is_key()
    }
}

impl CodedStream {
    /// How the units of its packets follow each other.
    pub(crate) fn units(&self) -> Units {
        units::units_of(&self.codec, self.parameters.extradata())
    }

    /// The parameter sets in a packet; empty if there are none.
    pub(crate) fn sets_in(&self, packet: &Packet) -> Vec<u8> {
        units::sets_in(&self.codec, self.units(), packet.bytes())
    }

    /// Its parameter sets as they stand in packets.
    pub(crate) fn sets_as_units(&self) -> Vec<u8> {
        units::sets_of_extradata(&self.codec, self.parameters.extradata())
    }
}
