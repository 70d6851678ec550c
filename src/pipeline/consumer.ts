/**
 * Calls an observer, one call at a time; not part of the public API.
 *
 * @module
 */

import { deferred } from "../base/deferred.ts";
import { errorOf } from "../base/errors.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import type { Native } from "../native/context.ts";
import type { AnyObserver } from "./observer.ts";

/** Consecutive failures after which an observer is detached. */
export const MOST_FAILURES = 10;

/** Seconds for which an observer may have one frame, unless its request says otherwise. */
export const DEFAULT_PATIENCE_SECONDS = 60;

/** Time for an observer that only waited for a busy event loop, in milliseconds. */
const GRACE_MS = 1000;

/** The attachment through which a frame reaches an observer. */
export interface Attachment {
  /** The library that the frame comes from. */
  readonly native: Native;
  /** Whether its source waits for slow targets. */
  readonly waitsForTargets: boolean;
  /** Whether the observer has been detached. */
  readonly isOver: boolean;
  /** Seconds for which the observer may have one frame. */
  readonly patienceSeconds: number;
}

/** The handle of a tap, or a symbol of its own. */
export type AttachmentKey = number | symbol;

/** A node as its observers see it. */
export interface Upstream {
  /** Whether a source or filter is above it. */
  readonly isLive: boolean;
}

/** An observer as the library sees it: one object for each observer, however many observables it is attached to. */
export class Consumer {
  /** The public object. */
  readonly observer: AnyObserver;
  /** Its attachments, and the nodes above it; held so that an observer does not keep its observables. */
  readonly #attachments = new Map<AttachmentKey, WeakRef<Upstream> | undefined>();
  #isBusy = false;
  #hang: Error | undefined;
  /** Begins the patience for the promise that is pending, unless it has begun. */
  #watch: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: (() => void)[] = [];

  /** The only consumer of `observer`. */
  constructor(observer: AnyObserver) {
    this.observer = observer;
  }

  /** Whether its last call, promise included, has not ended: then it must not be called. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Why no further frame can be given to it: it has one for longer than it may. */
  get hang(): Error | undefined {
    return this.#hang;
  }

  /**
   * Calls the observer, which must not be busy.
   *
   * @returns A promise if the observer returned one; it rejects if that one does.
   * @throws Whatever the observer throws.
   */
  deliver(frame: VideoFrame, attachment: Attachment): Promise<void> | undefined {
    this.#isBusy = true;
    let result: unknown;
    let isPending = false;
    try {
      result = this.call(frame, attachment);
      isPending = isThenable(result);
    } finally {
      if (!isPending) this.#rest();
    }
    if (!isPending) return undefined;
    return Promise.resolve(result).then(
      () => this.#rest(),
      (error) => {
        if (error !== this.#hang) this.#rest();
        throw error;
      },
    );
  }

  /**
   * The outcome of a promise of the program.
   *
   * @throws {ObserverError} With the code `timeout` if it has none for longer than the attachment has patience.
   */
  protected async awaited<T>(pending: PromiseLike<T>, { patienceSeconds }: Attachment): Promise<T> {
    const expiry = deferred<never>();
    const giveUp = (): void => {
      const message = `Cannot hand on frames to an observer: it has had one for ${patienceSeconds} s without an end; ` +
        "settle the promise of its update(), or raise patienceSeconds";
      const hang = this.#hang = errorOf("observer", { code: "timeout", stage: "hub", message });
      expiry.reject(hang);
      const end = (): void => this.#rest();
      pending.then(end, end);
      this.#resume();
    };
    this.#watch = () => {
      this.#timer ??= setTimeout(() => this.#timer = setTimeout(giveUp, GRACE_MS), patienceSeconds * 1000);
    };
    this.#watch();
    try {
      return await Promise.race([pending, expiry.promise]);
    } finally {
      this.#stopWatching();
      this.#watch = undefined;
    }
  }

  /** The attachment whose frame the observer has is over: unless another one waits, nothing depends on the promise. */
  forgive(): void {
    if (this.#waiting.length === 0) this.#stopWatching();
  }

  /** Whether a source or filter is above it. */
  get isLive(): boolean {
    for (const node of this.#attachments.values()) if (node === undefined || node.deref()?.isLive) return true;
    return false;
  }

  /** Frames come from `attachment` from now on: through `node`, or from a source or filter. */
  begin(attachment: AttachmentKey, node?: Upstream): void {
    this.#attachments.set(attachment, node && new WeakRef(node));
  }

  /** No frame comes from `attachment` any more; `flush` or `abort` follows. */
  end(attachment: AttachmentKey): void {
    this.#attachments.delete(attachment);
  }

  /** Calls `resume` once when the observer is no longer busy, or hangs; by then it may be busy again. */
  whenIdle(resume: () => void): void {
    this.#waiting.push(resume);
    this.#watch?.();
  }

  /** Calls the observer. */
  protected call(frame: VideoFrame, attachment: Attachment): unknown {
    const observer = this.observer as { update(frame: VideoFrame): unknown } | ((frame: VideoFrame) => unknown);
    const result = typeof observer === "function" ? observer(frame) : observer.update(frame);
    return isThenable(result) ? this.awaited(result, attachment) : undefined;
  }

  /**
   * Hands on everything that it holds back, because no frame comes for now; never rejects.
   *
   * @param isEnd Whether the observable has ended, with `failure` if it failed.
   */
  flush(_isEnd: boolean, _failure?: Error): Promise<unknown> | undefined {
    return undefined;
  }

  /** Drops what it holds back, because the observable was closed, after `failure` if it failed. */
  abort(_failure?: Error): void {}

  #stopWatching(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #rest(): void {
    this.#isBusy = false;
    this.#hang = undefined;
    this.#resume();
  }

  #resume(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    // Never inside a call of the program.
    queueMicrotask(() => waiting.forEach((resume) => resume()));
  }
}

/** Whether `value` can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as Partial<Promise<unknown>>).then === "function";
}

const consumers = new WeakMap<AnyObserver, Consumer>();

/** Makes `consumer` the one of its observer. */
export function linkConsumer(consumer: Consumer): void {
  consumers.set(consumer.observer, consumer);
}

/** The consumer of `observer`, or nothing if it cannot be called. */
export function consumerOf(observer: AnyObserver): Consumer | undefined {
  const known = consumers.get(observer);
  if (known !== undefined) return known;
  const isFunction = typeof observer === "function";
  if (!isFunction && typeof (observer as { update?: unknown } | null)?.update !== "function") return undefined;
  const consumer = new Consumer(observer);
  linkConsumer(consumer);
  return consumer;
}
