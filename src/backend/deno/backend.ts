/**
 * The native library through the C ABI, in Deno.
 *
 * @module
 */

import { backendOf } from "../backend.ts";
import type { Backend } from "../contract.ts";
import { CODES, type ErrorCode, type ErrorRecord, STATUS } from "../../generated/contract.ts";
import type { Library } from "../library.ts";
import { openSymbols, type Symbols } from "./library.ts";
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
  const symbols = await openSymbols();
  const context = new Uint32Array(1);
  const error = new Uint8Array(ERROR_BYTES);
  check(symbols.gg_context_open(context, error, ERROR_ROOM), error);
  return backendOf(libraryOf(symbols, context[0] ?? 0), requestPermission);
}

function libraryOf(symbols: Symbols, context: number): Library {
  // Synchronous calls share their buffers; a nonblocking call runs beside others and needs its own.
  const error = new Uint8Array(ERROR_BYTES);
  const text = new TextBuffer();
  const handles = new Uint32Array(WAIT_HANDLES);
  const count = new Uint32Array(1);
  const handle = new Uint32Array(1);

  type Read = "gg_describe" | "gg_stats" | "gg_events";
  const read = (name: Read, handle: number): string =>
    text.read((bytes, length) =>
      check(symbols[name](handle, bytes, BigInt(bytes.length), length, error, ERROR_ROOM), error)
    );

  type Open = "gg_source_open" | "gg_target_open" | "gg_filter_open";
  const open = async (name: Open, options: string): Promise<string> => {
    const json = new TextEncoder().encode(options);
    const handle = new Uint32Array(1);
    const ownError = new Uint8Array(ERROR_BYTES);
    check(await symbols[name](context, json, BigInt(json.length), handle, ownError, ERROR_ROOM), ownError);
    return String(handle[0]);
  };

  return {
    wait: async (timeoutMs) => {
      const status = check(await symbols.gg_context_wait(context, handles, WAIT_ROOM, count, timeoutMs), EMPTY);
      return status === STATUS.AGAIN ? "[]" : `[${handles.subarray(0, count[0])}]`;
    },
    wake: () => void symbols.gg_context_wake(context),
    capabilities: () => {
      const ownError = new Uint8Array(ERROR_BYTES);
      return new TextBuffer().readLater(async (bytes, length) =>
        check(await symbols.gg_capabilities(bytes, BigInt(bytes.length), length, ownError, ERROR_ROOM), ownError)
      );
    },
    openSource: (options) => open("gg_source_open", options),
    openTarget: (options) => open("gg_target_open", options),
    openFilter: (options) => open("gg_filter_open", options),
    openTap: (options) => {
      const json = new TextEncoder().encode(options);
      check(symbols.gg_tap_open(context, json, BigInt(json.length), handle, error, ERROR_ROOM), error);
      return handle[0] ?? 0;
    },
    describe: (handle) => read("gg_describe", handle),
    stats: (handle) => read("gg_stats", handle),
    events: (handle) => read("gg_events", handle),
    exchange: (tap, outcome, header, data) => {
      const [words, room] = [BigInt(header.length), BigInt(data.byteLength)];
      return check(symbols.gg_tap_exchange(tap, outcome, header, words, data, room, error, ERROR_ROOM), error);
    },
    append: (target, mode, header, data) => {
      const [words, length] = [BigInt(header.length), BigInt(data.byteLength)];
      return check(symbols.gg_append(target, mode, header, words, data, length, error, ERROR_ROOM), error);
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
      check(status, error);
    },
    crop: (source, x, y, width, height) => {
      check(symbols.gg_source_crop(source, x, y, width, height, error, ERROR_ROOM), error);
    },
    attach: (observable, target) => void check(symbols.gg_attach(observable, target, error, ERROR_ROOM), error),
    detach: (observable, target) => void check(symbols.gg_detach(observable, target, error, ERROR_ROOM), error),
    start: (observable) => void check(symbols.gg_start(observable, error, ERROR_ROOM), error),
    close: (handle) => void check(symbols.gg_close(handle, error, ERROR_ROOM), error),
    release: (handle) => void check(symbols.gg_release(handle), EMPTY),
  };
}

const EMPTY = new Uint8Array(0);

/** The same array: frames never lie in shared memory, which native code must not get. */
function unshared<T extends Uint8Array | Float64Array>(array: T): T & { readonly buffer: ArrayBuffer } {
  return array as T & { readonly buffer: ArrayBuffer };
}

/** Takes text from native code, with more room where it asks for it. */
class TextBuffer {
  #bytes = new Uint8Array(TEXT_BYTES);
  readonly #length = new Uint32Array(1);

  read(call: (bytes: Uint8Array<ArrayBuffer>, length: Uint32Array<ArrayBuffer>) => number): string {
    while (call(this.#bytes, this.#length) === STATUS.MORE) this.#grow();
    return this.#value();
  }

  async readLater(
    call: (bytes: Uint8Array<ArrayBuffer>, length: Uint32Array<ArrayBuffer>) => Promise<number>,
  ): Promise<string> {
    while (await call(this.#bytes, this.#length) === STATUS.MORE) this.#grow();
    return this.#value();
  }

  #grow(): void {
    this.#bytes = new Uint8Array(Math.max(this.#length[0] ?? 0, this.#bytes.length * 2));
  }

  #value(): string {
    return new TextDecoder().decode(this.#bytes.subarray(0, this.#length[0]));
  }
}

/** The status, unless it is an error: then its record is thrown, as the library's contract has it. */
function check(status: number, error: Uint8Array): number {
  if (status >= 0) return status;
  throw new Error(errorRecord(error) ?? JSON.stringify(bareRecord(status)));
}

function errorRecord(error: Uint8Array): string | undefined {
  const length = error.length < 4 ? 0 : new DataView(error.buffer, error.byteOffset).getUint32(0, true);
  return length === 0 ? undefined : new TextDecoder().decode(error.subarray(4, 4 + length));
}

/** What is known without a record: the code. */
function bareRecord(status: number): ErrorRecord {
  const [code] = Object.entries(CODES).find(([, number]) => number === status) ?? ["internal"];
  return { code: code as ErrorCode, stage: "boundary", message: `The native library failed with status ${status}` };
}
