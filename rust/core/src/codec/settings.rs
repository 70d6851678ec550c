//! What each encoder is told: the defaults of the profiles and the meaning of the options.

use super::{Codec, Container, EncoderInfo, frames_per_second};
use crate::{
    av::{EncoderConfig, VideoInfo},
    base::error::{Error, Result},
    record::options::{FileWriterOptions, Profile},
};

/// Checks the options that depend on the encoder.
pub(super) fn check(info: &EncoderInfo, options: &FileWriterOptions) -> Result<()> {
    let name = info.name;
    if let Some(preset) = &options.preset
        && !info.presets.contains(&preset.as_str())
    {
        let fix = if info.presets.is_empty() {
            "it has no presets".to_owned()
        } else {
            format!("it has {}", info.presets.join(", "))
        };
        return Err(Error::argument("preset", format!("Cannot use preset {preset:?} with {name}: {fix}")));
    }
    if let Some(quality) = options.quality {
        let why = match info.quality {
            None => Some("it has no constant quality; use bitRate".to_owned()),
            Some(_) if options.profile == Profile::Lossless => Some("the profile is lossless".to_owned()),
            Some(scale) if !(scale.min..=scale.max).contains(&quality) => {
                Some(format!("it must be {} to {}, lower is better", scale.min, scale.max))
            }
            Some(_) => None,
        };
        if let Some(why) = why {
            return Err(Error::argument("quality", format!("Cannot use quality {quality} with {name}: {why}")));
        }
    }
    if options.bit_rate.is_some() && (options.profile == Profile::Lossless || info.codec == Codec::Ffv1) {
        return Err(Error::argument("bitRate", format!("Cannot use bitRate with {name}: the recording is lossless")));
    }
    if options.profile == Profile::Lossless && info.lossless.is_empty() {
        return Err(Error::argument(
            "profile",
            format!(
                "Cannot use profile \"lossless\" with {name}: it has no lossless mode; use FFV1, H264, HEVC or VP9"
            ),
        ));
    }
    Ok(())
}

/// The tag that a container must carry for a codec, where FFmpeg's choice plays in fewer players.
pub(super) fn tag(codec: Codec, container: Container) -> Option<[u8; 4]> {
    match (codec, container) {
        // `hvc1`: parameter sets in the header, which Apple's players insist on.
        (Codec::Hevc, Container::Mp4 | Container::Mov) => Some(*b"hvc1"),
        (Codec::Xvid, Container::Avi) => Some(*b"XVID"),
        _ => None,
    }
}

