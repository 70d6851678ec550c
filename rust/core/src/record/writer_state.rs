//! The state of a file writer: one encoder with one file output.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use super::{encoder_state::EncoderState, file::state::FileState, reporter::Reporter};
use crate::{
    base::error::Code,
    pipeline::{
        InputSender,
        report::{Event, Ledger, RecordingReport, TargetInfo, TargetStats},
    },
};

/// The state from which a writer's owner and its last thread report.
pub(super) struct WriterState {
    pub(super) info: TargetInfo,
    pub(super) reporter: Arc<Reporter>,
    pub(super) input: InputSender,
    pub(super) encoder: Arc<EncoderState>,
    pub(super) file: Arc<FileState>,
    pub(super) is_closed: AtomicBool,
}

impl WriterState {
    /// Reports the end; the writer's threads do nothing after it.
    pub(super) fn report_closed(&self) {
        if self.reporter.error().is_some_and(|error| error.code == Code::Internal) {
            // A thread that met a defect left the frames that it had in hand in no bucket.
            self.file.packets.counters.fail_rest();
            self.encoder.input.counters.fail_rest();
        }
        let report = Some(Box::new(self.report()));
        self.reporter.events.push(Event::Closed { report, error: self.reporter.error() });
        self.is_closed.store(true, SeqCst);
    }

    /// Every frame in one bucket: a frame is written when its packet is in the file.
    fn frames(&self) -> Ledger {
        // The output first: a packet on its way between both is then never counted twice.
        let packets = self.file.packets.ledger();
        let frames = self.encoder.input.counters.snapshot();
        frames.with_output(packets)
    }

    pub(super) fn stats(&self) -> TargetStats {
        let totals = self.file.segments.totals();
        let losses = self.encoder.losses.lock();
        TargetStats {
            frames: self.frames(),
            bytes: totals.bytes,
            indexed_bytes: totals.indexed_bytes,
            duration_seconds: totals.seconds,
            discontinuities: self.encoder.jumps.count(),
            lost: losses.frames,
            gaps: losses.gaps.count,
            inserted: losses.inserted,
            durable: totals.durable,
            capture_to_packet: self.encoder.capture_to_packet.snapshot(),
            packet_to_durable: self.file.packet_to_durable.snapshot(),
            frame_queue: self.input.len(),
            packet_queue: self.file.packets.queued(),
        }
    }

    /// The report on the recording, once every file is closed.
    fn report(&self) -> RecordingReport {
        let left = self.file.segments.left();
        let first = left.first().and_then(|segment| segment.outcome.get());
        let mut target = self.info.clone();
        if let Some(first) = first {
            first.encoder.clone_into(&mut target.encoder);
        }
        let segments = self.file.segments.reports();
        let segments_exist = left.iter().all(|segment| segment.outcome.get().is_some_and(|outcome| outcome.exists));
        RecordingReport {
            target,
            stats: self.stats(),
            width: first.map_or(0, |first| first.shape.width),
            height: first.map_or(0, |first| first.shape.height),
            pixel_format: first.map_or(String::new(), |first| first.shape.format.name()),
            started_at: first.map_or(String::new(), |first| first.started_at.clone()),
            exists: first.is_some() && segments_exist,
            finalised: first.is_some() && segments.iter().all(|segment| segment.finalised),
            synced: first.is_some() && segments.iter().all(|segment| segment.synced),
            segments,
            gaps: self.encoder.losses.lock().gaps.listed.clone(),
            warnings: self.reporter.warnings(),
        }
    }
}
