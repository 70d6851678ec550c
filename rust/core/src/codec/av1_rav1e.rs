//! AV1 by the rav1e crate: the encoder that needs no C codec.

use std::collections::VecDeque;

use rav1e::prelude as rv;

use super::{Encode, encoders::RAV1E_QUANTISER, frames_per_second};
use crate::{
    av::{Packet, Picture, StreamParameters, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    record::options::{FileWriterOptions, Profile},
};

/// Speed of the live profile; the fastest.
const LIVE_SPEED: u8 = 10;
/// Speed of the quality profile.
const QUALITY_SPEED: u8 = 6;

/// An open rav1e encoder.
pub(super) struct Rav1e {
    context: rv::Context<u8>,
    shape: VideoInfo,
    /// Grid positions of the pictures given, in order: rav1e counts pictures, the grid may have gaps.
    slots: VecDeque<i64>,
}

impl Rav1e {
    pub(super) fn open(options: &FileWriterOptions, shape: VideoInfo) -> Result<Self> {
        let live = options.profile == Profile::Live;
        let speed = match &options.preset {
            Some(preset) => preset.parse().unwrap_or(LIVE_SPEED),
            None if live => LIVE_SPEED,
            None => QUALITY_SPEED,
        };
        if let Some(name) = options.encoder_options.keys().next() {
            return Err(Error::argument(
                "encoderOptions",
                format!("Cannot use encoder option {name:?}: rav1e takes none; use preset, quality, bitRate and gop"),
            ));
        }
        let gop = u64::from(options.gop.unwrap_or_else(|| default_gop(options)));
        let mut config = rv::EncoderConfig::with_speed_preset(speed);
        config.width = shape.width as usize;
        config.height = shape.height as usize;
        config.time_base = rv::Rational::new(
            u64::from(options.frame_rate.den.unsigned_abs()),
            u64::from(options.frame_rate.num.unsigned_abs()),
        );
        config.chroma_sampling = rv::ChromaSampling::Cs420;
        config.pixel_range = if shape.tags.range == 2 { rv::PixelRange::Full } else { rv::PixelRange::Limited };
        config.low_latency = live;
        config.speed_settings.rdo_lookahead_frames = if live { 1 } else { config.speed_settings.rdo_lookahead_frames };
        config.min_key_frame_interval = gop.min(12);
        config.max_key_frame_interval = gop;
        match options.bit_rate {
            Some(rate) => config.bitrate = i32::try_from(rate).unwrap_or(i32::MAX),
            None => config.quantizer = options.quality.unwrap_or(RAV1E_QUANTISER) as usize,
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

fn default_gop(options: &FileWriterOptions) -> u32 {
    let second = frames_per_second(options.frame_rate);
    if options.profile == Profile::Live { second } else { second * 5 }
}

fn failed(message: &str) -> Error {
    Error::new(Code::EncodeFailed, Stage::Encode, message)
}

impl Encode for Rav1e {
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
        self.context.send_frame(frame).map_err(|error| failed(&format!("Cannot encode with \"rav1e\": {error}")))
    }

    fn receive(&mut self) -> Result<Option<Packet>> {
        loop {
            match self.context.receive_packet() {
                Ok(coded) => {
                    let memory = |error: crate::av::AvError| {
                        error.explain(Code::EncodeFailed, Stage::Encode, "keep a packet of \"rav1e\"")
                    };
                    // One packet for each picture, in the order given: it holds the hidden frames before the shown one.
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
