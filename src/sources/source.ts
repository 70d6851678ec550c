/**
 * Sources: what all that give frames of their own have in common.
 *
 * @module
 */

import type {
  ColourSpace,
  Event as NativeEvent,
  Pacing,
  Rational,
  Rect,
  SourceInfo,
  SourceStats,
} from "../generated/contract.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { asError, closedError, outOfRange, recordOf, VideoSourceError, wrongType } from "../base/errors.ts";
import { ClosedEvent, FailureEvent, type VideoSourceEvents } from "../pipeline/events.ts";
import { linkOutput } from "../pipeline/link.ts";
import type { Native } from "../native/context.ts";
import { Observable } from "../pipeline/observable.ts";
import { NativeOutput } from "../pipeline/native_output.ts";
import type { Listener } from "../native/pump.ts";

/** Width and height of a frame. */
export interface FrameDimensions {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
}

/** A source that native code has opened. */
export interface OpenedSource {
  /** Where it was opened. */
  readonly native: Native;
  /** Its handle. */
  readonly handle: number;
  /** Its name in messages. */
  readonly name: string;
  /** How it keeps time. */
  readonly pacing: Pacing;
}

/**
 * A source of frames, made by {@linkcode VideoSourceFactory}.
 *
 * It runs while an observer is attached and pauses while none is. Close it when it is no longer needed.
 */
export abstract class VideoSource extends Observable<VideoSourceEvents> {
  /** Its immutable facts. */
  readonly info: SourceInfo;
  /**
   * Fulfilled after the last frame, when every observer has seen all of its frames, or when it is closed; rejects with a
   * {@linkcode VideoSourceError} if it failed.
   *
   * Nobody has to wait for it: a rejection that nobody sees is no unhandled one.
   */
  readonly ended: Promise<void>;
  readonly #native: Native;
  readonly #handle: number;
  readonly #name: string;
  readonly #output: NativeOutput;
  readonly #end: Deferred<void> = deferred();
  readonly #listener: Listener = {
    ready: () => {
      for (const event of this.#native.backend.events(this.#handle)) this.#receive(event);
      return false;
    },
    abandon: (error) => this.#abandon(error),
  };
  /** The part of its frames that was asked for. */
  #region: FrameDimensions | undefined;
  /** Whether native code has given its last frame. */
  #isOver = false;
  #hasEnded = false;
  #isClosed = false;
  #failure: Error | undefined;
  #closing: Deferred<void> | undefined;

