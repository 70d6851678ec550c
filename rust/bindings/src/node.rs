//! The Node addon. Each function throws an `Error` whose message is the error record as JSON.
//!
//! A call that may block runs on a thread of this library, never on one of libuv's four, and its result comes through
//! the one function of the context. No thread but JavaScript's own touches memory that JavaScript can reach.

// Rust calls none of these functions by name; JavaScript does.
#![allow(unreachable_pub)]
// napi registers nothing in unit tests.
#![cfg_attr(test, allow(dead_code))]

use std::{
    ptr,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use giftgrab_core::{
    boundary::{ABI_VERSION, to_json},
    error::{Code, Error, Result, Stage},
};
use napi::{
    Env, Status,
    bindgen_prelude::{Float64ArraySlice, FnArgs, FromNapiValue, Function, Uint8ArraySlice},
    check_status, sys,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;

use crate::{calls, guard::guard, registry::close_context};

/// Handles that one wait can report.
const WAIT_HANDLES: usize = 256;

/// Number of a call, whether it succeeded, and its value or error record as JSON.
type Delivery = (u32, bool, String);

/// Weak: JavaScript says by [`Context::hold`] how long the process stays alive for results to come.
type Deliver = ThreadsafeFunction<Delivery, (), FnArgs<Delivery>, Status, false, true>;

/// One JavaScript context. When JavaScript drops it, which the end of its worker does, its objects are released.
#[napi]
pub struct Context {
    handle: u32,
    deliver: Arc<Deliver>,
    /// Asks the thread that waits; at most one wait is asked for at a time.
    waits: Option<SyncSender<(u32, u32)>>,
}

#[napi]
impl Context {
    /// Opens a context whose later results go to `deliver(call, isDone, json)`.
    #[napi(constructor, catch_unwind)]
    pub fn new(deliver: Function<'_, FnArgs<Delivery>, ()>) -> napi::Result<Self> {
        let deliver = deliver
            .build_threadsafe_function::<Delivery>()
            .weak::<true>()
            .build_callback(|context| Ok(FnArgs::from(context.value)))?;
        Ok(Self { handle: thrown(calls::open_context)?, deliver: Arc::new(deliver), waits: None })
    }

    /// Keeps the process alive for results to come, or no longer does.
    #[napi(catch_unwind)]
    pub fn hold(&self, env: Env, is_held: bool) -> napi::Result<()> {
        let change = if is_held { sys::napi_ref_threadsafe_function } else { sys::napi_unref_threadsafe_function };
        // SAFETY: called on the thread of `env`, whose function it is; `self` keeps it.
        check_status!(unsafe { change(env.raw(), self.deliver.raw()) })
    }

    /// Waits for handles with events, at most `timeout_ms`; delivers their list. One wait at a time.
    #[napi(catch_unwind)]
    pub fn wait(&mut self, call: u32, timeout_ms: u32) -> napi::Result<()> {
        thrown(|| {
            let waits = match &self.waits {
                Some(waits) => waits,
                None => self.waits.insert(start_waiting(self.handle, self.deliver.clone())?),
            };
            waits.try_send((call, timeout_ms)).map_err(|_| {
                Error::new(
                    Code::Internal,
                    Stage::Boundary,
                    "Cannot wait: this context waits already, or its thread is gone",
                )
            })
        })
    }

    /// Ends the wait that is going on, or the next one.
    #[napi(catch_unwind)]
    pub fn wake(&self) -> napi::Result<()> {
        thrown(|| calls::wake(self.handle))
    }

    /// Opens an object from JSON `OpenOptions`; delivers its handle.
    #[napi(catch_unwind)]
    pub fn open_later(&self, call: u32, options: String) -> napi::Result<()> {
        let context = self.handle;
        self.later(call, move || to_json(&calls::open(context, options.as_bytes())?))
    }

    /// Opens an object that is open at once; returns its handle.
    #[napi(catch_unwind)]
    pub fn open(&self, options: String) -> napi::Result<u32> {
        thrown(|| calls::open(self.handle, options.as_bytes()))
    }

    /// Carries out a JSON `Command` that may block; delivers the reply.
    #[napi(catch_unwind)]
    pub fn command_later(&self, call: u32, handle: u32, command: String) -> napi::Result<()> {
        self.later(call, move || calls::command(handle, command.as_bytes()))
    }

    /// Runs `work` on a thread of its own: an object that opens has one anyway, and other calls are rare.
    fn later(&self, call: u32, work: impl FnOnce() -> Result<Vec<u8>> + Send + 'static) -> napi::Result<()> {
        let deliver = self.deliver.clone();
        thrown(|| start("gg-later", move || give(&deliver, call, guard(work))))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // A panic must not leave a finaliser, and nothing can be reported any more.
        let _ = guard(|| {
            close_context(self.handle);
            Ok(())
        });
    }
}

/// Starts the thread that waits for a context; it ends with the sender.
fn start_waiting(context: u32, deliver: Arc<Deliver>) -> Result<SyncSender<(u32, u32)>> {
    let (waits, asked) = sync_channel(1);
    start("gg-wait", move || {
        let mut handles = [0; WAIT_HANDLES];
        for (call, timeout_ms) in asked {
            let result = guard(|| {
                let count = calls::wait(context, &mut handles, Duration::from_millis(u64::from(timeout_ms)))?;
                to_json(&handles[..count])
            });
            give(&deliver, call, result);
        }
    })?;
    Ok(waits)
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop).map_err(|error| {
        Error::new(Code::ResourceExhausted, Stage::Boundary, format!("Cannot start a thread: {error}"))
    })
}

/// Delivers a result to JavaScript. A context that has ended takes none, and has released its objects itself.
fn give(deliver: &Deliver, call: u32, result: Result<Vec<u8>>) {
    let (is_done, json) = match result {
        Ok(json) => (true, json),
        Err(error) => (false, record_of(&error)),
    };
    let text = String::from_utf8(json).unwrap_or_default();
    let _ = deliver.call((call, is_done, text), ThreadsafeFunctionCallMode::NonBlocking);
}

fn record_of(error: &Error) -> Vec<u8> {
    serde_json::to_vec(error).unwrap_or_default()
}

/// Runs a synchronous call: no panic crosses, and an error is thrown as its record.
fn thrown<T>(body: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    guard(body).map_err(|error| napi::Error::from_reason(String::from_utf8(record_of(&error)).unwrap_or_default()))
}

fn text(body: impl FnOnce() -> Result<Vec<u8>>) -> napi::Result<String> {
    Ok(String::from_utf8(thrown(body)?).unwrap_or_default())
}

/// An array in memory that no other JavaScript thread can reach.
#[derive(Debug)]
pub struct Own<T>(T);

impl<T: FromNapiValue> FromNapiValue for Own<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let (mut buffer, mut is_own) = (ptr::null_mut(), false);
        let none = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: called on the thread of `env`, whose value it is; outputs that are not wanted may be null.
        unsafe {
            let array = T::from_napi_value(env, value)?;
            check_status!(sys::napi_get_typedarray_info(env, value, none.0, none.1, none.2, &mut buffer, none.3))?;
            check_status!(sys::napi_is_arraybuffer(env, buffer, &mut is_own))?;
            if is_own { Ok(Self(array)) } else { Err(napi::Error::new(Status::InvalidArg, "the memory is shared")) }
        }
    }
}

