//! What a tap can be asked for. The TypeScript types are generated from these structs.

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        checks::check_range,
        error::{Error, Result},
        time::Rational,
    },
    pixels::ColourSpace,
};

/// What happens to frames that come faster than the observer takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FramePolicy {
    /// Every frame: a source that plays as fast as it can waits, one in real time fills a queue and then drops, counted.
    #[default]
    All,
    /// The newest frame: older ones that nobody has taken make way, counted. Nobody ever waits.
    Latest,
}

/// Options of a tap: what one observer wants to see.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TapOptions {
    /// Colour space of the frames; by default their own, or of other pixel formats the nearest of I420 and BGRA.
    #[serde(default)]
    pub colour: Option<ColourSpace>,
    /// Width in pixels, 1 to 16384; by default that of the frames, or what keeps their shape beside `height`.
    #[serde(default)]
    #[schemars(range(min = 1, max = 16384))]
    pub width: Option<u32>,
    /// Height in pixels, 1 to 16384; by default that of the frames, or what keeps their shape beside `width`.
    #[serde(default)]
    #[schemars(range(min = 1, max = 16384))]
    pub height: Option<u32>,
    /// At most so many frames per second of the source's time; by default all.
    #[serde(default)]
    pub rate: Option<Rational>,
    /// What happens to frames that come faster than they are taken.
    #[serde(default)]
    pub policy: FramePolicy,
    /// Frames that may wait where every frame is wanted, 1 to 64.
    #[serde(default = "default_queue")]
    #[schemars(range(min = 1, max = 64))]
    pub queue: u32,
}

fn default_queue() -> u32 {
    8
}

impl TapOptions {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        for (field, size) in [("width", self.width), ("height", self.height)] {
            if let Some(size) = size {
                check_range(field, u64::from(size), 1, 16384)?;
            }
        }
        if let Some(rate) = self.rate {
            rate.check_frame_rate("rate")?;
        }
        check_range("queue", u64::from(self.queue), 1, 64)?;
        match (self.policy, self.queue) {
            (FramePolicy::Latest, queue) if queue != default_queue() => {
                Err(Error::argument("queue", "Cannot use queue with policy \"latest\": only the newest frame waits"))
            }
            _ => Ok(()),
        }
    }
}
