//! The raw options that an encoder may be given: those that open no file.
//!
//! A runtime grants this library only the files that were asked for, so an option must not be a way around that. Each
//! option and parameter was judged by the sources of FFmpeg and of the encoder; one that is not listed is refused.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    av::Dictionary,
    base::error::{Error, Result},
};

/// Options of FFmpeg that all its encoders have (`avcodec_options` in its options_table.h), but those that name the
/// shape, the time or the flags of what is encoded, or are for decoders.
const COMMON: &str = "aspect b_qfactor b_qoffset bf bidir_refine bt bufsize chroma_sample_location cmp \
    color_primaries color_range color_trc colorspace compression_level dark_mask dct dia_size g global_quality \
    i_qfactor i_qoffset ildctcmp keyint_min last_pred level lumi_mask maxrate mbcmp mbd mblmax mblmin me_range minrate \
    mv0_threshold nssew p_mask pre_dia_size precmp profile qblur qcomp qdiff qmax qmin rc_init_occupancy refs sar \
    scplx_mask slices strict subcmp subq tcplx_mask thread_type threads trellis";

/// The bit rate, to which encoders do not look while they are asked for a quality, as they are by default.
const BIT_RATE: &str = "b";

/// The option that switches parts of an encoder on and off.
const FLAGS: &str = "flags";

/// Flags that may be switched. `pass1` and `pass2` read and write files, `global_header` is the recording's own.
const SWITCHES: &[&str] =
    &["aic", "bitexact", "cgop", "gray", "ildct", "ilme", "loop", "low_delay", "mv4", "psnr", "qpel"];

/// Marks beside letters and digits in the value of an option. FFmpeg evaluates numbers, and an expression may never end:
/// without brackets it calls no function.
const MARKS: &str = "._+-,:/|";

/// Marks in the value of a parameter, with the brackets of colours and lists; without `=` it holds no other parameter.
const PARAMETER_MARKS: &str = "._+-,:/|()[]";

/// Where to read what is allowed.
const DOCUMENT: &str = "docs/encoder-options.md lists what it may be given";

/// What an encoder of FFmpeg may be given beside [`COMMON`].
#[derive(Debug)]
pub(crate) struct AllowedOptions {
    /// Its own options, by FFmpeg's names between spaces.
    pub(super) names: &'static str,
    /// Its options that list parameters of its library.
    pub(super) lists: &'static [ParameterList],
}

/// An option that lists parameters of an encoder's library.
#[derive(Debug)]
pub(crate) struct ParameterList {
    /// FFmpeg's name of it.
    pub(super) option: &'static str,
    /// What stands between two parameters; of two with one name the later wins.
    pub(super) divider: char,
    /// How FFmpeg reads it.
    pub(super) syntax: Syntax,
    pub(super) parameters: &'static Parameters,
}

/// How FFmpeg reads a list of parameters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Syntax {
    /// As any of its dictionaries, with quotes and escapes.
    Dictionary,
    /// As it stands; a parameter without a value is switched on (`x264opts`, by `sscanf` in libx264.c).
    Plain,
}

/// Parameters of an encoder's library.
#[derive(Debug)]
pub(super) struct Parameters {
    /// Names of those that take no text which could be a file, between spaces.
    pub(super) names: &'static str,
    /// Those that take a word or else a file, with their words.
    pub(super) words: &'static [(&'static str, &'static [&'static str])],
    pub(super) spelling: Spelling,
}

/// How a library spells the names of its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spelling {
    /// Letter for letter.
    Exact,
    /// With `no-` before it a parameter is switched off (kvazaar, in its cfg.c).
    NoPrefix,
    /// The same, also by `no` alone, and `_` is `-` (x264_param_parse in common/base.c, x265_param_parse in param.cpp).
    X26x,
}

impl AllowedOptions {
    /// Refuses options that `encoder` must not be given, before it is opened.
    pub(super) fn check(&self, encoder: &str, raw: &BTreeMap<String, String>) -> Result<()> {
        match raw.iter().find_map(|(name, value)| Some((name, self.refusal(name, value)?))) {
            None => Ok(()),
            Some((name, cause)) => Err(refused(encoder, name, &cause)),
        }
    }

