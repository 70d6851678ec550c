/** How many frames a second observers of live sources get, by the clock. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { type TestPattern, type VideoFrame, VideoSourceFactory } from "../../mod.ts";
import { assertConserved, droppedFor } from "../helpers/ledger.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";

const sources = VideoSourceFactory.getInstance();
const SIZE = { width: 160, height: 120 };

describe("observers of a live source", proofOnly(`${QUIET}, for 10 s`), () => {
  for (const rate of [57, 28, 27, 22, 10]) {
    it(`C16 get, three of them, at least ${rate} frames a second of a source of ${rate}`, () =>
      // The oracle of §2.10: the running average of the rate after the first second.
      inQuiet(async () => {
        const frames = Math.ceil(rate * 1.5);
        const source = await sources.createTestPattern({ ...SIZE, frameRate: rate, frames });
        const times: number[][] = [[], [], []];
        for (const list of times) source.attach(() => void list.push(performance.now()));
        await source.ended;
        await source.close();
        for (const list of times) {
          assert.equal(list.length, frames);
          const [first = NaN, last = NaN] = [list[0], list.at(-1)];
          const measured = (list.length - 1) * 1000 / (last - first);
          assert.ok(measured > rate * 0.98, `${measured} frames a second`);
        }
      }));
  }

  it("that take 95 ms each see the newest of a hundred a second", () =>
    inQuiet(async () => {
      const source = await sources.createTestPattern({ ...SIZE, frameRate: 100, frames: 100 });
      const seen: number[] = [];
      const observer = async (frame: VideoFrame): Promise<void> => {
        seen.push(frame.sequence ?? NaN);
        await after(95);
      };
      let stats: ReturnType<TestPattern["observerStats"]> | undefined;
      source.addEventListener("detached", () => stats = source.observerStats(observer));
      source.attach(observer, { policy: "latest" });
      const timer = setTimeout(() => stats = source.observerStats(observer), 900);
      await source.ended;
      clearTimeout(timer);
      await source.close();
      assert.ok(seen.length >= 9 && seen.length <= 13, `${seen}`);
      assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
      assert.ok(stats !== undefined);
      assertConserved(stats.frames);
      assert.ok(droppedFor(stats.frames, "superseded") >= 70, JSON.stringify(stats.frames));
    }));
});
