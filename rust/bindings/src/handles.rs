//! Handles: an index and a generation, so that a stale or a repeated one is an error code and never memory.

use std::sync::{Arc, Mutex, PoisonError};

const INDEX_BITS: u32 = 16;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

/// A table of shared objects. Handle 0 is never given out.
pub(crate) struct Handles<T> {
    slots: Mutex<Vec<Slot<T>>>,
}

struct Slot<T> {
    generation: u16,
    object: Option<Arc<T>>,
    /// Taken before the object exists, because the object must know its handle.
    reserved: bool,
}

impl<T> Handles<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Mutex::new(Vec::new()) }
    }

    /// Takes a handle for an object to come; `None` if all are taken.
    pub(crate) fn reserve(&self) -> Option<u32> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let index = slots.iter().position(|slot| slot.object.is_none() && !slot.reserved).unwrap_or(slots.len());
        let number = u32::try_from(index).ok().filter(|index| *index <= INDEX_MASK)?;
        if index == slots.len() {
            slots.push(Slot { generation: 0, object: None, reserved: false });
        }
        let slot = &mut slots[index];
        // A generation below 1 would make handle 0.
        slot.generation = slot.generation.checked_add(1).unwrap_or(1);
        slot.reserved = true;
        Some(handle_of(number, slot.generation))
    }

    /// Puts the object behind its reserved handle.
    pub(crate) fn fill(&self, handle: u32, object: T) {
        self.with_slot(handle, |slot| {
            slot.object = Some(Arc::new(object));
            slot.reserved = false;
        });
    }

    pub(crate) fn get(&self, handle: u32) -> Option<Arc<T>> {
        self.with_slot(handle, |slot| slot.object.clone()).flatten()
    }

    /// Gives the handle up, filled or only reserved.
    pub(crate) fn remove(&self, handle: u32) -> Option<Arc<T>> {
        self.with_slot(handle, |slot| {
            slot.reserved = false;
            slot.object.take()
        })
        .flatten()
    }

    /// Every object there is, with its handle.
    pub(crate) fn all(&self) -> Vec<(u32, Arc<T>)> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let filled =
            (0..).zip(slots.iter()).filter_map(|(index, slot)| Some((index, slot.generation, slot.object.clone()?)));
        filled.map(|(index, generation, object)| (handle_of(index, generation), object)).collect()
    }

    fn with_slot<R>(&self, handle: u32, body: impl FnOnce(&mut Slot<T>) -> R) -> Option<R> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.get_mut((handle & INDEX_MASK) as usize)?;
        (u32::from(slot.generation) == handle >> INDEX_BITS).then(|| body(slot))
    }
}

fn handle_of(index: u32, generation: u16) -> u32 {
    u32::from(generation) << INDEX_BITS | index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_handle_finds_nothing_and_its_place_is_used_again() {
        let handles = Handles::new();
        let first = handles.reserve().unwrap();
        assert!(handles.get(first).is_none());
        handles.fill(first, "first");
        assert_eq!(*handles.get(first).unwrap(), "first");
        assert!(handles.remove(first).is_some());
        assert!(handles.remove(first).is_none());
        let second = handles.reserve().unwrap();
        assert_ne!(first, second);
        assert_eq!(first & INDEX_MASK, second & INDEX_MASK);
        handles.fill(second, "second");
        assert!(handles.get(first).is_none());
        assert!(handles.get(0).is_none());
        assert!(handles.get(u32::MAX).is_none());
    }

    #[test]
    fn generations_wrap_without_making_handle_zero() {
        let handles: Handles<()> = Handles::new();
        for _ in 0..70_000 {
            let handle = handles.reserve().unwrap();
            assert_ne!(handle >> INDEX_BITS, 0);
            handles.remove(handle);
        }
    }
}
