/**
 * Sources: what all that give frames have in common.
 *
 * @module
 */

import type { ColourSpace, Event as NativeEvent, Rational, SourceInfo, SourceStats } from "./generated/contract.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { closedError, errorOf, GiftGrabError, recordOf, VideoSourceError, wrongType } from "./errors.ts";
import { ClosedEvent, FailureEvent, ObserverEvent, TypedEventTarget, type VideoSourceEvents } from "./events.ts";
import { type NativeTarget, nativeTarget } from "./link.ts";
import type { Native } from "./native.ts";
import type { Listener } from "./pump.ts";
import type { FileWriter } from "./writer.ts";

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
}

/** A target of which native code has been told. */
interface Edge {
  readonly target: NativeTarget;
  /** Whether its detachment has been requested natively. */
  isLeaving: boolean;
  /** Who waits for its detachment. */
  departure: Deferred<void> | undefined;
}

/**
 * A source of frames, made by {@linkcode VideoSourceFactory}.
 *
 * It runs while an observer is attached and pauses while none is. Close it when it is no longer needed.
 */
export abstract class VideoSource extends TypedEventTarget<VideoSourceEvents> {
  /** Its immutable facts. */
  readonly info: SourceInfo;
  /**
   * Fulfilled after the last frame, or when it is closed; rejects with a {@linkcode VideoSourceError} if it failed.
   *
   * Nobody has to wait for it: a rejection that nobody sees is no unhandled one.
   */
  readonly ended: Promise<void>;
  readonly #native: Native;
  readonly #handle: number;
  readonly #name: string;
  readonly #end: Deferred<void> = deferred();
  readonly #wanted = new Set<NativeTarget>();
  readonly #edges = new Map<number, Edge>();
  readonly #listener: Listener = {
    receive: (events) => events.forEach((event) => this.#receive(event)),
    abandon: (error) => this.#abandon(error),
  };
  #isScheduled = false;
  #isEnding = false;
  #hasEnded = false;
  #isClosed = false;
  #failure: Error | undefined;
  #closing: Deferred<void> | undefined;