/// The number of the interface, which is that of the C ABI.
#[napi(catch_unwind)]
pub fn abi_version() -> u32 {
    ABI_VERSION
}

/// Carries out a JSON `Command` that does not block; returns the reply as JSON.
#[napi(catch_unwind)]
pub fn command(handle: u32, command: String) -> napi::Result<String> {
    text(|| calls::command(handle, command.as_bytes()))
}

/// An object's stats so far as JSON.
#[napi(catch_unwind)]
pub fn stats(handle: u32) -> napi::Result<String> {
    text(|| calls::stats(handle))
}

/// Takes an object's events as JSON.
#[napi(catch_unwind)]
pub fn events(handle: u32) -> napi::Result<String> {
    text(|| calls::events(handle, |text| (text.to_vec(), true)))
}

/// Settles the frame that was taken from a tap before and takes the next one; returns the status.
#[napi(catch_unwind)]
pub fn exchange(
    tap: u32,
    outcome: u32,
    mut header: Own<Float64ArraySlice<'_>>,
    mut data: Own<Uint8ArraySlice<'_>>,
) -> napi::Result<i32> {
    // SAFETY: JavaScript's thread is in this call, so nothing else reads or writes its memory; the two arrays are
    // buffers of this library's own, and different ones.
    let (header, data) = unsafe { (header.0.as_mut(), data.0.as_mut()) };
    thrown(|| calls::exchange(tap, outcome, header, data).map(|status| status as i32))
}

/// Gives a copy of a frame to a target; returns the status.
#[napi(catch_unwind)]
pub fn append(
    target: u32,
    policy: u32,
    header: Own<Float64ArraySlice<'_>>,
    data: Own<Uint8ArraySlice<'_>>,
) -> napi::Result<i32> {
    thrown(|| calls::append(target, policy, &header.0, &data.0).map(|status| status as i32))
}

/// Converts a frame to the colour space and size that `header_out` asks for.
#[napi(catch_unwind)]
pub fn convert(
    header_in: Own<Float64ArraySlice<'_>>,
    data_in: Own<Uint8ArraySlice<'_>>,
    header_out: Own<Float64ArraySlice<'_>>,
    mut data_out: Own<Uint8ArraySlice<'_>>,
) -> napi::Result<()> {
    // SAFETY: as in `exchange`.
    let data_out = unsafe { data_out.0.as_mut() };
    thrown(|| calls::convert(&header_in.0, &data_in.0, &header_out.0, data_out))
}

/// Asks an object to close.
#[napi(catch_unwind)]
pub fn close(handle: u32) -> napi::Result<()> {
    thrown(|| calls::close(handle))
}

/// Frees a handle.
#[napi(catch_unwind)]
pub fn release(handle: u32) -> napi::Result<()> {
    thrown(|| calls::release(handle))
}
