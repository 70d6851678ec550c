/**
 * The backend contract over the C ABI in Deno.
 *
 * @module
 */

import type { Backend } from "../contract.ts";
import { errorOf, type Side } from "../../errors.ts";
import { CODES, type ErrorCode, type ErrorRecord, STATUS } from "../../generated/contract.ts";
import { type Library, openLibrary } from "./library.ts";
import { requestPermission } from "./permissions.ts";

/** Room for an error record, as the C ABI has it. */
const ERROR_BYTES = 4096;
const ERROR_ROOM = BigInt(ERROR_BYTES);

/** Room for the first try of a text. */
const TEXT_BYTES = 65_536;

/** Handles that one wait can report. */
const WAIT_HANDLES = 256;
const WAIT_ROOM = BigInt(WAIT_HANDLES);

/** Opens the native library and a context in it. */
export async function openDenoBackend(): Promise<Backend> {
  const { symbols } = await openLibrary();
  const context = new Uint32Array(1);
  const error = new Uint8Array(ERROR_BYTES);
  check("library", symbols.gg_context_open(context, error, ERROR_ROOM), error);
  return backendOf(symbols, context[0] ?? 0);
}

function backendOf(symbols: Library["symbols"], context: number): Backend {
  // Synchronous calls share their buffers; a nonblocking call runs beside others and needs its own.
  const error = new Uint8Array(ERROR_BYTES);
  const text = new TextBuffer();
  const handles = new Uint32Array(WAIT_HANDLES);
  const count = new Uint32Array(1);
  const handle = new Uint32Array(1);

  type Read = "gg_describe" | "gg_stats" | "gg_events";
  const read = <T>(side: Side, name: Read, handle: number): T =>
    text.read((bytes, length) =>
      check(side, symbols[name](handle, bytes, BigInt(bytes.length), length, error, ERROR_ROOM), error)
    ) as T;

  type Open = "gg_source_open" | "gg_target_open" | "gg_filter_open";
  const open = async (side: Side, name: Open, options: object): Promise<number> => {
    const json = new TextEncoder().encode(JSON.stringify(options));
    const handle = new Uint32Array(1);
    const ownError = new Uint8Array(ERROR_BYTES);
    const status = await symbols[name](context, json, BigInt(json.length), handle, ownError, ERROR_ROOM);
    check(side, status, ownError);
    return handle[0] ?? 0;
  };

  return {
    wait: async (timeoutMs) => {
      const status = await symbols.gg_context_wait(context, handles, WAIT_ROOM, count, timeoutMs);
      if (status === STATUS.AGAIN) return [];
      check("library", status, EMPTY);
      return [...handles.subarray(0, count[0])];
    },
    wake: () => void symbols.gg_context_wake(context),
    capabilities: async () => {
      const own = new TextBuffer();
      const ownError = new Uint8Array(ERROR_BYTES);
      return await own.readLater(async (bytes, length) =>
        check(
          "library",
          await symbols.gg_capabilities(bytes, BigInt(bytes.length), length, ownError, ERROR_ROOM),
          ownError,
        )
      ) as Awaited<ReturnType<Backend["capabilities"]>>;
    },
    openSource: (options) => open("source", "gg_source_open", options),
    openTarget: (options) => open("target", "gg_target_open", options),
    sourceInfo: (source) => read("source", "gg_describe", source),
    targetInfo: (target) => read("target", "gg_describe", target),
    sourceStats: (source) => read("source", "gg_stats", source),
    targetStats: (target) => read("target", "gg_stats", target),
    events: (handle) => read("library", "gg_events", handle),
    openTap: (options) => {
      const json = new TextEncoder().encode(JSON.stringify(options));
      const status = symbols.gg_tap_open(context, json, BigInt(json.length), handle, error, ERROR_ROOM);
      check("observer", status, error);
      return handle[0] ?? 0;
    },
    filterStats: (filter) => read("observer", "gg_stats", filter),
    tapStats: (tap) => read("observer", "gg_stats", tap),
    exchange: (tap, outcome, header, data) => {
      const status = symbols.gg_tap_exchange(
        tap,
        outcome,
        header,
        BigInt(header.length),
        data,
        BigInt(data.byteLength),
        error,
        ERROR_ROOM,
      );
      return status < 0 ? check("observer", status, error) : status;
    },
    append: (target, mode, header, data) => {
      const status = symbols.gg_append(
        target,
        mode,
        header,
        BigInt(header.length),
        data,
        BigInt(data.byteLength),
        error,
        ERROR_ROOM,
      );
      return status < 0 ? check("target", status, error) : status;
    },
    convert: (headerIn, dataIn, headerOut, dataOut) => {
      const status = symbols.gg_convert(
        unshared(headerIn),
        unshared(dataIn),
        BigInt(dataIn.byteLength),
        unshared(headerOut),
        BigInt(headerIn.length),
        unshared(dataOut),
        BigInt(dataOut.byteLength),
        error,
        ERROR_ROOM,
      );
      check("library", status, error);
    },
    openFilter: (options) => open("observer", "gg_filter_open", options),
    crop: (source, x, y, width, height) => {
      check("source", symbols.gg_source_crop(source, x, y, width, height, error, ERROR_ROOM), error);
    },
    attach: (observable, target) => {
      check("observer", symbols.gg_attach(observable, target, error, ERROR_ROOM), error);
    },
    detach: (observable, target) => {
      check("observer", symbols.gg_detach(observable, target, error, ERROR_ROOM), error);
    },
    start: (observable) => {
      check("source", symbols.gg_start(observable, error, ERROR_ROOM), error);
    },
    closeSource: (source) => {
      check("source", symbols.gg_close(source, error, ERROR_ROOM), error);
    },
    closeTarget: (target) => {
      check("target", symbols.gg_close(target, error, ERROR_ROOM), error);
    },
    closeTap: (tap) => {
      check("observer", symbols.gg_close(tap, error, ERROR_ROOM), error);
    },
    closeFilter: (filter) => {
      check("observer", symbols.gg_close(filter, error, ERROR_ROOM), error);
    },
    release: (handle) => void symbols.gg_release(handle),
    requestRead: (path) => requestPermission("read", path),
    requestWrite: (path) => requestPermission("write", path),
  };
}

