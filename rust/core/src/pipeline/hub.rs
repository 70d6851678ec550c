//! Hands each frame on to the targets, in the order in which they were attached; [`Intake`] is the door of each.

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::intake::{Delivery, Intake};
use crate::frame::{FrameShape, SharedFrame};

/// How long a target that is leaving may take to accept the frame that it is owed.
const PATIENCE: Duration = Duration::from_secs(2);

/// One target of a source, under the identity that its owner gave it.
pub(crate) struct Edge {
    pub(crate) target: u32,
    intake: Intake,
    /// Whether the frame in turn is counted as captured and not yet given.
    owed: bool,
    /// Until when it may still accept the frame it is owed; then it is let go.
    leaving: Option<Instant>,
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
            self.edges.push(Edge { target, intake, owed: false, leaving: None });
        }
    }

    /// Lets every target get ready for frames of a shape.
    pub(crate) fn prepare(&self, shape: FrameShape) {
        for edge in &self.edges {
            edge.intake.prepare(shape);
        }
    }

    /// Removes a target, at once unless it is owed a frame, which it then still gets; returns whether it is gone.
    pub(crate) fn detach(&mut self, target: u32) -> bool {
        match self.edges.iter_mut().find(|edge| edge.target == target) {
            Some(edge) if edge.owed => {
                edge.leaving.get_or_insert_with(|| Instant::now() + PATIENCE);
                false
            }
            _ => {
                self.edges.retain(|edge| edge.target != target);
                true
            }
        }
    }

    /// Lets every target go as soon as it has the frame that it is owed.
    pub(crate) fn detach_all(&mut self) {
        let until = Instant::now() + PATIENCE;
        for edge in &mut self.edges {
            edge.leaving.get_or_insert(until);
        }
    }

    /// Removes every target and names them.
    pub(crate) fn clear(&mut self) -> Vec<u32> {
        self.edges.drain(..).map(|edge| edge.let_go()).collect()
    }

    /// Removes the targets that are leaving or were closed, and names them.
    pub(crate) fn remove_gone(&mut self) -> Vec<u32> {
        let mut gone = Vec::new();
        self.edges.retain(|edge| {
            let stays = edge.owed || (edge.leaving.is_none() && !edge.intake.is_closed());
            if !stays {
                gone.push(edge.target);
            }
            stays
        });
        gone
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
            match edge.intake.deliver(frame, interrupt, edge.leaving) {
                Delivery::Done => {}
                Delivery::Expired => edge.intake.abandon(),
                Delivery::Interrupted(word) => return Some(word),
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
