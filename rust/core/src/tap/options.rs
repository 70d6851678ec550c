//! Options of taps. The TypeScript types are generated from these structs.

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        checks::ranges,
        error::{Error, Result},
        time::Rational,
    },
    frame::header::MAX_SIZE,
    pixels::ColourSpace,
};

/// The policy for frames that come faster than the observer takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FramePolicy {
    /// Every frame. A source that plays as fast as it can waits; one in real time drops frames once the queue is full.
    #[default]
    All,
    /// The newest frame. It replaces one that was not taken, which is counted as dropped; a source never waits.
    Latest,
}

/// Options of a tap: the form and number of the frames for one observer.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = Self::describe_ranges)]
pub struct TapOptions {
    /// Colour space of the frames; by default their own, or of other pixel formats the nearest of I420 and BGRA.
    #[serde(default)]
    pub colour: Option<ColourSpace>,
    /// Width in pixels; by default that of the frames, or what keeps their shape beside `height`.
    #[serde(default)]
    pub width: Option<u32>,
    /// Height in pixels; by default that of the frames, or what keeps their shape beside `width`.
    #[serde(default)]
    pub height: Option<u32>,
    /// Largest number of frames per second of the source's time; by default all.
    #[serde(default)]
    pub rate: Option<Rational>,
    /// The policy for frames that come faster than they are taken.
    #[serde(default)]
    pub policy: FramePolicy,
    /// Frames that may wait where every frame is wanted.
    #[serde(default = "default_queue")]
    pub queue: u32,
}

fn default_queue() -> u32 {
    8
}

ranges!(TapOptions { width: 1..=MAX_SIZE, height: 1..=MAX_SIZE, queue: 1..=64 });

impl TapOptions {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        self.check_ranges()?;
        if let Some(rate) = self.rate {
            rate.check_frame_rate("rate")?;
        }
        match (self.policy, self.queue) {
            (FramePolicy::Latest, queue) if queue != default_queue() => {
                Err(Error::argument("queue", "Cannot use queue with policy \"latest\": only the newest frame waits"))
            }
            _ => Ok(()),
        }
    }
}
