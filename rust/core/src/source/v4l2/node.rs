//! One open node of a capture device, as a trait, so that a kernel that follows a script can stand in for tests.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use parking_lot::Mutex;

use crate::sys::{
    mapping::Mapping,
    v4l2::{
        self, Awaited, BufferKind, Capability, ControlQuery, Errno, Event, Filled, FormatDescription, FrameFormat,
        FrameInterval, FrameSize, Input, MenuItem, Ready, StreamParameters, Timings, Value, ValueForm,
    },
    waker::Waker,
};

/// The kernel's answer.
pub(super) type Answer<T> = Result<T, Errno>;

/// An open node. Each call is the one of the kernel's interface with a similar name.
pub(super) trait Node: Send + Sync {
    fn capability(&self) -> Answer<Capability>;
    fn format_at(&self, index: u32) -> Answer<FormatDescription>;
    fn frame_size(&self, fourcc: u32, index: u32) -> Answer<FrameSize>;
    fn frame_interval(&self, fourcc: u32, size: (u32, u32), index: u32) -> Answer<FrameInterval>;
    fn format(&self) -> Answer<FrameFormat>;
    fn try_format(&self, wanted: &FrameFormat) -> Answer<FrameFormat>;
    fn set_format(&self, wanted: &FrameFormat) -> Answer<FrameFormat>;
    fn parameters(&self) -> Answer<StreamParameters>;
    fn set_interval(&self, interval: (u32, u32)) -> Answer<StreamParameters>;
    fn input_at(&self, index: u32) -> Answer<Input>;
    fn input(&self) -> Answer<u32>;
    fn set_input(&self, index: u32) -> Answer<()>;
    fn standard(&self) -> Answer<u64>;
    fn set_standard(&self, standard: u64) -> Answer<()>;
    fn detect_standard(&self) -> Answer<u64>;
    fn timings(&self) -> Answer<Timings>;
    fn set_timings(&self, timings: &Timings) -> Answer<()>;
    fn detect_timings(&self) -> Answer<Timings>;
    fn subscribe(&self, kind: u32, id: u32) -> Answer<()>;
    fn event(&self) -> Answer<Event>;
    fn query_control(&self, id: u32) -> Answer<ControlQuery>;
    fn menu_item(&self, id: u32, index: u32) -> Answer<MenuItem>;
    fn control(&self, id: u32, form: ValueForm) -> Answer<Value>;
    fn set_control(&self, id: u32, value: &Value) -> Answer<()>;
    /// Asks for so many buffers and maps them; returns how many there are. None gives all back.
    fn request_buffers(&self, count: u32, planes: usize) -> Answer<u32>;
    fn queue(&self, index: u32) -> Answer<()>;
    fn dequeue(&self) -> Answer<Filled>;
    /// Copies bytes of a buffer that is not queued; `false` if there are not so many.
    fn read(&self, index: u32, plane: usize, at: usize, into: &mut [u8]) -> bool;
    fn stream(&self, is_on: bool) -> Answer<()>;
    /// Waits for this node or the waker.
    fn wait(&self, awaited: Awaited, waker: &Waker, most_ns: u64) -> Answer<Ready>;
}

/// A node of the kernel's.
pub(super) struct KernelNode {
    fd: OwnedFd,
    kind: BufferKind,
    buffers: Mutex<Buffers>,
}

/// The mapped buffers: of each one its planes.
#[derive(Default)]
struct Buffers {
    planes: usize,
    mapped: Vec<Vec<Mapping>>,
}

/// V4L2_CAP_VIDEO_CAPTURE
pub(super) const CAN_CAPTURE: u32 = 1;
/// V4L2_CAP_VIDEO_CAPTURE_MPLANE
pub(super) const CAN_CAPTURE_PLANES: u32 = 0x1000;
/// V4L2_CAP_DEVICE_CAPS
const HAS_DEVICE_CAPS: u32 = 0x8000_0000;

/// What this node can do; `capabilities` are those of all nodes of the device together.
pub(super) const fn abilities(capability: &Capability) -> u32 {
    if capability.capabilities & HAS_DEVICE_CAPS != 0 { capability.device_caps } else { capability.capabilities }
}

impl KernelNode {
    /// Opens a node.
    pub(super) fn open(path: &Path) -> Answer<Self> {
        let fd = v4l2::open(path)?;
        let abilities = abilities(&v4l2::capability(fd.as_fd())?);
        let is_single = abilities & CAN_CAPTURE != 0 || abilities & CAN_CAPTURE_PLANES == 0;
        let kind = if is_single { BufferKind::Single } else { BufferKind::Multi };
        Ok(Self { fd, kind, buffers: Mutex::default() })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    fn map(&self, count: u32, planes: usize) -> Answer<Vec<Vec<Mapping>>> {
        let map = |index| {
            let memory = v4l2::query_buffer(self.fd(), self.kind, index, planes)?;
            memory.iter().map(|plane| Mapping::new(self.fd(), plane.offset, plane.length)).collect()
        };
        (0..count).map(map).collect()
    }
}

impl Node for KernelNode {
    fn capability(&self) -> Answer<Capability> {
        v4l2::capability(self.fd())
    }

