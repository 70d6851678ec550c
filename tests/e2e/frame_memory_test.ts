/** Bar 3: in steady state no memory is taken for a frame. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { memoryUsage } from "node:process";
import { ColourSpace, type VideoFrame, VideoSourceFactory } from "../../mod.ts";
import { residentMiB } from "../helpers/process.ts";
import { isFullProof } from "../helpers/proof.ts";

const FRAMES = isFullProof ? 10_000 : 2500;
/** One buffer of a frame of 720p BGRA is 3.5 MiB: a leak of one in a hundred would be far above. */
const MAX_GROWTH_MIB = 16;

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
    const figures = (): { heap: number; external: number; resident: number } => {
      const { heapUsed, external, arrayBuffers } = memoryUsage();
      return { heap: heapUsed / 2 ** 20, external: (external + arrayBuffers) / 2 ** 20, resident: residentMiB() };
    };
    let frames = 0;
    let before = figures();
    let startedAt = performance.now();
    const buffers = new Set<number>();
    source.attach((frame: VideoFrame) => {
      frames += 1;
      buffers.add(frame.data().length);
      if (frames === warm) {
        before = figures();
        startedAt = performance.now();
      }
    });
    await source.ended;
    const microseconds = (performance.now() - startedAt) * 1000 / (FRAMES - warm);
    const now = figures();
    await source.close();
    const told = Object.keys(before).map((key) =>
      `${key} ${before[key as keyof typeof before].toFixed(1)} → ${now[key as keyof typeof now].toFixed(1)}`
    );
    console.log(`${microseconds.toFixed(1)} µs a frame; MiB: ${told.join(", ")}`);
    assert.equal(frames, FRAMES);
    assert.ok(now.external - before.external <= MAX_GROWTH_MIB, told.join());
    assert.ok(now.resident - before.resident <= MAX_GROWTH_MIB, told.join());
  });
}
