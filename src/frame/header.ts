/**
 * The metadata of a frame, and its form at the boundary: numbers in a `Float64Array`.
 *
 * @module
 */

import { COLOUR_SPACES, type ColourSpace, HEADER, UNKNOWN } from "../generated/contract.ts";

/** Numbers in a header. */
export const HEADER_LENGTH: number = Object.keys(HEADER).length;

/** The `sequence` of a frame without a number. */
export const NO_SEQUENCE = UNKNOWN.SEQUENCE;

/** The `matrix` of a frame that names none (ITU-T H.273, table 4: unspecified). */
export const NO_MATRIX = UNKNOWN.MATRIX;

/** The metadata of a frame: plain numbers, with those of a header for what is unknown. */
export interface FrameMetadata {
  /** Colour space. */
  colour: ColourSpace;
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** Number of views. */
  stereoCount: number;
  /** Number in its source; {@linkcode NO_SEQUENCE} if it has none. */
  sequence: number;
  /** Presentation time in ticks. */
  pts: number;
  /** Seconds per tick: numerator, 0 if the frame has no time. */
  timeBaseNum: number;
  /** Seconds per tick: denominator. */
  timeBaseDen: number;
  /** CLOCK_MONOTONIC at capture in milliseconds, 0 if unknown. */
  captureMs: number;
  /** Wall clock at its source's first frame in milliseconds since the epoch, 0 if unknown. */
  sessionStartMs: number;
  /** 0 unknown, 1 limited, 2 full. */
  range: number;
  /** ITU-T H.273's number; {@linkcode NO_MATRIX} if unknown. */
  matrix: number;
  /** Width to height of one pixel: numerator, 0 if unknown. */
  pixelAspectNum: number;
  /** Width to height of one pixel: denominator. */
  pixelAspectDen: number;
  /** Degrees clockwise by which it is to be turned for showing it: 0, 90, 180 or 270. */
  rotation: number;
  /** 1 if left and right are to be exchanged afterwards, else 0. */
  flip: number;
  /** Number of the order of its fields in the core; 0 unknown. */
  fieldOrder: number;
  /** Microseconds for which it is shown, 0 if unknown. */
  duration: number;
}

/** Metadata of which only the shape is known. */
export function bareMetadata(colour: ColourSpace, width: number, height: number, stereoCount: number): FrameMetadata {
  return {
    colour,
    width,
    height,
    stereoCount,
    sequence: NO_SEQUENCE,
    pts: 0,
    timeBaseNum: 0,
    timeBaseDen: 1,
    captureMs: 0,
    sessionStartMs: 0,
    range: UNKNOWN.RANGE,
    matrix: NO_MATRIX,
    pixelAspectNum: 0,
    pixelAspectDen: 1,
    rotation: 0,
    flip: 0,
    fieldOrder: 0,
    duration: 0,
  };
}

/** The metadata in `header`. */
export function readHeader(header: Float64Array): FrameMetadata {
  return {
    colour: COLOUR_SPACES[header[HEADER.colour] as number] as ColourSpace,
    width: header[HEADER.width] as number,
    height: header[HEADER.height] as number,
    stereoCount: header[HEADER.stereoCount] as number,
    sequence: header[HEADER.sequence] as number,
    pts: header[HEADER.pts] as number,
    timeBaseNum: header[HEADER.timeBaseNum] as number,
    timeBaseDen: header[HEADER.timeBaseDen] as number,
    captureMs: header[HEADER.captureMs] as number,
    sessionStartMs: header[HEADER.sessionStartMs] as number,
    range: header[HEADER.range] as number,
    matrix: header[HEADER.matrix] as number,
    pixelAspectNum: header[HEADER.pixelAspectNum] as number,
    pixelAspectDen: header[HEADER.pixelAspectDen] as number,
    rotation: header[HEADER.rotation] as number,
    flip: header[HEADER.flip] as number,
    fieldOrder: header[HEADER.fieldOrder] as number,
    duration: header[HEADER.durationUs] as number,
  };
}

/** Writes metadata into `header`, with `dataLength` as the bytes of all views. */
export function writeHeader(metadata: FrameMetadata, dataLength: number, header: Float64Array): void {
  header[HEADER.colour] = COLOUR_SPACES.indexOf(metadata.colour);
  header[HEADER.width] = metadata.width;
  header[HEADER.height] = metadata.height;
  header[HEADER.stereoCount] = metadata.stereoCount;
  header[HEADER.dataLength] = dataLength;
  header[HEADER.sequence] = metadata.sequence;
  header[HEADER.pts] = metadata.pts;
  header[HEADER.timeBaseNum] = metadata.timeBaseNum;
  header[HEADER.timeBaseDen] = metadata.timeBaseDen;
  header[HEADER.captureMs] = metadata.captureMs;
  header[HEADER.sessionStartMs] = metadata.sessionStartMs;
  header[HEADER.range] = metadata.range;
  header[HEADER.matrix] = metadata.matrix;
  header[HEADER.pixelAspectNum] = metadata.pixelAspectNum;
  header[HEADER.pixelAspectDen] = metadata.pixelAspectDen;
  header[HEADER.rotation] = metadata.rotation;
  header[HEADER.flip] = metadata.flip;
  header[HEADER.fieldOrder] = metadata.fieldOrder;
  header[HEADER.durationUs] = metadata.duration;
}
