/**
 * The observers of a node, by how they get its frames.
 *
 * @module
 */

import { type Deferred, deferred } from "../base/deferred.ts";
import { lendFrame } from "../frame/lend.ts";
import {
  COLOUR_SPACES,
  type ColourSpace,
  type DroppedFrames,
  type ErrorRecord,
  HEADER,
  type Ledger,
  type TapStats,
} from "../generated/contract.ts";
import type { Native } from "../native/context.ts";
import { type Attachment, type Consumer, DEFAULT_PATIENCE_SECONDS, type Upstream } from "../pipeline/consumer.ts";
import { type Feed, policyOf } from "../pipeline/feed.ts";
import type { CheckedRequest } from "../pipeline/frame_request.ts";
import type { NativeTarget } from "../pipeline/link.ts";
import type { AnyObserver, ObserverStats } from "../pipeline/observer.ts";
import { type CallFailure, type CallOwner, ObserverCall } from "../pipeline/observer_call.ts";
import { type Overload, Tap, type TapOwner } from "../pipeline/tap.ts";

/** The node that has the observers. */
export interface ChildOwner extends Upstream {
  /** Whether the source waits for slow targets. */
  readonly waitsForTargets: boolean;
  /** An observer failed, `failures` times in a row. */
  failed(child: Child, error: unknown, failures: number): void;
  /** A frame could not be converted as requested. */
  warned(record: ErrorRecord): void;
  /** An observer does not keep up. */
  overloaded(child: Child, overload: Overload): void;
}

/** An observer of a node. */
export interface Child {
  /** The public object. */
  readonly observer: AnyObserver;
  /** Whether it still gets frames. */
  isAttached: boolean;
  /** Whether it has got a frame. */
  hasBegun: boolean;
  /** Ends it, once it is no longer attached; resolves when no frame is on its way to it any more. */
  leave(): Promise<void> | undefined;
  /** Hands on everything that it holds back; see {@linkcode Consumer.flush}. */
  flush(isEnd: boolean, failure?: Error): Promise<unknown> | undefined;
  /** Drops what it holds back; see {@linkcode Consumer.abort}. */
  abort(failure?: Error): void;
  /** Its counts so far. */
  stats(): ObserverStats;
}

/** An observer to which copies are sent natively. */
export interface FedChild extends Child {
  /** Failures in a row. */
  failures: number;
  /**
   * Sends it a frame; header and data must stay as they are until the promise is fulfilled.
   *
   * @throws {GiftGrabError} If the native side refuses the frame.
   */
  send(
    header: Float64Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
    attachment: Attachment,
  ): Promise<void> | undefined;
}

