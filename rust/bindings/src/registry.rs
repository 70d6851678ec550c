//! Every open object of the process, and how they end with their context or the process.

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
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

use crate::{context::Context, guard::guard, handles::Handles};

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
    /// Whether a call has met a defect, so that the object may be half changed.
    is_poisoned: AtomicBool,
}

/// An object in use by a call; a panic of that call poisons it.
pub(crate) struct InUse(Arc<Entry>);

impl Deref for InUse {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.0
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.is_poisoned.store(true, SeqCst);
        }
    }
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
    pub(crate) fn close(&self) {
        match self {
            Self::Source(source) => source.close(),
            Self::Target(target) => target.close(),
            Self::Tap(tap) => tap.close(),
            Self::Filter(filter) => filter.close(),
        }
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

/// The object that `handle` stands for, unless an earlier call has poisoned it.
pub(crate) fn object(handle: u32) -> Result<InUse> {
    let object = OBJECTS.get(handle).ok_or_else(stale)?;
    if object.is_poisoned.load(SeqCst) {
        let message = "Cannot use the object: an earlier call met a defect of this library; close it";
        return Err(Error::new(Code::Internal, Stage::Boundary, message));
    }
    Ok(InUse(object))
}

/// The object that `handle` stands for, to hear of its end and to ask for it.
pub(crate) fn ending_object(handle: u32) -> Result<InUse> {
    OBJECTS.get(handle).map(InUse).ok_or_else(stale)
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
    match guard(|| make(Box::new(move || notified.notify(handle)))) {
        Ok(object) => OBJECTS.fill(handle, Entry { context, object, is_poisoned: AtomicBool::new(false) }),
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
    entry.close();
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

#[cfg(test)]
mod tests {
    use giftgrab_core::{filter::options::FilterOptions, pipeline::SystemClock};

    use super::*;

    fn open_filter(context: u32) -> u32 {
        let options: FilterOptions = serde_json::from_str(r#"{"description":"null"}"#).unwrap();
        open(context, |notify| Filter::open(&options, &SystemClock::shared(), notify).map(Object::Filter)).unwrap()
    }

    fn context() -> u32 {
        let context = CONTEXTS.reserve().unwrap();
        CONTEXTS.fill(context, Context::default());
        context
    }

    #[test]
    fn a_panic_in_a_call_poisons_the_object_which_can_still_be_closed_and_its_siblings_go_on() {
        let context = context();
        let (broken, sibling) = (open_filter(context), open_filter(context));
        let met: Result<()> = guard(|| {
            let _object = object(broken)?;
            panic!("test")
        });
        assert_eq!(met.unwrap_err().code, Code::Internal);
        assert_eq!(object(broken).err().map(|error| error.code), Some(Code::Internal));
        assert!(object(sibling).is_ok());
        assert!(ending_object(broken).is_ok());
        close_context(context);
        assert_eq!(object(broken).err().map(|error| error.code), Some(Code::Closed));
    }

    #[test]
    fn a_panic_while_an_object_opens_frees_its_handle() {
        let context = context();
        let opened = open(context, |_| panic!("test"));
        assert_eq!(opened.unwrap_err().code, Code::Internal);
        let handles: Vec<u32> = (0..3).map(|_| open_filter(context)).collect();
        handles.iter().for_each(|handle| release(*handle).unwrap());
        close_context(context);
    }
}
