/** Cases from people who do this job: a grid that is coarser than the source, and a stream that is cut. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { VideoSourceFactory, VideoTargetFactory } from "../../../mod.ts";
import { decodeIndices } from "../../helpers/barcode.ts";
import { cutStream } from "../../helpers/ffmpeg.ts";
import { withFolder } from "../../helpers/folder.ts";
import { assertLedger, droppedFor } from "../../helpers/ledger.ts";
import { probe } from "../../helpers/probe.ts";
import { shownOf } from "../../helpers/reading.ts";
import { inOrder } from "../../helpers/record.ts";

describe("a grid that is coarser than the source", () => {
  it("a source of 60 fps into a writer of 30: 60 frames, 2.00 s (opencv-python#627)", () =>
    withFolder(async (folder) => {
      const path = join(folder, "a.mp4");
      const pattern = await VideoSourceFactory.getInstance().createTestPattern({
        ...{ width: 128, height: 64, frames: 120, frameRate: 60, pacing: "asap" } as const,
      });
      const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", path, 30);
      pattern.attach(writer);
      await pattern.ended;
      await pattern.close();
      const { stats } = await writer.close();
      assertLedger(stats.frames);
      assert.deepEqual([stats.frames.written, droppedFor(stats.frames, "frame_rate")], [60, 60]);
      assert.deepEqual([stats.durationSeconds, (await probe(path)).durationSeconds], [2, 2]);
      assert.deepEqual(await decodeIndices(path), inOrder(60).map((index) => 2 * index));
    }));
});

describe("a stream that is cut", () => {
  it("20_cut.ts: what could not be decoded is counted (tsduck#607, ExoPlayer#1101)", () =>
    withFolder(async (folder) => {
      const { times, decodeErrors } = await shownOf(await cutStream(join(folder, "20_cut.ts")));
      assert.equal(times.length, 100);
      assert.ok(decodeErrors > 0, "nothing is counted");
    }));
});
