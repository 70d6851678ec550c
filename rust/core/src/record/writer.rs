//! A file writer, as its owner sees it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use super::{
    close_guard::CloseGuard,
    copy_thread::{COPIED, CopyConfig, CopyThread},
    encode_thread::{EncodeConfig, EncodeThread},
    encoder_state::EncoderState,
    file::{output::FileThread, state::FileState},
    grid::Grid,
    options::{FileWriterOptions, OnResize},
    packets::{PacketHub, PacketPort},
    reporter::Reporter,
    writer_state::WriterState,
};
use crate::{
    av,
    base::{
        error::{Error, Result},
        time::{Rational, RecordingRate},
    },
    codec::{Codec, Container, EncoderChoice},
    pipeline::{
        Clock, InputSender, OverflowPolicy, Signal, clock,
        events::Notify,
        input::input_queue,
        queue::Bounds,
        report::{Event, TargetInfo, TargetStats},
    },
    storage::Volume,
    sys::survive_file_size_limit,
};

/// Packets that may wait for the disk: about ten seconds at 60 frames a second.
const PACKET_QUEUE: Bounds = Bounds { items: 600, bytes: 64 << 20, wait_ns: u64::MAX };

/// What becomes of frames.
enum Work {
    Encode(EncodeConfig),
    Copy(CopyConfig),
}

impl Work {
    /// The encoder that will probably serve.
    fn encoder(&self) -> &'static str {
        match self {
            Self::Encode(config) => config.choice.preferred(),
            Self::Copy(_) => COPIED,
        }
    }

    /// The rate of the recording, of which `asked` was asked for.
    fn frame_rate(&self, asked: RecordingRate) -> RecordingRate {
        match self {
            Self::Encode(_) => asked,
            Self::Copy(_) => RecordingRate::Source,
        }
    }
}

/// Records frames into a file. Dropping it closes it as [`FileWriter::close`] does.
pub struct FileWriter {
    state: Arc<WriterState>,
}

impl FileWriter {
    /// Checks the options, finds an encoder that works and makes the file; the header follows with the first frame.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, `ContainerMismatch`, `CodecUnavailable`, or why the file cannot be made.
    pub fn open(
        options: FileWriterOptions,
        volume: Arc<dyn Volume>,
        clock: &Arc<dyn Clock>,
        notify: Notify,
    ) -> Result<Self> {
        av::init();
        survive_file_size_limit();
        options.check()?;
        let container = Container::for_path(&options.path, options.codec)?;
        check_rate(options.codec, container, options.frame_rate)?;
        options.metadata.check_creation_in(container)?;
        let reporter = Arc::new(Reporter::new(notify));
        let encoder = EncoderState::new(clock.clone(), reporter.clone());
        let (encoder, preferred, work) = if options.codec == Codec::Copy {
            let config = CopyConfig::new(&options, container);
            (encoder.copying(&options.path, container), None, Work::Copy(config))
        } else {
            let encoding = options.encoding();
            let preferred = encoding.common_format();
            let choice = Arc::new(EncoderChoice::new(encoding)?);
            let config = EncodeConfig {
                label: options.path.clone(),
                view: options.view,
                on_resize: options.on_resize,
                on_gap: options.on_gap,
                choice: choice.clone(),
                grid: Grid::new(options.frame_rate, container).cutting(options.on_resize == OnResize::Segment),
            };
            (encoder.with_choice(choice), preferred, Work::Encode(config))
        };
        let info = TargetInfo {
            path: options.path.clone(),
            codec: options.codec,
            container,
            encoder: work.encoder().to_owned(),
            frame_rate: work.frame_rate(options.frame_rate),
        };
        let encoder = Arc::new(encoder);
        let signal = Signal::new(clock);
        let (input, receiver) = input_queue(encoder.clone(), options.input(preferred), &signal);
        let port = PacketPort::default();
        let mux_signal = Signal::new(clock);
        let packets = port.subscribe(OverflowPolicy::Block, PACKET_QUEUE, &mux_signal);
        let hub = PacketHub::new(port, signal, encoder.is_blocked.clone());
        let file = Arc::new(FileState::new(
            options,
            container,
            volume,
            mux_signal.clone(),
            reporter.clone(),
            packets.state.clone(),
        ));
        let state = Arc::new(WriterState {
            info,
            reporter,
            input,
            encoder: encoder.clone(),
            file: file.clone(),
            is_closed: AtomicBool::new(false),
        });
        let guard = Arc::new(CloseGuard::new(state.clone()));
        FileThread::new(file, packets, mux_signal, guard.clone())?.spawn()?;
        // If this thread cannot start, the file's thread ends, and removes the file.
        clock::spawn(clock, "gg-encode", move || {
            let _guard = guard;
            match work {
                Work::Encode(config) => EncodeThread::new(encoder, receiver, config, hub).run(),
                Work::Copy(config) => CopyThread::new(encoder, receiver, config, hub).run(),
            }
        })?;
        Ok(Self { state })
    }

