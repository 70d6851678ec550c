//! What the refusals of the kernel mean for the user of a device.

use std::path::Path;

use super::{mode::Refusal, system::System};
use crate::{
    base::error::{Code, Error, Stage},
    sys::v4l2::Errno,
};

/// Explains the errors of one device.
pub(super) struct Problems<'a> {
    pub(super) system: &'a dyn System,
    /// Its name in messages.
    pub(super) name: String,
    pub(super) path: &'a Path,
}

/// Whether an error says that the device is gone.
pub(super) fn is_gone(error: Errno) -> bool {
    matches!(error, Errno::NODEV | Errno::NXIO | Errno::NOENT)
}

impl Problems<'_> {
    fn error(&self, code: Code, action: &str, cause: &str) -> Error {
        let path = self.path.display().to_string();
        let at = if self.name.contains(&path) { String::new() } else { format!(" at {path:?}") };
        Error::new(code, Stage::Source, format!("Cannot use {}{at}, to {action}: {cause}", self.name))
    }

    /// The kernel refused a call that starts a device.
    pub(super) fn refused(&self, action: &str, error: Errno) -> Error {
        let text = std::io::Error::from(error).to_string();
        let words = text.split(" (os error").next().unwrap_or(&text).to_owned();
        let (code, cause) = match error {
            Errno::BUSY => (Code::DeviceBusy, self.who()),
            Errno::ACCESS | Errno::PERM => (Code::PermissionDenied, self.which_group()),
            Errno::NOSPC => (
                Code::UsbBandwidth,
                "the USB port has not enough bandwidth left; choose a compressed format, a smaller size or a lower rate, \
                 or plug the device into a port of another controller"
                    .to_owned(),
            ),
            Errno::NOMEM | Errno::MFILE | Errno::NFILE => (Code::ResourceExhausted, words.clone()),
            Errno::NOLINK | Errno::NOLCK => (Code::NoSignal, "its input gets no signal".to_owned()),
            error if is_gone(error) => (Code::DeviceLost, "it was unplugged".to_owned()),
            _ => (Code::DeviceLost, format!("its driver failed: {words}; plugging it in again may help")),
        };
        self.error(code, action, &cause).with_cause(words)
    }

    /// There is no mode.
    pub(super) fn no_mode(&self, refusal: Refusal) -> Error {
        match refusal {
            Refusal::System(action, error) => self.refused(action, error),
            Refusal::Unsupported(why) => {
                let message = format!("Cannot use the mode that is asked for of {}: {why}", self.name);
                Error::new(Code::UnsupportedMode, Stage::Source, message)
            }
            Refusal::TooLarge((width, height)) => {
                let message = format!("Cannot capture {width}x{height} from {}: it is above maxPixels", self.name);
                Error::new(Code::LimitExceeded, Stage::Source, message).with_field("maxPixels")
            }
        }
    }

    pub(super) fn no_signal(&self, why: &str) -> Error {
        Error::new(Code::NoSignal, Stage::Source, format!("Cannot capture from {}: {why}", self.name))
    }

    fn who(&self) -> String {
        let own = std::process::id();
        let holders = self.system.holders(self.path).into_iter().filter(|holder| holder.pid != own);
        let named: Vec<_> = holders.map(|holder| format!("{:?} (process {})", holder.name, holder.pid)).collect();
        if named.is_empty() {
            "another program is using it, of another user or in another container".to_owned()
        } else {
            format!("{} is using it; close that first", named.join(" and "))
        }
    }

    fn which_group(&self) -> String {
        let Some(group) = self.system.group(self.path) else {
            return "the operating system refuses access; let the user of this program read and write it".to_owned();
        };
        format!(
            "the operating system refuses access; add the user to the group {group:?}, or pass the device to the container"
        )
    }
}
