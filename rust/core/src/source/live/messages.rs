//! The errors of a live source that no driver reports.

use super::LiveSetup;
use crate::base::error::{Code, Error, Stage};

/// No frame came while the source was opened.
pub(super) fn offline(setup: &LiveSetup) -> Error {
    let seconds = setup.first_frame_ns as f64 / 1e9;
    let message = format!("Cannot open {}: no frame came within {seconds:.1} s", setup.name);
    Error::new(setup.offline, Stage::Source, message)
}

/// Nothing has come for a while.
pub(super) fn silence(setup: &LiveSetup, quiet_ns: u64) -> Error {
    let message = format!("Cannot get frames from {}: none came for {:.1} s", setup.name, quiet_ns as f64 / 1e9);
    Error::new(Code::SourceSilent, Stage::Source, message)
}

/// Frames come at another rate than was asked for.
pub(super) fn rate_mismatch(setup: &LiveSetup, measured: f64) -> Error {
    let message = format!(
        "Cannot get {} frames per second from {}: it gives {measured:.2}; its exposure may be too long for the light, or its \
         driver states a wrong rate",
        setup.info.frame_rate, setup.name
    );
    Error::new(Code::RateMismatch, Stage::Source, message).with_field("frameRate")
}

/// Its packets cannot be copied, because they are not in the order in which their pictures are shown.
pub(super) fn reorders(setup: &LiveSetup) -> Error {
    let message = format!(
        "Cannot copy the packets of {}: its pictures are coded in another order than they are shown (B-frames), and it does \
         not tell when each is decoded; switch B-frames off at the camera or server, or choose a codec that encodes",
        setup.name
    );
    Error::argument("codec", message)
}

/// Its packets cannot be copied, because what a container must state of them has not come.
pub(super) fn no_sets(setup: &LiveSetup) -> Error {
    let message = format!(
        "Cannot copy the packets of {}: no parameter sets came with them, without which no file of them can be opened; have \
         the camera repeat them with key frames, or choose a codec that encodes",
        setup.name
    );
    Error::argument("codec", message)
}
