//! The contract of the boundary to JavaScript: options, rare calls and replies as JSON, and the numbers of the frequent
//! calls. The bindings serve it; the C header and TypeScript's half of it are generated from it.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    codec::Capabilities,
    error::{Code, Error, Result, Stage},
    filter::options::FilterOptions,
    pipeline::OverflowPolicy,
    pixels::planes::Rect,
    record::options::FileWriterOptions,
    report::{SourceInfo, TargetInfo},
    source::{
        network::{CheckedAddress, options::NetworkOptions},
        options::{FileReaderOptions, TestPatternOptions},
        screen::{ScreenInfo, options::ScreenOptions},
        v4l2::{ControlInfo, ControlValue, DeviceInfo, DeviceOptions, FoundDevice},
    },
    tap::{ObserverOutcome, options::TapOptions},
};

/// Number of this contract; TypeScript refuses a library with another one.
pub const ABI_VERSION: u32 = 3;

/// The result of a call that did not fail; one that did returns the number of a [`Code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The call did what it was asked.
    Done,
    /// Nothing yet.
    Again,
    /// The caller's buffer is too small; the length output is the length needed.
    More,
    /// Nothing any more.
    End,
}

/// Every status by its name in C and TypeScript; its number is its place.
pub const STATUSES: [(&str, Status); 4] =
    [("DONE", Status::Done), ("AGAIN", Status::Again), ("MORE", Status::More), ("END", Status::End)];

/// Every outcome of the frame that an exchange took before; its number is its place.
pub const OUTCOMES: [(&str, ObserverOutcome); 3] =
    [("NONE", ObserverOutcome::None), ("OBSERVED", ObserverOutcome::Observed), ("FAILED", ObserverOutcome::Failed)];

/// Every policy for an appended frame for which a target has no room; its number is its place.
pub const OVERFLOW_POLICIES: [(&str, OverflowPolicy); 2] =
    [("BLOCK", OverflowPolicy::Block), ("DROP_NEWEST", OverflowPolicy::DropNewest)];

/// The member of a table that `number` stands for.
///
/// # Errors
///
/// `InvalidArgument` naming the field.
pub fn numbered<T: Copy>(table: &[(&str, T)], field: &str, number: u32) -> Result<T> {
    table.get(number as usize).map(|(_, member)| *member).ok_or_else(|| {
        Error::argument(field, format!("Cannot use {field} {number}: it must be 0 to {}", table.len() - 1))
    })
}

/// Options of everything that can be opened, by its kind.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", content = "options", rename_all = "snake_case")]
pub enum OpenOptions {
    /// A reader of a video file: a source.
    FileReader(FileReaderOptions),
    /// The test pattern: a source.
    TestPattern(TestPatternOptions),
    /// A capture device: a live source.
    Device(DeviceOptions),
    /// A screen: a live source.
    Screen(ScreenOptions),
    /// A network stream: a live source.
    Network(NetworkOptions),
    /// A writer of a video file: a target.
    FileWriter(Box<FileWriterOptions>),
    /// A filter: a target that hands frames on.
    Filter(FilterOptions),
    /// A tap: the target that feeds one observer in JavaScript.
    Tap(TapOptions),
}

