//! The options with which each encoder of FFmpeg is opened.

use super::{
    super::options::{EncodeOptions, EncoderProfile},
    ENCODERS, aom_av1, ffmpeg,
    ffmpeg::FfmpegEncoder,
    ffv1,
    kind::EncodeRequest,
    kvazaar, mpeg4, openh264, svt_av1, vpx_vp9, x264, x265, xvid,
};
use crate::{
    av::{EncoderConfig, VideoInfo},
    base::time::Rational,
};

const FFMPEG: &[&dyn FfmpegEncoder] = &[
    &x265::X265,
    &kvazaar::Kvazaar,
    &x264::X264,
    &openh264::OpenH264,
    &vpx_vp9::VpxVp9,
    &svt_av1::SvtAv1,
    &aom_av1::AomAv1,
    &mpeg4::Mpeg4,
    &xvid::Xvid,
    &ffv1::Ffv1,
];

fn defaults(kind: &dyn FfmpegEncoder) -> EncodeOptions {
    EncodeOptions::new(kind.info().codec, Rational::new(30, 1))
}

fn config(kind: &dyn FfmpegEncoder, options: &EncodeOptions, (width, height): (u32, u32)) -> EncoderConfig {
    let shape = VideoInfo { width, height, ..VideoInfo::UNKNOWN };
    ffmpeg::config(kind, &EncodeRequest::new(kind.info(), options, shape))
}

/// The options of an encoder for each profile it has, by default and with other settings.
fn configs(kind: &dyn FfmpegEncoder) -> Vec<String> {
    let info = kind.info();
    let mut lines = Vec::new();
    for (name, profile) in
        [("live", EncoderProfile::Live), ("quality", EncoderProfile::Quality), ("lossless", EncoderProfile::Lossless)]
    {
        let default = EncodeOptions { profile, threads: 2, ..defaults(kind) };
        let preset = info.presets.last().map(|preset| (*preset).to_owned());
        let chosen = EncodeOptions { preset, quality: Some(20.0), threads: 8, gop: Some(10), ..default.clone() };
        let bit_rate = EncodeOptions { bit_rate: Some(2_000_000), threads: 1, gop: Some(25), ..default.clone() };
        for (variation, options, (width, height)) in [
            ("default", &default, (64, 48)),
            ("default", &default, (1280, 720)),
            ("chosen", &chosen, (1280, 720)),
            ("bit rate", &bit_rate, (1280, 720)),
        ] {
            if info.check(options).is_err() {
                continue;
            }
            let config = config(kind, options, (width, height));
            let given = config.options.iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>();
            lines.push(format!(
                "{} {name} {variation} {width}x{height}: threads {} gop {} b-frames {:?} rate {:?} quantiser {:?}{given}",
                info.name, config.threads, config.gop, config.b_frames, config.bit_rate, config.quantiser
            ));
        }
    }
    lines
}

#[test]
fn each_encoder_is_opened_with_the_options_of_the_list() {
    let now = FFMPEG.iter().flat_map(|kind| configs(*kind)).collect::<Vec<_>>();
    assert_eq!(now, include_str!("tests.txt").lines().collect::<Vec<_>>());
}

#[test]
fn the_list_has_every_encoder_of_ffmpeg() {
    let all = ENCODERS.iter().map(|kind| kind.info().name).filter(|name| *name != "rav1e").collect::<Vec<_>>();
    assert_eq!(all, FFMPEG.iter().map(|kind| kind.info().name).collect::<Vec<_>>());
}

#[test]
fn a_raw_list_of_parameters_is_added_to_ours() {
    let last = |kind: &dyn FfmpegEncoder, raw: &[(&str, &str)]| {
        let raw = raw.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        config(kind, &EncodeOptions { raw, ..defaults(kind) }, (64, 64)).options.pop().unwrap().1
    };
    let ours = last(&kvazaar::Kvazaar, &[]);
    assert_eq!(last(&kvazaar::Kvazaar, &[("kvazaar-params", "sao=off")]), format!("{ours},sao=off"));
    let x265 = last(&x265::X265, &[("x265-params", "sao=0")]);
    assert_eq!(x265, "log-level=none:keyint=30:min-keyint=1:sao=0");
    assert_eq!(last(&x264::X264, &[("x264-params", "sync-lookahead=0")]), "sync-lookahead=0");
}

#[test]
fn kvazaar_has_b_frames_only_where_key_frames_fall_between_them() {
    let has = |profile, gop, text: &str| {
        let options = EncodeOptions { profile, gop, ..defaults(&kvazaar::Kvazaar) };
        config(&kvazaar::Kvazaar, &options, (64, 64)).options[0].1.contains(text)
    };
    assert!(has(EncoderProfile::Live, None, "period=30,gop=0,owf=0"));
    assert!(has(EncoderProfile::Quality, None, "period=144,gop=8"));
    assert!(has(EncoderProfile::Quality, Some(25), "period=24,gop=8"));
    assert!(has(EncoderProfile::Quality, Some(13), "period=13,gop=0"));
    assert!(has(EncoderProfile::Quality, Some(1), "period=1,gop=0"));
}
