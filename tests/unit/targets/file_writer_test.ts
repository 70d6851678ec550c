import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CloseOptions, VideoTargetError } from "../../../mod.ts";
import { deferred } from "../../../src/base/deferred.ts";
import { TARGET_STATS } from "../../helpers/fake_backend.ts";
import { fixture, settled } from "../../helpers/fixture.ts";

const diskFull = { code: "disk_full", stage: "storage", message: "Cannot write" } as const;

describe("closing a writer", () => {
  it("gives the report and frees the handle", async () => {
    const { backend, writer } = await fixture();
    const report = await writer.close();
    assert.equal(report.target.path, "a.mp4");
    assert.deepEqual(backend.calls, ["close 2", "release 2"]);
    assert.equal(backend.isParked, false);
  });

  it("closes twice as once", async () => {
    const { backend, writer } = await fixture();
    const first = writer.close();
    assert.equal(writer.close(), first);
    await first;
    assert.equal(writer.close(), first);
    assert.deepEqual(backend.calls, ["close 2", "release 2"]);
  });

  it("detaches first", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    await writer.close();
    assert.deepEqual(backend.calls.slice(2), ["detach 1 2", "close 2", "release 2"]);
  });

  it("closes even if the source cannot let go", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.refusals.set("detach", { code: "internal", stage: "hub", message: "Cannot detach" });
    await writer.close();
    assert(backend.calls.includes("close 2"));
  });

  it("rejects with a late error that has the report", async () => {
    const { backend, writer } = await fixture();
    backend.answers = false;
    const closed = writer.close();
    await settled();
    backend.emit(2, { type: "closed", report: backend.report(2), error: diskFull });
    await assert.rejects(closed, (error: unknown) => {
      assert(error instanceof VideoTargetError);
      assert.equal(error.code, "disk_full");
      assert.equal(error.report?.target.path, "a.mp4");
      return true;
    });
  });

  it("rejects with an error that came before, and fires its event", async () => {
    const { backend, source, writer } = await fixture();
    const seen: string[] = [];
    writer.addEventListener("error", (event) => seen.push(event.error.message));
    source.attach(writer);
    await settled();
    backend.emit(2, { type: "error", error: diskFull });
    await settled();
    assert.deepEqual(seen, ["Cannot write"]);
    await assert.rejects(writer.close(), { name: "VideoTargetError", code: "disk_full" });
  });

  it("rejects when native code refuses", async () => {
    const { backend, writer } = await fixture();
    backend.refusals.set("close", { code: "internal", stage: "boundary", message: "Cannot close" });
    await assert.rejects(writer.close(), { name: "VideoTargetError", code: "internal" });
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("reports after the fact that native code closed it", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.emit(2, { type: "closed", report: backend.report(2), error: diskFull });
    await settled();
    assert.throws(() => source.attach(writer), { code: "closed" });
    await assert.rejects(writer.close(), { code: "disk_full" });
    assert(!backend.calls.includes("close 2"));
  });

  it("ends its wait without progress, and goes on waiting when asked again", async () => {
    const { backend, writer } = await fixture();
    backend.answers = false;
    await assert.rejects(writer.close({ timeoutMs: 5 }), { name: "VideoTargetError", code: "timeout" });
    await settled();
    assert.equal(backend.isParked, false);
    const closed = writer.close();
    backend.emit(2, { type: "closed", report: backend.report(2) });
    assert.equal((await closed).exists, true);
    assert.deepEqual(backend.calls, ["close 2", "release 2"]);
  });

  it("waits as long as there is progress", async () => {
    const { backend, writer } = await fixture();
    backend.answers = false;
    let bytes = 0;
    const enough = deferred<void>();
    Object.defineProperty(backend, "targetStats", {
      get: () => {
        if (++bytes === 8) enough.resolve();
        return { ...TARGET_STATS, bytes };
      },
    });
    const closed = writer.close({ timeoutMs: 1 });
    await enough.promise;
    backend.emit(2, { type: "closed", report: backend.report(2) });
    await closed;
  });

  it("refuses a timeout that no timer takes", async () => {
    const { writer } = await fixture();
    for (const timeoutMs of [0, -1, Number.NaN, 2 ** 31]) {
      await assert.rejects(writer.close({ timeoutMs }), { name: "RangeError", field: "timeoutMs" });
    }
  });

  it("refuses options that it would overlook", async () => {
    const { writer } = await fixture();
    const wrong: readonly [unknown, string][] = [
      [{ timeout: 5 }, "timeout"],
      [{ timeoutMs: "5000" }, "timeoutMs"],
      [{ timeoutMs: [5] }, "timeoutMs"],
      [{ timeoutMs: true }, "timeoutMs"],
      [true, "options"],
      [5000, "options"],
      [[5], "options"],
      [null, "options"],
    ];
    for (const [options, field] of wrong) {
      await assert.rejects(writer.close(options as CloseOptions), { name: "TypeError", field });
    }
    await writer.close();
    await assert.rejects(writer.close(null as unknown as CloseOptions), { name: "TypeError", field: "options" });
  });

  it("refuses use after it", async () => {
    const { source, writer } = await fixture();
    const closed = writer.close();
    assert.throws(() => source.attach(writer), { name: "VideoTargetError", code: "closed" });
    await closed;
    assert.throws(() => writer.stats(), { name: "VideoTargetError", code: "closed" });
    assert.equal(writer.info.path, "a.mp4");
  });

  it("is requested by disposing, without an unhandled rejection", async () => {
    const { backend, source, writer, other } = await fixture();
    backend.refusals.set("close", { code: "internal", stage: "boundary", message: "Cannot close" });
    writer[Symbol.dispose]();
    source[Symbol.dispose]();
    await settled();
    backend.refusals.clear();
    await other[Symbol.asyncDispose]();
    assert.deepEqual(backend.calls.filter((call) => call.startsWith("close")), ["close 1", "close 2", "close 3"]);
  });
});

describe("the events of a writer", () => {
  it("carry their details", async () => {
    const { backend, source, writer } = await fixture();
    const seen: unknown[] = [];
    writer.addEventListener("overload", ({ stage, reason, frames }) => seen.push([stage, reason, frames]));
    writer.addEventListener("disklow", ({ freeBytes }) => seen.push(freeBytes));
    writer.addEventListener("warning", { handleEvent: ({ error }) => seen.push(error.message) });
    writer.addEventListener("closed", ({ report, error }) => seen.push([report?.target.path, error]));
    source.attach(writer);
    await settled();
    backend.emit(
      2,
      { type: "overload", stage: "encode", reason: "encoder_overload", frames: 7 },
      { type: "disklow", freeBytes: 5 },
      { type: "warning", error: { code: "io", stage: "storage", message: "slow" } },
    );
    await writer.close();
    assert.deepEqual(seen, [["encode", "encoder_overload", 7], 5, "slow", ["a.mp4", undefined]]);
  });
});
