//! What is handed on: pictures, packets, or both.

use std::sync::Arc;

use smallvec::smallvec;

use super::LiveProducer;
use crate::{
    av::{Packet, Picture, VideoInfo},
    base::error::{Code, Result, Stage},
    frame::{CodedFrame, FrameLoss, FrameShape},
    source::{
        live::{decode::Inside, driver::Stamp, messages, packets::PacketLine, stamps::STEP_NS},
        producer::{Captured, CapturedPacket, Produced},
    },
};

impl LiveProducer {
    pub(super) fn receive_packet(&mut self, packet: Packet, stamp: Stamp) -> Result<()> {
        let Some(mut packets) = self.packets.take() else {
            self.account.lock().withheld += 1;
            return Ok(());
        };
        let outcome = match packets.joined(packet) {
            Ok(Some(packet)) => self.take_packet(&mut packets, Arc::new(packet), stamp),
            Ok(None) => {
                self.account.lock().withheld += 1;
                Ok(())
            }
            Err(error) => Err(error),
        };
        self.packets = Some(packets);
        outcome
    }

    /// Hands a packet on, decodes it, or both.
    fn take_packet(&mut self, packets: &mut PacketLine, packet: Arc<Packet>, stamp: Stamp) -> Result<()> {
        // Where pictures come in another order the time of a packet is not that of its decoding.
        let captured_ns = (!packets.reorders()).then(|| self.clock.captured_ns(&stamp));
        let mut inside = Inside { stamp, captured_ns, is_handed_on: false };
        let is_opening = self.shape.is_none();
        let is_whole = packets.is_whole(&packet);
        let stream = if is_whole { packets.stream_of(&packet, is_opening, &mut self.forms)? } else { None };
        let is_left_out = is_opening || self.to_burn > 0 || self.is_withholding();
        if let (Some(stream), Some(captured_ns), true) = (stream, captured_ns, self.wanted.packets && !is_left_out) {
            inside.is_handed_on = true;
            self.hand_packet_on(CodedFrame { packet: packet.clone(), stream }, &stamp, captured_ns);
        }
        if (is_opening || self.wanted.pictures) && packets.begins_to_decode(&packet) {
            let packet = packet
                .reference()
                .map_err(|error| error.explain(Code::ResourceExhausted, Stage::Source, "decode a packet"))?;
            self.decode(packets, packet, inside)?;
        } else if !inside.is_handed_on && !is_whole && !is_left_out {
            self.account.lock().damaged += 1;
            self.miss(1);
        } else if !inside.is_handed_on {
            self.account.lock().withheld += 1;
            if let (true, Some(captured_ns)) = (is_left_out, captured_ns) {
                self.leave_out(&stamp, captured_ns);
            }
        }
        {
            let mut account = self.account.lock();
            account.decoded += packets.take_probes();
            account.inside = packets.inside();
        }
        if let (true, Some(error)) = (self.wanted.packets, packets.take_warning()) {
            self.ready.push_back(Produced::Warning(error));
        }
        Ok(())
    }

    fn decode(&mut self, packets: &mut PacketLine, packet: Packet, inside: Inside) -> Result<()> {
        let decoded = packets.decode(packet, inside)?;
        {
            let mut account = self.account.lock();
            account.damaged += decoded.uncounted;
            account.withheld += decoded.early;
            account.decoded += decoded.pictures.len() as u64;
        }
        self.before_picture.frames += decoded.lost;
        self.before_packet.frames += decoded.uncounted;
        for (picture, Inside { stamp, captured_ns, is_handed_on }) in decoded.pictures {
            packets.shape_is(VideoInfo::of(&picture), &mut self.forms);
            let captured_ns = captured_ns.unwrap_or_else(|| self.clock.captured_ns(&stamp));
            if !is_handed_on {
                self.capture_picture(picture, &stamp, captured_ns);
            } else if !self.is_withholding() {
                self.push_picture(picture, captured_ns);
            }
        }
        Ok(())
    }

