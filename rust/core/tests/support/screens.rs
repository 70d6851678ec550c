//! X servers of the tests' own, what is drawn on them, and what a driver captures of it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

use giftgrab_core::{
    av::Picture,
    pipeline::{Signal, SystemClock},
    source::{
        live::driver::{CaptureDriver, Loss, Received, Stamp, Stream},
        producer::Patience,
        screen::{self, options::ScreenOptions},
    },
    sys::monotonic_ns,
};
use rustix::process::{Pid, Signal as Kill, kill_process};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{
        ConnectionExt as _, CreateGCAux, CreateWindowAux, Gcontext, ImageFormat, PropMode, Window, WindowClass,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

use super::Random;

/// Longest time for anything to happen, however busy the machine is.
const HANG_NS: u64 = 60_000_000_000;

/// Blue, green and red.
pub type Pixel = [u8; 3];

/// An X server, ended when it is dropped.
pub struct Xvfb {
    child: Child,
    pub display: String,
}

impl Xvfb {
    /// Starts one on a free number; `None`, and why in words, if this machine has none.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        Self::run(None, arguments)
    }

    /// Starts one with a number that no other test's server gets while it is down.
    pub fn start_to_be_killed(arguments: &[&str]) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = 2000 + std::process::id() % 1000 * 10 + NEXT.fetch_add(1, SeqCst);
        Self::start_at(&format!(":{number}"), arguments)
    }

    /// Starts one with a known name.
    pub fn start_at(display: &str, arguments: &[&str]) -> Option<Self> {
        Self::run(Some(display), arguments)
    }

    fn run(display: Option<&str>, arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new("Xvfb");
        command.args(display).args(["-noreset", "-displayfd", "1"]).args(arguments);
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = started else {
            eprintln!("skipped: this machine has no Xvfb (package xvfb)");
            return None;
        };
        let mut number = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut number).unwrap();
        assert!(!number.is_empty(), "Xvfb {arguments:?} has ended");
        Some(Self { child, display: format!(":{}", number.trim()) })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn options(&self, json: &str) -> ScreenOptions {
        let options: ScreenOptions = serde_json::from_str(json).unwrap();
        ScreenOptions { display: options.display.or_else(|| Some(self.display.clone())), ..options }
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        // Asked, not killed: it takes its socket with it.
        if let (Ok(None), Some(id)) = (self.child.try_wait(), Pid::from_raw(self.child.id().cast_signed())) {
            let _ = kill_process(id, Kill::TERM);
            let _ = kill_process(id, Kill::CONT);
        }
        let _ = self.child.wait();
    }
}

/// A client that draws.
pub struct Client {
    pub connection: RustConnection,
    pub root: Window,
    pub size: (u16, u16),
    depth: u8,
}

impl Client {
    pub fn of(server: &Xvfb) -> Self {
        let (connection, number) = x11rb::connect(Some(&server.display)).unwrap();
        let screen = &connection.setup().roots[number];
        let (root, size) = (screen.root, (screen.width_in_pixels, screen.height_in_pixels));
        let depth = screen.root_depth;
        Self { connection, root, size, depth }
    }

    pub fn sync(&self) {
        self.connection.get_input_focus().unwrap().reply().unwrap();
    }

    fn pen(&self, window: Window, colour: u32) -> Gcontext {
        let pen = self.connection.generate_id().unwrap();
        self.connection.create_gc(pen, window, &CreateGCAux::new().foreground(colour)).unwrap();
        pen
    }

    /// Fills a rectangle with a pixel of the window's own format.
    pub fn fill(&self, window: Window, (x, y, width, height): (i16, i16, u16, u16), pixel: u32) {
        let pen = self.pen(window, pixel);
        let rectangle = x11rb::protocol::xproto::Rectangle { x, y, width, height };
        self.connection.poly_fill_rectangle(window, pen, &[rectangle]).unwrap();
        self.connection.free_gc(pen).unwrap();
        self.sync();
    }

    /// Draws noise on a window of 24 bits and this size, and returns it.
    pub fn noise(&self, window: Window, (width, height): (u16, u16), seed: u64) -> Grid {
        let mut random = Random(seed);
        let grid = Grid::of((width, height), |_, _| {
            let [a, b, c, ..] = random.next().to_le_bytes();
            [a, b, c]
        });
        let pen = self.pen(window, 0);
        for (row, pixels) in grid.pixels.chunks(width.into()).enumerate() {
            let data: Vec<_> = pixels.iter().flat_map(|[blue, green, red]| [*blue, *green, *red, 0xA5]).collect();
            let y = row as i16;
            let put =
                self.connection.put_image(ImageFormat::Z_PIXMAP, window, pen, width, 1, 0, y, 0, self.depth, &data);
            put.unwrap();
        }
        self.connection.free_gc(pen).unwrap();
        self.sync();
        grid
    }

    /// A window, shown, with a title.
    pub fn window(&self, (x, y): (i16, i16), (width, height): (u16, u16), border: u16, title: &str) -> Window {
        let window = self.connection.generate_id().unwrap();
        self.window_of(window, ((x, y), (width, height), border), title);
        window
    }

    pub fn window_of(&self, window: Window, place: ((i16, i16), (u16, u16), u16), title: &str) {
        let ((x, y), (width, height), border) = place;
        let attributes = CreateWindowAux::new().background_pixel(0x0020_3040).border_pixel(0x00FF_FFFF);
        let class = WindowClass::INPUT_OUTPUT;
        self.connection
            .create_window(self.depth, window, self.root, x, y, width, height, border, class, 0, &attributes)
            .unwrap()
            .check()
            .unwrap();
        let (name, kind) = (9 + 30_u32, 31_u32);
        self.connection.change_property8(PropMode::REPLACE, window, name, kind, title.as_bytes()).unwrap();
        self.show(window);
    }

