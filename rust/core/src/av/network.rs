//! Streams from the network: by an address that FFmpeg opens, or out of bytes that somebody else receives.
//!
//! The only place where an address reaches libavformat, and then with a list of the protocols and containers that it may
//! use for it.

use std::{
    ffi::{CString, c_int, c_void},
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use super::{AvError, Dictionary, Packet, StreamParameters, error::check, ffi, ffi::text};
use crate::base::time::Rational;

/// Bytes that libavformat asks for at once.
const BUFFER_SIZE: usize = 32 * 1024;

/// Limits and rights of an input.
#[derive(Debug, Clone, Copy)]
pub struct NetworkInputOptions<'a> {
    /// Containers that it may be.
    pub formats: &'a str,
    /// Protocols that may be used for it.
    pub protocols: &'a str,
    /// Further options by FFmpeg's names; those that it does not know are an error.
    pub options: &'a [(&'a str, &'a str)],
}

/// Where an input comes from.
pub enum NetworkOrigin<'a> {
    /// An address.
    Url(&'a str),
    /// Bytes.
    Reader(Box<dyn Read + Send>),
}

/// Says whether a call is to end.
pub type Interrupt = Box<dyn Fn() -> bool + Send + Sync>;

struct InterruptState {
    is_over: Interrupt,
    /// Whether a call was told to end: what it returns then may be anything.
    fired: AtomicBool,
}

/// One stream of an input.
#[derive(Debug, Clone)]
pub struct NetworkStream {
    /// Seconds per tick of its packets.
    pub time_base: Rational,
    /// Its codec and what else is known of it.
    pub parameters: StreamParameters,
    /// Frames per second, if that is stated.
    pub frame_rate: Option<Rational>,
    /// Whether its packets state times.
    pub has_times: bool,
}

/// A stream from the network, owned.
pub struct NetworkInput {
    context: *mut ffi::AVFormatContext,
    // After the context, which uses both until it is closed.
    interrupt: *mut InterruptState,
    reader: Option<ReaderIo>,
}

// SAFETY: owned, used by one thread at a time; what it calls back is `Send`.
unsafe impl Send for NetworkInput {}

impl NetworkInput {
    /// Opens an input and reads its head. Streams may appear later, with their first packet.
    ///
    /// # Errors
    ///
    /// FFmpeg's; whether the call was interrupted is not known from them.
    pub fn open(
        origin: NetworkOrigin<'_>,
        options: NetworkInputOptions<'_>,
        interrupt: Interrupt,
    ) -> Result<Self, (AvError, bool)> {
        super::init();
        let state = Box::into_raw(Box::new(InterruptState { is_over: interrupt, fired: AtomicBool::new(false) }));
        let mut input = Self { context: ptr::null_mut(), interrupt: state, reader: None };
        let opened = input.open_context(origin, options);
        let was_interrupted = input.was_interrupted();
        match opened {
            Ok(()) if !was_interrupted => Ok(input),
            Ok(()) => Err((AvError::end(), true)),
            Err(error) => Err((error, was_interrupted)),
        }
    }

