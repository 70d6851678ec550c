/**
 * Records live sources, each watched and written, and prints how long `fs.stat` takes meanwhile.
 *
 * Arguments: the number of sources, seconds, a folder for the recordings.
 */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as after } from "node:timers/promises";

const { Codec, VideoSourceFactory, VideoTargetFactory } = await import("@giftgrab/core");

const [count, seconds] = process.argv.slice(2, 4).map(Number);
const folder = process.argv[4];
const RATE = 30;
const PATTERN = { width: 320, height: 240, frameRate: RATE, frames: RATE * seconds };

const [sources, targets] = [VideoSourceFactory.getInstance(), VideoTargetFactory.getInstance()];
const idle = await statTimes(200);

const all = await Promise.all(Array.from({ length: count }, async (_, number) => {
  const source = await sources.createTestPattern(PATTERN);
  const path = join(folder, `${number}.mkv`);
  const writer = await targets.createFileWriter(Codec.FFV1, path, RATE, { overwrite: true });
  return { source, writer, seen: 0 };
}));
for (const one of all) {
  one.source.attach(() => one.seen++);
  one.source.attach(one.writer);
}
await after(500);
const busy = await statTimes(Math.floor((seconds - 1) * 100));
await Promise.all(all.map(({ source }) => source.ended));
let [captured, missed, written] = [0, 0, 0];
for (const { source, writer } of all) {
  captured += source.stats().captured;
  missed += source.stats().missed;
  written += (await writer.close()).stats.frames.written;
  await source.close();
}
const seen = all.reduce((sum, one) => sum + one.seen, 0);
console.log(JSON.stringify({ idle, busy, captured, missed, seen, written }));

/** Percentiles of so many calls, one every 10 ms, in milliseconds. */
async function statTimes(calls) {
  const times = [];
  for (let call = 0; call < calls; call++) {
    const started = performance.now();
    await stat(folder);
    times.push(performance.now() - started);
    await after(10);
  }
  times.sort((one, other) => one - other);
  return { p50: times[Math.floor(calls / 2)], p99: times[Math.floor(calls * 0.99)] };
}
