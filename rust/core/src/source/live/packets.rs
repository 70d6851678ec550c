//! The packets of a live source: what a container needs to know of them, and their pictures where these are wanted.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use super::{
    LiveSetup,
    decode::{DecodedPacket, Inside, PacketDecoder},
    messages,
};
use crate::{
    av::{Packet, StreamParameters, VideoInfo},
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::{
        CodedStream,
        units::{self, Units},
    },
    source::{
        decode::{Decoded, PictureDecoder},
        producer::{PacketOffer, SharedOffer},
    },
};

/// Streams and forms that are remembered. A camera has a few modes, and one that flaps has two.
const MOST_KNOWN: usize = 16;

/// B-frames that show that there are some: of one or two a damaged packet may make the impression.
const MANY_B_SLICES: u32 = 3;

/// What pictures are like.
#[derive(Clone, Copy)]
struct Form {
    shape: VideoInfo,
    /// Whether they come in another order than their packets.
    reorders: bool,
}

/// The form of pictures by the bytes that determine it: codec and parameter sets.
#[derive(Default)]
pub(super) struct Forms(Vec<(Vec<u8>, Form)>);

impl Forms {
    fn find(&self, key: &[u8]) -> Option<Form> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, form)| *form)
    }

    fn keep(&mut self, key: Vec<u8>, form: Form) {
        if self.0.len() >= MOST_KNOWN {
            self.0.remove(0);
        }
        self.0.push((key, form));
    }
}

/// A key packet whose pictures have a shape that is not known yet.
struct Unknown {
    sets: Vec<u8>,
    parameters: StreamParameters,
}

/// The packets of one start of a device or a connection.
pub(super) struct PacketLine {
    setup: LiveSetup,
    /// As the driver states them.
    given: StreamParameters,
    codec: String,
    units: Units,
    start: u64,
    decoder: PacketDecoder,
    /// Whether it must begin at a key frame: it was there before.
    awaits_key: bool,
    reorders: bool,
    b_slices: u32,
    /// What came in buffers of its own in front of the next picture.
    head: Vec<u8>,
    /// Parameter sets in front of the last key packet that had some.
    sets: Vec<u8>,
    unknown: Option<Unknown>,
    stream: Option<Arc<CodedStream>>,
    /// The streams so far, by their parameter sets.
    known: Vec<(Vec<u8>, Arc<CodedStream>)>,
    offer: SharedOffer,
    /// Pictures that were decoded only for their shape.
    probes: u64,
    /// Why packets cannot be copied, or not well, for those who want them.
    warning: Option<Error>,
    has_warned: bool,
}

impl PacketLine {
    /// The packets of a stream that was started.
    ///
    /// # Errors
    ///
    /// As [`PacketDecoder::open`].
    pub(super) fn open(setup: &LiveSetup, parameters: &StreamParameters, offer: &SharedOffer) -> Result<Self> {
        /// Starts of all sources: a target may change from one to another.
        static STARTS: AtomicU64 = AtomicU64::new(1);
        let start = STARTS.fetch_add(1, SeqCst);
        let decoder = PacketDecoder::open(&setup.name, parameters, setup.max_pixels)?;
        let codec = decoder.codec_name();
        let line = Self {
            setup: setup.clone(),
            given: parameters.clone(),
            units: units::units_of(&codec, parameters.extradata()),
            codec,
            start,
            decoder,
            awaits_key: false,
            reorders: false,
            b_slices: 0,
            head: Vec::new(),
            sets: Vec::new(),
            unknown: None,
            stream: None,
            known: Vec::new(),
            offer: offer.clone(),
            probes: 0,
            warning: None,
            has_warned: false,
        };
        if !matches!(*line.offer.lock(), PacketOffer::Stream(_)) {
            *line.offer.lock() = PacketOffer::Refused(messages::no_sets(&line.setup));
        }
        Ok(line)
    }

    /// FFmpeg's name of the codec.
    pub(super) fn codec(&self) -> &str {
        &self.codec
    }

    /// Damaged pieces that the decoder skipped.
    pub(super) fn damaged(&self) -> u64 {
        self.decoder.damaged()
    }

    /// Whether pictures come in another order than their packets.
    pub(super) fn reorders(&self) -> bool {
        self.reorders
    }

    /// Pictures that were decoded only for their shape since the last call.
    pub(super) fn take_probes(&mut self) -> u64 {
        std::mem::take(&mut self.probes)
    }

