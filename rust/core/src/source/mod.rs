//! Sources: where frames come from.

mod file;
pub mod options;
pub mod test_pattern;
mod thread;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use crossbeam_channel::{Sender, TrySendError, bounded};
use parking_lot::Mutex;

use crate::{
    av,
    base::{
        error::{Code, Error, Result, Stage},
        time::Rational,
    },
    frame::{FrameShape, Views},
    pipeline::{
        events::{Events, Notify},
        intake::Intake,
        latency::Recorder,
        report::{Event, SourceInfo, SourceStats},
    },
    pixels::planes::Area,
    storage::Volume,
    sys::spawn,
};
use options::{Pacing, SourceOptions};

/// Requests that may wait for a source's thread.
const COMMANDS: usize = 256;

/// What a driver captured at one instant.
pub(crate) struct Captured {
    pub(crate) views: Views,
    /// In ticks of [`Driver::time_base`], from the first.
    pub(crate) pts: i64,
}

/// What gives frames: the part that differs from source to source.
pub(crate) trait Driver: Send {
    /// Immutable facts.
    fn info(&self) -> &SourceInfo;

    /// The shape of its frames.
    fn shape(&self) -> FrameShape;

    /// Seconds per tick of the times that [`Self::next`] gives.
    fn time_base(&self) -> Rational;

    /// What comes next, or `None` at the end.
    fn next(&mut self) -> Result<Option<Captured>>;

    /// For a source whose instants pass whether or not anybody looks: leaves `frames` of them out. `false` if it is
    /// none, and waits instead.
    fn skip(&mut self, frames: u64) -> bool;

    /// Damaged pieces skipped so far.
    fn decode_errors(&self) -> u64 {
        0
    }
}

/// What a source's thread and its owner have in common.
pub(crate) struct Shared {
    pub(crate) events: Events,
    pub(crate) captured: AtomicU64,
    pub(crate) missed: AtomicU64,
    pub(crate) late: AtomicU64,
    pub(crate) decode_errors: AtomicU64,
    pub(crate) duration_ns: AtomicU64,
    pub(crate) lateness: Recorder,
    pub(crate) interval: Recorder,
}

/// What a source's thread is asked to do.
pub(crate) enum Command {
    Attach { target: u32, intake: Intake },
    Detach { target: u32 },
    Region(Option<Area>),
    Start,
    Close,
}

/// A source of frames with a thread of its own. Dropping it closes it.
///
/// Without a target it rests: nothing is read, and time stands still until one is attached.
pub struct Source {
    info: SourceInfo,
    shape: FrameShape,
    /// The part of the frames that was asked for last.
    region: Mutex<Option<Area>>,
    shared: Arc<Shared>,
    commands: Sender<Command>,
}

impl Source {
    /// Opens a source; it starts with [`Self::start`].
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, or why the input cannot be opened.
    pub fn open(options: &SourceOptions, volume: &dyn Volume, notify: Notify) -> Result<Self> {
        av::init();
        let (driver, pacing): (Box<dyn Driver>, Pacing) = match options {
            SourceOptions::File(options) => (Box::new(file::FileDriver::open(options, volume)?), options.pacing),
            SourceOptions::Pattern(options) => (Box::new(test_pattern::PatternDriver::open(options)?), options.pacing),
        };
        let shared = Arc::new(Shared {
            events: Events::new(notify),
            captured: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            late: AtomicU64::new(0),
            decode_errors: AtomicU64::new(0),
            duration_ns: AtomicU64::new(0),
            lateness: Recorder::new(),
            interval: Recorder::new(),
        });
        let (commands, requests) = bounded(COMMANDS);
        let (info, shape) = (driver.info().clone(), driver.shape());
        let thread = thread::SourceThread::new(driver, pacing, requests, shared.clone());
        spawn("gg-source", move || thread.run())?;
        Ok(Self { info, shape, region: Mutex::new(None), shared, commands })
    }

    /// Immutable facts.
    #[must_use]
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// The figures so far.
    #[must_use]
    pub fn stats(&self) -> SourceStats {
        let shared = &self.shared;
        SourceStats {
            captured: shared.captured.load(SeqCst),
            missed: shared.missed.load(SeqCst),
            late: shared.late.load(SeqCst),
            decode_errors: shared.decode_errors.load(SeqCst),
            duration_seconds: shared.duration_ns.load(SeqCst) as f64 / 1e9,
            lateness: shared.lateness.snapshot(),
            interval: shared.interval.snapshot(),
        }
    }

    /// Takes what happened since the last call.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        self.shared.events.take()
    }

    /// Gives events back that could not be handed on.
    pub fn put_back_events(&self, events: Vec<Event>) {
        self.shared.events.put_back(events);
    }

    /// Asks for only a part of each frame from the next one on; `None` for the whole frame.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if the part is not inside the frame; `Closed`, or `Busy` if too many requests wait.
    pub fn set_region(&self, region: Option<Area>) -> Result<()> {
        if let Some(region) = region {
            check_region(region, (self.shape.view.width as usize, self.shape.view.height as usize))?;
        }
        self.request(Command::Region(region))?;
        *self.region.lock() = region;
        Ok(())
    }

    /// Asks for frames to go to `intake`, which is called `target` in events.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Busy` if too many requests wait.
    pub fn attach(&self, intake: &Intake, target: u32) -> Result<()> {
        if intake.is_closed() {
            return Err(Error::new(Code::Closed, Stage::Hub, "Cannot attach the target: it is closed"));
        }
        let region = *self.region.lock();
        let mut shape = self.shape;
        if let Some(region) = region {
            shape.view.width = u32::try_from(region.width).unwrap_or(0);
            shape.view.height = u32::try_from(region.height).unwrap_or(0);
        }
        intake.prepare(shape);
        self.request(Command::Attach { target, intake: intake.clone() })
    }

    /// Asks for no more frames to go to `target`; the `detached` event says since when.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Busy` if too many requests wait.
    pub fn detach(&self, target: u32) -> Result<()> {
        self.request(Command::Detach { target })
    }

    /// Starts it, unless it runs already.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Busy` if too many requests wait.
    pub fn start(&self) -> Result<()> {
        self.request(Command::Start)
    }

    /// Asks it to end and returns at once; the `closed` event ends it.
    ///
    /// # Errors
    ///
    /// `Busy` if too many requests wait.
    pub fn close(&self) -> Result<()> {
        match self.request(Command::Close) {
            Err(error) if error.code == Code::Closed => Ok(()),
            outcome => outcome,
        }
    }

    fn request(&self, command: Command) -> Result<()> {
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => {
                Error::new(Code::Busy, Stage::Hub, "Cannot pass a request on: too many wait; await the earlier ones")
            }
            TrySendError::Disconnected(_) => {
                Error::new(Code::Closed, Stage::Hub, "Cannot use the source: it is closed")
            }
        })
    }
}

/// Refuses a part that is empty or reaches beyond a frame of `width` × `height`.
fn check_region(region: Area, (width, height): (usize, usize)) -> Result<()> {
    let sides = [("x", "width", region.x, region.width, width), ("y", "height", region.y, region.height, height)];
    for (start_field, size_field, start, size, whole) in sides {
        let (field, value) = if start >= whole { (start_field, start) } else { (size_field, size) };
        if start >= whole || size == 0 || size > whole - start {
            return Err(Error::argument(
                field,
                format!(
                    "Cannot use {field} {value}: the sub-frame {}x{} at {},{} is not inside the frame of {width}x{height}",
                    region.width, region.height, region.x, region.y
                ),
            ));
        }
    }
    Ok(())
}
