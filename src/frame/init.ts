/**
 * Checks of the settings with which a program makes a frame.
 *
 * @module
 */

import {
  COLOUR_MATRICES,
  COLOUR_RANGES,
  type ColourMatrix,
  type ColourSpace,
  LIMITS,
  type Rational,
  UNKNOWN,
} from "../generated/contract.ts";
import { checkedColour } from "../base/codec.ts";
import { outOfRange, wrongType } from "../base/errors.ts";
import { bareMetadata, type FrameMetadata, NO_MATRIX } from "./header.ts";
import { viewBytesOf } from "./layout.ts";
import { checkedOptions, type Rules } from "../base/options.ts";
import { timeBaseOf } from "../base/rational.ts";

/** The sample values of black and white: luma 16 to 235, or 0 to 255. */
export type ColourRange = "limited" | "full";

/** Degrees clockwise by which a frame is to be turned for showing it. */
export type FrameRotation = 0 | 90 | 180 | 270;

/** The time, the views, the colour and the geometry of a frame that a program makes; a field that is left out is unknown. */
export interface VideoFrameDetails {
  /**
   * Number of views in the memory, 1 to 8, one after the other.
   *
   * @default 1
   */
  readonly stereoCount?: number | undefined;
  /** Presentation time in ticks of `timeBase`, a whole number; excludes `timestamp`. */
  readonly pts?: number | undefined;
  /** Seconds per tick of `pts`. */
  readonly timeBase?: Rational | undefined;
  /** Presentation time in microseconds, a whole number; excludes `pts`. */
  readonly timestamp?: number | undefined;
  /** Microseconds for which the frame is shown: the last frame of a recording lasts so long. */
  readonly duration?: number | undefined;
  /** Number of the frame in its source. */
  readonly sequence?: number | undefined;
  /** Milliseconds on CLOCK_MONOTONIC at which it was captured. */
  readonly captureTime?: number | undefined;
  /** The sample values of black and white. */
  readonly range?: ColourRange | undefined;
  /** The matrix of Y'CbCr samples. */
  readonly matrix?: ColourMatrix | undefined;
  /** Width to height of one pixel. */
  readonly pixelAspect?: Rational | undefined;
  /**
   * Degrees clockwise by which it is to be turned for showing it.
   *
   * @default 0
   */
  readonly rotation?: FrameRotation | undefined;
  /**
   * Whether left and right are to be exchanged afterwards.
   *
   * @default false
   */
  readonly flip?: boolean | undefined;
}

/** The shape, time and colour of a frame that uses the program's own memory. */
export interface VideoFrameSettings extends VideoFrameDetails {
  /** Colour space. */
  readonly colour: ColourSpace;
  /** Width of each view in pixels, 1 to 16384. */
  readonly width: number;
  /** Height of each view in pixels, 1 to 16384. */
  readonly height: number;
}

const NUMBER = { type: "number" } as const;
const WHOLE = { type: "integer" } as const;
const TERM = { type: "integer", minimum: 1, maximum: LIMITS.TERM } as const;

const RULES = {
  colour: { type: "string" },
  width: NUMBER,
  height: NUMBER,
  stereoCount: NUMBER,
  pts: NUMBER,
  timeBase: { fields: { num: NUMBER, den: NUMBER } },
  timestamp: NUMBER,
  duration: WHOLE,
  sequence: WHOLE,
  captureTime: NUMBER,
  range: { words: Object.keys(COLOUR_RANGES) },
  matrix: { words: Object.keys(COLOUR_MATRICES) },
  pixelAspect: { fields: { num: TERM, den: TERM } },
  rotation: NUMBER,
  flip: { type: "boolean" },
} as const satisfies Rules & Record<keyof VideoFrameSettings, unknown>;

/** Position of the samples of a frame. */
export interface Samples {
  /** The memory. */
  readonly buffer: ArrayBuffer;
  /** First byte of the samples in the memory. */
  readonly offset: number;
}

/**
 * Checks a colour space, a size and a number of views.
 *
 * @throws {TypeError} If one is of the wrong type.
 * @throws {RangeError} If one is out of its range.
 */
export function shapeOf(
  colour: ColourSpace,
  [widthField, width]: readonly [field: string, value: number],
  [heightField, height]: readonly [field: string, value: number],
  stereoCount: number,
): FrameMetadata {
  checkedColour(colour);
  checkCount(widthField, width, LIMITS.FRAME_SIZE);
  checkCount(heightField, height, LIMITS.FRAME_SIZE);
  checkCount("stereoCount", stereoCount, LIMITS.VIEWS);
  return bareMetadata(colour, width, height, stereoCount);
}

/**
 * Checks settings; returns them as metadata.
 *
 * @throws {TypeError} If a setting is unknown, missing or of the wrong type.
 * @throws {RangeError} If a setting is out of its range.
 */
