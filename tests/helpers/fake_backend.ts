/** A backend without native code: it records the calls, and a test decides what happens. */

import { setTimeout } from "node:timers";
import type { Backend, Reply, StatsByKind } from "../../src/backend/contract.ts";
import type {
  Command,
  ErrorRecord,
  Event,
  FileWriterOptions,
  FilterOptions,
  OpenOptions,
  Outcome,
  OverflowPolicy,
  RecordingReport,
  SourceInfo,
  SourceStats,
  Status,
  TargetInfo,
  TargetStats,
} from "../../src/generated/contract.ts";
import { errorOf, type Side } from "../../src/base/errors.ts";
import { OVERFLOW_POLICY, STATUS } from "../../src/generated/contract.ts";
import { FakeTap } from "./fake_tap.ts";

const LATENCY = { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };

/** A target's stats, all zero. */
export const TARGET_STATS: TargetStats = {
  frames: { captured: 0, written: 0, dropped: 0, failed: 0, inFlight: 0, drops: [] },
  bytes: 0,
  durationSeconds: 0,
  indexedBytes: 0,
  durable: { frames: 0, bytes: 0, syncs: 0 },
  captureToPacket: LATENCY,
  packetToDurable: LATENCY,
  discontinuities: 0,
  lost: 0,
  gaps: 0,
  inserted: 0,
  frameQueue: 0,
  packetQueue: 0,
};

const SOURCE_INFO: SourceInfo = {
  frameRate: { num: 25, den: 1 },
  isFrameRateGuessed: false,
  isVariableRate: false,
  width: 64,
  height: 48,
  stereoCount: 1,
  colour: "i420",
  pixelFormat: "yuv420p",
  pixelAspect: null,
  rotation: 0,
  flip: false,
  fieldOrder: "unknown",
  codec: "pattern",
  container: "pattern",
  durationSeconds: null,
  frames: null,
  videoTracks: 1,
  soundTracks: 0,
};

const SOURCE_STATS: SourceStats = {
  captured: 0,
  missed: 0,
  late: 0,
  decodeErrors: 0,
  discontinuities: 0,
  durationSeconds: 0,
  lateness: LATENCY,
  interval: LATENCY,
  live: null,
};

/** Calls that a test can make fail. */
export type Refusable =
  | Command["call"]
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
  readonly policy: OverflowPolicy;
  readonly header: Float64Array;
  readonly data: Uint8Array;
}

export class FakeBackend implements Backend {
  /** What was called, in order, without the calls that only read: `attach 1 2`. */
  readonly calls: string[] = [];
  /** The options of every opened filter. */
  readonly filters: FilterOptions[] = [];
  /** The options of every opened source and target. */
  readonly opened: OpenOptions[] = [];
  /** Calls that fail, with their errors. */
  readonly refusals = new Map<Refusable, ErrorRecord>();
  /** Every conversion. */
  readonly conversions: Conversion[] = [];
  /** Whether `detach` and `close` are answered at once. */
  answers = true;
  /** The stats of every target. */
  targetStats: TargetStats = TARGET_STATS;
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
  /** How many more frames a writer or filter has room for; without a number, all. */
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

  /** Detaches everything that is attached to `observable`, then reports the end. */
  end(observable: number): void {
    const targets = this.#edges.get(observable) ?? [];
    this.#edges.delete(observable);
    this.emit(
      observable,
      ...targets.map((target): Event => ({ type: "detached", target })),
      { type: "ended" },
    );
  }

  /** Reports the end of a filter, detaches everything that is attached to it, and reports more. */
  endFilter(filter: number, ...more: Event[]): void {
    const targets = this.#edges.get(filter) ?? [];
    this.#edges.delete(filter);
    this.emit(filter, { type: "ended" }, ...targets.map((target): Event => ({ type: "detached", target })), ...more);
  }

  /** Makes room for so many more frames in a writer or filter. */
  makeRoom(target: number, frames = Infinity): void {
    this.room.set(target, frames);
    this.emit(target, { type: "room" });
  }

