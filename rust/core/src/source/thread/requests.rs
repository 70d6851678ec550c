//! Requests to a source, and what its producer reports besides frames.

use super::{Go, SourceThread};
use crate::{
    av::VideoInfo,
    base::time::{Rational, iso8601},
    frame::FrameShape,
    pipeline::{live::GapReport, report::Event},
    pixels::planes::Rect,
    source::{crop, producer::StateChange, state::SourceRequest},
};

impl SourceThread {
    /// A live producer does something else from now on.
    pub(super) fn report_state(&self, StateChange { state, cause, gap }: StateChange) {
        let clock = self.session.clock();
        let origin_ns = self.session.origin().map_or(0, |origin| origin.monotonic_ns);
        let gap = gap.map(|gap| {
            Box::new(GapReport::new(&gap, gap.from_ns.saturating_sub(origin_ns) as f64 / 1e9, clock.as_ref()))
        });
        self.state.events.push(Event::State { state, at: iso8601(clock.wall_clock_ms()), cause, gap });
    }

    /// Serves every request that waits.
    pub(super) fn serve(&mut self) -> Go {
        while let Some(request) = self.requests.try_recv() {
            match request {
                SourceRequest::Attach { target, input } => {
                    input.prepare(self.cropped_shape(), self.rate());
                    self.hub.attach(target, input);
                    self.state.events.push(Event::Attached { target });
                }
                SourceRequest::Detach { target } => {
                    if self.hub.detach(target, self.now_ns()) {
                        self.state.events.push(Event::Detached { target });
                    }
                }
                SourceRequest::Crop(crop) => self.set_crop(crop),
                SourceRequest::Start => self.start(),
            }
        }
        if self.requests.is_over() { Go::Stop } else { Go::On }
    }

    fn start(&mut self) {
        let is_first = !std::mem::replace(&mut self.is_started, true);
        if let Some(error) = self.producer.notice().filter(|_| is_first) {
            self.state.events.push(Event::Warning { error });
        }
    }

    /// Frames have another shape from now on.
    pub(super) fn change(&mut self, shape: FrameShape) {
        let before = std::mem::replace(&mut *self.state.shape.lock(), shape);
        let FrameShape { view: VideoInfo { width, height, .. }, .. } = shape;
        if (before.view.width, before.view.height) != (width, height) {
            self.state.events.push(Event::Resize { width, height });
        }
        self.set_crop(self.crop);
    }

    /// Only `crop` of each frame is handed on from now on; one that does not fit is given up.
    fn set_crop(&mut self, crop: Option<Rect>) {
        let shape = *self.state.shape.lock();
        let refused = crop.and_then(|crop| crop::check(crop, shape).err());
        self.crop = crop.filter(|_| refused.is_none());
        if let Some(error) = refused {
            self.state.events.push(Event::Warning { error });
        }
        self.hub.prepare(self.cropped_shape(), self.rate());
    }

    /// Frames per second of the producer.
    fn rate(&self) -> Option<Rational> {
        Some(self.producer.info().frame_rate)
    }

    /// The shape of its frames after the crop.
    fn cropped_shape(&self) -> FrameShape {
        let mut shape = *self.state.shape.lock();
        if let Some(crop) = self.crop {
            shape.view.width = u32::try_from(crop.width).unwrap_or(0);
            shape.view.height = u32::try_from(crop.height).unwrap_or(0);
            shape.view.tags.geometry = shape.view.tags.geometry.cropped(crop.y);
        }
        shape
    }

    /// After the end only a close is served; late attaches and detaches are answered.
    pub(super) fn wait_for_close(&mut self) {
        while let Some(request) = self.requests.recv() {
            match request {
                SourceRequest::Attach { target, .. } | SourceRequest::Detach { target } => {
                    self.state.events.push(Event::Detached { target });
                }
                SourceRequest::Crop(_) | SourceRequest::Start => {}
            }
        }
    }
}
