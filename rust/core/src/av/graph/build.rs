//! Builds a graph filter by filter.
//!
//! FFmpeg's own parser starts a filter before its options can be checked for names of files.

use std::{collections::VecDeque, ffi::CStr, ptr};

use super::{
    super::{AvError, Dictionary, PixelFormat, VideoInfo, error::check, ffi, init, log},
    description::{Description, FilterPolicy, Setting, Stage},
    error::GraphError,
    functions::{Functions, c, find},
    options::{has_option, resolve},
};
use crate::base::{error::Code, time::Rational};

/// Threads of one graph: more would take time from the encoders.
const THREADS: i32 = 2;
/// Most pixels of a picture anywhere in a graph.
const MAX_PIXELS: i64 = 64 << 20;
/// Options of conversions between filters: full-quality rounding.
const SCALING: &CStr = c"flags=bicubic+accurate_rnd+full_chroma_int";
/// Formats that a graph may end in; that of its input is always one too.
const FORMATS: &str = "yuv420p|yuvj420p|yuv422p|yuvj422p|yuv444p|yuvj444p|nv12|uyvy422|gbrp|yuv420p10le|yuv422p10le|\
                       yuv444p10le";

/// An end of a filter that is not connected yet.
pub(super) struct End {
    filter: *mut ffi::AVFilterContext,
    pad: u32,
    label: Option<String>,
}

/// The filters of a graph, owned.
pub(super) struct Filters {
    pub(super) functions: &'static Functions,
    policy: &'static dyn FilterPolicy,
    graph: *mut ffi::AVFilterGraph,
    /// Whether the source gets matrix and range and expects its pictures to agree: FFmpeg 7.1 and newer.
    pub(super) knows_colour: bool,
    /// Whether a filter waits for several pictures.
    pub(super) merges: bool,
}

/// The two ends of a graph between which its filters are.
pub(super) struct Ends {
    pub(super) source: *mut ffi::AVFilterContext,
    pub(super) sink: *mut ffi::AVFilterContext,
}

impl Filters {
    /// The graph between its ends: the filters, linked as described, and the two ends that are left.
    pub(super) fn build(description: &Description) -> Result<(Self, End, End), GraphError> {
        init();
        let mut graph = Self::empty(description.policy)?;
        // As in FFmpeg's parser: ends without a label wait for the next filter of the chain, the others for their label.
        let mut open_inputs: VecDeque<End> = VecDeque::new();
        let mut open_outputs: VecDeque<End> = VecDeque::new();
        let mut current: VecDeque<End> = VecDeque::new();
        for stage in &description.stages {
            let filter = graph.add(stage)?;
            let (inputs, outputs) = pads(filter);
            graph.merges |= inputs > 1;
            let mut given: VecDeque<Result<End, &String>> = VecDeque::new();
            for label in &stage.inputs {
                let from = open_outputs.iter().position(|end| end.label.as_ref() == Some(label));
                given.push_back(from.and_then(|index| open_outputs.remove(index)).ok_or(label));
            }
            given.extend(current.drain(..).map(Ok));
            for pad in 0..inputs {
                match given.pop_front() {
                    Some(Ok(from)) => graph.link(&from, &End { filter, pad, label: None })?,
                    Some(Err(label)) => open_inputs.push_back(End { filter, pad, label: Some(label.clone()) }),
                    None => open_inputs.push_back(End { filter, pad, label: None }),
                }
            }
            if !given.is_empty() {
                return Err(GraphError::new(format!("the filter {:?} has only {inputs} inputs", stage.filter)));
            }
            current.extend((0..outputs).map(|pad| End { filter, pad, label: None }));
            for label in &stage.outputs {
                let Some(mut from) = current.pop_front() else {
                    return Err(GraphError::new(format!("the filter {:?} has only {outputs} outputs", stage.filter)));
                };
                match open_inputs.iter().position(|end| end.label.as_ref() == Some(label)) {
                    Some(index) => {
                        let Some(to) = open_inputs.remove(index) else { continue };
                        graph.link(&from, &to)?;
                    }
                    None => {
                        from.label = Some(label.clone());
                        open_outputs.push_back(from);
                    }
                }
            }
            if stage.ends_chain {
                open_outputs.append(&mut current);
            }
        }
        open_outputs.append(&mut current);
        let first = only(open_inputs, "input")?;
        let last = only(open_outputs, "output")?;
        Ok((graph, first, last))
    }

    fn empty(policy: &'static dyn FilterPolicy) -> Result<Self, GraphError> {
        let functions = Functions::get()?;
        // SAFETY: allocates, or returns null.
        let graph = unsafe { functions.avfilter_graph_alloc() };
        if graph.is_null() {
            return Err(no_memory());
        }
        let graph = Self {
            functions,
            policy,
            graph,
            knows_colour: has_option(functions, "buffer", "colorspace"),
            merges: false,
        };
        // SAFETY: owned; the text is copied.
        unsafe {
            (*graph.graph).nb_threads = THREADS;
            check(ffi::av_opt_set(graph.graph.cast(), c"scale_sws_opts".as_ptr(), SCALING.as_ptr(), 0))
                .map_err(|error| GraphError::of("its scaling cannot be set", &error))?;
        }
        Ok(graph)
    }

