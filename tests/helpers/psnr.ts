/** How near a recording is to what was drawn, by FFmpeg's `psnr` filter. */

import { fileArgument, text } from "./command.ts";

/** Peak signal-to-noise ratios in dB; `Infinity` where the pictures are equal. */
export interface Psnr {
  /** Of each frame, over all planes. */
  readonly frames: readonly number[];
  /** Of the luma plane of each frame. */
  readonly luma: readonly number[];
  /** Of the worst frame. */
  readonly worst: number;
  /** Of all frames together. */
  readonly average: number;
}

const field = (line: string, name: string): number => {
  const value = new RegExp(`\\b${name}:(\\S+)`).exec(line)?.[1] ?? "";
  return value === "inf" ? Infinity : Number.parseFloat(value);
};

/**
 * Compare a recording with a reference, frame n with frame n whatever their timestamps; ends with the shorter one.
 *
 * @param reference A lossless file of the frames as they were drawn, of the same size.
 * @param pixelFormat Both are compared in this format.
 * @throws {CommandError} If decoding either reports any error, or the sizes differ.
 */
export async function psnr(path: string, reference: string, pixelFormat = "yuv420p"): Promise<Psnr> {
  // Equal frame numbers get equal times; the filter would pair frames by time.
  const frames = `setpts=N/TB,format=${pixelFormat}`;
  const graph = `[0:v:0]${frames}[a];[1:v:0]${frames}[b];[a][b]psnr=stats_file=-:shortest=1`;
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), "-i", fileArgument(reference)];
  const lines = (await text("ffmpeg", [...args, "-lavfi", graph, "-vsync", "passthrough", "-f", "null", "-"]))
    .split("\n").filter((line) => line.startsWith("n:"));
  if (lines.length === 0) throw new Error(`Cannot compare "${path}" with "${reference}": one of them has no frame`);
  const all = lines.map((line) => field(line, "psnr_avg"));
  const error = lines.reduce((sum, line) => sum + field(line, "mse_avg"), 0) / lines.length;
  return {
    frames: all,
    luma: lines.map((line) => field(line, "psnr_y")),
    worst: Math.min(...all),
    average: error === 0 ? Infinity : 10 * Math.log10(255 ** 2 / error),
  };
}
