//! A kernel that follows a script.

use std::{
    collections::{HashMap, VecDeque},
    os::fd::AsFd,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

use crate::{
    source::v4l2::{
        fourcc::FourCc,
        node::{Answer, Node},
        system::{AtPath, Entry, Holder, System},
    },
    sys::{
        v4l2::{
            self, Awaited, Capability, ControlQuery, Errno, Event, Filled, FormatDescription, FrameFormat,
            FrameInterval, FrameSize, Input, MenuItem, Ready, StreamParameters, Timings, Value, ValueForm,
        },
        waker::Waker,
    },
};

/// Width, height, and seconds per frame of each rate.
type TestSize = (u32, u32, Vec<(u32, u32)>);

/// Sizes of a format.
#[derive(Clone)]
pub(super) enum TestSizes {
    Discrete(Vec<TestSize>),
    /// Least, greatest and step of width and height; the shortest and the longest time of a frame.
    Stepwise([u32; 6], [(u32, u32); 2]),
}

/// What comes from a stream.
#[derive(Clone)]
pub(super) enum Step {
    Frame(TestFrame),
    /// VIDIOC_DQBUF fails.
    Fail(Errno),
    Event(u32),
    /// The device is ready, and then has nothing.
    Spurious,
}

/// A frame, by the word of the driver.
#[derive(Clone)]
pub(super) struct TestFrame {
    pub(super) bytes: Vec<u8>,
    /// Bytes in use, if not all of them.
    pub(super) used: Option<usize>,
    pub(super) data_offset: usize,
    pub(super) sequence: u32,
    pub(super) flags: u32,
    pub(super) micros: i64,
}

impl TestFrame {
    pub(super) fn new(sequence: u32, bytes: &[u8]) -> Self {
        let micros = 1_000_000 + i64::from(sequence) * 33_333;
        Self { bytes: bytes.to_vec(), used: None, data_offset: 0, sequence, flags: 0x2000, micros }
    }
}

/// What a device is and does.
pub(super) struct State {
    pub(super) capability: Capability,
    pub(super) formats: Vec<(FourCc, TestSizes)>,
    pub(super) format: FrameFormat,
    /// Bytes from row to row that a driver states; by default none.
    pub(super) stride: Option<u32>,
    /// The format that it takes whatever it is asked for.
    pub(super) stubborn: Option<(FourCc, u32, u32)>,
    /// Seconds per frame, and whether they can be set.
    pub(super) interval: (u32, u32),
    pub(super) can_set_rate: bool,
    /// It repeats what it was asked for, and does not do it.
    pub(super) is_lying: bool,
    pub(super) inputs: Vec<Input>,
    pub(super) input: u32,
    pub(super) timings: Option<Timings>,
    pub(super) detected: Answer<Timings>,
    pub(super) controls: Vec<(ControlQuery, Value)>,
    /// Controls that are inactive while another one is not 0.
    pub(super) locks: Vec<(u32, u32)>,
    pub(super) steps: VecDeque<Step>,
    pub(super) buffers: Vec<Vec<u8>>,
    pub(super) queued: VecDeque<u32>,
    pub(super) is_streaming: bool,
    /// Calls that are refused.
    pub(super) refused: HashMap<&'static str, Errno>,
    /// Calls that change something, in order.
    pub(super) log: Vec<String>,
}

/// A node of it.
pub(super) struct TestNode(pub(super) Mutex<State>);

pub(super) fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes
}

pub(super) const CAPTURES: u32 = 0x0420_0001;

impl TestNode {
    /// A camera with these formats.
    pub(super) fn new(formats: Vec<(FourCc, TestSizes)>) -> Arc<Self> {
        let capability = Capability {
            driver: bytes("uvcvideo"),
            card: bytes("Test Camera"),
            bus_info: bytes("usb-0000:00:14.0-1"),
            capabilities: 0x8000_0000 | CAPTURES | 0x0080_0000,
            device_caps: CAPTURES,
            ..Capability::default()
        };
        Arc::new(Self(Mutex::new(State {
            capability,
            formats,
            format: FrameFormat::default(),
            stride: None,
            stubborn: None,
            interval: (1, 30),
            can_set_rate: true,
            is_lying: false,
            inputs: vec![Input { name: bytes("Camera 1"), kind: 2, ..Input::default() }],
            input: 0,
            timings: None,
            detected: Err(Errno::NOTTY),
            controls: Vec::new(),
            locks: Vec::new(),
            steps: VecDeque::new(),
            buffers: Vec::new(),
            queued: VecDeque::new(),
            is_streaming: false,
            refused: HashMap::new(),
            log: Vec::new(),
        })))
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock());
    }

    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().log)
    }

    fn may(&self, call: &'static str) -> Answer<()> {
        self.0.lock().refused.get(call).map_or(Ok(()), |error| Err(*error))
    }
}

