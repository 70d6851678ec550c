/** Bar 3: in steady state no memory is taken for a frame. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { memoryUsage } from "node:process";
import { ColourSpace, type VideoFrame, type VideoSource, VideoSourceFactory } from "../../mod.ts";
import { nativeMiB } from "../helpers/process.ts";

const FRAMES = 10_000;
/**
 * One buffer of a frame of 720p BGRA is 3.5 MiB: a leak of one in eight hundred, over two fifths of the frames, is more.
 * What the engine takes beside its heap comes and goes, so the least of many samples is judged.
 */
const MAX_GROWTH_MIB = 8;
const SAMPLES = 50;

interface Figures {
  readonly heap: number;
  readonly external: number;
  readonly native: number;
}

function figures(): Figures {
  const { heapUsed, external, arrayBuffers } = memoryUsage();
  return { heap: heapUsed / 2 ** 20, external: (external + arrayBuffers) / 2 ** 20, native: nativeMiB() };
}

function least(samples: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number => Math.min(...samples.map((sample) => sample[key]));
  return { heap: of("heap"), external: of("external"), native: of("native") };
}

/** Holds JavaScript still until the source can give no frame more, so that each queue has taken the memory it may. */
function fillQueues(source: VideoSource): void {
  const still = new Int32Array(new SharedArrayBuffer(4));
  let before = -1;
  for (let now = source.stats().captured; now !== before; now = source.stats().captured) {
    before = now;
    Atomics.wait(still, 0, 0, 50);
  }
}

for (
  const [what, size] of [["small frames", { width: 64, height: 48 }], ["720p frames", {
    width: 1280,
    height: 720,
  }]] as const
) {
  it(`${FRAMES} ${what} pass an observer, and memory stays as it was`, async () => {
    const source = await VideoSourceFactory.getInstance().createTestPattern({
      ...size,
      colour: ColourSpace.BGRA,
      pacing: "asap",
      frames: FRAMES,
    });
    const warm = FRAMES / 5;
    const samples: Figures[] = [];
    let frames = 0;
    let startedAt = performance.now();
    source.attach((frame: VideoFrame) => {
      frames += 1;
      frame.data();
      if (frames === 1) fillQueues(source);
      if (frames === warm) startedAt = performance.now();
      if (frames > warm && frames % (FRAMES / SAMPLES) === 0) samples.push(figures());
    });
    await source.ended;
    const microseconds = (performance.now() - startedAt) * 1000 / (FRAMES - warm);
    await source.close();
    const half = samples.length / 2;
    const [before, now] = [least(samples.slice(0, half)), least(samples.slice(half))];
    const told = Object.keys(before).map((key) =>
      `${key} ${before[key as keyof typeof before].toFixed(1)} → ${now[key as keyof typeof now].toFixed(1)}`
    );
    console.log(`${microseconds.toFixed(1)} µs a frame; MiB: ${told.join(", ")}`);
    assert.equal(frames, FRAMES);
    assert.ok(now.external - before.external <= MAX_GROWTH_MIB, told.join());
    assert.ok(now.native - before.native <= MAX_GROWTH_MIB, told.join());
  });
}
