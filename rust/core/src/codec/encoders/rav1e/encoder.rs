//! Encoding by the rav1e crate.

use std::collections::VecDeque;

use rav1e::prelude as rv;

use super::{
    super::kind::{Encode, EncodeRequest},
    quantiser::QUANTISER,
};
use crate::{
    av::{AvError, Packet, Picture, StreamParameters, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    pixels::colour::ColourRange,
};

/// An open encoder.
pub(super) struct Encoder {
    context: rv::Context<u8>,
    shape: VideoInfo,
    /// Grid slots of the pictures sent, in order: rav1e counts pictures, the grid may have gaps.
    slots: VecDeque<i64>,
}

impl Encoder {
    pub(super) fn open(request: &EncodeRequest<'_>) -> Result<Self> {
        let EncodeRequest { options, shape, preset, gop, .. } = *request;
        let speed = preset.parse().map_err(|_| failed("Cannot open encoder \"rav1e\": its preset is no number"))?;
        let mut config = rv::EncoderConfig::with_speed_preset(speed);
        config.width = shape.width as usize;
        config.height = shape.height as usize;
        config.time_base = rv::Rational::new(
            u64::from(options.frame_rate.den.unsigned_abs()),
            u64::from(options.frame_rate.num.unsigned_abs()),
        );
        config.chroma_sampling = rv::ChromaSampling::Cs420;
        config.pixel_range = match shape.range() {
            ColourRange::Full => rv::PixelRange::Full,
            ColourRange::Limited => rv::PixelRange::Limited,
        };
        config.low_latency = options.is_live();
        if options.is_live() {
            config.speed_settings.rdo_lookahead_frames = 1;
        }
        config.min_key_frame_interval = u64::from(gop.min(12));
        config.max_key_frame_interval = u64::from(gop);
        match options.bit_rate {
            Some(rate) => config.bitrate = i32::try_from(rate).unwrap_or(i32::MAX),
            None => config.quantizer = request.quality.unwrap_or(QUANTISER) as usize,
        }
        let threads = options.threads as usize;
        config.tiles = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
        let context = rv::Config::new()
            .with_encoder_config(config)
            .with_threads(threads)
            .new_context()
            .map_err(|error| failed(&format!("Cannot open encoder \"rav1e\": {error}")))?;
        Ok(Self { context, shape, slots: VecDeque::new() })
    }
}

fn failed(message: &str) -> Error {
    Error::new(Code::EncodeFailed, Stage::Encode, message)
}

impl Encode for Encoder {
    fn send(&mut self, picture: Option<Picture>) -> Result<()> {
        let Some(picture) = picture else {
            self.context.flush();
            return Ok(());
        };
        let view = picture.view().ok_or_else(|| failed("Cannot encode with \"rav1e\": the picture is not 4:2:0"))?;
        let mut frame = self.context.new_frame();
        for (index, plane) in frame.planes.iter_mut().enumerate() {
            let stride = plane.cfg.stride;
            for (target, source) in plane.data_origin_mut().chunks_mut(stride).zip(view.rows(index)) {
                target[..source.len()].copy_from_slice(source);
            }
        }
        self.slots.push_back(picture.pts().unwrap_or(0));
        let parameters = picture.is_key_requested().then(|| rv::FrameParameters {
            frame_type_override: rv::FrameTypeOverride::Key,
            opaque: None,
            t35_metadata: Box::new([]),
        });
        self.context
            .send_frame((frame, parameters))
            .map_err(|error| failed(&format!("Cannot encode with \"rav1e\": {error}")))
    }

    fn receive(&mut self) -> Result<Option<Packet>> {
        loop {
            match self.context.receive_packet() {
                Ok(coded) => {
                    let memory =
                        |error: AvError| error.explain(Code::EncodeFailed, Stage::Encode, "keep a packet of \"rav1e\"");
                    // One packet for each picture, in the order sent; it also holds the hidden frames before the shown one.
                    let slot = self.slots.pop_front().unwrap_or(0);
                    let mut packet = Packet::from_bytes(&coded.data).map_err(memory)?;
                    packet.set_times(slot, slot);
                    packet.set_key(coded.frame_type == rv::FrameType::KEY);
                    return Ok(Some(packet));
                }
                Err(rv::EncoderStatus::Encoded) => {}
                Err(rv::EncoderStatus::NeedMoreData | rv::EncoderStatus::LimitReached) => return Ok(None),
                Err(error) => return Err(failed(&format!("Cannot encode with \"rav1e\": {error}"))),
            }
        }
    }

    fn parameters(&self) -> Result<StreamParameters> {
        let header = self.context.container_sequence_header();
        StreamParameters::for_av1(self.shape.width, self.shape.height, self.shape.format, self.shape.tags, &header)
            .map_err(|error| error.explain(Code::EncodeFailed, Stage::Encode, "read the encoder's parameters"))
    }
}
