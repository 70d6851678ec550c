//! Buffers of one length that are used again, and go back to the system when they are not needed any more.

use std::{
    collections::VecDeque,
    ffi::c_void,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;

use super::{AvError, ffi};
use crate::sys::{Memory, monotonic_ns};

/// A buffer that nothing needed for so long goes back to the system.
const KEEP_NS: u64 = 2_000_000_000;

/// So many buffers go back to the system when one comes back to the pool, so that no frame pays for a whole burst.
const MAX_RETURNS: usize = 2;

/// Buffers of one length. A buffer comes back, on any thread, when its last reference is dropped; if the pool is gone by
/// then, it is freed.
#[derive(Debug)]
pub(super) struct BufferPool(Arc<Shelf>);

/// The buffers that nothing needs now.
#[derive(Debug)]
struct Shelf {
    length: usize,
    clock: fn() -> u64,
    /// In the order in which they came back. The last one is taken first: the first ones show what is not needed.
    free: Mutex<VecDeque<Free>>,
}

#[derive(Debug)]
struct Free {
    buffer: Box<Buffer>,
    since_ns: u64,
}

#[derive(Debug)]
struct Buffer {
    memory: Memory,
    shelf: Weak<Shelf>,
}

impl BufferPool {
    /// A pool of buffers of `length` bytes; it holds none yet.
    pub(super) fn new(length: usize) -> Self {
        Self::with_clock(length, monotonic_ns)
    }

    fn with_clock(length: usize, clock: fn() -> u64) -> Self {
        Self(Arc::new(Shelf { length, clock, free: Mutex::default() }))
    }

    /// A buffer, aligned for SIMD, which belongs to the caller. Its bytes are zero or those of its last use.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub(super) fn take(&self) -> Result<*mut ffi::AVBufferRef, AvError> {
        let buffer = match self.0.take() {
            Some(buffer) => buffer,
            None => Box::new(Buffer {
                memory: Memory::new(self.0.length).ok_or_else(AvError::no_memory)?,
                shelf: Arc::downgrade(&self.0),
            }),
        };
        let (data, size) = (buffer.memory.as_ptr(), buffer.memory.size());
        let buffer = Box::into_raw(buffer);
        // SAFETY: the memory lives until `come_back`, which the last reference calls once with `buffer`.
        let reference = unsafe { ffi::av_buffer_create(data, size, Some(come_back), buffer.cast(), 0) };
        if reference.is_null() {
            // SAFETY: it was not taken over.
            drop(unsafe { Box::from_raw(buffer) });
            return Err(AvError::no_memory());
        }
        Ok(reference)
    }
}

impl Shelf {
    fn take(&self) -> Option<Box<Buffer>> {
        self.free.lock().pop_back().map(|free| free.buffer)
    }

    fn put(&self, buffer: Box<Buffer>) {
        let mut free = self.free.lock();
        let since_ns = (self.clock)();
        let unneeded = take_unneeded(&mut free, since_ns);
        free.push_back(Free { buffer, since_ns });
        // Freeing takes time, in which other threads need the list.
        drop(free);
        drop(unneeded);
    }
}

/// Some of the buffers that were kept for too long.
fn take_unneeded(free: &mut VecDeque<Free>, now_ns: u64) -> [Option<Free>; MAX_RETURNS] {
    let is_unneeded = |free: &Free| now_ns.saturating_sub(free.since_ns) >= KEEP_NS;
    std::array::from_fn(|_| if free.front().is_some_and(is_unneeded) { free.pop_front() } else { None })
}

/// The free function of every buffer; `opaque` is its [`Buffer`].
unsafe extern "C" fn come_back(opaque: *mut c_void, _: *mut u8) {
    // SAFETY: `BufferPool::take` gave it away, and FFmpeg calls this once.
    let buffer = unsafe { Box::from_raw(opaque.cast::<Buffer>()) };
    if let Some(shelf) = buffer.shelf.upgrade() {
        shelf.put(buffer);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    use super::*;

    /// A reference to a buffer, owned.
    struct Reference(*mut ffi::AVBufferRef);

    // SAFETY: owned; FFmpeg counts references atomically.
    unsafe impl Send for Reference {}

    impl Reference {
        fn of(pool: &BufferPool) -> Self {
            Self(pool.take().unwrap())
        }

        fn bytes(&mut self) -> &mut [u8] {
            // SAFETY: the only reference to a live buffer.
            unsafe { std::slice::from_raw_parts_mut((*self.0).data, (*self.0).size) }
        }
    }

    impl Drop for Reference {
        fn drop(&mut self) {
            // SAFETY: owned.
            unsafe { ffi::av_buffer_unref(&raw mut self.0) };
        }
    }

    fn kept(pool: &BufferPool) -> usize {
        pool.0.free.lock().len()
    }

    #[test]
    fn memory_of_a_burst_goes_back_while_one_buffer_at_a_time_is_taken() {
        static NOW: AtomicU64 = AtomicU64::new(0);
        const PERIOD_NS: u64 = 33_333_333;
        let pool = BufferPool::with_clock(100_000, || NOW.load(SeqCst));
        drop((0..60).map(|_| Reference::of(&pool)).collect::<Vec<_>>());
        assert_eq!(kept(&pool), 60);
        while NOW.fetch_add(PERIOD_NS, SeqCst) + PERIOD_NS < KEEP_NS {
            drop(Reference::of(&pool));
            assert_eq!(kept(&pool), 60, "a burst may follow the other");
        }
        let mut frames = 0;
        while kept(&pool) > 1 {
            let before = kept(&pool);
            drop(Reference::of(&pool));
            assert!(before - kept(&pool) <= MAX_RETURNS, "no frame pays for many");
            NOW.fetch_add(PERIOD_NS, SeqCst);
            frames += 1;
        }
        assert!(frames <= 30, "{frames} frames");
        let only = Reference::of(&pool);
        NOW.fetch_add(10 * KEEP_NS, SeqCst);
        drop(only);
        assert_eq!(kept(&pool), 1, "what is in use is needed, however seldom");
    }

    #[test]
    fn a_buffer_comes_back_to_its_pool_and_is_freed_without_it() {
        let pool = BufferPool::new(1000);
        let mut second = Reference::of(&pool);
        drop(Reference::of(&pool));
        assert_eq!(kept(&pool), 1);
        let shelf = Arc::downgrade(&pool.0);
        drop(pool);
        assert!(shelf.upgrade().is_none(), "a buffer in use holds no others");
        second.bytes().fill(7);
        assert!(second.bytes().iter().all(|byte| *byte == 7));
    }

    #[test]
    fn threads_share_a_pool_and_no_buffer_is_lent_twice() {
        let pool = BufferPool::new(100);
        let (sender, receiver) = std::sync::mpsc::sync_channel::<(Reference, u8)>(8);
        std::thread::scope(|scope| {
            for mark in 1..=4 {
                let (pool, sender) = (&pool, sender.clone());
                scope.spawn(move || {
                    for _ in 0..5_000 {
                        let mut reference = Reference::of(pool);
                        reference.bytes().fill(mark);
                        sender.send((reference, mark)).unwrap();
                    }
                });
            }
            drop(sender);
            for (mut reference, mark) in receiver {
                assert!(reference.bytes().iter().all(|byte| *byte == mark));
            }
        });
        assert!((1..=13).contains(&kept(&pool)), "{}", kept(&pool));
    }
}
