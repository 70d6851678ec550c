/** The Node addon itself, called as no program would: every misuse is an error and never a crash. */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { beforeEach, describe, it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Addon, Context } from "../../src/backend/node/addon.ts";
import { openAddon } from "../../src/backend/node/library.ts";
import {
  ABI_VERSION,
  COLOUR_SPACES,
  type Command,
  type ErrorCode,
  HEADER,
  type OpenOptions,
  type SourceInfo,
  STATUS,
} from "../../src/generated/contract.ts";
import { HEADER_LENGTH } from "../../src/frame/header.ts";
import { withFolder } from "../helpers/folder.ts";
import { HANG_MS } from "../helpers/hang.ts";
import { countFrames } from "../helpers/probe.ts";
import { filesIn } from "../helpers/process.ts";
import { onlyNode } from "../helpers/runtime.ts";

const PATTERN = { width: 64, height: 64, frames: 3, pacing: "asap" };
const TAP = opening("tap", { colour: "bgra" });

/** What is no number, or none that a handle can be. */
const NO_HANDLES: readonly unknown[] = [undefined, null, "1", "", true, {}, [], 1n, Symbol("1"), () => 1];
/** Numbers that are no handle. */
const STRANGE_NUMBERS = [-1, 0.5, 1e300, NaN, Infinity, -Infinity, 2 ** 32, 0x7fff_ffff];

/** What is no array of bytes in memory of its own, so that native code may not take it. */
const NO_BYTES: readonly unknown[] = [
  ...[undefined, null, 1, "bytes", {}, [1, 2, 3], new ArrayBuffer(8)],
  ...[new DataView(new ArrayBuffer(8)), new Int8Array(8), new Float64Array(8), new Uint8ClampedArray(8)],
  new Uint8Array(new SharedArrayBuffer(64 * 64 * 4)),
];

/** Options as JSON. */
function opening(kind: string, options: object): string {
  return JSON.stringify({ kind, options });
}

/** A context whose calls that take time are promises. */
class Caller {
  readonly context: Context;
  readonly #callers = new Map<number, (result: { readonly isDone: boolean; readonly json: string }) => void>();
  #last = 0;

  constructor(addon: Addon) {
    this.context = new addon.Context((call, isDone, json) => this.#callers.get(call)?.({ isDone, json }));
  }

  later(start: (call: number) => void): Promise<{ readonly isDone: boolean; readonly json: string }> {
    return new Promise((resolve) => {
      this.context.hold(true);
      this.#callers.set(++this.#last, (result) => {
        this.context.hold(false);
        resolve(result);
      });
      start(this.#last);
    });
  }

  /** The handle of what is opened. */
  async open(kind: OpenOptions["kind"], options: object): Promise<number> {
    const { isDone, json } = await this.later((call) => this.context.openLater(call, opening(kind, options)));
    assert.ok(isDone, json);
    return Number(json);
  }

  async wait(timeoutMs: number): Promise<number[]> {
    const { isDone, json } = await this.later((call) => this.context.wait(call, timeoutMs));
    assert.ok(isDone, json);
    return JSON.parse(json);
  }
}

/** Asserts that `call` throws a record of the library with this code. */
function assertCode(call: () => unknown, code: ErrorCode, says = /./): void {
  assert.throws(call, (error: Error) => {
    const record = JSON.parse(error.message);
    assert.equal(record.code, code, error.message);
    assert.match(record.message, says);
    return true;
  });
}

/** Functions of one handle. */
const OF_A_HANDLE = ["stats", "events", "close", "release"] as const;

/** Commands to a source. */
const TO_A_SOURCE: readonly Command[] = [
  { call: "source_info" },
  { call: "start" },
  { call: "attach", target: 1 },
  { call: "detach", target: 1 },
  { call: "crop", rect: { x: 0, y: 0, width: 1, height: 1 } },
];

