/** How pictures are to be shown, by `ffprobe` and by FFmpeg's own autorotation; and display matrices for inputs. */

import { readFile, writeFile } from "node:fs/promises";
import { fileArgument, output, text } from "./command.ts";

/** What `ffprobe` says of the first video stream. */
export interface Shown {
  readonly width: number;
  readonly height: number;
  /** Such as `64:45`; `1:1` where nothing is said, which means the same. */
  readonly pixelAspect: string;
  /** The nine numbers of the display matrix; empty if there is none. */
  readonly matrix: string;
  /** FFmpeg's name; `progressive` where nothing is said, which players take for the same. */
  readonly fieldOrder: string;
}

/** A turn as ISO/IEC 14496-12 has it: `a`, `b`, `c` and `d` of the matrix. */
export type Matrix = readonly [a: number, b: number, c: number, d: number];

/** A turn and its display matrix. */
export interface Turn {
  /** Degrees clockwise. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Whether left and right are exchanged afterwards. */
  readonly flip: boolean;
  readonly matrix: Matrix;
}

/** The turns by quarters, and all of them mirrored. */
export const TURNS: readonly Turn[] = [
  { rotation: 0, flip: false, matrix: [1, 0, 0, 1] },
  { rotation: 90, flip: false, matrix: [0, 1, -1, 0] },
  { rotation: 180, flip: false, matrix: [-1, 0, 0, -1] },
  { rotation: 270, flip: false, matrix: [0, -1, 1, 0] },
  { rotation: 0, flip: true, matrix: [-1, 0, 0, 1] },
  { rotation: 90, flip: true, matrix: [0, 1, 1, 0] },
  { rotation: 180, flip: true, matrix: [1, 0, 0, -1] },
  { rotation: 270, flip: true, matrix: [0, -1, -1, 0] },
];

/** What the headers of a file say, and its first frame where they are silent. */
export async function shownBy(path: string): Promise<Shown> {
  const args = ["-v", "error", "-select_streams", "v:0", "-show_streams", "-of", "json", fileArgument(path)];
  const { streams: [stream] } = JSON.parse(await text("ffprobe", args));
  const side = (stream.side_data_list ?? []) as readonly { readonly displaymatrix?: string }[];
  const matrix = side.find(({ displaymatrix }) => displaymatrix !== undefined)?.displaymatrix ?? "";
  const known = (value: unknown, other: string): string =>
    [undefined, "0:1", "unknown", "N/A"].includes(value as string) ? other : String(value);
  return {
    width: stream.width,
    height: stream.height,
    pixelAspect: known(stream.sample_aspect_ratio, "1:1"),
    matrix: numbersOf(matrix),
    fieldOrder: known(stream.field_order, "progressive"),
  };
}

/** The nine numbers of a display matrix as `ffprobe` prints it: each row begins with its offset. */
export function numbersOf(printed: string): string {
  return printed.replaceAll(/[0-9a-f]{8}:/g, "").trim().split(/\s+/).join(" ");
}

/** Copies the mp4 or mov at `from`, in whose track header this matrix stands then, with this translation in pixels. */
export async function withMatrix(
  from: string,
  path: string,
  [a, b, c, d]: Matrix,
  [x, y]: readonly [x: number, y: number] = [0, 0],
): Promise<string> {
  const bytes = new Uint8Array(await readFile(from));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const place = new TextDecoder("latin1").decode(bytes).indexOf("tkhd");
  // Behind the name: version and flags, 80 bytes of a box of version 0, of which the matrix is the last part but the size.
  const matrix = place + 4 + 4 + 20 + 8 + 8;
  const fixed = [a, b, 0, c, d, 0, x, y].map((value) => Math.round(value * 65536));
  [...fixed, 1 << 30].forEach((value, index) => view.setInt32(matrix + 4 * index, value));
  await writeFile(path, bytes);
  return path;
}

/** The samples of all pictures, upright by FFmpeg's own autorotation, in this pixel format. */
export async function decoded(path: string, format: string, ...more: readonly string[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const args = ["-v", "error", "-nostdin", "-i", fileArgument(path), ...more, "-map", "0:v:0", "-vsync", "passthrough"];
  for await (const part of output("ffmpeg", [...args, "-f", "rawvideo", "-pix_fmt", format, "-"])) parts.push(part);
  return joined(parts);
}

/** Several arrays in one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Peak signal-to-noise ratio of samples of 8 bits, in dB; `Infinity` if they are equal, NaN for other counts of them. */
export function psnrOf(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== other.length || one.length === 0) return NaN;
  const error = one.reduce((sum, sample, index) => sum + (sample - (other[index] ?? 0)) ** 2, 0) / one.length;
  return 10 * Math.log10(255 ** 2 / error);
}
