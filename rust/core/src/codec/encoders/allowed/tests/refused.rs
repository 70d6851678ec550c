//! What no encoder is given.

use super::{
    super::{super::ENCODERS, ParameterList, SWITCHES},
    lists, names, refusal,
};
use crate::codec::encoders::EncoderInfo;

/// Parameters that name a file, load something or determine what the recording does, by the option that lists them.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "x264-params",
        "stats cqmfile dump-yuv opencl opencl-clbin opencl-device zones pass qpfile crop-rect asm fps annexb \
         repeat-headers global-header force-cfr",
    ),
    (
        "x265-params",
        "analysis-load analysis-load-reuse-level analysis-reuse-file analysis-reuse-level analysis-save aom-film-grain \
         asm copy-pic csv csv-log-level dhdr10-info dolby-vision-profile dolby-vision-rpu field film-grain fps \
         frame-dup hme-search input-csp input-depth input-res interlace lambda-file masking-strength nalu-file \
         multi-pass-opt-analysis pass qpfile recon stats svt total-frames video-signal-type-preset zonefile zones",
    ),
    (
        "kvazaar-params",
        "cqmfile debug fast-coeff-table fastrd-accuracy-check fastrd-outdir fastrd-sampling height input input-bitdepth \
         input-format input-res key crypto output partial-coding preset roi stats-file-prefix width",
    ),
    (
        "svtav1-params",
        "asm color-format config errlog fgs-table fps-num height input-depth pass qpfile roi-map-file stat-file stats \
         use-q-file width",
    ),
    (
        "aom-params",
        "film-grain-table input-chroma-subsampling-x partition-info-path passes rate-distribution-info second-pass-log \
         two-pass-output vmaf-model-path",
    ),
];

/// Options that no encoder may be given.
const FORBIDDEN_OPTIONS: &str = "b stats passlogfile x265-stats rc_eq flags2 video_size pixel_format time_base \
    pass vstats_file fastfirstpass debug dump_separator codec_whitelist drop-threshold allow_skip_frames ts-parameters";

fn assert_refused(info: &EncoderInfo, name: &str, value: &str) {
    let error = refusal(info, name, value).unwrap_or_else(|| panic!("{} takes {name}={value:?}", info.name));
    assert_eq!(error.field.as_deref(), Some(format!("encoderOptions.{name}").as_str()), "{value:?}");
    let begin = format!("Cannot use encoder option {name:?} with {}: ", info.name);
    assert!(error.message.starts_with(&begin), "{}", error.message);
    assert!(!error.message.contains('\n'), "{}", error.message);
}

/// The same parameter as it might be written to come past a list of names.
fn spellings(name: &str, list: &ParameterList) -> Vec<String> {
    let divider = list.divider;
    let lead = list.parameters.names.split_ascii_whitespace().next().unwrap();
    let file = "/tmp/x";
    let underscores = name.replace('-', "_");
    let escaped = name.chars().map(|letter| format!("\\{letter}")).collect::<String>();
    let (first, rest) = name.split_at(1);
    let capitals = name.to_uppercase();
    let mut texts = vec![
        format!("{name}={file}"),
        format!("{underscores}={file}"),
        format!("{capitals}={file}"),
        format!("no-{name}=0"),
        format!("no{name}=0"),
        format!("no_{underscores}=0"),
        format!("--{name}={file}"),
        format!("  {name}  ={file}"),
        format!("\t{name}={file}"),
        format!("\n{name}={file}"),
        format!("'{name}'={file}"),
        format!("{first}'{rest}'={file}"),
        format!("{escaped}={file}"),
        format!("{name}='{file}'"),
        format!("{name}=\\{file}"),
        format!("{name}=={file}"),
        format!("{name}\\={file}=1"),
        format!("{name}="),
        name.to_owned(),
        format!("{name}={file}{divider}{name}=1"),
        format!("{name}=1{divider}{name}={file}"),
        format!("{divider}{name}={file}"),
        format!("{name}={file}{divider}"),
    ];
    for text in texts.clone() {
        texts.push(format!("{lead}=1{divider}{text}"));
        texts.push(format!("{text}{divider}{lead}=1"));
    }
    texts.push(format!("{lead}=1\\{divider}{name}={file}"));
    texts.push(format!("{lead}='1{divider}{name}={file}"));
    texts.push(format!("{lead}='1{divider}{name}={file}'"));
    texts.push(format!("{lead}=1\0{divider}{name}={file}"));
    texts
}

