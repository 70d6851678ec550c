/** However a process ends, it is soon gone, and its recording lacks at most the last second. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { measureLoss } from "../helpers/child.ts";
import { ENDINGS, endRecording } from "../helpers/endings.ts";
import { withFolder } from "../helpers/folder.ts";
import { inParallel, proofOnly, QUIET } from "../helpers/proof.ts";

/** Frames before the end. */
const FRAMES = 75;
const MAX_LOSS_MS = 1000;
const MAX_END_MS = 5000;

it("every end of a process costs its recording at most the last second", proofOnly(`${QUIET}, for 20 s`), async () => {
  await withFolder((folder) =>
    inParallel(2, [...ENDINGS.entries()], async ([number, how]) => {
      const path = join(folder, `${number}.mp4`);
      const { lines, endAt, goneAt, status } = await endRecording(path, how, FRAMES);
      const loss = await measureLoss(path, 30, lines, endAt);
      console.log(
        `${how.name}: status ${status}, gone after ${goneAt - endAt} ms, ${loss.frames} of ${loss.captured} frames, ` +
          `lost ${loss.lossMs.toFixed()} ms`,
      );
      assert.ok(goneAt - endAt < MAX_END_MS, `${how.name}: gone after ${goneAt - endAt} ms`);
      assert.ok(loss.lossMs <= MAX_LOSS_MS, `${how.name}: ${JSON.stringify(loss)}`);
    })
  );
});
