//! The tag of a picture that packs two views, on pictures and on streams.

use std::ptr;

use super::{AvError, Picture, ffi};
use crate::pixels::StereoPacking;

const fn number(packing: StereoPacking) -> ffi::AVStereo3DType {
    match packing {
        StereoPacking::SideBySide => ffi::AVStereo3DType::SIDEBYSIDE,
        StereoPacking::TopBottom => ffi::AVStereo3DType::TOPBOTTOM,
    }
}

impl Picture {
    /// Marks a picture that packs two views; encoders that can write the mark into the stream.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn set_stereo(&mut self, packing: StereoPacking) -> Result<(), AvError> {
        // SAFETY: owned; the side data, if it could be allocated, belongs to the picture.
        unsafe {
            ffi::av_frame_remove_side_data(self.as_mut_ptr(), ffi::AVFrameSideDataType::STEREO3D);
            let tag = ffi::av_stereo3d_create_side_data(self.as_mut_ptr()).as_mut().ok_or_else(AvError::no_memory)?;
            tag.type_ = number(packing);
        }
        Ok(())
    }
}

/// Marks a stream, before its header is written, as one whose pictures pack two views.
///
/// # Safety
/// `stream` is a stream of a muxer that is not begun.
pub(super) unsafe fn tag_stream(stream: *mut ffi::AVStream, packing: StereoPacking) -> Result<(), AvError> {
    let size = size_of::<ffi::AVStereo3D>();
    // SAFETY: the stream is promised; what is allocated is checked, has `size` bytes and is freed here or by the stream.
    unsafe {
        let tag = ffi::av_stereo3d_alloc();
        if tag.is_null() {
            return Err(AvError::no_memory());
        }
        (*tag).type_ = number(packing);
        (*tag).view = ffi::AVStereo3DView::PACKED;
        let place = place(stream, size);
        if !place.is_null() {
            ptr::copy_nonoverlapping(tag.cast::<u8>(), place, size);
        }
        ffi::av_free(tag.cast());
        if place.is_null() { Err(AvError::no_memory()) } else { Ok(()) }
    }
}

/// New side data of `size` bytes that belongs to the stream; null if there is no memory.
///
/// # Safety
/// As of [`tag_stream`].
#[cfg(coded_side_data)]
unsafe fn place(stream: *mut ffi::AVStream, size: usize) -> *mut u8 {
    // SAFETY: the stream is promised, and its codec parameters live as long as it.
    unsafe {
        let parameters = &mut *(*stream).codecpar;
        let entry = ffi::av_packet_side_data_new(
            &raw mut parameters.coded_side_data,
            &raw mut parameters.nb_coded_side_data,
            ffi::AVPacketSideDataType::STEREO3D,
            size,
            0,
        );
        if entry.is_null() { ptr::null_mut() } else { (*entry).data }
    }
}

/// New side data of `size` bytes that belongs to the stream; null if there is no memory.
///
/// # Safety
/// As of [`tag_stream`].
#[cfg(not(coded_side_data))]
unsafe fn place(stream: *mut ffi::AVStream, size: usize) -> *mut u8 {
    // SAFETY: the stream is promised.
    unsafe { ffi::av_stream_new_side_data(stream, ffi::AVPacketSideDataType::STEREO3D, size) }
}