  /** @internal */
  constructor({ native, handle, name, pacing }: OpenedSource) {
    super();
    this.#native = native;
    this.#handle = handle;
    this.#name = name;
    this.info = native.backend.command(handle, { call: "source_info" }, "source");
    this.ended = this.#end.promise;
    this.ended.catch(() => {});
    this.#output = new NativeOutput({
      observable: this,
      native,
      handle,
      name,
      colour: this.info.colour,
      waitsForTargets: () => pacing === "asap",
      checkOpen: () => this.#checkOpen("attach an observer to"),
      changed: () => this.#refresh(),
      // Whoever waits for the end would wait for ever.
      deserted: (error) => this.#end.reject(error),
      unstarted: (error) => {
        this.#fail(error);
        this.#settle();
      },
    });
    linkOutput(this, this.#output);
    native.adopt(handle, this.#listener);
  }

  /** Colour space of its frames. */
  get colour(): ColourSpace {
    return this.info.colour;
  }

  /** Frames per second. */
  getFrameRate(): Rational {
    return { ...this.info.frameRate };
  }

  /** Width and height of its frames in pixels; of the sub-frame if there is one. */
  getFrameDimensions(): FrameDimensions {
    const { width, height } = this.#region ?? this.info;
    return { width, height };
  }

  /**
   * Gives only this part of each frame, from the next one that is captured on.
   *
   * @param x Left edge in pixels, in the full frame.
   * @param y Upper edge in pixels, in the full frame.
   * @param width Width in pixels.
   * @param height Height in pixels.
   * @throws {TypeError} If an argument is no number.
   * @throws {RangeError} If an argument is no integer, or the part is empty or not inside the full frame.
   * @throws {VideoSourceError} With the code `closed` if it is closed.
   */
  setSubFrame(x: number, y: number, width: number, height: number): void {
    this.#checkOpen("set a sub-frame of");
    const { info } = this;
    checkSpan(["x", x], ["width", width], info.width, info);
    checkSpan(["y", y], ["height", height], info.height, info);
    this.#crop({ x, y, width, height });
    this.#region = { width, height };
  }

  /**
   * Gives its frames in full again, from the next one that is captured on.
   *
   * @throws {VideoSourceError} With the code `closed` if it is closed.
   */
  getFullFrame(): void {
    this.#checkOpen("get the full frames of");
    this.#crop(undefined);
    this.#region = undefined;
  }

  /**
   * Its figures so far.
   *
   * @throws {VideoSourceError} With the code `closed` once it is closed.
   */
  stats(): SourceStats {
    if (this.#isClosed) throw closedError("source", `read the figures of ${this.#name}`);
    return this.#native.backend.stats(this.#handle, "source");
  }

  /** Detaches every observer and frees what it holds; closing twice is closing once. */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise;
    this.#closing = deferred();
    if (this.#isClosed) {
      this.#closing.resolve();
      return this.#closing.promise;
    }
    this.#output.abandon();
    this.#refresh();
    try {
      this.#native.backend.close(this.#handle, "source");
    } catch (error) {
      this.#abandon(error);
    }
    return this.#closing.promise;
  }

  /** Requests the end without waiting for it. */
  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }

  /** The same as {@linkcode VideoSource.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #crop(rect: Rect | undefined): void {
    this.#native.backend.command(this.#handle, { call: "crop", ...(rect && { rect }) }, "source");
  }

  #checkOpen(action: string): void {
    if (this.#closing !== undefined || this.#isClosed) throw closedError("source", `${action} ${this.#name}`);
  }

  /** Keeps the process alive while frames flow or somebody waits for an answer, and tells the end when all is done. */
  #refresh(): void {
    if (this.#isOver && !this.#hasEnded && this.#output.isDrained) {
      this.#settle();
      this.dispatchEvent(new Event("ended"));
    }
    const isRunning = this.#output.isActive && !this.#hasEnded;
    const isAwaited = this.#closing !== undefined || this.#output.isAwaited;
    this.#native.pump.keep(this.#listener, !this.#isClosed && (isRunning || isAwaited));
  }

  #receive(event: NativeEvent): void {
    switch (event.type) {
      case "ended":
        this.#isOver = true;
        this.#refresh();
        break;
      case "attached":
        this.#output.attached(event.target);
        break;
      case "detached":
        this.#output.detached(event.target);
        break;
      case "warning":
        this.dispatchEvent(new FailureEvent("warning", new VideoSourceError(event.error)));
        break;
      case "error":
        this.#fail(new VideoSourceError(event.error));
        break;
      case "closed": {
        const error = event.error && new VideoSourceError(event.error);
        if (error !== undefined) this.#remember(error);
        this.#finish();
        this.dispatchEvent(new ClosedEvent(undefined, error));
        break;
      }
      case "overload":
      case "disklow":
      case "room":
        break;
    }
  }

  #fail(error: unknown): void {
    const failure = asError(error);
    this.#remember(failure);
    this.dispatchEvent(new FailureEvent("error", failure));
  }

  /** The first failure is the one that is told. */
  #remember(failure: Error): void {
    this.#failure ??= failure;
    this.#output.fail(this.#failure);
  }

  /** No further frame will come, and all have been seen. */
  #settle(): void {
    this.#hasEnded = true;
    if (this.#failure === undefined) this.#end.resolve();
    else this.#end.reject(this.#failure);
    this.#refresh();
  }

  #finish(): void {
    this.#isClosed = true;
    this.#output.close();
    this.#native.release(this.#handle, this.#listener);
    this.#settle();
    this.#closing?.resolve();
  }

  #abandon(error: unknown): void {
    if (this.#isClosed) return;
    this.#remember(new VideoSourceError(recordOf(error), { cause: error }));
    this.#closing?.reject(this.#failure);
    this.#finish();
  }
}

/** Refuses a span that is empty or not inside `whole` pixels of the frame. */
function checkSpan(
  [startField, start]: readonly [field: string, value: number],
  [sizeField, size]: readonly [field: string, value: number],
  whole: number,
  { width, height }: FrameDimensions,
): void {
  const check = (field: string, value: number, least: number, most: number): void => {
    if (typeof value !== "number") throw wrongType(field, `Cannot use ${field} ${String(value)}: it must be a number`);
    if (Number.isInteger(value) && value >= least && value <= most) return;
    const range = least === most ? `${least}` : `an integer from ${least} to ${most}`;
    throw outOfRange(field, `Cannot use ${field} ${value}: in frames of ${width}x${height} it must be ${range}`);
  };
  check(startField, start, 0, whole - 1);
  check(sizeField, size, 1, whole - start);
}
