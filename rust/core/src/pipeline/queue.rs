//! A bounded queue between two threads. Its reader waits on a signal of its own; a writer that finds it full is woken when
//! there is room again.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;

use super::clock::{Signal, Wake};

/// The bounds of a queue. One item always fits into an empty queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Items.
    pub(crate) items: usize,
    /// Bytes of all items together.
    pub(crate) bytes: usize,
    /// Time for which the oldest item may have waited, in nanoseconds.
    pub(crate) wait_ns: u64,
}

impl Bounds {
    /// So many items, of any size and age.
    pub(crate) const fn items(items: usize) -> Self {
        Self { items, bytes: usize::MAX, wait_ns: u64::MAX }
    }
}

/// Why an item was not taken.
pub(crate) enum Refused<T> {
    /// The queue is full.
    Full(T),
    /// It is closed, or its reader is gone.
    Closed(T),
}

/// The contents of a queue, as counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Load {
    items: usize,
    bytes: usize,
}

impl Load {
    /// Whether an item of `bytes` fits beside this load, whose oldest item has waited for `waited_ns`.
    fn admits(self, bytes: usize, waited_ns: u64, bounds: &Bounds) -> bool {
        self.items == 0
            || (self.items < bounds.items
                && self.bytes.saturating_add(bytes) <= bounds.bytes
                && waited_ns < bounds.wait_ns)
    }

    /// Whether enough has been read to wake a writer.
    fn is_half(self, bounds: &Bounds) -> bool {
        self.items <= bounds.items / 2 && self.bytes <= bounds.bytes / 2
    }
}

struct Entry<T> {
    item: T,
    bytes: usize,
    queued_ns: u64,
}

struct QueueState<T> {
    entries: VecDeque<Entry<T>>,
    bytes: usize,
    /// Items that writers have announced and not yet settled.
    announced: usize,
    writers: usize,
    is_closed: bool,
    has_reader: bool,
    /// The writers that wait for room, and their bounds.
    waiting: Vec<(Arc<dyn Wake>, Bounds)>,
}

impl<T> QueueState<T> {
    fn load(&self) -> Load {
        Load { items: self.entries.len(), bytes: self.bytes }
    }

    fn waited_ns(&self, now_ns: u64) -> u64 {
        self.entries.front().map_or(0, |entry| now_ns.saturating_sub(entry.queued_ns))
    }

    fn takes_items(&self) -> bool {
        self.has_reader && !self.is_closed
    }

    fn push(&mut self, item: T, bytes: usize, queued_ns: u64) {
        self.bytes += bytes;
        self.entries.push_back(Entry { item, bytes, queued_ns });
    }

    fn pop(&mut self) -> Option<T> {
        let Entry { item, bytes, .. } = self.entries.pop_front()?;
        self.bytes -= bytes;
        Some(item)
    }
}

struct QueueShared<T> {
    state: Mutex<QueueState<T>>,
    reader: Arc<Signal>,
}

/// The writing side.
pub(crate) struct Writer<T>(Arc<QueueShared<T>>);

/// The reading side. Once it is dropped, every write is refused.
pub(crate) struct Reader<T>(Arc<QueueShared<T>>);

/// A queue whose reader waits on `reader`.
pub(crate) fn queue<T>(reader: Arc<Signal>) -> (Writer<T>, Reader<T>) {
    let state = QueueState {
        entries: VecDeque::new(),
        bytes: 0,
        announced: 0,
        writers: 1,
        is_closed: false,
        has_reader: true,
        waiting: Vec::new(),
    };
    let shared = Arc::new(QueueShared { state: Mutex::new(state), reader });
    (Writer(shared.clone()), Reader(shared))
}

impl<T> Writer<T> {
    fn now_ns(&self) -> u64 {
        self.0.reader.clock().now_ns()
    }

    /// Appends an item of `bytes`, if it fits into `bounds`; returns how long the oldest item has waited.
    pub(crate) fn try_send(&self, item: T, bytes: usize, bounds: &Bounds) -> Result<u64, Refused<T>> {
        self.send(item, bytes, bounds, None)
    }

    /// Appends an item of `bytes`, if it fits into `bounds`; if it does not, `writer` is woken when there is room.
    pub(crate) fn send_or_wait(
        &self,
        item: T,
        bytes: usize,
        bounds: &Bounds,
        writer: &Arc<dyn Wake>,
    ) -> Result<(), Refused<T>> {
        self.send(item, bytes, bounds, Some(writer)).map(drop)
    }

