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

  return {
    wait: async (timeoutMs) => {
      const status = check(await symbols.gg_context_wait(context, handles, WAIT_ROOM, count, timeoutMs), EMPTY);
      return status === STATUS.AGAIN ? "[]" : `[${handles.subarray(0, count[0])}]`;
    },
    wake: () => void symbols.gg_context_wake(context),
    openLater: async (options) => {
      const json = encode(options);
      const [ownHandle, ownError] = [new Uint32Array(1), new Uint8Array(ERROR_BYTES)];
      const { gg_open_later } = symbols;
      check(await gg_open_later(context, json, BigInt(json.length), ownHandle, ownError, ERROR_ROOM), ownError);
      return String(ownHandle[0]);
    },
    open: (options) => {
      const json = encode(options);
      check(symbols.gg_open(context, json, BigInt(json.length), handle, error, ERROR_ROOM), error);
      return handle[0] ?? 0;
    },
    command: (handle, command) => {
      const json = encode(command);
      const length = BigInt(json.length);
      return text.read((...out) => check(symbols.gg_command(handle, json, length, ...out, error, ERROR_ROOM), error));
    },
    commandLater: (handle, command) => {
      const json = encode(command);
      const length = BigInt(json.length);
      const ownError = new Uint8Array(ERROR_BYTES);
      return new TextBuffer().readLater(async (...out) =>
        check(await symbols.gg_command_later(handle, json, length, ...out, ownError, ERROR_ROOM), ownError)
      );
    },
    stats: (handle) => text.read((...out) => check(symbols.gg_stats(handle, ...out, error, ERROR_ROOM), error)),
    events: (handle) => text.read((...out) => check(symbols.gg_events(handle, ...out, error, ERROR_ROOM), error)),
    exchange: (tap, outcome, header, data) => {
      const [words, room] = [BigInt(header.length), BigInt(data.byteLength)];
      return check(symbols.gg_exchange(tap, outcome, header, words, data, room, error, ERROR_ROOM), error);
    },
    append: (target, policy, header, data) => {
      const [words, length] = [BigInt(header.length), BigInt(data.byteLength)];
      return check(symbols.gg_append(target, policy, header, words, data, length, error, ERROR_ROOM), error);
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
    close: (handle) => void check(symbols.gg_close(handle, error, ERROR_ROOM), error),
    release: (handle) => void check(symbols.gg_release(handle), EMPTY),
  };
}

const EMPTY = new Uint8Array(0);

/** The same array: frames never lie in shared memory, which native code must not get. */
function unshared<T extends Uint8Array | Float64Array>(array: T): T & { readonly buffer: ArrayBuffer } {
  return array as T & { readonly buffer: ArrayBuffer };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Where a call writes its text: the buffer, its room, and the length of the text. */
type TextOut = readonly [bytes: Uint8Array<ArrayBuffer>, room: bigint, length: Uint32Array<ArrayBuffer>];

/** Takes text from native code; repeats a call with more room where its text did not fit. */
class TextBuffer {
  #bytes = new Uint8Array(TEXT_BYTES);
  readonly #length = new Uint32Array(1);

  read(call: (...out: TextOut) => number): string {
    while (call(...this.#out()) === STATUS.MORE) this.#grow();
    return this.#value();
  }

  async readLater(call: (...out: TextOut) => Promise<number>): Promise<string> {
    while (await call(...this.#out()) === STATUS.MORE) this.#grow();
    return this.#value();
  }

  #out(): TextOut {
    return [this.#bytes, BigInt(this.#bytes.length), this.#length];
  }

  #grow(): void {
    this.#bytes = new Uint8Array(Math.max(this.#length[0] ?? 0, this.#bytes.length * 2));
  }

  #value(): string {
    return new TextDecoder().decode(this.#bytes.subarray(0, this.#length[0]));
  }
}

/** Returns the status, unless it is an error: then throws its record, as the library's contract has it. */
function check(status: number, error: Uint8Array): number {
  if (status >= 0) return status;
  throw new Error(errorRecord(error) ?? JSON.stringify(bareRecord(status)));
}

function errorRecord(error: Uint8Array): string | undefined {
  const length = error.length < 4 ? 0 : new DataView(error.buffer, error.byteOffset).getUint32(0, true);
  return length === 0 ? undefined : new TextDecoder().decode(error.subarray(4, 4 + length));
}

/** A record for a call without one: only the code is known. */
function bareRecord(status: number): ErrorRecord {
  const [code] = Object.entries(CODES).find(([, number]) => number === status) ?? ["internal"];
  return { code: code as ErrorCode, stage: "boundary", message: `The native library failed with status ${status}` };
}
