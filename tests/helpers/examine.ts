/** Compares a recording of the test pattern with the pattern, frame by frame and sample by sample. */

import { Buffer } from "node:buffer";
import { readBarcode, type Reading, type Size } from "./barcode.ts";
import { fileArgument, output } from "./command.ts";
import { type DrawnFormat, drawPattern, planeLengths } from "./pattern.ts";

/** What a recording shows. */
export interface Examination {
  /** Each decoded frame's index by its barcode, in the order of presentation; `null` where it cannot be read. */
  readonly indices: readonly (Reading["index"] | null)[];
  /** The peak signal-to-noise ratio in dB of the worst frame in each plane; `Infinity` where every sample is right. */
  readonly psnr: readonly number[];
}

/** Pictures that were drawn: drawing takes as long as decoding. */
const drawn = new Map<string, Uint8Array[]>();

function picture(format: DrawnFormat, size: Size, coded: Size, index: number): Uint8Array {
  const key = [format, size.width, size.height, coded.width, coded.height].join();
  let pictures = drawn.get(key);
  // Only the planar 4:2:0 pictures come again and again.
  if (pictures === undefined || format !== "yuv420p") drawn.set(key, pictures = []);
  return pictures[index] ??= drawPattern(format, size, index, coded);
}

/**
 * Decodes a recording, which must not report any error, and compares frame `n` with frame `n` of the pattern.
 *
 * @param size The size at which the pattern was drawn; `coded` is the file's.
 * @throws {CommandError} If decoding reports any error.
 */
export async function examine(path: string, format: DrawnFormat, size: Size, coded: Size): Promise<Examination> {
  const lengths = planeLengths(format, coded);
  const frame = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  const worst = lengths.map(() => 0);
  const indices: (number | null)[] = [];
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), "-map", "0:v:0", "-vsync", "passthrough"];
  args.push("-f", "rawvideo", "-pix_fmt", format, "-");
  let filled = 0;
  for await (const chunk of output("ffmpeg", args)) {
    for (let taken = 0; taken < chunk.length;) {
      const part = chunk.subarray(taken, taken + frame.length - filled);
      frame.set(part, filled);
      taken += part.length;
      filled += part.length;
      if (filled < frame.length) continue;
      filled = 0;
      const expected = picture(format, size, coded, indices.length);
      if (Buffer.compare(frame, expected) === 0) {
        // Sample by sample frame n: its barcode is n's.
        indices.push(indices.length);
        continue;
      }
      let start = 0;
      for (const [plane, length] of lengths.entries()) {
        worst[plane] = Math.max(worst[plane] ?? 0, squares(frame, expected, start, length) / length);
        start += length;
      }
      indices.push(readBarcode(luma(frame, format), size.width, size.height, coded.width)?.index ?? null);
    }
  }
  if (filled !== 0) throw new Error(`Cannot read "${path}": the last frame has ${filled} of ${frame.length} bytes`);
  return { indices, psnr: worst.map((error) => error === 0 ? Infinity : 10 * Math.log10(255 ** 2 / error)) };
}

function squares(a: Uint8Array, b: Uint8Array, start: number, length: number): number {
  let sum = 0;
  for (let at = start; at < start + length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    sum += difference * difference;
  }
  return sum;
}

/** Luma, or in place of it green. */
function luma(frame: Uint8Array, format: DrawnFormat): Uint8Array {
  return format === "bgra" ? frame.filter((_, at) => at % 4 === 1) : frame;
}