describe("the Node addon", onlyNode("this side of the boundary is Node's"), () => {
  let addon: Addon;
  let caller: Caller;

  const command = (handle: number, command: Command): unknown =>
    JSON.parse(addon.command(handle, JSON.stringify(command)));

  beforeEach(async () => {
    addon = await openAddon();
    caller = new Caller(addon);
  });

  it("has the number that this source was written for", () => {
    assert.equal(addon.abiVersion(), ABI_VERSION);
  });

  it("is the same when it is loaded again, and so are its handles", async () => {
    const again = await openAddon();
    const handle = await caller.open("test_pattern", PATTERN);
    const asked = JSON.stringify({ call: "source_info" });
    assert.equal(again.command(handle, asked), addon.command(handle, asked));
    again.release(handle);
    assertCode(() => addon.command(handle, asked), "closed");
  });

  it("answers a stale, an invented and a repeated handle with a code", async () => {
    const handle = await caller.open("test_pattern", PATTERN);
    addon.release(handle);
    for (const stale of [handle, 0, 1, 0xffff_ffff, handle + 0x10000]) {
      for (const name of OF_A_HANDLE) assertCode(() => addon[name](stale), "closed");
      for (const given of TO_A_SOURCE) assertCode(() => command(stale, given), "closed");
      assertCode(() => addon.exchange(stale, 0, new Float64Array(HEADER_LENGTH), new Uint8Array(8)), "closed");
      assertCode(() => addon.append(stale, 0, new Float64Array(HEADER_LENGTH), new Uint8Array(8)), "closed");
    }
  });

  it("answers a handle of the wrong kind with a code", async () => {
    const source = await caller.open("test_pattern", PATTERN);
    const tap = caller.context.open(TAP);
    const [header, data] = [new Float64Array(HEADER_LENGTH), new Uint8Array(8)];
    assertCode(() => command(source, { call: "attach", target: source }), "invalid_argument", /it is no target/);
    assertCode(() => command(tap, { call: "attach", target: tap }), "invalid_argument");
    for (const given of TO_A_SOURCE.filter(({ call }) => call !== "attach")) {
      assertCode(() => command(tap, given), "invalid_argument", /it is no source/);
    }
    assertCode(() => command(source, { call: "target_info" }), "invalid_argument");
    assertCode(() => addon.exchange(source, 0, header, data), "invalid_argument");
    assertCode(() => addon.append(source, 0, header, data), "invalid_argument");
    for (const handle of [source, tap]) addon.release(handle);
  });

  it("refuses handles that are no numbers, and finds nothing under strange ones", () => {
    for (const name of OF_A_HANDLE) {
      const call = addon[name] as (handle: unknown) => unknown;
      for (const value of NO_HANDLES) assert.throws(() => call(value), Error, `${name}(${String(value)})`);
      for (const value of STRANGE_NUMBERS) assertCode(() => call(value), "closed");
      assert.throws(() => (call as () => unknown)(), Error, `${name}()`);
    }
    const strange = addon.command as (handle?: unknown, command?: unknown) => unknown;
    const start = JSON.stringify({ call: "start" });
    for (const value of NO_HANDLES) assert.throws(() => strange(value, start), Error, `command(${String(value)})`);
    for (const value of STRANGE_NUMBERS) assertCode(() => strange(value, start), "closed");
    for (const value of [undefined, null, 1, {}, [], new Uint8Array(8)]) assert.throws(() => strange(1, value), Error);
    assert.throws(() => strange(), Error);
  });

  it("refuses arrays of another type, shared ones and what is no array", () => {
    const tap = caller.context.open(TAP);
    const header = new Float64Array(HEADER_LENGTH);
    const bytes = new Uint8Array(64 * 64 * 4);
    const headers = [
      ...NO_BYTES.slice(0, -1).filter((one) => !(one instanceof Float64Array)),
      bytes,
      new Float32Array(32),
    ];
    const shared = new Float64Array(new SharedArrayBuffer(HEADER_LENGTH * 8));
    const { exchange, append, convert } = addon as unknown as Record<string, (...given: unknown[]) => unknown>;
    for (const value of NO_BYTES) {
      const what = Object.prototype.toString.call(value);
      assert.throws(() => exchange?.(tap, 0, header, value), Error, `exchange with ${what}`);
      assert.throws(() => append?.(tap, 0, header, value), Error, `append of ${what}`);
      assert.throws(() => convert?.(header, value, header, bytes), Error, `convert from ${what}`);
      assert.throws(() => convert?.(header, bytes, header, value), Error, `convert to ${what}`);
    }
    for (const value of [...headers, shared]) {
      const what = Object.prototype.toString.call(value);
      assert.throws(() => exchange?.(tap, 0, value, bytes), Error, `exchange with ${what} as header`);
      assert.throws(() => append?.(tap, 0, value, bytes), Error, `append with ${what} as header`);
      assert.throws(() => convert?.(value, bytes, header, bytes), Error, `convert with ${what} as header`);
      assert.throws(() => convert?.(header, bytes, value, bytes), Error, `convert with ${what} as header`);
    }
    addon.release(tap);
  });

  it("says what is wrong with arrays that are empty, detached or too short", async () => {
    const source = await caller.open("test_pattern", { ...PATTERN, colour: "bgra" });
    const tap = caller.context.open(TAP);
    command(source, { call: "attach", target: tap });
    command(source, { call: "start" });
    while (!(await caller.wait(HANG_MS)).includes(tap));
    const header = new Float64Array(HEADER_LENGTH);
    const detached = new Uint8Array(64 * 64 * 4);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    for (const none of [new Uint8Array(0), detached, new Uint8Array(64 * 64 * 4 - 1)]) {
      assert.equal(addon.exchange(tap, 0, header, none), STATUS.MORE);
      assertCode(() => addon.append(tap, 1, header, none), "invalid_argument");
    }
    const bytes = new Uint8Array(64 * 64 * 4);
    const gone = new Float64Array(HEADER_LENGTH);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    for (const none of [new Float64Array(0), gone, new Float64Array(1)]) {
      assertCode(() => addon.exchange(tap, 0, none, bytes), "invalid_argument");
      assertCode(() => addon.append(tap, 1, none, bytes), "invalid_argument");
      assertCode(() => addon.convert(none, bytes, none, bytes), "invalid_argument");
    }
    // Nothing of it has cost the frame.
    assert.equal(addon.exchange(tap, 0, header, bytes), STATUS.DONE);
    assert.equal(header[HEADER.sequence], 0);
    assert.ok(bytes.some((value) => value !== 0));
    for (const handle of [source, tap]) addon.release(handle);
  });

  it("refuses headers that describe no frame", () => {
    const bytes = new Uint8Array(16);
    const good = new Float64Array(HEADER_LENGTH);
    Object.assign(good, { [HEADER.colour]: COLOUR_SPACES.indexOf("bgra"), [HEADER.width]: 2, [HEADER.height]: 2 });
    Object.assign(good, {
      [HEADER.stereoCount]: 1,
      [HEADER.dataLength]: 16,
      [HEADER.timeBaseDen]: 1,
      [HEADER.matrix]: 2,
      [HEADER.pixelAspectDen]: 1,
    });
    addon.convert(good, bytes, good, new Uint8Array(16));
    const wrong: readonly [keyof typeof HEADER, readonly number[]][] = [
      ["colour", [-1, 99, NaN, 0.5]],
      ["width", [0, -2, NaN, Infinity, 1e9]],
      ["height", [0, -2, NaN, Infinity, 1e9]],
      ["stereoCount", [0, -1, NaN, 1e9]],
      ["pixelAspectNum", [-1, NaN, 0.5, 2 ** 31]],
      ["pixelAspectDen", [0, -1, NaN, 0.5, 2 ** 31]],
      ["rotation", [45, -90, 360, NaN]],
      ["flip", [-1, 2, NaN, 0.5]],
      ["fieldOrder", [-1, 99, NaN, 0.5]],
      ["durationUs", [-1, NaN, 0.5, Infinity]],
    ];
    for (const [name, values] of wrong) {
      for (const value of values) {
        const header = good.slice();
        header[HEADER[name]] = value;
        assertCode(() => addon.convert(header, bytes, good, new Uint8Array(16)), "invalid_argument");
        assertCode(() => addon.convert(good, bytes, header, new Uint8Array(16)), "invalid_argument");
      }
    }
  });

  it("names the field of options that it cannot take", async () => {
    for (
      const [kind, options, field] of [
        ["test_pattern", { ...PATTERN, nonsense: 1 }, "nonsense"],
        ["test_pattern", { ...PATTERN, width: 1 }, "width"],
        ["test_pattern", { ...PATTERN, frameRate: { num: 0, den: 1 } }, "frameRate"],
        ["file_reader", { path: "a\0b", colour: "i420" }, "path"],
        ["file_reader", { path: "x" }, "colour"],
      ] as const
    ) {
      const { isDone, json } = await caller.later((call) => caller.context.openLater(call, opening(kind, options)));
      assert.equal(isDone, false);
      const record = JSON.parse(json);
      assert.deepEqual([record.code, record.field], ["invalid_argument", field], json);
    }
    const wrong = [
      "",
      "{",
      "null",
      "[]",
      "\0",
      "\ud800",
      "{}",
      '{"kind":"other"}',
      '{"kind":"tap"}',
      opening("other", {}),
    ];
    for (const text of wrong) {
      const { isDone, json } = await caller.later((call) => caller.context.openLater(call, text));
      assert.deepEqual([isDone, JSON.parse(json).code], [false, "invalid_argument"], text);
      assertCode(() => caller.context.open(text), "invalid_argument");
      assertCode(() => addon.command(1, text), "invalid_argument");
    }
  });

  it("refuses arguments of other types in a context, and a context of something else", () => {
    const { context } = caller;
    const strange = context as unknown as Record<string, (...given: unknown[]) => unknown>;
    for (const value of NO_HANDLES.filter((one) => typeof one !== "string")) {
      assert.throws(() => strange.open?.(value), Error, String(value));
      assert.throws(() => strange.openLater?.(1, value), Error, String(value));
      assert.throws(() => strange.commandLater?.(1, 0, value), Error, String(value));
    }
    for (const value of NO_HANDLES) {
      assert.throws(() => strange.wait?.(value, 1), Error, String(value));
      assert.throws(() => strange.openLater?.(value, TAP), Error, String(value));
      assert.throws(() => strange.commandLater?.(value, 0, "{}"), Error, String(value));
      assert.throws(() => strange.commandLater?.(1, value, "{}"), Error, String(value));
    }
    for (const value of [undefined, null, 1, "x", {}, []]) {
      assert.throws(() => new addon.Context(value as never), Error, String(value));
    }
    assert.throws(() => (addon.Context as unknown as () => unknown)(), Error);
    assert.throws(() => context.open.call({} as Context, TAP), Error);
    assert.throws(() => context.open.call(undefined as never, TAP), Error);
  });

  it("has contexts that wait and wake each for itself", async () => {
    const other = new Caller(addon);
    const source = await caller.open("test_pattern", PATTERN);
    addon.close(source);
    assert.deepEqual(await caller.wait(HANG_MS), [source]);
    assert.deepEqual(JSON.parse(addon.events(source)), [{ type: "closed" }]);
    caller.context.wake();
    assert.deepEqual(await other.wait(1), []);
    // A wait that is over in time says the same, so the one in a context that nobody has woken must take longer.
    const [wait, otherWait] = [caller.wait(HANG_MS), other.wait(HANG_MS / 2)];
    assert.equal(await Promise.race([wait.then(() => "woken"), otherWait.then(() => "other")]), "woken");
    assert.deepEqual(await wait, []);
    other.context.wake();
    assert.deepEqual(await otherWait, []);
    addon.release(source);
  });

  it("refuses a second wait at once", async () => {
    const waiting = caller.wait(60_000);
    // The thread takes one order at a time and holds one more.
    assertCode(
      () => {
        for (let more = 0; more < 3; more++) caller.context.wait(1000 + more, 60_000);
      },
      "internal",
      /waits already/,
    );
    while (caller.context.wake(), await Promise.race([waiting, Promise.resolve()]) === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await waiting, []);
  });

  it("finishes a recording whose handle is released", () =>
    withFolder(async (folder) => {
      const path = join(folder, "out.mkv");
      const source = await caller.open("test_pattern", { ...PATTERN, frames: 0, pacing: "realtime" });
      const target = await caller.open("file_writer", { codec: "ffv1", path, frameRate: { num: 30, den: 1 } });
      command(source, { call: "attach", target });
      command(source, { call: "start" });
      while (JSON.parse(addon.stats(target)).frames.captured === 0) await after(1);
      addon.release(target);
      // The source lets go of a target that is closing, and says so.
      for (let events = ""; !events.includes("detached"); events += addon.events(source)) await caller.wait(HANG_MS);
      addon.release(source);
      while (filesIn(folder) > 0) await after(1);
      assert.ok(await countFrames(path) > 0, "nothing is in the file");
    }));

  it("works in workers at once, and outlives them", async () => {
    const module = new URL("../fixtures/addon_worker.ts", import.meta.url);
    await withFolder(async (folder) => {
      const paths = [0, 1, 2].map((number) => join(folder, `${number}.mkv`));
      const frames = await Promise.all(paths.map((workerData) =>
        new Promise((resolve, reject) => {
          new Worker(module, { workerData }).once("message", resolve).once("error", reject);
        })
      ));
      assert.deepEqual(frames, [9, 9, 9]);
      for (const path of paths) assert.equal(await countFrames(path), 9);
    });
    const source = await caller.open("test_pattern", PATTERN);
    assert.equal((command(source, { call: "source_info" }) as SourceInfo).width, 64);
    addon.release(source);
  });
});
