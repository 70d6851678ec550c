/**
 * Reads the barcode of the test pattern: which frames are in a recording.
 *
 * Written from the layout that rust/core/src/source/barcode.rs documents, not from its code.
 */

import { fileArgument, output } from "./command.ts";
import { probe } from "./probe.ts";

/** A barcode whose check bits agree. */
export interface Reading {
  /** Frame index: modulo 2^32 in the wide form, modulo 4096 in the small one. */
  readonly index: number;
  readonly form: "wide" | "small";
}

/** The size at which the pattern was drawn. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly side: number;
}

/** Halfway between black and the stripes of a white cell, in limited range (16, 210) as in full range (0, 226). */
const THRESHOLD = 113;
/** Samples of a cell in each direction; more only cost time. */
const SAMPLES = 8;

/** Bits of the index, bits of the check, and the check's polynomial. */
const forms = { wide: [32, 16, 0x1021], small: [12, 4, 0x3] } as const;

/** The grid of `bits` square cells that are as large as the picture allows; the widest of equals. */
function fit(bits: number, step: number, width: number, height: number): Grid | null {
  let best: Grid | null = null;
  for (let columns = bits; columns >= 1; columns--) {
    if (bits % columns !== 0) continue;
    const rows = bits / columns;
    const room = Math.floor(Math.min(width / columns, height / rows));
    const side = room - room % step;
    if (side > (best?.side ?? 0)) best = { columns, rows, side };
  }
  return best;
}

function layout(width: number, height: number): Grid & Pick<Reading, "form"> | null {
  const strip = fit(48, 8, width, Math.floor(height / 3));
  const wide = strip !== null && strip.side >= 16 ? strip : fit(48, 8, width, height);
  if (wide !== null) return { ...wide, form: "wide" };
  const small = fit(16, 4, width, height);
  return small && { ...small, form: "small" };
}

/** The check bits of `bits`: the remainder of a division, started with ones. */
function check(bits: readonly number[], width: number, polynomial: number): number {
  const ones = (1 << width) - 1;
  let register = ones;
  for (const bit of bits) {
    const carry = (register >> (width - 1)) ^ bit;
    register = ((register << 1) & ones) ^ (carry === 1 ? polynomial : 0);
  }
  return register;
}

const number = (bits: readonly number[]): number => bits.reduce((value, bit) => value * 2 + bit, 0);

/** One cell of a barcode. */
export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly isWhite: boolean;
}

/** The cells that show frame `index` in a picture of this size; none below 16 x 16 pixels. */
export function barcodeCells({ width, height }: Size, index: number): Cell[] {
  const grid = layout(width, height);
  if (grid === null) return [];
  const [indexBits, checkBits, polynomial] = forms[grid.form];
  const bits = Array.from({ length: indexBits }, (_, n) => Math.floor(index / 2 ** (indexBits - 1 - n)) % 2);
  const remainder = check(bits, checkBits, polynomial);
  for (let n = checkBits - 1; n >= 0; n--) bits.push((remainder >> n) & 1);
  const { columns, side } = grid;
  return bits.map((bit, cell) => {
    return { x: (cell % columns) * side, y: Math.floor(cell / columns) * side, side, isWhite: bit === 1 };
  });
}

/**
 * The barcode in a plane of luma samples; `null` if there is none whose check bits agree.
 *
 * @param width Width at which the pattern was drawn; with `height` it decides where the cells are.
 * @param stride Samples from row to row; more than `width` if an encoder has padded the picture.
 */
export function readBarcode(luma: Uint8Array, width: number, height: number, stride: number = width): Reading | null {
  const grid = layout(width, height);
  if (grid === null) return null;
  const { columns, rows, side, form } = grid;
  const margin = Math.floor(side / 4);
  const length = Math.floor(side / 2);
  const step = Math.ceil(length / SAMPLES);
  const bits: number[] = [];
  for (let cell = 0; cell < columns * rows; cell++) {
    const left = (cell % columns) * side + margin;
    const top = Math.floor(cell / columns) * side + margin;
    if (left + length > stride) return null;
    let sum = 0;
    let count = 0;
    for (let y = top; y < top + length; y += step) {
      for (let x = left; x < left + length; x += step) {
        sum += luma[y * stride + x] ?? NaN;
        count++;
      }
    }
    // A sample outside the plane makes the sum NaN.
    if (Number.isNaN(sum)) return null;
    bits.push(sum > THRESHOLD * count ? 1 : 0);
  }
  const [indexBits, checkBits, polynomial] = forms[form];
  const index = bits.slice(0, indexBits);
  if (check(index, checkBits, polynomial) !== number(bits.slice(indexBits))) return null;
  return { index: number(index), form };
}

/**
 * The barcode of each frame of a recording in the order of presentation; `null` where none could be read.
 *
 * One element per decoded frame: none is doubled or left out to keep a rate. Holds one frame in memory.
 *
 * @param drawn The size of the pattern, if the encoder padded or cropped it.
 * @throws {CommandError} If decoding reports any error.
 */
export async function decodeIndices(path: string, drawn?: Size): Promise<(number | null)[]> {
  const decoded = await probe(path);
  const { width, height } = drawn ?? decoded;
  const luma = new Uint8Array(decoded.width * decoded.height);
  const indices: (number | null)[] = [];
  let filled = 0;
  const args = ["-v", "error", "-nostdin", "-noautorotate", "-i", fileArgument(path), "-map", "0:v:0"];
  args.push("-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-");
  for await (const chunk of output("ffmpeg", args)) {
    for (let taken = 0; taken < chunk.length;) {
      const part = chunk.subarray(taken, taken + luma.length - filled);
      luma.set(part, filled);
      taken += part.length;
      filled += part.length;
      if (filled < luma.length) continue;
      indices.push(readBarcode(luma, width, height, decoded.width)?.index ?? null);
      filled = 0;
    }
  }
  if (filled !== 0) throw new Error(`Cannot read "${path}": the last frame has ${filled} of ${luma.length} bytes`);
  return indices;
}
