//! A camera that sends what encoders here have made: real packets at written-down moments.

use std::{collections::VecDeque, sync::Arc};

use giftgrab_core::{
    av::{ColourTags, Encoder, EncoderConfig, Packet, Picture, PixelFormat, StreamParameters},
    error::{Code, Error, Stage},
    pipeline::Clock,
    pixels::ColourSpace,
    source::{
        live::{
            LiveSetup,
            driver::{CaptureDriver, Content, Loss, Received, Stamp, Stream},
        },
        producer::Patience,
        test_pattern::draw::Pattern,
    },
    time::Rational,
};

use super::clock::START_NS;

pub const RATE: Rational = Rational::new(25, 1);
/// Milliseconds from one frame to the next.
pub const PERIOD_MS: u64 = 40;

/// One packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub bytes: Vec<u8>,
    pub is_key: bool,
}

/// Coded frames of the test pattern.
#[derive(Clone)]
pub struct Clip {
    pub parameters: StreamParameters,
    pub units: Vec<Unit>,
}

/// How a clip is coded.
#[derive(Clone)]
pub struct Coding<'a> {
    pub encoder: &'a str,
    pub size: (u32, u32),
    pub gop: u32,
    pub b_frames: u32,
    pub options: &'a [(&'a str, &'a str)],
}

pub const H264: Coding<'static> = Coding {
    encoder: "libx264",
    size: (96, 64),
    gop: 25,
    b_frames: 0,
    options: &[("preset", "ultrafast"), ("tune", "zerolatency")],
};

/// Frames `from` to `to` of the pattern; `None` where the encoder is missing.
pub fn code(coding: &Coding<'_>, from: u32, to: u32) -> Option<Clip> {
    let (width, height) = coding.size;
    let format = if coding.encoder == "mjpeg" { PixelFormat::YUVJ420P } else { PixelFormat::YUV420P };
    let mut encoder = Encoder::open(&EncoderConfig {
        name: coding.encoder.to_owned(),
        width,
        height,
        format,
        frame_rate: RATE,
        tags: ColourTags { range: if coding.encoder == "mjpeg" { 2 } else { 1 }, ..ColourTags::UNKNOWN },
        threads: 1,
        gop: coding.gop,
        b_frames: Some(coding.b_frames),
        bit_rate: None,
        quantiser: None,
        options: coding.options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    })
    .map_err(|error| eprintln!("skipped: {} does not open: {error:?}", coding.encoder))
    .ok()?;
    let pattern = Pattern::new(width as usize, height as usize, ColourSpace::I420);
    let mut units = Vec::new();
    for index in from..to {
        let mut picture = Picture::alloc(format, width, height).unwrap();
        pattern.draw(index.into(), 0, &mut picture.view_mut().unwrap().unwrap());
        picture.set_pts((index - from).into());
        encoder.send(Some(&picture)).unwrap();
        receive(&mut encoder, &mut units);
    }
    encoder.send(None).unwrap();
    receive(&mut encoder, &mut units);
    assert_eq!(units.len(), (to - from) as usize);
    Some(Clip { parameters: encoder.parameters().unwrap(), units })
}

fn receive(encoder: &mut Encoder, units: &mut Vec<Unit>) {
    while let Ok(packet) = encoder.receive() {
        units.push(Unit { bytes: packet.bytes().to_vec(), is_key: packet.is_key() });
    }
}

impl Clip {
    /// The same from a camera that has its parameter sets only in front of key frames.
    pub fn in_band(mut self) -> Self {
        let sets = self.parameters.extradata().to_vec();
        for unit in self.units.iter_mut().filter(|unit| unit.is_key) {
            unit.bytes = [sets.as_slice(), &unit.bytes].concat();
        }
        self.parameters = self.parameters.without_extradata().unwrap();
        self
    }

    /// A frame every 40 ms from `from_ms` on, numbered from `sequence` on.
    pub fn steps(&self, from_ms: u64, sequence: u32) -> Vec<Step> {
        let step = |(index, unit): (usize, &Unit)| Step {
            at_ms: from_ms + PERIOD_MS * index as u64,
            what: What::Unit(unit.clone(), sequence + index as u32),
        };
        self.units.iter().enumerate().map(step).collect()
    }
}

/// What a camera does at a moment.
#[derive(Clone)]
pub struct Step {
    pub at_ms: u64,
    pub what: What,
}

#[derive(Clone)]
pub enum What {
    Unit(Unit, u32),
    Lost,
}

/// One start of a camera.
pub type Start = (StreamParameters, Vec<Step>);

pub struct Camera {
    clock: Arc<dyn Clock>,
    starts: VecDeque<Start>,
    steps: VecDeque<Step>,
    /// By how much the device's stamps are wrong, in nanoseconds.
    pub stamp_error_ns: i64,
}

impl Camera {
    pub fn new(clock: &Arc<dyn Clock>, starts: Vec<Start>) -> Self {
        Self { clock: clock.clone(), starts: starts.into(), steps: VecDeque::new(), stamp_error_ns: 0 }
    }
}

pub fn moment(at_ms: u64) -> u64 {
    START_NS + at_ms * 1_000_000
}

fn unplugged() -> Loss {
    Loss::Lost(Error::new(Code::DeviceLost, Stage::Source, "Cannot go on with the device: it was unplugged"))
}

impl CaptureDriver for Camera {
    fn start(&mut self, _: &Patience<'_>) -> Result<Stream, Loss> {
        let (parameters, steps) = self.starts.pop_front().ok_or_else(unplugged)?;
        self.steps = steps.into();
        Ok(Stream { content: Content::Packets(parameters), frame_rate: Some(RATE) })
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Received, Loss> {
        let at_ns = self.steps.front().map_or(u64::MAX, |step| moment(step.at_ms));
        patience.signal.wait(patience.seen, Some(at_ns.min(patience.deadline_ns)));
        let now_ns = self.clock.now_ns();
        if now_ns < at_ns {
            return Ok(Received::Nothing);
        }
        match self.steps.pop_front().map(|step| step.what) {
            Some(What::Unit(unit, sequence)) => {
                let mut packet = Packet::from_bytes(&unit.bytes).unwrap();
                packet.set_key(unit.is_key);
                let device_ns = Some(now_ns.saturating_add_signed(self.stamp_error_ns));
                let stamp = Stamp { arrival_ns: now_ns, device_ns, sequence: Some(sequence), ..Stamp::default() };
                Ok(Received::Packet(packet, stamp))
            }
            Some(What::Lost) => Err(unplugged()),
            None => Ok(Received::Nothing),
        }
    }

    fn close(&mut self) {}
}

pub fn setup() -> LiveSetup {
    LiveSetup {
        name: "the device \"test\"".to_owned(),
        info: giftgrab_core::source::live::info(Some(RATE), ColourSpace::I420, "device", "device"),
        is_rate_asked: false,
        first_frame_ns: 5_000_000_000,
        offline: Code::DeviceOffline,
        burn: 0,
        max_pixels: 1 << 20,
    }
}
