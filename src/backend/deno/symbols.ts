/**
 * The C functions as Deno must be told of them: scalars and buffers only, so that a path in `--allow-ffi` suffices.
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
  // JSON out, its room, length out; error, its room.
  gg_capabilities: { parameters: ["buffer", "usize", "buffer", "buffer", "usize"], result: "i32", nonblocking: true },
  // Context; JSON, length; handle out; error, its room.
  gg_source_open: {
    parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  gg_target_open: {
    parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // Handle; JSON out, its room, length out; error, its room.
  gg_describe: { parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"], result: "i32" },
  gg_stats: { parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"], result: "i32" },
  gg_events: { parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"], result: "i32" },
  // Context; JSON, length; handle out; error, its room.
  gg_tap_open: { parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"], result: "i32" },
  gg_filter_open: {
    parameters: ["u32", "buffer", "usize", "buffer", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // Tap, outcome; header out, its length; data out, its room; error, its room.
  gg_tap_exchange: {
    parameters: ["u32", "u32", "buffer", "usize", "buffer", "usize", "buffer", "usize"],
    result: "i32",
  },
  // Target, mode; header, its length; data, its length; error, its room.
  gg_append: { parameters: ["u32", "u32", "buffer", "usize", "buffer", "usize", "buffer", "usize"], result: "i32" },
  // Header, data, its length; header asked for, the length of both headers; data out, its room; error, its room.
  gg_convert: {
    parameters: ["buffer", "buffer", "usize", "buffer", "usize", "buffer", "usize", "buffer", "usize"],
    result: "i32",
  },
  // Source; x, y, width, height; error, its room.
  gg_source_crop: { parameters: ["u32", "u32", "u32", "u32", "u32", "buffer", "usize"], result: "i32" },
  // Source or filter, target; error, its room.
  gg_attach: { parameters: ["u32", "u32", "buffer", "usize"], result: "i32" },
  gg_detach: { parameters: ["u32", "u32", "buffer", "usize"], result: "i32" },
  // Handle; error, its room.
  gg_start: { parameters: ["u32", "buffer", "usize"], result: "i32" },
  gg_close: { parameters: ["u32", "buffer", "usize"], result: "i32" },
  // Handle.
  gg_release: { parameters: ["u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;
