//! A stream that runs: buffers are filled, copied and given back at once.

use super::{
    fourcc::Coded,
    mode::{Chosen, Frames},
    node::{Answer, Node},
    packets::{Unit, unit},
    signal::{self, Signal},
};
use crate::{
    av::{AvError, Packet, PicturePool},
    source::{
        live::driver::{Received, Stamp},
        producer::Patience,
    },
    sys::{
        v4l2::{self, Awaited, Errno, Filled, Value},
        waker::Waker,
    },
};
use std::os::fd::AsFd;

/// Buffers: enough for a thread that does not run for a moment, and not more memory than this.
const BUFFERS: std::ops::RangeInclusive<u64> = 4..=8;
const BUFFER_BYTES: u64 = 64_000_000;

/// V4L2_BUF_FLAG_ERROR, _TIMESTAMP_MASK, _TIMESTAMP_MONOTONIC
const IS_DAMAGED: u32 = 0x40;
const CLOCK: u32 = 0xe000;
const MONOTONIC: u32 = 0x2000;

/// V4L2_EVENT_EOS, _SOURCE_CHANGE
const END: u32 = 2;
const SOURCE_CHANGE: u32 = 5;

/// V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, _FORCE_KEY_FRAME
const REPEATS_PARAMETERS: u32 = 0x0099_09e2;
const WANTS_KEY_FRAME: u32 = 0x0099_09e5;

/// Most events that wait; older ones are lost by the kernel.
const MOST_EVENTS: u32 = 64;

/// The pause after which the status of an input is read again.
const STATUS_NS: u64 = 500_000_000;

/// The pause after a driver said that something is there, and then had nothing.
const PAUSE_NS: u64 = 5_000_000;

/// Most bytes of parameter sets that are kept for a picture.
const MOST_PARAMETERS: usize = 1 << 16;

