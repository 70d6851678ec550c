//! The values of controls: as programs have them, and as the kernel has them.

use serde::Serialize;

use super::{
    node::{Answer, Node},
    options::ControlValue,
    text::text,
};
use crate::sys::v4l2::{ControlQuery, Errno, Value, ValueForm};

/// Most items of a menu.
const MOST_ITEMS: i64 = 1000;

/// V4L2_CTRL_FLAG_WRITE_ONLY
const WRITE_ONLY: u32 = 0x40;

/// What a control is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ControlKind {
    /// A whole number.
    Number,
    /// On or off.
    Switch,
    /// One of several items.
    Menu,
    /// Something that happens when it is pressed.
    Button,
    /// A text.
    Text,
}

impl ControlKind {
    /// The kind of a V4L2_CTRL_TYPE_*, and the form of its value; `None` for what has no single value.
    pub(super) const fn of(kind: u32, elements: u32, maximum: i64) -> Option<(Self, ValueForm)> {
        if elements > 1 {
            return None;
        }
        Some(match kind {
            1 | 8 => (Self::Number, ValueForm::Number),
            2 => (Self::Switch, ValueForm::Number),
            3 | 9 => (Self::Menu, ValueForm::Number),
            4 => (Self::Button, ValueForm::Number),
            5 => (Self::Number, ValueForm::LongNumber),
            7 => (Self::Text, ValueForm::Text(if maximum < 0 { 1 } else { maximum as usize + 1 })),
            _ => return None,
        })
    }
}

/// An item of a menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ControlItem")]
pub struct MenuEntry {
    /// Its place, by which it is set.
    pub value: i64,
    /// Its text, by which it may be set too.
    pub name: String,
}

/// The value of a control.
pub(super) fn read(node: &dyn Node, control: &ControlQuery) -> Answer<ControlValue> {
    let Some((kind, form)) = ControlKind::of(control.kind, control.elements, control.maximum) else {
        return Err(Errno::INVAL);
    };
    if kind == ControlKind::Button || control.flags & WRITE_ONLY != 0 {
        return Err(Errno::ACCESS);
    }
    Ok(match node.control(control.id, form)? {
        Value::Number(number) if kind == ControlKind::Switch => ControlValue::Switch(number != 0),
        // Bits are no negative number.
        Value::Number(number) if control.kind == 8 => ControlValue::Number(i64::from(number.cast_unsigned())),
        Value::Number(number) => ControlValue::Number(i64::from(number)),
        Value::LongNumber(number) => ControlValue::Number(number),
        Value::Text(bytes) => ControlValue::Text(String::from_utf8_lossy(&bytes).into_owned()),
    })
}

/// The items of a menu.
pub(super) fn items(node: &dyn Node, control: &ControlQuery) -> Vec<MenuEntry> {
    if !matches!(control.kind, 3 | 9) {
        return Vec::new();
    }
    let places = control.minimum.max(0)..=control.maximum.min(control.minimum.max(0) + MOST_ITEMS);
    let item = |value: i64| {
        // Menus have holes.
        let item = node.menu_item(control.id, u32::try_from(value).ok()?).ok()?;
        let [a, b, c, d, e, f, g, h, ..] = item.name;
        let number = i64::from_ne_bytes([a, b, c, d, e, f, g, h]);
        Some(MenuEntry { value, name: if control.kind == 9 { number.to_string() } else { text(&item.name) } })
    };
    places.filter_map(item).collect()
}

/// A value as the kernel has it; the error says why there is none.
pub(super) fn raw_value(
    node: &dyn Node,
    control: &ControlQuery,
    value: &ControlValue,
) -> std::result::Result<Value, String> {
    let (kind, form) =
        ControlKind::of(control.kind, control.elements, control.maximum).ok_or("it has no single value")?;
    let is_inside = |number: i64| {
        let offset = i128::from(number) - i128::from(control.minimum);
        offset >= 0 && number <= control.maximum && offset % i128::from(control.step.max(1)) == 0
    };
    let number = match (kind, value) {
        (ControlKind::Button, ControlValue::Switch(true) | ControlValue::Number(_)) => 0,
        (ControlKind::Button, _) => return Err("it is a button, which true presses".to_owned()),
        (ControlKind::Switch, ControlValue::Switch(is_on)) => i64::from(*is_on),
        (ControlKind::Switch, ControlValue::Number(number @ 0..=1)) => *number,
        (ControlKind::Switch, _) => return Err("it must be true or false".to_owned()),
        (ControlKind::Menu, value) => menu_place(&items(node, control), value)?,
        (ControlKind::Number, ControlValue::Number(number)) if control.kind == 8 => {
            let limit = i64::from(u32::try_from(control.maximum).unwrap_or((control.maximum as i32).cast_unsigned()));
            if *number < 0 || number & !limit != 0 {
                return Err(format!("its bits must be among those of {limit}"));
            }
            *number
        }
        (ControlKind::Number, ControlValue::Number(number)) if is_inside(*number) => *number,
        (ControlKind::Number, _) => {
            let ControlQuery { minimum, maximum, step, .. } = control;
            return Err(format!("it must be a number from {minimum} to {maximum} in steps of {step}"));
        }
        (ControlKind::Text, ControlValue::Text(text)) if is_inside(i64::try_from(text.len()).unwrap_or(i64::MAX)) => {
            return Ok(Value::Text(text.clone().into_bytes()));
        }
        (ControlKind::Text, _) => {
            let ControlQuery { minimum, maximum, .. } = control;
            return Err(format!("it must be a text of {minimum} to {maximum} bytes"));
        }
    };
    if form == ValueForm::LongNumber {
        return Ok(Value::LongNumber(number));
    }
    let bits = u32::try_from(number).map(u32::cast_signed);
    i32::try_from(number).or(bits).map(Value::Number).map_err(|_| "it is too large".to_owned())
}

fn menu_place(items: &[MenuEntry], value: &ControlValue) -> std::result::Result<i64, String> {
    let found = items.iter().find(|item| match value {
        ControlValue::Number(number) => item.value == *number,
        ControlValue::Text(text) => item.name.eq_ignore_ascii_case(text.trim()),
        ControlValue::Switch(_) => false,
    });
    found.map(|item| item.value).ok_or_else(|| {
        let items: Vec<_> = items.iter().map(|item| format!("{} ({})", item.value, item.name)).collect();
        format!("it must be one of {}", items.join(", "))
    })
}
