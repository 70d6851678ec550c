//! Options of screens. The TypeScript types are generated from these structs.

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        checks::{check_text, ranges},
        error::{Error, Result},
        time::Rational,
    },
    pixels::ColourSpace,
};

/// Options of a screen, or a part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = Self::describe_ranges)]
pub struct ScreenOptions {
    /// The X server and its screen, such as `:0` or `:0.1`; by default the environment variable `DISPLAY`.
    #[serde(default)]
    pub display: Option<String>,
    /// Colour space in which frames are captured. A screen is red, green and blue: `bgra` and `rgba` keep every sample, the
    /// others save most encoders their conversion.
    #[serde(default)]
    pub colour: ColourSpace,
    /// Frames per second.
    #[serde(default = "default_rate")]
    pub frame_rate: Rational,
    /// Only this part of the screen.
    #[serde(default)]
    pub region: Option<ScreenRegion>,
    /// Only this monitor, by its name, such as `HDMI-1`.
    #[serde(default)]
    pub monitor: Option<String>,
    /// Only this window, whatever covers it: its number, such as `0x3a00007`, or its whole title.
    #[serde(default)]
    pub window: Option<String>,
    /// Draw the cursor into the frames.
    #[serde(default = "default_cursor")]
    pub cursor: bool,
    /// Longest wait for the first frame in milliseconds.
    #[serde(default = "default_open_timeout")]
    pub open_timeout_ms: u32,
    /// Largest number of pixels in a frame.
    #[serde(default = "default_max_pixels")]
    pub max_pixels: u32,
}

/// A part of a screen in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScreenRegion {
    /// Left column.
    pub x: i32,
    /// Top row.
    pub y: i32,
    /// Columns.
    pub width: i32,
    /// Rows.
    pub height: i32,
}

fn default_rate() -> Rational {
    Rational::new(30, 1)
}
fn default_cursor() -> bool {
    true
}
fn default_open_timeout() -> u32 {
    5000
}
fn default_max_pixels() -> u32 {
    64 * 1024 * 1024
}

ranges!(ScreenOptions { open_timeout_ms: 100..=600_000, max_pixels: 1..=2_147_483_647 });

impl Default for ScreenOptions {
    fn default() -> Self {
        Self {
            display: None,
            colour: ColourSpace::default(),
            frame_rate: default_rate(),
            region: None,
            monitor: None,
            window: None,
            cursor: default_cursor(),
            open_timeout_ms: default_open_timeout(),
            max_pixels: default_max_pixels(),
        }
    }
}

impl ScreenOptions {
    /// Checks every field, without a look at the screen.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field.
    pub fn check(&self) -> Result<()> {
        for (field, text) in [("display", &self.display), ("monitor", &self.monitor), ("window", &self.window)] {
            let Some(text) = text else { continue };
            if text.is_empty() {
                return Err(Error::argument(field, format!("Cannot use {field} \"\": it is empty; leave it out")));
            }
            check_text(field, text)?;
        }
        let parts =
            [("region", self.region.is_some()), ("monitor", self.monitor.is_some()), ("window", self.window.is_some())];
        let mut given = parts.iter().filter(|(_, is_given)| *is_given).map(|(field, _)| *field);
        if let (Some(first), Some(second)) = (given.next(), given.next()) {
            let message =
                format!("Cannot use {second} together with {first}: each names a part of the screen; leave one out");
            return Err(Error::argument(second, message));
        }
        if let Some(region) = self.region {
            region.check()?;
        }
        self.frame_rate.check_frame_rate("frameRate")?;
        self.check_ranges()
    }
}

impl ScreenOptions {
    /// What is captured, for messages.
    pub(super) fn name(&self) -> String {
        if let Some(window) = &self.window {
            return format!("the window {window:?}");
        }
        let screen = self.display.as_ref().map_or("the screen".to_owned(), |display| format!("the screen {display:?}"));
        match &self.monitor {
            Some(monitor) => format!("the monitor {monitor:?} of {screen}"),
            None => screen,
        }
    }
}

impl ScreenRegion {
    fn check(self) -> Result<()> {
        if self.width > 0 && self.height > 0 {
            return Ok(());
        }
        let message = format!("Cannot use region {self}: its width and height must be 1 or more");
        Err(Error::argument("region", message))
    }

    /// The region of the same size, or as near as possible, inside a screen of this size.
    #[must_use]
    pub fn nearest(self, (width, height): (u32, u32)) -> Self {
        let side = |from: i32, length: i32, whole: u32| {
            let whole = i32::try_from(whole).unwrap_or(i32::MAX);
            let length = length.min(whole);
            (from.clamp(0, whole - length), length)
        };
        let (x, width) = side(self.x, self.width, width);
        let (y, height) = side(self.y, self.height, height);
        Self { x, y, width, height }
    }
}

impl std::fmt::Display for ScreenRegion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { x, y, width, height } = self;
        write!(f, "{width}x{height} at {x},{y}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> Result<ScreenOptions, String> {
        let options: ScreenOptions = serde_json::from_str(json).map_err(|error| error.to_string())?;
        options.check().map_err(|error| format!("{}: {}", error.field.unwrap_or_default(), error.message))?;
        Ok(options)
    }

    #[test]
    fn everything_may_be_left_out() {
        assert_eq!(options("{}").unwrap(), ScreenOptions::default());
        let given =
            options(r#"{ "display": ":7", "colour": "bgra", "window": "0x3a00007", "cursor": false }"#).unwrap();
        assert_eq!(given.window.as_deref(), Some("0x3a00007"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (json, refusal) in [
            (r#"{ "display": "" }"#, "display: Cannot use display \"\": it is empty; leave it out"),
            (r#"{ "window": "a\u0000b" }"#, "window: Cannot use window \"a\\0b\": it contains a NUL character"),
            (
                r#"{ "monitor": "DP-1", "window": "Clock" }"#,
                "window: Cannot use window together with monitor: each names a part of the screen; leave one out",
            ),
            (
                r#"{ "region": { "x": 322, "y": 0, "width": -322, "height": 10 } }"#,
                "region: Cannot use region -322x10 at 322,0: its width and height must be 1 or more",
            ),
            (r#"{ "openTimeoutMs": 1 }"#, "openTimeoutMs: Cannot use openTimeoutMs 1: it must be 100 to 600000"),
        ] {
            assert_eq!(options(json).unwrap_err(), refusal);
        }
        assert!(options(r#"{ "frameRate": { "num": 0, "den": 1 } }"#).unwrap_err().starts_with("frameRate: "));
        assert!(options(r#"{ "fps": 30 }"#).unwrap_err().contains("unknown field"));
    }

    #[test]
    fn the_nearest_region_is_inside_the_screen() {
        let nearest = |x, y, width, height| ScreenRegion { x, y, width, height }.nearest((1280, 800)).to_string();
        assert_eq!(nearest(2691, 795, 397, 299), "397x299 at 883,501");
        assert_eq!(nearest(-10, -1, 100, 900), "100x800 at 0,0");
        assert_eq!(nearest(i32::MIN, i32::MAX, i32::MAX, 1), "1280x1 at 0,799");
    }
}
