//! Hands each frame of a source to its targets, in the order in which they were attached.

use crossbeam_channel::Receiver;

use crate::{
    frame::SharedFrame,
    target::{Delivery, Intake},
};

/// One target of a source, under the identity that its owner gave it.
pub(crate) struct Edge {
    pub(crate) target: u32,
    intake: Intake,
    /// Whether the frame in turn is counted as captured and not yet given.
    owed: bool,
}

/// The targets of one source. It belongs to the source's thread: no lock is taken for a frame.
#[derive(Default)]
pub(crate) struct Hub {
    edges: Vec<Edge>,
}

impl Hub {
    pub(crate) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Adds a target; one that is there already stays where it is.
    pub(crate) fn attach(&mut self, target: u32, intake: Intake) {
        if !self.edges.iter().any(|edge| edge.target == target) {
            self.edges.push(Edge { target, intake, owed: false });
        }
    }

    /// Removes a target; a frame that it is still owed is counted as dropped.
    pub(crate) fn detach(&mut self, target: u32) {
        if let Some(index) = self.edges.iter().position(|edge| edge.target == target) {
            self.edges.remove(index).let_go();
        }
    }

    /// Removes every target and names them.
    pub(crate) fn clear(&mut self) -> Vec<u32> {
        self.edges.drain(..).map(|edge| edge.let_go()).collect()
    }

    /// Removes the targets that were closed and names them.
    pub(crate) fn remove_closed(&mut self) -> Vec<u32> {
        let mut closed = Vec::new();
        self.edges.retain_mut(|edge| {
            let gone = edge.intake.is_closed() && !edge.owed;
            if gone {
                closed.push(edge.target);
            }
            !gone
        });
        closed
    }

    /// Counts a frame as captured by every target.
    pub(crate) fn capture(&mut self, frame: &SharedFrame) {
        for edge in &mut self.edges {
            edge.owed = edge.intake.capture(frame);
        }
    }

    /// Gives the captured frame to every target that has room for it, and never waits.
    pub(crate) fn offer(&mut self, frame: &SharedFrame) {
        for edge in self.edges.iter_mut().filter(|edge| edge.owed) {
            edge.intake.offer(frame.clone());
            edge.owed = false;
        }
    }

    /// Gives the captured frame to every target as soon as it has room. If a word comes first it is returned, and the
    /// call is to be repeated for the targets that are still owed the frame.
    pub(crate) fn deliver<T>(&mut self, frame: &SharedFrame, interrupt: &Receiver<T>) -> Option<T> {
        for edge in self.edges.iter_mut().filter(|edge| edge.owed) {
            if let Delivery::Interrupted(word) = edge.intake.deliver(frame, interrupt) {
                return Some(word);
            }
            edge.owed = false;
        }
        None
    }
}

impl Edge {
    fn let_go(self) -> u32 {
        if self.owed {
            self.intake.abandon();
        }
        self.target
    }
}
