//! Calls to the system: the monotonic clock, precise wake-ups, memory, threads, capture devices.
#![allow(unsafe_code)]

pub(crate) mod device_watch;
pub(crate) mod mapping;
mod shared;
pub(crate) mod v4l2;
pub(crate) mod waker;

use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    ffi::c_int,
    ptr::{NonNull, null_mut},
    sync::Once,
    thread,
};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

pub use self::shared::SharedMemory;
use crate::base::error::{Code, Error, Result, Stage};

/// Nanoseconds of CLOCK_MONOTONIC: the one clock for pacing, latencies and capture times.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Asks the kernel to end this thread's timed waits as exactly as it can (PR_SET_TIMERSLACK, 50 µs by default).
pub fn make_waits_precise() {
    // Refused only where the call does not exist; waits are then as exact as the kernel's default.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

/// Lets the threads of capture and muxing go first: this thread, and those it starts, give way to them, from whatever nice
/// value the process has. Raising a nice value needs no privilege.
pub fn give_way() {
    let thread = Some(rustix::thread::gettid());
    // Refused only where a policy of the system forbids it; the thread then competes as before.
    let _ = rustix::process::getpriority_process(thread)
        .and_then(|nice| rustix::process::setpriority_process(thread, nice + NICE));
}

/// One step is a tenth of the processor where threads compete (sched(7)): enough that a frame is always captured first,
/// and little enough that the encoder holds its own against other programs.
const NICE: i32 = 1;

/// Starts a thread that returns its free memory when it ends.
///
/// # Errors
///
/// `ResourceExhausted` if the system has no further thread.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    let run = move || {
        body();
        return_free_memory();
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop).map_err(|error| {
        Error::new(Code::ResourceExhausted, Stage::Boundary, format!("Cannot start a thread: {error}"))
    })
}

/// Lets a write beyond the process's limit for the size of files (`ulimit -f`) fail, instead of the signal that by default
/// ends the process with all its recordings. A handler of the program's own stays.
pub fn survive_file_size_limit() {
    static ONCE: Once = Once::new();
    /// The same on x86 and Arm, and on macOS.
    const SIGXFSZ: c_int = 25;
    const DEFAULT: usize = 0;
    const IGNORE: usize = 1;
    unsafe extern "C" {
        fn signal(number: c_int, action: usize) -> usize;
    }
    ONCE.call_once(|| {
        // SAFETY: the C library's own function, callable from any thread; the actions are constants or what it returned.
        unsafe {
            let before = signal(SIGXFSZ, IGNORE);
            if before != DEFAULT {
                signal(SIGXFSZ, before);
            }
        }
    });
}

/// Returns the free pages of every heap to the system. glibc keeps one heap for each of many threads and by itself
/// returns only the pages at a heap's end, so that every recording would leave some megabytes behind.
fn return_free_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> c_int;
        }
        // SAFETY: glibc's own function, callable from any thread at any time.
        unsafe { malloc_trim(0) };
    }
}

/// Zeroed memory, owned.
///
/// Large memory is mapped apart from every heap: freeing it always lowers what the process holds, whereas an allocator
/// keeps what lies below memory that is in use.
#[derive(Debug)]
pub struct Memory {
    begin: NonNull<u8>,
    layout: Layout,
}

// SAFETY: owned; it has no tie to a thread.
unsafe impl Send for Memory {}

impl Memory {
    /// The boundary on which memory begins, in bytes: as much as SIMD code reads at once.
    pub const ALIGN: usize = 64;

    /// Memory of at least this many bytes is mapped. A process may have 65530 mappings (vm.max_map_count).
    const MAPPED: usize = 32 << 10;

    /// So many bytes, at least one; `None` if there is no memory.
    #[must_use]
    pub fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(bytes.max(1), Self::ALIGN).ok()?;
        let begin = if layout.size() < Self::MAPPED {
            // SAFETY: the layout is not empty.
            unsafe { alloc_zeroed(layout) }
        } else {
            // SAFETY: a new private mapping, wherever the kernel chooses, touches no other memory.
            unsafe { mmap_anonymous(null_mut(), layout.size(), ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) }
                .map_or(null_mut(), |begin| begin.cast())
        };
        NonNull::new(begin).map(|begin| Self { begin, layout })
    }

    /// The first byte, for reading and writing.
    #[must_use]
    pub const fn as_ptr(&self) -> *mut u8 {
        self.begin.as_ptr()
    }

    /// Bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.layout.size()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.size() < Self::MAPPED {
            // SAFETY: owned, and allocated with this layout.
            unsafe { dealloc(self.as_ptr(), self.layout) };
        } else {
            // SAFETY: owned, and mapped with this size. The kernel refuses only where the mapping would be split and the
            // process has too many; the memory then stays.
            let _ = unsafe { munmap(self.as_ptr().cast(), self.size()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_way_from_the_nice_value_that_it_has() {
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let found = std::thread::spawn(move || {
            let before = nice();
            give_way();
            give_way();
            (before, nice())
        });
        let (before, after) = found.join().unwrap();
        assert_eq!(after, (before + 2 * NICE).min(19));
    }
}
