//! Sets the configuration of the crate by the interface of the linked FFmpeg.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(coded_side_data, frame_duration, supported_config, thread_safe_callbacks)");
    // From FFmpeg 6.1 on a stream's side data belongs to its codec parameters.
    if std::env::var_os("DEP_FFMPEG_FFMPEG_6_1").is_some() {
        println!("cargo::rustc-cfg=coded_side_data");
    }
    // From FFmpeg 7.1 on an encoder is asked for its pixel formats; some have no list of them any more.
    if std::env::var_os("DEP_FFMPEG_FFMPEG_7_1").is_some() {
        println!("cargo::rustc-cfg=supported_config");
    }
    // From FFmpeg 6.0 on a frame's duration is no longer called that of its packet.
    if std::env::var_os("DEP_FFMPEG_FFMPEG_6_0").is_some() {
        println!("cargo::rustc-cfg=frame_duration");
    } else {
        // Before, a decoder has a field that permits calls of its callbacks from any thread.
        println!("cargo::rustc-cfg=thread_safe_callbacks");
    }
}
