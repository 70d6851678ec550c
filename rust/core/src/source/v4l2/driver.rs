//! The driver of a capture device.

use std::{
    os::fd::AsFd,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    controls::Shared,
    discover::{self, Device, Identity, Probed},
    mode::{Chosen, Frames, Given, Mode, Refusal, Wanted, choose},
    node::Node,
    options::DeviceOptions,
    problems::{Problems, is_gone},
    registry::Claim,
    signal::{self, Signal},
    stream::{self, Ended, Running},
    system::System,
};
use crate::{
    av::{PicturePool, StreamParameters},
    base::error::{Code, Error, Stage},
    pipeline::Wake,
    source::{
        live::driver::{CaptureDriver, Content, Loss, Received, Stream},
        producer::Patience,
    },
    sys::{
        device_watch::DeviceWatch,
        v4l2::{self, Awaited, Errno},
        waker::Waker,
    },
};

/// Changes of the form of a signal without a frame between them, after which a device counts as lost.
const MOST_CHANGES: u32 = 5;

/// Starts as soon as a device is found again, without a frame between them, after which it waits like any other.
const MOST_EARLY_STARTS: u32 = 3;

/// Longest wait for an event where a driver says that it has something, and then has not.
const PAUSE_NS: u64 = 250_000_000;

/// A capture device, which is opened again by its identity when it was away.
pub(super) struct DeviceDriver {
    system: Arc<dyn System>,
    identity: Identity,
    wanted: Wanted,
    input: Option<String>,
    keep_open: bool,
    pub(super) shared: Arc<Shared>,
    waker: Arc<Waker>,
    pool: PicturePool,
    pub(super) open: Option<Open>,
    /// The mode that it had last.
    mode: Option<Mode>,
    /// It was gone when it was last looked for.
    is_missing: bool,
    changes: u32,
    /// Starts before their time, since the last frame.
    early_starts: u32,
    _claim: Claim,
}

/// A device that is open.
pub(super) struct Open {
    pub(super) node: Arc<dyn Node>,
    path: PathBuf,
    pub(super) chosen: Option<Chosen>,
    /// The mode was chosen just now.
    pub(super) is_fresh: bool,
    /// Its controls have what was set through us.
    pub(super) is_restored: bool,
    running: Option<Running>,
}

impl DeviceDriver {
    pub(super) fn new(
        system: &Arc<dyn System>,
        device: &Device,
        options: &DeviceOptions,
        claim: Claim,
    ) -> Result<Self, Error> {
        let waker = Waker::new().map_err(|error| {
            let message = format!("Cannot open the device {:?}: {}", device.card, std::io::Error::from(error));
            Error::new(Code::ResourceExhausted, Stage::Source, message)
        })?;
        let shared = Shared { name: format!("the device {:?}", device.card), ..Shared::default() };
        *shared.remembered.lock() = options.controls.clone();
        Ok(Self {
            system: system.clone(),
            identity: device.identity.clone(),
            wanted: Wanted {
                width: options.width,
                height: options.height,
                rate: options.frame_rate,
                format: options.pixel_format.clone(),
                colour: options.colour,
                max_pixels: options.max_pixels,
            },
            input: options.input.clone(),
            keep_open: options.keep_open,
            shared: Arc::new(shared),
            waker: Arc::new(waker),
            pool: PicturePool::default(),
            open: None,
            mode: None,
            is_missing: false,
            changes: 0,
            early_starts: 0,
            _claim: claim,
        })
    }

    fn problems<'a>(&'a self, path: &'a Path) -> Problems<'a> {
        Problems { system: self.system.as_ref(), name: self.shared.name.clone(), path }
    }

    /// Opens the device and has it take its mode.
    pub(super) fn open_at(&mut self, path: &Path) -> Result<(), Loss> {
        let node = self.system.open(path).map_err(|error| self.refused(path, "open it", error))?;
        // Another device may have come in its place.
        let capability = node.capability().map_err(|error| self.refused(path, "ask what it is", error))?;
        let entry = super::system::Entry { path: path.to_owned(), ..Default::default() };
        if let Probed::Other(why) = discover::classify(&entry, &capability) {
            return Err(self.problems(path).no_signal(why).into());
        }
        if let Probed::Unfed(_) = discover::classify(&entry, &capability) {
            return Err(self.problems(path).no_signal("no program feeds it").into());
        }
        let open = Open {
            node: node.clone(),
            path: path.to_owned(),
            chosen: None,
            is_fresh: false,
            is_restored: false,
            running: None,
        };
        self.open = Some(open);
        stream::subscribe(node.as_ref());
        *self.shared.node.lock() = Some(node);
        self.negotiate()
    }

