//! The state that an encoder's thread and its owner share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use parking_lot::Mutex;

use super::reporter::Reporter;
use crate::{
    base::error::Result,
    codec::{Container, EncoderChoice},
    frame::{CodedStream, FrameLoss, FrameShape},
    pipeline::{
        Clock,
        events::{JumpReporter, OverloadReporter},
        input::{InputState, Sink},
        latency::Recorder,
        live::GapList,
        report::{DropReason, Event},
    },
};

/// The state of one encoder. In its ledger, `written` frames are those that have become packets.
pub(super) struct EncoderState {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reporter: Arc<Reporter>,
    pub(super) input: InputState,
    pub(super) capture_to_packet: Recorder,
    /// Whether the encoder waits for an output: frames that are dropped meanwhile are the storage's.
    pub(super) is_blocked: Arc<AtomicBool>,
    /// The encoders that may serve, where frames can be refused before there is one.
    choice: Option<Arc<EncoderChoice>>,
    /// Where packets are copied, the path and the container that they are for.
    copied_to: Option<(String, Container)>,
    overload: OverloadReporter,
    /// Jumps of the frames' times that were left out.
    pub(super) jumps: JumpReporter,
    /// What the live source of the frames lost.
    pub(super) losses: Mutex<Losses>,
}

/// What live sources lost of a recording.
#[derive(Default)]
pub(super) struct Losses {
    /// Frames that a driver or network lost.
    pub(super) frames: u64,
    pub(super) gaps: GapList,
    /// Frames that stand for gaps.
    pub(super) inserted: u64,
}

impl EncoderState {
    pub(super) fn new(clock: Arc<dyn Clock>, reporter: Arc<Reporter>) -> Self {
        Self {
            clock,
            reporter,
            input: InputState::default(),
            capture_to_packet: Recorder::new(),
            is_blocked: Arc::default(),
            choice: None,
            copied_to: None,
            overload: OverloadReporter::default(),
            jumps: JumpReporter::default(),
            losses: Mutex::default(),
        }
    }

    /// The same for frames that one of these encoders takes.
    pub(super) fn with_choice(self, choice: Arc<EncoderChoice>) -> Self {
        Self { choice: Some(choice), ..self }
    }

    /// The same for packets that are copied.
    pub(super) fn copying(self, path: &str, container: Container) -> Self {
        Self { copied_to: Some((path.to_owned(), container)), ..self }
    }
}

impl Sink for EncoderState {
    fn input(&self) -> &InputState {
        &self.input
    }

    fn check(&self, shape: FrameShape) -> Result<()> {
        self.choice.as_ref().map_or(Ok(()), |choice| choice.check(shape))
    }

    fn check_packets(&self, stream: &CodedStream) -> Result<()> {
        self.copied_to.as_ref().map_or(Ok(()), |(path, container)| container.check_copied(path, &stream.codec))
    }

    fn overflow(&self) {
        self.report_overload(1);
    }

    fn lag(&self) {
        self.report_overload(0);
    }

    fn report_room(&self) {
        self.reporter.events.push(Event::Room);
    }
}

impl EncoderState {
    /// Reports a jump of the frames' times that was left out.
    pub(super) fn report_jump(&self, at_seconds: f64, jump_seconds: f64) {
        self.jumps.report(&self.reporter.events, at_seconds, jump_seconds, self.clock.now_ns());
    }

    /// Notes what is missing before a frame, which is shown at `at_seconds`.
    pub(super) fn note_loss(&self, loss: &FrameLoss, at_seconds: f64) {
        let mut losses = self.losses.lock();
        losses.frames += loss.frames;
        if let Some(gap) = &loss.gap {
            let seconds = gap.to_ns.saturating_sub(gap.from_ns) as f64 / 1e9;
            losses.gaps.add(gap, (at_seconds - seconds).max(0.0), self.clock.as_ref());
        }
    }

    /// Counts frames that are dropped, and reports the overload.
    fn report_overload(&self, dropped: u64) {
        let is_blocked = self.is_blocked.load(SeqCst);
        let reason = if is_blocked { DropReason::StorageOverload } else { DropReason::EncoderOverload };
        let (events, counters) = (&self.reporter.events, &self.input.counters);
        self.overload.report(events, counters, reason, dropped, self.clock.now_ns());
    }
}

#[cfg(test)]
mod tests;
