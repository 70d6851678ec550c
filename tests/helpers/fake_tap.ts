/** A tap without native code: a queue with a ledger. */

import {
  type DroppedFrames,
  HEADER,
  OUTCOME,
  type Outcome,
  OVERFLOW_POLICY,
  type OverflowPolicy,
  STATUS,
  type Status,
  type TapOptions,
  type TapStats,
} from "../../src/generated/contract.ts";

interface Waiting {
  readonly header: Float64Array;
  readonly data: Uint8Array;
}

/** How a tap signals its backend. */
interface Signals {
  readonly ready: () => void;
  readonly room: () => void;
}

const NO_LATENCY = { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };

export class FakeTap {
  readonly handle: number;
  readonly options: TapOptions;
  readonly #signals: Signals;
  readonly #queue: Waiting[] = [];
  readonly #drops = new Map<DroppedFrames["reason"], number>();
  #captured = 0;
  #written = 0;
  #failed = 0;
  #taken = 0;
  #isAwaited = true;
  #awaitsRoom = false;
  #isClosed = false;
  /** The outcomes it was given, in order. */
  readonly outcomes: Outcome[] = [];
  /** The stats when it was released. */
  final: TapStats | undefined;

  constructor(handle: number, options: TapOptions, signals: Signals) {
    this.handle = handle;
    this.options = options;
    this.#signals = signals;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Queues a frame; without a bound if the source waits. */
  push(header: Float64Array, data: Uint8Array, waitsForTargets: boolean): void {
    if (this.#isClosed) return;
    this.#captured++;
    if (this.options.policy === "latest") {
      if (this.#queue.length > 0) this.#drop("superseded", this.#queue.splice(0).length);
    } else if (!waitsForTargets && this.#isFull) {
      this.#drop("observer_overload", 1);
      return;
    }
    this.#queue.push({ header: header.slice(), data: data.slice() });
    this.#notify();
  }

  append(policy: OverflowPolicy, header: Float64Array, data: Uint8Array): Status {
    if (this.#isClosed) throw new Error("appended to a closed tap");
    const blocks = policy === OVERFLOW_POLICY.BLOCK;
    if (blocks && this.#isFull && this.options.policy !== "latest") {
      this.#awaitsRoom = true;
      return STATUS.AGAIN;
    }
    this.push(header, data, blocks);
    return STATUS.DONE;
  }

  exchange(outcome: Outcome, header: Float64Array, data: Uint8Array): Status {
    if (outcome === OUTCOME.OBSERVED) this.#written += this.#taken;
    if (outcome === OUTCOME.FAILED) this.#failed += this.#taken;
    if (outcome !== OUTCOME.NONE) {
      this.#taken = 0;
      this.outcomes.push(outcome);
    }
    const next = this.#queue[0];
    if (next === undefined) {
      this.#isAwaited = true;
      return this.#isClosed ? STATUS.END : STATUS.AGAIN;
    }
    header.set(next.header);
    header[HEADER.dataLength] = next.data.length;
    if (data.length < next.data.length) return STATUS.MORE;
    this.#queue.shift();
    this.#taken++;
    data.set(next.data);
    if (this.#awaitsRoom) {
      this.#awaitsRoom = false;
      this.#signals.room();
    }
    return STATUS.DONE;
  }

  close(): void {
    this.#isClosed = true;
    this.#notify();
  }

  release(): void {
    this.final = this.stats();
  }

  stats(): TapStats {
    const drops = [...this.#drops].map(([reason, frames]): DroppedFrames => ({ reason, stage: "hub", frames }));
    const dropped = drops.reduce((sum, { frames }) => sum + frames, 0);
    const [captured, written, failed] = [this.#captured, this.#written, this.#failed];
    return {
      frames: { captured, written, dropped, failed, inFlight: captured - written - dropped - failed, drops },
      captureToObserver: NO_LATENCY,
      queue: this.#queue.length,
    };
  }

  get #isFull(): boolean {
    return this.#queue.length >= (this.options.queue ?? 8);
  }

  #drop(reason: DroppedFrames["reason"], frames: number): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + frames);
  }

  #notify(): void {
    if (!this.#isAwaited) return;
    this.#isAwaited = false;
    this.#signals.ready();
  }
}
