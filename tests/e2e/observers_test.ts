/** Bars 4 and 5: what an observer sees is its own, and whatever it does costs no recorded frame. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate, setTimeout as after } from "node:timers/promises";
import {
  ColourSpace,
  type FailureEvent,
  type Observer,
  ObserverFailureEvent,
  ObserverOverloadEvent,
  type TestPattern,
  type VideoFrame,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { deferred } from "../../src/base/deferred.ts";
import type { OperationsOutcome } from "../fixtures/operations_child.ts";
import { runFixture } from "../helpers/attempt.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertConserved, assertLedger, droppedFor } from "../helpers/ledger.ts";
import { drawPattern } from "../helpers/pattern.ts";
import { isFullProof, Random } from "../helpers/proof.ts";
import { inOrder } from "../helpers/record.ts";
import { TROUBLES } from "../helpers/troubles.ts";
import { watchedSources } from "../helpers/watched.ts";

const sources = watchedSources;
const targets = VideoTargetFactory.getInstance();
const SIZE = { width: 160, height: 120 };

/** Asserts that a frame of the pattern has exactly the samples of its number. */
function assertDrawn(frame: VideoFrame, format: "yuv420p" | "bgra"): void {
  const drawn = drawPattern(format, SIZE, frame.sequence ?? NaN);
  // Comparing element by element would take longer than the test.
  assert.equal(Buffer.compare(frame.data(), drawn), 0, `frame ${frame.sequence} is not as it was drawn`);
}

describe("what an observer sees", () => {
  for (const [colour, format] of [["i420", "yuv420p"], ["bgra", "bgra"]] as const) {
    it(`is every frame in its order, to the sample, in ${colour}`, async () => {
      const source = await sources.createTestPattern({ ...SIZE, colour, pacing: "asap", frames: 60 });
      const seen: (number | undefined)[] = [];
      source.attach((frame) => {
        assert.deepEqual([frame.colour, frame.width, frame.height], [colour, SIZE.width, SIZE.height]);
        assert.deepEqual([frame.pts, frame.timeBase], [seen.length, { num: 1, den: 30 }]);
        seen.push(frame.sequence);
        assertDrawn(frame, format);
      });
      await source.ended;
      await source.close();
      assert.deepEqual(seen, Array.from({ length: 60 }, (_, index) => index));
    });
  }

  it("is gone when it returns: a view that was kept has length 0", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 10 });
    const kept: Uint8Array[] = [];
    const frames: VideoFrame[] = [];
    let copy: VideoFrame | undefined;
    source.attach((frame) => {
      kept.push(frame.data(), frame.data().subarray(5, 50), new Uint8Array(frame.data().buffer));
      frames.push(frame);
      copy ??= frame.clone();
    });
    await source.ended;
    await source.close();
    assert.deepEqual(kept.map((view) => view.length), kept.map(() => 0));
    for (const frame of frames) assert.throws(() => frame.data(), { code: "closed" });
    assert.ok(copy !== undefined && copy.sequence === 0);
    assertDrawn(copy, "yuv420p");
  });

  it("stays while its promise is pending, and no second frame comes meanwhile", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 20 });
    let inside = 0;
    let frames = 0;
    source.attach(async (frame) => {
      assert.equal(++inside, 1);
      await setImmediate();
      assertDrawn(frame, "yuv420p");
      await after(1);
      assertDrawn(frame, "yuv420p");
      inside -= 1;
      frames += 1;
    });
    await source.ended;
    await source.close();
    assert.equal(frames, 20);
  });

  it("is its own: edits and requests of others never show", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 90 });
    const counts = { editor: 0, plain: 0, small: 0, bgra: 0, slow: 0 };
    source.attach((frame) => {
      counts.editor += 1;
      assertDrawn(frame, "yuv420p");
      frame.data().fill(7);
    });
    source.attach((frame) => {
      counts.plain += 1;
      assertDrawn(frame, "yuv420p");
    });
    source.attach((frame) => {
      counts.small += 1;
      assert.deepEqual([frame.width, frame.height, frame.dataLength()], [40, 30, 40 * 30 * 4]);
      assert.equal(frame.colour, ColourSpace.RGBA);
    }, { width: 40, colour: ColourSpace.RGBA });
    source.attach((frame) => {
      counts.bgra += 1;
      assert.deepEqual([frame.colour, frame.width, frame.height], ["bgra", SIZE.width, SIZE.height]);
      frame.data().fill(9);
    }, { colour: ColourSpace.BGRA });
    source.attach((frame) => {
      counts.slow += 1;
      assert.equal((frame.sequence ?? NaN) % 3, 0);
    }, { rate: 10 });
    await source.ended;
    await source.close();
    assert.deepEqual(counts, { editor: 90, plain: 90, small: 90, bgra: 90, slow: 30 });
  });

  it("can be given away: a buffer that was transferred is replaced", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 12 });
    const taken: ArrayBuffer[] = [];
    source.attach((frame) => {
      assertDrawn(frame, "yuv420p");
      const { buffer } = frame.data();
      taken.push(structuredClone(buffer as ArrayBuffer, { transfer: [buffer as ArrayBuffer] }));
    });
    await source.ended;
    await source.close();
    assert.equal(taken.length, 12);
    taken.forEach((buffer, index) => {
      const drawn = drawPattern("yuv420p", SIZE, index);
      assert.equal(Buffer.compare(new Uint8Array(buffer, 0, drawn.length), drawn), 0, `frame ${index}`);
    });
  });

  // How many of a live source: tests/proof/rates_test.ts.
  it("is only the newest frame where that was asked for, and every frame is counted", async () => {
    const source = await sources.createTestPattern({ ...SIZE, pacing: "asap", frames: 100 });
    const seen: number[] = [];
    const first = deferred<void>();
    const observer = (frame: VideoFrame): Promise<void> | undefined => {
      seen.push(frame.sequence ?? NaN);
      return seen.length === 1 ? first.promise : undefined;
    };
    let stats: ReturnType<TestPattern["observerStats"]> | undefined;
    source.addEventListener("detached", () => stats = source.observerStats(observer));
    source.attach(observer, { policy: "latest" });
    await captured(source, 100);
    first.resolve();
    await source.ended;
    await source.close();
    // One is being looked at, and one waits in each queue and thread.
    assert.ok(seen.length <= 4 && seen.at(-1) === 99, `${seen}`);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    assert.ok(stats !== undefined);
    assertLedger(stats.frames);
    assert.deepEqual([stats.frames.written, droppedFor(stats.frames, "superseded")], [seen.length, 100 - seen.length]);
  });
});