/** Sends a frame, at once or when there is room; in real time a frame without room is dropped and counted. */
function sendTo(
  feed: Feed,
  header: Float64Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  { waitsForTargets }: Attachment,
): Promise<void> | undefined {
  return feed.trySend(policyOf(waitsForTargets), header, data) ? undefined : feed.sendLater(() => ({ header, data }));
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

  send(
    header: Float64Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
    attachment: Attachment,
  ): Promise<void> | undefined {
    return sendTo(this.#target.feed, header, data, attachment);
  }

  leave(): Promise<void> | undefined {
    this.#target.upstream = undefined;
    // A frame on its way still reaches it.
    return this.#target.feed.isWaiting ? this.#target.feed.settled() : undefined;
  }

  flush(isEnd: boolean): Promise<void> | undefined {
    return isEnd ? this.#target.drain() : undefined;
  }

  abort(): void {
    this.#target.drain();
  }

  stats(): ObserverStats {
    return this.#target.stats();
  }
}

/** An observer with a request below a node: it has a tap of its own, which is opened with the first frame. */
export class TapChild implements FedChild, TapOwner {
  isAttached = true;
  hasBegun = false;
  failures = 0;
  readonly #key = Symbol("child");
  readonly #consumer: Consumer;
  readonly #request: CheckedRequest;
  readonly #owner: ChildOwner;
  #tap: Tap | undefined;
  /** The frames of the taps before. */
  #earlier = NO_FRAMES;
  /** Set while the tap drains; the next frame waits for a new tap. */
  #draining: Deferred<void> | undefined;

  /** A child that is called by `consumer`. */
  constructor(consumer: Consumer, request: CheckedRequest, owner: ChildOwner) {
    this.#consumer = consumer;
    this.#request = request;
    this.#owner = owner;
    consumer.begin(this.#key, owner);
  }

  get observer(): AnyObserver {
    return this.#consumer.observer;
  }

  get waitsForTargets(): boolean {
    return this.#owner.waitsForTargets;
  }

  send(
    header: Float64Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
    attachment: Attachment,
  ): Promise<void> | undefined {
    if (this.#draining !== undefined) {
      return this.#draining.promise.then(() => this.isAttached ? this.send(header, data, attachment) : undefined);
    }
    const tap = this.#opened(attachment.native, header);
    return sendTo(tap.feed, header, data, attachment)?.catch((error) => {
      // A tap that was stopped meanwhile takes no frame; its observer has not failed.
      if (!tap.isOver) throw error;
    });
  }

  leave(): undefined {
    this.#stop();
    this.#consumer.end(this.#key);
    this.#consumer.flush(false);
  }

  flush(isEnd: boolean, failure?: Error): Promise<unknown> | undefined {
    if (this.#tap === undefined || this.#tap.isOver) return this.#consumer.flush(isEnd, failure);
    const tap = this.#tap;
    this.#draining ??= deferred();
    const { promise } = this.#draining;
    // A frame that waits for room still gets in.
    if (tap.feed.isWaiting) tap.feed.settled().then(() => tap.finish());
    else tap.finish();
    return promise.then(() => this.#consumer.flush(isEnd, failure));
  }

  abort(failure?: Error): void {
    this.#stop();
    this.#consumer.abort(failure);
  }

  stats(): TapStats {
    if (this.#tap === undefined) return callStats(0, 0, 0, 0);
    const stats = this.#tap.stats();
    return { ...stats, frames: sumOf(this.#earlier, stats.frames) };
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
    this.#finishDraining();
    if (error !== undefined) this.#owner.failed(this, error, 0);
  }

  #stop(): void {
    this.#tap?.stop();
    this.#finishDraining();
  }

  #finishDraining(): void {
    this.#draining?.resolve();
    this.#draining = undefined;
  }

  /** The tap, or a new one if that is over: one serves until it has drained. */
  #opened(native: Native, header: Float64Array): Tap {
    if (this.#tap !== undefined && !this.#tap.isOver) return this.#tap;
    const colour = COLOUR_SPACES[header[HEADER.colour] ?? 0] as ColourSpace;
    const tap = new Tap(native, { colour, ...this.#request }, this.#consumer, this);
    try {
      this.#earlier = this.stats().frames;
    } catch {
      // The counts of a tap that was lost are lost with it.
    }
    return this.#tap = tap;
  }
}

/** An observer below a node that is called with a copy of each frame. */
export class CalledChild implements Child, CallOwner {
  isAttached = true;
  hasBegun = false;
  readonly patienceSeconds = DEFAULT_PATIENCE_SECONDS;
  readonly #key = Symbol("child");
  readonly #consumer: Consumer;
  readonly #owner: ChildOwner;
  readonly #call: ObserverCall;
  #captured = 0;
  #written = 0;
  #dropped = 0;
  #failed = 0;

  /** A child that is called by `consumer`. */
  constructor(consumer: Consumer, owner: ChildOwner) {
    this.#consumer = consumer;
    this.#owner = owner;
    consumer.begin(this.#key, owner);
    this.#call = new ObserverCall(consumer, this);
  }

  get observer(): AnyObserver {
    return this.#consumer.observer;
  }

  get waitsForTargets(): boolean {
    return this.#owner.waitsForTargets;
  }

  /**
   * Calls the observer with a frame in `buffer`, which belongs to the child from now on; never throws.
   *
   * @returns A promise if the observer is not done yet; it never rejects.
   */
  show(buffer: ArrayBuffer, header: Float64Array, { native }: Attachment): Promise<void> | undefined {
    this.#captured++;
    return this.#call.start(lendFrame(buffer, header), native);
  }

  leave(): undefined {
    this.#call.stop();
    this.#consumer.end(this.#key);
    this.#consumer.flush(false);
  }

  flush(isEnd: boolean, failure?: Error): Promise<unknown> | undefined {
    return this.#consumer.flush(isEnd, failure);
  }

  abort(failure?: Error): void {
    this.#consumer.abort(failure);
  }

  stats(): TapStats {
    return callStats(this.#captured, this.#written, this.#dropped, this.#failed);
  }

  settled(failure: CallFailure | undefined): void {
    if (failure === undefined) {
      this.#written++;
    } else {
      this.#failed++;
      this.#owner.failed(this, failure.error, failure.inARow);
    }
  }

  dropped(): void {
    this.#dropped++;
  }
}

const NO_LATENCY = { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };

/** Stats that are counted in JavaScript, where a frame is dropped only if the observer leaves before it sees it. */
function callStats(captured: number, written: number, dropped: number, failed: number): TapStats {
  const inFlight = captured - written - dropped - failed;
  const drops: DroppedFrames[] = dropped === 0 ? [] : [{ reason: "closed", stage: "hub", frames: dropped }];
  return {
    frames: { captured, written, dropped, failed, inFlight, drops },
    captureToObserver: NO_LATENCY,
    queue: 0,
  };
}

const NO_FRAMES: Ledger = { captured: 0, written: 0, dropped: 0, failed: 0, inFlight: 0, drops: [] };

/** The frames of both accounts. */
function sumOf(one: Ledger, other: Ledger): Ledger {
  const drops = [...one.drops];
  for (const drop of other.drops) {
    const index = drops.findIndex(({ reason, stage }) => reason === drop.reason && stage === drop.stage);
    const before = drops[index]?.frames ?? 0;
    drops.splice(index < 0 ? drops.length : index, 1, { ...drop, frames: before + drop.frames });
  }
  return {
    captured: one.captured + other.captured,
    written: one.written + other.written,
    dropped: one.dropped + other.dropped,
    failed: one.failed + other.failed,
    inFlight: one.inFlight + other.inFlight,
    drops,
  };
}
