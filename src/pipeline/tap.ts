/**
 * Taps: how frames of the native side reach an observer.
 *
 * @module
 */

import { closedError } from "../base/errors.ts";
import { HEADER_LENGTH } from "../frame/header.ts";
import { lendFrame } from "../frame/lend.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import {
  type ErrorRecord,
  type Event,
  HEADER,
  OUTCOME,
  type Outcome,
  STATUS,
  type TapStats,
} from "../generated/contract.ts";
import type { Native } from "../native/context.ts";
import type { Listener } from "../native/pump.ts";
import { type Consumer, DEFAULT_PATIENCE_SECONDS, MOST_FAILURES } from "./consumer.ts";
import { Feed } from "./feed.ts";
import type { CheckedRequest } from "./frame_request.ts";
import type { FrameOutput, NativeTarget } from "./link.ts";
import type { AnyObserver } from "./observer.ts";
import { type CallFailure, type CallOwner, ObserverCall } from "./observer_call.ts";

/** Longest time in milliseconds for which an event waits behind frames. */
const EVENTS_MS = 250;

const NO_BYTES = new Uint8Array(0);

/** Scratch header for exchanges that return no frame. */
const scratch = new Float64Array(HEADER_LENGTH);

/** An event about dropped frames. */
export type Overload = Extract<Event, { type: "overload" }>;

/** The observable that has the tap. */
export interface TapOwner {
  /** Whether the source waits for slow targets. */
  readonly waitsForTargets: boolean;
  /** The observer failed, `failures` times in a row. */
  failed(tap: Tap, error: unknown, failures: number): void;
  /** A frame could not be converted as requested. */
  warned(record: ErrorRecord): void;
  /** The observer does not keep up. */
  overloaded(tap: Tap, overload: Overload): void;
  /** Every frame has been handed on; with an error, none can be any more. */
  drained(tap: Tap, error?: unknown): void;
}

/**
 * Takes the frames of one observer from the native side and calls the observer, one frame at a time.
 *
 * It serves one attachment: once stopped or drained, it stays so. It is `open`, then `draining` when no frame comes in
 * any more but those that wait still reach the observer, then `closed` when the handle is freed.
 */
export class Tap implements NativeTarget, Listener, CallOwner {
  readonly handle: number;
  readonly native: Native;
  readonly consumer: Consumer;
  readonly name = "an observer";
  readonly feed: Feed;
  readonly patienceSeconds: number;
  upstream: FrameOutput | undefined;
  readonly #owner: TapOwner;
  readonly #call: ObserverCall;
  readonly #header = new Float64Array(HEADER_LENGTH);
  #state: "open" | "draining" | "closed" = "open";
  /** Outcome of the frame taken last; the next exchange reports it. */
  #outcome: Outcome = OUTCOME.NONE;
  /** Bytes of the frame taken last. */
  #length = 0;
  /** When events are asked for again although frames come all the time. */
  #eventsDue = 0;
  /** Whether this tap gets a turn when the observer's other call ends. */
  #isQueued = false;
  #final: TapStats | undefined;

