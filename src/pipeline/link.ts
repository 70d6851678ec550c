/**
 * The links between observables and native targets; not part of the public API.
 *
 * @module
 */

import type { Feed } from "./feed.ts";
import type { CheckedRequest } from "./frame_request.ts";
import type { AnyObserver, ObserverStats } from "./observer.ts";

/** Hands the frames of an observable to its observers. */
export interface FrameOutput {
  /** Name of the observable in messages. */
  readonly name: string;
  /** Whether frames come as fast as all targets take them; otherwise they come in real time. */
  readonly waitsForTargets: boolean;
  /** Begins to hand frames to `observer`. */
  attach(observer: AnyObserver, request: CheckedRequest | undefined): void;
  /** Stops handing frames to `observer`. */
  detach(observer: AnyObserver): Promise<void>;
  /**
   * Detaches `observer`, which is being closed.
   *
   * @returns A promise if `observer` must stay open for frames that are still on their way to it; it never rejects.
   */
  release(observer: AnyObserver): Promise<void> | undefined;
  /** Whether the end of its frames, which has been requested, is to be that of `observer` too. */
  ends(observer: AnyObserver): boolean;
  /** The counts of an observer that is or was attached. */
  observerStats(observer: AnyObserver): ObserverStats;
  /** The outputs of its observers that are observables themselves. */
  below(): Iterable<FrameOutput>;
}

/** A target that the native side feeds. */
export interface NativeTarget {
  /** Handle of the target. */
  readonly handle: number;
  /** The public object. */
  readonly observer: AnyObserver;
  /** Name in messages. */
  readonly name: string;
  /** Sends it frames from JavaScript. */
  readonly feed: Feed;
  /** The output that it is attached to, or is about to be. */
  upstream: FrameOutput | undefined;
  /** Whether the native side has closed it. */
  isClosed(): boolean;
  /** Throws if it takes no more frames. */
  checkOpen(): void;
  /** Reports an error that no call can throw. */
  fail(error: unknown): void;
  /** Its counts so far, or the final ones. */
  stats(): ObserverStats;
  /** Ends it after its last frame; resolves when it has handed on all frames. Nothing if it hands none on. */
  drain(): Promise<void> | undefined;
}

const targets = new WeakMap<object, NativeTarget>();
const outputs = new WeakMap<object, FrameOutput>();

/** Lets observables feed `target.observer` natively. */
export function linkTarget(target: NativeTarget): void {
  targets.set(target.observer, target);
}

/** The native target behind `observer`, if there is one. */
export function nativeTarget(observer: object): NativeTarget | undefined {
  return targets.get(observer);
}

/** Lets `output` hand on the frames of `observable`. */
export function linkOutput(observable: object, output: FrameOutput): void {
  outputs.set(observable, output);
}

/** The output of `observable`, if it is an observable. */
export function outputOf(observable: object): FrameOutput | undefined {
  return outputs.get(observable);
}

/** Whether frames of `output` reach `goal`. */
export function leadsTo(output: FrameOutput, goal: FrameOutput): boolean {
  if (output === goal) return true;
  for (const next of output.below()) {
    if (leadsTo(next, goal)) return true;
  }
  return false;
}
