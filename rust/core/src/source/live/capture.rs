//! The thread of a driver: it starts, reads and lets go as the source orders, and hands on what comes. A call that the
//! driver never returns from keeps this thread, and nothing else.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use parking_lot::Mutex;

use super::driver::{CaptureDriver, Loss, Received, Stream};
use crate::{
    base::error::{Error, Result, Stage, guard_thread},
    pipeline::{
        Signal, clock,
        clock::SECOND_NS,
        queue::{Bounds, Reader, Refused, Writer, queue},
    },
    source::producer::Patience,
    sys::make_waits_precise,
};

/// Frames that may wait for the source's thread while the machine does something else.
const FRAMES: Bounds = Bounds { items: usize::MAX, bytes: 256_000_000, wait_ns: 2 * SECOND_NS };

/// News other than frames is few, and never refused.
const NEWS: Bounds = Bounds::items(usize::MAX);

/// Longest wait for a driver to let go of its device.
const CLOSE_NS: u64 = 2 * SECOND_NS;

/// Longest time that a driver is left alone for one frame.
const PATIENCE_NS: u64 = 100_000_000;

/// What a driver is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Capture. It is started anew at this time, once for each number of a start.
    Run {
        not_before_ns: u64,
    },
    Rest,
    Close,
}

/// What the driver's thread hands on.
pub(super) enum News {
    /// The stream was started.
    Started(Stream),
    /// Something came from it.
    Received(Received),
    /// It gives nothing more.
    Lost(Loss),
    /// The driver's thread met a defect.
    Failed(Error),
}

/// The shared part of both threads.
struct Line {
    /// The order, and the number of the start that it belongs to.
    order: Mutex<(Order, u64)>,
    /// On which the driver's thread waits.
    signal: Arc<Signal>,
    /// On which the source's thread waits.
    source: Arc<Signal>,
    missed: AtomicU64,
    /// When the driver last had nothing.
    looked_ns: AtomicU64,
    has_ended: AtomicBool,
}

/// The source's side. Dropping it closes the driver, and waits until that has let go of its device, for a while.
pub(super) struct Capture {
    line: Arc<Line>,
    news: Reader<(u64, News)>,
    start: u64,
}

impl Capture {
    /// Starts the thread of a driver, which does nothing yet. What it hands on raises `signal`.
    /// A start may take `connect_ns`.
    pub(super) fn spawn(driver: Box<dyn CaptureDriver>, signal: &Arc<Signal>, connect_ns: u64) -> Result<Self> {
        let (writer, news) = queue(signal.clone());
        let own = Signal::new(signal.clock());
        if let Some(waker) = driver.waker() {
            own.forward_to(waker);
        }
        let line = Arc::new(Line {
            order: Mutex::new((Order::Rest, 0)),
            signal: own,
            source: signal.clone(),
            missed: AtomicU64::new(0),
            looked_ns: AtomicU64::new(0),
            has_ended: AtomicBool::new(false),
        });
        let thread = CaptureThread {
            driver,
            line: line.clone(),
            news: writer,
            start: 0,
            waits_for_key: false,
            missed: 0,
            connect_ns,
        };
        clock::spawn(signal.clock(), "gg-capture", move || thread.run())?;
        Ok(Self { line, news, start: 0 })
    }

    fn order(&self, order: Order) {
        *self.line.order.lock() = (order, self.start);
        self.line.signal.raise();
    }

    /// Has the driver started, or started anew, not before a time.
    pub(super) fn start(&mut self, not_before_ns: u64) {
        self.start += 1;
        self.order(Order::Run { not_before_ns });
    }

    /// Has the stream stopped.
    pub(super) fn rest(&mut self) {
        self.start += 1;
        self.order(Order::Rest);
    }

    /// The next news, and whether they are of the last start.
    pub(super) fn try_recv(&self) -> Option<(News, bool)> {
        self.news.try_recv().map(|(start, news)| (news, start == self.start))
    }

    /// When the driver last had nothing to hand on.
    pub(super) fn looked_ns(&self) -> u64 {
        self.line.looked_ns.load(SeqCst)
    }

    /// Frames for which there was no room, because the source's thread was too busy.
    pub(super) fn missed(&self) -> u64 {
        self.line.missed.load(SeqCst)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.order(Order::Close);
        let signal = &self.line.source;
        let deadline_ns = signal.clock().now_ns().saturating_add(CLOSE_NS);
        loop {
            let seen = signal.seen();
            if self.line.has_ended.load(SeqCst) || signal.clock().now_ns() >= deadline_ns {
                return;
            }
            signal.wait(seen, Some(deadline_ns));
        }
    }
}

