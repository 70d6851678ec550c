//! A frame: read-only samples, with their time and their layout.

mod coded;
pub(crate) mod converter;
pub mod header;
pub mod raw_frame;
mod shape;
pub(crate) mod turner;
pub(crate) mod units;

use std::sync::Arc;

use smallvec::SmallVec;

pub use self::{
    coded::{CodedFrame, CodedStream, FrameForm},
    shape::FrameShape,
};
use crate::{
    av::Picture,
    base::{error::Error, time::Rational},
};

/// Pictures of one instant and one shape: one, or several in stereo, the left or top one first.
pub type Views = SmallVec<[Picture; 1]>;

/// Approximate size of the objects around a picture's samples (AVFrame, AVBufferRef and their allocations).
const OBJECT_BYTES: usize = 1024;

/// A captured frame; its samples are read-only and shared by every target.
#[derive(Debug)]
pub struct Frame {
    /// The samples and their colour tags of each view; at least one, unless the frame is coded.
    pub views: Views,
    /// Number of the frame in its source, from 0.
    pub sequence: u64,
    /// Presentation time in ticks of `time_base`, 0 at the source's first frame.
    pub pts: i64,
    /// Seconds per tick of `pts`.
    pub time_base: Rational,
    /// The time for which it is shown, in the same ticks; `None` for the time until the next frame.
    pub duration: Option<i64>,
    /// CLOCK_MONOTONIC at capture, in nanoseconds.
    pub captured_ns: u64,
    /// Wall clock at the first frame of the source's session, in milliseconds since 1970; 0 where it is not known.
    pub session_start_ms: u64,
    /// What its live source lost before it; `None` for nothing.
    pub loss: Option<Arc<FrameLoss>>,
    /// The packet of a frame that comes as its source coded it.
    pub coded: Option<CodedFrame>,
}

/// What a live source lost just before a frame.
#[derive(Debug, Clone, Default)]
pub struct FrameLoss {
    /// Frames that the driver or the network lost, as they count.
    pub frames: u64,
    /// The time without frames that ends with it.
    pub gap: Option<Gap>,
}

/// A time without frames of a live source.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Capture of the last frame before it, in nanoseconds of the monotonic clock.
    pub from_ns: u64,
    /// Capture of the first frame after it.
    pub to_ns: u64,
    /// Why no frame came.
    pub cause: Error,
}

/// The time of a frame: two can be compared if they are of the same session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTime {
    /// Presentation time in ticks of `time_base`.
    pub pts: i64,
    /// Seconds per tick of `pts`.
    pub time_base: Rational,
    /// The time for which the frame is shown, in the same ticks, if that is known.
    pub duration: Option<i64>,
    /// Wall clock at the beginning of the session, by which sessions are distinguished; 0 where it is not known.
    pub session_start_ms: u64,
}

impl FrameTime {
    /// Ticks of its own timebase since an earlier time, below 0 since a later one.
    #[must_use]
    pub fn since(&self, other: &Self) -> i64 {
        let before = if other.time_base == self.time_base {
            other.pts
        } else {
            Rational::rescale(other.pts, other.time_base, self.time_base)
        };
        self.pts.saturating_sub(before)
    }

    /// Whether both are times of one clock: of one source, or of the program's own frames, which state none.
    #[must_use]
    pub const fn is_comparable(&self, other: &Self) -> bool {
        self.session_start_ms == other.session_start_ms
    }
}

impl Frame {
    /// Its time.
    #[must_use]
    pub const fn time(&self) -> FrameTime {
        let Self { pts, time_base, duration, session_start_ms, .. } = *self;
        FrameTime { pts, time_base, duration, session_start_ms }
    }

    /// Bytes of the memory that it keeps alive, and about those that the objects around the samples take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let coded = self.coded.as_ref().map_or(0, |coded| OBJECT_BYTES + coded.packet.size());
        coded + self.views.iter().map(|view| OBJECT_BYTES + view.memory()).sum::<usize>()
    }

    /// The form of its content.
    #[must_use]
    pub const fn form(&self) -> FrameForm {
        if self.coded.is_some() { FrameForm::Packets } else { FrameForm::Pictures }
    }

    /// The number of its views, and the shape of each.
    #[must_use]
    pub fn shape(&self) -> FrameShape {
        match &self.coded {
            Some(coded) => FrameShape::mono(coded.stream.shape),
            None => FrameShape::of(&self.views),
        }
    }
}

/// A frame without samples, shown at `pts`.
#[cfg(test)]
pub(crate) fn test_frame(pts: i64, time_base: Rational) -> Frame {
    let picture = Picture::empty().expect("memory for a frame");
    Frame {
        views: smallvec::smallvec![picture],
        sequence: 0,
        pts,
        time_base,
        duration: None,
        captured_ns: 0,
        session_start_ms: 0,
        loss: None,
        coded: None,
    }
}

/// A frame that several targets share.
pub type SharedFrame = Arc<Frame>;
