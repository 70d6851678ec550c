//! Values of controls.

use std::os::fd::BorrowedFd;

use rustix::io::Result;

use super::{
    calls,
    types::{ExtControl, ExtControls, Plain},
};

/// The form of a control's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueForm {
    Number,
    LongNumber,
    /// So many bytes, a zero at the end among them.
    Text(usize),
}

/// The value of a control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Number(i32),
    LongNumber(i64),
    Text(Vec<u8>),
}

/// Longest text of a control.
const MOST_BYTES: usize = 64 << 10;

fn with_control(
    fd: BorrowedFd<'_>,
    control: ExtControl,
    call: unsafe fn(BorrowedFd<'_>, &mut ExtControls) -> Result<()>,
) -> Result<ExtControl> {
    let mut control = control;
    let mut controls =
        ExtControls { count: 1, controls: (&raw mut control).expose_provenance() as u64, ..ExtControls::zeroed() };
    // SAFETY: the address is that of one control; a control with a size has, from the callers below, the address of so
    // many bytes, and the kernel takes none for an address otherwise.
    unsafe { call(fd, &mut controls) }?;
    Ok(control)
}

/// VIDIOC_G_EXT_CTRLS
pub(crate) fn control(fd: BorrowedFd<'_>, id: u32, form: ValueForm) -> Result<Value> {
    let control = ExtControl { id, ..ExtControl::zeroed() };
    match form {
        ValueForm::Number => {
            let [a, b, c, d, ..] = with_control(fd, control, calls::g_ext_ctrls)?.value;
            Ok(Value::Number(i32::from_ne_bytes([a, b, c, d])))
        }
        ValueForm::LongNumber => {
            let value = with_control(fd, control, calls::g_ext_ctrls)?.value;
            Ok(Value::LongNumber(i64::from_ne_bytes(value)))
        }
        ValueForm::Text(size) => {
            let mut bytes = vec![0; size.min(MOST_BYTES)];
            with_control(fd, of_bytes(id, &mut bytes), calls::g_ext_ctrls)?;
            let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            bytes.truncate(length);
            Ok(Value::Text(bytes))
        }
    }
}

/// VIDIOC_S_EXT_CTRLS
pub(crate) fn set_control(fd: BorrowedFd<'_>, id: u32, value: &Value) -> Result<()> {
    let mut control = ExtControl { id, ..ExtControl::zeroed() };
    let mut bytes;
    match value {
        Value::Number(number) => control.value[..4].copy_from_slice(&number.to_ne_bytes()),
        Value::LongNumber(number) => control.value = number.to_ne_bytes(),
        Value::Text(text) => {
            bytes = text.clone();
            bytes.push(0);
            control = of_bytes(id, &mut bytes);
        }
    }
    with_control(fd, control, calls::s_ext_ctrls).map(drop)
}

/// The control whose value is in these bytes, which outlive the call.
fn of_bytes(id: u32, bytes: &mut [u8]) -> ExtControl {
    let size = u32::try_from(bytes.len()).unwrap_or(0);
    let address = bytes.as_mut_ptr().expose_provenance() as u64;
    ExtControl { id, size, value: address.to_ne_bytes(), ..ExtControl::zeroed() }
}
