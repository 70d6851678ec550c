/**
 * The worker of `worker_analysis.ts`: how far the picture has moved since the one before, by comparing each block with
 * every block around it. That is slow, which is the point.
 */

import { parentPort } from "node:worker_threads";

/** The message to the worker. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** The brightness of each pixel, row by row; further bytes are ignored. */
  readonly luma: Uint8Array;
}

/** The answer of the worker. */
export interface Motion {
  /** Pixels by which the middle one of all blocks has moved; 0 for the first picture. */
  readonly distance: number;
  /** How long the comparison took. */
  readonly milliseconds: number;
}

const BLOCK = 16;
const REACH = 12;

let before: Picture | undefined;

parentPort?.on("message", (now: Picture) => {
  const startedAt = performance.now();
  const distance = before === undefined ? 0 : motion(before, now);
  before = now;
  const answer: Motion = { distance, milliseconds: performance.now() - startedAt };
  parentPort?.postMessage(answer);
});

function motion(before: Picture, now: Picture): number {
  const distances: number[] = [];
  for (let y = REACH; y + BLOCK + REACH <= now.height; y += BLOCK) {
    for (let x = REACH; x + BLOCK + REACH <= now.width; x += BLOCK) distances.push(blockMotion(before, now, x, y));
  }
  return Math.round(distances.sort((a, b) => a - b)[distances.length >> 1] ?? 0);
}

function blockMotion(before: Picture, now: Picture, x: number, y: number): number {
  let [least, distance] = [Infinity, 0];
  for (let dy = -REACH; dy <= REACH; dy++) {
    for (let dx = -REACH; dx <= REACH; dx++) {
      const difference = compare(before, x + dx, y + dy, now, x, y);
      if (difference < least) [least, distance] = [difference, Math.hypot(dx, dy)];
    }
  }
  return distance;
}

/** The sum of absolute differences of two blocks. */
function compare(a: Picture, ax: number, ay: number, b: Picture, bx: number, by: number): number {
  let sum = 0;
  for (let y = 0; y < BLOCK; y++) {
    const [aRow, bRow] = [(ay + y) * a.width + ax, (by + y) * b.width + bx];
    for (let x = 0; x < BLOCK; x++) sum += Math.abs((a.luma[aRow + x] ?? 0) - (b.luma[bRow + x] ?? 0));
  }
  return sum;
}
