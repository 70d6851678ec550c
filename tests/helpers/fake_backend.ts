/** A backend without native code: it records the calls, and a test decides what happens. */

import { setTimeout } from "node:timers";
import type { AppendMode, Backend, Outcome } from "../../src/backend/contract.ts";
import type {
  Capabilities,
  ErrorRecord,
  Event,
  FileWriterOptions,
  FilterOptions,
  FilterStats,
  RecordingReport,
  SourceInfo,
  SourceOptions,
  SourceStats,
  TapOptions,
  TapStats,
  TargetInfo,
  TargetStats,
} from "../../src/generated/contract.ts";
import { errorOf, type Side } from "../../src/base/errors.ts";
import { STATUS } from "../../src/generated/contract.ts";
import { FakeTap } from "./fake_tap.ts";

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
export type Refusable =
  | "attach"
  | "detach"
  | "start"
  | "close"
  | "open"
  | "events"
  | "wait"
  | "convert"
  | "tap"
  | "exchange"
  | "append";

/** A call of `convert`: copies of what it read, and where it wrote. */
export interface Conversion {
  readonly headerIn: Float64Array;
  readonly dataIn: Uint8Array;
  readonly headerOut: Float64Array;
  readonly dataOut: Uint8Array;
}

/** A frame that a writer or filter got from JavaScript. */
export interface Appended {
  readonly mode: AppendMode;
  readonly header: Float64Array;
  readonly data: Uint8Array;
}

export class FakeBackend implements Backend {
  /** What was called, in order, without the reading calls: `attach 1 2`. */
  readonly calls: string[] = [];
  /** The options of every opened filter. */
  readonly filters: FilterOptions[] = [];
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
  /** Handles that have something else than an event. */
  #ready = new Set<number>();
  /** What is attached, in order. */
  #edges = new Map<number, number[]>();
  /** Open taps by their handles. */
  readonly taps = new Map<number, FakeTap>();
  /** Every tap that was ever opened. */
  readonly everyTap: FakeTap[] = [];
  /** Frames that writers and filters got, by their handles. */
  readonly appended = new Map<number, Appended[]>();
  /** How many more patient frames a writer or filter takes; without a number, all. */
  readonly room = new Map<number, number>();
  #unpark: (() => void) | undefined;
  #isWoken = false;

  /** Makes `handle` have `event`. */
  emit(handle: number, ...events: Event[]): void {
    this.#pending.set(handle, [...(this.#pending.get(handle) ?? []), ...events]);
    this.#unpark?.();
  }