    fn open_context(&mut self, origin: NetworkOrigin<'_>, options: NetworkInputOptions<'_>) -> Result<(), AvError> {
        let mut dictionary = Dictionary::new();
        dictionary.set("format_whitelist", options.formats)?;
        dictionary.set("protocol_whitelist", options.protocols)?;
        // Enough for the tables of a transport stream; its reader stops as soon as it has them.
        dictionary.set("probesize", "500000")?;
        dictionary.set("max_streams", "64")?;
        for (key, value) in options.options {
            dictionary.set(key, value)?;
        }
        // SAFETY: allocates, or returns null.
        let context = unsafe { ffi::avformat_alloc_context() };
        if context.is_null() {
            return Err(AvError::no_memory());
        }
        let address = match origin {
            NetworkOrigin::Url(url) => CString::new(url).map_err(|_| AvError::invalid()),
            NetworkOrigin::Reader(reader) => ReaderIo::new(reader).map(|reader| {
                // SAFETY: the context is valid; it uses the reader until it is closed, which is before that is freed.
                unsafe {
                    (*context).pb = reader.context;
                    (*context).flags |= ffi::AVFMT_FLAG_CUSTOM_IO;
                }
                self.reader = Some(reader);
                CString::default()
            }),
        };
        let address = match address {
            Ok(address) => address,
            Err(error) => {
                // SAFETY: owned and not opened.
                unsafe { ffi::avformat_free_context(context) };
                return Err(error);
            }
        };
        self.context = context;
        // SAFETY: `context` is valid; on failure the call frees it and leaves null behind. The state of the interrupt
        // outlives it.
        unsafe {
            (*context).interrupt_callback =
                ffi::AVIOInterruptCB { callback: Some(interrupted), opaque: self.interrupt.cast() };
            check(ffi::avformat_open_input(
                &raw mut self.context,
                address.as_ptr(),
                ptr::null(),
                dictionary.as_mut_ptr(),
            ))?;
        }
        if dictionary.names().is_empty() { Ok(()) } else { Err(AvError::invalid()) }
    }

    /// Whether a call was told to end since the input was opened; it cannot be used any more then.
    #[must_use]
    pub fn was_interrupted(&self) -> bool {
        // SAFETY: owned; others only read it.
        unsafe { (*self.interrupt).fired.load(SeqCst) }
    }

    /// Reads the next packet of any stream.
    ///
    /// # Errors
    ///
    /// FFmpeg's. If [`Self::was_interrupted`], nothing is known from it, and nothing from a packet.
    pub fn read(&mut self, packet: &mut Packet) -> Result<(), AvError> {
        packet.clear();
        // SAFETY: both owned.
        check(unsafe { ffi::av_read_frame(self.context, packet.as_mut_ptr()) }).map(drop)
    }

    /// The stream of a packet, if it is a video whose codec is known.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn video(&self, packet: &Packet) -> Result<Option<NetworkStream>, AvError> {
        let index = usize::try_from(packet.stream()).unwrap_or(usize::MAX);
        // SAFETY: owned and open; the bound is checked, and each stream has its parameters.
        unsafe {
            if index >= (*self.context).nb_streams as usize {
                return Ok(None);
            }
            let stream = &**(*self.context).streams.add(index);
            let parameters = &*stream.codecpar;
            if parameters.codec_type != ffi::AVMediaType::VIDEO || parameters.codec_id == ffi::AVCodecID::NONE {
                return Ok(None);
            }
            let rate: Rational = stream.avg_frame_rate.into();
            Ok(Some(NetworkStream {
                time_base: stream.time_base.into(),
                parameters: StreamParameters::copy_of(stream.codecpar)?,
                frame_rate: Some(rate).filter(|rate| rate.num > 0 && rate.den > 0),
                has_times: (*(*self.context).iformat).flags & ffi::AVFMT_NOTIMESTAMPS == 0,
            }))
        }
    }

    /// FFmpeg's name of the container.
    #[must_use]
    pub fn container(&self) -> String {
        // SAFETY: owned and open; a static format has a static name.
        unsafe { text((*(*self.context).iformat).name) }
    }
}

impl Drop for NetworkInput {
    fn drop(&mut self) {
        // SAFETY: all owned; the context, or null, is closed before what it calls.
        unsafe {
            // A farewell is not waited for.
            (*self.interrupt).fired.store(true, SeqCst);
            ffi::avformat_close_input(&raw mut self.context);
            self.reader = None;
            drop(Box::from_raw(self.interrupt));
        }
    }
}

