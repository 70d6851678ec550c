//! Every open object of the process, and how they end with their context or the process.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, Once, PoisonError},
    time::{Duration, Instant},
};

use giftgrab_core::{
    error::{Code, Error, Result, Stage},
    filter::Filter,
    pipeline::InputSender,
    record::FileWriter,
    report::Event,
    source::Source,
    tap::Tap,
};

use crate::{context::Context, handles::Handles};

/// Longest time that the end of the process waits for open recordings to be finished.
const EXIT_DEADLINE: Duration = Duration::from_secs(2);

/// The object behind a handle.
pub(crate) enum Object {
    Source(Source),
    Target(FileWriter),
    Tap(Tap),
    Filter(Filter),
}

/// An object and the context that opened it.
pub(crate) struct Entry {
    context: u32,
    object: Object,
}

impl Deref for Entry {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

pub(crate) static CONTEXTS: Handles<Context> = Handles::new();
static OBJECTS: Handles<Entry> = Handles::new();

/// Recordings released before they were finished, so that the end of the process still waits for them.
static ENDING: Mutex<Vec<Arc<Entry>>> = Mutex::new(Vec::new());

impl Object {
    pub(crate) fn take_events(&self) -> Vec<Event> {
        match self {
            Self::Source(source) => source.take_events(),
            Self::Target(target) => target.take_events(),
            Self::Tap(tap) => tap.take_events(),
            Self::Filter(filter) => filter.take_events(),
        }
    }

    pub(crate) fn put_back_events(&self, events: Vec<Event>) {
        match self {
            Self::Source(source) => source.put_back_events(events),
            Self::Target(target) => target.put_back_events(events),
            Self::Tap(tap) => tap.put_back_events(events),
            Self::Filter(filter) => filter.put_back_events(events),
        }
    }

    pub(crate) fn source(&self) -> Result<&Source> {
        match self {
            Self::Source(source) => Ok(source),
            _ => Err(wrong_kind("source")),
        }
    }

    pub(crate) fn target(&self) -> Result<&FileWriter> {
        match self {
            Self::Target(target) => Ok(target),
            _ => Err(wrong_kind("writer")),
        }
    }

    pub(crate) fn tap(&self) -> Result<&Tap> {
        match self {
            Self::Tap(tap) => Ok(tap),
            _ => Err(wrong_kind("tap")),
        }
    }

    /// Asks for the object's end.
    pub(crate) fn close(&self) -> Result<()> {
        match self {
            Self::Source(source) => source.close()?,
            Self::Target(target) => target.close(),
            Self::Tap(tap) => tap.close(),
            Self::Filter(filter) => filter.close(),
        }
        Ok(())
    }

    fn is_finishing(&self) -> bool {
        self.target().is_ok_and(|target| !target.is_closed())
    }

    /// Where frames go in.
    pub(crate) fn input(&self) -> Result<&InputSender> {
        match self {
            Self::Target(target) => Ok(target.input()),
            Self::Tap(tap) => Ok(tap.input()),
            Self::Filter(filter) => Ok(filter.input()),
            Self::Source(_) => Err(wrong_kind("target")),
        }
    }
}

fn wrong_kind(kind: &str) -> Error {
    Error::new(Code::InvalidArgument, Stage::Boundary, format!("Cannot use the handle: it is no {kind}"))
}

/// The object that `handle` stands for.
pub(crate) fn object(handle: u32) -> Result<Arc<Entry>> {
    OBJECTS.get(handle).ok_or_else(stale)
}

pub(crate) fn stale() -> Error {
    Error::new(Code::Closed, Stage::Boundary, "Cannot use the object: it is closed")
}

/// Reserves a handle, opens an object that knows it, and puts the object behind it.
pub(crate) fn open(context: u32, make: impl FnOnce(giftgrab_core::Notify) -> Result<Object>) -> Result<u32> {
    let notified = CONTEXTS.get(context).ok_or_else(stale)?;
    let handle = OBJECTS.reserve().ok_or_else(|| {
        Error::new(Code::ResourceExhausted, Stage::Boundary, "Cannot open another object: all 65536 handles are taken")
    })?;
    match make(Box::new(move || notified.notify(handle))) {
        Ok(object) => OBJECTS.fill(handle, Entry { context, object }),
        Err(error) => {
            OBJECTS.remove(handle);
            return Err(error);
        }
    }
    // A context that has ended meanwhile will not release it.
    if CONTEXTS.get(context).is_none() {
        release(handle)?;
        return Err(stale());
    }
    Ok(handle)
}

/// Frees a handle. An object that is still open is closed, and its recording is finished all the same.
pub(crate) fn release(handle: u32) -> Result<()> {
    let entry = OBJECTS.remove(handle).ok_or_else(stale)?;
    // It fails only for a source whose thread has ended already.
    let _ = entry.close();
    let mut ending = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
    ending.retain(|entry| entry.is_finishing());
    if entry.is_finishing() {
        ending.push(entry);
    }
    Ok(())
}

/// Ends a context and releases its objects.
pub(crate) fn close_context(context: u32) {
    let Some(ended) = CONTEXTS.remove(context) else { return };
    ended.wake();
    for (handle, entry) in OBJECTS.all() {
        if entry.context == context {
            // It fails only if the handle is free already.
            let _ = release(handle);
        }
    }
}

/// Finishes recordings that are still open when the process ends by itself, `exit()` or an uncaught error. After a
/// signal nothing runs; then the file is as the last flush left it, which opens as well.
pub(crate) fn finish_at_exit() {
    static ONCE: Once = Once::new();
    unsafe extern "C" {
        fn atexit(function: extern "C" fn()) -> i32;
    }
    extern "C" fn finish() {
        // A panic must not cross C, and nothing can be reported any more.
        let _ = std::panic::catch_unwind(close_targets);
    }
    ONCE.call_once(|| {
        // SAFETY: `finish` never unwinds, and the library is never unloaded, so it stays valid.
        unsafe { atexit(finish) };
    });
}

fn close_targets() {
    let mut open: Vec<_> = OBJECTS.all().into_iter().map(|(_, entry)| entry).collect();
    open.extend(ENDING.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
    let targets = || open.iter().filter_map(|entry| entry.target().ok());
    targets().for_each(FileWriter::close);
    let deadline = Instant::now() + EXIT_DEADLINE;
    while targets().any(|target| !target.is_closed()) && Instant::now() < deadline {
        // Nothing can wake this thread any more, so it looks again after a short wait.
        std::thread::sleep(Duration::from_millis(2));
    }
}
