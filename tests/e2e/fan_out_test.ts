/** Several writers on one source: each gets every frame, and none costs another anything. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  type Codec,
  type RecordingReport,
  type VideoFileWriter,
  VideoSourceFactory,
  VideoTargetFactory,
} from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { fastest } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertConserved, assertLedger, droppedFor } from "../helpers/ledger.ts";
import { packets } from "../helpers/probe.ts";
import { isFullProof, Random } from "../helpers/proof.ts";
import { AHEAD, Valve } from "../helpers/valve.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();
const quick = await fastest("h264");
const SMALL = { width: 160, height: 96 };

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function assertAscending(indices: readonly (number | null)[]): void {
  assert.ok(indices.every((index, place) => (index ?? -1) > (indices[place - 1] ?? -1)), String(indices));
}

async function closed(writer: VideoFileWriter): Promise<RecordingReport> {
  const report = await writer.close();
  assertLedger(report.stats.frames);
  return report;
}

/** Writers of several kinds, each with a file of its own. */
function openAll(folder: string, rate: number): Promise<VideoFileWriter[]> {
  const kinds: [Codec, string][] = [["h264", "a.mp4"], ["hevc", "b.mkv"], ["vp9", "c.webm"], ["ffv1", "d.mkv"]];
  return Promise.all(kinds.map(([codec, name]) => targets.createFileWriter(codec, join(folder, name), rate)));
}