    /// Makes a frame of a picture, unless no frames are wanted.
    pub(super) fn capture_picture(&mut self, picture: Picture, stamp: &Stamp, captured_ns: u64) {
        let shape = VideoInfo::of(&picture);
        let now_ns = self.now_ns();
        self.account.lock().frame(captured_ns, now_ns, self.clock.distrusted);
        if self.shape.is_none() {
            let info = &mut self.setup.info;
            (info.width, info.height, info.pixel_format) = (shape.width, shape.height, shape.format.name());
            let geometry = shape.tags.geometry;
            info.pixel_aspect = Some(geometry.pixel_aspect).filter(|aspect| aspect.num > 0);
            info.field_order = geometry.field_order;
            self.shape = Some(shape);
        }
        if self.to_burn > 0 || self.is_withholding() {
            self.account.lock().withheld += 1;
            self.leave_out(stamp, captured_ns);
            return;
        }
        self.end_gap(captured_ns, stamp);
        self.push_picture(picture, captured_ns);
        self.compare_rate();
    }

    /// Leaves a frame out that nobody wants.
    fn leave_out(&mut self, stamp: &Stamp, captured_ns: u64) {
        self.to_burn = self.to_burn.saturating_sub(1);
        self.forget_losses();
        let _ = self.watch.frame(captured_ns, stamp.arrival_ns);
        self.account.lock().state = self.watch.state();
    }

    /// A frame came, and with it a gap ends if there was one.
    fn end_gap(&mut self, captured_ns: u64, stamp: &Stamp) {
        let (change, gap) = self.watch.frame(captured_ns, stamp.arrival_ns);
        if let Some(change) = change {
            self.tell(change, gap.clone());
        }
        if let Some(gap) = gap {
            self.before_picture.gap = Some(gap.clone());
            self.before_packet.gap = Some(gap);
        }
    }

    fn hand_packet_on(&mut self, coded: CodedFrame, stamp: &Stamp, captured_ns: u64) {
        let now_ns = self.now_ns();
        self.account.lock().frame(captured_ns, now_ns, self.clock.distrusted);
        self.end_gap(captured_ns, stamp);
        self.note_shape(coded.stream.shape);
        let loss = taken(&mut self.before_packet);
        let pts = self.pts(captured_ns);
        self.last_packet = Some(pts);
        self.ready.push_back(Produced::Packet(CapturedPacket { coded, pts, captured_ns, loss }));
        self.compare_rate();
    }

    fn push_picture(&mut self, picture: Picture, captured_ns: u64) {
        self.note_shape(VideoInfo::of(&picture));
        let loss = taken(&mut self.before_picture);
        let pts = self.pts(captured_ns);
        self.ready.push_back(Produced::Frame(Captured {
            views: smallvec![picture],
            pts,
            captured_ns: Some(captured_ns),
            loss,
            ..Captured::default()
        }));
    }

    /// Forgets answers that nobody wants any more. A picture whose packet was handed on is counted with that.
    pub(super) fn clear_ready(&mut self) {
        let frames = self.ready.drain(..).filter(|produced| match produced {
            Produced::Packet(_) => true,
            Produced::Frame(captured) => Some(captured.pts) != self.last_packet,
            _ => false,
        });
        self.account.lock().withheld += frames.count() as u64;
    }

    /// The shape of the frame that comes next.
    fn note_shape(&mut self, shape: VideoInfo) {
        if self.shape.replace(shape) != Some(shape) {
            self.ready.push_back(Produced::Changed(FrameShape::mono(shape)));
        }
    }

    /// The time of a frame: the first one has the time 0.
    fn pts(&mut self, captured_ns: u64) -> i64 {
        let origin_ns = *self.origin_ns.get_or_insert(captured_ns);
        i64::try_from(captured_ns.saturating_sub(origin_ns) / STEP_NS).unwrap_or(i64::MAX)
    }

    fn compare_rate(&mut self) {
        let mismatch = self.account.lock().rate_mismatch(self.setup.info.frame_rate, self.setup.is_rate_asked);
        if let Some(measured) = mismatch {
            self.ready.push_back(Produced::Warning(messages::rate_mismatch(&self.setup, measured)));
        }
    }
}

/// Takes what is missing before a frame; `None` for nothing.
fn taken(loss: &mut FrameLoss) -> Option<Arc<FrameLoss>> {
    let loss = std::mem::take(loss);
    (loss.frames > 0 || loss.gap.is_some()).then(|| Arc::new(loss))
}
