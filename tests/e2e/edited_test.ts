/** Bar 7: what JavaScript draws into each frame is recorded, without a drop. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { drawnNumbers, NUMBERED, Numberer } from "../helpers/numberer.ts";
import { inOrder } from "../helpers/record.ts";

const FRAMES = 60;

// In real time: tests/proof/edited_test.ts.
it("a pipeline that draws into 720p frames records each of them as it was drawn", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "edited.mp4");
    const pattern = { ...NUMBERED, colour: ColourSpace.BGRA, pacing: "asap", frames: FRAMES } as const;
    const source = await VideoSourceFactory.getInstance().createTestPattern(pattern);
    const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", path, source.getFrameRate());
    const node = new Numberer();
    source.attach(node);
    node.attach(writer);
    await source.ended;
    const { frames } = source.observerStats(node);
    const { stats } = await writer.close();
    await source.close();
    assertLedger(stats.frames);
    assert.deepEqual([frames.written, frames.dropped], [FRAMES, 0]);
    assert.deepEqual([stats.frames.written, stats.frames.dropped], [FRAMES, 0]);
    assert.deepEqual(await drawnNumbers(path), inOrder(FRAMES));
  });
});
