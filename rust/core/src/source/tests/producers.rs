//! Producers that a test scripts.

use std::{collections::VecDeque, sync::Arc};

use smallvec::smallvec;

use crate::{
    av::{ColourTags, Picture, PixelFormat, VideoInfo},
    base::{
        error::{Error, Result},
        time::Rational,
    },
    frame::FrameShape,
    pipeline::{Clock, Signal, Wake, report::SourceInfo},
    pixels::ColourSpace,
    source::{
        live,
        producer::{Captured, Patience, Produced, Producer, Timing},
        test_pattern::PatternProducer,
    },
    test_support::clock::sleep_until,
};

/// The test pattern, whose frames take their time to make.
pub(super) struct Slow<F> {
    pub(super) pattern: PatternProducer,
    pub(super) clock: Arc<dyn Clock>,
    /// Seconds that the frame with this number takes.
    pub(super) seconds: F,
    /// Whether its frames wait until they are asked for, as a file's.
    pub(super) is_file: bool,
}

impl<F: Fn(i64) -> f64 + Send> Producer for Slow<F> {
    fn info(&self) -> &SourceInfo {
        self.pattern.info()
    }

    fn shape(&self) -> FrameShape {
        self.pattern.shape()
    }

    fn time_base(&self) -> Rational {
        self.pattern.time_base()
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Produced> {
        let produced = self.pattern.next(patience)?;
        if let Produced::Frame(frame) = &produced {
            let busy_ns = ((self.seconds)(frame.pts) * 1e9).round() as u64;
            sleep_until(&self.clock, self.clock.now_ns() + busy_ns);
        }
        Ok(produced)
    }

    fn skip(&mut self, frames: u64) -> bool {
        !self.is_file && self.pattern.skip(frames)
    }
}

/// The action of a device when its moment has come.
pub(super) enum Step {
    /// A frame was captured so many nanoseconds ago.
    Frame {
        age_ns: u64,
    },
    /// Frames have another size from the next one on.
    Resize(u32, u32),
    Lost(Error),
    Fail(Error),
    End,
}

/// How a device waits for its next step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// On the signal of the source.
    Signal,
    /// On something of its own that the source wakes.
    Waker,
    /// On something that nothing wakes, until its patience ends.
    Deaf,
}

/// A device with a clock of its own. After the last step nothing comes.
pub(super) struct Device {
    info: SourceInfo,
    size: (u32, u32),
    /// Each step with its moment.
    steps: VecDeque<(u64, Step)>,
    wait: Wait,
    /// The signal that the device waits on, if it is not that of the source.
    own: Arc<Signal>,
    next: i64,
}

impl Device {
    pub(super) fn new(clock: &Arc<dyn Clock>, wait: Wait, steps: impl IntoIterator<Item = (u64, Step)>) -> Box<Self> {
        let size = (32, 16);
        let info = SourceInfo { width: size.0, height: size.1, ..test_info() };
        let own = Signal::new(clock);
        Box::new(Self { info, size, steps: steps.into_iter().collect(), wait, own, next: 0 })
    }
}

/// The metadata of a device.
pub(in crate::source) fn test_info() -> SourceInfo {
    SourceInfo {
        width: 32,
        height: 16,
        pixel_format: PixelFormat::YUV420P.name(),
        ..live::info(Some(Rational::new(10, 1)), ColourSpace::I420, "device", "device")
    }
}

/// The shape of pictures of a size.
pub(in crate::source) fn shape_of((width, height): (u32, u32)) -> FrameShape {
    FrameShape::mono(VideoInfo { width, height, format: PixelFormat::YUV420P, tags: ColourTags::UNKNOWN })
}

/// A picture without content.
pub(in crate::source) fn picture((width, height): (u32, u32)) -> Picture {
    let mut picture = Picture::alloc(PixelFormat::YUV420P, width, height).unwrap();
    picture.set_tags(ColourTags::UNKNOWN);
    picture
}

impl Producer for Device {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn timing(&self) -> Timing {
        Timing::Live
    }

    fn shape(&self) -> FrameShape {
        shape_of(self.size)
    }

    fn time_base(&self) -> Rational {
        self.info.frame_rate.inverse()
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Produced> {
        let at_ns = self.steps.front().map_or(u64::MAX, |(at_ns, _)| *at_ns);
        let until_ns = at_ns.min(patience.deadline_ns);
        let clock = self.own.clock();
        match self.wait {
            Wait::Signal => patience.signal.wait(patience.seen, Some(until_ns)),
            Wait::Waker => {
                let seen = self.own.seen();
                // A request before that look has woken nothing.
                if patience.signal.seen() == patience.seen {
                    self.own.wait(seen, Some(until_ns));
                }
            }
            Wait::Deaf => sleep_until(clock, until_ns),
        }
        let now_ns = clock.now_ns();
        if now_ns < at_ns {
            return Ok(Produced::Idle);
        }
        Ok(match self.steps.pop_front() {
            Some((_, Step::Frame { age_ns })) => {
                let pts = self.next;
                self.next += 1;
                let captured_ns = Some(now_ns - age_ns);
                Produced::Frame(Captured {
                    views: smallvec![picture(self.size)],
                    pts,
                    duration: None,
                    captured_ns,
                    ..Captured::default()
                })
            }
            Some((_, Step::Resize(width, height))) => {
                self.size = (width, height);
                Produced::Changed(shape_of(self.size))
            }
            Some((_, Step::Lost(error))) => Produced::Warning(error),
            Some((_, Step::Fail(error))) => return Err(error),
            Some((_, Step::End)) | None => Produced::End,
        })
    }

    fn waker(&self) -> Option<Arc<dyn Wake>> {
        (self.wait == Wait::Waker).then(|| self.own.clone() as Arc<dyn Wake>)
    }
}
