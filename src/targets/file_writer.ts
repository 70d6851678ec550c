/**
 * Writers of video files.
 *
 * @module
 */

import { withProgress } from "../base/deferred.ts";
import { recordOf, VideoTargetError } from "../base/errors.ts";
import { checkedOptions } from "../base/options.ts";
import type { VideoFrame } from "../frame/video_frame.ts";
import type { ErrorRecord, RecordingReport, TargetInfo, TargetStats } from "../generated/contract.ts";
import { ClosedEvent, FailureEvent, TypedEventTarget, type VideoTargetEvents } from "../pipeline/events.ts";
import { Feed } from "../pipeline/feed.ts";
import { Lifecycle, type Opened, type OwnEvent } from "../pipeline/lifecycle.ts";
import { linkTarget, type NativeTarget } from "../pipeline/link.ts";
import type { NativeSink } from "../pipeline/observer.ts";
import { Appender } from "./appender.ts";

/** How {@linkcode VideoFileWriter.close} waits. */
export interface CloseOptions {
  /**
   * Milliseconds without progress after which waiting ends, 1 to 2147483647.
   *
   * @default 60000
   */
  readonly timeoutMs?: number | undefined;
}

const NO_REPORT: ErrorRecord = {
  code: "internal",
  stage: "boundary",
  message: "Cannot report on the recording: the native side returned no report",
};

const CLOSE_RULES = {
  // At most the longest delay of a timer.
  timeoutMs: { type: "number", minimum: 1, maximum: 2_147_483_647 },
} as const;

/**
 * Records frames into a file, made by {@linkcode VideoTargetFactory}.
 *
 * Encoding, writing and syncing run on native threads: a busy or crashed program costs no frame. Attach it to a source,
 * a filter or a node, or append frames to it, and close it at the end: only then is the file finished and every frame
 * accounted for.
 */
export class VideoFileWriter extends TypedEventTarget<VideoTargetEvents> implements NativeSink<TargetStats> {
  /** Its fixed properties. */
  readonly info: TargetInfo;
  readonly #life: Lifecycle<RecordingReport>;
  readonly #target: NativeTarget;
  readonly #appender: Appender;
  /** The first error of the native side, which `close()` reports. */
  #failure: ErrorRecord | undefined;
  /** The counts of the report. */
  #final: TargetStats | undefined;
  /** Whether a call of `close()` is waiting. */
  #isClosingAwaited = false;
  #shutting: Promise<RecordingReport> | undefined;
  #closing: Promise<RecordingReport> | undefined;

  /** @internal */
  constructor({ native, handle }: Opened) {
    super();
    this.info = native.backend.command(handle, { call: "target_info" }, "target");
    const name = JSON.stringify(this.info.path);
    this.#life = new Lifecycle({ native, handle }, {
      target: this,
      side: "target",
      name,
      errorOf: (record) => new VideoTargetError(record),
      receive: (event) => this.#receive(event),
      fail: (record) => this.#fail(record),
      lost: (error) => this.#lost(error),
      cleanUp: (error) => this.#target.feed.abort(error ?? this.#life.closedError("append to")),
    });
    this.#target = {
      handle,
      observer: this,
      name,
      feed: new Feed(native, handle, name, "target", () => this.#refresh()),
      upstream: undefined,
      isClosed: () => this.#life.state === "closed",
      checkOpen: () => this.#life.checkOpen("attach or append to"),
      fail: (error) => this.#fail(recordOf(error)),
      stats: () => this.#final ?? this.stats(),
      drain: () => undefined,
    };
    this.#appender = new Appender(this.#target, this.info.frameRate);
    linkTarget(this.#target);
  }

  /**
   * Its counts and measurements so far.
   *
   * @throws {VideoTargetError} With the code `closed` once it is closed; the report has the final ones.
   */
  stats(): TargetStats {
    if (this.#life.state === "closed") throw this.#life.closedError("read the stats of");
    return this.#life.native.backend.stats(this.#target.handle, "target");
  }

  /**
   * Records a frame that the program made; awaiting each call before the next is the back-pressure.
   *
   * The frame's samples are copied at once where the encoder has room. Otherwise the frame itself is kept, so leave it
   * alone until the promise is fulfilled; at most 64 can wait. A frame without a time gets the next slot on the grid of
   * the writer's frame rate, or with the rate `"source"` follows 1/30 s after the one before.
   *
   * @throws {TypeError} If it is not a frame.
   * @throws {ObserverError} With the code `already_attached` if the writer is attached.
   * @throws {VideoTargetError} With the code `closed` if the frame or the writer is closed, `busy` if too many wait, or
   * with the error that made the recording fail.
   */
  append(frame: VideoFrame): Promise<void> {
    return this.#appender.append(frame);
  }

  /**
   * Detaches it, writes the frames that are on their way, finishes the file and syncs it to the disk.
   *
   * Closing twice is the same as closing once. After a timeout the native side goes on, and another call waits again.
   *
   * @returns An account of every frame.
   * @throws {VideoTargetError} If the recording failed; its `report` accounts for the frames all the same. With the
   * code `timeout` if there was no progress for `timeoutMs`.
   * @throws {TypeError | RangeError} If an option is wrong; `field` names it.
   */
  close(options: CloseOptions = {}): Promise<RecordingReport> {
    let timeoutMs: number;
    try {
      ({ timeoutMs = 60_000 } = checkedOptions(options, CLOSE_RULES));
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#closing !== undefined) return this.#closing;
    this.#shutting ??= this.#shut();
    this.#isClosingAwaited = true;
    this.#refresh();
    this.#closing = withProgress(this.#shutting, timeoutMs, () => this.#progress(), () => this.#expired(timeoutMs));
    return this.#closing;
  }

  /** Requests the end without waiting for it; an error is reported by the event `error` only. */
  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }

  /** The same as {@linkcode VideoFileWriter.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #shut(): Promise<RecordingReport> {
    this.#life.beginClosing();
    await this.#target.upstream?.release(this);
    await this.#target.feed.settled();
    this.#life.end(() => this.#life.native.backend.close(this.#target.handle, "target"));
    return this.#life.closed;
  }

  /** Keeps the process alive while an answer is awaited. */
  #refresh(): void {
    this.#life.keep(this.#isClosingAwaited || this.#target.feed.isWaiting);
  }

  /** Changes whenever closing makes progress. */
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
      message: `Cannot close ${this.#target.name}: there was no progress for ${timeoutMs} ms; ` +
        "the native side goes on, call close() again to wait longer",
    });
  }

  #receive(event: OwnEvent): void {
    if (event.type === "room") this.#target.feed.room();
    else if (event.type === "closed") this.#finish(event.report, event.error);
  }

  #fail(record: ErrorRecord): void {
    this.#failure ??= record;
    this.dispatchEvent(new FailureEvent("error", new VideoTargetError(record)));
  }

  #lost(error: unknown): void {
    const failure = new VideoTargetError(recordOf(error), { cause: error });
    this.#life.finishWithError(failure);
    this.dispatchEvent(new FailureEvent("error", failure));
    this.dispatchEvent(new ClosedEvent(undefined, failure));
  }

  #finish(report: RecordingReport | undefined, last: ErrorRecord | undefined): void {
    const record = last ?? this.#failure;
    this.#final = report?.stats;
    if (record === undefined && report !== undefined) {
      this.#life.finish(report);
      this.dispatchEvent(new ClosedEvent(report, undefined));
      return;
    }
    const error = new VideoTargetError(record ?? NO_REPORT, { report });
    this.#life.finishWithError(error);
    this.dispatchEvent(new ClosedEvent(report, error));
  }
}
