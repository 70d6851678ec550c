//! A tap's thread: converts frames ahead of the observer.

use std::sync::Arc;

use super::{
    options::{FramePolicy, TapOptions},
    pace::Pace,
    state::TapState,
};
use crate::{
    av::{Picture, PixelFormat, VideoInfo},
    base::error::{Code, Error, Result, Stage, guard},
    frame::{
        SharedFrame,
        converter::{Converter, is_one_pass},
        header::FrameHeader,
        raw_frame::{write_converted, write_pictures},
    },
    pipeline::{
        Signal,
        clock::Wake,
        input::{Input, InputReceiver},
        queue::{Bounds, Refused, Writer},
        report::{DropReason, Event},
    },
    pixels::ColourSpace,
    sys::give_way,
};

/// A frame in the form of the observer's request.
pub(super) struct ReadyFrame {
    pub(super) header: FrameHeader,
    to: VideoInfo,
    frame: SharedFrame,
    /// One for each view; none where one pass over the samples is enough.
    converted: Vec<Picture>,
}

impl ReadyFrame {
    /// Writes the samples of all views, which is the last conversion of most frames: one pass that makes BGRA of I420
    /// takes no longer than a copy of BGRA, which would have to be made first.
    pub(super) fn write(&self, data: &mut [u8]) -> Result<()> {
        if !self.converted.is_empty() {
            return write_pictures(&self.converted, data);
        }
        let views = data.chunks_exact_mut(self.header.view_bytes());
        self.frame.views.iter().zip(views).try_for_each(|(view, data)| write_converted(view, self.to, data))
    }

    pub(super) fn captured_ns(&self) -> u64 {
        self.frame.captured_ns
    }
}

pub(super) struct TapThread {
    state: Arc<TapState>,
    input: InputReceiver,
    /// The queue of converted frames for the observer, and its bounds.
    ready: (Writer<ReadyFrame>, Bounds),
    /// Raised by frames, and by the observer when it has made room.
    signal: Arc<Signal>,
    wake: Arc<dyn Wake>,
    options: TapOptions,
    pace: Pace,
    /// From the form of the last frame to that of the request.
    converter: Option<(VideoInfo, VideoInfo, Converter)>,
}

impl TapThread {
    pub(super) fn new(
        state: Arc<TapState>,
        input: InputReceiver,
        ready: (Writer<ReadyFrame>, Bounds),
        signal: Arc<Signal>,
        options: TapOptions,
    ) -> Self {
        let pace = Pace::new(options.rate);
        Self { state, input, ready, wake: signal.clone(), signal, options, pace, converter: None }
    }

    /// Runs until the tap is closed and every frame was handed on; frames left when the tap is dropped are counted.
    pub(super) fn run(mut self) {
        give_way();
        while let Some(input) = self.input.next() {
            let Input::Frame(frame, _) = input else { continue };
            if !self.pace.admits(&frame) {
                self.state.drop_frames(DropReason::FrameRate, 1);
                continue;
            }
            match self.prepare(frame) {
                Ok(ready) => self.hand_on(ready),
                Err(error) => {
                    self.state.input.counters.failed(1);
                    self.state.events.push(Event::Warning { error });
                }
            }
        }
        let Self { state, ready, .. } = self;
        // The observer sees the end when no writer is left.
        drop(ready);
        state.report_ready();
    }

    fn hand_on(&self, ready: ReadyFrame) {
        let (writer, bounds) = &self.ready;
        let is_sent = if self.options.policy == FramePolicy::Latest {
            let displaced = writer.displace(ready, 0, bounds);
            displaced.map(|displaced| self.state.drop_frames(DropReason::Superseded, displaced.len())).is_ok()
        } else {
            self.wait_and_send(ready)
        };
        if is_sent {
            self.state.report_ready();
        } else {
            // The tap was dropped, and its observer with it.
            self.state.drop_frames(DropReason::Closed, 1);
        }
    }

    /// Sends a frame as soon as the observer has made room; `false` if the observer is gone.
    fn wait_and_send(&self, mut ready: ReadyFrame) -> bool {
        let (writer, bounds) = &self.ready;
        loop {
            let seen = self.signal.seen();
            match writer.send_or_wait(ready, 0, bounds, &self.wake) {
                Err(Refused::Full(same)) => ready = same,
                outcome => return outcome.is_ok(),
            }
            self.signal.wait(seen, None);
        }
    }

    fn prepare(&mut self, frame: SharedFrame) -> Result<ReadyFrame> {
        let (to, converted) =
            guard(Stage::Hub, "convert a frame", || self.convert(&frame)).inspect_err(|_| self.converter = None)?;
        let header = FrameHeader::of(&frame, to)?;
        Ok(ReadyFrame { header, to, frame, converted })
    }

    /// The form of the request, and the views in it; no views where one pass over the samples leads there.
    fn convert(&mut self, frame: &SharedFrame) -> Result<(VideoInfo, Vec<Picture>)> {
        let from = frame.shape().view;
        let known = self.converter.take().filter(|(known, ..)| *known == from);
        let (_, to, converter) = self.converter.insert(known.unwrap_or_else(|| {
            let to = self.options.shape_for(from);
            (from, to, Converter::new(to))
        }));
        // Rows that run upwards have no view; the converter turns them round.
        if is_one_pass(from, *to) && frame.views.iter().all(|view| view.view().is_some()) {
            return Ok((*to, Vec::new()));
        }
        let views =
            frame.views.iter().map(|view| converter.convert(view)).collect::<Result<_>>().map_err(cannot_convert)?;
        Ok((*to, views))
    }
}

/// The error of a tap that cannot convert a frame.
fn cannot_convert(error: Error) -> Error {
    let code = if error.code == Code::InvalidArgument { error.code } else { Code::Internal };
    Error { code, stage: Stage::Hub, ..error }
}

impl TapOptions {
    /// The requested shape of frames that have the shape `from`.
    pub(super) fn shape_for(&self, from: VideoInfo) -> VideoInfo {
        let nearest = if from.format.is_rgb() { ColourSpace::Bgra } else { ColourSpace::I420 };
        let format = PixelFormat::of(self.colour.or(from.format.colour()).unwrap_or(nearest));
        let (width, height) = match (self.width, self.height) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => (width, in_proportion(width, from.height, from.width)),
            (None, Some(height)) => (in_proportion(height, from.width, from.height), height),
            (None, None) => (from.width, from.height),
        };
        from.scaled(format, width, height)
    }
}

/// `size * share / whole`, rounded to the nearest even number, as chroma likes it.
fn in_proportion(size: u32, share: u32, whole: u32) -> u32 {
    let exact = f64::from(size) * f64::from(share) / f64::from(whole.max(1));
    ((exact / 2.0).round() as u32 * 2).clamp(2, 16384)
}
