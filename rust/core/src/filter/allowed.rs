//! The filters of FFmpeg that may be used: those that only compute on their pictures.
//!
//! A runtime grants this library only the files that were asked for, so a description must not be a way around that.
//! Each filter was judged by its source; one that is not listed is refused.

use crate::av::{self, FfmpegVariant, FilterPolicy, how_to_switch};

/// Allowed filters that FFmpeg has only under the GPL (`…_filter_deps="gpl"` in its configure script).
const GPL: &[&str] = &[
    "boxblur",
    "colormatrix",
    "delogo",
    "eq",
    "fspp",
    "histeq",
    "hqdn3d",
    "interlace",
    "kerndeint",
    "mpdecimate",
    "owdenoise",
    "perspective",
    "phase",
    "pp7",
    "pullup",
    "repeatfields",
    "sab",
    "smartblur",
    "spp",
    "stereo3d",
    "super2xsai",
    "tinterlace",
    "vaguedenoiser",
];

/// Filters that compute on pictures, keep a bounded number of them and end with their input.
const ALLOWED: &[&str] = &[
    "alphaextract",
    "alphamerge",
    "amplify",
    "atadenoise",
    "avgblur",
    "backgroundkey",
    "bilateral",
    "bitplanenoise",
    "blend",
    "bm3d",
    "boxblur",
    "bwdif",
    "cas",
    "chromahold",
    "chromakey",
    "chromanr",
    "chromashift",
    "ciescope",
    "colorbalance",
    "colorchannelmixer",
    "colorcontrast",
    "colorcorrect",
    "colorhold",
    "colorize",
    "colorkey",
    "colorlevels",
    "colormap",
    "colormatrix",
    "colorspace",
    "colortemperature",
    "convolution",
    "convolve",
    "copy",
    "crop",
    "curves",
    "datascope",
    "dblur",
    "dctdnoiz",
    "deband",
    "deblock",
    "decimate",
    "deconvolve",
    "dedot",
    "deflate",
    "deflicker",
    "dejudder",
    "delogo",
    "deshake",
    "despill",
    "detelecine",
    "dilation",
    "displace",
    "doubleweave",
    "drawbox",
    "drawgrid",
    "edgedetect",
    "elbg",
    "epx",
    "eq",
    "erosion",
    "estdif",
    "exposure",
    "extractplanes",
    "fade",
    "fftdnoiz",
    "fftfilt",
    "field",
    "fieldmatch",
    "fieldorder",
    "fillborders",
    "floodfill",
    "format",
    "fps",
    "framepack",
    "framerate",
    "framestep",
    "fspp",
    "gblur",
    "geq",
    "gradfun",
    "grayworld",
    "greyedge",
    "guided",
    "haldclut",
    "hflip",
    "histeq",
    "histogram",
    "hqdn3d",
    "hqx",
    "hstack",
    "hsvhold",
    "hsvkey",
    "hue",
    "huesaturation",
    "hysteresis",
    "idet",
    "il",
    "inflate",
    "interlace",
    "kerndeint",
    "kirsch",
    "lagfun",
    "lenscorrection",
    "limitdiff",
    "limiter",
    "lumakey",
    "lut",
    "lut2",
    "lutrgb",
    "lutyuv",
    "maskedclamp",
    "maskedmax",
    "maskedmerge",
    "maskedmin",
    "maskedthreshold",
    "maskfun",
    "median",
    "mergeplanes",
    "midequalizer",
    "minterpolate",
    "mix",
    "monochrome",
    "morpho",
    "mpdecimate",
    "multiply",
    "negate",
    "nlmeans",
    "noformat",
    "noise",
    "normalize",
    "null",
    "oscilloscope",
    "overlay",
    "owdenoise",
    "pad",
    "palettegen",
    "paletteuse",
    "perspective",
    "phase",
    "photosensitivity",
    "pixelize",
    "pixscope",
    "pp",
    "pp7",
    "premultiply",
    "prewitt",
    "pseudocolor",
    "pullup",
    "random",
    "remap",
    "removegrain",
    "repeatfields",
    "rgbashift",
    "roberts",
    "rotate",
    "sab",
    "scale",
    "scale2ref",
    "scharr",
    "scroll",
    "select",
    "selectivecolor",
    "separatefields",
    "setdar",
    "setfield",
    "setparams",
    "setpts",
    "setrange",
    "setsar",
    "settb",
    "shear",
    "shuffleframes",
    "shufflepixels",
    "shuffleplanes",
    "smartblur",
    "sobel",
    "split",
    "spp",
    "stereo3d",
    "super2xsai",
    "swaprect",
    "swapuv",
    "tblend",
    "telecine",
    "thistogram",
    "threshold",
    "tile",
    "tiltandshift",
    "tinterlace",
    "tlut2",
    "tmedian",
    "tmidequalizer",
    "tmix",
    "tonemap",
    "transpose",
    "trim",
    "unpremultiply",
    "unsharp",
    "untile",
    "v360",
    "vaguedenoiser",
    "varblur",
    "vectorscope",
    "vflip",
    "vibrance",
    "vignette",
    "vstack",
    "w3fdif",
    "waveform",
    "weave",
    "xbr",
    "xfade",
    "xmedian",
    "xstack",
    "yadif",
    "yaepblur",
    "zoompan",
    "zscale",
];

