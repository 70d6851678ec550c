/**
 * One attachment of an observer that is called: its frames, one after the other; not part of the public API.
 *
 * @module
 */

import { type Deferred, deferred } from "../base/deferred.ts";
import { releaseFrame } from "../frame/lend.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import type { Native } from "../native/context.ts";
import { type Attachment, type Consumer, MOST_FAILURES } from "./consumer.ts";

/**
 * State of the attachment.
 *
 * - `idle`: the observer has no frame of this attachment.
 * - `queued`: the frame waits until the observer is done with that of another attachment.
 * - `calling`: the call has not returned.
 * - `pending`: the observer's promise is not settled.
 * - `stopping`: ended by the call itself; the frame is released when the call returns.
 * - `stopped`: ended; the observer is not called again.
 */
type CallState = "idle" | "queued" | "calling" | "pending" | "stopping" | "stopped";

/** A call that threw, or whose promise was rejected. */
export interface CallFailure {
  /** The value that was thrown. */
  readonly error: unknown;
  /** Failed calls in a row, this one included; of an observer that hangs, as many as it may have. */
  readonly inARow: number;
}

/** The side that has the frames. */
export interface CallOwner {
  /** Whether the source waits for slow targets. */
  readonly waitsForTargets: boolean;
  /** Seconds for which the observer may have one frame. */
  readonly patienceSeconds: number;
  /** The observer is done with its frame, which has been released. */
  settled(failure: CallFailure | undefined): void;
  /** The attachment ended before the observer saw its frame, which has been released. */
  dropped(): void;
}

/** Calls an observer with one lent frame at a time, and returns the frame's memory to the pool. */
export class ObserverCall implements Attachment {
  readonly #consumer: Consumer;
  readonly #owner: CallOwner;
  #state: CallState = "idle";
  #native: Native | undefined;
  #frame: VideoFrame | undefined;
  #done: Deferred<void> | undefined;
  #failures = 0;

  /** An attachment of the observer behind `consumer` to the frames of `owner`. */
  constructor(consumer: Consumer, owner: CallOwner) {
    this.#consumer = consumer;
    this.#owner = owner;
  }

  /** Set from the first frame on; a consumer reads it with a frame. */
  get native(): Native {
    return this.#native as Native;
  }

  get waitsForTargets(): boolean {
    return this.#owner.waitsForTargets;
  }

  get patienceSeconds(): number {
    return this.#owner.patienceSeconds;
  }

  /** Whether the attachment has ended. */
  get isOver(): boolean {
    return this.#state === "stopping" || this.#state === "stopped";
  }

  /** Whether it can take a frame. */
  get isIdle(): boolean {
    return this.#state === "idle";
  }

  /** Whether the observer has a frame, or one waits for it. */
  get hasFrame(): boolean {
    return this.#frame !== undefined;
  }

  /**
   * Calls the observer with `frame`, which is lent from the pool of `native`; the attachment must be idle.
   *
   * @returns A promise if the observer is not done yet; it is fulfilled when the frame is released.
   */
  start(frame: VideoFrame, native: Native): Promise<void> | undefined {
    this.#native = native;
    this.#frame = frame;
    this.#attempt(frame);
    if (!this.hasFrame) return undefined;
    this.#done = deferred();
    return this.#done.promise;
  }

  /** Calls the observer no more; the frame that it has is released at once, or when the call returns. */
  stop(): void {
    switch (this.#state) {
      case "calling":
        this.#state = "stopping";
        break;
      case "queued":
        this.#state = "stopped";
        this.#release();
        this.#owner.dropped();
        this.#resolve();
        break;
      case "pending":
        this.#state = "stopped";
        this.#consumer.forgive();
        this.#settle(undefined);
        break;
      case "idle":
        this.#state = "stopped";
        break;
      case "stopping":
      case "stopped":
        break;
    }
  }

  #attempt(frame: VideoFrame): void {
    const { hang } = this.#consumer;
    if (hang !== undefined) {
      this.#fail(hang);
      return;
    }
    if (this.#consumer.isBusy) {
      this.#state = "queued";
      this.#consumer.whenIdle(() => {
        if (this.#state === "queued") this.#attempt(frame);
      });
      return;
    }
    this.#state = "calling";
    let pending: Promise<void> | undefined;
    try {
      pending = this.#consumer.deliver(frame, this);
    } catch (error) {
      this.#fail(error);
      return;
    }
    // A promise that is settled after the attachment has ended changes nothing.
    pending?.then(
      () => this.#state === "pending" && this.#settle(undefined),
      (error) => this.#state === "pending" && this.#fail(error),
    );
    if (pending !== undefined && !this.isOver) {
      this.#state = "pending";
      return;
    }
    this.#consumer.forgive();
    this.#settle(undefined);
  }

  #fail(error: unknown): void {
    this.#settle({ error, inARow: error === this.#consumer.hang ? MOST_FAILURES : this.#failures + 1 });
  }

  #settle(failure: CallFailure | undefined): void {
    this.#release();
    this.#failures = failure?.inARow ?? 0;
    this.#state = this.isOver ? "stopped" : "idle";
    this.#owner.settled(failure);
    this.#resolve();
  }

  #release(): void {
    if (this.#frame !== undefined) this.native.pool.put(releaseFrame(this.#frame));
    this.#frame = undefined;
  }

  #resolve(): void {
    this.#done?.resolve();
    this.#done = undefined;
  }
}
