/** Bar 10: a file plays at its own rate, each frame at its moment. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { setInterval } from "node:timers";
import { ColourSpace, VideoSourceFactory, VideoTargetFactory } from "../../mod.ts";
import { fastest } from "../helpers/encoders.ts";
import { withFolder } from "../helpers/folder.ts";
import { assertLedger } from "../helpers/ledger.ts";
import { inQuiet, proofOnly, QUIET } from "../helpers/proof.ts";

const RATE = 59.94;
const PERIOD_MS = 1000 / RATE;
const SECONDS = 60;
const FRAMES = Math.round(SECONDS * RATE);
const MAX_P99_MS = 2;
const MAX_DRIFT_MS = 2;

const sources = VideoSourceFactory.getInstance();
const targets = VideoTargetFactory.getInstance();

const title = `a file of ${SECONDS} s at ${RATE} frames per second plays without drift`;

it(title, proofOnly(`${QUIET}, for 2 minutes`), async () => {
  await withFolder(async (folder) => {
    const input = join(folder, "input.mp4");
    const size = { width: 640, height: 360 };
    const pattern = await sources.createTestPattern({ ...size, frameRate: RATE, frames: FRAMES, pacing: "asap" });
    const writer = await targets.createFileWriter("h264", input, RATE);
    pattern.attach(writer);
    await pattern.ended;
    await writer.close();
    await pattern.close();
    await inQuiet(() => play(input, join(folder, "output.mp4")));
  });
});

async function play(input: string, output: string): Promise<void> {
  const reader = await sources.createFileReader(input, ColourSpace.I420, { pacing: "realtime" });
  const writer = await targets.createFileWriter("h264", output, RATE, { ...await fastest("h264"), overwrite: true });
  // Frame n is captured at start + n periods, never earlier: each reading bounds the start from above.
  const starts: { captured: number; latest: number }[] = [];
  const sampler = setInterval(() => {
    const { captured } = reader.stats();
    if (captured > 0) starts.push({ captured, latest: performance.now() - (captured - 1) * PERIOD_MS });
  }, 5);
  reader.attach(writer);
  await reader.ended;
  clearInterval(sampler);
  const { captured, missed, late, lateness } = reader.stats();
  const { stats } = await writer.close();
  await reader.close();
  const start = (from: number, to: number): number =>
    Math.min(...starts.filter((one) => one.captured > from && one.captured <= to).map((one) => one.latest));
  const drift = start(FRAMES * 2 / 3, FRAMES) - start(0, FRAMES / 3);
  console.log(
    `${captured} frames; lateness p50 ${lateness.p50Ms.toFixed(3)}, p99 ${lateness.p99Ms.toFixed(3)}, ` +
      `max ${lateness.maxMs.toFixed(3)} ms; drift ${drift.toFixed(3)} ms; ${late} late`,
  );
  assertLedger(stats.frames);
  assert.deepEqual({ captured, missed, written: stats.frames.written + stats.frames.dropped }, {
    captured: FRAMES,
    missed: 0,
    written: FRAMES,
  });
  assert.ok(Math.abs(drift) <= MAX_DRIFT_MS, `drift ${drift} ms`);
  assert.ok(lateness.p99Ms <= MAX_P99_MS, `p99 of the lateness is ${lateness.p99Ms} ms`);
}