    /// Has the open device take its input, the timings of its signal and its mode.
    fn negotiate(&mut self) -> Result<(), Loss> {
        let Some(Open { node, path, .. }) = &self.open else { return Ok(()) };
        let (node, path) = (node.clone(), path.clone());
        let problems = self.problems(&path);
        if let Some(input) = &self.input {
            select_input(node.as_ref(), input, &problems)?;
        }
        // What is told from here on is not known yet.
        stream::take_events(node.as_ref());
        let (signal, timings) = signal::look(node.as_ref());
        if let Signal::Missing(why) = signal {
            return Err(problems.no_signal(why).into());
        }
        let followed = signal::follow_standard(node.as_ref());
        followed.map_err(|error| self.refused(&path, "follow its signal", error))?;
        if let Some(timings) = &timings {
            let followed = signal::follow(node.as_ref(), timings);
            followed.map_err(|error| self.refused(&path, "follow its signal", error))?;
        }
        let chosen = choose(node.as_ref(), &self.wanted, Given { timings }, self.mode);
        let chosen = match chosen {
            Ok(chosen) => chosen,
            Err(Refusal::System(action, error)) => return Err(self.refused(&path, action, error)),
            Err(refusal) => return Err(self.problems(&path).no_mode(refusal).into()),
        };
        self.mode = Some(chosen.mode);
        if let Some(open) = &mut self.open {
            (open.chosen, open.is_fresh) = (Some(chosen), true);
        }
        Ok(())
    }

    /// The mode that the device has.
    pub(super) fn chosen(&self) -> Option<&Chosen> {
        self.open.as_ref().and_then(|open| open.chosen.as_ref())
    }

    fn refused(&mut self, path: &Path, action: &str, error: Errno) -> Loss {
        self.is_missing = is_gone(error);
        Loss::Lost(self.problems(path).refused(action, error))
    }

    /// Opens the device wherever it is now.
    fn reopen(&mut self) -> Result<(), Loss> {
        let Some(device) = discover::find_again(&self.system, &self.identity) else {
            self.is_missing = true;
            let message = format!("Cannot find {}: it is not connected", self.shared.name);
            return Err(Error::new(Code::DeviceLost, Stage::Source, message).into());
        };
        self.is_missing = false;
        self.open_at(&device.entry.path)
    }

    fn stop(&mut self) {
        if let Some(Open { node, chosen: Some(chosen), running, .. }) = &mut self.open
            && running.take().is_some()
        {
            stream::end(node.as_ref(), chosen);
        }
    }

    fn begin(&mut self) -> Result<Stream, Loss> {
        if self.open.is_none() {
            self.reopen()?;
        }
        self.stop();
        let is_fresh = self.open.as_mut().is_some_and(|open| std::mem::take(&mut open.is_fresh));
        if !is_fresh {
            self.negotiate()?;
            if let Some(open) = &mut self.open {
                // The next start asks again.
                open.is_fresh = false;
            }
        }
        let Some(Open { node, path, chosen: Some(chosen), running, is_restored, .. }) = &mut self.open else {
            return Err(Error::new(Code::Internal, Stage::Source, "Cannot start a device without a mode").into());
        };
        if !std::mem::replace(is_restored, true) {
            // A control that is gone, or inactive now, keeps nobody from recording.
            let _ = self.shared.restore(node.as_ref());
        }
        match stream::begin(node.as_ref(), chosen) {
            Ok(stream) => *running = Some(stream),
            Err((action, error)) => {
                stream::end(node.as_ref(), chosen);
                let path = path.clone();
                return Err(self.refused(&path, action, error));
            }
        }
        let content = match &chosen.content {
            Frames::Raw(layout) => Content::Pictures(layout.shape()),
            Frames::Coded(coded, tags) => {
                let parameters = StreamParameters::for_packets(coded.name(), chosen.mode.size, *tags, &[]);
                Content::Packets(parameters.map_err(|error| {
                    error.explain(Code::CodecUnavailable, Stage::Source, &format!("use {}", self.shared.name))
                })?)
            }
        };
        Ok(Stream { content, frame_rate: chosen.mode.rate })
    }
}

