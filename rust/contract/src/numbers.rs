//! The numbers that cross the boundary, by their names.

use giftgrab_core::{
    boundary::{OUTCOMES, OVERFLOW_POLICIES, STATUSES},
    error::CODES,
    pixels::COLOUR_SPACES,
};

/// A closed set whose members cross as numbers.
pub(crate) struct Table {
    /// Its name, which begins the names of its members in C.
    pub(crate) name: &'static str,
    /// The meaning of its numbers.
    pub(crate) meaning: &'static str,
    /// Its members in their order.
    pub(crate) numbers: Vec<(String, i64)>,
}

/// The sets that TypeScript knows by their names.
pub(crate) fn named() -> [Table; 3] {
    [
        table("STATUS", "The result of a call that did not fail.", names(&STATUSES)),
        table("OUTCOME", "The fate of the frame that an exchange took before.", names(&OUTCOMES)),
        table(
            "OVERFLOW_POLICY",
            "The fate of an appended frame where a target has no room: it waits, or it is dropped and counted.",
            names(&OVERFLOW_POLICIES),
        ),
    ]
}

/// Every set.
pub(crate) fn all() -> Vec<Table> {
    let colours = COLOUR_SPACES.iter().map(|colour| format!("{colour:?}"));
    let errors = CODES.iter().map(|info| (info.text.to_uppercase(), i64::from(info.code.status())));
    let mut tables = Vec::from(named());
    tables.push(table(
        "COLOUR_SPACE",
        "The colour space in a frame's header.",
        colours.map(|name| name.to_uppercase()),
    ));
    tables.push(Table { name: "ERROR", meaning: "The result of a call that failed.", numbers: errors.collect() });
    tables
}

fn table(name: &'static str, meaning: &'static str, members: impl Iterator<Item = String>) -> Table {
    Table { name, meaning, numbers: members.zip(0..).collect() }
}

fn names<T>(table: &[(&str, T)]) -> impl Iterator<Item = String> {
    table.iter().map(|(name, _)| (*name).to_owned())
}
