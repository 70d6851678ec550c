//! Coded units.

use std::ptr;

use super::{AvError, error::check, ffi};
use crate::base::time::Rational;

/// One coded frame with its timestamps, owned.
#[derive(Debug)]
pub struct Packet(*mut ffi::AVPacket);

// SAFETY: owned; its buffer is reference-counted atomically.
unsafe impl Send for Packet {}
// SAFETY: what a shared packet offers only reads; references to its buffer are counted atomically.
unsafe impl Sync for Packet {}

impl Packet {
    /// An empty packet to be filled.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn new() -> Result<Self, AvError> {
        // SAFETY: allocates, or returns null.
        let packet = unsafe { ffi::av_packet_alloc() };
        if packet.is_null() { Err(AvError::no_memory()) } else { Ok(Self(packet)) }
    }

    /// A packet holding a copy of `bytes`.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AvError> {
        Self::joined(&[], bytes)
    }

    /// A packet holding copies of both, one behind the other.
    fn joined(head: &[u8], tail: &[u8]) -> Result<Self, AvError> {
        let packet = Self::new()?;
        let length = i32::try_from(head.len() + tail.len()).map_err(|_| AvError::no_memory())?;
        // SAFETY: allocates `length` writable bytes at `data` (plus padding), or fails.
        check(unsafe { ffi::av_new_packet(packet.0, length) })?;
        // SAFETY: `data` was just allocated with the length of both and cannot overlap a Rust slice.
        unsafe {
            let data = (*packet.0).data;
            ptr::copy_nonoverlapping(head.as_ptr(), data, head.len());
            ptr::copy_nonoverlapping(tail.as_ptr(), data.add(head.len()), tail.len());
        }
        Ok(packet)
    }

    /// Another packet over the same bytes, with times of its own.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn reference(&self) -> Result<Self, AvError> {
        let copy = Self::new()?;
        // SAFETY: both are owned; the source is only read.
        check(unsafe { ffi::av_packet_ref(copy.0, self.0) })?;
        Ok(copy)
    }

    /// A copy with `prefix` in front of its bytes.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn with_prefix(&self, prefix: &[u8]) -> Result<Self, AvError> {
        let packet = Self::joined(prefix, self.bytes())?;
        // SAFETY: both are owned; copies times, flags and side data.
        check(unsafe { ffi::av_packet_copy_props(packet.0, self.0) })?;
        Ok(packet)
    }

    /// Its coded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: owned; `data` is null or has `size` bytes, which nothing writes while they are borrowed.
        unsafe {
            let data = (*self.0).data;
            if data.is_null() { &[] } else { std::slice::from_raw_parts(data, self.size()) }
        }
    }

    /// Presentation time in the ticks that its stage names; `None` if it has none.
    #[must_use]
    pub fn pts(&self) -> Option<i64> {
        // SAFETY: owned.
        Some(unsafe { (*self.0).pts }).filter(|pts| *pts != ffi::AV_NOPTS_VALUE)
    }

    /// Decoding time in the same ticks.
    #[must_use]
    pub fn dts(&self) -> Option<i64> {
        // SAFETY: owned.
        Some(unsafe { (*self.0).dts }).filter(|dts| *dts != ffi::AV_NOPTS_VALUE)
    }

    /// Sets both timestamps.
    pub fn set_times(&mut self, pts: i64, dts: i64) {
        // SAFETY: owned.
        unsafe {
            (*self.0).pts = pts;
            (*self.0).dts = dts;
        }
    }

    /// Shows and decodes it later by `ticks`.
    pub fn shift(&mut self, ticks: i64) {
        // SAFETY: owned.
        unsafe {
            for time in [&mut (*self.0).pts, &mut (*self.0).dts] {
                if *time != ffi::AV_NOPTS_VALUE {
                    *time += ticks;
                }
            }
        }
    }

    /// Sets how long it is shown, in ticks.
    pub fn set_duration(&mut self, ticks: i64) {
        // SAFETY: owned.
        unsafe { (*self.0).duration = ticks };
    }

    /// Whether it can be decoded alone.
    #[must_use]
    pub fn is_key(&self) -> bool {
        // SAFETY: owned.
        unsafe { (*self.0).flags & ffi::AV_PKT_FLAG_KEY != 0 }
    }

    /// Whether its picture is decoded for others only, and never shown (AV_PKT_FLAG_DISCARD): edit lists hide pictures so.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        // SAFETY: owned and valid.
        unsafe { (*self.0).flags & ffi::AV_PKT_FLAG_DISCARD != 0 }
    }

    /// Whether its demuxer found that it is encrypted (AV_PKT_DATA_ENCRYPTION_INFO).
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        let kind = ffi::AVPacketSideDataType::ENCRYPTION_INFO;
        // SAFETY: owned; only looks among its side data, which the size need not be asked of.
        !unsafe { ffi::av_packet_get_side_data(self.0, kind, ptr::null_mut()) }.is_null()
    }

    /// Whether its demuxer found that a part of it is missing (AV_PKT_FLAG_CORRUPT).
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        // SAFETY: owned.
        unsafe { (*self.0).flags & ffi::AV_PKT_FLAG_CORRUPT != 0 }
    }

    /// Marks it as decodable alone.
    pub fn set_key(&mut self, key: bool) {
        // SAFETY: owned.
        unsafe { (*self.0).flags = if key { ffi::AV_PKT_FLAG_KEY } else { 0 } };
    }

    /// Number of coded bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        // SAFETY: owned.
        usize::try_from(unsafe { (*self.0).size }).unwrap_or(0)
    }

    /// The stream it came from or goes to.
    #[must_use]
    pub fn stream(&self) -> i32 {
        // SAFETY: owned.
        unsafe { (*self.0).stream_index }
    }

    /// Sets the stream it goes to.
    pub fn set_stream(&mut self, index: i32) {
        // SAFETY: owned.
        unsafe { (*self.0).stream_index = index };
    }

    /// Expresses its times in another timebase.
    pub fn rescale(&mut self, from: Rational, to: Rational) {
        // SAFETY: owned; both timebases are positive.
        unsafe { ffi::av_packet_rescale_ts(self.0, from.into(), to.into()) };
    }

    /// Empties it.
    pub fn clear(&mut self) {
        // SAFETY: owned.
        unsafe { ffi::av_packet_unref(self.0) };
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut ffi::AVPacket {
        self.0
    }

    pub(super) fn as_ptr(&self) -> *const ffi::AVPacket {
        self.0
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { ffi::av_packet_free(&raw mut self.0) };
    }
}