    /// Where and how it records.
    #[must_use]
    pub fn info(&self) -> &TargetInfo {
        &self.state.info
    }

    /// The stats so far.
    #[must_use]
    pub fn stats(&self) -> TargetStats {
        self.state.stats()
    }

    /// Takes the events since the last call.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        self.state.reporter.events.take()
    }

    /// Puts events back that could not be handed on.
    pub fn put_back_events(&self, events: Vec<Event>) {
        self.state.reporter.events.put_back(events);
    }

    /// Requests the end and returns at once; the `closed` event is its last one. Later calls do nothing.
    pub fn close(&self) {
        self.state.input.close();
    }

    /// Whether all of its threads have ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.is_closed.load(SeqCst)
    }

    /// The sender of its input queue.
    #[must_use]
    pub fn input(&self) -> &InputSender {
        &self.state.input
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        self.close();
    }
}

/// Refuses frame rates that a container cannot express exactly.
fn check_rate(codec: Codec, container: Container, rate: RecordingRate) -> Result<()> {
    let rate = match rate {
        RecordingRate::Fixed(rate) if codec != Codec::Copy => rate,
        _ => return check_times(codec, container),
    };
    let refuse = |why: &str| {
        Err(Error::argument(
            "frameRate",
            format!("Cannot use frame rate {rate} with {} in {}: {why}", codec.info().name, container.info().muxer),
        ))
    };
    // MPEG-4 Part 2 stores ticks per second in 16 bits (ISO/IEC 14496-2, vop_time_increment_resolution).
    if codec == Codec::Xvid && rate.num > 65_535 {
        return refuse("its numerator must be at most 65535; use a rounder rate");
    }
    // Readers take a stream whose frames are further apart for one of another rate.
    if container == Container::Ts && rate.num < rate.den {
        return refuse("it takes at least one frame a second; use another container");
    }
    if container == Container::Ts && !ts_expresses(rate) {
        return refuse(
            "its 90 kHz clock expresses whole rates up to 60, their 1000/1001, and periods of whole ticks; \
             use one of these, such as 60000/1001 for 59.94, or another container",
        );
    }
    Ok(())
}

/// Refuses to keep the times of frames in a container that has no place for them.
fn check_times(codec: Codec, container: Container) -> Result<()> {
    let keeps_times = |container: &Container| container.time_base(Rational::new(1, 1)).is_some();
    if keeps_times(&container) {
        return Ok(());
    }
    let fitting = codec.info().containers.iter().filter(|container| keeps_times(container));
    let extensions: Vec<_> = fitting.map(|container| format!(".{}", container.info().extensions[0])).collect();
    let message = format!(
        "Cannot use frame rate \"source\" with {}: it counts frames and has no place for their times; use a number of \
         frames per second, or {}",
        container.info().muxer,
        extensions.join(", ")
    );
    Err(Error::argument("frameRate", message))
}

/// Whether readers find this rate in the timestamps of a transport stream, which states no rate.
fn ts_expresses(Rational { num, den }: Rational) -> bool {
    const TICKS: i64 = 90_000;
    let whole_ticks = TICKS * i64::from(den) % i64::from(num) == 0;
    // Rounded ticks are near enough to the rates that readers know (libavformat, get_std_framerate).
    let known = den == 1 && num <= 60 || den == 1001 && matches!(num, 12_000 | 15_000 | 24_000 | 48_000 | 60_000);
    whole_ticks || known
}
