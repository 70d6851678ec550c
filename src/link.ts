/**
 * What a source must know of the targets that native code feeds; no part of the public API.
 *
 * @module
 */

import type { VideoSource } from "./source.ts";
import type { FileWriter } from "./writer.ts";

/** A target that gets its frames natively. */
export interface NativeTarget {
  /** Its handle. */
  readonly handle: number;
  /** The public object. */
  readonly observer: FileWriter;
  /** The source to which it is attached or about to be. */
  source: VideoSource | undefined;
  /** Whether native code has closed it. */
  isClosed(): boolean;
  /** Throws if it takes no more frames. */
  checkOpen(): void;
  /** Takes an error for which no call could be blamed. */
  fail(error: unknown): void;
}

const targets = new WeakMap<object, NativeTarget>();

/** Makes `target.observer` one that native code feeds. */
export function linkTarget(target: NativeTarget): void {
  targets.set(target.observer, target);
}

/** How native code feeds `observer`, if it does. */
export function nativeTarget(observer: object): NativeTarget | undefined {
  return targets.get(observer);
}