describe("several writers on one source", () => {
  it("all get every frame, from frame 0 on", async () => {
    await withFolder(async (folder) => {
      const source = await sources.createTestPattern({ ...SMALL, frameRate: 30, pacing: "asap", frames: 60 });
      const writers = await openAll(folder, 30);
      for (const writer of writers) source.attach(writer);
      await source.ended;
      for (const writer of writers) {
        const { frames } = (await closed(writer)).stats;
        assert.deepEqual([frames.captured, frames.written], [60, 60], writer.info.path);
        assert.deepEqual(await decodeIndices(writer.info.path), upTo(60), writer.info.path);
      }
      await source.close();
    });
  });

  // That a quiet machine drops none: tests/proof/fan_out_test.ts.
  it("all get frame 0 of a live source, and count every frame that they do not write", async () => {
    await withFolder(async (folder) => {
      const source = await sources.createTestPattern({ ...SMALL, frameRate: 120, frames: 60 });
      const writers = await openAll(folder, 120);
      for (const writer of writers) source.attach(writer);
      await source.ended;
      const { captured, missed } = source.stats();
      assert.ok(captured <= 60 && captured + missed >= 60, `${captured} captured, ${missed} missed`);
      for (const writer of writers) {
        const { frames } = (await closed(writer)).stats;
        assert.equal(frames.captured, captured, writer.info.path);
        const indices = await decodeIndices(writer.info.path);
        assert.deepEqual([indices.length, indices[0]], [frames.written, 0]);
        assertAscending(indices);
      }
      await source.close();
    });
  });

  it("of different speeds lose nothing where the source waits", async () => {
    await withFolder(async (folder) => {
      const source = await sources.createTestPattern({ ...SMALL, frames: 120, pacing: "asap" });
      const fast = await targets.createFileWriter("h264", join(folder, "fast.mp4"), 30, quick);
      const slow = await targets.createFileWriter("hevc", join(folder, "slow.mkv"), 30, { preset: "slow" });
      source.attach(fast);
      source.attach(slow);
      await source.ended;
      for (const writer of [fast, slow]) {
        const { frames } = (await closed(writer)).stats;
        assert.deepEqual([frames.captured, frames.written, frames.dropped], [120, 120, 0]);
        assert.deepEqual(await decodeIndices(writer.info.path), upTo(120));
      }
      await source.close();
    });
  });

  it("of a lower rate than the source lose exactly the surplus", async () => {
    await withFolder(async (folder) => {
      const frames = 600;
      const source = await sources.createTestPattern({ ...SMALL, frameRate: 59.94, frames, pacing: "asap" });
      const low = await targets.createFileWriter("h264", join(folder, "low.mp4"), 25, quick);
      const full = await targets.createFileWriter("h264", join(folder, "full.mkv"), 59.94);
      source.attach(low);
      source.attach(full);
      await source.ended;
      const { stats } = await closed(low);
      const { written, dropped } = stats.frames;
      assert.equal(droppedFor(stats.frames, "frame_rate"), dropped);
      // One frame for each step of the grid from the first frame to the last, which may stand one step behind its time.
      const steps = Math.round((frames - 1) / 59.94 * 25) + 1;
      assert.ok(written === steps || written === steps + 1, `${written} of ${frames}`);
      assert.equal((await closed(full)).stats.frames.written, frames);
      const indices = await decodeIndices(low.info.path);
      assert.equal(indices.length, written);
      indices.forEach((index, place) => {
        const distance = (index ?? NaN) / 59.94 - place / 25;
        // A frame is placed at most one and a half steps late, in steps rounded to halves, and never early by more than
        // half a step.
        assert.ok(distance * 25 <= 0.5 && distance * 25 >= -1.75, `frame ${index} in place ${place}`);
      });
      console.log(`${frames} frames at 59.94 gave ${written} at 25, ${dropped} dropped by the rate`);
      await source.close();
    });
  });

  it("can be detached and attached again at any moment", async () => {
    await withFolder(async (folder) => {
      const source = await sources.createTestPattern({ ...SMALL, pacing: "asap" });
      const stays = await targets.createFileWriter("h264", join(folder, "stays.mp4"), 30, quick);
      const leaves = await targets.createFileWriter("h264", join(folder, "leaves.mp4"), 30, quick);
      source.attach(stays);
      source.attach(leaves);
      const valve = new Valve(source);
      for (let round = 1; round <= 5; round++) {
        await valve.pass(30);
        await source.detach(leaves);
        const seen = leaves.stats().frames.captured;
        await valve.pass(30);
        assert.equal(leaves.stats().frames.captured, seen, "it gets frames after its detachment");
        source.attach(leaves);
      }
      await valve.pass(30);
      await source.detach(leaves);
      await source.detach(stays);
      valve.open();
      await source.close();
      const { frames } = (await closed(stays)).stats;
      const total = frames.captured;
      assert.ok(total >= 330 && frames.written === total, JSON.stringify(frames));
      assert.deepEqual(await decodeIndices(stays.info.path), upTo(total));
      const report = await closed(leaves);
      const indices = await decodeIndices(leaves.info.path);
      assert.equal(indices.length, report.stats.frames.written);
      assert.ok(indices.length >= 6 * (30 - AHEAD) && indices.length <= 6 * (30 + AHEAD), `${indices.length} frames`);
      assertAscending(indices);
      // Each frame is at its own time: where it was detached is a gap.
      const times = (await packets(leaves.info.path)).map(({ pts }) => Math.round((pts ?? NaN) * 30));
      assert.deepEqual(times.toSorted((a, b) => a - b), indices);
    });
  });

  it("survive a thousand random attachments, detachments and closes", async (test) => {
    const random = new Random();
    test.diagnostic(`seed ${random.seed}`);
    const operations = isFullProof ? 10_000 : 1000;
    await withFolder(async (folder) => {
      const source = await sources.createTestPattern({ ...SMALL, frameRate: 120 });
      let opened = 0;
      let written = 0;
      const open = (): Promise<VideoFileWriter> =>
        targets.createFileWriter("h264", join(folder, `${opened++}.mkv`), 120, { ...quick, threads: 1 });
      const end = async (writer: VideoFileWriter): Promise<void> => {
        const report = await closed(writer);
        assert.equal(report.exists, report.stats.frames.written > 0);
        written += report.stats.frames.written;
        if (!report.exists) return;
        const indices = await decodeIndices(report.target.path);
        assert.equal(indices.length, report.stats.frames.written);
        assertAscending(indices);
      };
      const writers = [await open(), await open(), await open()];
      for (let operation = 0; operation < operations; operation++) {
        const index = random.below(writers.length);
        const writer = writers[index];
        if (writer === undefined) continue;
        const dice = random.between(0, 1);
        if (dice < 0.4) source.attach(writer);
        else if (dice < 0.6) await source.detach(writer);
        else if (dice < 0.75) source.detach(writer);
        else if (dice < 0.95) await new Promise((resolve) => setTimeout(resolve, 0));
        else if (dice > 0.985) {
          await end(writer);
          writers[index] = await open();
        }
        for (const one of writers) assertConserved(one.stats().frames);
      }
      for (const writer of writers) await end(writer);
      await source.close();
      console.log(`${operations} operations, ${opened} writers, ${written} frames written`);
    });
  });
});