/// Has a device take the input of this number or name.
fn select_input(node: &dyn Node, wanted: &str, problems: &Problems<'_>) -> Result<(), Error> {
    let inputs = signal::inputs(node);
    let name = |input: &v4l2::Input| super::text::text(&input.name);
    let found = inputs
        .iter()
        .find(|input| wanted.trim().parse() == Ok(input.index) || name(input).eq_ignore_ascii_case(wanted.trim()));
    let Some(input) = found else {
        let names: Vec<_> = inputs.iter().map(|input| format!("{} ({:?})", input.index, name(input))).collect();
        let names = if names.is_empty() { "none to choose".to_owned() } else { names.join(", ") };
        let message = format!("Cannot use the input {wanted:?} of {}: it has {names}", problems.name);
        return Err(Error::argument("input", message));
    };
    if node.input() == Ok(input.index) {
        return Ok(());
    }
    match node.set_input(input.index) {
        // A device with one input need not know the call.
        Ok(()) | Err(Errno::NOTTY) => Ok(()),
        Err(error) => Err(problems.refused("choose its input", error)),
    }
}

impl CaptureDriver for DeviceDriver {
    fn start(&mut self, _: &Patience<'_>) -> Result<Stream, Loss> {
        self.begin()
    }

    fn next(&mut self, patience: &Patience<'_>) -> Result<Received, Loss> {
        let Some(Open { node, path, chosen: Some(chosen), running: Some(running), .. }) = &mut self.open else {
            return Err(Error::new(Code::Internal, Stage::Source, "Cannot read a device that is not started").into());
        };
        let ended = match running.next(node.as_ref(), chosen, &self.pool, &self.waker, patience) {
            Ok(received) => {
                if !matches!(received, Received::Nothing) {
                    (self.changes, self.early_starts) = (0, 0);
                }
                return Ok(received);
            }
            Err(ended) => ended,
        };
        let path = path.clone();
        Err(match ended {
            Ended::Failed(error) => self.refused(&path, "go on streaming", error),
            Ended::NoSignal(why) => Loss::Lost(self.problems(&path).no_signal(why)),
            Ended::Changed if self.changes >= MOST_CHANGES => {
                self.changes = 0;
                let message = format!("Cannot capture from {}: its signal changes all the time", self.shared.name);
                Loss::Lost(Error::new(Code::DeviceLost, Stage::Source, message))
            }
            Ended::Changed => {
                self.changes += 1;
                Loss::Changed
            }
            Ended::Memory(error) => {
                let action = format!("capture from {}", self.shared.name);
                Loss::Lost(error.explain(Code::ResourceExhausted, Stage::Source, &action))
            }
        })
    }

    fn rest(&mut self) {
        if self.keep_open { self.stop() } else { self.close() }
    }

    fn close(&mut self) {
        self.stop();
        *self.shared.node.lock() = None;
        self.open = None;
    }

    fn wait_for_return(&mut self, patience: &Patience<'_>) {
        let waker = &self.waker;
        if let Some(Open { node, .. }) = &self.open {
            // It is there without a signal, and tells when there is one.
            while !patience.is_over() {
                match node.wait(Awaited::Events, waker, patience.left_ns()) {
                    Ok(ready) if ready.event && stream::take_events(node.as_ref()) => return,
                    Ok(ready) if ready.other => waker.reset(),
                    Ok(ready) if !ready.failed && !ready.event => {}
                    _ => drop(v4l2::wait(None, &[waker.as_fd()], patience.left_ns().min(PAUSE_NS))),
                }
            }
            return;
        }
        // Without the watch it is tried again when the time has come.
        let Ok(watch) = DeviceWatch::new(Path::new("/dev")) else { return patience.wait() };
        while !patience.is_over() {
            let may_be_back = self.is_missing && self.early_starts < MOST_EARLY_STARTS;
            if may_be_back && discover::find_again(&self.system, &self.identity).is_some() {
                self.is_missing = false;
                self.early_starts += 1;
                return;
            }
            let _ = v4l2::wait(None, &[watch.as_fd(), waker.as_fd()], patience.left_ns());
            waker.reset();
            if watch.take("video") && !self.is_missing {
                return;
            }
        }
    }

    fn waker(&self) -> Option<Arc<dyn Wake>> {
        Some(self.waker.clone())
    }
}

impl Drop for DeviceDriver {
    fn drop(&mut self) {
        self.close();
    }
}