unsafe extern "C" fn interrupted(state: *mut c_void) -> c_int {
    // SAFETY: the state outlives the context that calls.
    let state = unsafe { &*state.cast::<InterruptState>() };
    let is_over = state.fired.load(SeqCst) || catch_unwind(AssertUnwindSafe(|| (state.is_over)())).unwrap_or(true);
    if is_over {
        state.fired.store(true, SeqCst);
    }
    c_int::from(is_over)
}

/// An AVIOContext over a reader, owned.
struct ReaderIo {
    context: *mut ffi::AVIOContext,
    reader: *mut Box<dyn Read + Send>,
}

impl ReaderIo {
    fn new(reader: Box<dyn Read + Send>) -> Result<Self, AvError> {
        // SAFETY: allocates, or returns null.
        let buffer = unsafe { ffi::av_malloc(BUFFER_SIZE) };
        if buffer.is_null() {
            return Err(AvError::no_memory());
        }
        let reader = Box::into_raw(Box::new(reader));
        // SAFETY: the buffer goes over to the context; `reader` outlives it.
        let context = unsafe {
            ffi::avio_alloc_context(buffer.cast(), BUFFER_SIZE as c_int, 0, reader.cast(), Some(read), None, None)
        };
        if context.is_null() {
            // SAFETY: neither was taken.
            unsafe {
                ffi::av_free(buffer);
                drop(Box::from_raw(reader));
            }
            return Err(AvError::no_memory());
        }
        Ok(Self { context, reader })
    }
}

impl Drop for ReaderIo {
    fn drop(&mut self) {
        // SAFETY: owned; libavformat may have replaced the buffer, which the context has.
        unsafe {
            ffi::av_freep((&raw mut (*self.context).buffer).cast());
            ffi::avio_context_free(&raw mut self.context);
            drop(Box::from_raw(self.reader));
        }
    }
}

unsafe extern "C" fn read(reader: *mut c_void, buffer: *mut u8, size: c_int) -> c_int {
    // SAFETY: the reader outlives the context that calls, and the buffer has `size` writable bytes.
    let (reader, buffer) = unsafe {
        let size = usize::try_from(size).unwrap_or(0);
        (&mut *reader.cast::<Box<dyn Read + Send>>(), std::slice::from_raw_parts_mut(buffer, size))
    };
    match catch_unwind(AssertUnwindSafe(|| reader.read(buffer))) {
        Ok(Ok(0)) => ffi::AVERROR_EOF,
        Ok(Ok(count)) => c_int::try_from(count).unwrap_or(ffi::AVERROR_EOF),
        Ok(Err(error)) => ffi::AVERROR(error.raw_os_error().unwrap_or(EIO)),
        Err(_) => ffi::AVERROR(EIO),
    }
}

/// EIO, the same number on every platform FFmpeg runs on.
const EIO: c_int = 5;

/// The protocols by which the linked FFmpeg can read.
#[must_use]
pub fn input_protocols() -> Vec<String> {
    let mut state = ptr::null_mut();
    let mut names = Vec::new();
    loop {
        // SAFETY: iterates a static table; each name is static.
        let name = unsafe { text(ffi::avio_enum_protocols(&raw mut state, 0)) };
        if name.is_empty() {
            return names;
        }
        names.push(name);
    }
}

/// Whether a protocol of the linked FFmpeg has an option.
#[must_use]
pub fn protocol_has_option(protocol: &str, option: &str) -> bool {
    let (Ok(protocol), Ok(option)) = (CString::new(protocol), CString::new(option)) else { return false };
    // SAFETY: null, or a static class; a pointer to a class is a fake object by FFmpeg's own rule
    // (AV_OPT_SEARCH_FAKE_OBJ).
    unsafe {
        let class = ffi::avio_protocol_get_class(protocol.as_ptr());
        !class.is_null()
            && !ffi::av_opt_find(
                (&raw const class).cast_mut().cast(),
                option.as_ptr(),
                ptr::null(),
                0,
                ffi::AV_OPT_SEARCH_FAKE_OBJ,
            )
            .is_null()
    }
}
