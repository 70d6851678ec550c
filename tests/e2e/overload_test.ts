/** Bar 7: an encoder that cannot keep up is reported, and what it costs is counted. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { type OverloadEvent, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertConserved, assertLedger, droppedFor } from "../helpers/ledger.ts";
import { probe } from "../helpers/probe.ts";

/** Far beyond what the slow encoder below reaches on any machine. */
const PATTERN = { width: 1280, height: 720, frameRate: 60 };
/** A file counts time in ticks of its own. */
const TICK = 0.001;

// Within what time, and what memory it takes: tests/proof/overload_test.ts.
it("an encoder that cannot keep up costs counted frames, and nothing else", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "overload.mp4");
    const pattern = await VideoSourceFactory.getInstance().createTestPattern(PATTERN);
    const settings = { preset: "veryslow", queueSeconds: 0.1, threads: 1 };
    const writer = await VideoTargetFactory.getInstance()
      .createFileWriter("hevc", path, PATTERN.frameRate, settings);
    const overload = new Promise<OverloadEvent>((resolve) => writer.addEventListener("overload", resolve));
    pattern.attach(writer);
    const { stage, reason } = await overload;
    for (let dropped = 0; dropped < 10; await after(1)) {
      const { frames } = writer.stats();
      assertConserved(frames);
      dropped = droppedFor(frames, "encoder_overload");
    }
    await pattern.detach(writer);
    const source = pattern.stats();
    const { stats } = await writer.close();
    await pattern.close();
    const { frames } = stats;
    console.log(JSON.stringify(frames));
    assert.deepEqual([stage, reason], ["encode", "encoder_overload"]);
    assertLedger(frames);
    assert.equal(frames.captured, source.captured);
    assert.equal(frames.dropped, droppedFor(frames, "encoder_overload"));

    const indices = await decodeIndices(path);
    assert.equal(indices.length, frames.written);
    indices.forEach((index, place) => {
      assert.ok(index !== null && index > (indices[place - 1] ?? -1), `${index} in place ${place}`);
    });
    // From the first frame to the end of the last captured one, dropped ones too.
    const reality = source.durationSeconds;
    const { durationSeconds } = await probe(path);
    assert.ok(Math.abs(stats.durationSeconds - reality) < TICK, `${stats.durationSeconds} s, not ${reality} s`);
    assert.ok(Math.abs((durationSeconds ?? NaN) - reality) < TICK, `${durationSeconds} s, not ${reality} s`);
  });
});