#[test]
fn a_parameter_that_names_a_file_is_refused_however_it_is_written() {
    for (info, list) in lists() {
        let listed = if list.option == "x264opts" { "x264-params" } else { list.option };
        let (_, forbidden) = FORBIDDEN.iter().find(|(option, _)| *option == listed).unwrap();
        for name in names(forbidden) {
            for text in spellings(name, list) {
                assert_refused(info, list.option, &text);
            }
        }
    }
}

#[test]
fn a_parameter_that_takes_a_word_or_a_file_takes_the_word() {
    for (info, list) in lists() {
        for (name, words) in list.parameters.words {
            for word in *words {
                assert!(refusal(info, list.option, &format!("{name}={word}")).is_none(), "{name}={word}");
            }
            let of_words = |text: &String| words.iter().any(|word| *text == format!("{name}={word}"));
            for text in spellings(name, list).iter().filter(|text| !of_words(text)) {
                assert_refused(info, list.option, text);
            }
            for word in *words {
                for text in [
                    format!("{name}={word}.txt"),
                    format!("{name}=={word}"),
                    format!("{name}={}", word.to_uppercase()),
                    format!("{name}={word}{}{name}=file", list.divider),
                    format!("no-{name}={word}"),
                    format!("no{name}={word}"),
                ] {
                    assert_refused(info, list.option, &text);
                }
            }
        }
    }
}

#[test]
fn a_parameter_is_taken_in_every_spelling_of_its_library() {
    let takes = |encoder: &str, option: &str, value: &str| {
        let kind = ENCODERS.iter().find(|kind| kind.info().name == encoder).unwrap();
        let refusal = refusal(kind.info(), option, value);
        assert!(refusal.is_none(), "{option}={value}: {refusal:?}");
    };
    for text in ["sao=0", "no-sao=1", "nosao=1", "aq_mode=2", "aq-mode='2'", " sao =0:keyint=30", "deblock=-1\\:-1", ""]
    {
        takes("libx265", "x265-params", text);
    }
    takes("libx265", "x265-params", "master-display=G(1,2)B(3,4)R(5,6)WP(7,8)L(9,10)");
    for text in ["no-cabac=1", "psy-rd=1.0\\:0.2", "weight_b=1", "non-deterministic=1"] {
        takes("libx264", "x264-params", text);
    }
    for text in ["no-cabac", "cabac=0:ref=2", "8x8dct:me=hex"] {
        takes("libx264", "x264opts", text);
    }
    for text in ["sao=off,rd=1", "no-wpp=1", "deblock=0:0"] {
        takes("libkvazaar", "kvazaar-params", text);
    }
    takes("libsvtav1", "svtav1-params", "tune=0:film-grain=8");
    takes("libaom-av1", "aom-params", "enable-cdef=0:tune=ssim");
}

#[test]
fn no_encoder_is_given_an_option_that_is_not_listed() {
    for kind in ENCODERS {
        for name in
            names(FORBIDDEN_OPTIONS).chain(["", " crf", "CRF", "crf ", "cr", "-crf", "crf\0", "warp", "X265-Params"])
        {
            assert_refused(kind.info(), name, "1");
        }
        for name in ["x265-params", "x264-params", "x264opts", "kvazaar-params", "svtav1-params", "aom-params"] {
            if kind.info().options.is_none_or(|allowed| allowed.list(name).is_none()) {
                assert_refused(kind.info(), name, "qp=30");
            }
        }
    }
}

#[test]
fn a_value_calls_no_function() {
    for kind in ENCODERS.iter().filter(|kind| kind.info().options.is_some()) {
        for value in ["while(1,1)", "1\0", "1\n", "a b", "'1'", "print(1)", "ä", "1;2", "%s"] {
            assert_refused(kind.info(), "g", value);
        }
        assert!(refusal(kind.info(), "g", "10").is_none());
        assert!(refusal(kind.info(), "aspect", "4:3").is_none());
    }
}

#[test]
fn flags_are_switched_by_name_and_start_no_pass() {
    for kind in ENCODERS.iter().filter(|kind| kind.info().options.is_some()) {
        for value in [
            "",
            "+",
            "-",
            "++",
            "pass1",
            "+pass1",
            "+pass2",
            "-global_header",
            "+mv4+pass1",
            "mv4",
            "cgop+mv4",
            "512",
            "+512",
            "+mv4+",
            "+ mv4",
            "+MV4",
            "all",
            "+all",
            "max",
            "+mv4|pass1",
            "+mv4,",
            "default",
            "+qscale",
            "0x200",
        ] {
            assert_refused(kind.info(), "flags", value);
        }
        for value in SWITCHES.iter().map(|word| format!("+{word}")).chain(["-loop+cgop".to_owned()]) {
            assert!(refusal(kind.info(), "flags", &value).is_none(), "{value}");
        }
    }
}
