//! The kernel's interface for capture devices, Video4Linux2 (`linux/videodev2.h`): one safe function per call.

mod buffers;
mod calls;
mod controls;
mod format;
mod types;

use std::{os::fd::BorrowedFd, path::Path};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    io::Result,
};
pub(crate) use rustix::{fd::OwnedFd, io::Errno};

#[cfg(test)]
pub(crate) use self::format::PlaneFormat;
use self::types::{Plain, Subscription};
pub(crate) use self::{
    buffers::{Filled, dequeue, query_buffer, queue, request_buffers},
    controls::{Value, ValueForm, control, set_control},
    format::{FrameFormat, format, set_format, try_format},
    types::{
        BufferKind, Capability, ControlQuery, Event, FormatDescription, FrameInterval, FrameSize, Input, MenuItem,
        StreamParameters, Timings,
    },
};

/// The two parts of the number of a device, as a node of it states the number.
pub(crate) fn device_number(number: u64) -> (u32, u32) {
    (rustix::fs::major(number), rustix::fs::minor(number))
}

/// Opens a node for use without waiting.
pub(crate) fn open(path: &Path) -> Result<OwnedFd> {
    rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())
}

/// What is ready after a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ready {
    /// A frame.
    pub(crate) frame: bool,
    /// An event.
    pub(crate) event: bool,
    /// The driver says that nothing comes.
    pub(crate) failed: bool,
    /// Another descriptor.
    pub(crate) other: bool,
}

/// Waits for a device, or only for the other descriptors.
pub(crate) fn wait(
    device: Option<(BorrowedFd<'_>, Awaited)>,
    others: &[BorrowedFd<'_>],
    most_ns: u64,
) -> Result<Ready> {
    let of_device = device.map(|(fd, awaited)| {
        let frames = if awaited == Awaited::Events { PollFlags::empty() } else { PollFlags::IN };
        PollFd::from_borrowed_fd(fd, frames | PollFlags::PRI)
    });
    let has_device = of_device.is_some();
    let mut all: Vec<_> =
        of_device.into_iter().chain(others.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))).collect();
    let timeout = Timespec {
        tv_sec: i64::try_from(most_ns / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(most_ns % 1_000_000_000).unwrap_or(0),
    };
    match poll(&mut all, Some(&timeout)) {
        Err(Errno::INTR) => return Ok(Ready::default()),
        polled => polled?,
    };
    let has = |polled: &PollFd<'_>, flags| polled.revents().intersects(flags);
    let (device, others) = all.split_at(usize::from(has_device));
    Ok(Ready {
        frame: device.iter().any(|polled| has(polled, PollFlags::IN)),
        event: device.iter().any(|polled| has(polled, PollFlags::PRI)),
        failed: device.iter().any(|polled| has(polled, PollFlags::ERR | PollFlags::HUP)),
        other: others.iter().any(|polled| has(polled, PollFlags::IN)),
    })
}

/// What of a device a wait is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaited {
    FramesAndEvents,
    Events,
}

/// VIDIOC_QUERYCAP
pub(crate) fn capability(fd: BorrowedFd<'_>) -> Result<Capability> {
    filled(|capability| calls::querycap(fd, capability))
}

/// The structure that a call fills.
fn filled<T: Plain>(call: impl FnOnce(&mut T) -> Result<()>) -> Result<T> {
    changed(T::zeroed(), call)
}

/// The structure that a call changes.
fn changed<T>(mut value: T, call: impl FnOnce(&mut T) -> Result<()>) -> Result<T> {
    call(&mut value)?;
    Ok(value)
}

/// VIDIOC_ENUM_FMT
pub(crate) fn format_at(fd: BorrowedFd<'_>, kind: BufferKind, index: u32) -> Result<FormatDescription> {
    let asked = FormatDescription { index, kind: kind as u32, ..Plain::zeroed() };
    changed(asked, |format| calls::enum_fmt(fd, format))
}

/// VIDIOC_ENUM_FRAMESIZES
pub(crate) fn frame_size(fd: BorrowedFd<'_>, fourcc: u32, index: u32) -> Result<FrameSize> {
    changed(FrameSize { index, fourcc, ..Plain::zeroed() }, |size| calls::enum_framesizes(fd, size))
}

