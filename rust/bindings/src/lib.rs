//! The C ABI of `@giftgrab/core`: translation between scalars, buffers and JSON and the core. No decision is taken here.
//!
//! Every function returns a status: 0 done, 1 nothing yet, 2 the caller's buffer is too small, 3 nothing any more, below 0 an
//! error code.
//! Outputs are written only on success. `err` receives the length of a UTF-8 JSON text as 4 bytes, little endian, and
//! then the text: `{code, stage, message, field?, cause?}`. Any function may be called from any thread.

pub mod c_abi;
mod context;
pub mod frames;
mod handles;
mod record;
mod registry;
