/** Bar 4: a killed process loses at most the last second, whatever it was doing. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { type Loss, measureLoss, startRecording } from "../helpers/child.ts";
import { withFolder } from "../helpers/folder.ts";
import { type Kill, kills } from "../helpers/kills.ts";
import { inParallel, median, proofOnly, QUIET, Random } from "../helpers/proof.ts";

const RATE = 30;
const PATTERN = { width: 640, height: 360, frameRate: RATE };
/** Kills of each combination. */
const KILLS = 30;
/** Recordings at once: two cores hold three of this size. */
const WIDTH = 3;
const MAX_LOSS_MS = 1000;
/** Earliest and latest moment of a kill, from the first frame on. */
const [EARLIEST_MS, LATEST_MS] = [1500, 6000];
/** Missed instants of a recording from which on it is repeated: they measure the machine. */
const MAX_MISSED = 3;

const random = new Random();

async function kill(folder: string, number: number, { codec, extension, bitRate, moment }: Kill): Promise<Loss> {
  const path = join(folder, `${number}.${extension}`);
  const recording = startRecording({ codec, path, pattern: PATTERN, settings: { bitRate }, ending: "signal" });
  const firstFrame = await recording.firstFrame;
  await after(Math.max(0, firstFrame + EARLIEST_MS + moment * (LATEST_MS - EARLIEST_MS) - Date.now()));
  const killedAt = recording.kill("SIGKILL");
  const { lines } = await recording.ended;
  try {
    return await measureLoss(path, RATE, lines, killedAt);
  } catch (error) {
    throw new Error(`${error}; the last lines were ${JSON.stringify(lines.at(-1))}`, { cause: error });
  }
}

const title = `a killed recording loses at most ${MAX_LOSS_MS} ms, in ${KILLS} random moments of each combination`;

it(title, proofOnly(`${QUIET}, for 15 minutes`), async (test) => {
  test.diagnostic(`seed ${random.seed}`);
  const losses = new Map<string, Loss[]>();
  const failures: string[] = [];
  let repeated = 0;
  await withFolder((folder) =>
    inParallel(WIDTH, [...kills(KILLS, random).entries()], async ([number, one]) => {
      const { name, moment } = one;
      try {
        let loss = await kill(folder, number, one);
        // Missed instants mean that the machine did not let the process run.
        for (let again = 1; loss.missed > MAX_MISSED && again < 5; again++, repeated++) {
          loss = await kill(folder, number + again * 10_000, one);
        }
        losses.set(name, [...losses.get(name) ?? [], loss]);
        if (loss.lossMs > MAX_LOSS_MS) failures.push(`${name} at ${moment}: ${JSON.stringify(loss)}`);
      } catch (error) {
        failures.push(`${name} at ${moment}: ${error}`);
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