impl State {
    fn fit(&self, wanted: &FrameFormat) -> Answer<FrameFormat> {
        let mut format = wanted.clone();
        if let Some((fourcc, width, height)) = self.stubborn {
            (format.fourcc, format.width, format.height) = (fourcc.0, width, height);
        } else {
            let Some((_, sizes)) = self.formats.iter().find(|(fourcc, _)| fourcc.0 == wanted.fourcc) else {
                return Err(Errno::INVAL);
            };
            (format.width, format.height) = match sizes {
                TestSizes::Discrete(sizes) => {
                    let apart = |size: &&TestSize| size.0.abs_diff(wanted.width) + size.1.abs_diff(wanted.height);
                    sizes.iter().min_by_key(apart).map(|size| (size.0, size.1)).unwrap()
                }
                TestSizes::Stepwise([least_x, most_x, step_x, least_y, most_y, step_y], _) => (
                    least_x + (wanted.width.clamp(*least_x, *most_x) - least_x) / step_x * step_x,
                    least_y + (wanted.height.clamp(*least_y, *most_y) - least_y) / step_y * step_y,
                ),
            };
        }
        format.field = 1;
        let stride = self.stride.unwrap_or(0);
        format.planes = vec![v4l2::PlaneFormat { stride, size: format.width * format.height * 4 }];
        Ok(format)
    }
}

impl Node for TestNode {
    fn capability(&self) -> Answer<Capability> {
        self.may("capability")?;
        Ok(self.0.lock().capability)
    }

    fn format_at(&self, index: u32) -> Answer<FormatDescription> {
        let state = self.0.lock();
        let (fourcc, _) = state.formats.get(index as usize).ok_or(Errno::INVAL)?;
        Ok(FormatDescription { index, fourcc: fourcc.0, ..FormatDescription::default() })
    }

    fn frame_size(&self, fourcc: u32, index: u32) -> Answer<FrameSize> {
        let state = self.0.lock();
        let (_, sizes) = state.formats.iter().find(|(own, _)| own.0 == fourcc).ok_or(Errno::INVAL)?;
        match sizes {
            TestSizes::Discrete(sizes) => {
                let (width, height, _) = sizes.get(index as usize).ok_or(Errno::INVAL)?;
                Ok(FrameSize { kind: 1, sides: [*width, *height, 0, 0, 0, 0], ..FrameSize::default() })
            }
            // Some drivers answer so for ever.
            TestSizes::Stepwise(sides, _) => Ok(FrameSize { kind: 3, sides: *sides, ..FrameSize::default() }),
        }
    }

    fn frame_interval(&self, fourcc: u32, size: (u32, u32), index: u32) -> Answer<FrameInterval> {
        let state = self.0.lock();
        let (_, sizes) = state.formats.iter().find(|(own, _)| own.0 == fourcc).ok_or(Errno::INVAL)?;
        match sizes {
            TestSizes::Discrete(sizes) => {
                let found = sizes.iter().find(|(width, height, _)| (*width, *height) == size).ok_or(Errno::INVAL)?;
                let (num, den) = *found.2.get(index as usize).ok_or(Errno::INVAL)?;
                Ok(FrameInterval { kind: 1, fractions: [num, den, 0, 0, 0, 0], ..FrameInterval::default() })
            }
            TestSizes::Stepwise(_, [(a, b), (c, d)]) => {
                Ok(FrameInterval { kind: 2, fractions: [*a, *b, *c, *d, 1, 1], ..FrameInterval::default() })
            }
        }
    }

    fn format(&self) -> Answer<FrameFormat> {
        let format = self.0.lock().format.clone();
        if format.width == 0 { Err(Errno::INVAL) } else { Ok(format) }
    }

    fn try_format(&self, wanted: &FrameFormat) -> Answer<FrameFormat> {
        self.0.lock().fit(wanted)
    }

