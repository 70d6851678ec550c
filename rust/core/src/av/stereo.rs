//! The tag of a picture that packs two views, on pictures and on streams.

use std::ptr;

use super::{AvError, Picture, ffi, side_data};
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
        let added = side_data::add(stream, ffi::AVPacketSideDataType::STEREO3D, size);
        if let Ok(place) = added {
            ptr::copy_nonoverlapping(tag.cast::<u8>(), place, size);
        }
        ffi::av_free(tag.cast());
        added.map(drop)
    }
}
