//! The raw options that encoders may be given, and those that they may not.

mod listed;
mod refused;
mod taken;

use std::collections::BTreeMap;

use super::{
    super::{super::options::EncodeOptions, ENCODERS, kind::EncoderInfo},
    ParameterList,
};
use crate::base::{error::Error, time::Rational};

fn refusal(info: &EncoderInfo, name: &str, value: &str) -> Option<Error> {
    let raw = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let options = EncodeOptions { raw, ..EncodeOptions::new(info.codec, Rational::new(30, 1)) };
    info.check(&options).err()
}

/// Every list of parameters with its encoder.
fn lists() -> impl Iterator<Item = (&'static EncoderInfo, &'static ParameterList)> {
    let allowed = ENCODERS.iter().filter_map(|kind| Some((kind.info(), kind.info().options?)));
    allowed.flat_map(|(info, allowed)| allowed.lists.iter().map(move |list| (info, list)))
}

fn names(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split_ascii_whitespace()
}
