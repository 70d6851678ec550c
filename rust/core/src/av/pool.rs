//! Pictures whose memory is used again, so that the steady state asks the system for none.

use parking_lot::Mutex;

use super::{AvError, Picture, PixelFormat, buffer_pool::BufferPool, error::check, ffi};
use crate::sys::Memory;

/// See [`PicturePool::ALIGN`].
const ALIGN: usize = PicturePool::ALIGN;

/// Rows are counted to a multiple of this, as `av_frame_get_buffer` does: block codecs touch whole blocks.
const ROWS: usize = 32;

/// A stage makes a picture in up to three steps; a source that changes its size must not keep what it left.
const KINDS: usize = 3;

/// Gives pictures with their own, uninitialised samples, and takes the memory of each back when the last reference to it
/// is dropped, on any thread. Its lock is held for no longer than it takes to find a buffer, or to ask for one.
///
/// Memory that was not needed for two seconds goes back to the system, as long as pictures come back; the rest when the
/// pool and the last picture are dropped.
#[derive(Debug, Default)]
pub struct PicturePool {
    kinds: Mutex<Vec<Kind>>,
}

impl PicturePool {
    /// Bytes to which planes and rows are aligned, and which lie behind each plane: what SIMD code may read at once.
    pub(super) const ALIGN: usize = Memory::ALIGN;

    /// A picture, aligned for SIMD.
    ///
    /// # Errors
    ///
    /// Out of memory, or an impossible size.
    pub fn take(&self, format: PixelFormat, width: u32, height: u32) -> Result<Picture, AvError> {
        let mut picture = Picture::empty()?;
        // SAFETY: owned.
        let frame = unsafe { &mut *picture.as_mut_ptr() };
        frame.format = format.0;
        frame.width = i32::try_from(width).unwrap_or(-1);
        frame.height = i32::try_from(height).unwrap_or(-1);
        self.fill(frame, (format, width, height))?;
        Ok(picture)
    }

    /// Gives `frame`, which has none, samples of `shape`: pixel format, width and height.
    ///
    /// # Errors
    ///
    /// Out of memory, or an impossible size.
    pub(super) fn fill(&self, frame: &mut ffi::AVFrame, shape: Shape) -> Result<(), AvError> {
        let mut kinds = self.kinds.lock();
        if let Some(kind) = kinds.iter().find(|kind| kind.shape == shape) {
            return kind.fill(frame);
        }
        let kind = Kind::new(shape)?;
        kind.fill(frame)?;
        kinds.truncate(KINDS - 1);
        kinds.insert(0, kind);
        Ok(())
    }
}

/// Pixel format, width and height.
type Shape = (PixelFormat, u32, u32);

/// The memory of pictures of one shape.
#[derive(Debug)]
struct Kind {
    shape: Shape,
    buffers: BufferPool,
    /// Where each plane begins, and its bytes from row to row; 0 for a plane that there is not.
    planes: [(usize, i32); 4],
}

impl Kind {
    fn new(shape: Shape) -> Result<Self, AvError> {
        let (format, width, height) = (ffi::AVPixelFormat(shape.0.0), shape.1, shape.2);
        let signed = |value: usize| i32::try_from(value).map_err(|_| AvError::invalid());
        let mut strides = [0; 4];
        // SAFETY: the call reads no picture, refuses unknown formats and sizes, and writes four numbers.
        check(unsafe {
            check(ffi::av_image_check_size(width, height, 0, std::ptr::null_mut()))?;
            ffi::av_image_fill_linesizes(strides.as_mut_ptr(), format, signed(width as usize)?)
        })?;
        for stride in &mut strides {
            *stride = signed(usize::try_from(*stride).unwrap_or(0).next_multiple_of(ALIGN))?;
        }
        let mut sizes = [0; 4];
        let wide = strides.map(|stride| stride as isize);
        let rows = signed((height as usize).next_multiple_of(ROWS))?;
        // SAFETY: as above.
        check(unsafe { ffi::av_image_fill_plane_sizes(sizes.as_mut_ptr(), format, rows, wide.as_ptr()) })?;
        let mut end = 0_usize;
        let planes = std::array::from_fn(|index| {
            let begin = end;
            end = end.saturating_add(sizes[index]).saturating_add(ALIGN).next_multiple_of(ALIGN);
            if sizes[index] > 0 { (begin, strides[index]) } else { (begin, 0) }
        });
        Ok(Self { shape, buffers: BufferPool::new(end), planes })
    }

