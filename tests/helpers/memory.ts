/** What memory a process takes while frames pass an observer. */

import assert from "node:assert/strict";
import { memoryUsage } from "node:process";
import { ColourSpace, type VideoFrame, type VideoSource, VideoSourceFactory } from "../../mod.ts";
import type { Size } from "./barcode.ts";
import { nativeMiB } from "./process.ts";
import { standStill } from "./still.ts";

/** Samples over the frames that count. */
const SAMPLES = 50;

/** In MiB: JavaScript's heap, its buffers, and what is native. */
export interface Memory {
  readonly heap: number;
  readonly external: number;
  readonly native: number;
}

/** The least of the first samples, and the least of the last: what the engine takes beside its heap comes and goes. */
export interface Growth {
  readonly before: Memory;
  readonly now: Memory;
  /** Both in words. */
  readonly words: string;
}

function memory(): Memory {
  const { heapUsed, external, arrayBuffers } = memoryUsage();
  return { heap: heapUsed / 2 ** 20, external: (external + arrayBuffers) / 2 ** 20, native: nativeMiB() };
}

function least(samples: readonly Memory[]): Memory {
  const of = (key: keyof Memory): number => Math.min(...samples.map((sample) => sample[key]));
  return { heap: of("heap"), external: of("external"), native: of("native") };
}

/** Holds JavaScript still until the source can give no frame more, so that each queue has taken the memory it may. */
function fillQueues(source: VideoSource): void {
  let before = -1;
  let same = 0;
  standStill(() => {
    const now = source.stats().captured;
    same = now === before ? same + 1 : 0;
    before = now;
    return same === 10;
  });
}

/** Lets `frames` BGRA frames of a size pass an observer; asserts that all come. The first fifth does not count. */
export async function passFrames(size: Size, frames: number): Promise<Growth> {
  const settings = { ...size, colour: ColourSpace.BGRA, pacing: "asap", frames } as const;
  const source = await VideoSourceFactory.getInstance().createTestPattern(settings);
  const warm = frames / 5;
  const samples: Memory[] = [];
  let seen = 0;
  source.attach((frame: VideoFrame) => {
    seen += 1;
    frame.data();
    if (seen === 1) fillQueues(source);
    if (seen > warm && seen % (frames / SAMPLES) === 0) samples.push(memory());
  });
  await source.ended;
  await source.close();
  assert.equal(seen, frames);
  const half = samples.length / 2;
  const [before, now] = [least(samples.slice(0, half)), least(samples.slice(half))];
  const keys = Object.keys(before) as (keyof Memory)[];
  const words = keys.map((key) => `${key} ${before[key].toFixed(1)} → ${now[key].toFixed(1)}`).join(", ");
  console.log(`MiB: ${words}`);
  return { before, now, words };
}