    fn format_at(&self, index: u32) -> Answer<FormatDescription> {
        v4l2::format_at(self.fd(), self.kind, index)
    }

    fn frame_size(&self, fourcc: u32, index: u32) -> Answer<FrameSize> {
        v4l2::frame_size(self.fd(), fourcc, index)
    }

    fn frame_interval(&self, fourcc: u32, size: (u32, u32), index: u32) -> Answer<FrameInterval> {
        v4l2::frame_interval(self.fd(), fourcc, size, index)
    }

    fn format(&self) -> Answer<FrameFormat> {
        v4l2::format(self.fd(), self.kind)
    }

    fn try_format(&self, wanted: &FrameFormat) -> Answer<FrameFormat> {
        v4l2::try_format(self.fd(), self.kind, wanted)
    }

    fn set_format(&self, wanted: &FrameFormat) -> Answer<FrameFormat> {
        v4l2::set_format(self.fd(), self.kind, wanted)
    }

    fn parameters(&self) -> Answer<StreamParameters> {
        v4l2::parameters(self.fd(), self.kind)
    }

    fn set_interval(&self, interval: (u32, u32)) -> Answer<StreamParameters> {
        v4l2::set_interval(self.fd(), self.kind, interval)
    }

    fn input_at(&self, index: u32) -> Answer<Input> {
        v4l2::input_at(self.fd(), index)
    }

    fn input(&self) -> Answer<u32> {
        v4l2::input(self.fd())
    }

    fn set_input(&self, index: u32) -> Answer<()> {
        v4l2::set_input(self.fd(), index)
    }

    fn standard(&self) -> Answer<u64> {
        v4l2::standard(self.fd())
    }

    fn set_standard(&self, standard: u64) -> Answer<()> {
        v4l2::set_standard(self.fd(), standard)
    }

    fn detect_standard(&self) -> Answer<u64> {
        v4l2::detect_standard(self.fd())
    }

    fn timings(&self) -> Answer<Timings> {
        v4l2::timings(self.fd())
    }

    fn set_timings(&self, timings: &Timings) -> Answer<()> {
        v4l2::set_timings(self.fd(), timings)
    }

    fn detect_timings(&self) -> Answer<Timings> {
        v4l2::detect_timings(self.fd())
    }

    fn subscribe(&self, kind: u32, id: u32) -> Answer<()> {
        v4l2::subscribe(self.fd(), kind, id)
    }

    fn event(&self) -> Answer<Event> {
        v4l2::event(self.fd())
    }

    fn query_control(&self, id: u32) -> Answer<ControlQuery> {
        v4l2::query_control(self.fd(), id)
    }

    fn menu_item(&self, id: u32, index: u32) -> Answer<MenuItem> {
        v4l2::menu_item(self.fd(), id, index)
    }

    fn control(&self, id: u32, form: ValueForm) -> Answer<Value> {
        v4l2::control(self.fd(), id, form)
    }

    fn set_control(&self, id: u32, value: &Value) -> Answer<()> {
        v4l2::set_control(self.fd(), id, value)
    }

    fn request_buffers(&self, count: u32, planes: usize) -> Answer<u32> {
        let mut buffers = self.buffers.lock();
        // A driver does not give back what is mapped.
        *buffers = Buffers::default();
        let count = v4l2::request_buffers(self.fd(), self.kind, count)?;
        buffers.mapped = self.map(count, planes)?;
        buffers.planes = planes;
        Ok(count)
    }

    fn queue(&self, index: u32) -> Answer<()> {
        v4l2::queue(self.fd(), self.kind, index, self.buffers.lock().planes)
    }

    fn dequeue(&self) -> Answer<Filled> {
        v4l2::dequeue(self.fd(), self.kind, self.buffers.lock().planes)
    }

    fn read(&self, index: u32, plane: usize, at: usize, into: &mut [u8]) -> bool {
        let buffers = self.buffers.lock();
        buffers
            .mapped
            .get(index as usize)
            .and_then(|planes| planes.get(plane))
            .is_some_and(|memory| memory.read(at, into))
    }

    fn stream(&self, is_on: bool) -> Answer<()> {
        v4l2::stream(self.fd(), self.kind, is_on)
    }

    fn wait(&self, awaited: Awaited, waker: &Waker, most_ns: u64) -> Answer<Ready> {
        v4l2::wait(Some((self.fd(), awaited)), &[waker.as_fd()], most_ns)
    }
}
