/**
 * Sends frames from JavaScript to a native target, with back-pressure.
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

/** Frames that may wait at once: a program that ignores the promises of its appends gets an error. */
const MOST_WAITING = 64;

/** A frame as the boundary takes it. */
export interface RawFrame {
  /** Its metadata. */
  readonly header: Float64Array<ArrayBuffer>;
  /** The samples of all views. */
  readonly data: Uint8Array<ArrayBuffer>;
}

interface Waiting {
  readonly read: () => RawFrame;
  readonly turn: Deferred<void>;
}

/** Sends frames to one native target; frames that find no room wait in order. */
export class Feed {
  readonly #native: Native;
  readonly #handle: number;
  readonly #name: string;
  readonly #side: Side;
  readonly #changed: () => void;
  #waiting: Waiting[] = [];

  /** Sends to `handle`; `changed` is called when the first frame begins to wait, and when none waits any more. */
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
   * Sends the target a copy of a frame.
   *
   * @returns Whether that is done; if not, the frame must wait.
   * @throws {GiftGrabError} If the target rejects the frame.
   */
  trySend(policy: OverflowPolicy, header: Float64Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): boolean {
    // A frame must not overtake those that wait.
    if (this.isWaiting) return false;
    return this.#native.backend.append(this.#handle, policy, header, data) !== STATUS.AGAIN;
  }

  /**
   * Lets a frame wait for room; `read` returns it when there is some.
   *
   * @throws {GiftGrabError} With the code `busy` if too many wait.
   */
  sendLater(read: () => RawFrame): Promise<void> {
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

  /** Resolves when no frame waits any more. */
  async settled(): Promise<void> {
    while (this.isWaiting) await this.#waiting.at(-1)?.turn.promise.catch(() => {});
  }

  /** Sends the frames that wait, because the target has room again. */
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

  /** Rejects the frames that wait, because the target takes none any more. */
  abort(error: unknown): void {
    if (!this.isWaiting) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { turn } of waiting) turn.reject(error);
    this.#changed();
  }
}
