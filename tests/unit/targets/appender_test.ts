import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VideoFrame, VideoTargetFactory } from "../../../mod.ts";
import { HEADER, OVERFLOW_POLICY } from "../../../src/generated/contract.ts";
import type { FakeBackend } from "../../helpers/fake_backend.ts";
import { give, numbers } from "../../helpers/fake_frames.ts";
import { fixture, settled } from "../../helpers/fixture.ts";

/** A frame without a time, or with one in ticks of 1/50 s. */
function frameOf(value: number, pts?: number): VideoFrame {
  const timing = pts === undefined ? {} : { pts, timeBase: { num: 1, den: 50 } };
  return VideoFrame.fromBuffer(new Uint8Array(8).fill(value), { colour: "bgra", width: 2, height: 1, ...timing });
}

const times = (backend: FakeBackend): unknown[] =>
  (backend.appended.get(2) ?? []).map(({ header }) => [
    header[HEADER.pts],
    header[HEADER.timeBaseNum],
    header[HEADER.timeBaseDen],
    header[HEADER.sequence],
  ]);

const values = (backend: FakeBackend): unknown[] => (backend.appended.get(2) ?? []).map(({ data }) => data[0]);

describe("appending to a writer", () => {
  it("copies the frame at once where there is room", async () => {
    const { backend, writer } = await fixture();
    const frame = frameOf(1);
    const done = writer.append(frame);
    frame.data().fill(9);
    assert.deepEqual(values(backend), [1]);
    assert.equal(backend.appended.get(2)?.[0]?.policy, OVERFLOW_POLICY.BLOCK);
    await done;
    assert.equal(backend.isParked, false);
  });

  it("gives frames without a time the next slot on the writer's grid", async () => {
    const { backend, writer } = await fixture();
    for (const frame of [frameOf(0), frameOf(1), frameOf(2, 10), frameOf(3), frameOf(4, 21), frameOf(5)]) {
      await writer.append(frame);
    }
    // 25 slots a second: 10/50 s is slot 5, and 21/50 s is nearest to slot 11.
    assert.deepEqual(times(backend), [
      [0, 1, 25, 0],
      [1, 1, 25, 1],
      [10, 1, 50, 5],
      [6, 1, 25, 6],
      [21, 1, 50, 11],
      [12, 1, 25, 12],
    ]);
  });

  it("gives frames without a time the thirtieth of a second after the one before where frames keep their times", async () => {
    const { backend } = await fixture();
    const writer = await VideoTargetFactory.getInstance().createFileWriter("hevc", "c.mp4", "source");
    for (const frame of [frameOf(0), frameOf(1), frameOf(2, 10), frameOf(3)]) await writer.append(frame);
    const appended = [...backend.appended.values()].find((frames) => frames.length === 4) ?? [];
    assert.deepEqual(
      appended.map(({ header }) => [HEADER.pts, HEADER.timeBaseDen, HEADER.sequence].map((field) => header[field])),
      [[0, 90_000, 0], [3000, 90_000, 1], [10, 50, 6], [21_000, 90_000, 7]],
    );
  });

  it("waits for room, in order, and keeps the process alive meanwhile", async () => {
    const { backend, writer } = await fixture();
    backend.room.set(2, 1);
    const order: number[] = [];
    const frames = numbers(4).map((value) => frameOf(value));
    const all = frames.map((frame, index) => writer.append(frame).then(() => order.push(index)));
    await settled();
    assert.deepEqual([order, backend.isParked], [[0], true]);
    // It is the frame itself that waits.
    frames[1]?.data().fill(77);
    backend.makeRoom(2, 2);
    await Promise.all(all.slice(0, 3));
    assert.deepEqual([order, values(backend)], [[0, 1, 2], [0, 77, 2]]);
    backend.makeRoom(2);
    await Promise.all(all);
    assert.deepEqual(times(backend), [[0, 1, 25, 0], [1, 1, 25, 1], [2, 1, 25, 2], [3, 1, 25, 3]]);
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("waits with a copy of a frame that an observer has", async () => {
    const { backend, source, writer } = await fixture();
    backend.room.set(2, 0);
    let done: Promise<void> | undefined;
    source.attach((frame) => {
      done = writer.append(frame);
    });
    await settled();
    give(backend, 1, 5);
    await settled();
    await settled();
    backend.makeRoom(2);
    await done;
    assert.deepEqual(values(backend), [5]);
    assert.deepEqual(times(backend), [[5, 1, 25, 5]]);
    await source.close();
  });

  it("refuses what is no open frame, by field", async () => {
    const { backend, writer } = await fixture();
    for (const wrong of [undefined, null, 5, {}, new Uint8Array(8)]) {
      await assert.rejects(writer.append(wrong as unknown as VideoFrame), { name: "TypeError", field: "frame" });
    }
    const closed = frameOf(0);
    closed.close();
    await assert.rejects(writer.append(closed), { name: "VideoTargetError", code: "closed", field: "frame" });
    backend.room.set(2, 0);
    const waiting = frameOf(0);
    const done = writer.append(waiting);
    waiting.close();
    backend.makeRoom(2);
    await assert.rejects(done, { name: "VideoTargetError", code: "closed", field: "frame" });
    assert.deepEqual(values(backend), []);
  });

  it("refuses one frame too many whose promise is not awaited", async () => {
    const { backend, writer } = await fixture();
    backend.room.set(2, 0);
    const waiting = numbers(64).map((value) => writer.append(frameOf(value)));
    await assert.rejects(writer.append(frameOf(64)), { name: "VideoTargetError", code: "busy" });
    backend.makeRoom(2);
    await Promise.all(waiting);
    assert.deepEqual(values(backend), numbers(64));
    await writer.append(frameOf(65));
    assert.deepEqual(times(backend).at(-1), [64, 1, 25, 64]);
  });

  it("and attaching exclude each other", async () => {
    const { backend, source, writer } = await fixture();
    source.attach(writer);
    await assert.rejects(writer.append(frameOf(0)), {
      name: "ObserverError",
      code: "already_attached",
      message: 'Cannot append a frame to "a.mp4": it is attached to the test pattern; await its detach() first',
    });
    await settled();
    await source.detach(writer);
    backend.room.set(2, 0);
    const done = writer.append(frameOf(0));
    assert.throws(() => source.attach(writer), { name: "ObserverError", code: "already_attached" });
    backend.makeRoom(2);
    await done;
    source.attach(writer);
    await source.close();
  });

  it("is finished before the writer closes, and refused after", async () => {
    const { backend, writer } = await fixture();
    backend.room.set(2, 0);
    const done = writer.append(frameOf(1));
    const closed = writer.close();
    await assert.rejects(writer.append(frameOf(2)), { name: "VideoTargetError", code: "closed" });
    await settled();
    assert(!backend.calls.includes("close 2"));
    backend.makeRoom(2);
    await done;
    await closed;
    assert.deepEqual(values(backend), [1]);
    await assert.rejects(writer.append(frameOf(3)), { name: "VideoTargetError", code: "closed" });
    await settled();
    assert.equal(backend.isParked, false);
  });

  it("is rejected when the writer is closed natively or fails", async () => {
    const { backend, writer, other } = await fixture();
    backend.room.set(2, 0);
    const waiting = [writer.append(frameOf(0)), writer.append(frameOf(1))];
    const full = { code: "disk_full", stage: "storage", message: "Cannot write" } as const;
    backend.emit(2, { type: "closed", report: backend.report(2), error: full });
    for (const one of waiting) await assert.rejects(one, { name: "VideoTargetError", code: "disk_full" });
    backend.refusals.set("append", { code: "encode_failed", stage: "encode", message: "Cannot encode" });
    await assert.rejects(other.append(frameOf(0)), { name: "VideoTargetError", code: "encode_failed" });
    await settled();
    assert.equal(backend.isParked, false);
  });
});
