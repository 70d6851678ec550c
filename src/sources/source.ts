/**
 * Sources: observables that make frames of their own.
 *
 * @module
 */

import { type Deferred, deferred } from "../base/deferred.ts";
import { asError, outOfRange, recordOf, sourceError, VideoSourceError, wrongType } from "../base/errors.ts";
import type { ColourSpace, LiveState, Pacing, Rational, Rect, SourceInfo, SourceStats } from "../generated/contract.ts";
import {
  ClosedEvent,
  FailureEvent,
  ResizeEvent,
  SourceStateEvent,
  type VideoSourceEvents,
} from "../pipeline/events.ts";
import { Lifecycle, type Opened, type OwnEvent } from "../pipeline/lifecycle.ts";
import { linkOutput } from "../pipeline/link.ts";
import { NativeOutput } from "../pipeline/native_output.ts";
import { Observable } from "../pipeline/observable.ts";

/** The event of each state in which frames do not come. */
const STATE_EVENTS: Partial<Record<LiveState, "stalled" | "signallost" | "lost">> = {
  stalled: "stalled",
  nosignal: "signallost",
  lost: "lost",
};

/** Width and height of a frame. */
export interface FrameDimensions {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
}

/** A source that the native side has opened. */
export interface OpenedSource extends Opened {
  /** Name in messages. */
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
  /** Its fixed properties. */
  readonly info: SourceInfo;
  /**
   * Fulfilled after the last frame, when every observer has seen all of its frames, or when the source is closed;
   * rejects with a {@linkcode VideoSourceError} if it failed.
   *
   * It also rejects, with the observer's error, if the only observer was refused or detached for its failures: nothing
   * makes the source run then, though another observer can still be attached. It is settled once. A rejection that no
   * code handles is never reported as an unhandled one.
   */
  readonly ended: Promise<void>;
  readonly #life: Lifecycle<void>;
  readonly #output: NativeOutput;
  readonly #end: Deferred<void> = deferred();
  /** Size of its full frames. */
  #size: FrameDimensions;
  /** The sub-frame, if one is set. */
  #crop: Rect | undefined;
  /** `over` once the native side has made the last frame, `ended` once the observers have seen it too. */
  #frames: "coming" | "over" | "ended" = "coming";
  #failure: Error | undefined;
  /** Whether the last event of a live source was that no frames come. */
  #isInterrupted = false;