    fn fill(&self, frame: &mut ffi::AVFrame) -> Result<(), AvError> {
        let buffer = self.buffers.take()?;
        frame.buf[0] = buffer;
        for (index, (begin, stride)) in self.planes.into_iter().enumerate().filter(|(_, (_, stride))| *stride > 0) {
            // SAFETY: a buffer of the pool is valid and holds all planes.
            frame.data[index] = unsafe { (*buffer).data.add(begin) };
            frame.linesize[index] = stride;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::planes::Planes;

    fn address(picture: &Picture) -> usize {
        picture.view().expect("one of our layouts").rows(0).next().expect("a row").as_ptr().addr()
    }

    fn rows(planes: &Planes<'_>) -> Vec<Vec<u8>> {
        (0..planes.layout().planes()).flat_map(|plane| planes.rows(plane).map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn memory_is_used_again_once_nobody_reads_it() {
        let pool = PicturePool::default();
        let first = pool.take(PixelFormat::BGRA, 1280, 720).unwrap();
        let (reader, at) = (first.reference().unwrap(), address(&first));
        drop(first);
        let second = pool.take(PixelFormat::BGRA, 1280, 720).unwrap();
        assert_ne!(address(&second), at, "a reference still reads it");
        std::thread::spawn(move || drop(reader)).join().unwrap();
        assert_eq!(address(&pool.take(PixelFormat::BGRA, 1280, 720).unwrap()), at);
    }

    #[test]
    fn planes_are_aligned_apart_and_as_large_as_they_should_be() {
        let formats =
            [PixelFormat::BGRA, PixelFormat::YUV420P, PixelFormat::YUV422P, PixelFormat::NV12, PixelFormat::UYVY422];
        for format in formats {
            for (width, height) in [(1, 1), (37, 5), (64, 48), (1281, 719)] {
                let pool = PicturePool::default();
                let mut pictures = [(); 2].map(|()| pool.take(format, width, height).unwrap());
                for (picture, value) in pictures.iter_mut().zip([7, 9]) {
                    let mut planes = picture.view_mut().unwrap().expect("one of our layouts");
                    for plane in 0..planes.layout().planes() {
                        for (row, samples) in planes.rows_mut(plane).enumerate() {
                            samples.fill(value + plane as u8);
                            assert_eq!(samples.as_ptr().addr() % ALIGN, 0, "row {row} of plane {plane} of {format:?}");
                        }
                    }
                }
                let plain = Picture::alloc(format, width, height).unwrap();
                let wanted = rows(&plain.view().unwrap());
                for (picture, value) in pictures.iter().zip([7, 9]) {
                    let found = rows(&picture.view().unwrap());
                    assert_eq!(
                        found.iter().map(Vec::len).collect::<Vec<_>>(),
                        wanted.iter().map(Vec::len).collect::<Vec<_>>()
                    );
                    assert!(found.iter().flatten().all(|sample| (value..value + 3).contains(sample)), "{format:?}");
                }
            }
        }
    }

    #[test]
    fn pictures_outlive_the_pool() {
        let pool = PicturePool::default();
        let mut picture = pool.take(PixelFormat::YUV420P, 64, 48).unwrap();
        drop(pool);
        picture.view_mut().unwrap().unwrap().fill_black();
        assert!(picture.view().unwrap().rows(1).flatten().all(|sample| *sample == 128));
    }

    #[test]
    fn of_many_shapes_the_last_are_kept() {
        let pool = PicturePool::default();
        for width in 1..=100 {
            pool.take(PixelFormat::BGRA, width, 16).unwrap();
        }
        assert_eq!(pool.kinds.lock().iter().map(|kind| kind.shape.1).collect::<Vec<_>>(), [100, 99, 98]);
    }

    #[test]
    fn impossible_shapes_are_refused() {
        let pool = PicturePool::default();
        for (format, width, height) in [
            (PixelFormat::BGRA, 0, 16),
            (PixelFormat::BGRA, 16, 0),
            (PixelFormat::BGRA, u32::MAX, 2),
            (PixelFormat::BGRA, 1 << 20, 1 << 20),
            (PixelFormat(-1), 16, 16),
        ] {
            assert!(pool.take(format, width, height).is_err(), "{format:?} {width} × {height}");
        }
    }
}