/// The driver's side.
struct CaptureThread {
    driver: Box<dyn CaptureDriver>,
    line: Arc<Line>,
    news: Writer<(u64, News)>,
    /// The start that was last carried out.
    start: u64,
    /// Packets up to the next one that can be decoded alone are useless.
    waits_for_key: bool,
    /// Frames missed since the last one that was handed on.
    missed: u64,
    /// Longest time for a start.
    connect_ns: u64,
}

impl CaptureThread {
    fn run(mut self) {
        make_waits_precise();
        let worked = guard_thread(Stage::Source, "go on capturing", || self.work());
        if let Err(error) = worked {
            self.tell(News::Failed(error));
        }
        let line = self.line.clone();
        // However the driver ends, the source does not wait for it any longer.
        let _ = guard_thread(Stage::Source, "let go of the device", || drop(self));
        line.has_ended.store(true, SeqCst);
        line.source.raise();
    }

    fn work(&mut self) {
        let mut is_streaming = false;
        loop {
            let seen = self.line.signal.seen();
            let (order, start) = *self.line.order.lock();
            let is_new = start != self.start;
            match order {
                Order::Close => return self.driver.close(),
                Order::Rest => {
                    if std::mem::take(&mut is_streaming) {
                        self.driver.rest();
                    }
                    self.start = start;
                    self.line.signal.wait(seen, None);
                }
                Order::Run { not_before_ns } if is_new => {
                    if std::mem::take(&mut is_streaming) {
                        self.driver.close();
                    }
                    is_streaming = self.begin(seen, not_before_ns, start);
                }
                Order::Run { .. } if is_streaming => is_streaming = self.read(seen),
                Order::Run { .. } => self.line.signal.wait(seen, None),
            }
        }
    }

    fn now_ns(&self) -> u64 {
        self.line.signal.clock().now_ns()
    }

    /// Starts the stream when its time has come; returns whether it runs.
    fn begin(&mut self, seen: u64, not_before_ns: u64, start: u64) -> bool {
        let signal = self.line.signal.clone();
        if self.now_ns() < not_before_ns {
            self.driver.wait_for_return(&Patience { signal: &signal, seen, deadline_ns: not_before_ns });
            if signal.seen() != seen {
                // There may be another order.
                return false;
            }
        }
        self.start = start;
        self.waits_for_key = false;
        let deadline_ns = self.now_ns().saturating_add(self.connect_ns);
        match self.driver.start(&Patience { signal: &signal, seen, deadline_ns }) {
            Ok(stream) => {
                self.tell(News::Started(stream));
                true
            }
            Err(loss) => self.lose(loss),
        }
    }

    /// Waits for the next frame; returns whether the stream goes on.
    fn read(&mut self, seen: u64) -> bool {
        let signal = self.line.signal.clone();
        let deadline_ns = self.now_ns().saturating_add(PATIENCE_NS);
        match self.driver.next(&Patience { signal: &signal, seen, deadline_ns }) {
            Ok(Received::Nothing) => {
                self.line.looked_ns.store(self.now_ns(), SeqCst);
                true
            }
            Ok(received) => {
                self.hand_on(received);
                true
            }
            Err(loss) => self.lose(loss),
        }
    }

    /// Reports a loss, after which the stream does not run. A device that is still there stays open.
    fn lose(&mut self, loss: Loss) -> bool {
        if matches!(loss, Loss::Changed) || loss.is_no_signal() {
            self.driver.rest()
        } else {
            self.driver.close()
        }
        self.tell(News::Lost(loss));
        false
    }

    fn tell(&self, news: News) {
        // Refused only once the source is gone.
        let _ = self.news.try_send((self.start, news), 0, &NEWS);
    }

    /// Hands a frame on, or counts it as missed if too many wait: of packets, all up to the next key frame.
    fn hand_on(&mut self, mut received: Received) {
        if let Some(stamp) = received.stamp_mut() {
            stamp.missed_before = self.missed;
        }
        let (bytes, is_key) = match &received {
            Received::Picture(picture, _) => (picture.memory(), true),
            Received::Packet(packet, _) => (packet.size(), packet.is_key()),
            Received::Damaged(_) | Received::Nothing => (0, true),
        };
        self.waits_for_key &= !is_key;
        let is_packet = matches!(received, Received::Packet(..));
        let is_refused = self.waits_for_key
            || matches!(
                self.news.try_send((self.start, News::Received(received)), bytes, &FRAMES),
                Err(Refused::Full(_))
            );
        if is_refused {
            self.waits_for_key = is_packet;
            self.missed += 1;
            self.line.missed.fetch_add(1, SeqCst);
        } else {
            self.missed = 0;
        }
    }
}
