//! The part of a live source that differs from device to device.

use std::sync::Arc;

use crate::source::producer::Patience;
use crate::{
    av::{Packet, Picture, StreamParameters, VideoInfo},
    base::{
        error::{Code, Error},
        time::Rational,
    },
    pipeline::Wake,
};

/// The word of a driver on one frame. Each is a claim, which is believed only if it can be true.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stamp {
    /// When it was captured, in nanoseconds of CLOCK_MONOTONIC, if the driver states a time on that clock.
    pub device_ns: Option<u64>,
    /// When this process got it, in nanoseconds of CLOCK_MONOTONIC.
    pub arrival_ns: u64,
    /// The number of the frame as the driver counts, in 32 bits that may wrap.
    pub sequence: Option<u32>,
    /// Frames or packets known to be lost before it, where these are counted instead.
    pub lost_before: u64,
    /// Frames between the one before and this one for which the source was too busy; not the driver's to set.
    pub missed_before: u64,
    /// The wall clock of the sender, in milliseconds since 1970, if it states one.
    pub sender_ms: Option<f64>,
}

/// What came from a device or a connection.
pub enum Received {
    /// A picture.
    Picture(Picture, Stamp),
    /// A coded picture. Its timestamps are not looked at; its key flag is.
    Packet(Packet, Stamp),
    /// A picture that the driver marked as damaged, or that cannot be used.
    Damaged(Stamp),
    /// Nothing within the patience.
    Nothing,
}

impl Received {
    /// The stamp of a frame.
    pub(super) fn stamp_mut(&mut self) -> Option<&mut Stamp> {
        match self {
            Self::Picture(_, stamp) | Self::Packet(_, stamp) | Self::Damaged(stamp) => Some(stamp),
            Self::Nothing => None,
        }
    }
}

/// The stream of a device or a connection that was started.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The form of its frames.
    pub content: Content,
    /// Frames per second, if it states a rate.
    pub frame_rate: Option<Rational>,
}

/// The form in which the frames of a stream come.
#[derive(Debug, Clone)]
pub enum Content {
    /// Pictures of this shape.
    Pictures(VideoInfo),
    /// Packets, which a decoder opened with these parameters takes.
    Packets(StreamParameters),
}

/// Why a device or a connection gives nothing now. Its code is the cause: `NoSignal` is a state of its own, `Changed` is
/// opened again at once, and everything else is lost and tried again after a while.
#[derive(Debug, Clone)]
pub enum Loss {
    /// It cannot go on.
    Lost(Error),
    /// It must be started again, because its signal has another form now.
    Changed,
}

impl Loss {
    /// Whether the device is there, but gets no signal.
    #[must_use]
    pub fn is_no_signal(&self) -> bool {
        matches!(self, Self::Lost(error) if error.code == Code::NoSignal)
    }
}

impl From<Error> for Loss {
    fn from(error: Error) -> Self {
        Self::Lost(error)
    }
}

/// One device or connection, used on a thread of its own. Its calls may block: nothing waits for them but that thread.
/// Still each should return soon after its patience is over, so that a device is let go of when its source closes.
pub trait CaptureDriver: Send {
    /// Opens what is not open, and starts the stream. The patience ends with the time for connecting.
    ///
    /// # Errors
    ///
    /// Why there is no stream. Whatever was opened is closed again by [`Self::close`].
    fn start(&mut self, patience: &Patience<'_>) -> Result<Stream, Loss>;

    /// The next frame.
    ///
    /// # Errors
    ///
    /// Why no further one comes.
    fn next(&mut self, patience: &Patience<'_>) -> Result<Received, Loss>;

    /// Stops the stream while nobody wants frames; [`Self::start`] goes on. A device may be kept open.
    fn rest(&mut self) {
        self.close();
    }

    /// Lets go of everything.
    fn close(&mut self);

    /// Returns when it is worth trying to start again after a loss: when the device appears or its signal returns, at the
    /// latest when the patience is over.
    fn wait_for_return(&mut self, patience: &Patience<'_>) {
        patience.wait();
    }

    /// Ends a wait inside the other calls that does not look at the patience's signal, such as a wait for a descriptor.
    fn waker(&self) -> Option<Arc<dyn Wake>> {
        None
    }
}
