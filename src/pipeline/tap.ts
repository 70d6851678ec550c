/**
 * Taps: how frames get from native code to an observer.
 *
 * @module
 */

import type { Attachment, Consumer } from "./consumer.ts";
import { closedError } from "../base/errors.ts";
import { Feed } from "./feed.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import { HEADER_LENGTH } from "../frame/header.ts";
import { lendFrame, releaseFrame } from "../frame/lend.ts";
import {
  type ErrorRecord,
  type Event,
  HEADER,
  OUTCOME,
  type Outcome,
  STATUS,
  type TapOptions,
  type TapStats,
} from "../generated/contract.ts";
import type { FrameOutput, NativeTarget } from "./link.ts";
import type { Native } from "../native/context.ts";
import type { AnyObserver } from "./observer.ts";
import type { Listener } from "../native/pump.ts";

/** Longest time that an event waits behind frames, in milliseconds. */
const EVENTS_MS = 250;

const NO_BYTES = new Uint8Array(0);

/** Where what an exchange without a frame tells goes. */
const scratch = new Float64Array(HEADER_LENGTH);

/** That frames were dropped. */
export type Overload = Extract<Event, { type: "overload" }>;

/** What a tap tells its observable. */
export interface TapOwner {
  /** Whether the source waits for slow targets. */
  readonly waitsForTargets: boolean;
  /** The observer failed, `failures` times in a row. */
  failed(tap: Tap, error: unknown, failures: number): void;
  /** A frame could not be given in the form asked for. */
  warned(record: ErrorRecord): void;
  /** The observer does not keep up. */
  overloaded(tap: Tap, overload: Overload): void;
  /** Every frame was handed on, or with an error none can be any more. */
  drained(tap: Tap, error?: unknown): void;
}

/**
 * Takes one observer's frames from native code and calls the observer, one frame at a time.
 *
 * It is good for one attachment: once stopped or drained, it stays so.
 */
export class Tap implements NativeTarget, Listener, Attachment {
  readonly handle: number;
  readonly native: Native;
  readonly consumer: Consumer;
  readonly name = "an observer";
  readonly feed: Feed;
  readonly #header = new Float64Array(HEADER_LENGTH);
  upstream: FrameOutput | undefined;
  readonly #owner: TapOwner;
  #outcome: Outcome = OUTCOME.NONE;
  #failures = 0;
  /** Bytes of the frame taken last. */
  #length = 0;
  /** The frame that the observer has. */
  #frame: VideoFrame | undefined;
  /** When events are to be looked for again, though frames come all the time. */
  #eventsDue = 0;
  #isCalling = false;
  #isQueued = false;
  #isFinishing = false;
  /** No further call. */
  #isOver = false;
  #isReleased = false;
  #final: TapStats | undefined;

  /**
   * Opens a tap for `consumer`, attached to nothing.
   *
   * @throws {RangeError} If native code refuses an option.
   * @throws {GiftGrabError} With the code `resource_exhausted` if there can be no further one.
   */
  constructor(native: Native, options: TapOptions, consumer: Consumer, owner: TapOwner) {
    this.handle = native.backend.open({ kind: "tap", options }, "observer");
    this.native = native;
    this.consumer = consumer;
    this.#owner = owner;
    this.feed = new Feed(native, this.handle, this.name, "observer", () => {});
    native.pool.enter();
    native.adopt(this.handle, this);
  }

  get observer(): AnyObserver {
    return this.consumer.observer;
  }

  get waitsForTargets(): boolean {
    return this.#owner.waitsForTargets;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  isClosed(): boolean {
    return this.#isOver;
  }

  checkOpen(): void {}

  fail(error: unknown): void {
    this.#owner.failed(this, error, 0);
  }

  drained(): undefined {}

  stats(): TapStats {
    return this.#final ?? this.native.backend.stats(this.handle, "tap");
  }

