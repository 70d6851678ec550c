//! The open graphs of a filter: one for each view of its frames.

use std::collections::VecDeque;

use crate::{
    av::{AvError, Description, FilterGraph, GraphError, Picture, VideoInfo},
    base::time::Rational,
    frame::{Frame, FrameShape, Views},
};

/// Pictures of one view that may wait for those of the other views.
const WAITING: usize = 64;
/// Frames whose capture time is remembered for pictures that come without a mark.
const REMEMBERED: usize = 256;
/// Frames that a graph with branches may take in a row without returning one: behind a branch that returns nothing,
/// frames of the other branches would pile up.
const HELD_BACK: u32 = 256;

/// The form of frames that graphs are opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) shape: FrameShape,
    pub(super) time_base: Rational,
}

impl Form {
    pub(super) fn of(frame: &Frame) -> Self {
        Self { shape: frame.shape(), time_base: frame.time_base }
    }
}

/// The views of one frame that came out.
pub(super) struct Filtered {
    pub(super) views: Views,
    /// Time in ticks of [`Graphs::time_base`].
    pub(super) pts: i64,
    /// The time for which it is shown, in the same ticks, where it has the time of a frame of which that is known.
    pub(super) duration: Option<i64>,
    /// Capture time of the frame that it stems from.
    pub(super) captured_ns: u64,
}

/// Why a frame did not pass.
#[derive(Debug)]
pub(super) enum Fault {
    /// FFmpeg's error.
    Av(AvError),
    /// The graph takes frames and returns none.
    HoldsBack,
}

impl From<AvError> for Fault {
    fn from(error: AvError) -> Self {
        Self::Av(error)
    }
}

/// The output of the graphs.
pub(super) enum Polled {
    Frame(Filtered),
    /// No frame until the next one goes in.
    Nothing,
    /// No frame any more.
    End,
}

struct View {
    graph: FilterGraph,
    waiting: VecDeque<Picture>,
}

/// The times of a frame that went in.
struct Taken {
    pts: i64,
    duration: Option<i64>,
    captured_ns: u64,
}

pub(super) struct Graphs {
    form: Form,
    views: Vec<View>,
    time_base: Rational,
    /// The last frames that went in.
    taken: VecDeque<Taken>,
    last_pts: Option<i64>,
    held_back: u32,
}

impl Graphs {
    pub(super) fn open(description: &Description, form: Form) -> Result<Self, GraphError> {
        let open = |_| {
            let graph = FilterGraph::open(description, form.shape.view, form.time_base)?;
            Ok(View { graph, waiting: VecDeque::new() })
        };
        let views = (0..form.shape.views).map(open).collect::<Result<Vec<_>, GraphError>>()?;
        let time_base = views.first().map_or(form.time_base, |view| view.graph.time_base());
        Ok(Self { form, views, time_base, taken: VecDeque::new(), last_pts: None, held_back: 0 })
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// Seconds per tick of the times of frames that come out.
    pub(super) fn time_base(&self) -> Rational {
        self.time_base
    }

    /// Takes a frame of the form; `false` if the graphs have ended by themselves and want none.
    pub(super) fn send(&mut self, frame: &Frame) -> Result<bool, Fault> {
        for (view, picture) in self.views.iter_mut().zip(&frame.views) {
            let mut picture = picture.reference()?;
            picture.set_pts(frame.pts);
            picture.set_mark(frame.captured_ns);
            match view.graph.send(Some(&picture)) {
                Ok(()) => {}
                Err(error) if error.is_end() => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        if self.taken.len() == REMEMBERED {
            self.taken.pop_front();
        }
        self.taken.push_back(Taken { pts: frame.pts, duration: frame.duration, captured_ns: frame.captured_ns });
        self.held_back += 1;
        let branches = self.views.iter().any(|view| view.graph.merges());
        if branches && self.held_back > HELD_BACK { Err(Fault::HoldsBack) } else { Ok(true) }
    }

    /// Ends the input: no frame follows.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        for view in &mut self.views {
            match view.graph.send(None) {
                Err(error) if !error.is_end() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The next frame that is ready.
    pub(super) fn receive(&mut self) -> Result<Polled, Fault> {
        loop {
            let mut missing = None;
            for view in self.views.iter_mut().filter(|view| view.waiting.is_empty()) {
                match view.graph.receive() {
                    Ok(picture) => view.waiting.push_back(picture),
                    Err(error) if error.is_end() => missing = Some(Polled::End),
                    Err(error) if error.is_again() => missing = missing.or(Some(Polled::Nothing)),
                    Err(error) => return Err(error.into()),
                }
            }
            if let Some(missing) = missing {
                for view in self.views.iter_mut().filter(|view| !view.waiting.is_empty()) {
                    view.catch_up();
                }
                return Ok(missing);
            }
            // A filter that chooses by content may return a picture of one view only, which then has no partner.
            let fronts = || self.views.iter().map(|view| view.waiting.front().and_then(Picture::pts));
            let latest = fronts().max().flatten();
            if fronts().all(|pts| pts == latest) {
                let views: Views = self.views.iter_mut().filter_map(|view| view.waiting.pop_front()).collect();
                return Ok(Polled::Frame(self.filtered(views)));
            }
            for view in &mut self.views {
                if view.waiting.front().is_some_and(|picture| picture.pts() < latest) {
                    view.waiting.pop_front();
                }
            }
        }
    }

    fn filtered(&mut self, mut views: Views) -> Filtered {
        self.held_back = 0;
        let first = views.first();
        let pts = first.and_then(Picture::pts).or(self.last_pts.map(|last| last + 1)).unwrap_or(0);
        self.last_pts = Some(pts);
        let time = Rational::rescale(pts, self.time_base, self.form.time_base);
        let shown = self.taken.iter().rev().find(|taken| taken.pts <= time);
        let ticks = |duration| Rational::rescale(duration, self.form.time_base, self.time_base);
        let duration = shown.filter(|taken| taken.pts == time).and_then(|taken| taken.duration).map(ticks);
        // Less than a tick of a slower graph says nothing.
        let duration = duration.filter(|ticks| *ticks > 0);
        let captured_ns = match first.map_or(0, Picture::mark) {
            0 => shown.or(self.taken.back()).map_or(0, |taken| taken.captured_ns),
            mark => mark,
        };
        for picture in &mut views {
            picture.set_pts(pts);
            picture.set_mark(0);
        }
        Filtered { views, pts, duration, captured_ns }
    }
}

impl View {
    /// Takes pictures of this graph while another view has none, so that they do not pile up inside.
    fn catch_up(&mut self) {
        while let Ok(picture) = self.graph.receive() {
            if self.waiting.len() == WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back(picture);
        }
    }
}

/// The shape that frames of the shape `input` get, if a graph makes a frame of each.
pub(super) fn output_shape(description: &Description, input: FrameShape) -> Option<FrameShape> {
    let time_base = Rational::new(1, 1000);
    let mut graph = FilterGraph::open(description, input.view, time_base).ok()?;
    let mut picture = Picture::alloc(input.view.format, input.view.width, input.view.height).ok()?;
    picture.set_tags(input.view.tags);
    picture.set_pts(0);
    picture.view_mut().ok()??.fill_black();
    graph.send(Some(&picture)).ok()?;
    graph.send(None).ok()?;
    graph.receive().ok().map(|picture| FrameShape { view: VideoInfo::of(&picture), views: input.views })
}