    fn set_format(&self, wanted: &FrameFormat) -> Answer<FrameFormat> {
        self.may("set_format")?;
        let mut state = self.0.lock();
        let format = state.fit(wanted)?;
        state.log.push(format!("format {}x{} {}", format.width, format.height, FourCc(format.fourcc)));
        state.format = format.clone();
        Ok(format)
    }

    fn parameters(&self) -> Answer<StreamParameters> {
        self.may("parameters")?;
        let state = self.0.lock();
        let capability = if state.can_set_rate { 0x1000 } else { 0 };
        let (numerator, denominator) = state.interval;
        Ok(StreamParameters { capability, numerator, denominator, ..StreamParameters::default() })
    }

    fn set_interval(&self, (numerator, denominator): (u32, u32)) -> Answer<StreamParameters> {
        self.may("set_interval")?;
        let mut state = self.0.lock();
        state.log.push(format!("interval {numerator}/{denominator}"));
        if !state.is_lying {
            state.interval = (numerator, denominator);
        }
        Ok(StreamParameters { capability: 0x1000, numerator, denominator, ..StreamParameters::default() })
    }

    fn input_at(&self, index: u32) -> Answer<Input> {
        let state = self.0.lock();
        state.inputs.get(index as usize).map(|input| Input { index, ..*input }).ok_or(Errno::INVAL)
    }

    fn input(&self) -> Answer<u32> {
        Ok(self.0.lock().input)
    }

    fn set_input(&self, index: u32) -> Answer<()> {
        self.may("set_input")?;
        let mut state = self.0.lock();
        state.input = index;
        state.log.push(format!("input {index}"));
        Ok(())
    }

    fn standard(&self) -> Answer<u64> {
        Err(Errno::NOTTY)
    }

    fn set_standard(&self, _: u64) -> Answer<()> {
        Err(Errno::NOTTY)
    }

    fn detect_standard(&self) -> Answer<u64> {
        Err(Errno::NOTTY)
    }

    fn timings(&self) -> Answer<Timings> {
        self.0.lock().timings.ok_or(Errno::NOTTY)
    }

    fn set_timings(&self, timings: &Timings) -> Answer<()> {
        let mut state = self.0.lock();
        state.timings = Some(*timings);
        state.log.push(format!("timings {}x{}", timings.width, timings.height));
        Ok(())
    }

    fn detect_timings(&self) -> Answer<Timings> {
        self.0.lock().detected
    }

    fn subscribe(&self, _: u32, _: u32) -> Answer<()> {
        Ok(())
    }

    fn event(&self) -> Answer<Event> {
        let mut state = self.0.lock();
        match state.steps.front() {
            Some(Step::Event(kind)) if state.is_streaming => {
                let event = Event { kind: *kind, changes: 1, ..Event::default() };
                state.steps.pop_front();
                Ok(event)
            }
            _ => Err(Errno::NOENT),
        }
    }

    fn query_control(&self, id: u32) -> Answer<ControlQuery> {
        let state = self.0.lock();
        let last = id & 0x7fff_ffff;
        let (control, _) = state.controls.iter().find(|(control, _)| control.id > last).ok_or(Errno::INVAL)?;
        let is_on =
            |id: u32| state.controls.iter().any(|(control, value)| control.id == id && *value != Value::Number(0));
        let is_locked = state.locks.iter().any(|(locked, by)| *locked == control.id && is_on(*by));
        Ok(ControlQuery { flags: control.flags | if is_locked { 0x10 } else { 0 }, ..*control })
    }

    fn menu_item(&self, id: u32, index: u32) -> Answer<MenuItem> {
        // A menu with holes.
        if index.is_multiple_of(2) {
            Err(Errno::INVAL)
        } else {
            Ok(MenuItem { id, index, name: bytes(&format!("Item {index}")), reserved: 0 })
        }
    }

    fn control(&self, id: u32, _: ValueForm) -> Answer<Value> {
        let state = self.0.lock();
        state.controls.iter().find(|(control, _)| control.id == id).map(|(_, value)| value.clone()).ok_or(Errno::INVAL)
    }

    fn set_control(&self, id: u32, value: &Value) -> Answer<()> {
        self.may("set_control")?;
        let mut state = self.0.lock();
        state.log.push(format!("control {id} {value:?}"));
        let control = state.controls.iter_mut().find(|(control, _)| control.id == id).ok_or(Errno::INVAL)?;
        control.1 = value.clone();
        Ok(())
    }