  /** @internal */
  constructor({ native, handle, name, pacing }: OpenedSource) {
    super();
    this.info = native.backend.command(handle, { call: "source_info" }, "source");
    this.#size = this.info;
    this.ended = this.#end.promise;
    this.ended.catch(() => {});
    this.#output = new NativeOutput({
      observable: this,
      native,
      handle,
      name,
      colour: this.info.colour,
      waitsForTargets: () => pacing === "asap",
      checkOpen: () => this.#life.checkOpen("attach an observer to"),
      changed: () => this.#refresh(),
      handsOnRest: () => false,
      hasEnded: () => this.#frames !== "coming",
      // The end would never come.
      noneAttached: (error) => this.#end.reject(error),
      startFailed: (error) => {
        this.#fail(asError(error));
        this.#finish();
      },
    });
    this.#life = new Lifecycle({ native, handle }, {
      target: this,
      side: "source",
      name,
      errorOf: sourceError,
      receive: (event) => this.#receive(event),
      fail: (record) => this.#fail(sourceError(record)),
      lost: (error) => this.#lost(error),
      cleanUp: () => {
        this.#output.close();
        if (this.#frames === "over") this.#finish();
        else this.#settle();
      },
    });
    linkOutput(this, this.#output);
  }

  /** Colour space of its frames. */
  get colour(): ColourSpace {
    return this.info.colour;
  }

  /** Frames per second; see `isVariableRate` and `isFrameRateGuessed` of {@linkcode VideoSource.info}. */
  getFrameRate(): Rational {
    return { ...this.info.frameRate };
  }

  /** Width and height of its frames in pixels, as they are now; those of the sub-frame if one is set. */
  getFrameDimensions(): FrameDimensions {
    const { width, height } = this.#crop ?? this.#size;
    return { width, height };
  }

  /**
   * Crops its frames to a sub-frame, from the next frame that is captured on.
   *
   * @param x Left edge in pixels, in the full frame.
   * @param y Upper edge in pixels, in the full frame.
   * @param width Width in pixels.
   * @param height Height in pixels.
   * @throws {TypeError} If an argument is not a number.
   * @throws {RangeError} If an argument is not an integer, or the sub-frame is empty or not inside the full frame.
   * @throws {VideoSourceError} With the code `closed` if the source is closed.
   */
  setSubFrame(x: number, y: number, width: number, height: number): void {
    this.#life.checkOpen("set a sub-frame of");
    checkSpan(["x", x], ["width", width], this.#size.width, this.#size);
    checkSpan(["y", y], ["height", height], this.#size.height, this.#size);
    const crop = { x, y, width, height };
    this.#requestCrop(crop);
    this.#crop = crop;
  }

  /**
   * Returns to full frames, from the next frame that is captured on.
   *
   * @throws {VideoSourceError} With the code `closed` if the source is closed.
   */
  getFullFrame(): void {
    this.#life.checkOpen("get the full frames of");
    this.#requestCrop(undefined);
    this.#crop = undefined;
  }

  /**
   * Its counts and measurements so far.
   *
   * @throws {VideoSourceError} With the code `closed` once it is closed.
   */
  stats(): SourceStats {
    if (this.#life.state === "closed") throw this.#life.closedError("read the stats of");
    return this.#life.native.backend.stats(this.#life.handle, "source");
  }

  /** Detaches every observer and frees its resources; closing twice is the same as closing once. */
  close(): Promise<void> {
    if (this.#life.state === "open") {
      this.#life.beginClosing();
      this.#output.stop();
      this.#refresh();
      this.#life.end(() => this.#life.native.backend.close(this.#life.handle, "source"));
    }
    return this.#life.closed;
  }

  /** Requests the end without waiting for it. */
  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }

  /** The same as {@linkcode VideoSource.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whether it is closed, or about to be. */
  protected get isClosed(): boolean {
    return this.#life.state !== "open";
  }

  /** Makes sure that it is open for an action. */
  protected checkOpen(action: string): void {
    this.#life.checkOpen(action);
  }

  #requestCrop(rect: Rect | undefined): void {
    this.#life.native.backend.command(this.#life.handle, { call: "crop", ...(rect && { rect }) }, "source");
  }

  /** Keeps the process alive while frames flow or an answer is awaited; ends the frames once all have been seen. */
  #refresh(): void {
    if (this.#frames === "over" && this.#output.isDrained) this.#finish();
    // After the end the native side only answers.
    const isRunning = this.#frames === "ended" ? !this.#output.isEmpty : this.#output.isActive;
    this.#life.keep(isRunning || this.#life.state !== "open" || this.#output.isAwaited);
  }

  #receive(event: OwnEvent): void {
    switch (event.type) {
      case "ended":
        if (this.#frames === "coming") this.#frames = "over";
        this.#refresh();
        break;
      case "attached":
        this.#output.attached(event.target);
        break;
      case "detached":
        this.#output.detached(event.target);
        break;
      case "closed": {
        const error = event.error && sourceError(event.error);
        if (error !== undefined) this.#remember(error);
        this.#life.finish();
        this.dispatchEvent(new ClosedEvent(undefined, error));
        break;
      }
      case "resize":
        this.#resize(event);
        break;
      case "state":
        this.#changeState(event);
        break;
      case "room":
        break;
    }
  }

  /** It does something else; a first frame, or one after a rest, is no news. */
  #changeState({ state, at, cause, gap }: Extract<OwnEvent, { type: "state" }>): void {
    const type = state === "live" && this.#isInterrupted ? "resumed" : STATE_EVENTS[state];
    if (type === undefined) return;
    this.#isInterrupted = type !== "resumed";
    const error = cause && sourceError(cause);
    this.dispatchEvent(new SourceStateEvent(type, { state, at, error, gap }));
  }

  /** Its frames have another size; the native side keeps the sub-frame if it is inside them. */
  #resize({ width, height }: FrameDimensions): void {
    this.#size = { width, height };
    const crop = this.#crop;
    if (crop !== undefined && (crop.x + crop.width > width || crop.y + crop.height > height)) this.#crop = undefined;
    this.dispatchEvent(new ResizeEvent(width, height));
  }

  #fail(failure: Error): void {
    this.#remember(failure);
    this.dispatchEvent(new FailureEvent("error", failure));
  }

  /** The first failure is the one that is reported. */
  #remember(failure: Error): Error {
    this.#failure ??= failure;
    this.#output.fail(this.#failure);
    return this.#failure;
  }

  /** Ends the frames, and says so. */
  #finish(): void {
    this.#settle();
    this.dispatchEvent(new Event("ended"));
  }

  /** Ends the frames: no further one comes, and all have been seen. */
  #settle(): void {
    this.#frames = "ended";
    if (this.#failure === undefined) this.#end.resolve();
    else this.#end.reject(this.#failure);
    this.#refresh();
  }

  #lost(error: unknown): void {
    const failure = this.#remember(new VideoSourceError(recordOf(error), { cause: error }));
    const wasRunning = this.#frames === "coming";
    if (this.#life.state === "open") this.#life.finish();
    else this.#life.finishWithError(failure);
    this.dispatchEvent(new FailureEvent("error", failure));
    if (wasRunning) this.dispatchEvent(new Event("ended"));
    this.dispatchEvent(new ClosedEvent(undefined, failure));
  }
}

/** Rejects a span that is empty or not inside `whole` pixels of the frame. */
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
