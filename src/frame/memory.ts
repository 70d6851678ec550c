/**
 * The memory of a frame: its owner, the views that a program has, and its end.
 *
 * @module
 */

import { errorOf, outOfRange, wrongType } from "../base/errors.ts";
import type { FrameMetadata } from "./header.ts";
import { viewBytesOf } from "./layout.ts";

/**
 * The owner of the memory.
 *
 * - `own`: the frame; closing it detaches the memory.
 * - `caller`: the caller, who goes on using it after the frame's end.
 * - `lent`: a tap or a node; it is detached and goes back when the frame is released.
 */
export type Ownership = "own" | "caller" | "lent";

type Ending = "closed" | "released";

const REASONS: Readonly<Record<Ending | "transferred", string>> = {
  closed: "it is closed",
  released: "it ended when update() was done with it; keep frame.clone() instead",
  transferred: "its memory was transferred away",
};

/** Empties every view of `buffer` and returns the same memory as a new `ArrayBuffer`. */
const detached: (buffer: ArrayBuffer) => ArrayBuffer = "transfer" in ArrayBuffer.prototype
  ? (buffer) => buffer.transfer()
  // Node 20 lacks `transfer`.
  : (buffer) => structuredClone(buffer, { transfer: [buffer] });

/** The private state of a `VideoFrame`: its metadata and its memory. */
export class FrameMemory {
  /** Shape, time and colour. */
  readonly metadata: FrameMetadata;
  /** Bytes of one view. */
  readonly viewBytes: number;
  readonly #ownership: Ownership;
  readonly #offset: number;
  #buffer: ArrayBuffer | undefined;
  #ending: Ending | undefined;
  #views: Uint8Array<ArrayBuffer>[] | undefined;
  readonly #hasOwnTime: boolean;

  /** The frame whose views begin `offset` bytes into `buffer`. */
  constructor(metadata: FrameMetadata, ownership: Ownership, buffer: ArrayBuffer, offset = 0) {
    this.metadata = metadata;
    this.viewBytes = viewBytesOf(metadata.colour, metadata.width, metadata.height);
    this.#ownership = ownership;
    this.#buffer = buffer;
    this.#offset = offset;
    this.#hasOwnTime = metadata.timeBaseNum > 0;
  }

  /** Bytes of all views. */
  get bytes(): number {
    return this.viewBytes * this.metadata.stereoCount;
  }

  /** Whether it is lent, and so may end at any time. */
  get isLent(): boolean {
    return this.#ownership === "lent";
  }

  /** Whether its samples can be read. */
  get isOpen(): boolean {
    return this.#ending === undefined && !isEmpty(this.#buffer);
  }

  /**
   * The samples of a view; the same object as long as the frame lives.
   *
   * @throws {RangeError} If there is no such view.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  view(stereoIndex: number, action = "read the data of"): Uint8Array<ArrayBuffer> {
    this.checkIndex(stereoIndex);
    const buffer = this.#open(action);
    this.#views ??= [];
    return this.#views[stereoIndex] ??= this.#slice(buffer, stereoIndex * this.viewBytes, this.viewBytes);
  }

  /**
   * The samples of all views.
   *
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  all(action = "read the data of"): Uint8Array<ArrayBuffer> {
    return this.#slice(this.#open(action), 0, this.bytes);
  }

  /**
   * Makes sure that there is such a view.
   *
   * @throws {TypeError} If the index is not a number.
   * @throws {RangeError} If there is no such view.
   */
  checkIndex(stereoIndex: number): void {
    const { stereoCount } = this.metadata;
    if (Number.isInteger(stereoIndex) && stereoIndex >= 0 && stereoIndex < stereoCount) return;
    const views = stereoCount === 1 ? "1 view (0)" : `${stereoCount} views (0 to ${stereoCount - 1})`;
    const refuse = typeof stereoIndex === "number" ? outOfRange : wrongType;
    throw refuse("stereoIndex", `Cannot read view ${String(stereoIndex)}: this frame has ${views}`);
  }

  /** Takes the time of `parent`, unless the frame was made with its own. */
  inheritTime(parent: FrameMetadata): void {
    if (this.#hasOwnTime) return;
    const { pts, timeBaseNum, timeBaseDen, sequence, captureMs, sessionStartMs, duration } = parent;
    Object.assign(this.metadata, { pts, timeBaseNum, timeBaseDen, sequence, captureMs, sessionStartMs, duration });
  }

  /** Ends the frame: its views are emptied, unless the memory is the caller's. */
  close(): void {
    if (this.#ending !== undefined) return;
    const memory = this.#ownership === "caller" ? undefined : this.#emptied();
    // Lent memory stays here until `release`.
    this.#end("closed", this.#ownership === "lent" ? memory : undefined);
  }

  /** Ends a lent frame and returns its memory, once; `undefined` if a program has transferred it away. */
  release(): ArrayBuffer | undefined {
    if (this.#ownership !== "lent") return undefined;
    const memory = this.#ending === undefined ? this.#emptied() : this.#buffer;
    this.#end(this.#ending ?? "released", undefined);
    return memory;
  }

  #end(ending: Ending, buffer: ArrayBuffer | undefined): void {
    this.#ending = ending;
    this.#buffer = buffer;
    this.#views = undefined;
  }

  #emptied(): ArrayBuffer | undefined {
    const buffer = this.#buffer;
    return isEmpty(buffer) ? undefined : detached(buffer);
  }

  #open(action: string): ArrayBuffer {
    const buffer = this.#buffer;
    if (this.#ending === undefined && !isEmpty(buffer)) return buffer;
    throw errorOf("library", {
      code: "closed",
      stage: "boundary",
      message: `Cannot ${action} the frame: ${REASONS[this.#ending ?? "transferred"]}`,
    });
  }

  #slice(buffer: ArrayBuffer, start: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(buffer, this.#offset + start, length);
  }
}

/** Whether there is no memory, or a program has transferred it away. */
function isEmpty(buffer: ArrayBuffer | undefined): buffer is undefined {
  return buffer === undefined || buffer.byteLength === 0;
}

/**
 * Memory for a frame.
 *
 * @throws {GiftGrabError} With the code `resource_exhausted` if there is not enough.
 */
export function allocate(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (error) {
    throw errorOf("library", {
      code: "resource_exhausted",
      stage: "boundary",
      message: `Cannot make a frame of ${bytes} bytes: memory has run out`,
    }, { cause: error });
  }
}