    fn request_buffers(&self, count: u32, _: usize) -> Answer<u32> {
        self.may("request_buffers")?;
        let mut state = self.0.lock();
        state.buffers = vec![Vec::new(); count as usize];
        state.queued.clear();
        state.log.push(format!("buffers {}", count.min(1)));
        Ok(count)
    }

    fn queue(&self, index: u32) -> Answer<()> {
        self.may("queue")?;
        let mut state = self.0.lock();
        assert!(!state.queued.contains(&index), "a buffer is queued once");
        // From here on the driver writes into it.
        state.buffers[index as usize].fill(0xee);
        state.queued.push_back(index);
        Ok(())
    }

    fn dequeue(&self) -> Answer<Filled> {
        let mut state = self.0.lock();
        assert!(state.is_streaming);
        match state.steps.pop_front() {
            Some(Step::Frame(frame)) => {
                let index = state.queued.pop_front().expect("a queued buffer");
                let mut filled = Filled {
                    index,
                    flags: frame.flags,
                    sequence: frame.sequence,
                    seconds: frame.micros / 1_000_000,
                    microseconds: frame.micros % 1_000_000,
                    ..Filled::default()
                };
                filled.planes[0].bytes = frame.used.unwrap_or(frame.bytes.len());
                filled.planes[0].data_offset = frame.data_offset;
                state.buffers[index as usize] = frame.bytes;
                Ok(filled)
            }
            Some(Step::Fail(error)) => Err(error),
            _ => Err(Errno::AGAIN),
        }
    }

    fn read(&self, index: u32, plane: usize, at: usize, into: &mut [u8]) -> bool {
        let state = self.0.lock();
        assert!(!state.queued.contains(&index), "a buffer is not read while the driver has it");
        let Some(bytes) = state.buffers[index as usize].get(at..at + into.len()).filter(|_| plane == 0) else {
            return false;
        };
        into.copy_from_slice(bytes);
        true
    }

    fn stream(&self, is_on: bool) -> Answer<()> {
        if is_on {
            self.may("stream")?;
        }
        let mut state = self.0.lock();
        state.is_streaming = is_on;
        state.log.push(format!("stream {is_on}"));
        Ok(())
    }

    fn wait(&self, _: Awaited, waker: &Waker, most_ns: u64) -> Answer<Ready> {
        self.may("wait")?;
        match self.0.lock().steps.front() {
            Some(Step::Event(_)) => return Ok(Ready { event: true, ..Ready::default() }),
            Some(_) => return Ok(Ready { frame: true, ..Ready::default() }),
            None => {}
        }
        v4l2::wait(None, &[waker.as_fd()], most_ns)
    }
}

/// A system with such devices.
#[derive(Default)]
pub(super) struct TestSystem {
    pub(super) nodes: Mutex<Vec<(Entry, Answer<Arc<TestNode>>)>>,
    pub(super) holders: Vec<Holder>,
}

impl TestSystem {
    pub(super) fn of(nodes: Vec<(Entry, Answer<Arc<TestNode>>)>) -> Arc<dyn System> {
        Arc::new(Self { nodes: Mutex::new(nodes), holders: Vec::new() })
    }
}

/// The node `/dev/videoN`.
pub(super) fn entry(number: u32) -> Entry {
    Entry { path: PathBuf::from(format!("/dev/video{number}")), number: (81, number), ..Entry::default() }
}

impl System for TestSystem {
    fn entries(&self) -> Vec<Entry> {
        self.nodes.lock().iter().map(|(entry, _)| entry.clone()).collect()
    }

    fn at(&self, path: &Path) -> AtPath {
        if path == Path::new("/dev") {
            return AtPath::Other("a folder");
        }
        self.entries().into_iter().find(|entry| entry.path == path).map_or(AtPath::Nothing, AtPath::Node)
    }

    fn open(&self, path: &Path) -> Answer<Arc<dyn Node>> {
        let nodes = self.nodes.lock();
        let (_, node) = nodes.iter().find(|(entry, _)| entry.path == path).ok_or(Errno::NOENT)?;
        node.clone().map(|node| node as Arc<dyn Node>)
    }

    fn holders(&self, _: &Path) -> Vec<Holder> {
        self.holders.clone()
    }

    fn group(&self, _: &Path) -> Option<String> {
        Some("video".to_owned())
    }
}
