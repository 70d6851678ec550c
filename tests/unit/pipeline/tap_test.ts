import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dataOf, give, headerOf, numbers, until } from "../../helpers/fake_frames.ts";
import { fixture, settled } from "../../helpers/fixture.ts";
import { assertConserved, assertLedger } from "../../helpers/ledger.ts";

describe("a tap", () => {
  it("reports the outcome of each frame before it takes the next", async () => {
    const { backend, source } = await fixture();
    const fails = new Set([1, 2, 4]);
    let calls = 0;
    const observer = (): unknown => {
      const { written, failed } = source.observerStats(observer).frames;
      assert.equal(written + failed, calls);
      const isWrong = fails.has(calls++);
      if (isWrong && calls % 2 === 0) throw new Error("on purpose");
      return isWrong ? Promise.reject(new Error("on purpose")) : undefined;
    };
    source.attach(observer);
    await settled();
    give(backend, 1, ...numbers(6));
    await until(() => calls === 6);
    await settled();
    assert.deepEqual(backend.everyTap[0]?.outcomes, [1, 2, 2, 1, 2, 1]);
    assertLedger(source.observerStats(observer).frames);
  });

  it("counts what is on its way, and at the end leaves nothing uncounted", async () => {
    const { backend, source } = await fixture();
    const hanging = (): Promise<void> => new Promise(() => {});
    source.attach(hanging);
    await settled();
    give(backend, 1, 0, 1, 2);
    await until(() => backend.everyTap[0]?.stats().queue === 2);
    const before = source.observerStats(hanging);
    assertConserved(before.frames);
    assert.deepEqual([before.frames.inFlight, before.queue], [3, 2]);
    await source.detach(hanging);
    const after = source.observerStats(hanging);
    assertLedger(after.frames);
    // It has seen the first; the others were on their way to it.
    assert.deepEqual([after.frames.written, after.frames.drops, after.queue], [
      1,
      [{ reason: "closed", stage: "hub", frames: 2 }],
      0,
    ]);
    await source.close();
  });

  it("reports a warning of its own", async () => {
    const { backend, source } = await fixture();
    const seen: string[] = [];
    source.addEventListener("warning", ({ error }) => seen.push(`${error.name}: ${error.message}`));
    source.attach(() => {});
    await settled();
    backend.emit(4, { type: "warning", error: { code: "internal", stage: "hub", message: "Cannot convert" } });
    await until(() => seen.length > 0);
    assert.deepEqual(seen, ["ObserverError: Cannot convert"]);
  });

  it("takes no new memory for a frame", async () => {
    const { backend, source } = await fixture();
    const made: number[] = [];
    const { Uint8Array: Plain } = globalThis;
    let calls = 0;
    source.attach(() => void calls++);
    source.attach(() => void calls++, { width: 2 });
    await settled();
    give(backend, 1, 0);
    await until(() => calls === 2);
    const frames = numbers(20).map((sequence) => [headerOf(sequence), dataOf(sequence)] as const);
    globalThis.Uint8Array = class extends Plain<ArrayBuffer> {
      constructor(length: number | ArrayBuffer, ...rest: number[]) {
        super(length as ArrayBuffer, ...rest);
        if (typeof length === "number" && length > 0 && new.target === globalThis.Uint8Array) made.push(length);
      }
    } as unknown as typeof Plain;
    try {
      for (const [header, data] of frames) backend.give(1, header, data);
      await until(() => calls === 42);
    } finally {
      globalThis.Uint8Array = Plain;
    }
    assert.deepEqual(made, []);
    await source.close();
  });
});
