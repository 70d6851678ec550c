//! A file writer, as its owner sees it.

use std::sync::Arc;

use super::{
    encode::{EncodeThread, State},
    file::files::Files,
    grid::Grid,
    options::FileWriterOptions,
    state::Shared,
};
use crate::{
    av,
    base::{
        error::{Error, Result},
        time::Rational,
    },
    codec::{Codec, Container, EncoderChoice},
    pipeline::{
        events::{Events, Notify},
        intake::{Intake, Room, door},
        report::{Event, TargetInfo, TargetStats},
    },
    storage::Volume,
    sys::spawn,
};

/// Frames with back-pressure that may wait for the encoder: enough that it never waits for the decoder.
const PATIENT_QUEUE: usize = 4;

/// Records frames into a file. Dropping it closes it as [`FileWriter::close`] does.
pub struct FileWriter {
    shared: Arc<Shared>,
    intake: Intake,
}

impl FileWriter {
    /// Checks the options, finds an encoder that works and makes the file; the header follows with the first frame.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, `ContainerMismatch`, `CodecUnavailable`, or why the file cannot be made.
    pub fn open(options: FileWriterOptions, volume: Arc<dyn Volume>, notify: Notify) -> Result<Self> {
        av::init();
        options.check()?;
        let container = Container::for_path(&options.path, options.codec)?;
        check_rate(options.codec, container, options.frame_rate)?;
        let encoding = options.encoding();
        let preferred = encoding.common_format();
        let choice = EncoderChoice::new(encoding)?;
        let info = TargetInfo {
            path: options.path.clone(),
            codec: options.codec,
            container,
            encoder: choice.preferred().to_owned(),
            frame_rate: options.frame_rate,
        };
        let shared = Arc::new(Shared::new(info, Events::new(notify)));
        let room = Room { hurried: options.frame_queue as usize, patient: PATIENT_QUEUE, displaces: false, preferred };
        let (intake, inbox) = door(shared.clone(), room);
        let mut files = Files::new(shared.clone(), volume, options.clone(), container);
        let first = files.open(0)?;
        let encode = EncodeThread {
            shared: shared.clone(),
            inbox,
            grid: Grid::new(options.frame_rate),
            options,
            choice,
            files,
            output: Some(first),
            state: State::default(),
        };
        // Without this thread the first file's ends, and removes the file.
        spawn("gg-encode", move || encode.run())?;
        Ok(Self { shared, intake })
    }

    /// Where and how it records.
    #[must_use]
    pub fn info(&self) -> &TargetInfo {
        &self.shared.info
    }

    /// The figures so far.
    #[must_use]
    pub fn stats(&self) -> TargetStats {
        self.shared.stats()
    }

    /// Takes what happened since the last call.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        self.shared.events.take()
    }

    /// Gives events back that could not be handed on.
    pub fn put_back_events(&self, events: Vec<Event>) {
        self.shared.events.put_back(events);
    }

    /// Asks it to finish the file and returns at once; the `closed` event ends it. Later calls do nothing.
    pub fn close(&self) {
        self.intake.close();
    }

    /// Whether nothing of it runs any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Where frames go in.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.intake
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        self.close();
    }
}

/// Refuses frame rates that a container cannot tell exactly.
fn check_rate(codec: Codec, container: Container, rate: Rational) -> Result<()> {
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
    if container == Container::Ts && !ts_tells(rate) {
        return refuse(
            "its 90 kHz clock tells whole rates up to 60, their 1000/1001, and periods of whole ticks; \
             use one of these, such as 60000/1001 for 59.94, or another container",
        );
    }
    Ok(())
}

/// Whether readers find this rate in the timestamps of a transport stream, which tell no rate beside them.
fn ts_tells(Rational { num, den }: Rational) -> bool {
    const TICKS: i64 = 90_000;
    let whole_ticks = TICKS * i64::from(den) % i64::from(num) == 0;
    // Rounded ticks are near enough to the rates that readers know (libavformat, get_std_framerate).
    let known = den == 1 && num <= 60 || den == 1001 && matches!(num, 12_000 | 15_000 | 24_000 | 48_000 | 60_000);
    whole_ticks || known
}