/// Declares the rare calls: the JSON that asks for one, the methods that answer, and the replies by the calls' names.
macro_rules! commands {
    ($(
        $(#[doc = $doc:literal])+
        fn $call:ident($($(#[doc = $field_doc:literal])+ $field:ident: $Field:ty),*) -> $Reply:ty;
    )+) => {
        /// A rare call to an object: one that comes too seldom to need a function of its own at the boundary.
        #[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
        #[serde(tag = "call", rename_all_fields = "camelCase", deny_unknown_fields)]
        #[allow(non_camel_case_types)]
        pub enum Command {
            $($(#[doc = $doc])+ $call { $($(#[doc = $field_doc])+ $field: $Field),* },)+
        }

        /// The reply to each rare call, by its name.
        #[derive(schemars::JsonSchema)]
        pub struct Replies {
            $($(#[doc = $doc])+ pub $call: $Reply,)+
        }

        /// An object that answers rare calls.
        #[allow(clippy::missing_errors_doc)]
        pub trait Commands {
            $($(#[doc = $doc])+ fn $call(&self, $($field: $Field),*) -> Result<$Reply>;)+

            /// Carries a command out; returns the reply as JSON.
            fn command(&self, command: Command) -> Result<Vec<u8>> {
                match command {
                    $(Command::$call { $($field),* } => to_json(&self.$call($($field),*)?),)+
                }
            }
        }
    };
}

// A call that changes something replies nothing: one whose reply did not fit the caller's buffer is repeated.
commands! {
    /// The codecs that the library can encode, whatever the object. The first call tries every encoder, which takes
    /// about a second.
    fn capabilities() -> Capabilities;
    /// The capture devices of this machine, whatever the object.
    fn list_devices() -> Vec<DeviceInfo>;
    /// Finds the device that is meant by a name, whatever the object.
    fn find_device(
        /// Its id, path, serial number or name, or GIFT-Grab's name of its model.
        device: String
    ) -> FoundDevice;
    /// The controls of a device.
    fn controls() -> Vec<ControlInfo>;
    /// The value of a control of a device.
    fn get_control(
        /// Name of the control.
        name: String
    ) -> ControlValue;
    /// Sets a control of a device, now and whenever the device comes back.
    fn set_control(
        /// Name of the control.
        name: String,
        /// Its value.
        value: ControlValue
    ) -> ();
    /// Checks the address of a network stream, whatever the object.
    fn check_address(
        /// The address.
        url: String
    ) -> CheckedAddress;
    /// The screens of the X servers of this machine, whatever the object.
    fn list_screens() -> Vec<ScreenInfo>;
    /// The metadata of a source.
    fn source_info() -> SourceInfo;
    /// The metadata of a file writer.
    fn target_info() -> TargetInfo;
    /// Asks a source or filter to hand its frames to a target, which gets every one from the event `attached` on.
    fn attach(
        /// Handle of the target.
        target: u32
    ) -> ();
    /// Asks a source or filter to hand a target no more frames; its `detached` event follows the last one.
    fn detach(
        /// Handle of the target.
        target: u32
    ) -> ();
    /// Starts a source; later calls do nothing. A filter runs from the beginning.
    fn start() -> ();
    /// Asks a source to crop each frame from the next one on.
    fn crop(
        /// The crop; without one, the whole frame.
        rect: Option<Rect>
    ) -> ();
}

/// Reads options or a command.
///
/// # Errors
///
/// `InvalidArgument`, naming a field that is unknown or missing, else `noun`.
pub fn from_json<T: DeserializeOwned>(noun: &str, json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|error| {
        let text = error.to_string();
        let cause = text.split(" at line ").next().unwrap_or(&text);
        let field = cause.split("field `").nth(1).and_then(|rest| rest.split('`').next()).unwrap_or(noun);
        Error::argument(field, format!("Cannot use the {noun}: {cause}"))
    })
}

/// Writes a result as JSON.
///
/// # Errors
///
/// `Internal` if it has no form in JSON.
pub fn to_json(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Error::new(Code::Internal, Stage::Boundary, format!("Cannot write the result: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(json: &str) -> Result<Command> {
        from_json("command", json.as_bytes())
    }

    #[test]
    fn a_number_is_a_place_in_its_table() {
        for (number, (name, status)) in (0..).zip(STATUSES) {
            assert_eq!(status as i32, number, "{name}");
        }
        assert_eq!(numbered(&OUTCOMES, "outcome", 2).unwrap(), ObserverOutcome::Failed);
        let error = numbered(&OVERFLOW_POLICIES, "policy", 2).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("policy")));
        assert_eq!(error.message, "Cannot use policy 2: it must be 0 to 1");
    }

    #[test]
    fn a_command_is_read_with_all_of_its_fields_and_no_others() {
        assert!(matches!(command(r#"{"call":"attach","target":7}"#), Ok(Command::attach { target: 7 })));
        assert!(matches!(command(r#"{"call":"crop"}"#), Ok(Command::crop { rect: None })));
        assert!(matches!(command(r#"{"call":"crop","rect":null}"#), Ok(Command::crop { rect: None })));
        for (json, field) in [
            (r#"{"call":"attach"}"#, "target"),
            (r#"{"call":"attach","target":7,"nonsense":1}"#, "nonsense"),
            (r#"{"call":"crop","rect":{"x":0,"y":0,"width":1}}"#, "height"),
            (r#"{"call":"crop","rect":{"x":-1,"y":0,"width":1,"height":1}}"#, "command"),
            (r#"{"call":"other"}"#, "command"),
            (r#"{"target":7}"#, "call"),
            ("", "command"),
        ] {
            let error = command(json).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some(field)), "{json}");
            assert!(error.message.starts_with("Cannot use the command: "), "{}", error.message);
        }
    }

    #[test]
    fn options_of_each_kind_are_read() {
        let kind = |json: &str| from_json::<OpenOptions>("options", json.as_bytes());
        assert!(matches!(kind(r#"{"kind":"test_pattern","options":{"width":64}}"#), Ok(OpenOptions::TestPattern(_))));
        assert!(matches!(kind(r#"{"kind":"tap","options":{}}"#), Ok(OpenOptions::Tap(_))));
        assert!(matches!(kind(r#"{"kind":"filter","options":{"description":"hflip"}}"#), Ok(OpenOptions::Filter(_))));
        assert_eq!(kind(r#"{"kind":"tap","options":{"nonsense":1}}"#).unwrap_err().field.as_deref(), Some("nonsense"));
        assert_eq!(kind(r#"{"kind":"other"}"#).unwrap_err().field.as_deref(), Some("options"));
    }
}
