//! The functions of libavfilter.
//!
//! They are looked up when the first filter is made: Debian's libavfilter brings a hundred further libraries, which a
//! program that makes no filter would pay for in memory and in time to start.

use std::{
    ffi::{CString, c_char, c_int, c_uint, c_void},
    sync::OnceLock,
};

use super::{
    super::{ffi, library::check_version},
    error::GraphError,
};

/// Makes a table of functions out of their declarations, with a method for each.
///
/// A table is filled from a library that is opened for it or, where FFmpeg is bundled, with the functions linked in.
macro_rules! lazily_linked {
    (
        $(#[$documentation:meta])*
        $table:ident;
        $(fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*
    ) => {
        $(#[$documentation])*
        #[derive(Debug)]
        pub(super) struct $table {
            $($name: unsafe extern "C" fn($($type),*) $(-> $result)?,)*
        }

        impl $table {
            #[cfg(not(feature = "bundled"))]
            fn look_up(library: &libloading::os::unix::Library) -> Result<Self, libloading::Error> {
                // SAFETY: the declarations are the headers', see below.
                Ok(Self { $($name: unsafe { *library.get(stringify!($name))? },)* })
            }

            #[cfg(feature = "bundled")]
            fn linked() -> Self {
                Self { $($name: ffi::$name,)* }
            }

            $(
                /// FFmpeg's function of that name.
                ///
                /// # Safety
                /// As FFmpeg's documentation requires.
                pub(super) unsafe fn $name(&self, $($argument: $type),*) $(-> $result)? {
                    // SAFETY: promised by the caller.
                    unsafe { (self.$name)($($argument),*) }
                }
            )*
        }

        // The compiler compares each declaration with the headers'. Nothing is linked by this.
        const _: () = {
            $(let _: unsafe extern "C" fn($($type),*) $(-> $result)? = ffi::$name;)*
        };
    };
}

lazily_linked! {
    /// libavfilter, as far as it is used. It is never unloaded.
    Functions;
    fn avfilter_version() -> c_uint;
    fn avfilter_get_by_name(name: *const c_char) -> *const ffi::AVFilter;
    fn avfilter_graph_alloc() -> *mut ffi::AVFilterGraph;
    fn avfilter_graph_alloc_filter(
        graph: *mut ffi::AVFilterGraph,
        filter: *const ffi::AVFilter,
        name: *const c_char,
    ) -> *mut ffi::AVFilterContext;
    fn avfilter_graph_config(graph: *mut ffi::AVFilterGraph, log: *mut c_void) -> c_int;
    fn avfilter_graph_free(graph: *mut *mut ffi::AVFilterGraph);
    fn avfilter_init_dict(filter: *mut ffi::AVFilterContext, options: *mut *mut ffi::AVDictionary) -> c_int;
    fn avfilter_link(
        source: *mut ffi::AVFilterContext,
        source_pad: c_uint,
        sink: *mut ffi::AVFilterContext,
        sink_pad: c_uint,
    ) -> c_int;
    fn av_buffersrc_add_frame_flags(
        source: *mut ffi::AVFilterContext,
        frame: *mut ffi::AVFrame,
        flags: c_int,
    ) -> c_int;
    fn av_buffersrc_close(source: *mut ffi::AVFilterContext, pts: i64, flags: c_uint) -> c_int;
    fn av_buffersink_get_frame(sink: *mut ffi::AVFilterContext, frame: *mut ffi::AVFrame) -> c_int;
    fn av_buffersink_get_time_base(sink: *const ffi::AVFilterContext) -> ffi::AVRational;
    fn av_buffersink_get_sample_aspect_ratio(sink: *const ffi::AVFilterContext) -> ffi::AVRational;
}

impl Functions {
    /// The functions; the first call opens libavfilter.
    ///
    /// # Errors
    ///
    /// `FilterUnavailable`. A failure is not kept: the next call tries again.
    pub(super) fn get() -> Result<&'static Self, GraphError> {
        static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
        match FUNCTIONS.get() {
            Some(functions) => Ok(functions),
            // Threads that meet here get the same library from the system, and the same table from the lock.
            None => Self::load().map(|functions| FUNCTIONS.get_or_init(|| functions)),
        }
    }

    fn checked(self) -> Result<Self, GraphError> {
        // SAFETY: only returns an integer.
        let loaded = unsafe { self.avfilter_version() };
        match check_version("avfilter", loaded, ffi::LIBAVFILTER_VERSION_MAJOR) {
            Ok(()) => Ok(self),
            Err(why) => Err(GraphError::unavailable(why, String::new())),
        }
    }

    #[cfg(feature = "bundled")]
    fn load() -> Result<Self, GraphError> {
        Self::linked().checked()
    }

    #[cfg(not(feature = "bundled"))]
    fn load() -> Result<Self, GraphError> {
        Self::open(&format!("libavfilter.so.{}", ffi::LIBAVFILTER_VERSION_MAJOR))
    }

    /// Opens the library of that name, where the system looks for libraries.
    #[cfg(not(feature = "bundled"))]
    fn open(name: &str) -> Result<Self, GraphError> {
        use std::{error::Error, mem::ManuallyDrop};

        use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

        let explain = |error: libloading::Error| {
            let major = ffi::LIBAVFILTER_VERSION_MAJOR;
            let why = format!(
                "FFmpeg's filters need {name}, which cannot be loaded; install it: on Debian and Ubuntu it is in the \
                 package libavfilter{major}"
            );
            // The system's message stands behind the crate's.
            let line = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            GraphError::unavailable(why, line)
        };
        // A missing symbol is noticed now, and not in the middle of a recording.
        // SAFETY: the initialisers are those of FFmpeg and the libraries that it was built with.
        let library = unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) }.map_err(explain)?;
        // The libraries that it has loaded may not survive being unloaded.
        let library = ManuallyDrop::new(library);
        Self::look_up(&library).map_err(explain)?.checked()
    }
}

