//! The bindings of `@giftgrab/core`, a C ABI for Deno and an addon for Node: translation between the core and scalars,
//! buffers and JSON. No decision is taken here.

pub mod c_abi;
mod calls;
mod commands;
mod context;
mod guard;
mod handles;
mod node;
mod registry;