/** For observers that fail on purpose. */
const unwatched = VideoSourceFactory.getInstance();

describe("an observer that", () => {
  for (const { name, update, fails } of TROUBLES) {
    it(`${name} costs a native writer no frame`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, "out.mp4");
        const frames = 90;
        const source = await unwatched.createTestPattern({ width: 320, height: 240, pacing: "asap", frames });
        const writer = await targets.createFileWriter("h264", path, 30);
        const observer: Observer = { update };
        const failures: FailureEvent[] = [];
        source.addEventListener("error", (event) => failures.push(event));
        const gone: unknown[] = [];
        source.addEventListener("detached", (event) => gone.push(event.observer));
        // One that takes its time would hold this source back; one that fails does not.
        source.attach(observer, fails ? {} : { policy: "latest" });
        source.attach(writer);
        await captured(source, frames);
        const stats = gone.includes(observer) ? undefined : source.observerStats(observer);
        await source.detach(observer);
        await source.ended;
        const report = await writer.close();
        await source.close();
        assertLedger(report.stats.frames);
        assert.equal(report.stats.frames.written, frames);
        assert.deepEqual(await decodeIndices(path), inOrder(frames));
        if (stats !== undefined) assertConserved(stats.frames);
        if (fails) {
          assert.equal(failures.length, 10, "it is detached after ten failures in a row");
          for (const event of failures) {
            assert.ok(event instanceof ObserverFailureEvent, "the source itself failed");
            assert.equal(event.observer, observer);
          }
          assert.match(failures[0]?.error.message ?? "", /on purpose/);
          assert.ok(gone.includes(observer));
        } else {
          assert.equal(failures.length, 0);
        }
      });
    });
  }

  for (const { name, update } of TROUBLES.filter(({ fails }) => !fails)) {
    // That a quiet machine drops nothing of the writer's: tests/proof/observers_test.ts.
    it(`${name} is reported when it does not keep up with a live source`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, "out.mp4");
        const source = await unwatched.createTestPattern({ width: 320, height: 240, frameRate: 60 });
        const writer = await targets.createFileWriter("h264", path, 60);
        const observer: Observer = { update };
        const overload = new Promise((resolve) => source.addEventListener("overload", resolve, { once: true }));
        source.attach(observer);
        source.attach(writer);
        const event = await overload;
        assert.ok(event instanceof ObserverOverloadEvent && event.observer === observer);
        for (let dropped = 0; dropped === 0; await after(1)) {
          const { frames } = source.observerStats(observer);
          assertConserved(frames);
          dropped = droppedFor(frames, "observer_overload");
        }
        await source.detach(observer);
        await source.detach(writer);
        const { captured } = source.stats();
        await source.close();
        const { stats: { frames } } = await writer.close();
        assertLedger(frames);
        assert.equal(frames.captured, captured);
        const indices = await decodeIndices(path);
        assert.deepEqual([indices.length, indices[0]], [frames.written, 0]);
      });
    });
  }
});

/** Waits until the source has captured so many frames: a pending observer would hold its end back. */
async function captured(source: TestPattern, frames: number): Promise<void> {
  while (source.stats().captured < frames) await after(1);
}

describe("an observer whose promise is never settled", () => {
  for (const pacing of ["realtime", "asap"] as const) {
    it(`costs a recording of a source "${pacing}" neither a frame nor its end`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, "a.mkv");
        const source = await VideoSourceFactory.getInstance().createTestPattern({ ...SIZE, pacing, frames: 30 });
        const writer = await targets.createFileWriter("h264", path, 30, { preset: "ultrafast" });
        const codes: unknown[] = [];
        source.addEventListener("error", ({ error }) => codes.push(error.code));
        source.attach(writer);
        source.attach(() => new Promise(() => {}), { patienceSeconds: 1 });
        await source.ended;
        const { stats } = await writer.close();
        assert.deepEqual([stats.frames.captured + source.stats().missed, codes], [30, ["timeout"]]);
        await source.close();
        assert.equal((await decodeIndices(path)).length, stats.frames.written);
      });
    });
  }
});

it("random operations leave no crash, no deadlock, no thread and no call after detach", () => {
  const { seed } = new Random();
  const operations = isFullProof ? 10_000 : 1500;
  console.log(`seed ${seed}`);
  const { calls, violations, left } = runFixture("operations_child.ts", { seed, operations }) as OperationsOutcome;
  assert.deepEqual({ violations, left }, { violations: [], left: 0 });
  assert.ok(calls > operations / 10, `${calls} calls are no proof`);
  console.log(`${operations} operations, ${calls} calls`);
});