#[cfg(all(test, not(feature = "bundled")))]
mod tests {
    use super::*;
    use crate::base::error::{Code, Stage};

    fn refusal(library: &str) -> crate::base::error::Error {
        let error = Functions::open(library).unwrap_err();
        error.explain(Code::InvalidArgument, Stage::Options, "use description \"hflip\"")
    }

    #[test]
    fn a_library_that_is_not_there_is_named_with_its_package() {
        let error = refusal("libavfilter.so.0");
        assert_eq!(error.code, Code::FilterUnavailable);
        assert!(error.message.contains("\"hflip\": FFmpeg's filters need libavfilter.so.0"), "{error}");
        let package = format!("the package libavfilter{}", ffi::LIBAVFILTER_VERSION_MAJOR);
        assert!(error.message.ends_with(&package), "{error}");
        assert!(error.cause.as_deref().is_some_and(|cause| cause.contains("libavfilter.so.0")), "{error:?}");
    }

    #[test]
    fn a_library_without_the_functions_is_refused() {
        let error = refusal(&format!("libavutil.so.{}", ffi::LIBAVUTIL_VERSION_MAJOR));
        assert_eq!(error.code, Code::FilterUnavailable);
        assert!(error.cause.as_deref().is_some_and(|cause| cause.contains("avfilter_")), "{error:?}");
    }

    #[test]
    fn all_threads_get_the_same_functions() {
        let addresses = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| std::ptr::from_ref(Functions::get().unwrap()).addr())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(addresses.iter().all(|address| *address == addresses[0]));
    }
}

pub(super) fn c(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

pub(super) fn find(functions: &Functions, name: &str) -> *const ffi::AVFilter {
    // SAFETY: looks a static table up.
    unsafe { functions.avfilter_get_by_name(c(name).as_ptr()) }
}
