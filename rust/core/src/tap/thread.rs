//! A tap's thread: converts frames ahead of the observer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::{Shared, cannot_convert, options::TapOptions, pace::Pace};
use crate::{
    av::{Picture, PixelFormat, VideoInfo},
    base::error::{Code, Error, Result, Stage},
    frame::{
        SharedFrame,
        converter::{Converter, is_one_pass},
        header::FrameHeader,
        raw_frame::{write_converted, write_pictures},
    },
    pipeline::{
        intake::{Inbox, Parcel},
        report::{DropReason, Event},
    },
    pixels::ColourSpace,
};

/// A frame in the form that the observer asked for.
pub(super) struct Ready {
    pub(super) header: FrameHeader,
    to: VideoInfo,
    frame: SharedFrame,
    /// One for each view; none where one pass over the samples is enough.
    converted: Vec<Picture>,
}

impl Ready {
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
    shared: Arc<Shared>,
    inbox: Inbox,
    ready: Sender<Ready>,
    /// From where the frame is taken that makes way, if that is the policy.
    oldest: Option<Receiver<Ready>>,
    options: TapOptions,
    pace: Pace,
    /// From the shape of the frames that came last to the one asked for.
    converter: Option<(VideoInfo, VideoInfo, Converter)>,
}

impl TapThread {
    pub(super) fn new(
        shared: Arc<Shared>,
        inbox: Inbox,
        ready: Sender<Ready>,
        oldest: Option<Receiver<Ready>>,
        options: TapOptions,
    ) -> Self {
        let pace = Pace::new(options.rate);
        Self { shared, inbox, ready, oldest, options, pace, converter: None }
    }

    /// Runs until the tap is closed and every frame was handed on; what is left when the tap is dropped is counted.
    pub(super) fn run(mut self) {
        while let Some(parcel) = self.inbox.next() {
            let Parcel::Frame(frame, _) = parcel else { continue };
            if !self.pace.admits(&frame) {
                self.shared.drop_frame(DropReason::FrameRate);
                continue;
            }
            match self.prepare(frame) {
                Ok(ready) => self.hand_on(ready),
                Err(error) => {
                    self.shared.gate.counters.failed(1);
                    self.shared.events.push(Event::Warning { error });
                }
            }
        }
        let Self { shared, ready, oldest, .. } = self;
        // The observer sees the end when no sender is left.
        drop((ready, oldest));
        shared.tell_ready();
    }

    fn hand_on(&self, ready: Ready) {
        let ready = match (self.ready.try_send(ready), &self.oldest) {
            (Ok(()), _) => return self.shared.tell_ready(),
            (Err(TrySendError::Full(ready)), Some(oldest)) => {
                if oldest.try_recv().is_ok() {
                    self.shared.drop_frame(DropReason::Superseded);
                }
                ready
            }
            (Err(TrySendError::Full(ready) | TrySendError::Disconnected(ready)), _) => ready,
        };
        match self.ready.send(ready) {
            Ok(()) => self.shared.tell_ready(),
            // The tap was dropped: nobody will take it.
            Err(_) => self.shared.drop_frame(DropReason::Closed),
        }
    }

    fn prepare(&mut self, frame: SharedFrame) -> Result<Ready> {
        let converted = catch_unwind(AssertUnwindSafe(|| self.convert(&frame)));
        let (to, converted) = converted.unwrap_or_else(|_| {
            self.converter = None;
            Err(Error::new(
                Code::Internal,
                Stage::Hub,
                "Cannot convert a frame: a defect of this library was met; please report it",
            ))
        })?;
        let header = FrameHeader::of(&frame, to)?;
        Ok(Ready { header, to, frame, converted })
    }

    /// The form asked for, and the views in it; no views where one pass over the samples leads there.
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

impl TapOptions {
    /// The shape asked for, of frames that have the shape `from`.
    fn shape_for(&self, from: VideoInfo) -> VideoInfo {
        let nearest = if from.format.is_rgb() { ColourSpace::Bgra } else { ColourSpace::I420 };
        let format = PixelFormat::of(self.colour.or(from.format.colour()).unwrap_or(nearest));
        let (width, height) = match (self.width, self.height) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => (width, in_proportion(width, from.height, from.width)),
            (None, Some(height)) => (in_proportion(height, from.width, from.height), height),
            (None, None) => (from.width, from.height),
        };
        from.converted(format, width, height)
    }
}

/// `size * share / whole`, rounded to the nearest even number, as chroma likes it.
fn in_proportion(size: u32, share: u32, whole: u32) -> u32 {
    let exact = f64::from(size) * f64::from(share) / f64::from(whole.max(1));
    ((exact / 2.0).round() as u32 * 2).clamp(2, 16384)
}
