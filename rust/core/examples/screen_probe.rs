//! Measures the capture of the screen that `DISPLAY` names.
//!
//! ```text
//! screen_probe capture SECONDS RATE COLOUR   the driver alone: CPU of the process, gaps between pictures
//! screen_probe record SECONDS RATE COLOUR    a source and a writer: CPU of each thread
//! screen_probe paint SECONDS RATE            draws on the screen, for something to capture
//! screen_probe list                          the screens, monitors and windows
//! ```

use std::{
    collections::BTreeMap,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use giftgrab_core::{
    pipeline::{Session, Signal, SystemClock},
    record::FileWriter,
    source::{
        Source,
        live::driver::Received,
        producer::Patience,
        screen::{self, options::ScreenOptions},
    },
    storage::Disk,
    sys::{make_waits_precise, monotonic_ns},
};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ChangeGCAux, ConnectionExt as _, CreateGCAux, Rectangle},
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |index: usize, other: u64| arguments.get(index).map_or(Ok(other), |text| text.parse());
    let (seconds, rate) = (number(1, 10)?, number(2, 30)?);
    let colour = arguments.get(3).map_or("i420", String::as_str);
    let json = serde_json::json!({ "colour": colour, "frameRate": { "num": rate, "den": 1 } });
    let options: ScreenOptions = serde_json::from_value(json)?;
    match arguments.first().map(String::as_str) {
        Some("capture") => capture(&options, seconds),
        Some("record") => record(&options, seconds),
        Some("paint") => paint(seconds, rate),
        Some("list") => {
            println!("{}", serde_json::to_string_pretty(&screen::list()?)?);
            Ok(())
        }
        _ => Err("what is to be measured?".into()),
    }
}

/// CPU time of the process or of a thread in seconds, from its `stat` file.
fn cpu_seconds(stat: &str) -> Outcome<f64> {
    let text = std::fs::read_to_string(stat)?;
    let fields: Vec<_> = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim_end().to_owned()
}

fn capture(options: &ScreenOptions, seconds: u64) -> Outcome {
    make_waits_precise();
    let (mut driver, _) = screen::open(options)?;
    let signal = Signal::new(&SystemClock::shared());
    let patience = |ns: u64| Patience { signal: &signal, seen: signal.seen(), deadline_ns: monotonic_ns() + ns };
    driver.start(&patience(5_000_000_000)).map_err(|loss| format!("{loss:?}"))?;
    let (mut times, mut stamps, mut ages, mut numbers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (before, begin) = (cpu_seconds("/proc/self/stat")?, monotonic_ns());
    while monotonic_ns() < begin + seconds * 1_000_000_000 {
        if let Received::Picture(picture, stamp) =
            driver.next(&patience(100_000_000)).map_err(|loss| format!("{loss:?}"))?
        {
            drop(picture);
            times.push(stamp.arrival_ns);
            stamps.extend(stamp.device_ns);
            ages.push(stamp.arrival_ns - stamp.device_ns.unwrap_or(stamp.arrival_ns));
            numbers.extend(stamp.sequence);
        }
    }
    let cpu = cpu_seconds("/proc/self/stat")? - before;
    let elapsed = (monotonic_ns() - begin) as f64 / 1e9;
    let gaps = |times: &[u64]| {
        let mut gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_unstable();
        gaps
    };
    let (gaps, stamp_gaps) = (gaps(&times), gaps(&stamps));
    ages.sort_unstable();
    let at = |sorted: &[u64], percent: usize| sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied();
    let ms = |ns: Option<u64>| ns.unwrap_or(0) as f64 / 1e6;
    let span = numbers.last().zip(numbers.first()).map_or(0, |(last, first)| last - first + 1);
    println!(
        "{} pictures of {span} instants in {elapsed:.2} s, CPU {cpu:.2} s = {:.1} %, gaps p50 {:.2} p99 {:.2} max {:.2} ms, \
         of stamps p99 {:.2} ms, work p50 {:.2} p99 {:.2} ms, load {}",
        times.len(),
        100.0 * cpu / elapsed,
        ms(at(&gaps, 50)),
        ms(at(&gaps, 99)),
        ms(gaps.last().copied()),
        ms(at(&stamp_gaps, 99)),
        ms(at(&ages, 50)),
        ms(at(&ages, 99)),
        load()
    );
    Ok(())
}

fn record(options: &ScreenOptions, seconds: u64) -> Outcome {
    let session = Session::on_system_clock();
    let (driver, setup) = screen::open(options)?;
    let source = Source::live(driver, setup, &session, Box::new(|| {}))?;
    let path = std::env::temp_dir().join(format!("screen_probe_{}.mkv", std::process::id()));
    let json = serde_json::json!({ "codec": "xvid", "path": path, "frameRate": options.frame_rate, "overwrite": true });
    let writer = FileWriter::open(serde_json::from_value(json)?, Arc::new(Disk), session.clock(), Box::new(|| {}))?;
    source.attach(writer.input(), 1)?;
    source.start()?;
    std::thread::sleep(Duration::from_secs(seconds));
    let mut threads = BTreeMap::<String, f64>::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        let folder = task?.path();
        let name = std::fs::read_to_string(folder.join("comm"))?;
        *threads.entry(name.trim().to_owned()).or_default() += cpu_seconds(&folder.join("stat").to_string_lossy())?;
    }
    println!("CPU seconds in {seconds} s: {threads:?}, load {}", load());
    println!("{:?}", writer.stats().frames);
    source.close();
    writer.close();
    while !writer.is_closed() {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::fs::remove_file(path)?;
    Ok(())
}

fn paint(seconds: u64, rate: u64) -> Outcome {
    let (connection, screen) = x11rb::connect(None)?;
    let screen = &connection.setup().roots[screen];
    let (width, height) = (screen.width_in_pixels, screen.height_in_pixels);
    let pen = connection.generate_id()?;
    connection.create_gc(pen, screen.root, &CreateGCAux::new())?;
    let begin = Instant::now();
    for step in 0..seconds * rate {
        let colour = (step as u32).wrapping_mul(0x0012_3457) & 0xFF_FFFF;
        connection.change_gc(pen, &ChangeGCAux::new().foreground(colour))?;
        let x = (step * 13 % u64::from(width)) as i16;
        let bar = Rectangle { x, y: 0, width: width / 4, height };
        connection.poly_fill_rectangle(screen.root, pen, &[bar])?;
        connection.flush()?;
        std::thread::sleep((begin + Duration::from_nanos((step + 1) * 1_000_000_000 / rate)) - Instant::now());
    }
    Ok(())
}
