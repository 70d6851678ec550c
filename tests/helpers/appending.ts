/** Recordings of frames whose times a test chooses. */

import { Codec, type DiscontinuityEvent, type VideoFileWriter, VideoFrame } from "../../mod.ts";

/** One container of each kind, with a codec. */
export const CONTAINERS = [[Codec.H264, "a.mp4"], [Codec.H264, "a.mov"], [Codec.Xvid, "a.avi"], [
  Codec.FFV1,
  "a.mkv",
]] as const;

/** The jumps that a writer reports. */
export function jumpsOf(writer: VideoFileWriter): DiscontinuityEvent[] {
  const jumps: DiscontinuityEvent[] = [];
  writer.addEventListener("discontinuity", (event) => jumps.push(event));
  return jumps;
}

/** Appends a frame for each time, in milliseconds; `undefined` for none. */
export async function appendAt(writer: VideoFileWriter, times: readonly (number | undefined)[]): Promise<void> {
  for (const pts of times) {
    const frame = VideoFrame.fromBuffer(new Uint8Array(64 * 64 * 3 / 2), {
      colour: "i420",
      width: 64,
      height: 64,
      ...(pts === undefined ? {} : { pts, timeBase: { num: 1, den: 1000 } }),
    });
    await writer.append(frame);
  }
}

/** Times of `count` frames at 30 a second, in milliseconds. */
export function atThirty(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + Math.round(index * 1000 / 30));
}
