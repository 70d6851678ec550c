/**
 * Copies of a frame's samples: a rectangle in a layout and a format that the caller chooses, as in WebCodecs.
 *
 * @module
 */

import { type ColourSpace, UNKNOWN } from "../generated/contract.ts";
import { outOfRange, wrongType } from "../base/errors.ts";
import { type FrameMetadata, HEADER_LENGTH, writeHeader } from "./header.ts";
import { colourOf, LAYOUTS, planeBytesOf, rowBytesOf, rowsOf, type VideoPixelFormat, viewBytesOf } from "./layout.ts";
import { allocate, type FrameMemory } from "./memory.ts";
import { kindOf } from "./init.ts";
import { type Native, openedNative, openNative } from "../native/context.ts";
import { checkedWord } from "../base/options.ts";

/** Position of a plane in memory. */
export interface PlaneLayout {
  /** First byte. */
  readonly offset: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** A rectangle in pixels. */
export interface FrameRect {
  /** Left column. */
  readonly x: number;
  /** Top row. */
  readonly y: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** The rectangle, view, format and layout of a copy. */
export interface VideoFrameCopyToOptions {
  /** Format of the copy; by default the frame's own. */
  readonly format?: VideoPixelFormat | undefined;
  /**
   * The rectangle to copy; by default the whole picture.
   *
   * Its left column and top row must not separate pixels that share chroma: both must be even in I420 and NV12, the
   * column in UYVY.
   */
  readonly rect?: FrameRect | undefined;
  /** Position of each plane in the destination; by default one after the other without padding. */
  readonly layout?: readonly PlaneLayout[] | undefined;
  /**
   * The view to copy.
   *
   * @default 0
   */
  readonly stereoIndex?: number | undefined;
}

/** The checked options of a copy. */
interface Plan {
  readonly colour: ColourSpace;
  readonly stereoIndex: number;
  readonly rect: FrameRect;
  readonly layout: readonly PlaneLayout[];
  /** Whether the planes follow each other without padding. */
  readonly isTight: boolean;
  /** Bytes from the start of the destination to the end of the last plane. */
  readonly bytes: number;
}

const FORMATS = Object.values(LAYOUTS).map(({ format }) => format);
const OPTIONS = ["format", "rect", "layout", "stereoIndex"] as const;

/**
 * Bytes of a copy.
 *
 * @throws {TypeError} If an option is unknown or of the wrong type.
 * @throws {RangeError} If an option is out of its range.
 * @throws {GiftGrabError} With the code `closed` if the frame has ended.
 */
export function allocationSizeOf(frame: FrameMemory, options: VideoFrameCopyToOptions): number {
  const plan = planOf(frame, options);
  frame.view(plan.stereoIndex, "measure a copy of");
  return plan.bytes;
}

/**
 * Copies by the options; the frame is read before the promise is returned.
 *
 * @throws {TypeError} If an argument is unknown or of the wrong type.
 * @throws {RangeError} If an argument is out of its range, or the destination too small.
 * @throws {GiftGrabError} With the code `closed` if the frame has ended.
 */
export async function copyFrame(
  frame: FrameMemory,
  destination: ArrayBufferLike | ArrayBufferView,
  options: VideoFrameCopyToOptions,
): Promise<PlaneLayout[]> {
  const plan = planOf(frame, options);
  const view = frame.view(plan.stereoIndex, "copy");
  const target = targetOf(destination, plan.bytes);
  const native = openedNative();
  if (plan.colour === frame.metadata.colour) {
    copyRect(frame.metadata, view, plan.rect, target, plan.layout);
  } else if (native !== undefined) {
    convert(
      native,
      frame.metadata,
      isWhole(frame.metadata, plan.rect) ? view : crop(frame.metadata, view, plan.rect),
      plan,
      target,
    );
  } else {
    const { metadata } = frame;
    const picture = crop(metadata, view, plan.rect);
    // The destination may have been transferred away while the library opened.
    convert(await openNative(), metadata, picture, plan, targetOf(destination, plan.bytes));
  }
  return plan.layout.map(({ offset, stride }) => ({ offset, stride }));
}

/** Converts `picture`, the plan's rectangle without padding, into the plan's format in `target`. */
function convert(native: Native, metadata: FrameMetadata, picture: Uint8Array, plan: Plan, target: Uint8Array): void {
  const { colour, rect: { width, height } } = plan;
  const bytes = viewBytesOf(colour, width, height);
  const from = { ...metadata, width, height, stereoCount: 1 };
  // The range of RGB samples says nothing about the Y'CbCr samples made of them.
  const to = { ...from, colour, range: LAYOUTS[metadata.colour].isRgb ? UNKNOWN.RANGE : metadata.range };
  const headerIn = new Float64Array(HEADER_LENGTH);
  const headerOut = new Float64Array(HEADER_LENGTH);
  writeHeader(from, picture.length, headerIn);
  writeHeader(to, bytes, headerOut);
  // The native side must not write memory that another thread can reach, or that it reads itself.
  const isDirect = plan.isTight && kindOf(target.buffer) === "ArrayBuffer" && target.buffer !== picture.buffer;
  const output = isDirect ? target.subarray(0, bytes) : new Uint8Array(allocate(bytes));
  native.backend.convert(headerIn, picture, headerOut, output);
  if (!isDirect) copyRect(to, output, { x: 0, y: 0, width, height }, target, plan.layout);
}

/** A copy of the rectangle alone, without padding. */
function crop(metadata: FrameMetadata, view: Uint8Array, rect: FrameRect): Uint8Array {
  const picture = new Uint8Array(allocate(viewBytesOf(metadata.colour, rect.width, rect.height)));
  copyRect(metadata, view, rect, picture, tightLayout(metadata.colour, rect));
  return picture;
}

function copyRect(
  { colour, width, height }: Pick<FrameMetadata, "colour" | "width" | "height">,
  from: Uint8Array,
  rect: FrameRect,
  to: Uint8Array,
  layout: readonly PlaneLayout[],
): void {
  let start = 0;
  for (const [index, shape] of LAYOUTS[colour].planes.entries()) {
    const { offset, stride } = layout[index] as PlaneLayout;
    const fromStride = rowBytesOf(shape, width);
    const rowBytes = rowBytesOf(shape, rect.width);
    const rows = rowsOf(shape, rect.height);
    const left = rect.x / shape.unitWidth * shape.black.length;
    const first = start + rect.y / shape.unitHeight * fromStride + left;
    if (rowBytes === fromStride && rowBytes === stride) {
      to.set(from.subarray(first, first + rows * stride), offset);
    } else {
      for (let row = 0; row < rows; row++) {
        const source = first + row * fromStride;
        to.set(from.subarray(source, source + rowBytes), offset + row * stride);
      }
    }
    start += planeBytesOf(shape, width, height);
  }
}

function planOf({ metadata }: FrameMemory, options: VideoFrameCopyToOptions): Plan {
  checkNames(options);
  const { format = LAYOUTS[metadata.colour].format, stereoIndex = 0 } = options;
  const colour = colourOf(checkedWord("format", format, FORMATS));
  const rect = options.rect === undefined ? wholeOf(metadata) : checkedRect(options.rect, metadata);
  const tight = tightLayout(colour, rect);
  const layout = options.layout === undefined ? tight : checkedLayout(options.layout, colour, rect);
  const isTight = layout.every((plane, index) =>
    plane.offset === tight[index]?.offset && plane.stride === tight[index]?.stride
  );
  const bytes = Math.max(...endsOf(colour, rect, layout));
  return { colour, stereoIndex, rect, layout, isTight, bytes };
}

function checkNames(options: VideoFrameCopyToOptions): void {
  if (typeof options !== "object" || options === null) {
    throw wrongType("options", `Cannot use options ${String(options)}: it must be an object`);
  }
  for (const name of Object.keys(options)) {
    if ((OPTIONS as readonly string[]).includes(name)) continue;
    throw wrongType(name, `Cannot use option "${name}": it is unknown; known are ${OPTIONS.join(", ")}`);
  }
}

function checkedRect(given: FrameRect, metadata: FrameMetadata): FrameRect {
  if (typeof given !== "object" || given === null) {
    throw wrongType("rect", `Cannot copy rect ${String(given)}: it must be { x, y, width, height }`);
  }
  // By name, because a DOMRect has its values as getters of its class.
  const { x, y, width, height } = given;
  const rect = { x, y, width, height };
  const shown = `${width}x${height} at ${x},${y}`;
  for (const [name, value] of Object.entries(rect)) {
    const least = name === "x" || name === "y" ? 0 : 1;
    checkWhole(`rect.${name}`, value, least, `Cannot copy rect ${shown}`);
  }
  const refuse = (field: string, why: string): Error =>
    outOfRange(`rect.${field}`, `Cannot copy rect ${shown}: ${why}`);
  if (x + width > metadata.width) throw refuse("width", `the frame is ${metadata.width} pixels wide`);
  if (y + height > metadata.height) throw refuse("height", `the frame is ${metadata.height} pixels high`);
  for (const { unitWidth, unitHeight } of LAYOUTS[metadata.colour].planes) {
    if (x % unitWidth !== 0) {
      throw refuse("x", `it must be even, because two columns of ${metadata.colour} share chroma`);
    }
    if (y % unitHeight !== 0) throw refuse("y", `it must be even, because two rows of ${metadata.colour} share chroma`);
  }
  return rect;
}

function checkedLayout(given: readonly PlaneLayout[], colour: ColourSpace, rect: FrameRect): PlaneLayout[] {
  const { format, planes } = LAYOUTS[colour];
  if (!Array.isArray(given)) {
    throw wrongType("layout", `Cannot use layout ${String(given)}: it must be a list of { offset, stride }`);
  }
  if (given.length !== planes.length) {
    const count = planes.length === 1 ? "1 plane" : `${planes.length} planes`;
    throw outOfRange("layout", `Cannot use layout of ${given.length}: ${format} has ${count}`);
  }
  const layout = planes.map((shape, index) => {
    const field = `layout[${index}]`;
    const { offset, stride } = (given[index] ?? {}) as PlaneLayout;
    checkWhole(`${field}.offset`, offset, 0, `Cannot use ${field}.offset ${offset}`);
    checkWhole(`${field}.stride`, stride, rowBytesOf(shape, rect.width), `Cannot use ${field}.stride ${stride}`);
    return { offset, stride };
  });
  checkApart(colour, rect, layout);
  return layout;
}

/** Rejects planes that overlap. */
function checkApart(colour: ColourSpace, rect: FrameRect, layout: readonly PlaneLayout[]): void {
  const ends = endsOf(colour, rect, layout);
  for (const [index, { offset }] of layout.entries()) {
    const other = layout.findIndex((one, before) =>
      before < index && offset < (ends[before] ?? 0) && one.offset < (ends[index] ?? 0)
    );
    if (other >= 0) throw outOfRange("layout", `Cannot use layout: plane ${index} overlaps plane ${other}`);
  }
}

function checkWhole(field: string, value: number, least: number, action: string): void {
  if (typeof value !== "number") throw wrongType(field, `${action}: ${field} must be a number`);
  if (Number.isSafeInteger(value) && value >= least) return;
  throw outOfRange(field, `${action}: ${field} must be a whole number of at least ${least}`);
}

function tightLayout(colour: ColourSpace, rect: FrameRect): PlaneLayout[] {
  let offset = 0;
  return LAYOUTS[colour].planes.map((shape) => {
    const plane = { offset, stride: rowBytesOf(shape, rect.width) };
    offset += planeBytesOf(shape, rect.width, rect.height);
    return plane;
  });
}

/** The end of each plane; its last row includes the padding, as in WebCodecs. */
function endsOf(colour: ColourSpace, rect: FrameRect, layout: readonly PlaneLayout[]): number[] {
  return LAYOUTS[colour].planes.map((shape, index) => {
    const { offset, stride } = layout[index] as PlaneLayout;
    return offset + stride * rowsOf(shape, rect.height);
  });
}

/** The bytes of the destination. */
function targetOf(destination: ArrayBufferLike | ArrayBufferView, bytes: number): Uint8Array {
  const isView = ArrayBuffer.isView(destination);
  const kind = kindOf(destination);
  if (!isView && kind !== "ArrayBuffer" && kind !== "SharedArrayBuffer") {
    throw wrongType("destination", `Cannot copy the frame to ${kind}: it must be an ArrayBuffer or a view of one`);
  }
  const room = destination.byteLength;
  if (room < bytes) {
    throw outOfRange("destination", `Cannot copy the frame to ${room} bytes: allocationSize() says it takes ${bytes}`);
  }
  return isView
    ? new Uint8Array(destination.buffer, destination.byteOffset, room)
    : new Uint8Array(destination, 0, room);
}

function wholeOf({ width, height }: FrameMetadata): FrameRect {
  return { x: 0, y: 0, width, height };
}

function isWhole(metadata: FrameMetadata, { width, height }: FrameRect): boolean {
  return width === metadata.width && height === metadata.height;
}
