use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::*;
use crate::{
    pipeline::{Clock, clock::spawn},
    test_support::clock::{START_NS, SimulatedClock},
};

const NO_BOUNDS: Bounds = Bounds { items: usize::MAX, bytes: usize::MAX, wait_ns: u64::MAX };

/// A queue of numbers on a clock of its own.
struct Fixture {
    clock: Arc<SimulatedClock>,
    signal: Arc<Signal>,
    writer: Writer<u32>,
    reader: Reader<u32>,
}

fn fixture() -> Fixture {
    let clock = SimulatedClock::new();
    let time: Arc<dyn Clock> = clock.clone();
    let signal = Signal::new(&time);
    let (writer, reader) = queue(signal.clone());
    Fixture { clock, signal, writer, reader }
}

/// Counts how often it was woken.
#[derive(Default)]
struct Sleeper(AtomicU64);

impl Wake for Sleeper {
    fn wake(&self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn sleeper() -> (Arc<Sleeper>, Arc<dyn Wake>) {
    let sleeper = Arc::new(Sleeper::default());
    (sleeper.clone(), sleeper)
}

fn is_full<R>(outcome: Result<R, Refused<u32>>) -> bool {
    matches!(outcome, Err(Refused::Full(_)))
}

fn all(reader: &Reader<u32>) -> Vec<u32> {
    std::iter::from_fn(|| reader.try_recv()).collect()
}

#[test]
fn items_come_in_their_order_and_fill_the_queue() {
    let Fixture { writer, reader, .. } = fixture();
    let bounds = Bounds::items(3);
    assert!((0..3).all(|item| writer.try_send(item, 1 << 40, &bounds).is_ok()));
    let Err(Refused::Full(item)) = writer.try_send(3, 0, &bounds) else { panic!("it fits") };
    assert_eq!((item, writer.len(), reader.len()), (3, 3, 3));
    assert_eq!(reader.try_recv(), Some(0));
    assert!(writer.try_send(3, 0, &bounds).is_ok());
    assert_eq!(all(&reader), [1, 2, 3]);
}

#[test]
fn bytes_fill_the_queue_and_are_given_back() {
    let Fixture { writer, reader, .. } = fixture();
    let bounds = Bounds { bytes: 100, ..NO_BOUNDS };
    assert!(writer.try_send(0, 60, &bounds).is_ok());
    assert!(is_full(writer.try_send(1, 41, &bounds)));
    assert!(writer.try_send(1, 40, &bounds).is_ok());
    assert!(is_full(writer.try_send(2, 1, &bounds)));
    assert_eq!(reader.try_recv(), Some(0));
    assert!(writer.try_send(2, 60, &bounds).is_ok());
    assert!(is_full(writer.try_send(3, usize::MAX, &bounds)));
}

#[test]
fn the_age_of_the_oldest_item_fills_the_queue() {
    let Fixture { clock, writer, reader, .. } = fixture();
    let bounds = Bounds { wait_ns: 2_000_000_000, ..NO_BOUNDS };
    assert_eq!(writer.try_send(0, 0, &bounds).ok(), Some(0));
    clock.pass(1.5);
    assert_eq!(writer.try_send(1, 0, &bounds).ok(), Some(1_500_000_000));
    clock.pass_until(START_NS + 1_999_999_999);
    assert!(writer.try_send(2, 0, &bounds).is_ok());
    clock.pass_until(START_NS + 2_000_000_000);
    assert!(is_full(writer.try_send(3, 0, &bounds)));
    // The next one has waited for half a second only.
    assert_eq!(reader.try_recv(), Some(0));
    assert_eq!(writer.try_send(3, 0, &bounds).ok(), Some(500_000_000));
}

#[test]
fn one_item_of_any_size_fits_into_an_empty_queue() {
    let Fixture { clock, writer, reader: _reader, .. } = fixture();
    let bounds = Bounds { items: 0, bytes: 0, wait_ns: 0 };
    assert!(writer.try_send(0, usize::MAX, &bounds).is_ok());
    clock.pass(1.0);
    assert!(is_full(writer.try_send(1, 0, &bounds)));
}

#[test]
fn writers_of_one_queue_have_bounds_of_their_own() {
    let Fixture { writer, reader: _reader, .. } = fixture();
    assert!((0..4).all(|item| writer.try_send(item, 0, &NO_BOUNDS).is_ok()));
    assert!(is_full(writer.try_send(4, 0, &Bounds::items(4))));
    assert!(writer.try_send(4, 0, &NO_BOUNDS).is_ok());
}

#[test]
fn a_writer_that_found_the_queue_full_is_woken_once_when_half_of_it_is_read() {
    let Fixture { writer, reader, .. } = fixture();
    let bounds = Bounds { items: 4, bytes: 100, wait_ns: u64::MAX };
    let (woken, wake) = sleeper();
    for item in 0..4 {
        assert!(writer.send_or_wait(item, 20, &bounds, &wake).is_ok());
    }
    assert_eq!(woken.0.load(SeqCst), 0);
    // Noted once, however often it asks.
    assert!(is_full(writer.send_or_wait(4, 20, &bounds, &wake)) && !writer.has_room_or_wait(&bounds, &wake));
    let wakes = (0..4).map(|_| {
        assert!(reader.try_recv().is_some());
        woken.0.load(SeqCst)
    });
    assert_eq!(wakes.collect::<Vec<_>>(), [0, 1, 1, 1]);
    assert!(writer.has_room_or_wait(&bounds, &wake));
}

#[test]
fn half_of_the_bytes_must_be_read_too_before_a_writer_is_woken() {
    let Fixture { writer, reader, .. } = fixture();
    let bounds = Bounds { items: 4, bytes: 100, wait_ns: u64::MAX };
    let (woken, wake) = sleeper();
    for (item, bytes) in [(0, 10), (1, 10), (2, 20), (3, 60)] {
        assert!(writer.send_or_wait(item, bytes, &bounds, &wake).is_ok());
    }
    assert!(is_full(writer.send_or_wait(4, 20, &bounds, &wake)));
    let wakes = (0..4).map(|_| {
        assert!(reader.try_recv().is_some());
        woken.0.load(SeqCst)
    });
    assert_eq!(wakes.collect::<Vec<_>>(), [0, 0, 0, 1]);
}

#[test]
fn each_waiting_writer_is_woken_by_its_own_bounds() {
    let Fixture { writer, reader, .. } = fixture();
    let writers = [2, 4].map(|items| (Bounds::items(items), sleeper()));
    assert!((0..4).all(|item| writer.try_send(item, 0, &NO_BOUNDS).is_ok()));
    for (bounds, (_, wake)) in &writers {
        assert!(!writer.has_room_or_wait(bounds, wake));
    }
    let wakes = (0..3).map(|_| {
        assert!(reader.try_recv().is_some());
        writers.each_ref().map(|(_, (woken, _))| woken.0.load(SeqCst))
    });
    assert_eq!(wakes.collect::<Vec<_>>(), [[0, 0], [0, 1], [1, 1]]);
}

#[test]
fn an_item_that_must_go_in_displaces_the_oldest_ones() {
    let Fixture { clock, writer, reader, .. } = fixture();
    let bounds = Bounds { items: 2, bytes: 100, wait_ns: 1_000_000_000 };
    assert_eq!(writer.displace(0, 10, &bounds).ok(), Some(vec![]));
    assert_eq!(writer.displace(1, 50, &bounds).ok(), Some(vec![]));
    // By their number, by their bytes, by their age.
    assert_eq!(writer.displace(2, 50, &bounds).ok(), Some(vec![0]));
    assert_eq!(writer.displace(3, 60, &bounds).ok(), Some(vec![1, 2]));
    clock.pass(1.0);
    assert_eq!(writer.displace(4, 1, &bounds).ok(), Some(vec![3]));
    // One that is larger than the queue has it for itself.
    assert_eq!(writer.displace(5, 1000, &bounds).ok(), Some(vec![4]));
    assert_eq!(all(&reader), [5]);
}

#[test]
fn a_queue_without_a_reader_refuses_everything_and_lets_its_items_go() {
    let clock: Arc<dyn Clock> = SimulatedClock::new();
    let (writer, reader) = queue(Signal::new(&clock));
    let item = Arc::new(());
    let (woken, wake) = sleeper();
    assert!(writer.try_send(item.clone(), 0, &NO_BOUNDS).is_ok());
    assert!(!writer.has_room_or_wait(&Bounds::items(1), &wake));
    drop(reader);
    assert_eq!((Arc::strong_count(&item), woken.0.load(SeqCst)), (1, 1));
    assert!(writer.is_closed());
    assert!(matches!(writer.try_send(item.clone(), 0, &NO_BOUNDS), Err(Refused::Closed(_))));
    assert!(matches!(writer.send_or_wait(item.clone(), 0, &NO_BOUNDS, &wake), Err(Refused::Closed(_))));
    assert!(matches!(writer.displace(item, 0, &NO_BOUNDS), Err(Refused::Closed(_))));
    // It would be refused, but not for want of room.
    assert!(writer.has_room_or_wait(&Bounds::items(1), &wake));
    assert_eq!(writer.len(), 0);
}

#[test]
fn the_last_writer_closes_the_queue_and_what_is_in_it_is_still_read() {
    let Fixture { signal, writer, reader, .. } = fixture();
    let other = writer.clone();
    assert!(other.try_send(7, 0, &NO_BOUNDS).is_ok());
    drop(writer);
    assert!(!other.is_closed());
    let seen = signal.seen();
    drop(other);
    assert!(signal.seen() > seen, "the reader is woken");
    assert!(!reader.is_over());
    assert_eq!((reader.recv(), reader.recv()), (Some(7), None));
    assert!(reader.is_over());
}

#[test]
fn a_closed_queue_stays_open_for_the_items_that_were_announced() {
    let Fixture { signal, writer, reader, .. } = fixture();
    assert!(writer.announce() && writer.announce());
    writer.close();
    assert!(writer.is_closed() && !writer.announce() && !reader.is_over());
    assert!(writer.try_send(1, 0, &NO_BOUNDS).is_ok());
    writer.settle();
    assert_eq!(reader.try_recv(), Some(1));
    assert!(!reader.is_over());
    // The second one is given up.
    let seen = signal.seen();
    writer.settle();
    assert!(signal.seen() > seen && reader.is_over());
    assert_eq!(reader.recv(), None);
}

#[test]
fn a_reader_waits_for_an_item_and_for_the_end() {
    let Fixture { clock, writer, reader, .. } = fixture();
    let time: Arc<dyn Clock> = clock.clone();
    let received = Arc::<Mutex<Vec<_>>>::default();
    let (list, now) = (received.clone(), time.clone());
    spawn(&time, "reader", move || {
        loop {
            let item = reader.recv();
            list.lock().push((now.now_ns() - START_NS, item));
            if item.is_none() {
                return;
            }
        }
    })
    .unwrap();
    clock.pass(1.0);
    assert!(writer.try_send(1, 0, &NO_BOUNDS).is_ok());
    clock.pass(1.0);
    writer.close();
    clock.pass(1.0);
    assert_eq!(*received.lock(), [(1_000_000_000, Some(1)), (2_000_000_000, None)]);
}