  /** The report of the target. */
  report(target: number): RecordingReport {
    return {
      target: this.#targetInfo(target),
      stats: this.targetStats,
      width: 64,
      height: 48,
      pixelFormat: "yuv420p",
      startedAt: "2026-01-01T00:00:00Z",
      exists: true,
      finalised: true,
      synced: true,
      segments: [],
      gaps: [],
      warnings: [],
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

  async openLater(options: OpenOptions, side: Side): Promise<number> {
    await Promise.resolve();
    this.#refuse(side, "open");
    const handle = this.#next++;
    if (options.kind === "filter") this.filters.push(options.options);
    else this.opened.push(options);
    if (options.kind === "file_writer") this.#targets.set(handle, options.options);
    return handle;
  }

  open(options: OpenOptions, side: Side): number {
    this.#refuse(side, "tap");
    if (options.kind !== "tap") throw new Error(`${options.kind} is opened at once`);
    const handle = this.#next++;
    const tap = new FakeTap(handle, options.options, {
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

  command<const C extends Command>(handle: number, command: C, side: Side): Reply<C> {
    return this.#carryOut(handle, command, side) as Reply<C>;
  }

  async commandLater<const C extends Command>(handle: number, command: C, side: Side): Promise<Reply<C>> {
    await Promise.resolve();
    return this.command(handle, command, side);
  }

  stats<K extends keyof StatsByKind>(handle: number, kind: K): StatsByKind[K] {
    const read: { readonly [Kind in keyof StatsByKind]: () => StatsByKind[Kind] } = {
      source: () => SOURCE_STATS,
      target: () => this.targetStats,
      filter: () => ({ frames: TARGET_STATS.frames, given: 0, captureToFiltered: LATENCY, queue: 0 }),
      tap: () => this.#tap(handle).stats(),
    };
    return read[kind]();
  }

  events(handle: number): readonly Event[] {
    const events = this.#pending.get(handle) ?? [];
    this.#pending.delete(handle);
    this.#refuse("library", "events");
    return events;
  }

  close(handle: number, side: Side): void {
    const tap = this.taps.get(handle);
    if (tap !== undefined) return tap.close();
    this.calls.push(`close ${handle}`);
    this.#refuse(side, "close");
    if (side === "source") this.#edges.delete(handle);
    if (!this.answers) return;
    if (side === "source") this.emit(handle, { type: "closed" });
    else if (side === "target") this.emit(handle, { type: "closed", report: this.report(handle) });
    else this.endFilter(handle, { type: "closed" });
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

  exchange(tap: number, outcome: Outcome, header: Float64Array, data: Uint8Array): Status {
    this.#refuse("observer", "exchange");
    return this.#tap(tap).exchange(outcome, header, data);
  }

  append(target: number, policy: OverflowPolicy, header: Float64Array, data: Uint8Array): Status {
    this.#refuse("target", "append");
    const tap = this.taps.get(target);
    if (tap !== undefined) return tap.append(policy, header, data);
    const left = this.room.get(target) ?? Infinity;
    if (policy === OVERFLOW_POLICY.BLOCK && left < 1) return STATUS.AGAIN;
    this.room.set(target, left - 1);
    const frames = this.appended.get(target) ?? [];
    if (left >= 1) frames.push({ policy, header: header.slice(), data: data.slice() });
    this.appended.set(target, frames);
    return STATUS.DONE;
  }

  #tap(handle: number): FakeTap {
    const tap = this.taps.get(handle);
    if (tap !== undefined) return tap;
    throw errorOf("observer", { code: "closed", stage: "boundary", message: "Cannot use the object: it is closed" });
  }

  requestRead(path: string): void {
    this.calls.push(`read ${path}`);
  }

  requestNet(host: string): void {
    this.calls.push(`net ${host}`);
  }

  requestWrite(path: string): void {
    this.calls.push(`write ${path}`);
  }

  /** Records the command and carries it out; one that only records it replies nothing. */
  #carryOut(handle: number, command: Command, side: Side): unknown {
    const { call, ...fields } = command;
    const values = Object.values(fields).flatMap((value) => typeof value === "object" ? Object.values(value) : [value]);
    const isRead = call === "capabilities" || call.endsWith("_info");
    if (!isRead) this.calls.push([call, handle, ...values].join(" "));
    this.#refuse(side, call);
    switch (command.call) {
      case "capabilities":
        return { ffmpeg: { version: "fake", licence: "none", configuration: "", variant: "system" }, codecs: [] };
      case "source_info":
        return SOURCE_INFO;
      case "target_info":
        return this.#targetInfo(handle);
      case "attach":
        this.#edges.set(handle, [...this.attachedTo(handle), command.target]);
        return null;
      case "detach":
        this.#edges.set(handle, this.attachedTo(handle).filter((one) => one !== command.target));
        if (this.answers) this.emit(handle, { type: "detached", target: command.target });
        return null;
      case "list_devices":
        return [];
      case "find_device":
        return { id: `bus:${command.device}`, path: command.device };
      case "check_address":
        return { host: "camera:554", name: "rtsp://camera:554" };
      case "controls":
        return [];
      case "get_control":
        return 7;
      default:
        return null;
    }
  }

  #targetInfo(target: number): TargetInfo {
    const { path = "?", codec = "hevc", frameRate = { num: 25, den: 1 } } = this.#targets.get(target) ?? {};
    return { path, codec, container: "mp4", encoder: "fake", frameRate };
  }

  #refuse(side: Side, call: Refusable): void {
    const record = this.refusals.get(call);
    if (record !== undefined) throw errorOf(side, record);
  }
}
