/** The C ABI itself, called as no program would: every misuse is a status and never a crash. */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { before, beforeEach, describe, it } from "node:test";
import { SYMBOLS } from "../../src/backend/deno/symbols.ts";
import { ABI_VERSION, CODES, STATUS } from "../../src/generated/contract.ts";
import { withFolder } from "../helpers/folder.ts";
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
  const open = async (options: object, kind: "gg_source_open" | "gg_target_open" = "gg_source_open") => {
    const [text, handle] = [new TextEncoder().encode(JSON.stringify(options)), new Uint32Array(1)];
    const status = await library[kind](context, text, BigInt(text.length), handle, error, ROOM);
    return { status, handle: handle[0] ?? 0 };
  };
  const pattern = { kind: "pattern", width: 64, height: 64, frames: 3, pacing: "asap" };

  before(() => {
    library = Deno.dlopen(LIBRARY, SYMBOLS).symbols;
  });

  // Events of an earlier test's objects are none of the next one's.
  beforeEach(() => {
    const out = new Uint32Array(1);
    assert.equal(library.gg_context_open(out, error, ROOM), STATUS.DONE);
    context = out[0] ?? 0;
  });

  it("has the number that this source was written for", () => {
    assert.equal(library.gg_abi_version(), ABI_VERSION);
  });

  it("answers a stale, an invented and a repeated handle with a code", async () => {
    const { handle } = await open(pattern);
    assert.equal(library.gg_release(handle), STATUS.DONE);
    for (const stale of [handle, 0, 1, 0xffff_ffff, handle + 0x10000]) {
      assert.equal(library.gg_release(stale), CODES.closed);
      assert.equal(library.gg_close(stale, error, ROOM), CODES.closed);
      assert.equal(library.gg_start(stale, error, ROOM), CODES.closed);
      assert.equal(json((...to) => library.gg_stats(stale, ...to, error, ROOM), 100).status, CODES.closed);
      assert.equal(record().code, "closed");
    }
  });

  it("answers a handle of the wrong kind with a code", async () => {
    const { handle } = await open(pattern);
    assert.equal(library.gg_attach(handle, handle, error, ROOM), CODES.invalid_argument);
    assert.match(record().message, /it is no target/);
    library.gg_release(handle);
  });

  it("tells a buffer that is too small what it needs, and loses no event by it", async () => {
    const { handle } = await open(pattern);
    assert.equal(library.gg_close(handle, error, ROOM), STATUS.DONE);
    const [handles, count] = [new Uint32Array(4), new Uint32Array(1)];
    assert.equal(await library.gg_context_wait(context, handles, 4n, count, 5000), STATUS.DONE);
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
      const [options, field] of [
        [{ ...pattern, nonsense: 1 }, "nonsense"],
        [{ ...pattern, width: 1 }, "width"],
        [{ ...pattern, frameRate: { num: 0, den: 1 } }, "frameRate"],
        [{ kind: "file", path: "a\0b", colour: "i420" }, "path"],
        [{ kind: "file", path: "x" }, "colour"],
      ] as const
    ) {
      const { status } = await open(options);
      assert.equal(status, CODES.invalid_argument, JSON.stringify(options));
      assert.equal(record().field, field);
    }
    assert.equal((await open({ kind: "other" })).status, CODES.invalid_argument);
    assert.equal(await library.gg_source_open(context, null, 0n, new Uint32Array(1), error, ROOM), -2);
    assert.equal(await library.gg_source_open(context, new Uint8Array([123]), 1n, null, error, ROOM), -2);
  });

  it("needs no error record and no output to stay whole", async () => {
    assert.equal(library.gg_close(0, null, 0n), CODES.closed);
    const { handle } = await open(pattern);
    assert.equal(library.gg_describe(handle, null, 0n, null, null, 0n), STATUS.MORE);
    assert.equal(library.gg_context_open(null, error, ROOM), CODES.invalid_argument);
    library.gg_release(handle);
  });

  it("remembers a wake that comes before the wait, and ends a wait in time", async () => {
    const [handles, count] = [new Uint32Array(4), new Uint32Array(1)];
    assert.equal(library.gg_context_wake(context), STATUS.DONE);
    assert.equal(await library.gg_context_wait(context, handles, 4n, count, 60_000), STATUS.AGAIN);
    assert.equal(await library.gg_context_wait(context, handles, 4n, count, 1), STATUS.AGAIN);
    assert.equal(await library.gg_context_wait(0, handles, 4n, count, 1), CODES.closed);
  });

  it("finishes a recording whose handle is given up", () =>
    withFolder(async (folder) => {
      const path = join(folder, "out.mkv");
      const source = await open({ ...pattern, frames: 0, pacing: "realtime" });
      const target = await open({ codec: "ffv1", path, frameRate: { num: 30, den: 1 } }, "gg_target_open");
      assert.equal(library.gg_attach(source.handle, target.handle, error, ROOM), STATUS.DONE);
      assert.equal(library.gg_start(source.handle, error, ROOM), STATUS.DONE);
      const [handles, count] = [new Uint32Array(4), new Uint32Array(1)];
      assert.equal(await library.gg_context_wait(context, handles, 4n, count, 5000), STATUS.DONE);
      assert.equal(library.gg_release(target.handle), STATUS.DONE);
      // The source lets go of a target that is closing, and says so.
      let events = "";
      while (!events.includes("detached")) {
        events += json((...to) => library.gg_events(source.handle, ...to, error, ROOM), 4096).text;
        if (!events.includes("detached")) {
          assert.equal(await library.gg_context_wait(context, handles, 4n, count, 5000), STATUS.DONE);
        }
      }
      library.gg_release(source.handle);
    }));
});