  /**
   * Opens a tap for `consumer`, attached to nothing.
   *
   * @throws {RangeError} If the native side refuses an option.
   * @throws {GiftGrabError} With the code `resource_exhausted` if there are too many.
   */
  constructor(native: Native, request: CheckedRequest, consumer: Consumer, owner: TapOwner) {
    const { patienceSeconds = DEFAULT_PATIENCE_SECONDS, ...options } = request;
    this.handle = native.backend.open({ kind: "tap", options }, "observer");
    this.native = native;
    this.consumer = consumer;
    this.patienceSeconds = patienceSeconds;
    this.#owner = owner;
    this.#call = new ObserverCall(consumer, this);
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

  /** Whether the observer is not called any more. */
  get isOver(): boolean {
    return this.#call.isOver;
  }

  isClosed(): boolean {
    return this.isOver;
  }

  checkOpen(): void {}

  fail(error: unknown): void {
    this.#owner.failed(this, error, 0);
  }

  drain(): undefined {}

  stats(): TapStats {
    return this.#final ?? this.native.backend.stats(this.handle, "tap");
  }

  ready(until: number): boolean {
    // Neither a pending observer nor an endless run of frames may hold up events.
    const isDue = until >= this.#eventsDue;
    if (isDue) this.#eventsDue = until + EVENTS_MS;
    if (isDue || this.feed.isWaiting || this.#call.hasFrame) this.#takeEvents();
    let isFirst = true;
    // While the observer's promise is pending the observer keeps its frame, and the native side keeps the next ones.
    while (this.#call.isIdle) {
      const { hang, isBusy } = this.consumer;
      if (hang !== undefined) {
        this.#owner.failed(this, hang, MOST_FAILURES);
        return false;
      }
      if (isBusy) {
        this.#waitForObserver();
        return false;
      }
      const frame = this.#next();
      if (frame === undefined) {
        // The wake was for an event.
        if (isFirst && this.#state !== "closed") this.#takeEvents();
        return false;
      }
      isFirst = false;
      this.#show(frame);
      if (this.#call.isIdle && performance.now() >= until) return true;
    }
    return false;
  }

  abort(error: unknown): void {
    // The handle is lost, so it is not asked for anything.
    this.#release();
    this.#call.stop();
    this.#owner.drained(this, error);
  }

  /** Takes in no further frame; those that wait still reach the observer, then `drained` is called. */
  finish(): void {
    if (this.isOver) return;
    try {
      this.native.backend.close(this.handle, "observer");
      this.#state = "draining";
      // The process goes on until the observer has had the last frames, for which it has so much patience.
      this.native.pump.keep(this, true);
      this.native.pump.soon(this.handle);
    } catch (error) {
      this.abort(error);
    }
  }

  /** Calls the observer no more; the frame that it has is released at once, or when the call returns. */
  stop(): void {
    this.#call.stop();
    if (!this.#call.hasFrame) this.#close();
  }

  settled(failure: CallFailure | undefined): void {
    this.#outcome = failure === undefined ? OUTCOME.OBSERVED : OUTCOME.FAILED;
    if (this.isOver) this.#close();
    if (failure !== undefined) this.#owner.failed(this, failure.error, failure.inARow);
  }

  dropped(): void {
    // Without an outcome the frame counts as dropped.
    this.#close();
  }

  /** The next frame, if there is one; after the last one the tap is over. */
  #next(): VideoFrame | undefined {
    const { backend, pool } = this.native;
    let data = pool.take(this.#length);
    let status = backend.exchange(this.handle, this.#outcome, this.#header, data);
    this.#outcome = OUTCOME.NONE;
    if (status === STATUS.MORE) {
      pool.put(data.buffer);
      data = pool.take(this.#header[HEADER.dataLength] ?? 0);
      status = backend.exchange(this.handle, OUTCOME.NONE, this.#header, data);
    }
    if (status === STATUS.DONE) {
      this.#length = this.#header[HEADER.dataLength] ?? 0;
      // The rest of a longer buffer would show samples of another observer's frame.
      const { buffer } = this.#length === data.length ? data : data.slice(0, this.#length);
      return lendFrame(buffer, this.#header);
    }
    pool.put(data.buffer);
    if (status === STATUS.END) {
      this.stop();
      this.#owner.drained(this);
    }
    return undefined;
  }

  #show(frame: VideoFrame): void {
    const done = this.#call.start(frame, this.native);
    if (done === undefined) return;
    done.then(() => this.#again());
  }

  /** The observer still has a frame of another attachment. */
  #waitForObserver(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.consumer.whenIdle(() => {
      this.#isQueued = false;
      this.#again();
    });
  }

  #again(): void {
    if (this.isOver) return;
    this.native.pump.again(this.handle);
  }

  #takeEvents(): void {
    for (const event of this.native.backend.events(this.handle)) {
      if (event.type === "room") this.feed.room();
      else if (event.type === "warning") this.#owner.warned(event.error);
      else if (event.type === "overload") this.#owner.overloaded(this, event);
    }
  }

  /** Counts the frames that are left as dropped and frees the handle. */
  #close(): void {
    if (this.#state === "closed") return;
    const { backend } = this.native;
    try {
      backend.close(this.handle, "observer");
      if (this.#outcome !== OUTCOME.NONE) backend.exchange(this.handle, this.#outcome, scratch, NO_BYTES);
      this.#final = withoutRest(backend.stats(this.handle, "tap"));
    } catch {
      // Only the stats are lost.
    }
    this.#release();
  }

  #release(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.feed.abort(closedError("observer", "append a frame to an observer"));
    this.native.pool.leave();
    this.native.release(this.handle, this);
  }
}

/** The stats once no frame is on its way any more: a frame that the observer has not seen is dropped. */
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
