//! What happens while a stream runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use giftgrab_core::pipeline::live::LiveState;

use super::{
    at_once, open, options,
    script::{IDR, PPS, SPS, framed, packet, reply, usual},
    server::{Request, send, serve},
};

/// The parameter sets and an IDR slice of a grey picture of 48x32 pixels.
const OTHER: [&str; 3] = ["6742c00ada35b011000003000100000300140f1226a0", "68ce0fc8", "6588843a26280c9c9d75d780"];

/// A server that sends 20 times a second what `send_next` says, after PLAY.
fn server(send_next: impl Fn(usize) -> Vec<Vec<u8>> + Send + Sync + 'static) -> String {
    let send_next = Arc::new(send_next);
    let place = serve(move |mut stream| {
        while let Some(request) = Request::read(&mut stream) {
            let _ = send(&mut stream, usual(&request).as_bytes());
            if request.method() == "PLAY" {
                let (mut stream, send_next) = (stream.try_clone().unwrap(), send_next.clone());
                thread::spawn(move || {
                    let bytes =
                        |number| send_next(number).iter().flat_map(|packet| framed(0, packet)).collect::<Vec<_>>();
                    for number in 0..200 {
                        if !send(&mut stream, &bytes(number)) {
                            return;
                        }
                        thread::sleep(Duration::from_millis(50));
                    }
                });
            }
        }
    });
    format!("rtsp://{place}/a")
}

#[test]
fn another_size_of_pictures_is_told_and_the_connection_goes_on() {
    let url = server(|number| {
        let units = if number < 15 { [SPS, PPS, IDR] } else { OTHER };
        let packet =
            |(index, unit): (usize, &&str)| packet((3 * number + index) as u16, number as u32 * 4500, index == 2, unit);
        units.iter().enumerate().map(packet).collect()
    });
    let mut open = open(&options(&url)).0.unwrap();
    let (frames, states) = open.frames(30, Duration::from_secs(3));
    assert_eq!((frames, states.len(), open.sizes.as_slice()), (30, 0, &[(48, 32)][..]), "{states:?}");
    let stats = open.stats();
    assert_eq!((stats.lost, stats.damaged, stats.starts), (0, 0, 2));
}

#[test]
fn slices_with_a_marker_each_and_messages_make_one_picture() {
    // The slice is that of a whole picture; so a second one with its number is a further part only by its first bit.
    let rest = "6548843a26280e";
    let url = server(move |number| {
        let ticks = number as u32 * 4500;
        let units = [SPS, PPS, "0605010480", IDR, rest];
        units
            .iter()
            .enumerate()
            .map(|(index, unit)| packet((5 * number + index) as u16, ticks, index >= 2, unit))
            .collect()
    });
    let mut open = open(&options(&url)).0.unwrap();
    let (frames, states) = open.frames(20, Duration::from_secs(3));
    assert_eq!((frames, states.len()), (20, 0), "{states:?}");
    let stats = open.stats();
    // The first picture was handed on before its second part came.
    assert!(stats.damaged <= 1 && stats.sequence_span <= 25, "{stats:?}");
}

#[test]
fn packets_of_noise_end_no_source() {
    let url = server(|number| {
        let first = 4 * number as u16;
        let ticks = number as u32 * 4500;
        // SplitMix64 would do; a step of 7919 is noise enough for headers.
        let noise: String =
            (0..20).map(|index| format!("{:02x}", (number * 7919 + index * 104_729) >> 3 & 255)).collect();
        let mut packets: Vec<_> = [SPS, PPS, IDR]
            .iter()
            .enumerate()
            .map(|(index, unit)| packet(first + index as u16, ticks, index == 2, unit))
            .collect();
        packets.push(packet(first + 3, ticks + 2000, number % 2 == 0, &noise));
        packets
    });
    let mut open = open(&options(&url)).0.unwrap();
    let (frames, states) = open.frames(30, Duration::from_secs(8));
    assert_eq!(frames, 30, "{states:?}");
}

#[test]
fn signs_of_life_are_sent_in_time_and_what_the_server_thinks_of_them_ends_nothing() {
    at_once(["501 Not Implemented", "400 Bad Request", "silence"], |answer| {
        let signs = Arc::new(AtomicUsize::new(0));
        let counted = signs.clone();
        let place = serve(move |mut stream| {
            while let Some(request) = Request::read(&mut stream) {
                let is_sign = ["OPTIONS", "GET_PARAMETER"].contains(&request.method());
                let text = if is_sign {
                    counted.fetch_add(1, SeqCst);
                    reply(&request, answer, "", "")
                } else {
                    usual(&request).replace("timeout=60", "timeout=2")
                };
                if !(is_sign && answer == "silence") {
                    let _ = send(&mut stream, text.as_bytes());
                }
                if request.method() == "PLAY" {
                    let mut other = stream.try_clone().unwrap();
                    thread::spawn(move || super::script::send_pictures(&mut other, 0, 200));
                }
            }
        });
        let mut open = open(&options(&format!("rtsp://{place}/a"))).0.unwrap();
        let (frames, states) = open.frames(70, Duration::from_secs(6));
        assert_eq!((frames, states.len()), (70, 0), "{answer}: {states:?}");
        assert!((2..=5).contains(&signs.load(SeqCst)), "{answer}: {}", signs.load(SeqCst));
        assert_eq!(open.stats().state, LiveState::Live);
    });
}
