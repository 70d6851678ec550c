/**
 * What a native backend must offer: the same few calls in every runtime, types only.
 *
 * Every call that fails throws, or rejects with, an error of `src/errors.ts`.
 *
 * @module
 */

import type {
  Capabilities,
  Event,
  FileWriterOptions,
  FilterOptions,
  FilterStats,
  SourceInfo,
  SourceOptions,
  SourceStats,
  TapOptions,
  TapStats,
  TargetInfo,
  TargetStats,
} from "../generated/contract.ts";

/** What became of the frame that a tap gave before: there was none (0), it was observed (1), the observer failed (2). */
export type Outcome = 0 | 1 | 2;

/** Whether a frame waits for room in a target (0), or is dropped without (1). */
export type AppendMode = 0 | 1;

/** The native library, opened for one JavaScript context. */
export interface Backend {
  /** Park until handles have events; none after the timeout or a wake. One call at a time. */
  wait(timeoutMs: number): Promise<readonly number[]>;
  /** End the parked wait at once; without one, the next. */
  wake(): void;
  /** Tell what the linked libraries can do; the first call tries every encoder. */
  capabilities(): Promise<Capabilities>;
  /** Open a source, paused. */
  openSource(options: SourceOptions): Promise<number>;
  /** Open a target. */
  openTarget(options: FileWriterOptions): Promise<number>;
  /** The source's immutable facts. */
  sourceInfo(source: number): SourceInfo;
  /** The target's immutable facts. */
  targetInfo(target: number): TargetInfo;
  /** The source's figures so far. */
  sourceStats(source: number): SourceStats;
  /** The target's figures so far. */
  targetStats(target: number): TargetStats;
  /** Take all events that the handle has. */
  events(handle: number): readonly Event[];
  /** Open a tap, attached to nothing. */
  openTap(options: TapOptions): number;
  /** The tap's figures so far. */
  tapStats(tap: number): TapStats;
  /**
   * Tell the outcome of the frame taken before, and copy the next one to `data` and its facts to `header`.
   *
   * @returns `DONE`; `AGAIN` without a frame, and the tap is waited for; `MORE` if `data` is too small, and the frame
   * stays; `END` after the last frame of a closed tap.
   */
  exchange(tap: number, outcome: Outcome, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): number;
  /**
   * Give a copy of a frame to a writer, filter or tap.
   *
   * @returns `DONE`; in patient mode `AGAIN` without room, and the event `room` follows.
   */
  append(target: number, mode: AppendMode, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): number;
  /**
   * Convert the picture of `dataIn` into the colour space of `headerOut`, of the same size, and write it to `dataOut`.
   *
   * Headers are as `src/frame_header.ts` has them; without padding, one view.
   */
  convert(headerIn: Float64Array, dataIn: Uint8Array, headerOut: Float64Array, dataOut: Uint8Array): void;
  /** Open a filter, attached to nothing. */
  openFilter(options: FilterOptions): Promise<number>;
  /** The filter's figures so far. */
  filterStats(filter: number): FilterStats;
  /** Ask the source for a part of each frame from the next one on; a width of 0 asks for all of it. */
  crop(source: number, x: number, y: number, width: number, height: number): void;
  /** Request that the target gets the frames of the source or filter. */
  attach(observable: number, target: number): void;
  /** Request that it gets no more; the event `detached` ends the request. */
  detach(observable: number, target: number): void;
  /** Start the source or filter, once. */
  start(observable: number): void;
  /** Request the source's end; the event `closed` ends the request. */
  closeSource(source: number): void;
  /** Request the target's end; the event `closed` ends the request. */
  closeTarget(target: number): void;
  /** Let nothing more into the tap; what waits in it can still be taken. */
  closeTap(tap: number): void;
  /** Request the filter's end; the event `closed` ends the request. */
  closeFilter(filter: number): void;
  /** Free the handle; what is still open is closed natively. Never throws. */
  release(handle: number): void;
  /** Make sure that the runtime lets this program read `path`. */
  requestRead(path: string): void;
  /** Make sure that the runtime lets this program write `path`. */
  requestWrite(path: string): void;
}
