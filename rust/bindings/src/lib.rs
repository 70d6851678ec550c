//! The bindings of `@giftgrab/core`, a C ABI for Deno and an addon for Node: translation between scalars, buffers and JSON
//! and the core. No decision is taken here.
//!
//! Every function of the C ABI returns a status: 0 done, 1 nothing yet, 2 the caller's buffer is too small, 3 nothing any more, below 0 an
//! error code.
//! Outputs are written only on success. `err` receives the length of a UTF-8 JSON text as 4 bytes, little endian, and
//! then the text: `{code, stage, message, field?, cause?}`. Any function may be called from any thread.

pub mod c_abi;
mod calls;
mod context;
pub mod frames;
mod handles;
mod node;
mod record;
mod registry;
