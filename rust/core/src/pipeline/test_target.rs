//! A target for tests: the holder of the receiver is its thread.
#![cfg(test)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use parking_lot::Mutex;

use super::{
    Clock, InputSender, Signal,
    clock::{Wake, spawn},
    input::{Input, InputConfig, InputReceiver, InputState, Limits, Sent, Sink, input_queue},
    report::DropReason,
};
use crate::{
    frame::{FrameForm, FrameShape, SharedFrame},
    test_support::clock::sleep_until,
};

/// Accounts in which frames without room are dropped as a filter's.
#[derive(Default)]
pub(crate) struct TestSink {
    pub(crate) input: InputState,
}

impl Sink for TestSink {
    fn input(&self) -> &InputState {
        &self.input
    }

    fn overflow(&self) {
        self.input.counters.dropped(DropReason::FilterOverload, 1);
    }

    fn report_room(&self) {}
}

/// A target whose frames the test takes.
pub(crate) struct TestTarget {
    pub(crate) input: InputSender,
    pub(crate) receiver: InputReceiver,
    pub(crate) sink: Arc<TestSink>,
}

impl TestTarget {
    pub(crate) fn new(clock: &Arc<dyn Clock>, limits: Limits) -> Self {
        let sink = Arc::new(TestSink::default());
        let config = InputConfig { limits, policy: None, preferred: None, form: FrameForm::Pictures };
        let (input, receiver) = input_queue(sink.clone(), config, &Signal::new(clock));
        Self { input, receiver, sink }
    }

    /// The next frame, if one waits.
    pub(crate) fn take(&self) -> Option<SharedFrame> {
        loop {
            match self.receiver.try_next()? {
                Input::Frame(frame, _) => {
                    self.sink.input.counters.written(1);
                    return Some(frame);
                }
                Input::Upcoming(_) => {}
            }
        }
    }

    /// Every frame that waits.
    pub(crate) fn take_all(&self) -> Vec<SharedFrame> {
        std::iter::from_fn(|| self.take()).collect()
    }

    /// The shape for which it was to get ready, if none was taken since.
    pub(crate) fn take_shape(&self) -> Option<FrameShape> {
        match self.receiver.try_next()? {
            Input::Upcoming(upcoming) => Some(upcoming.shape),
            Input::Frame(..) => panic!("a frame came first"),
        }
    }
}

/// A target that takes its frames on a thread of its own, and is busy with each of them for the same time.
pub(crate) struct BusyTarget {
    pub(crate) input: InputSender,
    pub(crate) sink: Arc<TestSink>,
    /// The frames, each with the moment at which it was taken.
    pub(crate) taken: Arc<Mutex<Vec<(u64, SharedFrame)>>>,
}

impl BusyTarget {
    pub(crate) fn new(clock: &Arc<dyn Clock>, limits: Limits, seconds: f64) -> Self {
        let TestTarget { input, receiver, sink } = TestTarget::new(clock, limits);
        let taken = Arc::<Mutex<Vec<_>>>::default();
        let (time, counters, list) = (clock.clone(), sink.clone(), taken.clone());
        let busy_ns = (seconds * 1e9).round() as u64;
        let run = move || {
            while let Some(input) = receiver.next() {
                let Input::Frame(frame, _) = input else { continue };
                counters.input.counters.written(1);
                list.lock().push((time.now_ns(), frame));
                sleep_until(&time, time.now_ns() + busy_ns);
            }
        };
        spawn(clock, "busy", run).expect("a thread");
        Self { input, sink, taken }
    }
}

/// Whether a thread of a test has ended.
pub(crate) struct Ending(Arc<AtomicBool>);

impl Ending {
    pub(crate) fn has_ended(&self) -> bool {
        self.0.load(SeqCst)
    }
}

/// Sends frames on a thread of its own, each as soon as there is room for it, until they or the target end; then closes
/// the target.
pub(crate) fn send_all(
    clock: &Arc<dyn Clock>,
    input: &InputSender,
    frames: impl Iterator<Item = SharedFrame> + Send + 'static,
) -> Ending {
    let (input, signal) = (input.clone(), Signal::new(clock));
    let ended = Arc::<AtomicBool>::default();
    let end = ended.clone();
    let run = move || {
        let wake: Arc<dyn Wake> = signal.clone();
        for frame in frames.take_while(|frame| input.reserve(frame)) {
            let mut seen = signal.seen();
            while input.send(&frame, &wake) == Sent::Waits {
                signal.wait(seen, None);
                seen = signal.seen();
            }
        }
        input.close();
        drop(input);
        end.store(true, SeqCst);
    };
    spawn(clock, "sender", run).expect("a thread");
    Ending(ended)
}
