/**
 * Writers of video files.
 *
 * @module
 */

import type {
  ErrorRecord,
  Event as NativeEvent,
  RecordingReport,
  TargetInfo,
  TargetStats,
} from "../generated/contract.ts";
import { Appender } from "./appender.ts";
import { type Deferred, deferred, withProgress } from "../base/deferred.ts";
import { closedError, outOfRange, recordOf, VideoTargetError } from "../base/errors.ts";
import {
  ClosedEvent,
  DiskLowEvent,
  FailureEvent,
  OverloadEvent,
  TypedEventTarget,
  type VideoTargetEvents,
} from "../pipeline/events.ts";
import { Feed } from "../pipeline/feed.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import { linkTarget, type NativeTarget } from "../pipeline/link.ts";
import type { Native } from "../native/context.ts";
import type { NativeSink } from "../pipeline/observer.ts";
import type { Listener } from "../native/pump.ts";

/** How {@linkcode VideoFileWriter.close} waits. */
export interface CloseOptions {
  /**
   * Milliseconds without progress after which waiting ends, 1 to 2147483647.
   *
   * @default 60000
   */
  readonly timeoutMs?: number;
}

/** A target that native code has opened. */
export interface OpenedTarget {
  /** Where it was opened. */
  readonly native: Native;
  /** Its handle. */
  readonly handle: number;
}

const NO_REPORT: ErrorRecord = {
  code: "internal",
  stage: "boundary",
  message: "Cannot tell what became of the recording: the native side gave no report",
};

/** The longest delay that a timer takes. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/**
 * Records a source into a file, made by {@linkcode VideoTargetFactory}.
 *
 * Encoding, writing and syncing run on native threads: a busy or crashed program costs no frame. Attach it to a source,
 * a filter or a node, or append frames to it, and close it at the end: only then is the file finished and every frame
 * accounted for.
 */
export class VideoFileWriter extends TypedEventTarget<VideoTargetEvents> implements NativeSink<TargetStats> {
  /** Its immutable facts. */
  readonly info: TargetInfo;
  readonly #native: Native;
  readonly #target: NativeTarget;
  readonly #appender: Appender;
  readonly #closed: Deferred<RecordingReport> = deferred();
  readonly #listener: Listener = {
    ready: () => {
      for (const event of this.#native.backend.events(this.#target.handle)) this.#receive(event);
      return false;
    },
    abandon: (error) => this.#abandon(error),
  };
  #isClosed = false;
  #isClosingAwaited = false;
  #failure: ErrorRecord | undefined;
  #shutting: Promise<RecordingReport> | undefined;
  #closing: Promise<RecordingReport> | undefined;

