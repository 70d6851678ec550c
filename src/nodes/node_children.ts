/**
 * The observers of a node, by how they get its frames.
 *
 * @module
 */

import type { Attachment, Consumer } from "../pipeline/consumer.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { policyOf } from "../pipeline/feed.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import { lendFrame, releaseFrame } from "../frame/lend.ts";
import { COLOUR_SPACES, type ColourSpace, type ErrorRecord, HEADER, type TapStats } from "../generated/contract.ts";
import type { NativeTarget } from "../pipeline/link.ts";
import type { Native } from "../native/context.ts";
import type { AnyObserver, ObserverStats } from "../pipeline/observer.ts";
import type { CheckedRequest } from "../pipeline/frame_request.ts";
import { type Overload, Tap, type TapOwner } from "../pipeline/tap.ts";

/** What a node is told by those below it. */
export interface ChildOwner {
  /** Whether the source waits for slow targets. */
  readonly waitsForTargets: boolean;
  /** An observer failed, `failures` times in a row. */
  failed(child: Child, error: unknown, failures: number): void;
  /** A frame could not be given in the form asked for. */
  warned(record: ErrorRecord): void;
  /** An observer does not keep up. */
  overloaded(child: Child, overload: Overload): void;
}

/** What all observers of a node have in common. */
export interface Child {
  /** The public object. */
  readonly observer: AnyObserver;
  /** Whether it still gets frames. */
  isAttached: boolean;
  /** Whether it has got a frame. */
  hasBegun: boolean;
  /** Ends it, once it is no longer attached; the promise is fulfilled when it gets nothing any more. */
  leave(): Promise<void> | undefined;
  /** Hands everything on; see {@linkcode Consumer.flush}. */
  flush(isEnd: boolean, failure?: Error): Promise<unknown> | undefined;
  /** Forgets what it holds back; see {@linkcode Consumer.drop}. */
  drop(failure?: Error): void;
  /** Its figures. */
  stats(): ObserverStats;
}

/** An observer that native code feeds with copies. */
export interface FedChild extends Child {
  /** Failures in a row. */
  failures: number;
  /**
   * Gives it a frame; header and data must stay until the promise is fulfilled.
   *
   * @throws {GiftGrabError} If native code refuses.
   */
  give(
    header: Float64Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
    attachment: Attachment,
  ): Promise<void> | undefined;
}

/** A writer or filter below a node. */
export class TargetChild implements FedChild {
  isAttached = true;
  hasBegun = false;
  failures = 0;
  readonly #target: NativeTarget;

  /** A child that is `target`. */
  constructor(target: NativeTarget) {
    this.#target = target;
  }

  get observer(): AnyObserver {
    return this.#target.observer;
  }

  give(
    header: Float64Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
    attachment: Attachment,
  ): Promise<void> | undefined {
    const { feed } = this.#target;
    if (feed.give(policyOf(attachment.waitsForTargets), header, data)) return undefined;
    return feed.wait(() => ({ header, data }));
  }

  leave(): Promise<void> | undefined {
    this.#target.upstream = undefined;
    // A frame on its way still reaches it.
    return this.#target.feed.isWaiting ? this.#target.feed.settled() : undefined;
  }

  flush(isEnd: boolean): Promise<void> | undefined {
    return isEnd ? this.#target.drained() : undefined;
  }

  drop(): void {}

  stats(): ObserverStats {
    return this.#target.stats();
  }
}

/** An observer with a request below a node: it has a tap of its own, which is opened with the first frame. */
export class TapChild implements FedChild, TapOwner {
  isAttached = true;
  hasBegun = false;
  failures = 0;
  readonly #consumer: Consumer;
  readonly #request: CheckedRequest;
  readonly #owner: ChildOwner;
  #tap: Tap | undefined;
  /** While the tap hands on what it has, so that a new one can begin. */
  #finishing: Deferred<void> | undefined;

  /** A child that is called by `consumer`. */
  constructor(consumer: Consumer, request: CheckedRequest, owner: ChildOwner) {
    this.#consumer = consumer;
    this.#request = request;
    this.#owner = owner;
  }

  get observer(): AnyObserver {
    return this.#consumer.observer;
  }

  get waitsForTargets(): boolean {
    return this.#owner.waitsForTargets;
  }

