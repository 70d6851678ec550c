//! The calls as the kernel has them.

use std::os::fd::BorrowedFd;

use rustix::{
    io::Result,
    ioctl::{Opcode, Setter, Updater, ioctl, opcode},
};

use super::types::{
    Buffer, Capability, ControlQuery, Event, ExtControls, Format, FormatDescription, FrameInterval, FrameSize, Input,
    MenuItem, RequestBuffers, StreamParameters, Subscription, Timings,
};

/// Calls whose structure holds no address.
macro_rules! calls {
    ($($call:ident = $direction:ident $number:literal $Value:ty;)+) => {$(
        pub(super) fn $call(fd: BorrowedFd<'_>, value: &mut $Value) -> Result<()> {
            const CODE: Opcode = opcode::$direction::<$Value>(b'V', $number);
            // SAFETY: number and structure are those of `linux/videodev2.h`; any bytes that the kernel writes are valid.
            unsafe { ioctl(fd, Updater::<CODE, $Value>::new(value)) }
        }
    )+};
}

calls! {
    querycap = read 0 Capability;
    enum_fmt = read_write 2 FormatDescription;
    g_fmt = read_write 4 Format;
    s_fmt = read_write 5 Format;
    reqbufs = read_write 8 RequestBuffers;
    g_parm = read_write 21 StreamParameters;
    s_parm = read_write 22 StreamParameters;
    g_std = read 23 u64;
    s_std = write 24 u64;
    enum_input = read_write 26 Input;
    querymenu = read_write 37 MenuItem;
    g_input = read 38 i32;
    s_input = read_write 39 i32;
    querystd = read 63 u64;
    try_fmt = read_write 64 Format;
    enum_framesizes = read_write 74 FrameSize;
    enum_frameintervals = read_write 75 FrameInterval;
    s_dv_timings = read_write 87 Timings;
    g_dv_timings = read_write 88 Timings;
    dqevent = read 89 Event;
    query_dv_timings = read 99 Timings;
    query_ext_ctrl = read_write 103 ControlQuery;
}

/// Calls that the kernel only reads from.
macro_rules! writes {
    ($($call:ident = $number:literal $Value:ty;)+) => {$(
        pub(super) fn $call(fd: BorrowedFd<'_>, value: $Value) -> Result<()> {
            const CODE: Opcode = opcode::write::<$Value>(b'V', $number);
            // SAFETY: as above.
            unsafe { ioctl(fd, Setter::<CODE, $Value>::new(value)) }
        }
    )+};
}

writes! {
    streamon = 18 i32;
    streamoff = 19 i32;
    subscribe_event = 90 Subscription;
}

/// Calls whose structure may hold an address.
macro_rules! address_calls {
    ($($call:ident = $number:literal $Value:ty;)+) => {$(
        /// # Safety
        ///
        /// An address in the structure is that of as much memory as the structure says, for reading and writing.
        pub(super) unsafe fn $call(fd: BorrowedFd<'_>, value: &mut $Value) -> Result<()> {
            const CODE: Opcode = opcode::read_write::<$Value>(b'V', $number);
            // SAFETY: as above, and by the contract of this function.
            unsafe { ioctl(fd, Updater::<CODE, $Value>::new(value)) }
        }
    )+};
}

address_calls! {
    querybuf = 9 Buffer;
    qbuf = 15 Buffer;
    dqbuf = 17 Buffer;
    g_ext_ctrls = 71 ExtControls;
    s_ext_ctrls = 72 ExtControls;
}