  ready(until: number): boolean {
    // A pending observer keeps frames from being taken, but not what there is to tell; nor do frames without an end.
    const isDue = until >= this.#eventsDue;
    if (isDue) this.#eventsDue = until + EVENTS_MS;
    if (isDue || this.feed.isWaiting || this.#frame !== undefined) this.#takeEvents();
    let isFirst = true;
    // While a promise is pending the frame stays with the observer, and native code keeps the next ones.
    while (!this.#isOver && this.#frame === undefined) {
      if (this.consumer.isBusy) {
        this.#waitForObserver();
        return false;
      }
      const frame = this.#next();
      if (frame === undefined) {
        // Woken for something else than a frame.
        if (isFirst && !this.#isReleased) this.#takeEvents();
        return false;
      }
      isFirst = false;
      this.#show(frame);
      if (this.#frame === undefined && !this.#isOver && performance.now() >= until) return true;
    }
    return false;
  }

  abandon(error: unknown): void {
    // The handle is lost, so nothing can be asked of it.
    this.#release();
    this.#isOver = true;
    this.#letFrameGo();
    this.#owner.drained(this, error);
  }

  /** Lets nothing more in; what waits is still handed to the observer, then `drained` is told. */
  finish(): void {
    if (this.#isOver) return;
    try {
      this.native.backend.close(this.handle, "observer");
      this.#isFinishing = true;
      this.#keep();
      this.native.pump.soon(this.handle);
    } catch (error) {
      this.abandon(error);
    }
  }

  /** Calls the observer no more; the frame that it has is released, unless it has been called in this turn. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isCalling) return;
    if (this.#letFrameGo()) this.#outcome = OUTCOME.OBSERVED;
    this.#close();
  }

  /** The next frame, if there is one; at the end it is over. */
  #next(): VideoFrame | undefined {
    const { backend, pool } = this.native;
    let data = pool.take(this.#length);
    let status = backend.exchange(this.handle, this.#outcome, this.#header, data);
    this.#outcome = OUTCOME.NONE;
    if (status === STATUS.MORE) {
      pool.give(data.buffer);
      data = pool.take(this.#header[HEADER.dataLength] ?? 0);
      status = backend.exchange(this.handle, OUTCOME.NONE, this.#header, data);
    }
    if (status === STATUS.DONE) {
      this.#length = this.#header[HEADER.dataLength] ?? 0;
      // The rest of a longer buffer would show what somebody else had.
      const { buffer } = this.#length === data.length ? data : data.slice(0, this.#length);
      return lendFrame(buffer, this.#header);
    }
    pool.give(data.buffer);
    if (status === STATUS.END) {
      this.#isOver = true;
      this.#close();
      this.#owner.drained(this);
    }
    return undefined;
  }

  #show(frame: VideoFrame): void {
    this.#frame = frame;
    this.#isCalling = true;
    let pending: Promise<void> | undefined;
    let error: unknown;
    let hasFailed = false;
    try {
      pending = this.consumer.deliver(frame, this);
    } catch (thrown) {
      error = thrown;
      hasFailed = true;
    }
    this.#isCalling = false;
    if (pending === undefined) {
      this.#settle(hasFailed, error);
      return;
    }
    if (this.#isOver) {
      // Stopped by the call itself.
      this.#letFrameGo();
      this.#outcome = OUTCOME.OBSERVED;
      this.#close();
    }
    this.#keep();
    pending.then(() => this.#settleLater(false, undefined), (error) => this.#settleLater(true, error));
  }

  #settleLater(hasFailed: boolean, error: unknown): void {
    if (this.#isOver) return;
    this.#settle(hasFailed, error);
    this.#again();
  }

  #settle(hasFailed: boolean, error: unknown): void {
    this.#letFrameGo();
    this.#outcome = hasFailed ? OUTCOME.FAILED : OUTCOME.OBSERVED;
    this.#failures = hasFailed ? this.#failures + 1 : 0;
    if (this.#isOver) this.#close();
    if (hasFailed) this.#owner.failed(this, error, this.#failures);
  }

  /** Releases the frame that the observer has, if it has one. */
  #letFrameGo(): boolean {
    const frame = this.#frame;
    if (frame === undefined) return false;
    this.#frame = undefined;
    this.native.pool.give(releaseFrame(frame));
    return true;
  }

  /** The observer still has a frame of another attachment. */
  #waitForObserver(): void {
    this.#keep();
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.consumer.whenIdle(() => {
      this.#isQueued = false;
      this.#again();
    });
  }

  #again(): void {
    if (this.#isOver) return;
    this.#keep();
    this.native.pump.again(this.handle);
  }

  /** Keeps the process alive for the last frames, but not for an observer that waits for something else. */
  #keep(): void {
    if (this.#isFinishing) this.native.pump.keep(this, this.#frame === undefined && !this.consumer.isBusy);
  }

  #takeEvents(): void {
    for (const event of this.native.backend.events(this.handle)) {
      if (event.type === "room") this.feed.room();
      else if (event.type === "warning") this.#owner.warned(event.error);
      else if (event.type === "overload") this.#owner.overloaded(this, event);
    }
  }

  /** Counts what is left as dropped and frees the handle. */
  #close(): void {
    if (this.#isReleased) return;
    const { backend } = this.native;
    try {
      backend.close(this.handle, "observer");
      if (this.#outcome !== OUTCOME.NONE) backend.exchange(this.handle, this.#outcome, scratch, NO_BYTES);
      this.#final = withoutRest(backend.stats(this.handle, "tap"));
    } catch {
      // Only figures are lost.
    }
    this.#release();
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.feed.abandon(closedError("observer", "append a frame to an observer"));
    this.native.pool.leave();
    this.native.release(this.handle, this);
  }
}

/** The figures once nothing is on its way any more: what the observer has not seen, it will not see. */
function withoutRest({ frames, captureToObserver }: TapStats): TapStats {
  const { inFlight, dropped, drops } = frames;
  if (inFlight === 0) return { frames, captureToObserver, queue: 0 };
  const before = drops.find(({ reason }) => reason === "closed")?.frames ?? 0;
  return {
    frames: {
      ...frames,
      inFlight: 0,
      dropped: dropped + inFlight,
      drops: [
        ...drops.filter(({ reason }) => reason !== "closed"),
        { reason: "closed", stage: "hub", frames: before + inFlight },
      ],
    },
    captureToObserver,
    queue: 0,
  };
}