/// Everything an encoder of FFmpeg is opened with.
pub(super) fn config(
    info: &EncoderInfo,
    options: &FileWriterOptions,
    shape: VideoInfo,
    global_header: bool,
) -> EncoderConfig {
    let live = options.profile == Profile::Live;
    let second = frames_per_second(options.frame_rate);
    let gop = match (info.codec, options.gop) {
        (Codec::Ffv1, None) => 1,
        (_, Some(gop)) => gop,
        (_, None) if live => second,
        (_, None) => second * 5,
    };
    let mut config = EncoderConfig {
        name: info.name.to_owned(),
        width: shape.width,
        height: shape.height,
        format: shape.format,
        frame_rate: options.frame_rate,
        tags: shape.tags,
        threads: options.threads,
        gop,
        b_frames: live.then_some(0),
        bit_rate: options.bit_rate,
        quantiser: None,
        global_header,
        options: Vec::new(),
    };
    let preset = options.preset.as_deref().unwrap_or(info.default_presets[usize::from(!live)]);
    let quality = match (options.bit_rate, options.profile) {
        (Some(_), _) | (_, Profile::Lossless) => None,
        (None, _) => info.quality.map(|scale| options.quality.unwrap_or(scale.default)),
    };
    let lossless = options.profile == Profile::Lossless;
    let mut set = |name: &str, value: &str| config.options.push((name.to_owned(), value.to_owned()));
    let crf = quality.map(|value| value.to_string());
    match info.name {
        "libx264" | "libx265" => {
            set("preset", preset);
            if live {
                set("tune", "zerolatency");
            }
            if let Some(crf) = &crf {
                set("crf", crf);
            }
            if info.name == "libx265" {
                // x265 would print to stderr; its own key-frame minimum would move key frames.
                let mut parameters = format!("log-level=none:keyint={gop}:min-keyint=1");
                parameters.push_str(if lossless { ":lossless=1" } else { "" });
                set("x265-params", &parameters);
            } else if lossless {
                set("qp", "0");
            }
        }
        "libkvazaar" => set("kvazaar-params", &kvazaar(options, preset, gop, quality, global_header)),
        "libopenh264" => {
            // Its threads share slices; it makes fewer of small pictures.
            config.threads = openh264_threads(options.threads);
            set("slices", &config.threads.to_string());
            set("profile", "high");
            set("allow_skip_frames", "0");
            match &quality {
                // Rate control that is left one quantiser: the library has no other door to it.
                Some(quantiser) => ["qmin", "qmax"].iter().for_each(|name| set(name, &quantiser.round().to_string())),
                None => set("rc_mode", "bitrate"),
            }
        }
        "libvpx-vp9" => {
            set("deadline", if live { "realtime" } else { "good" });
            set("cpu-used", preset);
            set("row-mt", "1");
            set("tile-columns", if shape.width >= 1024 { "2" } else { "0" });
            if live {
                set("lag-in-frames", "0");
                set("auto-alt-ref", "0");
            }
            if lossless {
                set("lossless", "1");
            }
            if let Some(crf) = &crf {
                set("crf", crf);
            }
        }
        "libsvtav1" => {
            set("preset", preset);
            if let Some(crf) = &crf {
                set("crf", crf);
            }
            if live {
                // Low delay: no reordering, so a frame is out before the next two come in; a bit rate must then be constant.
                let rate = if options.bit_rate.is_some() { ":rc=2" } else { "" };
                set("svtav1-params", &format!("pred-struct=1{rate}"));
            }
        }
        "libaom-av1" => {
            set("usage", if live { "realtime" } else { "good" });
            set("cpu-used", preset);
            set("row-mt", "1");
            if live {
                set("lag-in-frames", "0");
            }
            if let Some(crf) = &crf {
                set("crf", crf);
            }
        }
        "mpeg4" | "libxvid" => config.quantiser = quality,
        "ffv1" => {
            set("level", "3");
            set("slicecrc", "1");
            // Slices are what its threads share. Small frames cannot have many, odd sizes not every grid: there FFmpeg chooses.
            if shape.width.is_multiple_of(2) && shape.height.is_multiple_of(2) {
                set("slices", if shape.width < 64 || shape.height < 64 { "4" } else { "12" });
            }
        }
        _ => {}
    }
    // They come last and in their order: where an encoder refuses, the culprit is looked for among them.
    let raw = options.encoder_options.iter().map(|(name, value)| {
        let ours = config.options.iter().find(|(known, _)| known == name).zip(list_separator(name));
        (name.clone(), ours.map_or_else(|| value.clone(), |((_, ours), separator)| format!("{ours}{separator}{value}")))
    });
    let raw = raw.collect::<Vec<_>>();
    config.options.extend(raw);
    config
}

/// What divides the encoder's own options within a raw option that lists them; a later one wins.
fn list_separator(option: &str) -> Option<char> {
    match option {
        "x264-params" | "x265-params" | "svtav1-params" => Some(':'),
        "kvazaar-params" => Some(','),
        _ => None,
    }
}

/// The parameters of kvazaar.
fn kvazaar(options: &FileWriterOptions, preset: &str, gop: u32, quality: Option<f64>, global_header: bool) -> String {
    let live = options.profile == Profile::Live;
    // Its B-frames come in eights: a key frame, then so many of them. Its period does not count that key frame.
    let eights = !live && gop > 8 && (options.gop.is_none() || (gop - 1).is_multiple_of(8));
    let period = if eights { (gop - 1) / 8 * 8 } else { gop };
    // Before the preset, of which it would print to stderr; without the sums of pictures, which nobody checks.
    let mut parameters = format!(
        "enable-logging=0,preset={preset},hash=none,open-gop=0,period={period},gop={}",
        if eights { "8" } else { "0" }
    );
    if live {
        // Frames that overlap would be frames of delay.
        parameters.push_str(",owf=0");
    }
    if options.threads > 0 {
        parameters.push_str(&format!(",threads={}", options.threads));
    }
    if !global_header {
        parameters.push_str(",vps-period=1");
    }
    if let Some(quantiser) = quality {
        parameters.push_str(&format!(",qp={}", quantiser.round()));
    }
    if options.profile == Profile::Lossless {
        parameters.push_str(",lossless=1");
    }
    parameters
}

