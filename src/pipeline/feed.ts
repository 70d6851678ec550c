/**
 * How frames get from JavaScript into a native target, with back-pressure.
 *
 * @module
 */

import { type Deferred, deferred } from "../base/deferred.ts";
import { errorOf, type Side } from "../base/errors.ts";
import { OVERFLOW_POLICY, type OverflowPolicy, STATUS } from "../generated/contract.ts";
import type { Native } from "../native/context.ts";

/** The policy for frames of a source that waits for slow targets, or that does not. */
export function policyOf(waitsForTargets: boolean): OverflowPolicy {
  return waitsForTargets ? OVERFLOW_POLICY.BLOCK : OVERFLOW_POLICY.DROP_NEWEST;
}

/** Frames that may wait at once: their promises are the back-pressure, and who ignores them must be told. */
const MOST_WAITING = 64;

/** A frame's facts and all its samples. */
export interface RawFrame {
  /** The facts. */
  readonly header: Float64Array<ArrayBuffer>;
  /** The samples of all views. */
  readonly data: Uint8Array<ArrayBuffer>;
}

interface Waiting {
  readonly read: () => RawFrame;
  readonly turn: Deferred<void>;
}

/** The way into one native target; those who find no room wait in their order. */
export class Feed {
  readonly #native: Native;
  readonly #handle: number;
  readonly #name: string;
  readonly #side: Side;
  readonly #changed: () => void;
  #waiting: Waiting[] = [];

  /** The way into `handle`; `changed` is called when it begins or ends to wait. */
  constructor(native: Native, handle: number, name: string, side: Side, changed: () => void) {
    this.#native = native;
    this.#handle = handle;
    this.#name = name;
    this.#side = side;
    this.#changed = changed;
  }

  /** Whether a frame waits for room. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Gives the target a copy of a frame, at once if that is possible; `false` if it must wait.
   *
   * @throws {GiftGrabError} If the target rejects the frame.
   */
  give(policy: OverflowPolicy, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): boolean {
    // A frame must not overtake those that wait.
    return !this.isWaiting && this.#native.backend.append(this.#handle, policy, header, data) !== STATUS.AGAIN;
  }

  /**
   * Lets a frame wait that `give` did not take; `read` tells it when there is room.
   *
   * @throws {GiftGrabError} With the code `busy` if too many wait.
   */
  wait(read: () => RawFrame): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING) {
      throw errorOf(this.#side, {
        code: "busy",
        stage: "hub",
        message: `Cannot append a frame to ${this.#name}: ${MOST_WAITING} wait already; await each append()`,
      });
    }
    const turn = deferred<void>();
    this.#waiting.push({ read, turn });
    if (this.#waiting.length === 1) this.#changed();
    return turn.promise;
  }

  /** Resolved when no frame waits any more. */
  async settled(): Promise<void> {
    while (this.isWaiting) await this.#waiting.at(-1)?.turn.promise.catch(() => {});
  }

  /** There is room again. */
  room(): void {
    let next: Waiting | undefined;
    while ((next = this.#waiting[0]) !== undefined) {
      try {
        const { header, data } = next.read();
        const status = this.#native.backend.append(this.#handle, OVERFLOW_POLICY.BLOCK, header, data);
        if (status === STATUS.AGAIN) return;
        next.turn.resolve();
      } catch (error) {
        next.turn.reject(error);
      }
      this.#waiting.shift();
    }
    this.#changed();
  }

  /** The target takes no frames any more. */
  abandon(error: unknown): void {
    if (!this.isWaiting) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { turn } of waiting) turn.reject(error);
    this.#changed();
  }
}
