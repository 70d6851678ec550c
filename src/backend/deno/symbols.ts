/**
 * The C functions as Deno declares them: scalars and buffers only, so that a path in `--allow-ffi` suffices.
 *
 * `scripts/check_symbols.ts` compares this table with the C header.
 *
 * @module
 */

/** The number of the ABI, which is asked for alone before all else. */
export const VERSION_SYMBOL = {
  gg_abi_version: { parameters: [], result: "u32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Every function of the library. */
export const SYMBOLS = {
  ...VERSION_SYMBOL,
  // Context out; error, its room.
  gg_context_open: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
  // Context; handles out, how many fit, count out; milliseconds.
  gg_context_wait: { parameters: ["u32", "buffer", "usize", "buffer", "u32"], result: "i32", nonblocking: true },
  // Context.
  gg_context_wake: { parameters: ["u32"], result: "i32" },
  // Context; JSON, length; handle out; error, its room.
  gg_open: { parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"], result: "i32" },
  gg_open_later: {
    name: "gg_open",
    parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // Handle; JSON, length; JSON out, its room, length out; error, its room.
  gg_command: {
    parameters: ["u32", "buffer", "usize", "buffer", "usize", "buffer", "buffer", "usize"],
    result: "i32",
  },
  gg_command_later: {
    name: "gg_command",
    parameters: ["u32", "buffer", "usize", "buffer", "usize", "buffer", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // Handle; JSON out, its room, length out; error, its room.
  gg_stats: { parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"], result: "i32" },
  gg_events: { parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"], result: "i32" },
  // Tap, outcome; header out, its length; data out, its room; error, its room.
  gg_exchange: {
    parameters: ["u32", "u32", "buffer", "usize", "buffer", "usize", "buffer", "usize"],
    result: "i32",
  },
  // Target, policy; header, its length; data, its length; error, its room.
  gg_append: { parameters: ["u32", "u32", "buffer", "usize", "buffer", "usize", "buffer", "usize"], result: "i32" },
  // Header, data, its length; header asked for, the length of both headers; data out, its room; error, its room.
  gg_convert: {
    parameters: ["buffer", "buffer", "usize", "buffer", "usize", "buffer", "usize", "buffer", "usize"],
    result: "i32",
  },
  // Handle; error, its room.
  gg_close: { parameters: ["u32", "buffer", "usize"], result: "i32" },
  // Handle.
  gg_release: { parameters: ["u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;
