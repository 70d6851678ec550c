//! Controls by name.

use std::collections::BTreeMap;

use super::{super::*, kernel::*, *};
use crate::sys::v4l2::{ControlQuery, Errno, Value};

fn control(id: u32, kind: u32, name: &str, (minimum, maximum, step): (i64, i64, u64), flags: u32) -> ControlQuery {
    ControlQuery { id, kind, name: bytes(name), minimum, maximum, step, flags, ..ControlQuery::default() }
}

fn camera(bus: &str) -> (Arc<TestNode>, DeviceOptions) {
    let node = webcam();
    node.change(|state| {
        state.controls = vec![
            (control(1, 6, "User Controls", (0, 0, 0), 0x44), Value::Number(0)),
            (control(2, 1, "Brightness", (-64, 64, 2), 0), Value::Number(0)),
            (control(3, 1, "Exposure Time, Absolute", (1, 5000, 1), 0), Value::Number(157)),
            (control(4, 3, "Auto Exposure", (0, 3, 1), 0), Value::Number(3)),
            (control(5, 2, "Power Line", (0, 1, 1), 0), Value::Number(1)),
            (control(6, 4, "Reset", (0, 0, 0), 0x40), Value::Number(0)),
            (control(7, 5, "Long", (0, i64::MAX, 1), 0), Value::LongNumber(1 << 40)),
            (control(8, 7, "Owner", (0, 8, 1), 0), Value::Text(b"me".to_vec())),
            (control(9, 1, "Temperature", (0, 100, 1), 0x84), Value::Number(41)),
            (control(10, 1, "Held", (0, 100, 1), 0x2), Value::Number(0)),
            (control(11, 1, "Off", (0, 100, 1), 0x1), Value::Number(0)),
        ];
        state.locks = vec![(3, 4)];
    });
    let options = options(&node, bus);
    (node, options)
}

fn number(value: i64) -> ControlValue {
    ControlValue::Number(value)
}

#[test]
fn all_controls_with_a_value_are_listed_and_what_cannot_be_read_is_not() {
    let (node, options) = camera("c1");
    let (_driver, _, controls) = open_one(&node, &options).unwrap();
    let list = controls.list().unwrap();
    let names: Vec<_> = list.iter().map(|control| control.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "brightness",
            "exposure_time_absolute",
            "auto_exposure",
            "power_line",
            "reset",
            "long",
            "owner",
            "temperature",
            "held"
        ]
    );
    let named = |name: &str| list.iter().find(|control| control.name == name).unwrap();
    assert_eq!(named("reset").value, None);
    assert_eq!(named("long").value, Some(number(1 << 40)));
    assert_eq!(named("owner").value, Some(ControlValue::Text("me".to_owned())));
    assert_eq!(named("power_line").value, Some(ControlValue::Switch(true)));
    assert!(
        named("exposure_time_absolute").is_inactive && named("temperature").is_read_only && named("held").is_grabbed
    );
    // The menu has holes.
    let items: Vec<_> = named("auto_exposure").items.iter().map(|item| item.value).collect();
    assert_eq!(items, [1, 3]);
    // Looking changes nothing.
    assert!(!node.log().iter().any(|line| line.starts_with("control")));
}