/// Options of allowed filters that name a file.
const FILE_OPTIONS: &[(&str, &[&str])] = &[
    ("curves", &["psfile", "plot"]),
    ("deshake", &["filename"]),
    ("paletteuse", &["debug_kdtree"]),
    ("selectivecolor", &["psfile"]),
];

/// Why well-known filters are refused.
const REASONS: &[(&str, &[&str])] = &[
    (
        "reads files",
        &[
            "amovie",
            "ass",
            "cover_rect",
            "drawtext",
            "fieldhint",
            "find_rect",
            "lensfun",
            "lut1d",
            "lut3d",
            "movie",
            "nnedi",
            "removelogo",
            "sofalizer",
            "subtitles",
        ],
    ),
    (
        "writes files",
        &[
            "libvmaf",
            "metadata",
            "ametadata",
            "psnr",
            "signature",
            "ssim",
            "vidstabdetect",
            "vidstabtransform",
            "vmafmotion",
        ],
    ),
    (
        "loads programs or models",
        &["derain", "dnn_classify", "dnn_detect", "dnn_processing", "frei0r", "ladspa", "lv2", "ocv", "sr", "whisper"],
    ),
    ("takes commands from outside the graph", &["asendcmd", "azmq", "sendcmd", "zmq"]),
    ("may keep any number of frames", &["concat", "freezeframes", "interleave", "reverse", "thumbnail"]),
    ("may never end", &["feedback", "loop", "tpad"]),
    ("waits by itself", &["bench", "cue", "realtime"]),
];

/// The filters that a description may name, by FFmpeg's names. The linked FFmpeg may lack some of them.
#[must_use]
pub fn allowed_filters() -> &'static [&'static str] {
    ALLOWED
}

/// Allows filters that are known to compute on pictures only.
pub(crate) struct PicturesOnly;

impl FilterPolicy for PicturesOnly {
    fn check_filter(&self, name: &str) -> Result<(), String> {
        if ALLOWED.contains(&name) {
            return Ok(());
        }
        let why = match REASONS.iter().find(|(_, filters)| filters.contains(&name)) {
            Some((why, _)) => *why,
            None if av::FilterGraph::lacks(name) => return Err(self.lacking(name)),
            None => "is not known to compute on pictures only",
        };
        Err(format!(
            "the filter {name:?} {why}; allowed are filters that only compute on the pictures they get, such as crop, \
             scale and overlay"
        ))
    }

    fn names_a_file(&self, filter: &str, option: &str) -> bool {
        FILE_OPTIONS.iter().any(|(name, options)| *name == filter && options.contains(&option))
    }

    fn lacking(&self, name: &str) -> String {
        let switched = if GPL.contains(&name) { how_to_switch(FfmpegVariant::Gpl) } else { None };
        let fix = switched.map(|fix| format!("; {fix}")).unwrap_or_default();
        format!("the linked FFmpeg {} has no filter {name:?}{fix}", av::version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_without_doubles() {
        assert!(ALLOWED.is_sorted_by(|one, next| one < next));
        assert!(GPL.is_sorted_by(|one, next| one < next));
        assert!(GPL.iter().all(|name| ALLOWED.contains(name)));
        for (_, filters) in REASONS {
            assert!(filters.iter().all(|name| !ALLOWED.contains(name)));
        }
    }

    #[test]
    fn no_option_of_an_allowed_filter_names_a_file_unnoticed() {
        // A new release of FFmpeg may bring one: then it is to be listed above.
        let suspects =
            ["file", "path", "plugin", "model", "url", "device", "address", "port", "dump", "graph", "kdtree", "plot"];
        for filter in ALLOWED {
            for (option, help) in av::FilterGraph::text_options(filter) {
                let text = format!("{option} {help}").to_lowercase();
                let words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
                let is_suspect = words.iter().any(|word| suspects.iter().any(|suspect| word.contains(suspect)));
                assert!(!is_suspect || PicturesOnly.names_a_file(filter, &option), "{filter}: {option}: {help}");
            }
        }
    }
}
