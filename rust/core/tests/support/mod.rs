//! Shared by the tests: a simulated clock and a simulated disk, the events of an object, recordings, and a reader of
//! files.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod camera;
pub mod clock;
pub mod disk;
pub mod recording;
pub mod screens;
pub mod watched;

use std::{io, sync::Arc};

use giftgrab_core::{
    av::{Decoder, Demuxer, DemuxerOptions, Packet},
    source::test_pattern::barcode::Barcode,
    storage::{FileId, Storage},
};

/// Whether every case runs or a sample.
pub fn is_full_proof() -> bool {
    std::env::var("GIFTGRAB_PROOF").is_ok_and(|value| value == "full")
}

/// Numbers from a seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }
}

/// A file in memory, to be read.
pub struct Bytes(pub Vec<u8>);

impl Storage for Bytes {
    fn id(&self) -> io::Result<FileId> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The barcode of every picture that comes out, `None` where it cannot be read; or why the file does not open.
pub fn decode(bytes: &[u8]) -> Result<Vec<Option<u32>>, String> {
    let text = |error: giftgrab_core::av::AvError| format!("{error:?}");
    let mut demuxer = Demuxer::open(Arc::new(Bytes(bytes.to_vec())), DemuxerOptions::default()).map_err(text)?;
    let stream = demuxer.select_video(None).ok_or("no video")?;
    let parameters = demuxer.parameters(stream.index).map_err(text)?;
    let mut decoder = Decoder::open(&parameters, stream.time_base, 1, 1 << 24).map_err(text)?.ok_or("no decoder")?;
    let mut packet = Packet::new().map_err(text)?;
    let mut seen = Vec::new();
    loop {
        let is_end = demuxer.read(&mut packet).is_err();
        if !is_end && packet.stream() != stream.index {
            continue;
        }
        // A damaged packet costs its picture.
        let _ = decoder.send((!is_end).then_some(&packet));
        while let Ok(picture) = decoder.receive() {
            let barcode = Barcode::new(picture.width() as usize, picture.height() as usize);
            seen.push(barcode.zip(picture.view()).and_then(|(barcode, planes)| barcode.read(&planes)));
        }
        packet.clear();
        if is_end {
            return Ok(seen);
        }
    }
}

/// The places of the packets that can be decoded alone; or why the file does not open.
pub fn key_frames(bytes: &[u8]) -> Result<Vec<usize>, String> {
    let text = |error: giftgrab_core::av::AvError| format!("{error:?}");
    let mut demuxer = Demuxer::open(Arc::new(Bytes(bytes.to_vec())), DemuxerOptions::default()).map_err(text)?;
    let stream = demuxer.select_video(None).ok_or("no video")?;
    let mut packet = Packet::new().map_err(text)?;
    let (mut keys, mut count) = (Vec::new(), 0);
    while demuxer.read(&mut packet).is_ok() {
        if packet.stream() == stream.index {
            keys.extend(packet.is_key().then_some(count));
            count += 1;
        }
        packet.clear();
    }
    Ok(keys)
}

/// How many pictures are right from the first on: readable, beginning with frame 0, and each later than the one before.
/// Frames missing between them were dropped before they were written, or missed.
pub fn prefix(seen: &[Option<u32>]) -> usize {
    let mut last = None;
    let in_order = seen.iter().take_while(|index| {
        let is_next = index.is_some() && **index > last && (last.is_some() || **index == Some(0));
        last = **index;
        is_next
    });
    in_order.count()
}
