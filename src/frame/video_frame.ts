/**
 * Frames: pictures with their time, as observers see and programs make them.
 *
 * @module
 */

import type { ColourMatrix, ColourSpace, Rational } from "../generated/contract.ts";
import { checkedColour } from "../base/codec.ts";
import { wrongType } from "../base/errors.ts";
import {
  allocationSizeOf,
  copyFrame,
  type FrameRect,
  type PlaneLayout,
  type VideoFrameCopyToOptions,
} from "./copy_to.ts";
import { NO_SEQUENCE } from "./header.ts";
import { LAYOUTS, paintBlack, type VideoPixelFormat, viewBytesOf } from "./layout.ts";
import { allocate, FrameMemory } from "./memory.ts";
import { componentsOf, type FrameComponent, type FramePlane, planesOf } from "./planes.ts";
import {
  type ColourRange,
  type FrameRotation,
  matrixOf,
  metadataOf,
  rangeOf,
  samplesOf,
  shapeOf,
  type VideoFrameDetails,
  type VideoFrameSettings,
} from "./init.ts";
import {
  colorSpaceOf,
  displaySizeOf,
  type FrameColorSpace,
  type FrameImageData,
  type ImageDataLike,
  imageDataOf,
} from "./web.ts";

let memoryIn: (frame: VideoFrame) => FrameMemory;

/**
 * A picture with its time; several pictures where it is stereo.
 *
 * A frame that an observer gets lives until its `update` is done, then every view of its samples becomes empty; keep a
 * {@linkcode VideoFrame.clone} instead. A frame that a program makes lives until it is closed or collected.
 *
 * ```ts
 * import { ColourSpace, VideoFrame } from "@giftgrab/core";
 *
 * const frame = new VideoFrame(ColourSpace.I420, 1920, 1080);
 * const [y] = frame.components();
 * y?.set(0, 0, 235);
 * ```
 */
export class VideoFrame {
  readonly #memory: FrameMemory;

  static {
    memoryIn = (frame) => frame.#memory;
  }

  /**
   * A black frame, opaque if it has alpha.
   *
   * @param colour Colour space.
   * @param cols Width of each view in pixels, 1 to 16384.
   * @param rows Height of each view in pixels, 1 to 16384.
   * @param stereoCount Number of views, 1 to 8.
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If an argument is out of its range.
   * @throws {GiftGrabError} With the code `resource_exhausted` if there is not enough memory.
   */
  constructor(colour: ColourSpace, cols: number, rows: number, stereoCount?: number);
  /** @internal */
  constructor(memory: FrameMemory);
  constructor(colour: ColourSpace | FrameMemory, cols = 0, rows = 0, stereoCount = 1) {
    if (colour instanceof FrameMemory) {
      this.#memory = colour;
      return;
    }
    const metadata = shapeOf(colour, ["cols", cols], ["rows", rows], stereoCount);
    const buffer = allocate(viewBytesOf(colour, cols, rows) * stereoCount);
    paintBlack(colour, cols, rows, new Uint8Array(buffer));
    this.#memory = new FrameMemory(metadata, "own", buffer);
  }

  /**
   * A frame that uses the program's own memory, without a copy; closing the frame leaves the memory as it is.
   *
   * @param data The views one after the other, each with its planes one after the other, all without padding.
   * @throws {TypeError} If it is not memory, or shared or resizable, or a setting is unknown or of the wrong type.
   * @throws {RangeError} If its length is not exactly the frame's, or a setting is out of its range.
   */
  static fromBuffer(data: ArrayBuffer | ArrayBufferView, settings: VideoFrameSettings): VideoFrame {
    const metadata = metadataOf(settings);
    const { buffer, offset } = samplesOf(data, metadata);
    return new VideoFrame(new FrameMemory(metadata, "caller", buffer, offset));
  }

  /**
   * An RGBA frame that uses the pixels of an `ImageData`, without a copy.
   *
   * @throws {TypeError} If it is not image data, or a setting is unknown or of the wrong type.
   * @throws {RangeError} If its sizes do not fit each other, or a setting is out of its range.
   */
  static fromImageData(image: ImageDataLike, details: VideoFrameDetails = {}): VideoFrame {
    if (typeof image !== "object" || image === null) {
      throw wrongType("image", `Cannot use image ${String(image)}: it must be { data, width, height }`);
    }
    const { data, width, height } = image;
    return VideoFrame.fromBuffer(data, { ...details, colour: "rgba", width, height });
  }

