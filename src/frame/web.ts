/**
 * A frame as the Web's interfaces describe it: its colour as in WebCodecs, its pixels as in a canvas.
 *
 * @module
 */

import { outOfRange } from "../base/errors.ts";
import { LAYOUTS } from "./layout.ts";
import type { FrameMemory } from "./memory.ts";
import { matrixOf, rangeOf } from "./init.ts";
import type { FrameMetadata } from "./header.ts";

/** The colour of a frame by WebCodecs' names; `null` if unknown. */
export interface FrameColorSpace {
  /** Not known to this library. */
  readonly primaries: null;
  /** Not known to this library. */
  readonly transfer: null;
  /** The matrix, `rgb` if there is none; `null` also for one that WebCodecs has no name for. */
  readonly matrix: "rgb" | "smpte170m" | "bt709" | "bt2020-ncl" | null;
  /** Whether samples use the full range. */
  readonly fullRange: boolean | null;
}

/** The pixels of a canvas: red, green, blue and alpha in turn. */
export interface FrameImageData {
  /** The samples. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Always the same. */
  readonly colorSpace: "srgb";
}

/** The `ImageData` of any canvas, for {@linkcode VideoFrame.fromImageData}. */
export interface ImageDataLike {
  /** The samples: red, green, blue and alpha in turn. */
  readonly data: ArrayBuffer | ArrayBufferView;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
}

/** WebCodecs has no names for the other matrices. */
const MATRICES = { bt601: "smpte170m", bt709: "bt709", bt2020: "bt2020-ncl", fcc: null, smpte240m: null } as const;

/** Range and matrix by WebCodecs' names. */
export function colorSpaceOf(metadata: FrameMetadata): FrameColorSpace {
  const unknown = { primaries: null, transfer: null };
  if (LAYOUTS[metadata.colour].isRgb) return { ...unknown, matrix: "rgb", fullRange: true };
  const [matrix, range] = [matrixOf(metadata), rangeOf(metadata)];
  return {
    ...unknown,
    matrix: matrix === undefined ? null : MATRICES[matrix],
    fullRange: range === undefined ? null : range === "full",
  };
}

/** The size at which a frame is to be shown: its height is kept where its pixels are not square, and then it is turned. */
export function displaySizeOf(metadata: FrameMetadata): { readonly width: number; readonly height: number } {
  const { width, height, pixelAspectNum, pixelAspectDen, rotation } = metadata;
  const wide = pixelAspectNum > 0 ? Math.max(1, Math.round(width * pixelAspectNum / pixelAspectDen)) : width;
  return rotation % 180 === 0 ? { width: wide, height } : { width: height, height: wide };
}

/** The pixels of a view, without a copy. */
export function imageDataOf(frame: FrameMemory, stereoIndex: number): FrameImageData {
  const { colour, width, height } = frame.metadata;
  if (colour !== "rgba") {
    throw outOfRange(
      "colour",
      `Cannot make image data of a frame in ${colour}: it must be in rgba; ` +
        'attach the observer with { colour: "rgba" }, or copyTo() with { format: "RGBA" }',
    );
  }
  const { buffer, byteOffset, length } = frame.view(stereoIndex, "make image data of");
  return { data: new Uint8ClampedArray(buffer, byteOffset, length), width, height, colorSpace: "srgb" };
}
