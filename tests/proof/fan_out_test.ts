/** Several writers on one live source: on a machine that has the time, none of them drops a frame. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Codec, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { fastest } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger, droppedFor } from "../helpers/ledger.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";
import { inOrder } from "../helpers/record.ts";

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();
const SMALL = { width: 160, height: 96 };

describe("several writers on one live source", proofOnly(`${QUIET}, for 10 s`), () => {
  it("all get frame 0 and every frame", async () => {
    await withFolder((folder) =>
      inQuiet(async () => {
        const source = await sources.createTestPattern({ ...SMALL, frameRate: 30, frames: 60 });
        const kinds: [Codec, string][] = [["h264", "a.mp4"], ["hevc", "b.mkv"], ["vp9", "c.webm"], ["ffv1", "d.mkv"]];
        const writers = await Promise.all(
          kinds.map(([codec, name]) => targets.createFileWriter(codec, join(folder, name), 30, { overwrite: true })),
        );
        for (const writer of writers) source.attach(writer);
        await source.ended;
        const { missed } = source.stats();
        for (const writer of writers) {
          const { frames } = (await writer.close()).stats;
          assertLedger(frames);
          assert.deepEqual([frames.captured, frames.written], [60, 60], writer.info.path);
          const indices = await decodeIndices(writer.info.path);
          if (missed === 0) assert.deepEqual(indices, inOrder(60), writer.info.path);
          assert.deepEqual([indices.length, indices[0]], [60, 0]);
        }
        await source.close();
      })
    );
  });

  it("of a lower rate than the source lose exactly the surplus", async () => {
    await withFolder((folder) =>
      inQuiet(async () => {
        const frames = 120;
        const settings = { ...await fastest("h264"), overwrite: true };
        const source = await sources.createTestPattern({ ...SMALL, frameRate: 59.94, frames });
        const low = await targets.createFileWriter("h264", join(folder, "low.mp4"), 25, settings);
        const full = await targets.createFileWriter("h264", join(folder, "full.mkv"), 59.94, settings);
        source.attach(low);
        source.attach(full);
        await source.ended;
        const { stats } = await low.close();
        assertLedger(stats.frames);
        assert.equal(droppedFor(stats.frames, "frame_rate"), stats.frames.dropped);
        assert.equal((await full.close()).stats.frames.written, frames);
        assert.equal(source.stats().missed, 0);
        const steps = Math.round((frames - 1) / 59.94 * 25) + 1;
        const { written } = stats.frames;
        assert.ok(written === steps || written === steps + 1, `${written} of ${frames}`);
        for (const [place, index] of (await decodeIndices(low.info.path)).entries()) {
          const distance = (index ?? NaN) / 59.94 - place / 25;
          assert.ok(distance * 25 <= 0.5 && distance * 25 >= -1.75, `frame ${index} in place ${place}`);
        }
        await source.close();
      })
    );
  });
});