  /** Hands a frame to every tap that is attached to `observable`. */
  give(observable: number, header: Float64Array, data: Uint8Array): void {
    for (const target of this.#edges.get(observable) ?? []) this.taps.get(target)?.push(header, data, true);
  }

  /** The handle given out last. */
  get lastHandle(): number {
    return this.#next - 1;
  }

  /** What is attached to `observable`. */
  attachedTo(observable: number): readonly number[] {
    return this.#edges.get(observable) ?? [];
  }

  /** Lets go of everything that is attached to `observable`, then tells the end. */
  end(observable: number): void {
    const targets = this.#edges.get(observable) ?? [];
    this.#edges.delete(observable);
    this.emit(
      observable,
      ...targets.map((target): Event => ({ type: "detached", target })),
      { type: "ended" },
    );
  }

  /** Tells the end of a filter, lets go of everything that is attached to it, and tells more. */
  endFilter(filter: number, ...more: Event[]): void {
    const targets = this.#edges.get(filter) ?? [];
    this.#edges.delete(filter);
    this.emit(filter, { type: "ended" }, ...targets.map((target): Event => ({ type: "detached", target })), ...more);
  }

  /** Lets a writer or filter take so many more patient frames. */
  makeRoom(target: number, frames = Infinity): void {
    this.room.set(target, frames);
    this.emit(target, { type: "room" });
  }

  /** The report of the target. */
  report(target: number): RecordingReport {
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
    if (timeoutMs === 0) {
      // As in the runtime, an answer comes in a later turn.
      await new Promise((resolve) => setTimeout(resolve, 0));
    } else if (this.#pending.size === 0 && this.#ready.size === 0 && !this.#isWoken) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      this.isParked = true;
      await new Promise<void>((resolve) => {
        this.#unpark = () => setTimeout(resolve, 0);
        timer = setTimeout(resolve, timeoutMs);
        // What a test leaves open must not keep its process alive.
        timer.unref();
      });
      clearTimeout(timer);
      this.isParked = false;
      this.#unpark = undefined;
    }
    this.#isWoken = false;
    const handles = new Set([...this.#pending.keys(), ...this.#ready]);
    this.#ready.clear();
    return [...handles];
  }

  wake(): void {
    this.#isWoken = true;
    this.#unpark?.();
  }

  capabilities(): Promise<Capabilities> {
    return Promise.resolve({
      ffmpeg: { version: "fake", licence: "none", configuration: "", variant: "system" },
      codecs: [],
    });
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
    this.#edges.set(source, [...(this.#edges.get(source) ?? []), target]);
  }

  detach(source: number, target: number): void {
    this.calls.push(`detach ${source} ${target}`);
    this.#refuse("observer", "detach");
    this.#edges.set(source, (this.#edges.get(source) ?? []).filter((one) => one !== target));
    if (this.answers) this.emit(source, { type: "detached", target });
  }

  start(source: number): void {
    this.calls.push(`start ${source}`);
    this.#refuse("source", "start");
  }

  closeSource(source: number): void {
    this.calls.push(`close ${source}`);
    this.#refuse("source", "close");
    this.#edges.delete(source);
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
    this.#ready.delete(handle);
    this.taps.get(handle)?.release();
    this.taps.delete(handle);
  }

  filterStats(): FilterStats {
    return { frames: TARGET_STATS.frames, given: 0, captureToFiltered: LATENCY, queue: 0 };
  }

  openTap(options: TapOptions): number {
    this.#refuse("observer", "tap");
    const handle = this.#next++;
    const tap = new FakeTap(handle, options, {
      ready: () => {
        this.#ready.add(handle);
        this.#unpark?.();
      },
      room: () => this.emit(handle, { type: "room" }),
    });
    this.taps.set(handle, tap);
    this.everyTap.push(tap);
    return handle;
  }

  tapStats(tap: number): TapStats {
    return this.#tap(tap).stats();
  }

  exchange(tap: number, outcome: Outcome, header: Float64Array, data: Uint8Array): number {
    this.#refuse("observer", "exchange");
    return this.#tap(tap).exchange(outcome, header, data);
  }

  append(target: number, mode: AppendMode, header: Float64Array, data: Uint8Array): number {
    this.#refuse("target", "append");
    const tap = this.taps.get(target);
    if (tap !== undefined) return tap.append(mode, header, data);
    const left = this.room.get(target) ?? Infinity;
    if (mode === 0 && left < 1) return STATUS.AGAIN;
    this.room.set(target, left - 1);
    const frames = this.appended.get(target) ?? [];
    if (left >= 1) frames.push({ mode, header: header.slice(), data: data.slice() });
    this.appended.set(target, frames);
    return STATUS.DONE;
  }

  async openFilter(options: FilterOptions): Promise<number> {
    await Promise.resolve();
    this.#refuse("observer", "open");
    this.filters.push(options);
    return this.#next++;
  }

  crop(source: number, x: number, y: number, width: number, height: number): void {
    this.calls.push(`crop ${source} ${x} ${y} ${width} ${height}`);
  }

  closeTap(tap: number): void {
    this.#tap(tap).close();
  }

  closeFilter(filter: number): void {
    this.calls.push(`close ${filter}`);
    this.#refuse("observer", "close");
    if (this.answers) this.endFilter(filter, { type: "closed" });
  }

  #tap(handle: number): FakeTap {
    const tap = this.taps.get(handle);
    if (tap !== undefined) return tap;
    throw errorOf("observer", { code: "closed", stage: "boundary", message: "Cannot use the object: it is closed" });
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