    /// The packet of a picture, with what came in buffers of its own before it; `None` if this is such a buffer: some
    /// devices give parameter sets so.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub(super) fn joined(&mut self, packet: Packet) -> Result<Option<Packet>> {
        /// Bytes that can be parameter sets.
        const MOST: usize = 1 << 16;
        if self.is_whole(&packet) && !units::has_picture(&self.codec, self.units, packet.bytes()) {
            if self.head.len() + packet.size() > MOST {
                self.head.clear();
            }
            self.head.extend_from_slice(packet.bytes());
            return Ok(None);
        }
        if self.head.is_empty() {
            return Ok(Some(packet));
        }
        let head = std::mem::take(&mut self.head);
        let joined = packet.with_prefix(&head);
        joined.map(Some).map_err(|error| error.explain(Code::ResourceExhausted, Stage::Source, "join a packet"))
    }

    /// Whether a packet can be put into a container.
    pub(super) fn is_whole(&self, packet: &Packet) -> bool {
        units::is_whole(&self.codec, self.units, packet.bytes())
    }

    /// The stream of a packet; `None` while packets cannot be copied. While a source is being opened its first picture is
    /// decoded anyway.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub(super) fn stream_of(
        &mut self,
        packet: &Packet,
        is_opening: bool,
        forms: &mut Forms,
    ) -> Result<Option<Arc<CodedStream>>> {
        if self.b_slices < MANY_B_SLICES && units::has_b_slice(&self.codec, self.units, packet.bytes()) {
            self.b_slices += 1;
            if self.b_slices == MANY_B_SLICES {
                self.note_reordering();
            }
        }
        if packet.is_key() && !self.reorders {
            let sets = units::sets_in(&self.codec, self.units, packet.bytes());
            if self.stream.is_none() || !sets.is_empty() && sets != self.sets {
                self.renew(packet, sets, is_opening, forms)?;
            }
        }
        Ok(self.stream.clone())
    }

    /// Finds the stream that begins with a key packet.
    fn renew(&mut self, packet: &Packet, sets: Vec<u8>, is_opening: bool, forms: &mut Forms) -> Result<()> {
        if let Some((_, known)) = self.known.iter().find(|(known, _)| *known == sets) {
            self.stream = Some(known.clone());
            self.sets = sets;
            return Ok(());
        }
        let is_in_band = units::needs_sets(&self.codec) && self.units == Units::StartCodes && !sets.is_empty();
        let parameters = if is_in_band || self.given.extradata().is_empty() {
            // Codecs without sets have none to be found.
            self.given.with_sets_of(packet).ok().flatten().unwrap_or_else(|| self.given.clone())
        } else {
            self.given.clone()
        };
        if units::needs_sets(&self.codec) && parameters.extradata().is_empty() {
            let error = messages::no_sets(&self.setup);
            self.warn(&error);
            return Ok(());
        }
        let key = self.key(&sets, &parameters);
        let form = match (forms.find(&key), is_opening) {
            (Some(form), _) => form,
            (None, false) => {
                // What gives no picture is damaged: no file of it could be opened.
                let Some(form) = self.probe(packet, &parameters)? else { return Ok(()) };
                forms.keep(key, form);
                form
            }
            // The first picture is being decoded anyway.
            (None, true) => {
                self.unknown = Some(Unknown { sets, parameters });
                return Ok(());
            }
        };
        if form.reorders {
            self.note_reordering();
        }
        if !self.reorders {
            self.go_on_as(sets, &parameters, form.shape);
        }
        Ok(())
    }

    /// The bytes that determine the shape of pictures.
    fn key(&self, sets: &[u8], parameters: &StreamParameters) -> Vec<u8> {
        let determining = if sets.is_empty() { parameters.extradata() } else { sets };
        [self.codec.as_bytes(), determining].concat()
    }

    /// What the picture of a key packet is like.
    fn probe(&mut self, packet: &Packet, parameters: &StreamParameters) -> Result<Option<Form>> {
        self.probes += 1;
        let second = Rational::new(1, 1);
        let opened = PictureDecoder::open(&self.setup.name, parameters, second, 1, self.setup.max_pixels);
        let Ok(Some(mut decoder)) = opened else { return Ok(None) };
        decoder.send(packet)?;
        decoder.drain()?;
        Ok(match decoder.receive()? {
            Decoded::Picture(picture) => Some(Form { shape: VideoInfo::of(&picture), reorders: decoder.reorders() }),
            Decoded::Nothing | Decoded::End => None,
        })
    }

    fn go_on_as(&mut self, sets: Vec<u8>, parameters: &StreamParameters, shape: VideoInfo) {
        let Ok(parameters) = parameters.with_shape(&shape) else { return };
        let stream = Arc::new(CodedStream { parameters, shape, codec: self.codec.clone(), start: self.start });
        *self.offer.lock() = PacketOffer::Stream(stream.clone());
        if self.known.len() >= MOST_KNOWN {
            self.known.remove(0);
        }
        self.known.push((sets.clone(), stream.clone()));
        (self.sets, self.stream) = (sets, Some(stream));
    }

    /// A picture was decoded, perhaps that of the first key packet.
    pub(super) fn shape_is(&mut self, shape: VideoInfo, forms: &mut Forms) {
        let Some(Unknown { sets, parameters }) = self.unknown.take() else { return };
        forms.keep(self.key(&sets, &parameters), Form { shape, reorders: self.reorders });
        if !self.reorders {
            self.go_on_as(sets, &parameters, shape);
        }
    }

    /// Whether a packet can be decoded: a decoder that was stopped begins at a key frame.
    pub(super) fn begins_to_decode(&mut self, packet: &Packet) -> bool {
        self.awaits_key &= !packet.is_key();
        !self.awaits_key
    }

    /// Pictures are not wanted any more; returns how many packets inside the decoder are counted nowhere else.
    pub(super) fn stop_decoding(&mut self) -> u64 {
        self.awaits_key = true;
        self.decoder.restart()
    }

    /// Packets inside the decoder that are counted nowhere else.
    pub(super) fn inside(&self) -> u64 {
        self.decoder.inside()
    }

    /// Takes a packet for its picture.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub(super) fn decode(&mut self, packet: Packet, inside: Inside) -> Result<DecodedPacket> {
        let decoded = self.decoder.decode(packet, inside)?;
        // Later it may be deceived by damage.
        if self.decoder.reorders() && self.stream.is_none() {
            self.note_reordering();
        }
        Ok(decoded)
    }

    /// Pictures come in another order than their packets. What is being copied goes on, in the order of decoding.
    fn note_reordering(&mut self) {
        self.reorders |= self.stream.is_none();
        let error = messages::reorders(&self.setup);
        self.warn(&error);
        *self.offer.lock() = PacketOffer::Refused(error);
    }

    /// Keeps a reason for [`Self::take_warning`], once.
    fn warn(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.has_warned, true) {
            self.warning = Some(error.clone());
        }
    }

    /// Why packets cannot be copied, or not well, for those who want them.
    pub(super) fn take_warning(&mut self) -> Option<Error> {
        self.warning.take()
    }
}