#[test]
fn what_cannot_be_set_is_refused_with_the_reason() {
    let (node, options) = camera("c2");
    let (_driver, _, controls) = open_one(&node, &options).unwrap();
    for (name, value, field, words) in [
        ("exposure_time_absolute", number(100), "name", "\"auto_exposure\" decides about it"),
        ("temperature", number(1), "name", "can only be read"),
        ("held", number(1), "name", "while the device streams"),
        ("off", number(1), "name", "Cannot find the control"),
        ("brightness", number(65), "value", "from -64 to 64 in steps of 2"),
        ("brightness", number(1), "value", "from -64 to 64 in steps of 2"),
        ("brightness", ControlValue::Text("1".to_owned()), "value", "must be a number"),
        ("auto_exposure", number(2), "value", "one of 1 (Item 1), 3 (Item 3)"),
        ("power_line", number(2), "value", "true or false"),
        ("owner", ControlValue::Text("a long name".to_owned()), "value", "0 to 8 bytes"),
        ("reset", ControlValue::Switch(false), "value", "which true presses"),
    ] {
        let error = controls.set(name, &value).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some(field)), "{name}");
        assert!(error.message.contains(words), "{name}: {error}");
    }
    assert!(!node.log().iter().any(|line| line.starts_with("control")), "each was refused before the kernel was asked");
    assert_eq!(controls.set("Brightness", &number(-8)).unwrap(), number(-8));
    assert_eq!(controls.get("brightness").unwrap(), number(-8));
    assert_eq!(controls.set("auto exposure", &ControlValue::Text("item 1".to_owned())).unwrap(), number(1));
    assert_eq!(controls.set("reset", &ControlValue::Switch(true)).unwrap(), ControlValue::Switch(true));
    assert!(controls.get("reset").is_err());
    assert_eq!(controls.set("long", &number(1 << 50)).unwrap(), number(1 << 50));
    node.change(|state| state.refused.extend([("set_control", Errno::NODEV)]));
    assert_eq!(controls.set("brightness", &number(0)).unwrap_err().code, Code::DeviceLost);
}

#[test]
fn automatic_modes_are_set_first_and_all_is_set_again_when_the_device_comes_back() {
    let (node, mut options) = camera("c3");
    // A menu whose first item is 0, so that the exposure is free.
    node.change(|state| state.controls[3].0.kind = 1);
    node.change(|state| state.controls[3].0.name = bytes("Auto Exposure"));
    options.controls = BTreeMap::from([
        ("brightness".to_owned(), number(10)),
        ("exposure_time_absolute".to_owned(), number(300)),
        ("auto_exposure".to_owned(), number(0)),
    ]);
    let (mut driver, _, controls) = open_one(&node, &options).unwrap();
    let set = |node: &Arc<TestNode>| {
        let log = node.log().into_iter().filter(|line| line.starts_with("control"));
        log.filter_map(|line| line.split(' ').nth(1)?.parse::<u32>().ok()).collect::<Vec<_>>()
    };
    let first = set(&node);
    assert!(first.contains(&2) && first.ends_with(&[3]), "{first:?}");
    controls.set("owner", &ControlValue::Text("you".to_owned())).unwrap();
    controls.set("reset", &ControlValue::Switch(true)).unwrap();
    set(&node);
    // Unplugged and plugged in again, with everything as it was at first.
    driver.close();
    assert_eq!(controls.get("brightness").unwrap_err().code, Code::DeviceLost);
    node.change(|state| state.controls[1].1 = Value::Number(0));
    streams::start(driver.as_mut()).unwrap();
    assert_eq!(controls.get("brightness").unwrap(), number(10));
    assert_eq!(controls.get("owner").unwrap(), ControlValue::Text("you".to_owned()));
    let again = set(&node);
    assert!(again.contains(&8) && !again.contains(&6), "a button is not pressed again: {again:?}");
}

#[test]
fn the_menu_or_switch_that_frees_another_control_goes_first() {
    let (node, mut options) = camera("c4");
    node.change(|state| {
        state.controls[3].0 = control(4, 2, "Exposure Auto", (0, 1, 1), 0);
        state.controls[3].1 = Value::Number(1);
    });
    options.controls = BTreeMap::from([
        ("exposure_time_absolute".to_owned(), number(300)),
        ("exposure_auto".to_owned(), ControlValue::Switch(false)),
    ]);
    let opened = open_one(&node, &options);
    assert!(opened.is_ok());
    let log = node.log();
    let set: Vec<_> = log.iter().filter(|line| line.starts_with("control")).collect();
    assert_eq!(set, ["control 4 Number(0)", "control 3 Number(300)"]);
    drop(opened);
    options.controls = BTreeMap::from([("focus".to_owned(), number(1))]);
    let error = refused(open_one(&node, &options));
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidArgument, Some("controls")));
}
