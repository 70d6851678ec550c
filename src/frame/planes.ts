/**
 * Access to the samples of a frame by plane or by component.
 *
 * @module
 */

import { errorOf, outOfRange } from "../base/errors.ts";
import { type ComponentShape, LAYOUTS, planeBytesOf, rowBytesOf, rowsOf, unitsAcross } from "./layout.ts";
import type { FrameMemory } from "./memory.ts";

/** One plane of a view: `height` rows of `width` samples, `stride` bytes apart, without padding. */
export interface FramePlane {
  /** Its components in order: `Y`, `UV`, `BGRA`. */
  readonly name: string;
  /** Its bytes; writing them edits the frame. Empty once the frame has ended. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Its first byte in the view. */
  readonly offset: number;
  /** Samples in a row; one of `UYVY` belongs to two pixels, one of half-size chroma to two columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Bytes from one sample to the next. */
  readonly pixelStride: number;
}

/**
 * One component of a view: the sample of column x and row y is the byte `offset + y * stride + x * step` of
 * {@linkcode VideoFrame.data}.
 */
export interface FrameComponent {
  /** `Y`, `U`, `V`, or `R`, `G`, `B`, `A`. */
  readonly name: string;
  /** Its first sample in the view. */
  readonly offset: number;
  /** Bytes from one sample to the next in a row. */
  readonly step: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Samples in a row; half the frame's, rounded up, where two columns share one. */
  readonly width: number;
  /** Rows; half the frame's, rounded up, where two rows share one. */
  readonly height: number;
  /**
   * The sample, 0 to 255.
   *
   * @throws {RangeError} If there is no such sample.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  at(x: number, y: number): number;
  /**
   * Writes the sample, 0 to 255; other values are reduced modulo 256.
   *
   * @throws {RangeError} If there is no such sample.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  set(x: number, y: number, value: number): void;
}

/** The planes of a view. */
export function planesOf(frame: FrameMemory, stereoIndex: number): FramePlane[] {
  const view = frame.view(stereoIndex, "read the planes of");
  const { colour, width, height } = frame.metadata;
  let offset = 0;
  return LAYOUTS[colour].planes.map((shape) => {
    const start = offset;
    offset += planeBytesOf(shape, width, height);
    return {
      name: shape.name,
      data: view.subarray(start, offset),
      offset: start,
      width: unitsAcross(shape, width),
      height: rowsOf(shape, height),
      stride: rowBytesOf(shape, width),
      pixelStride: shape.black.length,
    };
  });
}

/** The components of a view. */
export function componentsOf(frame: FrameMemory, stereoIndex: number): FrameComponent[] {
  const view = frame.view(stereoIndex, "read the components of");
  const planes = planesOf(frame, stereoIndex);
  return LAYOUTS[frame.metadata.colour].components.map((shape) =>
    new ViewComponent(view, shape, planes[shape.plane] as FramePlane, unitsAcross(shape, frame.metadata.width))
  );
}

class ViewComponent implements FrameComponent {
  readonly name: string;
  readonly offset: number;
  readonly step: number;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
  readonly #view: Uint8Array;

  constructor(view: Uint8Array, shape: ComponentShape, plane: FramePlane, width: number) {
    this.name = shape.name;
    this.offset = plane.offset + shape.offset;
    this.step = shape.step;
    this.stride = plane.stride;
    this.width = width;
    this.height = plane.height;
    this.#view = view;
  }

  at(x: number, y: number): number {
    return this.#view[this.#indexOf(x, y, "read")] as number;
  }

  set(x: number, y: number, value: number): void {
    this.#view[this.#indexOf(x, y, "write")] = value;
  }

  #indexOf(x: number, y: number, verb: string): number {
    if (!(Number.isInteger(x) && x >= 0 && x < this.width)) throw this.#outside("x", x, this.width, verb);
    if (!(Number.isInteger(y) && y >= 0 && y < this.height)) throw this.#outside("y", y, this.height, verb);
    if (this.#view.length === 0) {
      throw errorOf("library", {
        code: "closed",
        stage: "boundary",
        message: `Cannot ${verb} component ${this.name} of the frame: it is closed`,
      });
    }
    return this.offset + y * this.stride + x * this.step;
  }

  #outside(field: string, value: number, count: number, verb: string): Error {
    return outOfRange(field, `Cannot ${verb} sample ${field} ${value}: component ${this.name} has 0 to ${count - 1}`);
  }
}