/// Why a stream ends.
#[derive(Debug, PartialEq)]
pub(super) enum Ended {
    Failed(Errno),
    /// The signal has, or may have, another form.
    Changed,
    NoSignal(&'static str),
    Memory(AvError),
}

impl From<Errno> for Ended {
    fn from(error: Errno) -> Self {
        Self::Failed(error)
    }
}

impl From<AvError> for Ended {
    fn from(error: AvError) -> Self {
        Self::Memory(error)
    }
}

/// A stream that runs.
pub(super) struct Running {
    /// The seconds, microseconds and number of the last frame.
    last: Option<(i64, i64, u32)>,
    /// Parameter sets that came alone, and the number of their buffer.
    parameters: Vec<u8>,
    parameters_sequence: u32,
    /// Numbers that such buffers took.
    joined: u32,
    bytes: Vec<u8>,
    next_status_ns: u64,
    is_silent: bool,
    /// A buffer could not be given back.
    failed: Option<Errno>,
}

/// The buffers of one piece of memory per plane.
fn planes(chosen: &Chosen) -> usize {
    chosen.format.planes.len()
}

/// Starts a stream; the error names the call that was refused.
pub(super) fn begin(node: &dyn Node, chosen: &Chosen) -> Result<Running, (&'static str, Errno)> {
    let size: u64 = chosen.format.planes.iter().map(|plane| u64::from(plane.size)).sum();
    let count = (BUFFER_BYTES / size.max(1)).clamp(*BUFFERS.start(), *BUFFERS.end());
    let count = u32::try_from(count).unwrap_or(4);
    let granted = node.request_buffers(count, planes(chosen)).map_err(|error| ("get its buffers", error))?;
    if granted == 0 {
        return Err(("get its buffers", Errno::NOMEM));
    }
    for index in 0..granted {
        node.queue(index).map_err(|error| ("queue its buffers", error))?;
    }
    let is_predicted = matches!(chosen.content, Frames::Coded(coded, _) if coded != Coded::Mjpeg);
    let ask = |control| if is_predicted { node.set_control(control, &Value::Number(1)) } else { Ok(()) };
    // Few devices know these. Without them pictures can be decoded from the next key frame on, with parameter sets that
    // come when the driver likes.
    let _ = ask(REPEATS_PARAMETERS);
    node.stream(true).map_err(|error| ("start its stream", error))?;
    let _ = ask(WANTS_KEY_FRAME);
    Ok(Running {
        last: None,
        parameters: Vec::new(),
        parameters_sequence: 0,
        joined: 0,
        bytes: Vec::new(),
        next_status_ns: 0,
        is_silent: false,
        failed: None,
    })
}

/// Stops the stream, and gives its buffers back, so that others can use the device.
pub(super) fn end(node: &dyn Node, chosen: &Chosen) {
    // Refused where the device is gone, and with it the stream.
    let _ = node.stream(false);
    let _ = node.request_buffers(0, planes(chosen));
}

/// Subscribes to what is told of the signal. Not every driver or input tells it.
pub(super) fn subscribe(node: &dyn Node) {
    let _ = node.subscribe(END, 0);
    for input in 0..u32::try_from(signal::inputs(node).len()).unwrap_or(0).max(1) {
        let _ = node.subscribe(SOURCE_CHANGE, input);
    }
}

/// Takes the events that wait; returns whether they tell that the stream changes or ends.
pub(super) fn take_events(node: &dyn Node) -> bool {
    let mut is_told = false;
    for _ in 0..MOST_EVENTS {
        let Ok(event) = node.event() else { break };
        is_told |= matches!(event.kind, END | SOURCE_CHANGE);
    }
    is_told
}

impl Running {
    /// The next frame.
    pub(super) fn next(
        &mut self,
        node: &dyn Node,
        chosen: &Chosen,
        pool: &PicturePool,
        waker: &Waker,
        patience: &Patience<'_>,
    ) -> Result<Received, Ended> {
        let clock = patience.signal.clock();
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error.into());
            }
            if patience.is_over() {
                self.is_silent = true;
                self.look(node, clock.now_ns())?;
                return Ok(Received::Nothing);
            }
            let ready = node.wait(Awaited::FramesAndEvents, waker, patience.left_ns())?;
            if ready.other {
                waker.reset();
            }
            if ready.event && take_events(node) {
                return Err(match signal::look(node).0 {
                    Signal::Missing(why) => Ended::NoSignal(why),
                    Signal::Good => Ended::Changed,
                });
            }
            if ready.frame || ready.failed {
                let arrival_ns = clock.now_ns();
                match node.dequeue() {
                    Ok(filled) => {
                        if let Some(received) = self.take(node, chosen, pool, &filled, arrival_ns)? {
                            self.is_silent = false;
                            self.look(node, arrival_ns)?;
                            return Ok(received);
                        }
                    }
                    Err(Errno::AGAIN | Errno::INTR) => pause(waker)?,
                    // The driver has marked its last frame.
                    Err(Errno::PIPE) => return Err(Ended::Changed),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// Looks now and then whether there is a signal; frames may come although there is none.
    fn look(&mut self, node: &dyn Node, now_ns: u64) -> Result<(), Ended> {
        if now_ns < self.next_status_ns {
            return Ok(());
        }
        self.next_status_ns = now_ns + STATUS_NS;
        // Measuring a signal disturbs some devices, so it is only done where nothing comes.
        let signal = if self.is_silent { signal::look(node).0 } else { signal::status(node) };
        match signal {
            Signal::Missing(why) => Err(Ended::NoSignal(why)),
            Signal::Good => Ok(()),
        }
    }

    /// Copies what is in a buffer and gives it back; `None` if it holds nothing new.
    fn take(
        &mut self,
        node: &dyn Node,
        chosen: &Chosen,
        pool: &PicturePool,
        filled: &Filled,
        arrival_ns: u64,
    ) -> Result<Option<Received>, Ended> {
        let own = (filled.seconds, filled.microseconds, filled.sequence);
        let is_repeated = self.last.replace(own) == Some(own) && own != (0, 0, filled.sequence);
        let copied = if is_repeated { Ok(None) } else { self.copy(node, chosen, pool, filled, arrival_ns) };
        // Whatever is in it, the driver needs it back.
        match node.queue(filled.index) {
            Ok(()) => {}
            Err(error) => self.failed = Some(error),
        }
        if is_repeated {
            // A driver that has nothing new would be asked without pause.
            v4l2::wait(None, &[], PAUSE_NS)?;
        }
        copied
    }

    fn copy(
        &mut self,
        node: &dyn Node,
        chosen: &Chosen,
        pool: &PicturePool,
        filled: &Filled,
        arrival_ns: u64,
    ) -> Result<Option<Received>, Ended> {
        let mut stamp = stamp(filled, arrival_ns);
        stamp.sequence = Some(filled.sequence.wrapping_sub(self.joined));
        let is_damaged = filled.flags & IS_DAMAGED != 0;
        match &chosen.content {
            _ if is_damaged => {}
            Frames::Raw(layout) => {
                if let Some(picture) = layout.copy(node, filled, pool)? {
                    return Ok(Some(Received::Picture(picture, stamp)));
                }
            }
            // A number that the driver's memory does not hold is none.
            Frames::Coded(..) if filled.planes[0].bytes > most_bytes(chosen) => {}
            Frames::Coded(coded, _) => return self.copy_coded(node, *coded, filled, stamp),
        }
        self.parameters.clear();
        Ok(Some(Received::Damaged(stamp)))
    }

    fn copy_coded(
        &mut self,
        node: &dyn Node,
        coded: Coded,
        filled: &Filled,
        mut stamp: Stamp,
    ) -> Result<Option<Received>, Ended> {
        let used = filled.planes[0];
        self.bytes.resize(used.bytes.saturating_sub(used.data_offset), 0);
        if !node.read(filled.index, 0, used.data_offset, &mut self.bytes) {
            return Ok(Some(Received::Damaged(stamp)));
        }
        let is_key = match unit(coded, &self.bytes) {
            Unit::Picture { is_key } => is_key,
            Unit::Junk => return Ok(Some(Received::Damaged(stamp))),
            Unit::Parameters => {
                // They belong to the picture that follows.
                if self.parameters.len() + self.bytes.len() <= MOST_PARAMETERS {
                    self.parameters.extend_from_slice(&self.bytes);
                }
                self.parameters_sequence = filled.sequence;
                return Ok(None);
            }
        };
        let mut packet = Packet::from_bytes(&self.bytes)?;
        if !self.parameters.is_empty() {
            packet = packet.with_prefix(&self.parameters)?;
            self.parameters.clear();
            if self.parameters_sequence != filled.sequence {
                // Their buffer took a number of its own.
                self.joined = self.joined.wrapping_add(1);
                stamp.sequence = Some(filled.sequence.wrapping_sub(self.joined));
            }
        }
        packet.set_key(is_key);
        Ok(Some(Received::Packet(packet, stamp)))
    }
}

/// Most bytes of a coded frame: drivers round their buffers up.
fn most_bytes(chosen: &Chosen) -> usize {
    const ROUND: usize = 1 << 16;
    chosen.format.planes.first().map_or(0, |plane| (plane.size as usize).next_multiple_of(ROUND))
}

/// The word of the driver on a frame.
fn stamp(filled: &Filled, arrival_ns: u64) -> Stamp {
    let is_monotonic = filled.flags & CLOCK == MONOTONIC;
    let part = |value: i64, unit: u64| u64::try_from(value).ok().and_then(|value| value.checked_mul(unit));
    let time_ns = part(filled.seconds, 1_000_000_000)
        .zip(part(filled.microseconds, 1000))
        .and_then(|(seconds, micros)| seconds.checked_add(micros));
    Stamp {
        device_ns: time_ns.filter(|time_ns| is_monotonic && *time_ns > 0),
        arrival_ns,
        sequence: Some(filled.sequence),
        ..Stamp::default()
    }
}

fn pause(waker: &Waker) -> Answer<()> {
    v4l2::wait(None, &[waker.as_fd()], PAUSE_NS).map(drop)
}
