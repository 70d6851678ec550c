//! What both doors of the library do, in safe Rust: the C ABI and the Node addon only bring arguments in and results out.

use std::{sync::Arc, time::Duration};

use giftgrab_core::{
    Notify, av,
    error::{Code, Error, Result, Stage},
    filter::{Filter, options::FilterOptions},
    frame::{header::FrameHeader, raw_frame},
    pipeline::Haste,
    pixels::planes::Rect,
    record::{FileWriter, options::FileWriterOptions},
    source::{Source, options::SourceOptions},
    storage::Disk,
    tap::{Exchange, Outcome, Tap, options::TapOptions},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    c_abi::{GG_AGAIN, GG_END, GG_MORE, GG_OK},
    context::Context,
    registry::{self, CONTEXTS, OBJECTS, Object, stale},
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

/// What can be encoded here; the first call tries every encoder.
pub(crate) fn capabilities() -> Result<Vec<u8>> {
    to_json(&giftgrab_core::codec::capabilities())
}

/// What opens an object from its options as JSON.
pub(crate) type Open = fn(context: u32, json: &[u8]) -> Result<u32>;

/// Opens a source.
pub(crate) fn open_source(context: u32, json: &[u8]) -> Result<u32> {
    open(context, json, |options: SourceOptions, notify| Source::open(&options, &Disk, notify).map(Object::Source))
}

/// Opens a target.
pub(crate) fn open_target(context: u32, json: &[u8]) -> Result<u32> {
    registry::finish_at_exit();
    open(context, json, |options: FileWriterOptions, notify| {
        FileWriter::open(options, Arc::new(Disk), notify).map(Object::Target)
    })
}

/// Opens a filter.
pub(crate) fn open_filter(context: u32, json: &[u8]) -> Result<u32> {
    open(context, json, |options: FilterOptions, notify| Filter::open(&options, notify).map(Object::Filter))
}

/// Opens a tap.
pub(crate) fn open_tap(context: u32, json: &[u8]) -> Result<u32> {
    open(context, json, |options: TapOptions, notify| Tap::open(options, notify).map(Object::Tap))
}

fn open<O: DeserializeOwned>(context: u32, json: &[u8], make: impl FnOnce(O, Notify) -> Result<Object>) -> Result<u32> {
    let options = parse(json)?;
    registry::open(context, |notify| make(options, notify))
}

/// An object's immutable facts.
pub(crate) fn describe(handle: u32) -> Result<Vec<u8>> {
    match &**OBJECTS.get(handle).ok_or_else(stale)? {
        Object::Source(source) => to_json(source.info()),
        Object::Target(target) => to_json(target.info()),
        Object::Tap(_) | Object::Filter(_) => {
            let message = "Cannot describe the object: taps and filters have no facts";
            Err(Error::new(Code::InvalidArgument, Stage::Boundary, message))
        }
    }
}

/// An object's figures so far.
pub(crate) fn stats(handle: u32) -> Result<Vec<u8>> {
    match &**OBJECTS.get(handle).ok_or_else(stale)? {
        Object::Source(source) => to_json(&source.stats()),
        Object::Target(target) => to_json(&target.stats()),
        Object::Tap(tap) => to_json(&tap.stats()),
        Object::Filter(filter) => to_json(&filter.stats()),
    }
}

/// Takes an object's events; if `give` does not take their text, they stay.
pub(crate) fn events<R>(handle: u32, give: impl FnOnce(&[u8]) -> (R, bool)) -> Result<R> {
    let object = OBJECTS.get(handle).ok_or_else(stale)?;
    let events = object.take_events();
    let (result, is_taken) = give(&to_json(&events)?);
    if !is_taken {
        object.put_back_events(events);
    }
    Ok(result)
}

/// Settles the frame that a tap gave before, and takes the next one: the status that tells what came of it.
pub(crate) fn exchange(tap: u32, outcome: u32, header: &mut [f64], data: &mut [u8]) -> Result<i32> {
    let outcome = match outcome {
        0 => Outcome::None,
        1 => Outcome::Observed,
        _ => Outcome::Failed,
    };
    let object = OBJECTS.get(tap).ok_or_else(stale)?;
    Ok(match object.tap()?.exchange(outcome, header, data)? {
        Exchange::Frame => GG_OK,
        Exchange::Nothing => GG_AGAIN,
        Exchange::MoreRoom => GG_MORE,
        Exchange::End => GG_END,
    })
}

/// Gives a copy of a frame to a target, patiently in mode 0: the status that tells whether there was room.
pub(crate) fn append(target: u32, mode: u32, header: &[f64], data: &[u8]) -> Result<i32> {
    let object = OBJECTS.get(target).ok_or_else(stale)?;
    let intake = object.intake()?;
    let haste = if mode == 0 { Haste::Patient } else { Haste::Hurried };
    if haste == Haste::Patient && !intake.has_room() {
        return Ok(GG_AGAIN);
    }
    let header = FrameHeader::from_words(header)?;
    let frame = raw_frame::frame_from(&header, data, intake.preferred(), intake.memory())?;
    if intake.append(Arc::new(frame), haste) {
        Ok(GG_OK)
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

/// Asks a source for only a part of each frame; a width of 0 asks for the whole frame.
pub(crate) fn crop(source: u32, [x, y, width, height]: [u32; 4]) -> Result<()> {
    let [x, y, columns, rows] = [x, y, width, height].map(|value| value as usize);
    let region = (width > 0).then_some(Rect { x, y, width: columns, height: rows });
    OBJECTS.get(source).ok_or_else(stale)?.source()?.set_region(region)
}

/// Asks a source or filter to give frames to a target.
pub(crate) fn attach(observable: u32, target: u32) -> Result<()> {
    let (from, to) = (OBJECTS.get(observable).ok_or_else(stale)?, OBJECTS.get(target).ok_or_else(stale)?);
    match &**from {
        Object::Filter(filter) => filter.attach(to.intake()?, target),
        other => other.source()?.attach(to.intake()?, target),
    }
}

/// Asks a source or filter to give no more frames to a target.
pub(crate) fn detach(observable: u32, target: u32) -> Result<()> {
    match &**OBJECTS.get(observable).ok_or_else(stale)? {
        Object::Filter(filter) => filter.detach(target),
        other => other.source()?.detach(target),
    }
}

/// Starts a source; a filter runs from the beginning.
pub(crate) fn start(observable: u32) -> Result<()> {
    match &**OBJECTS.get(observable).ok_or_else(stale)? {
        Object::Filter(_) => Ok(()),
        other => other.source()?.start(),
    }
}

/// Asks an object to close.
pub(crate) fn close(handle: u32) -> Result<()> {
    OBJECTS.get(handle).ok_or_else(stale)?.close()
}

/// Gives a handle up; what is still open is closed.
pub(crate) fn release(handle: u32) -> Result<()> {
    registry::release(handle)
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
        let field = text.split('`').nth(1).unwrap_or("options").to_owned();
        Error::argument(&field, format!("Cannot use the options: {text}"))
    })
}

/// Serialises what this library itself made.
pub(crate) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Error::new(Code::Internal, Stage::Boundary, format!("Cannot describe the result: {error}")))
}
