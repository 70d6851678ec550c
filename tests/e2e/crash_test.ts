/** Bar 4: a killed process loses at most the last second, whatever it was doing. */

import assert from "node:assert/strict";
import { watch } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import type { Codec } from "../../mod.ts";
import { deferred } from "../../src/base/deferred.ts";
import { decodeIndices } from "../helpers/barcode.ts";
import { type Loss, measureLoss, startRecording } from "../helpers/child.ts";
import { fastest } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { inParallel, isFullProof, median, Random } from "../helpers/proof.ts";

const RATE = 30;
const PATTERN = { width: 640, height: 360, frameRate: RATE };
/** Kills of each combination. */
const KILLS = isFullProof ? 30 : 1;
/** Recordings at once: two cores hold three of this size. */
const WIDTH = 3;
const MAX_LOSS_MS = 1000;
/** Missed instants of a recording from which on it is repeated: they measure the machine. */
const MAX_MISSED = 3;

const EXTENSIONS: readonly (readonly [Codec, readonly string[]])[] = [
  ["hevc", ["mp4", "mkv"]],
  ["h264", ["mp4", "mkv"]],
  ["vp9", ["mp4", "mkv", "webm"]],
  ["av1", ["mp4", "mkv", "webm"]],
];

interface Kill {
  readonly codec: Codec;
  readonly extension: string;
  readonly bitRate: number;
  readonly moment: number;
}

const random = new Random();

function kills(): Kill[] {
  const all: Kill[] = [];
  for (let round = 0; round < KILLS; round++) {
    for (const [codec, extensions] of EXTENSIONS) {
      for (const bitRate of [4_000_000, 100_000]) {
        const extension = extensions[1 + (round + Number(bitRate < 1e6)) % (extensions.length - 1)] ?? "mkv";
        for (const one of ["mp4", extension]) {
          all.push({ codec, extension: one, bitRate, moment: random.between(1500, 6000) });
        }
      }
    }
  }
  return all;
}

async function kill(folder: string, number: number, { codec, extension, bitRate, moment }: Kill): Promise<Loss> {
  const path = join(folder, `${number}.${extension}`);
  const recording = startRecording({ codec, path, pattern: PATTERN, settings: { bitRate }, ending: "signal" });
  const firstFrame = await recording.firstFrame;
  await after(Math.max(0, firstFrame + moment - Date.now()));
  const killedAt = recording.kill("SIGKILL");
  const { figures } = await recording.ended;
  try {
    return await measureLoss(path, RATE, figures, killedAt);
  } catch (error) {
    throw new Error(`${error}; the last figures were ${JSON.stringify(figures.at(-1))}`, { cause: error });
  }
}

describe("a recording whose process is killed", () => {
  it(`loses at most ${MAX_LOSS_MS} ms, in ${KILLS} random moments of each combination`, async (test) => {
    test.diagnostic(`seed ${random.seed}`);
    const losses = new Map<string, Loss[]>();
    const failures: string[] = [];
    let repeated = 0;
    await withFolder((folder) =>
      inParallel(WIDTH, [...kills().entries()], async ([number, one]) => {
        const container = one.extension === "webm" ? "mkv" : one.extension;
        const name = `${one.codec} ${container}${container === "mkv" && one.codec.length === 3 ? "/webm" : ""} ` +
          `${one.bitRate / 1000} kbit/s`;
        try {
          let loss = await kill(folder, number, one);
          // Instants that the source missed tell that the machine did not let the process run.
          for (let again = 1; loss.missed > MAX_MISSED && again < 5; again++, repeated++) {
            loss = await kill(folder, number + again * 10_000, one);
          }
          losses.set(name, [...losses.get(name) ?? [], loss]);
          if (loss.lossMs > MAX_LOSS_MS) failures.push(`${name} at ${one.moment} ms: ${JSON.stringify(loss)}`);
        } catch (error) {
          failures.push(`${name} at ${one.moment} ms: ${error}`);
        }
      })
    );
    for (const [name, some] of [...losses].sort()) {
      const ms = some.map((loss) => loss.lossMs);
      const sum = (key: "dropped" | "missed"): number => some.reduce((total, loss) => total + loss[key], 0);
      console.log(
        `${name.padEnd(26)} ${some.length} kills: lost max ${Math.max(...ms).toFixed()} ms, ` +
          `median ${median(ms).toFixed()} ms; doubt ≤ ${Math.max(...some.map((loss) => loss.doubtMs)).toFixed()} ms, ` +
          `${sum("dropped")} dropped, ${sum("missed")} missed`,
      );
    }
    if (repeated > 0) console.log(`${repeated} kills repeated: the machine did not let the process run`);
    assert.deepEqual(failures, []);
  });

  it("has a whole file at its path at any moment of the finalisation", async (test) => {
    test.diagnostic(`seed ${random.seed}`);
    const frames = 600;
    const delays: number[] = [];
    const order = { codec: "h264", ending: "close" } as const;
    const pattern = { width: 640, height: 360, pacing: "asap", frames } as const;
    const settings = { ...await fastest("h264"), bitRate: 60_000_000 };
    let unfinished = 0;
    await withFolder(async (folder) => {
      for (let round = 0; round < (isFullProof ? 40 : 4); round++) {
        const path = join(folder, `${round}.mp4`);
        // The copy exists from the moment on that everything is synced.
        const copied = deferred<void>();
        const watcher = watch(folder, (_, name) => {
          if (name === `${round}.mp4.part`) copied.resolve();
        });
        const recording = startRecording({ ...order, path, pattern, settings });
        const gone = recording.ended.then(({ complaints }) => assert.fail(`it ended before the copy: ${complaints}`));
        await Promise.race([copied.promise, gone]).finally(() => watcher.close());
        const delay = random.between(0, 40);
        delays.push(Math.round(delay));
        await after(delay);
        recording.kill("SIGKILL");
        const { status } = await recording.ended;
        if (status === "SIGKILL") unfinished++;
        assert.deepEqual(await decodeIndices(path), Array.from({ length: frames }, (_, index) => index));
      }
    });
    console.log(`killed ${delays.join(", ")} ms into the copy; ${unfinished} were still at work`);
  });
});
