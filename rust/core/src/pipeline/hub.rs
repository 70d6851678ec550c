//! Hands each frame on to the targets of a source or filter, in the order in which they were attached.

use std::sync::Arc;

use super::{
    clock::{SECOND_NS, Wake},
    input::{InputSender, Sent},
};
use crate::{
    base::time::Rational,
    frame::{FrameForm, FrameShape, SharedFrame},
};

/// How long a target that is leaving may take to accept the frame that is reserved for it.
const LEAVE_NS: u64 = 2 * SECOND_NS;

/// One target, under the identity that its owner gave it.
struct Edge {
    target: u32,
    input: InputSender,
    /// Whether the frame in turn is counted as captured and not yet sent.
    is_reserved: bool,
    /// Until when it may still accept the frame that is reserved; then it is removed.
    leaving_ns: Option<u64>,
}

/// The forms of frames that targets want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Decoded pictures.
    pub pictures: bool,
    /// Packets as they came.
    pub packets: bool,
}

/// The targets of one source or filter. The hub belongs to one thread: no lock is taken for a frame.
#[derive(Default)]
pub(crate) struct Hub {
    edges: Vec<Edge>,
}

impl Hub {
    pub(crate) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Adds a target; a target that has been added before stays in its place.
    pub(crate) fn attach(&mut self, target: u32, input: InputSender) {
        if !self.edges.iter().any(|edge| edge.target == target) {
            self.edges.push(Edge { target, input, is_reserved: false, leaving_ns: None });
        }
    }

    /// The forms of frames that its targets want.
    pub(crate) fn wanted(&self) -> Wanted {
        let wants = |form| self.edges.iter().any(|edge| edge.input.form() == form);
        Wanted { pictures: wants(FrameForm::Pictures), packets: wants(FrameForm::Packets) }
    }

    /// Prepares every target that takes pictures for frames of a shape, and of a rate if the source has one.
    pub(crate) fn prepare(&self, shape: FrameShape, rate: Option<Rational>) {
        for edge in self.edges.iter().filter(|edge| edge.input.form() == FrameForm::Pictures) {
            edge.input.prepare(shape, rate);
        }
    }

    /// Removes a target, or lets it leave with the frame that is reserved for it; returns whether it is removed.
    pub(crate) fn detach(&mut self, target: u32, now_ns: u64) -> bool {
        match self.edges.iter_mut().find(|edge| edge.target == target) {
            Some(edge) if edge.is_reserved => {
                edge.leaving_ns.get_or_insert(now_ns + LEAVE_NS);
                false
            }
            _ => {
                self.edges.retain(|edge| edge.target != target);
                true
            }
        }
    }

    /// Lets every target leave as soon as it has the frame that is reserved for it.
    pub(crate) fn detach_all(&mut self, now_ns: u64) {
        for edge in &mut self.edges {
            edge.leaving_ns.get_or_insert(now_ns + LEAVE_NS);
        }
    }

    /// Removes every target and returns their identities.
    pub(crate) fn clear(&mut self) -> Vec<u32> {
        self.edges
            .drain(..)
            .map(|edge| {
                if edge.is_reserved {
                    edge.input.cancel();
                }
                edge.target
            })
            .collect()
    }

    /// Removes the targets that are leaving or were closed, and returns their identities.
    pub(crate) fn remove_gone(&mut self) -> Vec<u32> {
        let is_gone = |edge: &mut Edge| !edge.is_reserved && (edge.leaving_ns.is_some() || edge.input.is_closed());
        self.edges.extract_if(.., is_gone).map(|edge| edge.target).collect()
    }

    /// Counts a frame as captured by every target of its form.
    pub(crate) fn reserve(&mut self, frame: &SharedFrame) {
        for edge in self.edges.iter_mut().filter(|edge| edge.input.form() == frame.form()) {
            edge.is_reserved = edge.input.reserve(frame);
        }
    }

    /// Sends the reserved frame to every target and never waits; where there is no room a frame is dropped.
    pub(crate) fn try_send(&mut self, frame: &SharedFrame) {
        for edge in self.edges.iter_mut().filter(|edge| edge.is_reserved) {
            edge.input.try_send(frame.clone());
            edge.is_reserved = false;
        }
    }

    /// Sends the reserved frame to every target that has room. For the others `sender` is woken when there is room, and
    /// the call is to be repeated, at the latest at the returned deadline; `Ok` once it is reserved for none.
    pub(crate) fn send(
        &mut self,
        frame: &SharedFrame,
        sender: &Arc<dyn Wake>,
        now_ns: u64,
    ) -> std::result::Result<(), Option<u64>> {
        for edge in self.edges.iter_mut().filter(|edge| edge.is_reserved) {
            if edge.input.send(frame, sender) == Sent::Done {
                edge.is_reserved = false;
            } else if edge.leaving_ns.is_some_and(|until| until <= now_ns) {
                edge.input.cancel();
                edge.is_reserved = false;
            }
        }
        let mut waiting = self.edges.iter().filter(|edge| edge.is_reserved).peekable();
        if waiting.peek().is_none() {
            return Ok(());
        }
        Err(waiting.filter_map(|edge| edge.leaving_ns).min())
    }
}
