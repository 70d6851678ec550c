/**
 * Observers: whatever sees frames.
 *
 * @module
 */

import type { Filter } from "./filter.ts";
import type { VideoFrame } from "./frame.ts";
import type { FileWriter } from "./writer.ts";

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

/** Whatever can be attached: an object with `update`, a function, a writer, a filter. */
export type AnyObserver = Observer | ObserverFunction | FileWriter | Filter;