const EMPTY = new Uint8Array(0);

/** The same array: frames never lie in shared memory, which native code must not get. */
function unshared<T extends Uint8Array | Float64Array>(array: T): T & { readonly buffer: ArrayBuffer } {
  return array as T & { readonly buffer: ArrayBuffer };
}

/** Takes JSON from native code, with more room where it asks for it. */
class TextBuffer {
  #bytes = new Uint8Array(TEXT_BYTES);
  readonly #length = new Uint32Array(1);

  read(call: (bytes: Uint8Array<ArrayBuffer>, length: Uint32Array<ArrayBuffer>) => number): unknown {
    while (call(this.#bytes, this.#length) === STATUS.MORE) this.#grow();
    return this.#value();
  }

  async readLater(
    call: (bytes: Uint8Array<ArrayBuffer>, length: Uint32Array<ArrayBuffer>) => Promise<number>,
  ): Promise<unknown> {
    while (await call(this.#bytes, this.#length) === STATUS.MORE) this.#grow();
    return this.#value();
  }

  #grow(): void {
    this.#bytes = new Uint8Array(Math.max(this.#length[0] ?? 0, this.#bytes.length * 2));
  }

  #value(): unknown {
    return JSON.parse(new TextDecoder().decode(this.#bytes.subarray(0, this.#length[0])));
  }
}

/** The status, unless it is an error: then what its record tells is thrown. */
function check(side: Side, status: number, error: Uint8Array): number {
  if (status >= 0) return status;
  throw errorOf(side, errorRecord(error) ?? bareRecord(status));
}

function errorRecord(error: Uint8Array): ErrorRecord | undefined {
  if (error.length < 4) return undefined;
  const length = new DataView(error.buffer, error.byteOffset).getUint32(0, true);
  try {
    return JSON.parse(new TextDecoder().decode(error.subarray(4, 4 + length)));
  } catch {
    return undefined;
  }
}

/** What is known without a record: the code. */
function bareRecord(status: number): ErrorRecord {
  const [code] = Object.entries(CODES).find(([, number]) => number === status) ?? ["internal"];
  return { code: code as ErrorCode, stage: "boundary", message: `The native library failed with status ${status}` };
}
