/** Small frames for the fake backend: 2 × 1 pixels of BGRA, filled with their number. */

import { COLOUR_SPACES, HEADER } from "../../src/generated/contract.ts";
import type { VideoFrame } from "../../mod.ts";
import { HEADER_LENGTH } from "../../src/frame/header.ts";
import type { FakeBackend } from "./fake_backend.ts";
import { settled } from "./fixture.ts";

/** The header of frame `sequence`, 40 ms after the one before. */
export function headerOf(sequence: number, width = 2): Float64Array {
  const header = new Float64Array(HEADER_LENGTH);
  header[HEADER.colour] = COLOUR_SPACES.indexOf("bgra");
  header[HEADER.width] = width;
  header[HEADER.height] = 1;
  header[HEADER.stereoCount] = 1;
  header[HEADER.sequence] = sequence;
  header[HEADER.pts] = sequence;
  header[HEADER.timeBaseNum] = 1;
  header[HEADER.timeBaseDen] = 25;
  header[HEADER.captureMs] = 1000 + sequence * 40;
  header[HEADER.matrix] = 2;
  return header;
}

/** The samples of frame `sequence`. */
export function dataOf(sequence: number, width = 2): Uint8Array {
  return new Uint8Array(width * 4).fill(sequence);
}

/** Hands frames of these numbers to all taps of `observable`. */
export function give(backend: FakeBackend, observable: number, ...sequences: readonly number[]): void {
  for (const sequence of sequences) backend.give(observable, headerOf(sequence), dataOf(sequence));
}

/** The numbers from 0 up to but without `count`. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** The first sample, which is the frame's number unless an observer has edited it. */
export function sampleOf(frame: VideoFrame): number | undefined {
  return frame.data()[0];
}

/** Waits for what the event loop brings about. */
export async function until(isDone: () => boolean, what = isDone.toString()): Promise<void> {
  for (let left = 2000; left > 0; left--) {
    if (isDone()) return;
    await settled();
  }
  throw new Error(`it did not happen: ${what}`);
}
