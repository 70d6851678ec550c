//! Which device is meant, also when it comes back as another node.

use super::{
    super::{
        discover::{find, find_again},
        list::list,
        system::{AtPath, Entry, Linux, Usb},
        *,
    },
    kernel::*,
    *,
};
use crate::sys::v4l2::Errno;

fn usb_entry(number: u32, serial: Option<&str>) -> Entry {
    let usb = Usb {
        vendor: "046d".to_owned(),
        product: "0825".to_owned(),
        serial: serial.map(str::to_owned),
        speed: Some(480),
    };
    Entry { usb: Some(usb), ..entry(number) }
}

fn camera(card: &str, bus: &str) -> Arc<TestNode> {
    let node = webcam();
    node.change(|state| (state.capability.card, state.capability.bus_info) = (bytes(card), bytes(bus)));
    node
}

fn id(system: &Arc<dyn System>, wanted: &str) -> Result<String> {
    find(system, wanted).map(|device| format!("{} {}", device.id, device.entry.path.display()))
}

#[test]
fn a_device_is_found_by_id_path_serial_number_name_and_model() {
    let nodes = vec![
        (usb_entry(0, Some("ABC")), Ok(camera("HD Camera", "usb-1"))),
        (usb_entry(2, None), Ok(camera("Epiphan DVI2PCIe Duo", "usb-2"))),
        (entry(4), Ok(camera("Epiphan DVI2PCIe Duo", "usb-3"))),
    ];
    let system = TestSystem::of(nodes);
    for wanted in ["usb:046d:0825:ABC", "/dev/video0", "abc", "hd camera", "video0", " HD Camera "] {
        assert_eq!(id(&system, wanted).unwrap(), "usb:046d:0825:ABC /dev/video0", "{wanted}");
    }
    assert_eq!(id(&system, "DVI2PCIeDuo_DVI").unwrap(), "bus:usb-2 /dev/video2");
    assert_eq!(id(&system, "dvi2pcieduo_sdi").unwrap(), "bus:usb-3 /dev/video4");
    let error = id(&system, "Epiphan DVI2PCIe Duo").unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(error.message.contains("name one of \"bus:usb-2\", \"bus:usb-3\""), "{error}");
    let error = id(&system, "DeckLinkSDI4K").unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::DeviceNotFound, Some("device")));
    for (path, words) in [("/dev", "a folder"), ("/dev/video9", "nothing")] {
        let error = id(&system, path).unwrap_err();
        assert_eq!(error.code, Code::DeviceNotFound);
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn devices_of_one_serial_number_are_told_apart_by_where_they_are() {
    let nodes = vec![
        (usb_entry(0, Some("0001")), Ok(camera("Twin", "usb-1"))),
        (usb_entry(2, Some("0001")), Ok(camera("Twin", "usb-2"))),
    ];
    let system = TestSystem::of(nodes.clone());
    assert!(id(&system, "0001").is_err() && id(&system, "Twin").is_err());
    assert_eq!(id(&system, "usb:046d:0825:0001@usb-2").unwrap(), "usb:046d:0825:0001@usb-2 /dev/video2");
    let second = find(&system, "/dev/video2").unwrap().identity;
    // Both are plugged in again, in the other order.
    let mut swapped = nodes.clone();
    (swapped[0].0, swapped[1].0) = (nodes[1].0.clone(), nodes[0].0.clone());
    let again = find_again(&TestSystem::of(swapped), &second).unwrap();
    assert_eq!(again.entry.path.to_str(), Some("/dev/video0"));
    // Alone it is known by its number, also at another port.
    let moved = TestSystem::of(vec![(usb_entry(7, Some("0001")), Ok(camera("Twin", "usb-9")))]);
    assert_eq!(find_again(&moved, &second).unwrap().entry.path.to_str(), Some("/dev/video7"));
    assert!(find_again(&TestSystem::of(Vec::new()), &second).is_none());
}

#[test]
fn nodes_that_give_no_pictures_are_no_devices() {
    let with = |device_caps: u32| {
        let node = webcam();
        node.change(|state| state.capability.device_caps = device_caps);
        node
    };
    let nodes = vec![
        (usb_entry(0, Some("1")), Ok(webcam())),
        (usb_entry(1, Some("1")), Ok(with(0x04a0_0000))),
        (entry(2), Ok(with(0x0420_8000))),
        (entry(3), Ok(with(0x0420_0002))),
        (entry(4), Ok(with(0x0005_0000))),
        (entry(5), Err(Errno::ACCESS)),
        (entry(6), Err(Errno::IO)),
        (entry(7), Err(Errno::NOTTY)),
    ];
    let system = TestSystem::of(nodes);
    let found = list(&system);
    let paths: Vec<_> =
        found.iter().map(|device| (device.path.as_str(), device.problem.as_ref().map(|error| error.code))).collect();
    let expected =
        [("/dev/video0", None), ("/dev/video5", Some(Code::PermissionDenied)), ("/dev/video6", Some(Code::DeviceLost))];
    assert_eq!(paths, expected);
    assert_eq!((found[0].usb_speed, found[0].formats.len()), (Some(480), 2));
    assert_eq!(found[0].formats[1].sizes[1].rates.len(), 2);
    let error = id(&system, "/dev/video1").unwrap_err();
    assert_eq!(error.code, Code::DeviceNotFound);
    assert!(error.message.contains("no pictures; use \"/dev/video0\""), "{error}");
    assert!(id(&system, "/dev/video5").unwrap_err().message.contains("group \"video\""));
    assert!(id(&system, "nowhere").unwrap_err().message.contains("\"/dev/video5\""));
}

#[test]
fn a_device_is_used_once() {
    let node = webcam();
    let first = options(&node, "d-once");
    let opened = open_one(&node, &first).unwrap();
    let again = |colour, width| refused(open_one(&node, &DeviceOptions { colour, width, ..first.clone() })).code;
    assert_eq!(again(ColourSpace::I420, None), Code::DeviceBusy);
    assert_eq!(again(ColourSpace::Bgra, None), Code::DeviceAlreadyConnected);
    assert_eq!(again(ColourSpace::I420, Some(640)), Code::DeviceAlreadyConnected);
    drop(opened);
    assert!(open_one(&node, &first).is_ok());
}

#[test]
fn what_is_at_a_path_is_told_apart_on_this_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), "").unwrap();
    std::os::unix::fs::symlink("loop", path("loop")).unwrap();
    std::os::unix::fs::symlink("/dev/null", path("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    for (name, expected) in [
        ("file", AtPath::Other("a file")),
        ("", AtPath::Other("a folder")),
        ("link", AtPath::Other("a device of another kind")),
        ("socket", AtPath::Other("no device")),
        ("loop", AtPath::Nothing),
        ("missing", AtPath::Nothing),
    ] {
        assert_eq!(Linux.at(&path(name)), expected, "{name}");
    }
    // Whatever is there, it can be listed.
    assert!(list_devices().iter().all(|device| device.path.starts_with("/dev/video")));
}

