import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fixture, settled } from "../../helpers/fixture.ts";
import { uncaughtIn } from "../../helpers/uncaught.ts";

describe("the pump", () => {
  it("is parked while a source runs, and only then", async () => {
    const { backend, source, writer, other } = await fixture();
    assert.equal(backend.isParked, false);
    source.attach(writer);
    source.attach(other);
    await settled();
    assert.equal(backend.isParked, true);
    await source.detach(writer);
    await settled();
    assert.equal(backend.isParked, true);
    await source.detach(other);
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("parks again when a source gets an observer again", async () => {
    const { backend, source, writer } = await fixture();
    for (let round = 0; round < 3; round++) {
      source.attach(writer);
      await settled();
      assert.equal(backend.isParked, true);
      await source.detach(writer);
      await settled();
      assert.equal(backend.isParked, false);
    }
  });

  it("is not parked after the end", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.end(1);
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("rejects what waits when it fails", async () => {
    const { backend, source, writer, other } = await fixture();
    source.attach(writer);
    backend.refusals.set("wait", { code: "internal", stage: "boundary", message: "Cannot wait" });
    await assert.rejects(source.ended, { name: "VideoSourceError", code: "internal" });
    await assert.rejects(other.close(), { name: "VideoTargetError", code: "internal" });
  });

  it("frees a handle whose events cannot be taken", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.refusals.set("events", { code: "internal", stage: "boundary", message: "poisoned" });
    backend.emit(1, { type: "ended" });
    await assert.rejects(source.ended, { name: "VideoSourceError", message: "poisoned" });
    assert(backend.calls.includes("release 1"));
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("does not mind a listener that throws", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    source.addEventListener("ended", () => {
      throw new Error("mine");
    });
    const thrown = await uncaughtIn(async () => {
      backend.emit(1, { type: "ended" });
      await source.ended;
      await settled();
    });
    assert.deepEqual(thrown.map(String), ["Error: mine"]);
    await writer.close();
  });
});
