//! How pictures are to be shown, on streams and on frames of FFmpeg.

use super::{AvError, Picture, ffi, side_data};
use crate::pixels::geometry::{FieldOrder, Geometry, Orientation};

/// A display matrix in side data.
type Matrix = [i32; 9];

/// What a container says of its stream. Its pixel aspect goes before that of the pictures, as in FFmpeg
/// (av_guess_sample_aspect_ratio).
///
/// # Safety
/// `stream` is a stream of an open demuxer.
pub(super) unsafe fn of_stream(stream: *const ffi::AVStream) -> Geometry {
    // SAFETY: the stream is promised, and its codec parameters live as long as it.
    unsafe {
        let parameters = &*(*stream).codecpar;
        let size = (parameters.width.unsigned_abs(), parameters.height.unsigned_abs());
        let (matrix, bytes) = side_data::find(stream, ffi::AVPacketSideDataType::DISPLAYMATRIX);
        let matrix = read_matrix(matrix, bytes);
        Geometry {
            pixel_aspect: Geometry::checked_aspect((*stream).sample_aspect_ratio.into(), size),
            orientation: matrix.map(|matrix| Orientation::of_matrix(&matrix)).unwrap_or_default(),
            is_in_place: matrix.is_some_and(|matrix| (matrix[6], matrix[7]) != (0, 0)),
            field_order: FieldOrder::of_number(parameters.field_order.0),
        }
    }
}

/// Says how the pictures of a stream are to be shown, before its header is written.
///
/// # Safety
/// `stream` is a stream of a muxer that is not begun.
pub(super) unsafe fn tag_stream(stream: *mut ffi::AVStream, geometry: Geometry) -> Result<(), AvError> {
    // SAFETY: the stream is promised; what is added has room for a matrix, wherever it lies.
    unsafe {
        // Muxers look at both and refuse a difference (libavformat, init_muxer).
        (*stream).sample_aspect_ratio = geometry.pixel_aspect.into();
        (*(*stream).codecpar).sample_aspect_ratio = geometry.pixel_aspect.into();
        (*(*stream).codecpar).field_order = ffi::AVFieldOrder(geometry.field_order.number());
        if geometry.orientation != Orientation::UPRIGHT {
            let place = side_data::add(stream, ffi::AVPacketSideDataType::DISPLAYMATRIX, size_of::<Matrix>())?;
            let parameters = &*(*stream).codecpar;
            let size = (parameters.width.unsigned_abs(), parameters.height.unsigned_abs());
            place.cast::<Matrix>().write_unaligned(geometry.matrix(size));
        }
    }
    Ok(())
}

/// The display matrix in side data.
///
/// # Safety
/// There are as many bytes at the address.
unsafe fn read_matrix(matrix: *const u8, bytes: usize) -> Option<Matrix> {
    let is_there = !matrix.is_null() && bytes >= size_of::<Matrix>();
    if !is_there {
        return None;
    }
    // SAFETY: long enough; any bits are a matrix.
    Some(unsafe { matrix.cast::<Matrix>().read_unaligned() })
}

impl Picture {
    /// The orientation that a decoder found with it, in the stream itself; `None` if there was none.
    #[must_use]
    pub fn coded_orientation(&self) -> Option<Orientation> {
        // SAFETY: owned; the side data, if there is some, has as many bytes as it says.
        unsafe {
            let found = ffi::av_frame_get_side_data(self.as_ptr(), ffi::AVFrameSideDataType::DISPLAYMATRIX).as_ref()?;
            read_matrix(found.data, found.size).map(|matrix| Orientation::of_matrix(&matrix))
        }
    }

    /// The order of its fields by its flags; `None` if it is not interlaced.
    #[must_use]
    pub fn coded_field_order(&self) -> Option<FieldOrder> {
        // SAFETY: owned.
        let (is_interlaced, is_top_first) = field_flags(unsafe { &*self.as_ptr() });
        is_interlaced.then(|| FieldOrder::interleaved(is_top_first))
    }
}

/// Whether a frame is interlaced, and whether its top field comes first.
#[cfg(coded_side_data)]
fn field_flags(frame: &ffi::AVFrame) -> (bool, bool) {
    let has = |flag| frame.flags & flag != 0;
    (has(ffi::AV_FRAME_FLAG_INTERLACED), has(ffi::AV_FRAME_FLAG_TOP_FIELD_FIRST))
}

/// Whether a frame is interlaced, and whether its top field comes first.
#[cfg(not(coded_side_data))]
fn field_flags(frame: &ffi::AVFrame) -> (bool, bool) {
    (frame.interlaced_frame != 0, frame.top_field_first != 0)
}