#[test]
fn the_process_that_has_a_node_open_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let holders = Linux.holders(&file.path().canonicalize().unwrap());
    assert!(holders.iter().any(|holder| holder.pid == std::process::id() && !holder.name.is_empty()), "{holders:?}");
}

#[test]
fn options_have_their_defaults_and_are_refused_by_field() {
    let read = |json: &str| serde_json::from_str::<DeviceOptions>(json);
    let options = read(r#"{ "device": "/dev/video0", "colour": "i420" }"#).unwrap();
    let defaults = (options.open_timeout_ms, options.keep_open, options.frames_to_burn, options.max_pixels);
    assert_eq!(defaults, (5000, true, 0, 67_108_864));
    assert!(options.check().is_ok());
    let controls =
        read(r#"{ "device": "a", "colour": "i420", "controls": { "a": true, "b": -3, "c": "x" } }"#).unwrap().controls;
    let expected = [ControlValue::Switch(true), ControlValue::Number(-3), ControlValue::Text("x".to_owned())];
    assert!(controls.into_values().eq(expected));
    assert!(read(r#"{ "device": "a", "colour": "i420", "controls": { "a": 1.5 } }"#).is_err());
    for (field, wrong) in [
        ("device", DeviceOptions { device: " ".to_owned(), ..options.clone() }),
        ("device", DeviceOptions { device: "a\0b".to_owned(), ..options.clone() }),
        ("width", DeviceOptions { width: Some(0), ..options.clone() }),
        ("frameRate", DeviceOptions { frame_rate: Some(Rational::new(0, 1)), ..options.clone() }),
        ("pixelFormat", DeviceOptions { pixel_format: Some(String::new()), ..options.clone() }),
        ("input", DeviceOptions { input: Some(String::new()), ..options.clone() }),
        ("openTimeoutMs", DeviceOptions { open_timeout_ms: 1, ..options.clone() }),
        ("maxPixels", DeviceOptions { max_pixels: 0, ..options.clone() }),
    ] {
        let error = wrong.check().unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some(field)));
    }
}
