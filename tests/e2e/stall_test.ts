/** Bar 6: JavaScript that does not return costs no frame. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { once } from "node:events";
import { VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertConserved, assertLedger } from "../helpers/ledger.ts";
import { inOrder } from "../helpers/record.ts";
import { standStill } from "../helpers/still.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

it("a recording is made from its second frame to its last while JavaScript stands still", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "stall.mp4");
    const frames = 150;
    const pattern = await sources.createTestPattern({ width: 640, height: 360, pacing: "asap", frames });
    const writer = await targets.createFileWriter("h264", path, 30);
    pattern.attach(writer);
    await once(pattern, "attached");
    standStill(() => pattern.stats().captured === frames);
    await pattern.ended;
    const { stats } = await writer.close();
    await pattern.close();
    assertLedger(stats.frames);
    assert.deepEqual([stats.frames.captured, stats.frames.written], [frames, frames]);
    assert.deepEqual(await decodeIndices(path), inOrder(frames));
  });
});

// That it drops and moves none on a quiet machine: tests/proof/stall_test.ts.
it("a live recording goes on while JavaScript stands still, and counts every frame", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "live.mp4");
    const pattern = await sources.createTestPattern({ width: 320, height: 240, frameRate: 60 });
    const writer = await targets.createFileWriter("h264", path, 60);
    pattern.attach(writer);
    await once(pattern, "attached");
    const before = writer.stats().frames;
    standStill(() => {
      const { frames } = writer.stats();
      assertConserved(frames);
      return frames.captured >= before.captured + 60 && frames.written > before.written;
    });
    await pattern.detach(writer);
    const { captured } = pattern.stats();
    const { stats } = await writer.close();
    await pattern.close();
    assertLedger(stats.frames);
    assert.equal(stats.frames.captured, captured);
    const indices = await decodeIndices(path);
    assert.deepEqual([indices.length, indices[0]], [stats.frames.written, 0]);
  });
});