  /** @internal */
  constructor({ native, handle }: OpenedTarget) {
    super();
    this.#native = native;
    this.info = native.backend.command(handle, { call: "target_info" }, "target");
    const name = JSON.stringify(this.info.path);
    this.#target = {
      handle,
      observer: this,
      name,
      feed: new Feed(native, handle, name, "target", () => this.#refresh()),
      upstream: undefined,
      isClosed: () => this.#isClosed,
      checkOpen: () => {
        if (this.#shutting !== undefined || this.#isClosed) throw this.#closedError("attach or append to");
      },
      fail: (error) => this.#fail(recordOf(error)),
      stats: () => this.stats(),
      drained: () => undefined,
    };
    this.#appender = new Appender(this.#target, this.info.frameRate);
    // Whoever closes the writer gets a promise of their own.
    this.#closed.promise.catch(() => {});
    linkTarget(this.#target);
    native.adopt(handle, this.#listener);
  }

  /**
   * Its figures so far.
   *
   * @throws {VideoTargetError} With the code `closed` once it is closed; the report has the final figures.
   */
  stats(): TargetStats {
    if (this.#isClosed) throw this.#closedError("read the figures of");
    return this.#native.backend.stats(this.#target.handle, "target");
  }

  /**
   * Records a frame of the program's own; await each one before the next, that is the back-pressure.
   *
   * The frame's samples are copied at once where the encoder has room. Otherwise the frame itself is kept, so leave it
   * alone until the promise is fulfilled; at most 64 can wait. A frame without a time gets the next place on the grid of
   * the writer's frame rate.
   *
   * @throws {TypeError} If it is no frame.
   * @throws {ObserverError} With the code `already_attached` if the writer is attached.
   * @throws {VideoTargetError} With the code `closed` if the frame or the writer is closed, `busy` if too many wait, or
   * with what made the recording fail.
   */
  append(frame: VideoFrame): Promise<void> {
    return this.#appender.append(frame);
  }

  /**
   * Detaches it, writes what is on its way, finishes the file and syncs it to the disk.
   *
   * Closing twice is closing once. After a timeout the native side goes on, and a further call goes on waiting.
   *
   * @returns What became of every frame.
   * @throws {VideoTargetError} If the recording failed; its `report` tells what was recorded all the same. With the
   * code `timeout` if there was no progress for `timeoutMs`.
   * @throws {RangeError} If `timeoutMs` is out of its range.
   */
  close(options: CloseOptions = {}): Promise<RecordingReport> {
    if (this.#closing !== undefined) return this.#closing;
    const { timeoutMs = 60_000 } = options;
    if (!(timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS)) {
      const message = `Cannot use timeoutMs ${timeoutMs}: it must be 1 to ${MAX_TIMEOUT_MS}`;
      return Promise.reject(outOfRange("timeoutMs", message));
    }
    this.#shutting ??= this.#shut();
    this.#isClosingAwaited = true;
    this.#refresh();
    this.#closing = withProgress(this.#shutting, timeoutMs, () => this.#progress(), () => this.#expired(timeoutMs));
    return this.#closing;
  }

  /** Requests the end without waiting for it; an error is told by the event `error` only. */
  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }

  /** The same as {@linkcode VideoFileWriter.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #shut(): Promise<RecordingReport> {
    try {
      await this.#target.upstream?.detach(this);
      await this.#target.feed.settled();
    } catch {
      // What cannot let go must not keep the file from being finished.
    }
    try {
      if (!this.#isClosed) this.#native.backend.close(this.#target.handle, "target");
    } catch (error) {
      this.#abandon(error);
    }
    return this.#closed.promise;
  }

  /** Keeps the process alive while somebody waits for an answer. */
  #refresh(): void {
    const isAwaited = this.#isClosingAwaited || this.#target.feed.isWaiting;
    this.#native.pump.keep(this.#listener, !this.#isClosed && isAwaited);
  }

  /** What changes while closing gets on. */
  #progress(): string {
    try {
      const { frames, bytes, durable, indexedBytes } = this.stats();
      return JSON.stringify([frames, bytes, durable, indexedBytes]);
    } catch {
      return "";
    }
  }

  #expired(timeoutMs: number): VideoTargetError {
    this.#closing = undefined;
    this.#isClosingAwaited = false;
    this.#refresh();
    return new VideoTargetError({
      code: "timeout",
      stage: "boundary",
      message: `Cannot close ${this.#name}: there was no progress for ${timeoutMs} ms; ` +
        "the native side goes on, call close() again to go on waiting",
    });
  }

  #receive(event: NativeEvent): void {
    switch (event.type) {
      case "overload":
        this.dispatchEvent(new OverloadEvent(event.stage, event.reason, event.frames));
        break;
      case "disklow":
        this.dispatchEvent(new DiskLowEvent(event.freeBytes));
        break;
      case "warning":
        this.dispatchEvent(new FailureEvent("warning", new VideoTargetError(event.error)));
        break;
      case "error":
        this.#fail(event.error);
        break;
      case "room":
        this.#target.feed.room();
        break;
      case "closed":
        this.#finish(event.report, event.error);
        break;
      case "ended":
      case "attached":
      case "detached":
        break;
    }
  }

  #fail(record: ErrorRecord): void {
    this.#failure ??= record;
    this.dispatchEvent(new FailureEvent("error", new VideoTargetError(record)));
  }

  #finish(report: RecordingReport | undefined, last: ErrorRecord | undefined): void {
    const record = last ?? this.#failure ?? (report === undefined ? NO_REPORT : undefined);
    const error = record && new VideoTargetError(record, { report });
    this.#settle(report, error);
    this.dispatchEvent(new ClosedEvent(report, error));
  }

  #abandon(error: unknown): void {
    if (!this.#isClosed) this.#settle(undefined, new VideoTargetError(recordOf(error), { cause: error }));
  }

  #settle(report: RecordingReport | undefined, error: VideoTargetError | undefined): void {
    this.#isClosed = true;
    this.#target.feed.abandon(error ?? this.#closedError("append to"));
    this.#native.release(this.#target.handle, this.#listener);
    if (error === undefined && report !== undefined) this.#closed.resolve(report);
    else this.#closed.reject(error);
  }

  #closedError(action: string): Error {
    return closedError("target", `${action} ${this.#name}`);
  }

  get #name(): string {
    return this.#target.name;
  }
}
