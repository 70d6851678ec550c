//! Structures of `linux/videodev2.h`: integers only, so that any bytes are valid; their sizes are checked at compile time.

/// Plain old data that the kernel reads and writes.
///
/// # Safety
///
/// Any bytes, all-zero ones among them, are a valid value.
pub(super) unsafe trait Plain: Copy {
    fn zeroed() -> Self {
        // SAFETY: by the contract of the trait.
        unsafe { std::mem::zeroed() }
    }
}

macro_rules! plain {
    ($($(#[$meta:meta])* $Name:ident[$size:literal] { $($field:ident: $Field:ty),* $(,)? })*) => {$(
        $(#[$meta])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $Name { $(pub(crate) $field: $Field),* }

        // SAFETY: integers and arrays of integers only.
        unsafe impl Plain for $Name {}

        impl Default for $Name {
            fn default() -> Self {
                Self::zeroed()
            }
        }

        const _: () = assert!(size_of::<$Name>() == $size);
    )*};
}

plain! {
    /// `v4l2_capability`
    Capability[104] {
        driver: [u8; 16], card: [u8; 32], bus_info: [u8; 32], version: u32, capabilities: u32, device_caps: u32,
        reserved: [u32; 3],
    }
    /// `v4l2_fmtdesc`
    FormatDescription[64] {
        index: u32, kind: u32, flags: u32, description: [u8; 32], fourcc: u32, mbus_code: u32, reserved: [u32; 3],
    }
    /// `v4l2_format`, whose words are those of the union.
    Format[208] { kind: u32, padding: u32, words: [u32; 50] }
    /// `v4l2_requestbuffers`
    RequestBuffers[20] { count: u32, kind: u32, memory: u32, capabilities: u32, flags: u32 }
    /// `v4l2_plane`
    Plane[64] { bytes_used: u32, length: u32, offset: u64, data_offset: u32, reserved: [u32; 11] }
    /// `v4l2_buffer`; `offset` is the union of the offset and the address of the planes.
    Buffer[88] {
        index: u32, kind: u32, bytes_used: u32, flags: u32, field: u32, padding: u32, seconds: i64, microseconds: i64,
        timecode: [u32; 4], sequence: u32, memory: u32, offset: u64, length: u32, reserved: [u32; 2], tail: u32,
    }
    /// `v4l2_streamparm` of a capture device.
    StreamParameters[204] {
        kind: u32, capability: u32, mode: u32, numerator: u32, denominator: u32, extended: u32, buffers: u32,
        rest: [u32; 44],
    }
    /// `v4l2_input`
    Input[80] {
        index: u32, name: [u8; 32], kind: u32, audio_set: u32, tuner: u32, standards: [u32; 2], status: u32,
        capabilities: u32, reserved: [u32; 3], tail: u32,
    }
    /// `v4l2_frmsizeenum`: width and height, or the least, the greatest and the step of each.
    FrameSize[44] { index: u32, fourcc: u32, kind: u32, sides: [u32; 6], reserved: [u32; 2] }
    /// `v4l2_frmivalenum`: seconds per frame, or the least, the greatest and the step.
    FrameInterval[52] {
        index: u32, fourcc: u32, width: u32, height: u32, kind: u32, fractions: [u32; 6], reserved: [u32; 2],
    }
    /// `v4l2_event`; `changes` are those of a changed source or control.
    Event[136] {
        kind: u32, padding: u32, changes: u32, union: [u32; 15], pending: u32, sequence: u32, seconds: i64,
        nanoseconds: i64, id: u32, reserved: [u32; 9],
    }
    /// `v4l2_event_subscription`
    Subscription[32] { kind: u32, id: u32, flags: u32, reserved: [u32; 5] }
    /// `v4l2_dv_timings` of BT.656 or BT.1120; the clock is in two words, the low one first.
    Timings[132] {
        kind: u32, width: u32, height: u32, interlaced: u32, polarities: u32, clock: [u32; 2], horizontal: [u32; 3],
        vertical: [u32; 3], second_field: [u32; 3], standards: u32, flags: u32, rest: [u32; 15],
    }
    /// `v4l2_query_ext_ctrl`
    ControlQuery[232] {
        id: u32, kind: u32, name: [u8; 32], minimum: i64, maximum: i64, step: u64, default: i64, flags: u32,
        element_size: u32, elements: u32, dimensions: u32, dimension: [u32; 4], reserved: [u32; 32],
    }
    /// `v4l2_querymenu`, whose name may be eight bytes of a number.
    MenuItem[44] { id: u32, index: u32, name: [u8; 32], reserved: u32 }
    /// `v4l2_ext_control`, whose value is a number or an address.
    ExtControl[20] { id: u32, size: u32, reserved: u32, value: [u8; 8] }
    /// `v4l2_ext_controls`
    ExtControls[32] {
        which: u32, count: u32, error_index: u32, request_fd: i32, reserved: [u32; 2], controls: u64,
    }
}

/// The two kinds of capture device, by their V4L2_BUF_TYPE_*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum BufferKind {
    /// A frame is in one piece of memory.
    Single = 1,
    /// A frame may be in several.
    Multi = 9,
}
