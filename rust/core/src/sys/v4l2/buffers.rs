//! Buffers in the memory of a driver.

use std::os::fd::BorrowedFd;

use rustix::io::Result;

use super::{
    calls,
    format::MOST_PLANES,
    types::{Buffer, BufferKind, Plain, Plane, RequestBuffers},
};

/// V4L2_MEMORY_MMAP
const MAPPED: u32 = 1;

/// Where a plane of a buffer is mapped from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlaneMemory {
    pub(crate) offset: u64,
    pub(crate) length: usize,
}

/// What of a plane is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PlaneUse {
    /// Bytes from the beginning of the plane, the unused ones before `data_offset` among them.
    pub(crate) bytes: usize,
    /// Where the samples begin.
    pub(crate) data_offset: usize,
}

/// A filled buffer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Filled {
    pub(crate) index: u32,
    /// V4L2_BUF_FLAG_*
    pub(crate) flags: u32,
    pub(crate) sequence: u32,
    pub(crate) seconds: i64,
    pub(crate) microseconds: i64,
    pub(crate) planes: [PlaneUse; MOST_PLANES],
}

type Planes = [Plane; MOST_PLANES];

/// Calls with a buffer of `planes` planes.
fn with_buffer(
    fd: BorrowedFd<'_>,
    kind: BufferKind,
    index: u32,
    planes: usize,
    call: unsafe fn(BorrowedFd<'_>, &mut Buffer) -> Result<()>,
) -> Result<(Buffer, Planes)> {
    let mut memory = [Plane::zeroed(); MOST_PLANES];
    let mut buffer = Buffer { index, kind: kind as u32, memory: MAPPED, ..Buffer::zeroed() };
    if kind == BufferKind::Multi {
        buffer.length = u32::try_from(planes.min(MOST_PLANES)).unwrap_or(0);
        buffer.offset = (&raw mut memory).expose_provenance() as u64;
    }
    // SAFETY: of a single plane there is no address; else it is that of as many planes as the length says.
    unsafe { call(fd, &mut buffer) }?;
    if kind == BufferKind::Single {
        // The union's lower half; the upper one may hold anything.
        let offset = u64::from(u32::from_ne_bytes(first_half(buffer.offset)));
        memory[0] = Plane { bytes_used: buffer.bytes_used, length: buffer.length, offset, ..Plane::zeroed() };
    } else {
        for plane in &mut memory {
            plane.offset = u64::from(u32::from_ne_bytes(first_half(plane.offset)));
        }
    }
    Ok((buffer, memory))
}

/// The member of 32 bits of a union of 64.
fn first_half(union: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = union.to_ne_bytes();
    [a, b, c, d]
}

/// VIDIOC_REQBUFS: asks for so many buffers, and returns how many there are.
pub(crate) fn request_buffers(fd: BorrowedFd<'_>, kind: BufferKind, count: u32) -> Result<u32> {
    let mut request = RequestBuffers { count, kind: kind as u32, memory: MAPPED, ..RequestBuffers::zeroed() };
    calls::reqbufs(fd, &mut request)?;
    Ok(request.count)
}

/// VIDIOC_QUERYBUF: the memory of each plane.
pub(crate) fn query_buffer(
    fd: BorrowedFd<'_>,
    kind: BufferKind,
    index: u32,
    planes: usize,
) -> Result<Vec<PlaneMemory>> {
    let (_, memory) = with_buffer(fd, kind, index, planes, calls::querybuf)?;
    let count = if kind == BufferKind::Single { 1 } else { planes.min(MOST_PLANES) };
    let plane = |plane: &Plane| PlaneMemory { offset: plane.offset, length: plane.length as usize };
    Ok(memory[..count].iter().map(plane).collect())
}

/// VIDIOC_QBUF
pub(crate) fn queue(fd: BorrowedFd<'_>, kind: BufferKind, index: u32, planes: usize) -> Result<()> {
    with_buffer(fd, kind, index, planes, calls::qbuf).map(drop)
}

/// VIDIOC_DQBUF
pub(crate) fn dequeue(fd: BorrowedFd<'_>, kind: BufferKind, planes: usize) -> Result<Filled> {
    let (buffer, memory) = with_buffer(fd, kind, 0, planes, calls::dqbuf)?;
    let plane = |plane: Plane| PlaneUse { bytes: plane.bytes_used as usize, data_offset: plane.data_offset as usize };
    Ok(Filled {
        index: buffer.index,
        flags: buffer.flags,
        sequence: buffer.sequence,
        seconds: buffer.seconds,
        microseconds: buffer.microseconds,
        planes: memory.map(plane),
    })
}