    fn send(&self, item: T, bytes: usize, bounds: &Bounds, writer: Option<&Arc<dyn Wake>>) -> Result<u64, Refused<T>> {
        let now_ns = self.now_ns();
        let mut state = self.0.state.lock();
        if !state.has_reader {
            return Err(Refused::Closed(item));
        }
        let waited_ns = state.waited_ns(now_ns);
        if !state.load().admits(bytes, waited_ns, bounds) {
            if let Some(writer) = writer {
                await_room(&mut state.waiting, writer, bounds);
            }
            return Err(Refused::Full(item));
        }
        state.push(item, bytes, now_ns);
        drop(state);
        self.0.reader.raise();
        Ok(waited_ns)
    }

    /// Appends an item in any case, and returns the oldest ones that had to make room for it.
    pub(crate) fn displace(&self, item: T, bytes: usize, bounds: &Bounds) -> Result<Vec<T>, Refused<T>> {
        let now_ns = self.now_ns();
        let mut state = self.0.state.lock();
        if !state.has_reader {
            return Err(Refused::Closed(item));
        }
        let mut displaced = Vec::new();
        while !state.load().admits(bytes, state.waited_ns(now_ns), bounds) {
            displaced.extend(state.pop());
        }
        state.push(item, bytes, now_ns);
        drop(state);
        self.0.reader.raise();
        Ok(displaced)
    }

    /// Whether an item would fit into `bounds`; if not, `writer` is woken when there is room.
    pub(crate) fn has_room_or_wait(&self, bounds: &Bounds, writer: &Arc<dyn Wake>) -> bool {
        let now_ns = self.now_ns();
        let mut state = self.0.state.lock();
        let has_room = !state.has_reader || state.load().admits(0, state.waited_ns(now_ns), bounds);
        if !has_room {
            await_room(&mut state.waiting, writer, bounds);
        }
        has_room
    }

    /// Announces an item, which the reader then waits for; `false` once the queue is closed.
    pub(crate) fn announce(&self) -> bool {
        let mut state = self.0.state.lock();
        let is_open = !state.is_closed;
        state.announced += usize::from(is_open);
        is_open
    }

    /// Settles an announced item: it was sent, or will not be.
    pub(crate) fn settle(&self) {
        let mut state = self.0.state.lock();
        state.announced -= 1;
        let is_last = state.announced == 0 && state.is_closed;
        drop(state);
        if is_last {
            self.0.reader.raise();
        }
    }

    /// Accepts no further item but those announced before.
    pub(crate) fn close(&self) {
        self.0.state.lock().is_closed = true;
        self.0.reader.raise();
    }

    pub(crate) fn is_closed(&self) -> bool {
        !self.0.state.lock().takes_items()
    }

    /// Items that wait.
    pub(crate) fn len(&self) -> usize {
        self.0.state.lock().entries.len()
    }
}

/// Notes a writer that waits for room, once.
fn await_room(waiting: &mut Vec<(Arc<dyn Wake>, Bounds)>, writer: &Arc<dyn Wake>, bounds: &Bounds) {
    let is_same = |other: &Arc<dyn Wake>| std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(writer));
    if !waiting.iter().any(|(other, _)| is_same(other)) {
        waiting.push((writer.clone(), *bounds));
    }
}

impl<T> Clone for Writer<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().writers += 1;
        Self(self.0.clone())
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.writers -= 1;
        let is_last = state.writers == 0;
        state.is_closed |= is_last;
        drop(state);
        if is_last {
            self.0.reader.raise();
        }
    }
}

impl<T> Reader<T> {
    /// The next item, if one waits.
    pub(crate) fn try_recv(&self) -> Option<T> {
        let mut state = self.0.state.lock();
        let item = state.pop()?;
        let load = state.load();
        let is_due = |(_, bounds): &mut (Arc<dyn Wake>, Bounds)| load.is_half(bounds);
        let due: Vec<_> = state.waiting.extract_if(.., is_due).collect();
        drop(state);
        due.iter().for_each(|(writer, _)| writer.wake());
        Some(item)
    }

    /// Items that wait.
    pub(crate) fn len(&self) -> usize {
        self.0.state.lock().entries.len()
    }

    /// Whether no item waits and none will come.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.0.state.lock();
        state.is_closed && state.announced == 0 && state.entries.is_empty()
    }

    /// The next item, waiting for it; `None` once none will come.
    pub(crate) fn recv(&self) -> Option<T> {
        loop {
            let seen = self.0.reader.seen();
            if let Some(item) = self.try_recv() {
                return Some(item);
            }
            if self.is_over() {
                return None;
            }
            self.0.reader.wait(seen, None);
        }
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        let (entries, waiting) = {
            let mut state = self.0.state.lock();
            state.has_reader = false;
            state.bytes = 0;
            (std::mem::take(&mut state.entries), std::mem::take(&mut state.waiting))
        };
        drop(entries);
        waiting.iter().for_each(|(writer, _)| writer.wake());
    }
}

#[cfg(test)]
mod tests;