    /// Adds a filter with its options and starts it.
    fn add(&mut self, stage: &Stage) -> Result<*mut ffi::AVFilterContext, GraphError> {
        let name = &stage.filter;
        let filter = find(self.functions, name);
        if filter.is_null() {
            return Err(GraphError::new(self.policy.lacking(name)));
        }
        // SAFETY: owned; the filter is static, the name is copied.
        let context = unsafe { self.functions.avfilter_graph_alloc_filter(self.graph, filter, c(name).as_ptr()) };
        if context.is_null() {
            return Err(no_memory());
        }
        let mut options = Dictionary::new();
        // SAFETY: `context` is part of the graph.
        for (option, value) in unsafe { resolve(context, stage, self.policy) }? {
            options.set(&option, value).map_err(|error| GraphError::of("an option cannot be set", &error))?;
        }
        log::take_last_line();
        // SAFETY: `context` is part of the graph and not started yet; the options are taken or left.
        let code = unsafe { self.functions.avfilter_init_dict(context, options.as_mut_ptr()) };
        if code < 0 {
            let why = format!("the filter {name:?} refuses its options");
            return Err(GraphError::of(&why, &AvError::of_first(code)));
        }
        match options.names().first() {
            Some(option) => Err(GraphError::new(format!("the filter {name:?} has no option {option:?}"))),
            None => Ok(context),
        }
    }

    /// Puts a source before the first end and a sink behind the last one.
    ///
    /// The pictures have the shape `input`, and are sent with the matrix of that number.
    pub(super) fn close_ends(
        &mut self,
        (first, last): (End, End),
        input: VideoInfo,
        sent_matrix: u32,
        time_base: Rational,
    ) -> Result<Ends, GraphError> {
        let VideoInfo { width, height, format, tags } = input;
        let plain = |name: &str, settings: Vec<(&str, String)>| Stage {
            filter: name.to_owned(),
            settings: settings
                .into_iter()
                .map(|(name, value)| Setting { name: Some(name.to_owned()), value })
                .collect(),
            ..Stage::default()
        };
        let mut settings = vec![
            ("width", width.to_string()),
            ("height", height.to_string()),
            ("pix_fmt", format.name()),
            ("time_base", time_base.to_string()),
        ];
        let aspect = tags.geometry.pixel_aspect;
        if aspect.num > 0 && aspect.den > 0 {
            settings.push(("pixel_aspect", aspect.to_string()));
        }
        if self.knows_colour {
            if !format.is_rgb() {
                settings.push(("colorspace", sent_matrix.to_string()));
            }
            settings.push(("range", tags.range.to_string()));
        }
        let source = self.add(&plain("buffer", settings))?;
        // Packed pixels stay in the order in which they came.
        let packed = if format == PixelFormat::RGBA { "rgba" } else { "bgra|bgr0" };
        let mut formats = format!("{FORMATS}|{packed}");
        let name = format.name();
        if !formats.split('|').any(|listed| listed == name) {
            formats = format!("{formats}|{name}");
        }
        let format = self.add(&plain("format", vec![("pix_fmts", formats)]))?;
        let sink = self.add(&plain("buffersink", Vec::new()))?;
        let end = |filter| End { filter, pad: 0, label: None };
        self.link(&end(source), &first)?;
        self.link(&last, &end(format))?;
        self.link(&end(format), &end(sink))?;
        Ok(Ends { source, sink })
    }

    fn link(&self, from: &End, to: &End) -> Result<(), GraphError> {
        // SAFETY: both are part of this graph, and the pads exist and are free.
        check(unsafe { self.functions.avfilter_link(from.filter, from.pad, to.filter, to.pad) })
            .map(drop)
            .map_err(|error| GraphError::of("two of its filters cannot be linked", &error))
    }

    /// Lets every filter negotiate its output for pictures of `input`.
    pub(super) fn configure(&mut self, input: VideoInfo) -> Result<(), GraphError> {
        // SAFETY: owned and fully linked.
        let code = unsafe { self.functions.avfilter_graph_config(self.graph, ptr::null_mut()) };
        if code < 0 {
            let VideoInfo { width, height, format, .. } = input;
            let why = format!("it does not fit frames of {width}x{height} in {}", format.name());
            return Err(GraphError::of(&why, &AvError::of_first(code)));
        }
        self.check_sizes()
    }

    /// Refuses a graph in which a picture is larger than memory should have to hold.
    fn check_sizes(&self) -> Result<(), GraphError> {
        // SAFETY: owned and configured: every output of every filter is linked.
        let links = unsafe {
            let filters = std::slice::from_raw_parts((*self.graph).filters, (*self.graph).nb_filters as usize);
            filters.iter().flat_map(|filter| {
                (0..(**filter).nb_outputs as usize)
                    .map(|pad| &**(**filter).outputs.add(pad))
                    .map(|link| (link.w, link.h))
            })
        };
        for (width, height) in links {
            if i64::from(width) * i64::from(height) > MAX_PIXELS {
                let why = format!("it makes pictures of {width}x{height}, which is more than {MAX_PIXELS} pixels");
                return Err(GraphError::new(why).with_code(Code::LimitExceeded));
            }
        }
        Ok(())
    }
}

impl Drop for Filters {
    fn drop(&mut self) {
        // SAFETY: owned; frees the filters too.
        unsafe { self.functions.avfilter_graph_free(&raw mut self.graph) };
    }
}

fn no_memory() -> GraphError {
    GraphError::of("memory has run out", &AvError::no_memory())
}

fn only(mut ends: VecDeque<End>, what: &str) -> Result<End, GraphError> {
    match (ends.pop_front(), ends.len()) {
        (Some(end), 0) => Ok(end),
        (end, more) => {
            let count = more + usize::from(end.is_some());
            Err(GraphError::new(format!("it has {count} free {what}s; a filter has one")))
        }
    }
}

fn pads(filter: *mut ffi::AVFilterContext) -> (u32, u32) {
    // SAFETY: part of a graph.
    unsafe { ((*filter).nb_inputs, (*filter).nb_outputs) }
}
