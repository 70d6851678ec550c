/** A machine that does something else for two seconds costs a live recording no frame, and leaves no memory behind. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { setInterval } from "node:timers";
import { setTimeout as after } from "node:timers/promises";
import { type Codec, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { probe } from "../helpers/probe.ts";
import { residentMiB } from "../helpers/process.ts";
import { proofOnly, QUIET } from "../helpers/proof.ts";

const RATE = 30;
const SECONDS = 10;
const RUNS = 5;
/** When the other processes begin, and for how long they run. */
const SPIKE = { atMs: 4000, forMs: 2000 };
const BUSY_PROCESSES = 2 * availableParallelism();
/** Half of the frames that wait in a spike would be more: 30 frames of 720p take 40 MiB. */
const MAX_GROWTH_MIB = 16;

const CASES: readonly (readonly [codec: Codec, width: number, height: number])[] = [
  ["hevc", 1280, 720],
  ["h264", 1920, 1080],
];

for (const [codec, width, height] of CASES) {
  const title = `a load spike of 2 s costs a recording of ${codec} ${height}p no frame`;
  it(title, proofOnly(`${QUIET}, for two minutes`), async () => {
    let deepestOfAll = 0;
    for (let run = 0; run < RUNS; run++) {
      await withFolder(async (folder) => {
        const path = join(folder, "spike.mp4");
        const source = await VideoSourceFactory.getInstance()
          .createTestPattern({ width, height, frameRate: RATE, frames: RATE * SECONDS });
        const writer = await VideoTargetFactory.getInstance().createFileWriter(codec, path, RATE);
        const memory = { before: 0, peak: 0 };
        let deepest = 0;
        const sampler = setInterval(() => {
          memory.peak = Math.max(memory.peak, residentMiB());
          deepest = Math.max(deepest, writer.stats().frameQueue);
        }, 50);
        const attached = once(source, "attached");
        source.attach(writer);
        await attached;
        await after(SPIKE.atMs);
        memory.before = residentMiB();
        await beBusy(SPIKE.forMs);
        await source.ended;
        clearInterval(sampler);
        deepestOfAll = Math.max(deepestOfAll, deepest);
        const left = residentMiB();
        const { missed } = source.stats();
        const { stats } = await writer.close();
        await source.close();
        console.log(
          `${codec} ${height}p: ${stats.frames.written} written, ${stats.frames.dropped} dropped, ${missed} missed, ` +
            `${deepest} frames waited; ${memory.before.toFixed()} → ${memory.peak.toFixed()} → ${left.toFixed()} MiB`,
        );
        assertLedger(stats.frames);
        assert.deepEqual([stats.frames.dropped, stats.frames.failed], [0, 0]);
        assert.equal(stats.frames.written + missed, RATE * SECONDS);
        const { durationSeconds } = await probe(path);
        assert.equal(stats.durationSeconds, SECONDS);
        assert.ok(Math.abs((durationSeconds ?? NaN) - SECONDS) < 0.001, `${durationSeconds} s`);
        assert.ok(left - memory.before <= MAX_GROWTH_MIB, `memory went from ${memory.before} to ${left} MiB`);
      });
    }
    // One frame may wait on any machine.
    assert.ok(deepestOfAll > 1, "no run had a spike: no frames waited");
  });
}

/** Keeps more processes busy than there are processors; returns when they have ended. */
async function beBusy(forMs: number): Promise<void> {
  const others: ChildProcess[] = [];
  for (let index = 0; index < BUSY_PROCESSES; index++) others.push(spawn("sh", ["-c", "while :; do :; done"]));
  await after(forMs);
  await Promise.all(others.map(async (other) => {
    const exited = once(other, "exit");
    other.kill("SIGKILL");
    await exited;
  }));
}
