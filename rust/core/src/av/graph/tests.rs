//! The results of graphs on a small picture, compared with the same operation done here.

use super::super::{ColourTags, FilterGraph, Picture, PixelFormat, VideoInfo};
use crate::{
    av::Description,
    base::time::Rational,
    filter::PicturesOnly,
    pixels::geometry::{FieldOrder, Geometry, Turn},
};

const TICK: Rational = Rational::new(1, 30);

fn description(text: &str) -> Description {
    Description::parse(text, &PicturesOnly).unwrap()
}

fn shape(format: PixelFormat, width: u32, height: u32) -> VideoInfo {
    VideoInfo { width, height, format, tags: ColourTags::UNKNOWN }
}

fn open(text: &str, shape: VideoInfo) -> FilterGraph {
    FilterGraph::open(&description(text), shape, TICK).unwrap()
}

/// A picture whose samples show their place and `seed`.
fn picture(shape: VideoInfo, seed: usize) -> Picture {
    let mut picture = Picture::alloc(shape.format, shape.width, shape.height).unwrap();
    picture.set_tags(shape.tags);
    picture.set_pts(seed as i64);
    let mut planes = picture.view_mut().unwrap().unwrap();
    for plane in 0..shape.format.layout().unwrap().planes() {
        for (y, row) in planes.rows_mut(plane).enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                *sample = (x * 7 + y * 13 + plane * 50 + seed * 3) as u8;
            }
        }
    }
    picture
}

fn rows(picture: &Picture, plane: usize) -> Vec<Vec<u8>> {
    picture.view().unwrap().rows(plane).map(<[u8]>::to_vec).collect()
}

/// Everything that comes out of one picture and the end.
fn filter(text: &str, input: &Picture) -> Vec<Picture> {
    let mut graph = open(text, VideoInfo::of(input));
    graph.send(Some(input)).unwrap();
    graph.send(None).unwrap();
    rest(&mut graph)
}

fn rest(graph: &mut FilterGraph) -> Vec<Picture> {
    let mut pictures = Vec::new();
    loop {
        match graph.receive() {
            Ok(picture) => pictures.push(picture),
            Err(error) => {
                assert!(error.is_end() || error.is_again(), "{error}");
                return pictures;
            }
        }
    }
}

