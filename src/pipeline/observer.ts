/**
 * Observers: objects and functions that see frames.
 *
 * @module
 */

import type { VideoFrame } from "../frame/video_frame.ts";
import type { Ledger } from "../generated/contract.ts";

/**
 * Sees the frames of the observable that it is attached to; any object with this method is an observer.
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
   * Sees `frame`, which is released when this method has returned, or when the promise that it returned is settled.
   *
   * It is never called again before that. No other observer sees its changes of the frame. An error that it throws or
   * rejects with is reported by the event `error` of the observable.
   *
   * @returns A promise is awaited; any other value is ignored.
   */
  abstract update(frame: VideoFrame): unknown;
}

/** The same as {@linkcode Observer.update}, as a function. */
export type ObserverFunction = (frame: VideoFrame) => unknown;

/** The counts that every observer has. */
export interface ObserverStats {
  /** The account of its frames: written, dropped or failed. */
  readonly frames: Ledger;
}

/** A writer or a filter: an observer that the native side feeds with frames, whatever the program does meanwhile. */
export interface NativeSink<Stats extends ObserverStats = ObserverStats> {
  /** Its counts so far. */
  stats(): Stats;
  /** Detaches it, finishes the frames that it has and frees its resources. */
  close(): Promise<unknown>;
}

/** Any object or function that can be attached. */
export type AnyObserver = Observer | ObserverFunction | NativeSink;
