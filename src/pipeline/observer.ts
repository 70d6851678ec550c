/**
 * Observers: whatever sees frames.
 *
 * @module
 */

import type { VideoFrame } from "../frame/video_frame.ts";
import type { Ledger } from "../generated/contract.ts";

/**
 * Sees the frames of what it is attached to; any object with this method will do.
 *
 * ```ts
 * import { Observer, type VideoFrame } from "@giftgrab/core";
 *
 * class Brightness extends Observer {
 *   override update(frame: VideoFrame): void {
 *     const luma = frame.data().subarray(0, frame.width * frame.height);
 *     console.log(luma.reduce((sum, value) => sum + value, 0) / luma.length);
 *   }
 * }
 * ```
 */
export abstract class Observer {
  /**
   * Sees `frame`, which is released when this has returned, or when the promise that it returned is settled.
   *
   * It is never called again before that. Changes of the frame are seen by nobody else. What it throws or rejects with
   * is told by an event `error` of what it is attached to.
   *
   * @returns A promise is waited for; anything else is ignored.
   */
  abstract update(frame: VideoFrame): unknown;
}

/** The same as {@linkcode Observer.update}, as a function. */
export type ObserverFunction = (frame: VideoFrame) => unknown;

/** The counts that every observer has. */
export interface ObserverStats {
  /** What became of each frame. */
  readonly frames: Ledger;
}

/** A writer or a filter: an observer that the native side feeds with frames, whatever the program does meanwhile. */
export interface NativeSink<Stats extends ObserverStats = ObserverStats> {
  /** Its counts so far. */
  stats(): Stats;
  /** Detaches it, finishes what it has and frees what it holds. */
  close(): Promise<unknown>;
}

/** Any object or function that can be attached. */
export type AnyObserver = Observer | ObserverFunction | NativeSink;
