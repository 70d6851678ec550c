//! What encoders take of what they are given.

use std::collections::BTreeMap;

use super::{
    super::{
        super::{
            super::options::{EncodeOptions, EncoderProfile},
            ENCODERS,
            kind::{EncodeRequest, EncoderKind},
        },
        COMMON, Syntax,
    },
    names,
};
use crate::{
    av::{PixelFormat, VideoInfo},
    base::{error::Result, time::Rational},
    codec::probe::probe,
};

/// Values of which one fits any number, switch or word.
const VALUES: &[&str] = &[
    "1",
    "0",
    "2",
    "16",
    "64",
    "hex",
    "1.0",
    "auto",
    "none",
    "all",
    "0,0",
    "1,1,1",
    "off",
    "1-3",
    "simple",
    "1x1",
    "1:1",
    "bt709",
    "show",
    "undef",
    "tv",
    "pc",
    "medium",
    "panasonic",
    "film",
    "grain",
    "default",
    "progressive",
    "pal",
    "lambda",
    "vbr",
    "spatial",
    "main",
    "4.1",
    "2.0",
    "left",
    "colocated",
    "1000,1000",
    "2/1",
    "off",
    "zero",
    "frame",
    "1920x1080",
    "G(0,0)B(0,0)R(0,0)WP(0,0)L(0,0)",
    "G(0.1,0.2)B(0.1,0.2)R(0.1,0.2)WP(0.1,0.2)L(1,0.1)",
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
];

/// Opens an encoder with a raw option.
fn open(kind: &dyn EncoderKind, name: &str, value: &str) -> Result<()> {
    let info = kind.info();
    let raw = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let preset = info.presets.first().map(|preset| (*preset).to_owned());
    let profile = EncoderProfile::Live;
    let options =
        EncodeOptions { raw, preset, profile, threads: 2, ..EncodeOptions::new(info.codec, Rational::new(30, 1)) };
    info.check(&options)?;
    let shape = VideoInfo { width: 128, height: 96, format: PixelFormat::YUV420P, ..VideoInfo::UNKNOWN };
    kind.open(&EncodeRequest::new(info, &options, shape)).map(drop)
}

/// Names that a linked encoder may not know or not take by themselves: of other releases, other builds, other pictures.
const NOT_EVERYWHERE: &[(&str, &str)] = &[
    // They take 64 numbers.
    ("libx264", "cqm8 cqm8i cqm8p"),
    ("libx265", "a53cc cra-nal eob eos"),
    ("libvpx-vp9", "min-gf-interval"),
    (
        "libsvtav1",
        "enable-dg enable-variance-boost lambda-scale-factors q startup-mg-size variance-boost-strength \
         variance-octile",
    ),
    (
        "libaom-av1",
        "auto-tiles enable-adaptive-sharpness enable-low-complexity-decode force-max-q max-reference-frames \
         screen-detection-mode",
    ),
    ("ffv1", "qtable remap_mode remap_optimizer"),
];

/// Asserts that an encoder takes every name that is listed for it, with one of [`VALUES`].
fn assert_every_name_is_taken(encoder: &str) {
    let Some(kind) = ENCODERS.iter().find(|kind| kind.info().name == encoder && probe(**kind).is_ok()) else {
        println!("skipped: {encoder} does not work here");
        return;
    };
    let allowed = kind.info().options.unwrap();
    let mut refused = Vec::new();
    for name in names(COMMON).chain(names(allowed.names)) {
        if !VALUES.iter().any(|value| open(*kind, name, value).is_ok()) {
            refused.push(name);
        }
    }
    for list in allowed.lists {
        for name in names(list.parameters.names) {
            let text = |value: &str| match (list.syntax, list.divider) {
                (Syntax::Dictionary, divider) => format!("{name}={}", value.replace(divider, &format!("\\{divider}"))),
                (Syntax::Plain, _) => format!("{name}={value}"),
            };
            if !VALUES.iter().any(|value| open(*kind, list.option, &text(value)).is_ok()) {
                refused.push(name);
            }
        }
    }
    let known = NOT_EVERYWHERE.iter().find(|(name, _)| *name == encoder).map_or("", |(_, names)| *names);
    refused.retain(|name| !names(known).any(|known| known == *name));
    assert!(refused.is_empty(), "{encoder} refuses {}", refused.join(" "));
}

macro_rules! every_name_is_taken {
    ($($test:ident: $encoder:literal,)*) => {
        mod every_name_is_taken {
            $(#[test]
            fn $test() {
                super::assert_every_name_is_taken($encoder);
            })*

            #[test]
            fn by_each_encoder_that_takes_options() {
                let tested = [$($encoder),*];
                let kinds = super::ENCODERS.iter().map(|kind| kind.info()).filter(|info| info.options.is_some());
                assert_eq!(kinds.filter(|info| !tested.contains(&info.name)).count(), 0);
            }
        }
    };
}

every_name_is_taken! {
    by_x264: "libx264",
    by_openh264: "libopenh264",
    by_x265: "libx265",
    by_kvazaar: "libkvazaar",
    by_vpx_vp9: "libvpx-vp9",
    by_svt_av1: "libsvtav1",
    by_aom_av1: "libaom-av1",
    by_mpeg4: "mpeg4",
    by_xvid: "libxvid",
    by_ffv1: "ffv1",
}

#[test]
fn a_parameter_with_a_value_that_the_library_does_not_take_is_refused() {
    for (encoder, option, value) in [
        ("libx264", "x264-params", "me=nonsense"),
        ("libx264", "x264opts", "me=nonsense"),
        ("libx265", "x265-params", "me=nonsense"),
        ("libkvazaar", "kvazaar-params", "me=nonsense"),
        ("libsvtav1", "svtav1-params", "enable-tf=nonsense"),
        ("libaom-av1", "aom-params", "enable-cdef=nonsense"),
    ] {
        let Some(kind) = ENCODERS.iter().find(|kind| kind.info().name == encoder && probe(**kind).is_ok()) else {
            continue;
        };
        let error = open(*kind, option, value).unwrap_err();
        assert_eq!(error.field.as_deref(), Some(format!("encoderOptions.{option}").as_str()), "{error:?}");
        assert!(error.message.ends_with(&format!("with value {value:?}: {encoder} refuses it")), "{}", error.message);
    }
}
