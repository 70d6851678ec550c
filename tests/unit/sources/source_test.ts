import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ObserverError,
  type VideoFileWriter,
  VideoSourceError,
  VideoSourceFactory,
  VideoTargetError,
} from "../../../mod.ts";
import { fixture, settled } from "../../helpers/fixture.ts";

const ended = { type: "ended" } as const;

describe("attaching and detaching", () => {
  it("attaches all observers natively before it starts the source", async () => {
    const { backend, source, writer, other } = await fixture();
    source.attach(writer);
    source.attach(other);
    assert.deepEqual(backend.calls, []);
    await settled();
    assert.deepEqual(backend.calls, ["attach 1 2", "attach 1 3", "start 1"]);
  });

  it("attaches twice as once", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    source.attach(writer);
    await settled();
    source.attach(writer);
    await settled();
    assert.deepEqual(backend.calls, ["attach 1 2", "start 1"]);
  });

  it("costs nothing to attach and detach in one turn", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await source.detach(writer);
    await settled();
    assert.deepEqual(backend.calls, []);
    assert.equal(backend.isParked, false);
  });

  it("costs nothing to detach and attach again in one turn", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    const parted = source.detach(writer);
    source.attach(writer);
    await parted;
    assert.deepEqual(backend.calls, ["attach 1 2", "start 1"]);
  });

  it("waits for native code's answer", async () => {
    const { backend, source, writer } = await fixture();
    backend.answers = false;
    source.attach(writer);
    await settled();
    let isParted = false;
    const parted = source.detach(writer).then(() => isParted = true);
    await settled();
    assert.deepEqual(backend.calls.slice(2), ["detach 1 2"]);
    assert.equal(isParted, false);
    backend.emit(1, { type: "detached", target: 2 });
    await parted;
  });

  it("attaches again after the answer to a detachment on its way", async () => {
    const { backend, source, writer } = await fixture();
    backend.answers = false;
    source.attach(writer);
    await settled();
    const parted = source.detach(writer);
    await settled();
    source.attach(writer);
    await settled();
    assert.deepEqual(backend.calls.slice(2), ["detach 1 2"]);
    backend.emit(1, { type: "detached", target: 2 });
    await parted;
    await settled();
    assert.deepEqual(backend.calls.slice(3), ["attach 1 2", "start 1"]);
  });

  it("detaches a stranger without a call", async () => {
    const { backend, source, writer } = await fixture();
    await source.detach(writer);
    await source.detach({} as VideoFileWriter);
    assert.deepEqual(backend.calls, []);
  });

  it("shares one answer among several who wait", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    await Promise.all([source.detach(writer), source.detach(writer)]);
    assert.deepEqual(backend.calls.slice(2), ["detach 1 2"]);
  });

  it("refuses anything that is not an observer", async () => {
    const { source } = await fixture();
    assert.throws(() => source.attach({} as VideoFileWriter), { name: "TypeError", field: "observer" });
  });

  it("refuses a writer of another source until it is detached", async () => {
    const { source, writer } = await fixture();
    const second = await VideoSourceFactory.getInstance().createTestPattern();
    source.attach(writer);
    assert.throws(() => second.attach(writer), (error: unknown) => {
      assert(error instanceof ObserverError);
      assert.equal(error.code, "already_attached");
      assert.match(error.message, /^Cannot attach "a\.mp4" to the test pattern: /);
      return true;
    });
    await settled();
    await source.detach(writer);
    second.attach(writer);
  });

  it("lets go of a writer that native code let go of", async () => {
    const { backend, source, writer, other } = await fixture();
    source.attach(writer);
    source.attach(other);
    await settled();
    const seen: unknown[] = [];
    source.addEventListener("detached", (event) => seen.push(event.observer));
    backend.emit(1, { type: "detached", target: 2 });
    await settled();
    assert.deepEqual(seen, [writer]);
    source.attach(writer);
    await settled();
    assert.deepEqual(backend.calls.slice(3), ["attach 1 2", "start 1"]);
  });

  it("does not stay alive for a writer that native code closed", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.emit(2, { type: "closed", report: backend.report(2) });
    await settled();
    backend.emit(1, { type: "detached", target: 2 });
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("reports a refused attachment at the writer's close, by an event and by `ended`", async () => {
    const { backend, source, writer } = await fixture();
    backend.refusals.set("attach", { code: "busy", stage: "hub", message: "Cannot attach: busy" });
    const seen: string[] = [];
    source.addEventListener("error", (event) => seen.push(event.error.name));
    source.attach(writer);
    await assert.rejects(source.ended, ObserverError);
    assert.deepEqual(seen, ["ObserverError"]);
    await assert.rejects(writer.close(), (error: unknown) => {
      assert(error instanceof VideoTargetError);
      assert.equal(error.code, "busy");
      assert.equal(error.report?.exists, true);
      return true;
    });
  });

  it("rejects a refused detachment", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.refusals.set("detach", { code: "internal", stage: "hub", message: "Cannot detach: panic" });
    await assert.rejects(source.detach(writer), ObserverError);
  });
});

describe("the end of a source", () => {
  it("fulfils `ended` and fires the event", async () => {
    const { backend, source, writer } = await fixture();
    let count = 0;
    source.addEventListener("ended", () => count++);
    source.attach(writer);
    await settled();
    backend.end(1);
    await source.ended;
    await settled();
    assert.equal(count, 1);
    assert.equal(backend.isParked, false);
  });

  it("waits for `ended` though native code has let all observers go before", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    backend.emit(1, { type: "detached", target: 2 });
    await settled();
    assert.equal(backend.isParked, true);
    backend.emit(1, ended);
    await source.ended;
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("rejects `ended` when the source failed, which need not be handled", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    const error = { code: "decode_failed", stage: "decode", message: "Cannot decode", cause: "moov" } as const;
    backend.emit(1, { type: "error", error }, ended);
    await settled();
    await assert.rejects(source.ended, (error: unknown) => {
      assert(error instanceof VideoSourceError);
      assert.deepEqual([error.code, error.stage, error.cause], ["decode_failed", "decode", "moov"]);
      return true;
    });
  });

  it("rejects `ended` when the source cannot start", async () => {
    const { backend, source, writer } = await fixture();
    backend.refusals.set("start", { code: "resource_exhausted", stage: "source", message: "Cannot start" });
    source.attach(writer);
    await assert.rejects(source.ended, { name: "VideoSourceError", code: "resource_exhausted" });
  });

  it("closes once, frees the handle and fulfils `ended`", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await settled();
    const first = source.close();
    assert.equal(source.close(), first);
    await Promise.all([first, source.ended]);
    assert.deepEqual(backend.calls.slice(2), ["close 1", "release 1"]);
    assert.throws(() => source.attach(writer), { name: "VideoSourceError", code: "closed" });
    assert.throws(() => source.stats(), { name: "VideoSourceError", code: "closed" });
    assert.equal(source.info.width, 64);
    await source.detach(writer);
  });

  it("answers a waiting detachment when it closes", async () => {
    const { backend, source, writer } = await fixture();
    backend.answers = false;
    source.attach(writer);
    await settled();
    const parted = source.detach(writer);
    const closed = source.close();
    backend.emit(1, { type: "closed" });
    await Promise.all([parted, closed]);
  });

  it("forgets an attachment that it was closed before", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await source.close();
    assert.deepEqual(backend.calls, ["close 1", "release 1"]);
    const second = await VideoSourceFactory.getInstance().createTestPattern();
    second.attach(writer);
  });
});
