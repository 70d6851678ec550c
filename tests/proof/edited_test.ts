/** Bar 7: what JavaScript draws into each frame is recorded in real time, without a drop. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { drawnNumbers, NUMBERED, Numberer } from "../helpers/numberer.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";
import { inOrder } from "../helpers/record.ts";

const SECONDS = 60;
const RATE = 30;

const title = `a pipeline that draws into 720p frames holds ${RATE} frames a second for ${SECONDS} s`;

it(title, proofOnly(`${QUIET}, for 2 minutes`), async () => {
  await inQuiet(() =>
    withFolder(async (folder) => {
      const path = join(folder, "edited.mp4");
      const frames = SECONDS * RATE;
      const pattern = { ...NUMBERED, colour: ColourSpace.BGRA, frameRate: RATE, frames };
      const source = await VideoSourceFactory.getInstance().createTestPattern(pattern);
      const writer = await VideoTargetFactory.getInstance().createFileWriter("h264", path, RATE);
      const node = new Numberer();
      source.attach(node);
      node.attach(writer);
      await source.ended;
      const seen = source.observerStats(node);
      const { stats } = await writer.close();
      await source.close();
      console.log(
        `${JSON.stringify(seen.frames)}; capture to observer p99 ${seen.captureToObserver.p99Ms.toFixed(1)} ms, ` +
          `to packet p99 ${stats.captureToPacket.p99Ms.toFixed(1)} ms`,
      );
      assertLedger(stats.frames);
      assert.deepEqual([seen.frames.written, seen.frames.dropped], [frames, 0]);
      assert.deepEqual([stats.frames.written, stats.frames.dropped], [frames, 0]);
      assert.deepEqual(await drawnNumbers(path), inOrder(frames));
    })
  );
});
