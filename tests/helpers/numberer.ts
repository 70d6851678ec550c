/** Draws numbers into 720p frames, and reads them from a recording. */

import { ObservableObserver, type VideoFrame } from "../../mod.ts";
import { output } from "./command.ts";

/** The size that the frames must have. */
export const NUMBERED = { width: 1280, height: 720 } as const;
/** Side of a drawn cell, and how many bits of the frame's number are drawn. */
const [CELL, BITS] = [32, 16];
const TOP = 600;

/** Draws the number of each BGRA frame as a row of black and white cells. */
export class Numberer extends ObservableObserver {
  override update(frame: VideoFrame): void {
    const pixels = new Uint32Array(frame.data().buffer, 0, frame.width * frame.height);
    for (let bit = 0; bit < BITS; bit++) {
      const colour = ((frame.sequence ?? 0) >> bit) & 1 ? 0xffffffff : 0xff000000;
      for (let y = TOP; y < TOP + CELL; y++) {
        pixels.fill(colour, y * frame.width + bit * CELL, y * frame.width + (bit + 1) * CELL);
      }
    }
  }
}

/** The numbers drawn into the frames of the file at `path`, as FFmpeg decodes it. */
export async function drawnNumbers(path: string): Promise<number[]> {
  const filter = `crop=${CELL * BITS}:${CELL}:0:${TOP},scale=${BITS}:1:flags=area,format=gray`;
  const numbers: number[] = [];
  let rest: number[] = [];
  for await (
    const part of output("ffmpeg", ["-v", "error", "-i", `file:${path}`, "-vf", filter, "-f", "rawvideo", "-"])
  ) {
    rest.push(...part);
    while (rest.length >= BITS) {
      numbers.push(rest.slice(0, BITS).reduce((sum, grey, bit) => sum + (grey > 128 ? 1 << bit : 0), 0));
      rest = rest.slice(BITS);
    }
  }
  return numbers;
}
