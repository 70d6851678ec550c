//! The shape of frames.

use crate::av::{Picture, VideoInfo};

/// The number of views of a frame, and the size, pixel format and tags of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameShape {
    /// Each view.
    pub view: VideoInfo,
    /// Views of a frame; 1 unless it is a stereo frame.
    pub views: u32,
}

impl FrameShape {
    /// The shape of frames with one such view.
    #[must_use]
    pub const fn mono(view: VideoInfo) -> Self {
        Self { view, views: 1 }
    }

    /// The shape of a frame with these views, of which there is at least one.
    #[must_use]
    pub fn of(views: &[Picture]) -> Self {
        let view = views.first().map_or(VideoInfo::UNKNOWN, VideoInfo::of);
        Self { view, views: u32::try_from(views.len()).unwrap_or(u32::MAX) }
    }
}