/// VIDIOC_ENUM_FRAMEINTERVALS
pub(crate) fn frame_interval(
    fd: BorrowedFd<'_>,
    fourcc: u32,
    (width, height): (u32, u32),
    index: u32,
) -> Result<FrameInterval> {
    let asked = FrameInterval { index, fourcc, width, height, ..Plain::zeroed() };
    changed(asked, |interval| calls::enum_frameintervals(fd, interval))
}

/// VIDIOC_G_PARM
pub(crate) fn parameters(fd: BorrowedFd<'_>, kind: BufferKind) -> Result<StreamParameters> {
    changed(StreamParameters { kind: kind as u32, ..Plain::zeroed() }, |value| calls::g_parm(fd, value))
}

/// VIDIOC_S_PARM with the seconds per frame.
pub(crate) fn set_interval(
    fd: BorrowedFd<'_>,
    kind: BufferKind,
    (numerator, denominator): (u32, u32),
) -> Result<StreamParameters> {
    let asked = StreamParameters { kind: kind as u32, numerator, denominator, ..Plain::zeroed() };
    changed(asked, |value| calls::s_parm(fd, value))
}

/// VIDIOC_ENUMINPUT
pub(crate) fn input_at(fd: BorrowedFd<'_>, index: u32) -> Result<Input> {
    changed(Input { index, ..Plain::zeroed() }, |input| calls::enum_input(fd, input))
}

/// VIDIOC_G_INPUT
pub(crate) fn input(fd: BorrowedFd<'_>) -> Result<u32> {
    changed(0, |index| calls::g_input(fd, index)).map(|index| u32::try_from(index).unwrap_or(0))
}

/// VIDIOC_S_INPUT
pub(crate) fn set_input(fd: BorrowedFd<'_>, index: u32) -> Result<()> {
    calls::s_input(fd, &mut i32::try_from(index).map_err(|_| Errno::INVAL)?)
}

/// VIDIOC_G_STD
pub(crate) fn standard(fd: BorrowedFd<'_>) -> Result<u64> {
    changed(0, |standard| calls::g_std(fd, standard))
}

/// VIDIOC_S_STD
pub(crate) fn set_standard(fd: BorrowedFd<'_>, standard: u64) -> Result<()> {
    calls::s_std(fd, &mut { standard })
}

/// VIDIOC_QUERYSTD
pub(crate) fn detect_standard(fd: BorrowedFd<'_>) -> Result<u64> {
    changed(0, |standard| calls::querystd(fd, standard))
}

/// VIDIOC_G_DV_TIMINGS
pub(crate) fn timings(fd: BorrowedFd<'_>) -> Result<Timings> {
    filled(|timings| calls::g_dv_timings(fd, timings))
}

/// VIDIOC_S_DV_TIMINGS
pub(crate) fn set_timings(fd: BorrowedFd<'_>, timings: &Timings) -> Result<()> {
    calls::s_dv_timings(fd, &mut { *timings })
}

/// VIDIOC_QUERY_DV_TIMINGS
pub(crate) fn detect_timings(fd: BorrowedFd<'_>) -> Result<Timings> {
    filled(|timings| calls::query_dv_timings(fd, timings))
}

/// VIDIOC_SUBSCRIBE_EVENT
pub(crate) fn subscribe(fd: BorrowedFd<'_>, kind: u32, id: u32) -> Result<()> {
    calls::subscribe_event(fd, Subscription { kind, id, ..Plain::zeroed() })
}

/// VIDIOC_DQEVENT
pub(crate) fn event(fd: BorrowedFd<'_>) -> Result<Event> {
    filled(|event| calls::dqevent(fd, event))
}

/// VIDIOC_QUERY_EXT_CTRL
pub(crate) fn query_control(fd: BorrowedFd<'_>, id: u32) -> Result<ControlQuery> {
    changed(ControlQuery { id, ..Plain::zeroed() }, |control| calls::query_ext_ctrl(fd, control))
}

/// VIDIOC_QUERYMENU
pub(crate) fn menu_item(fd: BorrowedFd<'_>, id: u32, index: u32) -> Result<MenuItem> {
    changed(MenuItem { id, index, ..Plain::zeroed() }, |item| calls::querymenu(fd, item))
}

/// VIDIOC_STREAMON and VIDIOC_STREAMOFF
pub(crate) fn stream(fd: BorrowedFd<'_>, kind: BufferKind, is_on: bool) -> Result<()> {
    let call = if is_on { calls::streamon } else { calls::streamoff };
    call(fd, kind as i32)
}