    /// The list of parameters that the option `name` is.
    pub(super) fn list(&self, name: &str) -> Option<&'static ParameterList> {
        self.lists.iter().find(|list| list.option == name)
    }

    fn refusal(&self, name: &str, value: &str) -> Option<String> {
        if let Some(list) = self.list(name) {
            return list.refusal(value);
        }
        if name == FLAGS {
            return flags_refusal(value);
        }
        if name == BIT_RATE {
            return Some("a quality that is set as well would win; set the writer's bitRate instead".to_owned());
        }
        if !is_in(COMMON, name) && !is_in(self.names, name) {
            return Some(format!("it is none of those that are known to open no file; {DOCUMENT}"));
        }
        value_refusal(value, MARKS).map(|cause| format!("its value {cause}"))
    }
}

impl ParameterList {
    fn refusal(&self, text: &str) -> Option<String> {
        let Some(entries) = self.entries(text) else {
            return Some(format!("{text:?} cannot be read; write NAME=VALUE, with {:?} between two", self.divider));
        };
        entries.iter().find_map(|(name, value)| self.parameters.refusal(name, value))
    }

    /// The parameters in `text`, in their order; `None` if FFmpeg could not read it.
    fn entries(&self, text: &str) -> Option<Vec<(String, String)>> {
        if text.contains('\0') {
            return None;
        }
        match self.syntax {
            Syntax::Dictionary => Some(Dictionary::parse(text, self.divider)?.entries()),
            Syntax::Plain => {
                let parts = text.split(self.divider).map(|part| part.split_once('=').unwrap_or((part, "1")));
                Some(parts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
            }
        }
    }
}

impl Parameters {
    fn refusal(&self, name: &str, value: &str) -> Option<String> {
        let plain = self.spelling.plain(name);
        // Switched on or off by a prefix it would take the word for that as the name of a file.
        if let Some((_, words)) = self.words.iter().find(|(word, _)| *word == plain) {
            let fix = format!("its parameter {name:?} must be {}, not {value:?}", words.join(" or "));
            return (!words.contains(&value)).then_some(fix);
        }
        if !self.spelling.names(&plain).any(|name| is_in(self.names, name)) {
            return Some(format!("its parameter {name:?} is none of those that are known to open no file; {DOCUMENT}"));
        }
        value_refusal(value, PARAMETER_MARKS).map(|cause| format!("the value of its parameter {name:?} {cause}"))
    }
}

impl Spelling {
    /// The name as it is listed.
    fn plain(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::X26x => Cow::Owned(name.replace('_', "-")),
            Self::Exact | Self::NoPrefix => Cow::Borrowed(name),
        }
    }

    /// The names of which the library may take it for one.
    fn names(self, plain: &str) -> impl Iterator<Item = &str> {
        let prefixes: &[&str] = match self {
            Self::Exact => &[""],
            Self::NoPrefix => &["", "no-"],
            Self::X26x => &["", "no-", "no"],
        };
        prefixes.iter().filter_map(move |prefix| plain.strip_prefix(prefix))
    }
}

/// The error for a raw option, naming its field.
pub(super) fn refused(encoder: &str, name: &str, cause: &str) -> Error {
    let message = format!("Cannot use encoder option {name:?} with {encoder}: {cause}");
    Error::argument(&format!("encoderOptions.{name}"), message)
}

/// Why flags are refused: without a sign they would replace those that the recording needs, and FFmpeg takes numbers too.
fn flags_refusal(value: &str) -> Option<String> {
    const SIGNS: [char; 2] = ['+', '-'];
    let words = value.strip_prefix(SIGNS);
    let is_known = words.is_some_and(|words| words.split(SIGNS).all(|word| SWITCHES.contains(&word)));
    (!is_known).then(|| format!("its value {value:?} must be + or - and one of {}, or several", SWITCHES.join(", ")))
}

/// Why a value is refused that has more than letters, digits and `marks`.
fn value_refusal(value: &str, marks: &str) -> Option<String> {
    let is_plain = value.chars().all(|letter| letter.is_ascii_alphanumeric() || marks.contains(letter));
    (!is_plain).then(|| format!("may only have letters, digits and {marks}, not {value:?}"))
}

/// Whether `name` is one of the names between spaces.
fn is_in(names: &str, name: &str) -> bool {
    names.split_ascii_whitespace().any(|listed| listed == name)
}