    pub fn show(&self, window: Window) {
        self.connection.map_window(window).unwrap();
        self.sync();
    }

    pub fn point(&self, x: i16, y: i16) {
        self.connection.warp_pointer(x11rb::NONE, self.root, 0, 0, 0, 0, x, y).unwrap();
        self.sync();
    }
}

/// Pixels as somebody drew or saw them.
#[derive(Clone, PartialEq, Eq)]
pub struct Grid {
    pub size: (u16, u16),
    pub pixels: Vec<Pixel>,
}

impl Grid {
    pub fn of(size: (u16, u16), mut pixel: impl FnMut(u16, u16) -> Pixel) -> Self {
        let places = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y)));
        Self { size, pixels: places.map(|(x, y)| pixel(x, y)).collect() }
    }

    pub fn of_picture(picture: &Picture) -> Self {
        let planes = picture.view().unwrap();
        assert!(planes.layout().is_rgb());
        let pixels = planes.rows(0).flat_map(|row| row.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]));
        Self { size: (picture.width() as u16, picture.height() as u16), pixels: pixels.collect() }
    }

    pub fn at(&self, x: u16, y: u16) -> Pixel {
        self.pixels[usize::from(y) * usize::from(self.size.0) + usize::from(x)]
    }

    pub fn part(&self, (left, top): (u16, u16), size: (u16, u16)) -> Self {
        Self::of(size, |x, y| self.at(left + x, top + y))
    }

    /// What FFmpeg sees of a part of a screen; `None` if this machine has no ffmpeg with x11grab.
    pub fn by_ffmpeg(server: &Xvfb, (x, y): (u16, u16), size: (u16, u16), cursor: bool) -> Option<Self> {
        let (mouse, video_size) = (if cursor { "1" } else { "0" }, format!("{}x{}", size.0, size.1));
        // It waits for ever on a server without shared memory.
        let output = Command::new("timeout")
            .args(["20", "ffmpeg"])
            .args(["-v", "error", "-f", "x11grab", "-draw_mouse", mouse, "-video_size", &video_size])
            .args(["-i", &format!("{}+{x},{y}", server.display), "-frames:v", "1", "-f", "rawvideo"])
            .args(["-pix_fmt", "bgr0", "-"])
            .stdin(Stdio::null())
            .output();
        let Some(output) = output.ok().filter(|output| output.status.success()) else {
            eprintln!("skipped: this machine has no ffmpeg with x11grab to compare with");
            return None;
        };
        let pixels = output.stdout.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
        Some(Self { size, pixels: pixels.collect() })
    }
}

// A whole picture says nothing in a message.
impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} from {:?}", self.size, &self.pixels[..self.pixels.len().min(8)])
    }
}

/// A driver, used as its thread uses it.
pub struct Capture {
    pub driver: Box<dyn CaptureDriver>,
    pub signal: Arc<Signal>,
}

impl Capture {
    pub fn new(options: &ScreenOptions) -> Self {
        let (driver, _) = screen::open(options).unwrap();
        Self { driver, signal: Signal::new(&SystemClock::shared()) }
    }

    /// One that has started.
    pub fn start_with(options: &ScreenOptions) -> Self {
        let mut capture = Self::new(options);
        capture.start().unwrap();
        capture
    }

    pub fn patience(&self, ns: u64) -> Patience<'_> {
        Patience { signal: &self.signal, seen: self.signal.seen(), deadline_ns: monotonic_ns() + ns }
    }

    /// Starts, as often as what is captured changes meanwhile.
    pub fn start(&mut self) -> Result<Stream, Loss> {
        loop {
            let signal = self.signal.clone();
            let patience = Patience { signal: &signal, seen: signal.seen(), deadline_ns: monotonic_ns() + HANG_NS };
            match self.driver.start(&patience) {
                Err(Loss::Changed) => {}
                outcome => return outcome,
            }
        }
    }

    /// The next picture.
    pub fn next(&mut self) -> Result<(Picture, Stamp), Loss> {
        let until_ns = monotonic_ns() + HANG_NS;
        loop {
            assert!(monotonic_ns() < until_ns, "no picture");
            let signal = self.signal.clone();
            let patience = Patience { signal: &signal, seen: signal.seen(), deadline_ns: monotonic_ns() + 100_000_000 };
            match self.driver.next(&patience)? {
                Received::Picture(picture, stamp) => return Ok((picture, stamp)),
                Received::Nothing => {}
                _ => panic!("neither a picture nor nothing"),
            }
        }
    }

    pub fn grid(&mut self) -> Grid {
        Grid::of_picture(&self.next().unwrap().0)
    }

    /// Captures until `found`, which is what is on the screen already or in a moment.
    pub fn wait_for(&mut self, found: &Grid) {
        let until_ns = monotonic_ns() + HANG_NS / 4;
        loop {
            let seen = self.grid();
            if seen == *found {
                return;
            }
            assert!(monotonic_ns() < until_ns, "{seen:?} instead of {found:?}");
        }
    }

    /// Captures until it is lost, and returns why.
    pub fn loss(&mut self) -> Loss {
        let until_ns = monotonic_ns() + HANG_NS;
        loop {
            assert!(monotonic_ns() < until_ns, "no loss");
            if let Err(loss) = self.next() {
                return loss;
            }
        }
    }
}
