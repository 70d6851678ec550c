/** However a process ends, its recording opens and lacks at most the last second. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { measureLoss, startRecording } from "../helpers/child.ts";
import { withFolder } from "../helpers/folder.ts";
import { inParallel } from "../helpers/proof.ts";

const RATE = 30;
/** Frames before the end. */
const FRAMES = 75;
const MAX_LOSS_MS = 1000;
const MAX_END_MS = 5000;

const ENDINGS = [
  { name: "the end of the script, without a close", ending: "forget", status: [0] },
  { name: "exit()", ending: "exit", status: [7] },
  { name: "an uncaught throw", ending: "throw", status: [1] },
  { name: "an unhandled rejection", ending: "reject", status: [1] },
  { name: "the end of its worker", ending: "terminate", status: [0] },
  { name: "SIGINT", ending: "signal", signal: "SIGINT", status: ["SIGINT", 130] },
  { name: "SIGTERM", ending: "signal", signal: "SIGTERM", status: ["SIGTERM", 143] },
  { name: "SIGKILL", ending: "signal", signal: "SIGKILL", status: ["SIGKILL", 137] },
] as const;

it("a recording survives every end of its process", async () => {
  await withFolder((folder) =>
    inParallel(2, [...ENDINGS.entries()], async ([number, one]) => {
      const path = join(folder, `${number}.mp4`);
      const endless = { width: 640, height: 360, frameRate: RATE };
      const recording = startRecording({
        codec: "h264",
        path,
        pattern: one.ending === "forget" ? { ...endless, frames: FRAMES } : endless,
        ending: one.ending,
        ...(one.ending === "forget" ? {} : { endAfter: FRAMES }),
      });
      const saidAt = await recording.ending;
      const endAt = "signal" in one ? recording.kill(one.signal) : saidAt;
      const { figures, goneAt, status, complaints } = await recording.ended;
      const loss = await measureLoss(path, RATE, figures, endAt);
      console.log(
        `${one.name}: status ${status}, gone after ${goneAt - endAt} ms, ${loss.frames} of ${loss.captured} frames, ` +
          `lost ${loss.lossMs.toFixed()} ms`,
      );
      assert.ok(one.status.some((expected) => expected === status), `${one.name}: status ${status}; ${complaints}`);
      assert.ok(goneAt - endAt < MAX_END_MS, `${one.name}: gone after ${goneAt - endAt} ms`);
      assert.ok(loss.lossMs <= MAX_LOSS_MS, `${one.name}: ${JSON.stringify(loss)}`);
    })
  );
});