  /** @internal */
  constructor({ native, handle, name }: OpenedSource) {
    super();
    this.#native = native;
    this.#handle = handle;
    this.#name = name;
    this.info = native.backend.sourceInfo(handle);
    this.ended = this.#end.promise;
    this.ended.catch(() => {});
    native.adopt(handle, this.#listener);
  }

  /** Colour space of the frames that observers see. */
  get colour(): ColourSpace {
    return this.info.colour;
  }

  /** Frames per second. */
  getFrameRate(): Rational {
    return { ...this.info.frameRate };
  }

  /** Width and height of its frames in pixels. */
  getFrameDimensions(): FrameDimensions {
    const { width, height } = this.info;
    return { width, height };
  }

  /**
   * Its figures so far.
   *
   * @throws {VideoSourceError} With the code `closed` once it is closed.
   */
  stats(): SourceStats {
    if (this.#isClosed) throw closedError("source", `read the figures of ${this.#name}`);
    return this.#native.backend.sourceStats(this.#handle);
  }

  /**
   * Gives its frames to `observer` from the end of this turn on; twice is once.
   *
   * Observers attached in one turn all see the same first frame.
   *
   * @throws {TypeError} If it is no observer.
   * @throws {ObserverError} With the code `already_attached` if it is attached to another source.
   * @throws {VideoSourceError} With the code `closed` if this source is closed.
   * @throws {VideoTargetError} With the code `closed` if the observer is closed.
   */
  attach(observer: FileWriter): void {
    if (this.#closing !== undefined || this.#isClosed) {
      throw closedError("source", `attach an observer to ${this.#name}`);
    }
    const target = nativeTarget(observer);
    if (target === undefined) {
      throw wrongType("observer", `Cannot attach ${String(observer)}: it is no target of this library`);
    }
    target.checkOpen();
    if (target.source !== undefined && target.source !== this) {
      throw errorOf("observer", {
        code: "already_attached",
        stage: "hub",
        message: `Cannot attach ${JSON.stringify(observer.info.path)} to ${this.#name}: ` +
          "it is attached to another source; await its detach() first",
      });
    }
    target.source = this;
    this.#wanted.add(target);
    this.#schedule();
  }

  /**
   * Gives `observer` no more frames; one that is not attached is none of its business.
   *
   * After the promise is fulfilled the observer gets no further frame.
   *
   * @throws {ObserverError} If the native side refuses.
   */
  detach(observer: FileWriter): Promise<void> {
    const target = nativeTarget(observer);
    if (target?.source !== this) return Promise.resolve();
    this.#wanted.delete(target);
    const edge = this.#edges.get(target.handle);
    if (edge === undefined) {
      target.source = undefined;
      return Promise.resolve();
    }
    edge.departure ??= deferred();
    this.#schedule();
    this.#refresh();
    return edge.departure.promise;
  }

  /** Detaches every observer and frees what it holds; closing twice is closing once. */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise;
    this.#closing = deferred();
    if (this.#isClosed) {
      this.#closing.resolve();
      return this.#closing.promise;
    }
    for (const target of this.#wanted) {
      if (!this.#edges.has(target.handle)) target.source = undefined;
    }
    this.#wanted.clear();
    this.#refresh();
    try {
      this.#native.backend.closeSource(this.#handle);
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

  /** Lets the end of the turn tell native code the difference between what is wanted and what it knows. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.#closing === undefined && !this.#isClosed) this.#reconcile();
    });
  }

  #reconcile(): void {
    const newcomers = [...this.#wanted].filter((target) => !this.#edges.has(target.handle));
    for (const target of newcomers) this.#join(target);
    for (const edge of [...this.#edges.values()]) {
      if (edge.isLeaving) continue;
      if (!this.#wanted.has(edge.target)) {
        this.#leave(edge);
      } else {
        // Detached and attached again in one turn.
        edge.departure?.resolve();
        edge.departure = undefined;
      }
    }
    try {
      if (newcomers.length > 0 && this.#edges.size > 0) this.#native.backend.start(this.#handle);
    } catch (error) {
      this.#fail(error);
      this.#settle();
    }
    this.#refresh();
  }

  #join(target: NativeTarget): void {
    try {
      this.#native.backend.attach(this.#handle, target.handle);
      this.#edges.set(target.handle, { target, isLeaving: false, departure: undefined });
    } catch (error) {
      this.#wanted.delete(target);
      target.source = undefined;
      target.fail(error);
      this.dispatchEvent(new FailureEvent("error", asError(error)));
      // Whoever waits for the end would wait for ever: nothing makes the source run.
      if (this.#wanted.size === 0) this.#end.reject(asError(error));
    }
  }

  #leave(edge: Edge): void {
    edge.isLeaving = true;
    try {
      this.#native.backend.detach(this.#handle, edge.target.handle);
    } catch (error) {
      this.#edges.delete(edge.target.handle);
      edge.target.source = undefined;
      edge.departure?.reject(error);
    }
  }

  /** Keeps the process alive while frames flow or somebody waits for an answer. */
  #refresh(): void {
    const isRunning = (this.#wanted.size > 0 || this.#isEnding) && !this.#hasEnded;
    const isAwaited = this.#closing !== undefined || [...this.#edges.values()].some((edge) => edge.departure);
    this.#native.pump.keep(this.#listener, !this.#isClosed && (isRunning || isAwaited));
  }

  #receive(event: NativeEvent): void {
    switch (event.type) {
      case "ended":
        this.#settle();
        this.dispatchEvent(new Event("ended"));
        break;
      case "attached": {
        const edge = this.#edges.get(event.target);
        if (edge !== undefined) this.dispatchEvent(new ObserverEvent("attached", edge.target.observer));
        break;
      }
      case "detached":
        this.#parted(event.target);
        break;
      case "warning":
        this.dispatchEvent(new FailureEvent("warning", new VideoSourceError(event.error)));
        break;
      case "error":
        this.#fail(new VideoSourceError(event.error));
        break;
      case "closed": {
        const error = event.error && new VideoSourceError(event.error);
        this.#failure ??= error;
        this.#finish();
        this.dispatchEvent(new ClosedEvent(undefined, error));
        break;
      }
      case "overload":
      case "disklow":
        break;
    }
  }

  #parted(handle: number): void {
    const edge = this.#edges.get(handle);
    if (edge === undefined) return;
    this.#edges.delete(handle);
    if (!edge.isLeaving) {
      // Native code lets its targets go by itself at the end, just before it tells `ended`.
      this.#wanted.delete(edge.target);
      this.#isEnding ||= !edge.target.isClosed();
    }
    if (this.#wanted.has(edge.target)) this.#schedule();
    else edge.target.source = undefined;
    edge.departure?.resolve();
    this.dispatchEvent(new ObserverEvent("detached", edge.target.observer));
    this.#refresh();
  }

  #fail(error: unknown): void {
    this.#failure ??= asError(error);
    this.dispatchEvent(new FailureEvent("error", this.#failure));
  }

  /** No further frame will come. */
  #settle(): void {
    this.#hasEnded = true;
    if (this.#failure === undefined) this.#end.resolve();
    else this.#end.reject(this.#failure);
    this.#refresh();
  }

  #finish(): void {
    this.#isClosed = true;
    for (const { target, departure } of this.#edges.values()) {
      target.source = undefined;
      departure?.resolve();
    }
    for (const target of this.#wanted) target.source = undefined;
    this.#edges.clear();
    this.#wanted.clear();
    this.#native.release(this.#handle, this.#listener);
    this.#settle();
    this.#closing?.resolve();
  }

  #abandon(error: unknown): void {
    if (this.#isClosed) return;
    this.#failure ??= new VideoSourceError(recordOf(error), { cause: error });
    this.#closing?.reject(this.#failure);
    this.#finish();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new GiftGrabError(recordOf(error));
}
