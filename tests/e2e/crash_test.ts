/** Bar 4: what a recording calls written is in its file, whenever its process is killed. */

import assert from "node:assert/strict";
import { watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { deferred } from "../../src/base/deferred.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { startRecording, survivors } from "../helpers/child.ts";
import { fastest } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { kills } from "../helpers/kills.ts";
import { inParallel, isFullProof, Random } from "../helpers/proof.ts";
import { inOrder } from "../helpers/record.ts";

const SIZE = { width: 640, height: 360 };
/** Kills of each combination. */
const KILLS = isFullProof ? 10 : 1;
/** Frames that are captured before the kill. */
const [FEWEST, MOST] = [5, 60];

describe("a recording whose process is killed", () => {
  const random = new Random();

  // How many milliseconds that costs: tests/proof/crash_test.ts.
  it(`keeps what it called written, in ${KILLS} random moments of each combination`, async (test) => {
    test.diagnostic(`seed ${random.seed}`);
    await withFolder((folder) =>
      inParallel(2, [...kills(KILLS, random).entries()], async ([number, one]) => {
        const { codec, extension, bitRate, name, moment } = one;
        const path = join(folder, `${number}.${extension}`);
        const recording = startRecording({ codec, path, pattern: SIZE, settings: { bitRate }, ending: "signal" });
        const captured = Math.round(FEWEST + moment * (MOST - FEWEST));
        await recording.reached(captured);
        recording.kill("SIGKILL");
        const { lines } = await recording.ended;
        const { frames, last } = await survivors(path, lines).catch((cause) => {
          throw new Error(`${name} after ${captured} frames: ${cause}`, { cause });
        });
        assert.ok(frames > 0);
        console.log(`${name}: ${frames} of ${last.captured} frames, ${last.frames.written} called written`);
      })
    );
  });

  it("has a whole file at its path at any moment of the finalisation", async (test) => {
    test.diagnostic(`seed ${random.seed}`);
    const [rounds, frames] = isFullProof ? [40, 600] : [4, 300];
    const delays: number[] = [];
    const order = { codec: "h264", ending: "close" } as const;
    const pattern = { ...SIZE, pacing: "asap", frames } as const;
    const settings = { ...await fastest("h264"), bitRate: 60_000_000 };
    let unfinished = 0;
    await withFolder(async (folder) => {
      for (let round = 0; round < rounds; round++) {
        const path = join(folder, `${round}.mp4`);
        // The copy exists from the moment on that everything is synced.
        const copied = deferred<void>();
        const watcher = watch(folder, (_, name) => {
          if (name === `${round}.mp4.part`) copied.resolve();
          if (name === `${round}.end`) copied.reject(new Error("it ended without a copy"));
        });
        const recording = startRecording({ ...order, path, pattern, settings });
        recording.ended.then(({ status, complaints }) => {
          if (status !== 0) return copied.reject(new Error(`it ended with ${status} before the copy; ${complaints}`));
          // On a busy machine it may have ended before the copy is noticed: this file comes after it in any case.
          writeFileSync(join(folder, `${round}.end`), "");
        });
        await copied.promise.finally(() => watcher.close());
        const delay = random.between(0, 40);
        delays.push(Math.round(delay));
        await after(delay);
        recording.kill("SIGKILL");
        const { status, complaints } = await recording.ended;
        assert.ok(status === "SIGKILL" || status === 0, complaints);
        if (status === "SIGKILL") unfinished++;
        assert.deepEqual(await decodeIndices(path), inOrder(frames));
      }
    });
    if (isFullProof) assert.ok(unfinished > 0, "none was still at work");
    console.log(`killed ${delays.join(", ")} ms into the copy; ${unfinished} were still at work`);
  });
});
