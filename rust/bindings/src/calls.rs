//! The calls of the library in safe Rust: the C ABI and the Node addon only bring arguments in and results out.

use std::{sync::Arc, time::Duration};

use giftgrab_core::{
    av,
    boundary::{Command, Commands, OUTCOMES, OVERFLOW_POLICIES, OpenOptions, Status, from_json, numbered, to_json},
    error::{Code, Error, Result, Stage},
    filter::Filter,
    frame::{header::FrameHeader, raw_frame},
    pipeline::{OverflowPolicy, Session, SystemClock},
    record::FileWriter,
    source::{Source, options::SourceOptions},
    storage::Disk,
    tap::{Exchange, Tap},
};

use crate::{
    commands::Addressee,
    context::Context,
    registry::{self, CONTEXTS, Object, ending_object, object, stale},
};

/// Opens a context, and checks the linked libraries.
pub(crate) fn open_context() -> Result<u32> {
    av::check_versions()
        .map_err(|text| Error::new(Code::Internal, Stage::Boundary, format!("Cannot use this FFmpeg: {text}")))?;
    let handle = CONTEXTS.reserve().ok_or_else(|| {
        Error::new(Code::ResourceExhausted, Stage::Boundary, "Cannot open another context: all are taken")
    })?;
    CONTEXTS.fill(handle, Context::default());
    Ok(handle)
}

/// Waits for handles with events and writes them to `handles`; returns how many, 0 after the time-out or a wake.
pub(crate) fn wait(context: u32, handles: &mut [u32], timeout: Duration) -> Result<usize> {
    Ok(CONTEXTS.get(context).ok_or_else(stale)?.wait(handles, timeout))
}

/// Ends the wait of a context that is going on, or the next one.
pub(crate) fn wake(context: u32) -> Result<()> {
    CONTEXTS.get(context).ok_or_else(stale)?.wake();
    Ok(())
}

/// Opens an object from JSON `OpenOptions`; returns its handle.
pub(crate) fn open(context: u32, json: &[u8]) -> Result<u32> {
    let options = from_json("options", json)?;
    let source =
        |options, notify| Source::open(&options, &Disk, &Session::on_system_clock(), notify).map(Object::Source);
    registry::open(context, |notify| match options {
        OpenOptions::FileReader(options) => source(SourceOptions::File(options), notify),
        OpenOptions::TestPattern(options) => source(SourceOptions::Pattern(options), notify),
        OpenOptions::Device(options) => source(SourceOptions::Device(options), notify),
        OpenOptions::Network(options) => source(SourceOptions::Network(options), notify),
        OpenOptions::Screen(options) => source(SourceOptions::Screen(options), notify),
        OpenOptions::FileWriter(options) => {
            registry::finish_at_exit();
            FileWriter::open(*options, Arc::new(Disk), &SystemClock::shared(), notify).map(Object::Target)
        }
        OpenOptions::Filter(options) => Filter::open(&options, &SystemClock::shared(), notify).map(Object::Filter),
        OpenOptions::Tap(options) => Tap::open(options, &SystemClock::shared(), notify).map(Object::Tap),
    })
}

/// Carries out a JSON `Command`; returns the reply as JSON.
pub(crate) fn command(handle: u32, json: &[u8]) -> Result<Vec<u8>> {
    Addressee(handle).command(from_json::<Command>("command", json)?)
}

/// An object's stats so far, as JSON.
pub(crate) fn stats(handle: u32) -> Result<Vec<u8>> {
    match &*object(handle)? {
        Object::Source(source) => to_json(&source.stats()),
        Object::Target(target) => to_json(&target.stats()),
        Object::Tap(tap) => to_json(&tap.stats()),
        Object::Filter(filter) => to_json(&filter.stats()),
    }
}

/// Takes an object's events as JSON; if `give` does not take their text, they stay.
pub(crate) fn events<R>(handle: u32, give: impl FnOnce(&[u8]) -> (R, bool)) -> Result<R> {
    let object = ending_object(handle)?;
    let events = object.take_events();
    let (result, is_taken) = give(&to_json(&events)?);
    if !is_taken {
        object.put_back_events(events);
    }
    Ok(result)
}

/// Settles the frame that was taken from a tap before, and takes the next one.
pub(crate) fn exchange(tap: u32, outcome: u32, header: &mut [f64], data: &mut [u8]) -> Result<Status> {
    let outcome = numbered(&OUTCOMES, "outcome", outcome)?;
    Ok(match object(tap)?.tap()?.exchange(outcome, header, data)? {
        Exchange::Frame => Status::Done,
        Exchange::Nothing => Status::Again,
        Exchange::MoreRoom => Status::More,
        Exchange::End => Status::End,
    })
}

/// Gives a copy of a frame to a target; `Again` if it waits for room.
pub(crate) fn append(target: u32, policy: u32, header: &[f64], data: &[u8]) -> Result<Status> {
    let policy = numbered(&OVERFLOW_POLICIES, "policy", policy)?;
    let object = object(target)?;
    let input = object.input()?;
    if policy == OverflowPolicy::Block && !input.has_room() {
        return Ok(Status::Again);
    }
    let header = FrameHeader::from_words(header)?;
    let frame = raw_frame::frame_from(&header, data, input.preferred(), input.memory(), input.now_ns())?;
    if input.append(Arc::new(frame), policy) {
        Ok(Status::Done)
    } else {
        Err(Error::new(Code::Closed, Stage::Hub, "Cannot append the frame: the target is closed"))
    }
}

/// Converts a frame to the colour space and size that `header_out` asks for.
pub(crate) fn convert(header_in: &[f64], data_in: &[u8], header_out: &[f64], data_out: &mut [u8]) -> Result<()> {
    let from = FrameHeader::from_words(header_in)?;
    let to = FrameHeader::from_words(header_out)?;
    raw_frame::convert_bytes(&from, data_in, &to, data_out)
}

/// Asks an object to close.
pub(crate) fn close(handle: u32) -> Result<()> {
    ending_object(handle)?.close();
    Ok(())
}

/// Frees a handle; an object that is still open is closed.
pub(crate) fn release(handle: u32) -> Result<()> {
    registry::release(handle)
}
