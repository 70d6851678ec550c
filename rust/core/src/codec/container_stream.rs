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
        if has_header || stream.is_copied || !stream.codec.has_parameter_sets() {
            return Ok(Self { parameters, repeated: None });
        }
        Ok(Self { parameters: parameters.without_extradata()?, repeated: Some(stream.parameters.clone()) })
    }

    /// The properties of the packets, for the muxer.
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

#[cfg(test)]
mod tests {
    use std::iter::from_fn;

    use super::{
        super::{CODECS, EncodeOptions, EncoderChoice},
        *,
    };
    use crate::{
        av::{Picture, VideoInfo},
        base::time::Rational,
        codec::Codec,
        frame::FrameShape,
    };

    const RATE: Rational = Rational::new(30, 1);

    /// Packets of the codec's best encoder here for six black frames with a key frame every third; `None` without one.
    fn encode(codec: Codec) -> Option<(EncodedStream, Vec<Packet>)> {
        let options = EncodeOptions { gop: Some(3), threads: 1, ..EncodeOptions::new(codec, RATE) };
        let choice = EncoderChoice::new(options).map_err(|error| eprintln!("skipped: {}", error.message)).ok()?;
        let shape = VideoInfo { width: 128, height: 96, ..VideoInfo::UNKNOWN };
        let mut encoder = choice.open(FrameShape::mono(shape), RATE).unwrap();
        let mut packets = Vec::new();
        for pts in 0..6 {
            let mut picture = Picture::alloc(shape.format, shape.width, shape.height).unwrap();
            picture.view_mut().unwrap().unwrap().fill_black();
            encoder.send(&[picture], pts, false).unwrap();
            packets.extend(from_fn(|| encoder.receive().unwrap()));
        }
        encoder.drain().unwrap();
        packets.extend(from_fn(|| encoder.receive().unwrap()));
        assert!(packets.iter().any(Packet::is_key));
        Some((encoder.stream().clone(), packets))
    }

    #[test]
    fn parameter_sets_are_in_the_header_or_in_front_of_each_key_packet() {
        for info in CODECS {
            let Some((stream, packets)) = encode(info.codec) else { continue };
            let sets = stream.parameters.extradata();
            assert_eq!(sets.is_empty(), info.codec == Codec::Vp9, "{}", info.name);
            for container in info.containers {
                let carried = ContainerStream::new(&stream, *container).unwrap();
                let repeats = *container == Container::Ts || (*container, info.codec) == (Container::Avi, Codec::Xvid);
                assert_eq!(carried.parameters().extradata(), if repeats { &[] } else { sets });
                for packet in &packets {
                    let written = carried.packet(packet).unwrap();
                    if repeats && packet.is_key() {
                        assert_eq!(written.bytes(), [sets, packet.bytes()].concat());
                    } else {
                        assert_eq!(written.bytes().as_ptr(), packet.bytes().as_ptr());
                    }
                    assert_eq!(
                        (written.pts(), written.dts(), written.is_key()),
                        (packet.pts(), packet.dts(), packet.is_key())
                    );
                }
            }
        }
    }

    #[test]
    fn a_container_chooses_its_own_tag() {
        for info in CODECS {
            let Some((stream, _)) = encode(info.codec) else { continue };
            for container in info.containers {
                let wanted = match (info.codec, container) {
                    (Codec::Hevc, Container::Mp4 | Container::Mov) => *b"hvc1",
                    (Codec::Xvid, Container::Avi) => *b"XVID",
                    _ => stream.parameters.tag(),
                };
                let carried = ContainerStream::new(&stream, *container).unwrap();
                assert_eq!(carried.parameters().tag(), wanted, "{} in {container:?}", info.name);
            }
        }
    }

    #[test]
    fn times_that_one_output_changes_stay_as_they_were_for_the_others() {
        let Some((stream, packets)) = encode(Codec::Ffv1) else { return };
        let carried = ContainerStream::new(&stream, Container::Mkv).unwrap();
        let mut written = carried.packet(&packets[1]).unwrap();
        written.rescale(RATE.inverse(), Rational::new(1, 1000));
        written.set_duration(33);
        assert_eq!((written.pts(), packets[1].pts()), (Some(33), Some(1)));
    }
}
