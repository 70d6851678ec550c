/**
 * What observables and native targets must know of each other; no part of the public API.
 *
 * @module
 */

import type { Feed } from "./feed.ts";
import type { AnyObserver, ObserverStats } from "./observer.ts";
import type { CheckedRequest } from "./frame_request.ts";

/** How an observable hands its frames on. */
export interface FrameOutput {
  /** Its observable in messages. */
  readonly name: string;
  /** Whether its frames come as fast as all targets take them; else in real time. */
  readonly waitsForTargets: boolean;
  /** Begins to give frames to `observer`. */
  attach(observer: AnyObserver, request: CheckedRequest | undefined): void;
  /** Ends it. */
  detach(observer: AnyObserver): Promise<void>;
  /** The figures of an observer that is or was attached. */
  observerStats(observer: AnyObserver): ObserverStats;
  /** The outputs of its observers that are observables themselves. */
  below(): Iterable<FrameOutput>;
}

/** A target that gets its frames natively. */
export interface NativeTarget {
  /** Its handle. */
  readonly handle: number;
  /** The public object. */
  readonly observer: AnyObserver;
  /** Its name in messages. */
  readonly name: string;
  /** The way for frames from JavaScript. */
  readonly feed: Feed;
  /** What it is attached to or about to be. */
  upstream: FrameOutput | undefined;
  /** Whether native code has closed it. */
  isClosed(): boolean;
  /** Throws if it takes no more frames. */
  checkOpen(): void;
  /** Takes an error for which no call could be blamed. */
  fail(error: unknown): void;
  /** Its figures so far, or the final ones. */
  stats(): ObserverStats;
  /** Ends it after its last frame; resolved when it has handed on what it got. Nothing if it hands nothing on. */
  drained(): Promise<void> | undefined;
}

const targets = new WeakMap<object, NativeTarget>();
const outputs = new WeakMap<object, FrameOutput>();

/** Makes `target.observer` one that native code feeds. */
export function linkTarget(target: NativeTarget): void {
  targets.set(target.observer, target);
}

/** How native code feeds `observer`, if it does. */
export function nativeTarget(observer: object): NativeTarget | undefined {
  return targets.get(observer);
}

/** Makes `output` the one of `observable`. */
export function linkOutput(observable: object, output: FrameOutput): void {
  outputs.set(observable, output);
}

/** How `observable` hands frames on, if it is one. */
export function outputOf(observable: object): FrameOutput | undefined {
  return outputs.get(observable);
}

/** Whether frames that `output` gives come to `goal`. */
export function leadsTo(output: FrameOutput, goal: FrameOutput): boolean {
  if (output === goal) return true;
  for (const next of output.below()) {
    if (leadsTo(next, goal)) return true;
  }
  return false;
}