  give(
    header: Float64Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
    attachment: Attachment,
  ): Promise<void> | undefined {
    if (this.#finishing !== undefined) {
      return this.#finishing.promise.then(() => this.isAttached ? this.give(header, data, attachment) : undefined);
    }
    if (this.#tap === undefined || this.#tap.isOver) this.#tap = this.#open(attachment.native, header);
    const { feed } = this.#tap;
    if (feed.give(policyOf(attachment.waitsForTargets), header, data)) return undefined;
    return feed.wait(() => ({ header, data }));
  }

  leave(): undefined {
    this.#stop();
    this.#consumer.flush(false);
  }

  flush(isEnd: boolean, failure?: Error): Promise<unknown> | undefined {
    if (this.#tap === undefined || this.#tap.isOver) return this.#consumer.flush(isEnd, failure);
    const tap = this.#tap;
    this.#finishing ??= deferred();
    const { promise } = this.#finishing;
    // A frame that waits for room still gets in.
    if (tap.feed.isWaiting) tap.feed.settled().then(() => tap.finish());
    else tap.finish();
    return promise.then(() => this.#consumer.flush(isEnd, failure));
  }

  drop(failure?: Error): void {
    this.#stop();
    this.#consumer.drop(failure);
  }

  stats(): TapStats {
    return this.#tap?.stats() ?? tallied(0, 0, 0);
  }

  failed(_tap: Tap, error: unknown, failures: number): void {
    this.#owner.failed(this, error, failures);
  }

  warned(record: ErrorRecord): void {
    this.#owner.warned(record);
  }

  overloaded(_tap: Tap, overload: Overload): void {
    this.#owner.overloaded(this, overload);
  }

  drained(_tap: Tap, error?: unknown): void {
    this.#finished();
    if (error !== undefined) this.#owner.failed(this, error, 0);
  }

  #stop(): void {
    this.#tap?.stop();
    this.#finished();
  }

  #finished(): void {
    this.#finishing?.resolve();
    this.#finishing = undefined;
  }

  #open(native: Native, header: Float64Array): Tap {
    const colour = COLOUR_SPACES[header[HEADER.colour] ?? 0] as ColourSpace;
    return new Tap(native, { colour, ...this.#request }, this.#consumer, this);
  }
}

/** An observer below a node that is called with a copy of each frame. */
export class CalledChild implements Child, Attachment {
  isAttached = true;
  hasBegun = false;
  readonly #consumer: Consumer;
  readonly #owner: ChildOwner;
  #attachment: Attachment | undefined;
  #frame: VideoFrame | undefined;
  #isCalling = false;
  #failures = 0;
  #captured = 0;
  #written = 0;
  #failed = 0;
  /** Ends the waiting for the observer. */
  #release: (() => void) | undefined;

  /** A child that is called by `consumer`. */
  constructor(consumer: Consumer, owner: ChildOwner) {
    this.#consumer = consumer;
    this.#owner = owner;
  }

  get observer(): AnyObserver {
    return this.#consumer.observer;
  }

  get native(): Native {
    return (this.#attachment as Attachment).native;
  }

  get waitsForTargets(): boolean {
    return this.#owner.waitsForTargets;
  }

  get isOver(): boolean {
    return !this.isAttached;
  }

  /** Calls the observer with a frame in `buffer`, which is its own from now on; never throws or rejects. */
  show(buffer: ArrayBuffer, header: Float64Array, attachment: Attachment): Promise<void> | undefined {
    this.#attachment = attachment;
    this.#captured++;
    this.#frame = lendFrame(buffer, header);
    return this.#call(this.#frame);
  }

  leave(): undefined {
    this.#consumer.flush(false);
    if (this.#isCalling || this.#frame === undefined) return;
    this.#written++;
    this.#letFrameGo();
    this.#release?.();
  }

  flush(isEnd: boolean, failure?: Error): Promise<unknown> | undefined {
    return this.#consumer.flush(isEnd, failure);
  }

  drop(failure?: Error): void {
    this.#consumer.drop(failure);
  }

  stats(): TapStats {
    return tallied(this.#captured, this.#written, this.#failed);
  }

  #call(frame: VideoFrame): Promise<void> | undefined {
    if (this.#frame !== frame) return undefined;
    if (this.#consumer.isBusy) {
      const idle = new Promise<void>((resolve) => this.#consumer.whenIdle(resolve));
      return this.#waitFor(idle.then(() => this.#call(frame)));
    }
    let pending: Promise<void> | undefined;
    this.#isCalling = true;
    try {
      pending = this.#consumer.deliver(frame, this);
      this.#isCalling = false;
    } catch (error) {
      this.#isCalling = false;
      this.#fail(frame, error);
      return undefined;
    }
    if (pending === undefined || !this.isAttached) this.#settle(frame);
    if (pending === undefined) return undefined;
    const settled = pending.then(() => this.#settle(frame), (error) => this.#fail(frame, error));
    return this.isAttached ? this.#waitFor(settled) : undefined;
  }

  /** Waits for what never rejects, or until the child leaves. */
  #waitFor(settled: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#release = resolve;
      settled.then(resolve);
    });
  }

  #settle(frame: VideoFrame): void {
    if (this.#frame !== frame) return;
    this.#written++;
    this.#failures = 0;
    this.#letFrameGo();
  }

  #fail(frame: VideoFrame, error: unknown): void {
    if (this.#frame !== frame) return;
    this.#failed++;
    this.#failures++;
    this.#letFrameGo();
    this.#owner.failed(this, error, this.#failures);
  }

  #letFrameGo(): void {
    const frame = this.#frame;
    this.#frame = undefined;
    if (frame !== undefined) this.native.pool.give(releaseFrame(frame));
  }
}

const NO_LATENCY = { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };

/** Counts that are kept here: nothing is ever dropped. */
function tallied(captured: number, written: number, failed: number): TapStats {
  const inFlight = captured - written - failed;
  return {
    frames: { captured, written, dropped: 0, failed, inFlight, drops: [] },
    captureToObserver: NO_LATENCY,
    queue: 0,
  };
}
