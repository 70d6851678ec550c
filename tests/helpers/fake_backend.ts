/** A backend without native code: it records the calls, and a test decides what happens. */

import type { Backend } from "../../src/backend/contract.ts";
import type {
  Capabilities,
  ErrorRecord,
  Event,
  FileWriterOptions,
  Report,
  SourceInfo,
  SourceOptions,
  SourceStats,
  TargetInfo,
  TargetStats,
} from "../../src/generated/contract.ts";
import { errorOf, type Side } from "../../src/errors.ts";

const LATENCY = { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };

/** A target's figures, all zero. */
export const TARGET_STATS: TargetStats = {
  frames: { captured: 0, written: 0, dropped: 0, failed: 0, inFlight: 0, drops: [] },
  bytes: 0,
  durationSeconds: 0,
  indexedBytes: 0,
  durable: { frames: 0, bytes: 0, syncs: 0 },
  captureToPacket: LATENCY,
  packetToDurable: LATENCY,
  frameQueue: 0,
  packetQueue: 0,
};

/** Calls that a test can make fail. */
export type Refusable = "attach" | "detach" | "start" | "close" | "open" | "events" | "wait" | "convert";

/** A call of `convert`: copies of what it read, and where it wrote. */
export interface Conversion {
  readonly headerIn: Float64Array;
  readonly dataIn: Uint8Array;
  readonly headerOut: Float64Array;
  readonly dataOut: Uint8Array;
}

export class FakeBackend implements Backend {
  /** What was called, in order, without the reading calls: `attach 1 2`. */
  readonly calls: string[] = [];
  /** The options of every opened source and target. */
  readonly opened: (SourceOptions | FileWriterOptions)[] = [];
  /** Calls that fail, with what they tell. */
  readonly refusals = new Map<Refusable, ErrorRecord>();
  /** Every conversion. */
  readonly conversions: Conversion[] = [];
  /** Whether `detach` and `close` are answered at once. */
  answers = true;
  /** The figures that `targetStats` tells. */
  stats: TargetStats = TARGET_STATS;
  /** Whether a wait is parked. */
  isParked = false;
  #next = 1;
  #targets = new Map<number, FileWriterOptions>();
  #pending = new Map<number, Event[]>();
  #unpark: (() => void) | undefined;
  #isWoken = false;

  /** Makes `handle` have `event`. */
  emit(handle: number, ...events: Event[]): void {
    this.#pending.set(handle, [...(this.#pending.get(handle) ?? []), ...events]);
    this.#unpark?.();
  }

  /** The report of the target. */
  report(target: number): Report {
    return {
      target: this.targetInfo(target),
      stats: this.stats,
      width: 64,
      height: 48,
      pixelFormat: "yuv420p",
      startedAt: "2026-01-01T00:00:00Z",
      exists: true,
      finalised: true,
      synced: true,
      segments: [],
    };
  }

  async wait(timeoutMs: number): Promise<readonly number[]> {
    this.#refuse("library", "wait");
    if (this.isParked) throw new Error("two waits at once");
    if (this.#pending.size === 0 && !this.#isWoken) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      this.isParked = true;
      await new Promise<void>((resolve) => {
        this.#unpark = resolve;
        timer = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(timer);
      this.isParked = false;
      this.#unpark = undefined;
    }
    this.#isWoken = false;
    return [...this.#pending.keys()];
  }

  wake(): void {
    this.#isWoken = true;
    this.#unpark?.();
  }

  capabilities(): Promise<Capabilities> {
    return Promise.resolve({ ffmpeg: { version: "fake", licence: "none", configuration: "" }, codecs: [] });
  }

  openSource(options: SourceOptions): Promise<number> {
    return this.#open("source", options);
  }

  async openTarget(options: FileWriterOptions): Promise<number> {
    const handle = await this.#open("target", options);
    this.#targets.set(handle, options);
    return handle;
  }

  sourceInfo(): SourceInfo {
    return {
      frameRate: { num: 25, den: 1 },
      width: 64,
      height: 48,
      stereoCount: 1,
      colour: "i420",
      pixelFormat: "yuv420p",
      codec: "pattern",
      container: "pattern",
      durationSeconds: null,
      frames: null,
    };
  }

  targetInfo(target: number): TargetInfo {
    const { path = "?", codec = "hevc", frameRate = { num: 25, den: 1 } } = this.#targets.get(target) ?? {};
    return { path, codec, container: "mp4", encoder: "fake", frameRate };
  }

  sourceStats(): SourceStats {
    return {
      captured: 0,
      missed: 0,
      late: 0,
      decodeErrors: 0,
      durationSeconds: 0,
      lateness: LATENCY,
      interval: LATENCY,
    };
  }

  targetStats(): TargetStats {
    return this.stats;
  }

  events(handle: number): readonly Event[] {
    const events = this.#pending.get(handle) ?? [];
    this.#pending.delete(handle);
    this.#refuse("library", "events");
    return events;
  }

  attach(source: number, target: number): void {
    this.calls.push(`attach ${source} ${target}`);
    this.#refuse("observer", "attach");
  }

  detach(source: number, target: number): void {
    this.calls.push(`detach ${source} ${target}`);
    this.#refuse("observer", "detach");
    if (this.answers) this.emit(source, { type: "detached", target });
  }

  start(source: number): void {
    this.calls.push(`start ${source}`);
    this.#refuse("source", "start");
  }

  closeSource(source: number): void {
    this.calls.push(`close ${source}`);
    this.#refuse("source", "close");
    if (this.answers) this.emit(source, { type: "closed" });
  }

  closeTarget(target: number): void {
    this.calls.push(`close ${target}`);
    this.#refuse("target", "close");
    if (this.answers) this.emit(target, { type: "closed", report: this.report(target) });
  }

  /** Counts up in the output: byte `i` is `i % 251`. */
  convert(headerIn: Float64Array, dataIn: Uint8Array, headerOut: Float64Array, dataOut: Uint8Array): void {
    this.#refuse("library", "convert");
    this.conversions.push({
      headerIn: headerIn.slice(),
      dataIn: dataIn.slice(),
      headerOut: headerOut.slice(),
      dataOut,
    });
    dataOut.set(dataOut.map((_, index) => index % 251));
  }

  release(handle: number): void {
    this.calls.push(`release ${handle}`);
    this.#pending.delete(handle);
  }

  requestRead(path: string): void {
    this.calls.push(`read ${path}`);
  }

  requestWrite(path: string): void {
    this.calls.push(`write ${path}`);
  }

  async #open(side: Side, options: SourceOptions | FileWriterOptions): Promise<number> {
    await Promise.resolve();
    this.#refuse(side, "open");
    this.opened.push(options);
    return this.#next++;
  }

  #refuse(side: Side, call: Refusable): void {
    const record = this.refusals.get(call);
    if (record !== undefined) throw errorOf(side, record);
  }
}
