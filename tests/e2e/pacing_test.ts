/** Bar 10: a file that plays in real time gives all its frames, each with its own time, however busy the machine is. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { fastest } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { presentationTimes } from "../helpers/probe.ts";
import { recordPattern } from "../helpers/record.ts";

const RATE = 59.94;
const FRAMES = 60;

// By the clock: tests/proof/pacing_test.ts.
it("a file in real time misses no frame, and moves none", async () => {
  await withFolder(async (folder) => {
    const [input, path] = [join(folder, "input.mp4"), join(folder, "output.mp4")];
    const settings = await fastest("h264");
    await recordPattern("h264", input, RATE, { width: 320, height: 240, frames: FRAMES }, settings);
    const reader = await VideoSourceFactory.getInstance().createFileReader(input, ColourSpace.I420);
    const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", path, RATE, settings);
    reader.attach(writer);
    await reader.ended;
    const { captured, missed } = reader.stats();
    const { stats } = await writer.close();
    await reader.close();
    assertLedger(stats.frames);
    assert.deepEqual([captured, missed, stats.frames.captured], [FRAMES, 0, FRAMES]);
    const [indices, times] = [await decodeIndices(path), await presentationTimes(path)];
    assert.equal(indices.length, stats.frames.written);
    // A frame that the encoder had no time for leaves a gap.
    assert.deepEqual(times.map((time) => Math.round(time * RATE)), indices);
  });
});
