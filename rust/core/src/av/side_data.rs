//! The side data of a stream, which lies in another place since FFmpeg 6.1.

use std::ptr;

use super::{AvError, ffi};

/// New side data of `size` bytes that belongs to the stream.
///
/// # Safety
/// `stream` is a stream of a muxer that is not begun.
#[cfg(coded_side_data)]
pub(super) unsafe fn add(
    stream: *mut ffi::AVStream,
    kind: ffi::AVPacketSideDataType,
    size: usize,
) -> Result<*mut u8, AvError> {
    // SAFETY: the stream is promised, and its codec parameters live as long as it.
    let place = unsafe {
        let parameters = &mut *(*stream).codecpar;
        let entry = ffi::av_packet_side_data_new(
            &raw mut parameters.coded_side_data,
            &raw mut parameters.nb_coded_side_data,
            kind,
            size,
            0,
        );
        if entry.is_null() { ptr::null_mut() } else { (*entry).data }
    };
    if place.is_null() { Err(AvError::no_memory()) } else { Ok(place) }
}

/// New side data of `size` bytes that belongs to the stream.
///
/// # Safety
/// `stream` is a stream of a muxer that is not begun.
#[cfg(not(coded_side_data))]
pub(super) unsafe fn add(
    stream: *mut ffi::AVStream,
    kind: ffi::AVPacketSideDataType,
    size: usize,
) -> Result<*mut u8, AvError> {
    // SAFETY: the stream is promised.
    let place = unsafe { ffi::av_stream_new_side_data(stream, kind, size) };
    if place.is_null() { Err(AvError::no_memory()) } else { Ok(place) }
}

/// The address and the bytes of a stream's side data; null and 0 if it has none.
///
/// # Safety
/// `stream` is valid. The address is as long as the stream, and until side data is added to it.
#[cfg(coded_side_data)]
pub(super) unsafe fn find(stream: *const ffi::AVStream, kind: ffi::AVPacketSideDataType) -> (*const u8, usize) {
    // SAFETY: the stream is promised; pointer and count of its side data are kept together.
    unsafe {
        let parameters = &*(*stream).codecpar;
        let found =
            ffi::av_packet_side_data_get(parameters.coded_side_data, parameters.nb_coded_side_data, kind).as_ref();
        found.map_or((ptr::null(), 0), |found| (found.data.cast_const(), found.size))
    }
}

/// The address and the bytes of a stream's side data; null and 0 if it has none.
///
/// # Safety
/// `stream` is valid. The address is as long as the stream, and until side data is added to it.
#[cfg(not(coded_side_data))]
pub(super) unsafe fn find(stream: *const ffi::AVStream, kind: ffi::AVPacketSideDataType) -> (*const u8, usize) {
    let mut size = 0;
    // SAFETY: the stream is promised.
    let found = unsafe { ffi::av_stream_get_side_data(stream, kind, &raw mut size) };
    if found.is_null() { (ptr::null(), 0) } else { (found.cast_const(), size) }
}
