use super::*;

const SPS: &[u8] = &[0x67, 66, 0, 10, 3];
const PPS: &[u8] = &[0x68, 0xce];

fn behind_start_codes(units: &[&[u8]]) -> Vec<u8> {
    units.iter().flat_map(|unit| [&[0, 0, 0, 1], *unit].concat()).collect()
}

fn behind_lengths(size: usize, units: &[&[u8]]) -> Vec<u8> {
    let length = |unit: &[u8]| (unit.len() as u64).to_be_bytes()[8 - size..].to_vec();
    units.iter().flat_map(|unit| [length(unit), unit.to_vec()].concat()).collect()
}

fn avc_record(size: u8) -> Vec<u8> {
    let head = [1, 66, 0, 10, 0xfc | (size - 1), 0xe1, 0, 5];
    [&head, SPS, &[1, 0, 2], PPS].concat()
}

#[test]
fn sets_are_found_in_front_of_the_picture_in_both_forms() {
    let idr: &[u8] = &[0x65, 0x88, 7];
    let units = [&[9, 0xf0], SPS, PPS, idr, SPS];
    let expected = behind_start_codes(&[SPS, PPS]);
    assert_eq!(sets_in("h264", Units::StartCodes, &behind_start_codes(&units)), expected);
    // Zeros behind a unit, and start codes of three bytes.
    let loose = [&[0, 0, 1][..], SPS, &[0, 0, 0, 0, 1], PPS, &[0, 0, 1], idr].concat();
    assert_eq!(sets_in("h264", Units::StartCodes, &loose), expected);
    for size in 1..=4 {
        assert_eq!(sets_in("h264", Units::Lengths(size), &behind_lengths(size, &units)), expected, "{size}");
    }
    let hevc: [&[u8]; 4] = [&[0x40, 1, 2], &[0x42, 1, 3], &[0x44, 1, 4], &[0x26, 1, 5]];
    let sets = sets_in("hevc", Units::StartCodes, &behind_start_codes(&hevc));
    assert_eq!(sets, behind_start_codes(&hevc[..3]));
    assert!(sets_in("h264", Units::StartCodes, &behind_start_codes(&[idr])).is_empty());
}

#[test]
fn the_record_of_an_mp4_tells_the_form_and_gives_its_sets() {
    for size in [1, 2, 4] {
        let record = avc_record(size);
        assert_eq!(units_of("h264", &record), Units::Lengths(size.into()));
        assert_eq!(sets_of_extradata("h264", &record), behind_lengths(size.into(), &[SPS, PPS]));
    }
    let plain = behind_start_codes(&[SPS, PPS]);
    assert_eq!((units_of("h264", &plain), sets_of_extradata("h264", &plain)), (Units::StartCodes, plain.clone()));
    let mut hevc = vec![0; 23];
    (hevc[0], hevc[21], hevc[22]) = (1, 3, 2);
    hevc.extend_from_slice(&[0xa1, 0, 1, 0, 2, 0x42, 1, 0x27, 0, 1, 0, 1, 9]);
    assert_eq!(units_of("hevc", &hevc), Units::Lengths(4));
    assert_eq!(sets_of_extradata("hevc", &hevc), behind_lengths(4, &[&[0x42, 1]]));
}

#[test]
fn a_b_slice_is_told_from_others() {
    // first_mb_in_slice 0 is "1", then slice_type: 5 is 00110, 6 is 00111, 7 is 0001000, 0 is "1" and 1 is 010.
    for (slice, is_b) in
        [(0b1001_1010_u8, false), (0b1001_1110, true), (0b1000_1000, false), (0b1100_0000, false), (0b1010_0000, true)]
    {
        let packet = behind_start_codes(&[&[9, 0xf0], &[0x41, slice, 0xff]]);
        assert_eq!(has_b_slice("h264", Units::StartCodes, &packet), is_b, "{slice:b}");
        assert!(!has_b_slice("hevc", Units::StartCodes, &packet));
    }
}

#[test]
fn a_jpeg_states_its_size_behind_other_segments() {
    let frame = [0xff, 0xc0, 0, 8, 8, 0, 64, 0, 96, 3];
    let jpeg = [&[0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xdb, 0, 3, 5], &frame[..], &[0xff, 0xda]].concat();
    assert_eq!(sets_in("mjpeg", Units::StartCodes, &jpeg), frame);
}

#[test]
fn damaged_packets_and_records_give_what_can_be_read() {
    let whole = behind_start_codes(&[SPS, PPS, &[0x65, 1, 2]]);
    let lengths = behind_lengths(4, &[SPS, PPS, &[0x65, 1, 2]]);
    let jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xc0, 0xff, 0xff, 1];
    for length in 0..=whole.len() {
        for (codec, bytes) in
            [("h264", &whole[..]), ("hevc", &whole), ("h264", &lengths), ("mjpeg", &jpeg), ("vp8", &jpeg)]
        {
            let bytes = &bytes[..length.min(bytes.len())];
            for units in [Units::StartCodes, Units::Lengths(1), Units::Lengths(3), Units::Lengths(4)] {
                let _ = (sets_in(codec, units, bytes), has_b_slice(codec, units, bytes));
            }
            let record = avc_record(4);
            let _ = sets_of_extradata(codec, &record[..length.min(record.len())]);
            let _ = sets_of_extradata("hevc", &record[..length.min(record.len())]);
        }
    }
    let huge = [0xff; 64];
    assert!(sets_in("h264", Units::Lengths(4), &huge).is_empty());
    assert!(!has_b_slice("h264", Units::StartCodes, &[0, 0, 1, 0x41, 0, 0, 0, 0, 0, 0]));
}

#[test]
fn a_packet_without_the_form_of_its_codec_is_not_whole() {
    let good = behind_start_codes(&[SPS, PPS]);
    let lengths = behind_lengths(4, &[SPS, PPS]);
    assert!(is_whole("h264", Units::StartCodes, &good) && is_whole("h264", Units::Lengths(4), &lengths));
    for bad in [&good[1..3], &good[4..], &[], &[0, 0, 1], &lengths[..]] {
        assert!(!is_whole("hevc", Units::StartCodes, bad), "{bad:?}");
    }
    assert!(!is_whole("h264", Units::Lengths(4), &lengths[..8]) && !is_whole("h264", Units::Lengths(4), &[]));
    assert!(is_whole("mjpeg", Units::StartCodes, &[0xff, 0xd8, 0xff]) && !is_whole("mjpeg", Units::StartCodes, &good));
}

#[test]
fn parameter_sets_alone_are_no_picture() {
    let sets = [&[9, 0xf0], SPS, PPS];
    let with_picture = [&sets[..], &[&[0x65, 0x88, 7]]].concat();
    for (units, write) in [(Units::StartCodes, 0), (Units::Lengths(4), 4)] {
        let bytes = |list: &[&[u8]]| if write == 0 { behind_start_codes(list) } else { behind_lengths(write, list) };
        assert!(!has_picture("h264", units, &bytes(&sets)) && has_picture("h264", units, &bytes(&with_picture)));
        // Behind much else, too.
        let long = [&[6, 5], &[7; 5000][..]].concat();
        let late: Vec<&[u8]> = [&[&long[..]], &with_picture[..]].concat();
        assert!(has_picture("h264", units, &bytes(&late)));
    }
    assert!(has_picture("mjpeg", Units::StartCodes, &[0xff, 0xd8]));
}
