/**
 * The layout in memory of each colour space, for all sizes, odd ones included.
 *
 * The planes of a view follow each other without padding. A plane consists of *units*: the bytes of one pixel, or of
 * the pixels that share them. A size that is not a multiple of the unit's is rounded up: every pixel has samples.
 *
 * @module
 */

import type { ColourSpace } from "../generated/contract.ts";

/** The pixel formats by WebCodecs' names, and `UYVY`, which WebCodecs lacks. */
export type VideoPixelFormat = "BGRA" | "I420" | "UYVY" | "RGBA" | "NV12";

/** A plane of a layout. */
export interface PlaneShape {
  /** Its components in order: `Y`, `UV`, `BGRA`. */
  readonly name: string;
  /** Pixels across that share a unit. */
  readonly unitWidth: number;
  /** Pixels down that share a unit. */
  readonly unitHeight: number;
  /** A black unit; its length is that of every unit. Alpha is opaque, Y'CbCr is of limited range. */
  readonly black: readonly number[];
}

/** A component of a layout. */
export interface ComponentShape {
  /** Its usual letter. */
  readonly name: string;
  /** Number of its plane. */
  readonly plane: number;
  /** Its first sample in the plane. */
  readonly offset: number;
  /** Bytes from one sample to the next in a row. */
  readonly step: number;
  /** Pixels across that share a sample. */
  readonly unitWidth: number;
}

/** A layout. */
export interface Layout {
  /** Its name in the style of WebCodecs. */
  readonly format: VideoPixelFormat;
  /** Whether it holds red, green and blue instead of Y'CbCr. */
  readonly isRgb: boolean;
  /** Its planes in the order of memory. */
  readonly planes: readonly PlaneShape[];
  /** Its components, in the usual order. */
  readonly components: readonly ComponentShape[];
}

/** The layout of each colour space. */
export const LAYOUTS: Readonly<Record<ColourSpace, Layout>> = {
  bgra: packedRgb("BGRA"),
  i420: {
    format: "I420",
    isRgb: false,
    planes: [plane("Y", 1, 1, [16]), plane("U", 2, 2, [128]), plane("V", 2, 2, [128])],
    components: [component("Y", 0, 0, 1, 1), component("U", 1, 0, 1, 2), component("V", 2, 0, 1, 2)],
  },
  uyvy: {
    format: "UYVY",
    isRgb: false,
    planes: [plane("UYVY", 2, 1, [128, 16, 128, 16])],
    components: [component("Y", 0, 1, 2, 1), component("U", 0, 0, 4, 2), component("V", 0, 2, 4, 2)],
  },
  rgba: packedRgb("RGBA"),
  nv12: {
    format: "NV12",
    isRgb: false,
    planes: [plane("Y", 1, 1, [16]), plane("UV", 2, 2, [128, 128])],
    components: [component("Y", 0, 0, 1, 1), component("U", 1, 0, 2, 2), component("V", 1, 1, 2, 2)],
  },
};

/** Units across in a plane of a picture of `width` pixels. */
export function unitsAcross({ unitWidth }: { readonly unitWidth: number }, width: number): number {
  return Math.ceil(width / unitWidth);
}

/** Rows of a plane of a picture of `height` pixels. */
export function rowsOf({ unitHeight }: PlaneShape, height: number): number {
  return Math.ceil(height / unitHeight);
}

/** Bytes of a row of a plane, without padding. */
export function rowBytesOf(shape: PlaneShape, width: number): number {
  return unitsAcross(shape, width) * shape.black.length;
}

/** Bytes of a plane, without padding. */
export function planeBytesOf(shape: PlaneShape, width: number, height: number): number {
  return rowBytesOf(shape, width) * rowsOf(shape, height);
}

/** Bytes of one view. */
export function viewBytesOf(colour: ColourSpace, width: number, height: number): number {
  let bytes = 0;
  for (const shape of LAYOUTS[colour].planes) bytes += planeBytesOf(shape, width, height);
  return bytes;
}

/** The colour space that has `format`'s layout. */
export function colourOf(format: VideoPixelFormat): ColourSpace {
  return format.toLowerCase() as ColourSpace;
}

/** Paints every view in `data` black: zeros would be green in Y'CbCr, and transparent where there is alpha. */
export function paintBlack(colour: ColourSpace, width: number, height: number, data: Uint8Array): void {
  for (let start = 0; start < data.length;) {
    for (const shape of LAYOUTS[colour].planes) {
      const end = start + planeBytesOf(shape, width, height);
      repeat(shape.black, data.subarray(start, end));
      start = end;
    }
  }
}

function repeat(unit: readonly number[], bytes: Uint8Array): void {
  bytes.set(unit);
  for (let done = unit.length; done < bytes.length; done *= 2) bytes.copyWithin(done, 0, done);
}

function packedRgb(format: "BGRA" | "RGBA"): Layout {
  return {
    format,
    isRgb: true,
    planes: [plane(format, 1, 1, [0, 0, 0, 255])],
    components: [...format].map((name, offset) => component(name, 0, offset, 4, 1)),
  };
}

function plane(name: string, unitWidth: number, unitHeight: number, black: readonly number[]): PlaneShape {
  return { name, unitWidth, unitHeight, black };
}

function component(name: string, plane: number, offset: number, step: number, unitWidth: number): ComponentShape {
  return { name, plane, offset, step, unitWidth };
}
