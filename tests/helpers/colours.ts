/** Colours as an observer sees them, beside those of the `ffmpeg` command. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ColourSpace, type FrameRequest, VideoSourceFactory } from "../../mod.ts";
import { makeFile } from "./ffmpeg.ts";

/** What makes swscale exact. */
export const ACCURATE = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp";

/** A frame as an observer sees it. */
export interface Seen {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The first frame of a file as an observer sees it. */
export async function seenOf(
  path: string,
  colour: ColourSpace,
  request: FrameRequest,
  subFrame?: readonly [number, number, number, number],
): Promise<Seen> {
  const reader = await VideoSourceFactory.getInstance().createFileReader(path, colour, { pacing: "asap" });
  if (subFrame !== undefined) reader.setSubFrame(...subFrame);
  const seen: Seen[] = [];
  reader.attach({
    update(frame) {
      if (seen.length === 0) seen.push({ data: frame.data().slice(), width: frame.width, height: frame.height });
    },
  }, request);
  await reader.ended;
  await reader.close();
  const [first] = seen;
  assert.ok(first !== undefined, `${path} has no frame`);
  return first;
}

/** The first frame of a file as `ffmpeg` converts it. */
export async function converted(
  folder: string,
  path: string,
  filters: string,
  pixelFormat: string,
): Promise<Uint8Array> {
  const raw = join(folder, "wanted.raw");
  await makeFile(raw, "-i", path, "-frames:v", "1", "-vf", filters, "-pix_fmt", pixelFormat, "-f", "rawvideo");
  return await readFile(raw);
}

/** Peak signal-to-noise ratio in dB of samples of 8 bits. */
export function ratio(one: Uint8Array, other: Uint8Array): number {
  assert.equal(one.length, other.length);
  let squares = 0;
  for (const [index, sample] of one.entries()) squares += (sample - (other[index] ?? 0)) ** 2;
  return squares === 0 ? Infinity : 10 * Math.log10(255 ** 2 * one.length / squares);
}
