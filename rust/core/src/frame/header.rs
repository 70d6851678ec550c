//! The facts of a frame as it crosses a boundary: a row of numbers. (temporary)
#![allow(missing_docs)]
use super::{ColourSpace, Frame};
use crate::{av::Picture, codec::Shape, error::Result};

#[derive(Debug, Clone, Copy)]
pub struct FrameHeader { pub data_length: usize, pub dropped: u64 }
impl FrameHeader {
    pub fn of(_f: &Frame, _c: ColourSpace, _s: Shape) -> Self { Self { data_length: 0, dropped: 0 } }
    pub fn to_words(&self, _w: &mut [f64]) -> Result<()> { Ok(()) }
}
pub fn write_pictures<'a>(_p: impl Iterator<Item = &'a Picture>, _d: &mut [u8]) -> Result<()> { Ok(()) }
pub fn convert_bytes(_a: &[f64], _b: &[u8], _c: &[f64], _d: &mut [u8]) -> Result<()> { Ok(()) }
impl Frame { pub fn from_bytes(_h: &[f64], _d: &[u8]) -> Result<Frame> { unimplemented!() } }
