/** The time line of a recording goes on: no frame is lost or moved for what the clock of its source shows. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { probe } from "../helpers/probe.ts";
import { inOrder } from "../helpers/record.ts";
import { appendAt, atThirty, CONTAINERS, jumpsOf } from "../helpers/appending.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

describe("a second source", () => {
  for (const [codec, name] of CONTAINERS) {
    it(`is recorded after the first one in ${name}`, async () => {
      await withFolder(async (folder) => {
        const path = join(folder, name);
        const writer = await targets.createFileWriter(codec, path, 30);
        const jumps = jumpsOf(writer);
        for (const frames of [40, 20]) {
          const pattern = await sources.createTestPattern({ width: 128, height: 64, frames, pacing: "asap" });
          pattern.attach(writer);
          await pattern.ended;
          await pattern.close();
        }
        const { stats } = await writer.close();
        assertLedger(stats.frames);
        assert.deepEqual([stats.frames.written, stats.discontinuities, stats.durationSeconds], [60, 1, 2]);
        assert.deepEqual(jumps.map(({ atSeconds }) => atSeconds), [40 / 30]);
        assert.deepEqual(await decodeIndices(path), [...inOrder(40), ...inOrder(20)]);
      });
    });
  }
});

describe("frames of a program", () => {
  const rows: [string, (number | undefined)[], number, number][] = [
    ["whose clock is set back by a minute", [...atThirty(60, 60_000), ...atThirty(60)], 1, 4],
    ["whose clock was at 1970 before it was set", [...atThirty(30), ...atThirty(30, 1.7e12)], 1, 2],
    ["of which some have no time", [...atThirty(30), undefined, undefined, ...atThirty(28, 1067)], 0, 2],
    ["that begin without a time", [undefined, undefined, ...atThirty(28, 67)], 0, 1],
    ["that come after a pause of half an hour", [...atThirty(30), ...atThirty(30, 1_801_000)], 0, 1802],
  ];
  for (const [what, times, discontinuities, seconds] of rows) {
    for (const [codec, name] of CONTAINERS) {
      it(`${what} are all in ${name}`, async () => {
        await withFolder(async (folder) => {
          const path = join(folder, name);
          const writer = await targets.createFileWriter(codec, path, 30);
          const jumps = jumpsOf(writer);
          await appendAt(writer, times);
          const { stats } = await writer.close();
          assertLedger(stats.frames);
          assert.deepEqual([stats.frames.written, stats.discontinuities], [times.length, discontinuities]);
          assert.equal(jumps.length, discontinuities);
          assert.ok(Math.abs(stats.durationSeconds - seconds) < 0.05, `${stats.durationSeconds} s`);
          const { durationSeconds } = await probe(path);
          assert.ok(Math.abs((durationSeconds ?? 0) - seconds) < 0.1, `${durationSeconds} s`);
        });
      });
    }
  }
});
