/**
 * Filters: nodes that run natively.
 *
 * @module
 */

import type { Event as NativeEvent } from "./generated/contract.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { asError, closedError, errorOf, ObserverError, outOfRange, recordOf, wrongType } from "./errors.ts";
import { ClosedEvent, FailureEvent, type ObservableEvents, OverloadEvent } from "./events.ts";
import { Feed } from "./feed.ts";
import { linkOutlet, linkTarget, type NativeTarget } from "./link.ts";
import { type Native, openNative } from "./native.ts";
import { Observable } from "./observable.ts";
import { NativeOutlet } from "./outlet.ts";
import type { Listener } from "./pump.ts";

/** A filter that native code has opened. */
export interface OpenedFilter {
  /** Where it was opened. */
  readonly native: Native;
  /** Its handle. */
  readonly handle: number;
  /** Its description. */
  readonly description: string;
}

/** The events of a filter by their names. */
export interface FilterEvents extends ObservableEvents {
  /** What it was attached to has ended, and its observers have seen all of its frames. */
  readonly ended: Event;
  /** Frames are being dropped because it does not keep up. */
  readonly overload: OverloadEvent;
  /** It is closed. */
  readonly closed: ClosedEvent;
}

/**
 * Changes frames by a graph of FFmpeg's filters, made by {@linkcode createFilter}.
 *
 * It runs on native threads: attach it to a source, and writers and observers to it. Close it when it is no longer
 * needed.
 */
export class Filter extends Observable<FilterEvents> {
  /** The graph, as it was given. */
  readonly description: string;
  readonly #native: Native;
  readonly #target: NativeTarget;
  readonly #outlet: NativeOutlet;
  readonly #listener: Listener = {
    ready: () => {
      for (const event of this.#native.backend.events(this.#target.handle)) this.#receive(event);
      return false;
    },
    abandon: (error) => this.#abandon(error),
  };
  /** Who waits until everything is handed on, after native code has let go of it. */
  #drained: Deferred<void> | undefined;
  /** Whether native code has told the end, and nobody has waited for it yet. */
  #isOver = false;
  #isClosed = false;
  #closing: Deferred<void> | undefined;

  /** @internal */
  constructor({ native, handle, description }: OpenedFilter) {
    super();
    const name = `filter ${JSON.stringify(description)}`;
    this.description = description;
    this.#native = native;
    this.#target = {
      handle,
      observer: this,
      name,
      feed: new Feed(native, handle, name, "observer", () => this.#refresh()),
      upstream: undefined,
      isClosed: () => this.#isClosed,
      checkOpen: () => this.#checkOpen(`attach ${name}`),
      fail: (error) => this.#fail(error),
      stats: () => native.backend.tapStats(handle),
      drained: () => this.#rest(),
    };
    this.#outlet = new NativeOutlet({
      observable: this,
      native,
      handle,
      name,
      colour: undefined,
      isPatient: () => this.#target.upstream?.isPatient ?? false,
      checkOpen: () => this.#checkOpen(`attach an observer to ${name}`),
      changed: () => this.#refresh(),
      deserted: () => {},
      unstarted: (error) => this.#fail(error),
    });
    linkTarget(this.#target);
    linkOutlet(this, this.#outlet);
    native.adopt(handle, this.#listener);
  }

  /** Detaches it and its observers, and frees what it holds; closing twice is closing once. */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise;
    this.#closing = deferred();
    if (this.#isClosed) this.#closing.resolve();
    else this.#shut();
    return this.#closing.promise;
  }

  /** Requests the end without waiting for it. */
  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }

  /** The same as {@linkcode Filter.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shut(): Promise<void> {
    this.#outlet.abandon();
    this.#refresh();
    try {
      await this.#target.upstream?.detach(this);
    } catch {
      // What cannot let go must not keep it open.
    }
    try {
      if (!this.#isClosed) this.#native.backend.closeFilter(this.#target.handle);
    } catch (error) {
      this.#abandon(error);
    }
  }

  #checkOpen(action: string): void {
    if (this.#closing !== undefined || this.#isClosed) throw closedError("observer", action);
  }

  #rest(): Promise<void> | undefined {
    if (this.#isClosed) return undefined;
    this.#drained ??= deferred();
    const { promise } = this.#drained;
    this.#refresh();
    return promise;
  }

  /** Tells the end when all is handed on, and keeps the process alive while somebody waits for an answer. */
  #refresh(): void {
    if (this.#isOver && this.#drained !== undefined && this.#outlet.isDrained) {
      this.#isOver = false;
      this.#drained.resolve();
      this.#drained = undefined;
      this.dispatchEvent(new Event("ended"));
    }
    const isAwaited = this.#closing !== undefined || this.#drained !== undefined || this.#outlet.isAwaited ||
      !this.#outlet.isDrained || this.#target.feed.isWaiting;
    this.#native.pump.keep(this.#listener, !this.#isClosed && isAwaited);
  }

  #receive(event: NativeEvent): void {
    switch (event.type) {
      case "ended":
        this.#isOver = true;
        this.#refresh();
        break;
      case "attached":
        this.#outlet.attached(event.target);
        break;
      case "detached":
        this.#outlet.detached(event.target);
        break;
      case "room":
        this.#target.feed.room();
        break;
      case "overload":
        this.dispatchEvent(new OverloadEvent(event.stage, event.reason, event.frames));
        break;
      case "warning":
        this.dispatchEvent(new FailureEvent("warning", errorOf("observer", event.error)));
        break;
      case "error":
        this.#fail(errorOf("observer", event.error));
        break;
      case "closed": {
        const error = event.error && errorOf("observer", event.error);
        this.#finish();
        this.dispatchEvent(new ClosedEvent(undefined, error));
        break;
      }
      case "disklow":
        break;
    }
  }

  #fail(error: unknown): void {
    const failure = asError(error);
    this.#outlet.fail(failure);
    this.dispatchEvent(new FailureEvent("error", failure));
  }

  #finish(): void {
    this.#isClosed = true;
    this.#outlet.close();
    this.#target.feed.abandon(closedError("observer", `append a frame to ${this.#target.name}`));
    this.#native.release(this.#target.handle, this.#listener);
    this.#drained?.resolve();
    this.#closing?.resolve();
  }

  #abandon(error: unknown): void {
    if (this.#isClosed) return;
    this.#closing?.reject(new ObserverError(recordOf(error), { cause: error }));
    this.#finish();
  }
}

/**
 * Makes a filter of FFmpeg's description of a graph with one input and one output: `eq=contrast=1.2,hflip`.
 *
 * @throws {TypeError} If the description is no string.
 * @throws {RangeError} If it is empty, or FFmpeg refuses it: `field` is `description`.
 */
export async function createFilter(description: string): Promise<Filter> {
  if (typeof description !== "string") {
    throw wrongType("description", `Cannot use description ${String(description)}: it must be a string`);
  }
  if (description.trim() === "") throw outOfRange("description", `Cannot use description "": it is empty`);
  const native = await openNative();
  return new Filter({ native, handle: await native.backend.openFilter({ description }), description });
}