  /**
   * Bytes of one view.
   *
   * @throws {TypeError} If an argument is of the wrong type.
   * @throws {RangeError} If an argument is out of its range.
   */
  static requiredDataLength(colour: ColourSpace, cols: number, rows: number): number {
    shapeOf(colour, ["cols", cols], ["rows", rows], 1);
    return viewBytesOf(checkedColour(colour), cols, rows);
  }

  /** Colour space. */
  get colour(): ColourSpace {
    return this.#memory.metadata.colour;
  }

  /** Width of each view in pixels. */
  get width(): number {
    return this.#memory.metadata.width;
  }

  /** Height of each view in pixels. */
  get height(): number {
    return this.#memory.metadata.height;
  }

  /** The same as {@linkcode VideoFrame.width}. */
  get cols(): number {
    return this.width;
  }

  /** The same as {@linkcode VideoFrame.height}. */
  get rows(): number {
    return this.height;
  }

  /** Number of views: 1, or more if the frame is stereo. */
  get stereoCount(): number {
    return this.#memory.metadata.stereoCount;
  }

  /** Presentation time in ticks of {@linkcode VideoFrame.timeBase}; `undefined` without a time. */
  get pts(): number | undefined {
    const { pts, timeBaseNum } = this.#memory.metadata;
    return timeBaseNum > 0 ? pts : undefined;
  }

  /** Seconds per tick of {@linkcode VideoFrame.pts}; `undefined` without a time. */
  get timeBase(): Rational | undefined {
    const { timeBaseNum: num, timeBaseDen: den } = this.#memory.metadata;
    return num > 0 ? { num, den } : undefined;
  }

  /** Presentation time in microseconds, rounded to a whole number; `undefined` without a time. */
  get timestamp(): number | undefined {
    const { pts, timeBaseNum, timeBaseDen } = this.#memory.metadata;
    return timeBaseNum > 0 ? Math.round(pts * timeBaseNum * 1e6 / timeBaseDen) : undefined;
  }

  /** Microseconds for which the frame is shown; `undefined` if unknown. */
  get duration(): number | undefined {
    return this.#memory.metadata.duration || undefined;
  }

  /** Number of the frame in its source, from 0; `undefined` if it has none. */
  get sequence(): number | undefined {
    const { sequence } = this.#memory.metadata;
    return sequence === NO_SEQUENCE ? undefined : sequence;
  }

  /** Milliseconds on CLOCK_MONOTONIC at which it was captured; `undefined` if unknown. */
  get captureTime(): number | undefined {
    return this.#memory.metadata.captureMs || undefined;
  }

  /** Wall clock at the first frame of its source; `undefined` if unknown. */
  get sessionStart(): Date | undefined {
    const { sessionStartMs } = this.#memory.metadata;
    return sessionStartMs > 0 ? new Date(sessionStartMs) : undefined;
  }

