//! Sets the configuration of the crate by the interface of the linked FFmpeg.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(coded_side_data)");
    // From FFmpeg 6.1 on a stream's side data belongs to its codec parameters.
    if std::env::var_os("DEP_FFMPEG_FFMPEG_6_1").is_some() {
        println!("cargo::rustc-cfg=coded_side_data");
    }
}