/// Threads of openh264, which takes at most four (MAX_THREADS_NUM in its wels_const.h).
fn openh264_threads(asked: u32) -> u32 {
    let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let wanted = if asked == 0 { u32::try_from(all()).unwrap_or(4) } else { asked };
    wanted.min(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encoders::{ENCODERS, RAV1E, encoder_info};

    const SHAPE: VideoInfo = VideoInfo { width: 64, height: 64, ..VideoInfo::UNKNOWN };

    fn parameters(encoder: &str, more: serde_json::Value) -> Vec<(String, String)> {
        let info = encoder_info(encoder).unwrap();
        let mut options = serde_json::json!({
            "codec": info.codec, "path": "a.mkv", "frameRate": { "num": 30, "den": 1 },
        });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let options = serde_json::from_value(options).unwrap();
        config(info, &options, SHAPE, true).options
    }

    /// Everything that each encoder of FFmpeg is opened with, for each profile it has, by default and with other options.
    fn all_configs() -> String {
        let variations = [
            ("default", (64, 48), serde_json::json!({})),
            ("default", (1280, 720), serde_json::json!({})),
            ("chosen", (1280, 720), serde_json::json!({ "quality": 20.0, "threads": 8, "gop": 10 })),
            ("bit rate", (1280, 720), serde_json::json!({ "bitRate": 2_000_000, "threads": 1, "gop": 25 })),
        ];
        let mut lines = String::new();
        for info in ENCODERS.iter().filter(|info| info.name != RAV1E) {
            for profile in ["live", "quality", "lossless"] {
                for (variation, (width, height), more) in &variations {
                    let mut options = serde_json::json!({
                        "codec": info.codec, "path": "a.mkv", "frameRate": { "num": 30, "den": 1 },
                        "profile": profile, "threads": 2,
                    });
                    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                    let mut options: FileWriterOptions = serde_json::from_value(options).unwrap();
                    if *variation == "chosen" {
                        options.preset = info.presets.last().map(|preset| (*preset).to_owned());
                    }
                    if check(info, &options).is_err() {
                        continue;
                    }
                    let shape = VideoInfo { width: *width, height: *height, ..SHAPE };
                    let config = config(info, &options, shape, true);
                    let given =
                        config.options.iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>();
                    lines += &format!(
                        "{} {profile} {variation} {width}x{height}: threads {} gop {} b-frames {:?} rate {:?} \
                         quantiser {:?}{given}\n",
                        info.name, config.threads, config.gop, config.b_frames, config.bit_rate, config.quantiser
                    );
                }
            }
        }
        lines
    }

    #[test]
    fn each_encoder_is_opened_with_the_same_options_as_ever() {
        let now = all_configs();
        assert_eq!(now.lines().collect::<Vec<_>>(), include_str!("settings.txt").lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_raw_list_of_parameters_is_added_to_ours() {
        let ours = parameters("libkvazaar", serde_json::json!({}));
        let raw = parameters("libkvazaar", serde_json::json!({ "encoderOptions": { "kvazaar-params": "sao=off" } }));
        assert_eq!(raw.last().unwrap().1, format!("{},sao=off", ours[0].1));
        let raw = parameters("libx265", serde_json::json!({ "encoderOptions": { "x265-params": "sao=0" } }));
        assert_eq!(raw.last().unwrap().1, "log-level=none:keyint=30:min-keyint=1:sao=0");
        let raw = parameters("libx264", serde_json::json!({ "encoderOptions": { "x264-params": "sync-lookahead=0" } }));
        assert_eq!(raw.last().unwrap().1, "sync-lookahead=0");
    }

    #[test]
    fn kvazaar_has_b_frames_only_where_key_frames_fall_between_them() {
        let has = |more, text: &str| parameters("libkvazaar", more)[0].1.contains(text);
        assert!(has(serde_json::json!({}), "period=30,gop=0,owf=0"));
        assert!(has(serde_json::json!({ "profile": "quality" }), "period=144,gop=8"));
        assert!(has(serde_json::json!({ "profile": "quality", "gop": 25 }), "period=24,gop=8"));
        assert!(has(serde_json::json!({ "profile": "quality", "gop": 13 }), "period=13,gop=0"));
        assert!(has(serde_json::json!({ "profile": "quality", "gop": 1 }), "period=1,gop=0"));
    }
}
