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
  SourceInfo,
  SourceOptions,
  SourceStats,
  TargetInfo,
  TargetStats,
} from "../generated/contract.ts";

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
  /** Request that the target gets the source's frames. */
  attach(source: number, target: number): void;
  /** Request that it gets no more; the event `detached` ends the request. */
  detach(source: number, target: number): void;
  /** Start the source, once. */
  start(source: number): void;
  /** Request the source's end; the event `closed` ends the request. */
  closeSource(source: number): void;
  /** Request the target's end; the event `closed` ends the request. */
  closeTarget(target: number): void;
  /**
   * Convert the picture of `dataIn` into the colour space of `headerOut`, of the same size, and write it to `dataOut`.
   *
   * Headers are as `src/frame_header.ts` has them; without padding, one view.
   */
  convert(headerIn: Float64Array, dataIn: Uint8Array, headerOut: Float64Array, dataOut: Uint8Array): void;
  /** Free the handle; what is still open is closed natively. Never throws. */
  release(handle: number): void;
  /** Make sure that the runtime lets this program read `path`. */
  requestRead(path: string): void;
  /** Make sure that the runtime lets this program write `path`. */
  requestWrite(path: string): void;
}
