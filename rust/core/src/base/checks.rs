//! Checks of arguments, each with the field named.

use std::{fmt::Display, ops::RangeInclusive};

use schemars::Schema;
use serde_json::Value;

use super::error::{Error, Result};

/// Declares the range of each number of a struct of options once, for its checks and for its schema: the struct has the
/// attribute `#[schemars(transform = Self::describe_ranges)]`.
macro_rules! ranges {
    ($Options:ident { $($field:ident: $range:expr),+ $(,)? }) => {
        impl $Options {
            fn check_ranges(&self) -> Result<()> {
                $($crate::base::checks::check_range(stringify!($field), self.$field, $range)?;)+
                Ok(())
            }

            fn describe_ranges(schema: &mut schemars::Schema) {
                $($crate::base::checks::describe_range(
                    schema, stringify!($field), |options: &Self| options.$field, $range,
                );)+
            }
        }
    };
}

pub(crate) use ranges;

/// A number of options, or one that may be left out.
pub(crate) trait OptionalNumber {
    type Number: PartialOrd + Display + Copy + Into<Value>;

    fn number(self) -> Option<Self::Number>;
}

macro_rules! numbers {
    ($($Number:ident)+) => {$(
        impl OptionalNumber for $Number {
            type Number = Self;

            fn number(self) -> Option<Self> {
                Some(self)
            }
        }
    )+};
}

numbers!(u32 u64 f64);

impl<T: OptionalNumber> OptionalNumber for Option<T> {
    type Number = T::Number;

    fn number(self) -> Option<T::Number> {
        self.and_then(T::number)
    }
}

/// Refuses a text with a NUL character, at which FFmpeg would cut it.
pub(crate) fn check_text(field: &str, text: &str) -> Result<()> {
    if !text.contains('\0') {
        return Ok(());
    }
    Err(Error::argument(field, format!("Cannot use {field} {text:?}: it contains a NUL character")))
}

/// Refuses a number outside its range, naming its field as JavaScript does.
pub(crate) fn check_range<T: OptionalNumber>(field: &str, value: T, range: RangeInclusive<T::Number>) -> Result<()> {
    let Some(value) = value.number().filter(|value| !range.contains(value)) else { return Ok(()) };
    let (field, min, max) = (camel_case(field), range.start(), range.end());
    Err(Error::argument(&field, format!("Cannot use {field} {value}: it must be {min} to {max}")))
}

/// Writes the range of a field, whose type `_get` gives, into the schema of its struct.
pub(crate) fn describe_range<Options, T: OptionalNumber>(
    schema: &mut Schema,
    field: &str,
    _get: impl Fn(&Options) -> T,
    range: RangeInclusive<T::Number>,
) {
    let properties = schema.get_mut("properties").and_then(|properties| properties.as_object_mut());
    if let Some(field) = properties.and_then(|properties| properties.get_mut(&camel_case(field))?.as_object_mut()) {
        field.insert("minimum".to_owned(), (*range.start()).into());
        field.insert("maximum".to_owned(), (*range.end()).into());
    }
}

/// The name that a field of a struct has in JavaScript.
fn camel_case(field: &str) -> String {
    let mut name = String::with_capacity(field.len());
    let mut begins_word = false;
    for letter in field.chars() {
        match letter {
            '_' => begins_word = true,
            _ if std::mem::take(&mut begins_word) => name.push(letter.to_ascii_uppercase()),
            _ => name.push(letter),
        }
    }
    name
}

/// Refuses a path that no operating system call could take.
pub(crate) fn check_path(field: &str, path: &str) -> Result<()> {
    if path.is_empty() {
        return Err(Error::argument(field, format!("Cannot use {field} \"\": it is empty")));
    }
    check_text(field, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(schemars::JsonSchema)]
    #[schemars(rename_all = "camelCase", transform = Self::describe_ranges)]
    struct Options {
        bit_rate: Option<u64>,
        threads: u32,
        seconds: f64,
    }

    ranges!(Options { bit_rate: 1000..=8_000_000_000, threads: 0..=64, seconds: 0.1..=60.0 });

    #[test]
    fn a_number_outside_its_range_is_refused_by_the_name_that_javascript_gives_its_field() {
        let check = |bit_rate, threads, seconds| Options { bit_rate, threads, seconds }.check_ranges();
        for (bit_rate, threads, seconds) in [(None, 0, 0.1), (Some(1000), 64, 60.0), (Some(8_000_000_000), 1, 1.0)] {
            check(bit_rate, threads, seconds).unwrap();
        }
        for (bit_rate, threads, seconds, field, message) in [
            (Some(999), 0, 1.0, "bitRate", "Cannot use bitRate 999: it must be 1000 to 8000000000"),
            (Some(8_000_000_001), 0, 1.0, "bitRate", "Cannot use bitRate 8000000001: it must be 1000 to 8000000000"),
            (None, 65, 1.0, "threads", "Cannot use threads 65: it must be 0 to 64"),
            (None, 64, 0.05, "seconds", "Cannot use seconds 0.05: it must be 0.1 to 60"),
            (None, 64, f64::NAN, "seconds", "Cannot use seconds NaN: it must be 0.1 to 60"),
        ] {
            let error = check(bit_rate, threads, seconds).unwrap_err();
            assert_eq!((error.field.as_deref(), error.message.as_str()), (Some(field), message));
        }
    }

    #[test]
    fn a_schema_has_the_ranges() {
        let schema = schemars::schema_for!(Options);
        let range = |field: &str| {
            let field = &schema.get("properties").unwrap()[field];
            [&field["minimum"], &field["maximum"]].map(|bound| bound.as_f64().unwrap())
        };
        assert_eq!(["bitRate", "threads", "seconds"].map(range), [[1000.0, 8e9], [0.0, 64.0], [0.1, 60.0]]);
    }
}