#[test]
fn a_horizontal_flip_reverses_each_row() {
    let input = picture(shape(PixelFormat::YUV420P, 34, 18), 1);
    let output = filter("hflip", &input);
    assert_eq!(output.len(), 1);
    for plane in 0..3 {
        let reversed = rows(&input, plane).into_iter().map(|row| row.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(rows(&output[0], plane), reversed.collect::<Vec<_>>());
    }
}

#[test]
fn a_vertical_flip_has_rows_that_can_be_viewed() {
    for format in [PixelFormat::YUV420P, PixelFormat::BGRA, PixelFormat::UYVY422] {
        let input = picture(shape(format, 34, 18), 1);
        let output = filter("vflip", &input);
        assert_eq!(output[0].format(), format);
        let mut turned = rows(&input, 0);
        turned.reverse();
        assert_eq!(rows(&output[0], 0), turned);
    }
}

#[test]
fn a_crop_keeps_its_samples() {
    let input = picture(shape(PixelFormat::YUV420P, 34, 18), 1);
    let output = filter("crop=16:8:4:2", &input);
    let part = |plane: usize, half: usize| {
        let inside = rows(&input, plane).into_iter().skip(2 / half).take(8 / half);
        inside.map(|row| row[4 / half..20 / half].to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(rows(&output[0], 0), part(0, 1));
    assert_eq!(rows(&output[0], 1), part(1, 2));
}

#[test]
fn scaling_without_interpolation_repeats_pixels() {
    let input = picture(shape(PixelFormat::YUV420P, 8, 6), 1);
    let output = filter("scale=16:12:flags=neighbor", &input);
    assert_eq!(output[0].format(), PixelFormat::YUV420P);
    let doubled = rows(&input, 0).into_iter().flat_map(|row| {
        let row = row.into_iter().flat_map(|sample| [sample; 2]).collect::<Vec<_>>();
        [row.clone(), row]
    });
    assert_eq!(rows(&output[0], 0), doubled.collect::<Vec<_>>());
}

#[test]
fn labels_connect_what_they_name() {
    let input = picture(shape(PixelFormat::YUV420P, 16, 8), 1);
    let output = filter("[in]split[a][b];[b]hflip[c];[a][c]hstack[out]", &input);
    let beside = rows(&input, 0).into_iter().map(|row| {
        let turned = row.iter().rev().copied().collect::<Vec<_>>();
        [row, turned].concat()
    });
    assert_eq!(rows(&output[0], 0), beside.collect::<Vec<_>>());
    // A label may be used before it is defined, as in FFmpeg.
    assert_eq!(rows(&filter("[a]hflip[out];[in]null[a]", &input)[0], 0), rows(&filter("hflip", &input)[0], 0));
}

#[test]
fn the_input_is_not_changed() {
    let input = picture(shape(PixelFormat::YUV420P, 32, 16), 1);
    let before = rows(&input, 0);
    let output = filter("drawbox=c=white:t=fill,negate", &input);
    assert_ne!(rows(&output[0], 0), before);
    assert_eq!(rows(&input, 0), before);
}

#[test]
fn a_lower_rate_halves_the_pictures_and_has_its_own_time_base() {
    let shape = shape(PixelFormat::YUV420P, 16, 16);
    let mut graph = open("fps=15", shape);
    assert_eq!(graph.time_base(), Rational::new(1, 15));
    let mut times = Vec::new();
    for seed in 0..20 {
        graph.send(Some(&picture(shape, seed))).unwrap();
        times.extend(rest(&mut graph).iter().map(Picture::pts));
    }
    graph.send(None).unwrap();
    times.extend(rest(&mut graph).iter().map(Picture::pts));
    assert_eq!(times, (0..10).map(Some).collect::<Vec<_>>());
}

#[test]
fn pictures_that_a_filter_holds_come_at_the_end() {
    let shape = shape(PixelFormat::YUV420P, 16, 16);
    let mut graph = open("tile=2x2", shape);
    for seed in 0..3 {
        graph.send(Some(&picture(shape, seed))).unwrap();
        assert!(rest(&mut graph).is_empty());
    }
    graph.send(None).unwrap();
    let output = rest(&mut graph);
    assert_eq!(output.len(), 1);
    assert_eq!((output[0].width(), output[0].height()), (32, 32));
    assert_eq!(rows(&output[0], 0)[0][..16], rows(&picture(shape, 0), 0)[0]);
}

#[test]
fn marks_pass_through() {
    let shape = shape(PixelFormat::BGRA, 16, 16);
    for text in ["hflip", "eq=contrast=1.2", "scale=8:8", "split[a][b];[a][b]blend", "fps=60", "rotate=1", "gblur"] {
        let mut graph = open(text, shape);
        let mut input = picture(shape, 0);
        input.set_mark(77);
        graph.send(Some(&input)).unwrap();
        graph.send(None).unwrap();
        let output = rest(&mut graph);
        let marks = output.iter().map(Picture::mark).collect::<Vec<_>>();
        assert!(!marks.is_empty() && marks.iter().all(|mark| *mark == 77), "{text}: {marks:?}");
    }
}

#[test]
fn colours_keep_their_meaning_through_a_change_of_format() {
    // High and standard definition have different matrices where a picture names none.
    for (width, height) in [(64, 720), (64, 48)] {
        let mut input = Picture::alloc(PixelFormat::BGRA, width, height).unwrap();
        input.set_tags(ColourTags { range: 2, matrix: 0, ..ColourTags::UNKNOWN });
        for row in input.view_mut().unwrap().unwrap().rows_mut(0) {
            row.as_chunks_mut::<4>().0.fill([40, 90, 200, 255]);
        }
        let output = filter("format=yuv444p,null", &input).remove(0);
        let tags = output.tags();
        assert_eq!((output.format().name().as_str(), tags.range), ("yuv444p", 1));
        let to = VideoInfo::of(&output).converted(PixelFormat::BGRA, width, height);
        let back = crate::frame::converter::Converter::new(to).convert(&output).unwrap();
        for (sample, wanted) in rows(&back, 0)[5][20..24].iter().zip([40_u8, 90, 200, 255]) {
            assert!(sample.abs_diff(wanted) <= 3, "{height}: {:?} {tags:?}", &rows(&back, 0)[5][20..24]);
        }
    }
}

#[test]
fn packed_pixels_keep_their_order_through_a_filter_that_knows_only_planes() {
    for format in [PixelFormat::BGRA, PixelFormat::RGBA] {
        let output = filter("eq=contrast=1.2", &picture(shape(format, 16, 16), 0));
        assert_eq!(output[0].format(), format);
    }
}

#[test]
fn tags_survive_a_filter_that_forgets_them() {
    let geometry = Geometry {
        pixel_aspect: Rational::new(4, 3),
        orientation: Turn { quarters: 1, flip: true }.into(),
        is_in_place: true,
        field_order: FieldOrder::Tt,
    };
    let tags = ColourTags { range: 2, matrix: 9, primaries: 9, transfer: 14, geometry };
    for text in ["tmix=2", "hflip", "negate"] {
        let output = filter(text, &picture(VideoInfo { tags, ..shape(PixelFormat::YUV420P, 16, 16) }, 0));
        assert_eq!(output[0].tags(), tags, "{text}");
    }
    // The matrix that the height stands for is named, because a filter may change the height.
    let output = filter("scale=16:16", &picture(shape(PixelFormat::YUV420P, 16, 720), 0));
    assert_eq!(output[0].tags().matrix, 1);
}

fn refusal(text: &str) -> String {
    match Description::parse(text, &PicturesOnly) {
        Err(why) => why,
        Ok(description) => {
            let error = FilterGraph::check(&description).unwrap_err();
            let error =
                error.explain(crate::base::error::Code::InvalidArgument, crate::base::error::Stage::Options, "use it");
            format!("{} {}", error.message, error.cause.unwrap_or_default())
        }
    }
}

#[test]
fn what_cannot_be_a_filter_is_refused_with_its_reason() {
    for (text, why) in [
        ("nonsense=1", "has no filter \"nonsense\""),
        ("eq=nonsense=1", "no option \"nonsense\""),
        ("hflip=1", "no option for the value \"1\""),
        ("eq=contrast=wide:brightness=0", "Undefined constant or missing '(' in 'wide'"),
        ("crop=1:2:3:4:5:6:7:8:9", "no option for the value"),
        ("split", "2 free outputs"),
        ("hstack", "2 free inputs"),
        ("hflip;vflip", "2 free inputs"),
        ("[in]hflip[a];[a]vflip[b];[b]split[c][d]", "2 free outputs"),
        ("[a][b]hflip", "only 1 inputs"),
        ("hflip[a][b]", "only 1 outputs"),
        ("volume=2", "not known to compute on pictures only"),
        ("hflip@x=/enable=/etc/passwd", "no option"),
        ("scale=/w=/etc/passwd", "no option \"/w\""),
    ] {
        let error = refusal(text);
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn nothing_that_reaches_outside_the_pictures_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    let path = outside.to_str().unwrap();
    for text in [
        "movie=PATH[a];[in][a]overlay".to_owned(),
        "lut3d=PATH".to_owned(),
        "lut3d=file=PATH".to_owned(),
        "metadata=print:file=PATH".to_owned(),
        "hflip,metadata@x=mode=print:file='PATH'".to_owned(),
        "curves=psfile=PATH".to_owned(),
        "curves=plot=PATH".to_owned(),
        "curves=none:0/0:0/0:0/0:0/0:0/0:PATH".to_owned(),
        format!("deshake={}PATH", "8:".repeat(10)),
        "deshake=filename=PATH".to_owned(),
        "selectivecolor=psfile=PATH".to_owned(),
        "split[a][b];[a]palettegen[p];[b][p]paletteuse=debug_kdtree=PATH".to_owned(),
        "sendcmd=f=PATH".to_owned(),
        "zmq".to_owned(),
        "frei0r=PATH".to_owned(),
        "drawtext=textfile=PATH".to_owned(),
        "subtitles=PATH".to_owned(),
        "split,psnr=stats_file=PATH".to_owned(),
        "vidstabdetect=result=PATH".to_owned(),
        "hflip[x];amovie=PATH".to_owned(),
        "nnedi=weights=PATH".to_owned(),
        "'movie'=PATH,hflip".to_owned(),
        "mo\\vie=PATH".to_owned(),
    ] {
        let text = text.replace("PATH", path);
        let error = refusal(&text);
        assert!(error.contains("names a file") || error.contains("only compute on the pictures"), "{text}: {error}");
        assert!(!outside.exists(), "{text}");
    }
}

#[test]
fn a_graph_that_does_not_fit_the_frames_says_so() {
    let shape = shape(PixelFormat::YUV420P, 64, 48);
    let refused = |text: &str| {
        let error = FilterGraph::open(&description(text), shape, TICK).unwrap_err();
        error.explain(crate::base::error::Code::FilterFailed, crate::base::error::Stage::Filter, "filter frames")
    };
    let large = refused("crop=100:100");
    assert!(large.message.contains("64x48 in yuv420p"), "{large}");
    assert!(large.cause.as_deref().unwrap_or_default().contains("Invalid too big or non positive size"), "{large:?}");
    assert_eq!(refused("scale=16000:16000").code, crate::base::error::Code::LimitExceeded);
}

#[test]
fn every_allowed_filter_that_ffmpeg_has_starts_with_its_defaults_or_says_what_it_wants() {
    for name in crate::filter::allowed_filters() {
        if !FilterGraph::lacks(name)
            && let Err(error) = FilterGraph::check(&description(name))
        {
            let error =
                error.explain(crate::base::error::Code::InvalidArgument, crate::base::error::Stage::Options, "use it");
            assert!(!error.message.contains("linked"), "{name}: {error}");
        }
    }
}
