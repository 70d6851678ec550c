/** The C ABI itself, called as no program would: every misuse is a status and never a crash. */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { before, beforeEach, describe, it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { SYMBOLS } from "../../src/backend/deno/symbols.ts";
import { ABI_VERSION, CODES, STATUS } from "../../src/generated/contract.ts";
import { withFolder } from "../helpers/folder.ts";
import { HANG_MS } from "../helpers/hang.ts";
import { countFrames } from "../helpers/probe.ts";
import { filesIn } from "../helpers/process.ts";
import { onlyDeno } from "../helpers/runtime.ts";

const LIBRARY = join(import.meta.dirname ?? ".", "..", "..", "target", "release", "libgiftgrab.so");
const ROOM = 4096n;

type Call = (bytes: Uint8Array<ArrayBuffer>, room: bigint, length: Uint32Array<ArrayBuffer>) => number;

describe("the C ABI", onlyDeno("this side of the boundary is Deno's"), () => {
  let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  let context = 0;
  const error = new Uint8Array(Number(ROOM));
  const record = () => {
    const length = new DataView(error.buffer).getUint32(0, true);
    return JSON.parse(new TextDecoder().decode(error.subarray(4, 4 + length)));
  };
  const json = (call: Call, room: number) => {
    const [bytes, length] = [new Uint8Array(room), new Uint32Array(1)];
    const status = call(bytes, BigInt(room), length);
    return { status, needed: length[0] ?? 0, text: new TextDecoder().decode(bytes.subarray(0, length[0])) };
  };
  const encode = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const openContext = () => {
    const out = new Uint32Array(1);
    assert.equal(library.gg_context_open(out, error, ROOM), STATUS.DONE);
    return out[0] ?? 0;
  };
  const open = async (options: object, kind = "test_pattern") => {
    const [text, handle] = [encode({ kind, options }), new Uint32Array(1)];
    const status = await library.gg_open_later(context, text, BigInt(text.length), handle, error, ROOM);
    return { status, handle: handle[0] ?? 0 };
  };
  const command = (handle: number, command: object, room = Number(ROOM)) => {
    const text = encode(command);
    return json((...to) => library.gg_command(handle, text, BigInt(text.length), ...to, error, ROOM), room);
  };
  const pattern = { width: 64, height: 64, frames: 3, pacing: "asap" };

  before(() => {
    library = Deno.dlopen(LIBRARY, SYMBOLS).symbols;
  });

  // Events of an earlier test's objects are none of the next one's.
  beforeEach(() => {
    context = openContext();
  });

  it("has the number that this source was written for", () => {
    assert.equal(library.gg_abi_version(), ABI_VERSION);
  });

  it("answers a stale, an invented and a repeated handle with a code", async () => {
    const { handle } = await open(pattern);
    assert.equal(library.gg_release(handle), STATUS.DONE);
    // The last one has the index of the released handle, and a generation that no other test has come to.
    for (const stale of [handle, 0, 1, 0xffff_ffff, (handle ^ 0x8000_0000) >>> 0]) {
      assert.equal(library.gg_release(stale), CODES.closed);
      assert.equal(library.gg_close(stale, error, ROOM), CODES.closed);
      assert.equal(command(stale, { call: "start" }).status, CODES.closed);
      assert.equal(json((...to) => library.gg_stats(stale, ...to, error, ROOM), 100).status, CODES.closed);
      assert.equal(record().code, "closed");
    }
  });

  it("answers a handle of the wrong kind with a code", async () => {
    const { handle } = await open(pattern);
    assert.equal(command(handle, { call: "attach", target: handle }).status, CODES.invalid_argument);
    assert.match(record().message, /it is no target/);
    library.gg_release(handle);
  });

  it("returns the length that a buffer must have, and loses no event by it", async () => {
    const { handle } = await open(pattern);
    assert.equal(library.gg_close(handle, error, ROOM), STATUS.DONE);
    const [handles, count] = [new Uint32Array(4), new Uint32Array(1)];
    assert.equal(await library.gg_context_wait(context, handles, 4n, count, HANG_MS), STATUS.DONE);
    assert.deepEqual([...handles.subarray(0, count[0])], [handle]);
    const events: Call = (...to) => library.gg_events(handle, ...to, error, ROOM);
    const { status, needed } = json(events, 1);
    assert.equal(status, STATUS.MORE);
    assert.deepEqual(JSON.parse(json(events, needed).text), [{ type: "closed" }]);
    assert.equal(json(events, 10).text, "[]");
    library.gg_release(handle);
  });

  it("names the field of options that it cannot take", async () => {
    for (
      const [kind, options, field] of [
        ["test_pattern", { ...pattern, nonsense: 1 }, "nonsense"],
        ["test_pattern", { ...pattern, width: 1 }, "width"],
        ["test_pattern", { ...pattern, frameRate: { num: 0, den: 1 } }, "frameRate"],
        ["file_reader", { path: "a\0b", colour: "i420" }, "path"],
        ["file_reader", { path: "x" }, "colour"],
      ] as const
    ) {
      const { status } = await open(options, kind);
      assert.equal(status, CODES.invalid_argument, JSON.stringify(options));
      assert.equal(record().field, field);
    }
    assert.equal((await open({}, "other")).status, CODES.invalid_argument);
    assert.equal(library.gg_open(context, null, 0n, new Uint32Array(1), error, ROOM), CODES.invalid_argument);
    assert.equal(library.gg_open(context, new Uint8Array([123]), 1n, null, error, ROOM), CODES.invalid_argument);
  });

  it("names the field of a command that it cannot take", async () => {
    const { handle } = await open(pattern);
    for (
      const [given, field] of [
        [{ call: "attach" }, "target"],
        [{ call: "attach", target: 1, nonsense: 1 }, "nonsense"],
        [{ call: "crop", rect: { x: 0, y: 0, width: 1 } }, "height"],
        [{ call: "other" }, "command"],
        [{}, "call"],
      ] as const
    ) {
      assert.equal(command(handle, given).status, CODES.invalid_argument, JSON.stringify(given));
      assert.equal(record().field, field);
    }
    assert.equal(library.gg_command(handle, null, 0n, null, 0n, null, error, ROOM), CODES.invalid_argument);
    library.gg_release(handle);
  });

  it("replies to a command that asks, off this thread as well, and nothing to one that changes something", async () => {
    const { handle } = await open(pattern);
    const asked = { call: "source_info" };
    const { status, text } = command(handle, asked);
    assert.deepEqual([status, JSON.parse(text).width], [STATUS.DONE, 64]);
    assert.equal(command(handle, asked, 1).status, STATUS.MORE);
    assert.equal(command(handle, { call: "crop", rect: { x: 0, y: 0, width: 32, height: 32 } }).text, "null");
    const [later, bytes, length] = [encode(asked), new Uint8Array(Number(ROOM)), new Uint32Array(1)];
    assert.equal(
      await library.gg_command_later(handle, later, BigInt(later.length), bytes, ROOM, length, error, ROOM),
      STATUS.DONE,
    );
    assert.equal(new TextDecoder().decode(bytes.subarray(0, length[0])), text);
    library.gg_release(handle);
  });

  it("refuses numbers that stand for nothing", async () => {
    const { handle } = await open({}, "tap");
    const none = new Uint8Array(0);
    assert.equal(
      library.gg_exchange(handle, 3, new Float64Array(0), 0n, none, 0n, error, ROOM),
      CODES.invalid_argument,
    );
    assert.equal(record().field, "outcome");
    assert.equal(library.gg_append(handle, 2, new Float64Array(0), 0n, none, 0n, error, ROOM), CODES.invalid_argument);
    assert.equal(record().field, "policy");
    library.gg_release(handle);
  });

  it("needs no error record and no output to stay whole", async () => {
    assert.equal(library.gg_close(0, null, 0n), CODES.closed);
    const { handle } = await open(pattern);
    const asked = encode({ call: "source_info" });
    assert.equal(
      library.gg_command(handle, asked, BigInt(asked.length), null, 0n, null, null, 0n),
      STATUS.MORE,
    );
    assert.equal(library.gg_context_open(null, error, ROOM), CODES.invalid_argument);
    library.gg_release(handle);
  });

  it("remembers a wake that comes before the wait, and ends a wait in time", async () => {
    const [handles, count] = [new Uint32Array(4), new Uint32Array(1)];
    assert.equal(library.gg_context_wake(context), STATUS.DONE);
    // A wait that is over in time says the same, so the one in a context that nobody has woken must take longer.
    const other = openContext();
    const otherWait = library.gg_context_wait(other, new Uint32Array(4), 4n, new Uint32Array(1), HANG_MS / 2);
    const wait = library.gg_context_wait(context, handles, 4n, count, HANG_MS);
    assert.equal(await Promise.race([wait.then(() => "woken"), otherWait.then(() => "other")]), "woken");
    assert.equal(await wait, STATUS.AGAIN);
    assert.equal(library.gg_context_wake(other), STATUS.DONE);
    assert.equal(await otherWait, STATUS.AGAIN);
    assert.equal(await library.gg_context_wait(context, handles, 4n, count, 1), STATUS.AGAIN);
    assert.equal(await library.gg_context_wait(0, handles, 4n, count, 1), CODES.closed);
  });

  it("finishes a recording whose handle is released", () =>
    withFolder(async (folder) => {
      const path = join(folder, "out.mkv");
      const source = await open({ ...pattern, frames: 0, pacing: "realtime" });
      const target = await open({ codec: "ffv1", path, frameRate: { num: 30, den: 1 } }, "file_writer");
      assert.equal(command(source.handle, { call: "attach", target: target.handle }).status, STATUS.DONE);
      assert.equal(command(source.handle, { call: "start" }).status, STATUS.DONE);
      const [handles, count] = [new Uint32Array(4), new Uint32Array(1)];
      const stats = () => JSON.parse(json((...to) => library.gg_stats(target.handle, ...to, error, ROOM), 4096).text);
      while (stats().frames.captured === 0) await after(1);
      assert.equal(library.gg_release(target.handle), STATUS.DONE);
      // The source lets go of a target that is closing, and says so.
      let events = "";
      while (!events.includes("detached")) {
        events += json((...to) => library.gg_events(source.handle, ...to, error, ROOM), 4096).text;
        if (!events.includes("detached")) {
          assert.equal(await library.gg_context_wait(context, handles, 4n, count, HANG_MS), STATUS.DONE);
        }
      }
      library.gg_release(source.handle);
      while (filesIn(folder) > 0) await after(1);
      assert.ok(await countFrames(path) > 0, "nothing is in the file");
    }));
});