  /** The sample values of black and white; `undefined` if unknown. */
  get range(): ColourRange | undefined {
    return rangeOf(this.#memory.metadata);
  }

  /** The matrix of Y'CbCr samples; `undefined` if unknown. */
  get matrix(): ColourMatrix | undefined {
    return matrixOf(this.#memory.metadata);
  }

  /** Width to height of one pixel; `undefined` if unknown. */
  get pixelAspect(): Rational | undefined {
    const { pixelAspectNum: num, pixelAspectDen: den } = this.#memory.metadata;
    return num > 0 ? { num, den } : undefined;
  }

  /** Degrees clockwise by which it is to be turned for showing it. */
  get rotation(): FrameRotation {
    return this.#memory.metadata.rotation as FrameRotation;
  }

  /** Whether left and right are to be exchanged after that. */
  get flip(): boolean {
    return this.#memory.metadata.flip !== 0;
  }

  /** WebCodecs' name of the colour space. */
  get format(): VideoPixelFormat {
    return LAYOUTS[this.colour].format;
  }

  /** The same as {@linkcode VideoFrame.width}. */
  get codedWidth(): number {
    return this.width;
  }

  /** The same as {@linkcode VideoFrame.height}. */
  get codedHeight(): number {
    return this.height;
  }

  /** Width at which it is to be shown: in square pixels, and turned. */
  get displayWidth(): number {
    return displaySizeOf(this.#memory.metadata).width;
  }

  /** Height at which it is to be shown: in square pixels, and turned. */
  get displayHeight(): number {
    return displaySizeOf(this.#memory.metadata).height;
  }

  /** The whole picture. */
  get codedRect(): FrameRect {
    return { x: 0, y: 0, width: this.width, height: this.height };
  }

  /** The whole picture. */
  get visibleRect(): FrameRect {
    return this.codedRect;
  }

  /** Range and matrix by WebCodecs' names. */
  get colorSpace(): FrameColorSpace {
    return colorSpaceOf(this.#memory.metadata);
  }

  /**
   * Bytes of a view, the same for all views.
   *
   * @throws {RangeError} If there is no such view.
   */
  dataLength(stereoIndex = 0): number {
    this.#memory.checkIndex(stereoIndex);
    return this.#memory.viewBytes;
  }

  /**
   * The samples of a view; writing them edits the frame. Empty once the frame has ended.
   *
   * The planes follow each other without padding, at the offsets of {@linkcode VideoFrame.planes}.
   *
   * @throws {RangeError} If there is no such view.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  data(stereoIndex = 0): Uint8Array<ArrayBuffer> {
    return this.#memory.view(stereoIndex);
  }

  /**
   * The planes of a view, in the order of memory.
   *
   * @throws {RangeError} If there is no such view.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  planes(stereoIndex = 0): FramePlane[] {
    return planesOf(this.#memory, stereoIndex);
  }

  /**
   * The components of a view: Y, U, V, or red, green, blue and alpha in the order of the colour space's name.
   *
   * @throws {RangeError} If there is no such view.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  components(stereoIndex = 0): FrameComponent[] {
    return componentsOf(this.#memory, stereoIndex);
  }

  /**
   * The pixels of a view of an RGBA frame for a canvas, without a copy; writing them edits the frame.
   *
   * @throws {RangeError} If the frame is not RGBA, or there is no such view.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  imageData(stereoIndex = 0): FrameImageData {
    return imageDataOf(this.#memory, stereoIndex);
  }

  /**
   * Bytes that {@linkcode VideoFrame.copyTo} needs with the same options.
   *
   * @throws {TypeError} If an option is unknown or of the wrong type.
   * @throws {RangeError} If an option is out of its range.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  allocationSize(options: VideoFrameCopyToOptions = {}): number {
    return allocationSizeOf(this.#memory, options);
  }

  /**
   * Copies the picture or a rectangle of it, in its own format or another one, as WebCodecs does.
   *
   * The samples are read before the promise is returned, so `update` need not await it. Another format opens the native
   * library if it is not open yet.
   *
   * @returns Offset and stride of each plane in the destination.
   * @throws {TypeError} If an argument is unknown or of the wrong type.
   * @throws {RangeError} If an argument is out of its range, or the destination is too small.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  copyTo(
    destination: ArrayBufferLike | ArrayBufferView,
    options: VideoFrameCopyToOptions = {},
  ): Promise<PlaneLayout[]> {
    return copyFrame(this.#memory, destination, options);
  }

  /**
   * A copy that lives until it is closed or collected.
   *
   * @throws {GiftGrabError} With the code `closed` if the frame has ended, `resource_exhausted` without enough memory.
   */
  clone(): VideoFrame {
    const all = this.#memory.all("clone");
    const buffer = allocate(all.length);
    new Uint8Array(buffer).set(all);
    return new VideoFrame(new FrameMemory({ ...this.#memory.metadata }, "own", buffer));
  }

  /**
   * Ends the frame at once; closing twice is the same as closing once.
   *
   * Every view of its samples becomes empty, unless the memory is the program's own. Its size, time and colour can still
   * be read.
   */
  close(): void {
    this.#memory.close();
  }

  /** The same as {@linkcode VideoFrame.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The private memory of a frame; not part of the public API. */
export function memoryOf(frame: VideoFrame): FrameMemory {
  return memoryIn(frame);
}