export function metadataOf(settings: VideoFrameSettings): FrameMetadata {
  const checked = checkedOptions(settings, RULES);
  const { colour, width, height, stereoCount = 1 } = checked;
  const metadata = shapeOf(colour, ["width", width], ["height", height], stereoCount);
  const { duration = 0, sequence, captureTime = 0, range, matrix, pixelAspect, rotation = 0, flip = false } = checked;
  if (captureTime < 0) throw outOfRange("captureTime", `Cannot use captureTime ${captureTime}: it must be 0 or more`);
  if (sequence !== undefined) metadata.sequence = sequence;
  metadata.captureMs = captureTime;
  metadata.duration = duration;
  metadata.range = range === undefined ? UNKNOWN.RANGE : COLOUR_RANGES[range];
  metadata.matrix = matrix === undefined ? NO_MATRIX : COLOUR_MATRICES[matrix][0];
  if (pixelAspect !== undefined) [metadata.pixelAspectNum, metadata.pixelAspectDen] = termsOf(pixelAspect);
  if (!([0, 90, 180, 270] as number[]).includes(rotation)) {
    throw outOfRange("rotation", `Cannot use rotation ${rotation}: it must be 0, 90, 180 or 270`);
  }
  metadata.rotation = rotation;
  metadata.flip = flip ? 1 : 0;
  const time = timeOf(checked);
  if (time !== undefined) {
    metadata.pts = time.pts;
    metadata.timeBaseNum = time.timeBase.num;
    metadata.timeBaseDen = time.timeBase.den;
  }
  return metadata;
}

/** The range by its name. */
export function rangeOf({ range }: FrameMetadata): ColourRange | undefined {
  for (const [name, number] of Object.entries(COLOUR_RANGES)) {
    if (number === range) return name as ColourRange;
  }
  return undefined;
}

/** The matrix by its name. */
export function matrixOf({ matrix }: FrameMetadata): ColourMatrix | undefined {
  for (const [name, numbers] of Object.entries(COLOUR_MATRICES)) {
    if ((numbers as readonly number[]).includes(matrix)) return name as ColourMatrix;
  }
  return undefined;
}

/**
 * Checks the memory for a frame; returns the position of the samples.
 *
 * @throws {TypeError} If it is not memory, or memory that can change during a native call.
 * @throws {RangeError} If its length is not exactly that of the frame.
 */
export function samplesOf(data: ArrayBuffer | ArrayBufferView, metadata: FrameMetadata): Samples {
  const refuse = (why: string): Error => wrongType("data", `Cannot use data ${kindOf(data)}: ${why}`);
  const [buffer, offset] = ArrayBuffer.isView(data) ? [data.buffer, data.byteOffset] : [data, 0];
  if (kindOf(buffer) === "SharedArrayBuffer") throw refuse("it must not be shared memory; copy it with slice()");
  if (kindOf(buffer) !== "ArrayBuffer") throw refuse("it must be an ArrayBuffer or a view of one");
  const memory = buffer as ArrayBuffer;
  if (memory.resizable) throw refuse("it must not be resizable; copy it with slice()");
  const { colour, width, height, stereoCount } = metadata;
  const required = viewBytesOf(colour, width, height) * stereoCount;
  if (data.byteLength !== required) {
    const views = stereoCount === 1 ? "" : ` with ${stereoCount} views`;
    throw outOfRange(
      "data",
      `Cannot use data of ${data.byteLength} bytes: ${width}x${height} in ${colour}${views} takes ${required}`,
    );
  }
  return { buffer: memory, offset };
}

/** The language's name of a value's kind; also right for memory of another realm, where `instanceof` fails. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** Both terms of a pixel aspect, of which neither may be missing. */
function termsOf({ num, den }: Rational): [num: number, den: number] {
  for (const [term, value] of Object.entries({ num, den })) {
    if (typeof value !== "number") {
      throw wrongType(`pixelAspect.${term}`, `Cannot use pixelAspect.${term} ${String(value)}: it must be a number`);
    }
  }
  return [num, den];
}

function timeOf(
  { pts, timeBase, timestamp }: VideoFrameSettings,
): { readonly pts: number; readonly timeBase: Rational } | undefined {
  if (timestamp !== undefined) {
    if (pts !== undefined || timeBase !== undefined) {
      throw outOfRange("timestamp", `Cannot use timestamp ${timestamp}: it excludes pts and timeBase`);
    }
    checkWhole("timestamp", timestamp);
    return { pts: timestamp, timeBase: { num: 1, den: 1_000_000 } };
  }
  if (pts === undefined) {
    if (timeBase === undefined) return undefined;
    throw wrongType("pts", "Cannot use a timeBase without pts: there are no ticks to count");
  }
  checkWhole("pts", pts);
  if (timeBase === undefined) throw wrongType("timeBase", `Cannot use pts ${pts}: it needs a timeBase`);
  return { pts, timeBase: timeBaseOf(timeBase) };
}

function checkWhole(field: string, value: number): void {
  if (!Number.isSafeInteger(value)) throw outOfRange(field, `Cannot use ${field} ${value}: it must be a whole number`);
}

function checkCount(field: string, value: number, most: number): void {
  if (typeof value !== "number") throw wrongType(field, `Cannot use ${field} ${String(value)}: it must be a number`);
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw outOfRange(field, `Cannot use ${field} ${value}: it must be a whole number from 1 to ${most}`);
}
