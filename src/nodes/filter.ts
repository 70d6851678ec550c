/**
 * Filters: nodes that run natively.
 *
 * @module
 */

import type { Event as NativeEvent, FilterStats } from "../generated/contract.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { asError, closedError, errorOf, ObserverError, outOfRange, recordOf, wrongType } from "../base/errors.ts";
import { ClosedEvent, FailureEvent, type ObservableEvents, OverloadEvent } from "../pipeline/events.ts";
import { Feed } from "../pipeline/feed.ts";
import { linkOutput, linkTarget, type NativeTarget } from "../pipeline/link.ts";
import { type Native, openNative } from "../native/context.ts";
import { Observable } from "../pipeline/observable.ts";
import type { NativeSink } from "../pipeline/observer.ts";
import { NativeOutput } from "../pipeline/native_output.ts";
import type { Listener } from "../native/pump.ts";

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
  /** It has given its last frame, and its observers have seen it. */
  readonly ended: Event;
  /** It is closed. */
  readonly closed: ClosedEvent;
}

/**
 * Changes frames by a graph of FFmpeg's filters, made by {@linkcode createFilter}.
 *
 * It runs on native threads: attach it to a source, and writers and observers to it. When what it is attached to ends,
 * it gives what it still holds and ends too, and is closed then. Close it when it is no longer needed.
 */
export class Filter extends Observable<FilterEvents> implements NativeSink<FilterStats> {
  /** The graph, as it was given. */
  readonly description: string;
  readonly #native: Native;
  readonly #target: NativeTarget;
  readonly #output: NativeOutput;
  readonly #listener: Listener = {
    ready: () => {
      for (const event of this.#native.backend.events(this.#target.handle)) this.#receive(event);
      return false;
    },
    abandon: (error) => this.#abandon(error),
  };
  /** Whether native code has given its last frame. */
  #isOver = false;
  /** Whether its end has been requested natively. */
  #isShut = false;
  #hasEnded = false;
  /** Native code's last word, which waits until all is handed on. */
  #last: (NativeEvent & { readonly type: "closed" }) | undefined;
  #isClosed = false;
  #final: FilterStats | undefined;
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
      stats: () => this.stats(),
      drained: () => this.#isClosed ? undefined : this.#shut(),
    };
    this.#output = new NativeOutput({
      observable: this,
      native,
      handle,
      name,
      colour: undefined,
      waitsForTargets: () => this.#target.upstream?.waitsForTargets ?? false,
      checkOpen: () => this.#checkOpen(`attach an observer to ${name}`),
      changed: () => this.#refresh(),
      deserted: () => {},
      unstarted: (error) => this.#fail(error),
    });
    linkTarget(this.#target);
    linkOutput(this, this.#output);
    native.adopt(handle, this.#listener);
  }

  /** Its figures so far, or the final ones once it is closed. */
  stats(): FilterStats {
    return this.#final ?? this.#native.backend.stats(this.#target.handle, "filter");
  }

  /**
   * Detaches it and its observers, and frees what it holds; closing twice is closing once.
   *
   * Writers still get what it holds.
   */
  async close(): Promise<void> {
    const { upstream } = this.#target;
    this.#closing ??= deferred();
    if (this.#isClosed) this.#closing.resolve();
    else this.#output.abandon();
    this.#refresh();
    // What cannot let go must not keep it open.
    await upstream?.detach(this).catch(() => {});
    await this.#shut();
  }

  /** Requests the end without waiting for it. */
  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }

  /** The same as {@linkcode Filter.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Requests the end, once; resolved when everything is handed on. */
  #shut(): Promise<void> {
    this.#closing ??= deferred();
    const { promise } = this.#closing;
    if (this.#isShut || this.#isClosed) return promise;
    this.#isShut = true;
    this.#refresh();
    try {
      this.#native.backend.close(this.#target.handle, "observer");
    } catch (error) {
      this.#abandon(error);
    }
    return promise;
  }

  #checkOpen(action: string): void {
    if (this.#closing !== undefined || this.#isClosed) throw closedError("observer", action);
  }

  /** Tells the end when all is handed on, and keeps the process alive while somebody waits for an answer. */
  #refresh(): void {
    if (this.#isOver && !this.#hasEnded && this.#output.isEmpty) {
      this.#hasEnded = true;
      this.dispatchEvent(new Event("ended"));
    }
    if (this.#last !== undefined && !this.#isClosed && this.#output.isDrained) {
      const error = this.#last.error && asError(errorOf("observer", this.#last.error));
      this.#finish();
      this.dispatchEvent(new ClosedEvent(undefined, error));
    }
    const isAwaited = this.#closing !== undefined || this.#output.isAwaited || !this.#output.isDrained ||
      this.#target.feed.isWaiting;
    this.#native.pump.keep(this.#listener, !this.#isClosed && isAwaited);
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
      case "closed":
        this.#last = event;
        this.#refresh();
        break;
      case "disklow":
        break;
    }
  }

  #fail(error: unknown): void {
    const failure = asError(error);
    this.#output.fail(failure);
    this.dispatchEvent(new FailureEvent("error", failure));
  }

  #finish(): void {
    this.#isClosed = true;
    try {
      this.#final = this.#native.backend.stats(this.#target.handle, "filter");
    } catch {
      // The handle is lost, and the figures with it.
    }
    this.#output.close();
    this.#target.feed.abandon(closedError("observer", `append a frame to ${this.#target.name}`));
    this.#native.release(this.#target.handle, this.#listener);
    this.#closing?.resolve();
  }

  #abandon(error: unknown): void {
    if (this.#isClosed) return;
    this.#closing?.reject(new ObserverError(recordOf(error), { cause: error }));
    this.#finish();
  }
}

/**
 * Makes a filter of FFmpeg's description of a graph with one input and one output: `unsharp,hflip`.
 *
 * @throws {TypeError} If the description is no string.
 * @throws {RangeError} If it is empty, or FFmpeg refuses it: `field` is `description`.
 * @throws {ObserverError} With the code `filter_unavailable` if FFmpeg's filters cannot be loaded on this machine, or
 * `resource_exhausted`.
 */
export async function createFilter(description: string): Promise<Filter> {
  if (typeof description !== "string") {
    throw wrongType("description", `Cannot use description ${String(description)}: it must be a string`);
  }
  if (description.trim() === "") throw outOfRange("description", `Cannot use description "": it is empty`);
  const native = await openNative();
  const handle = await native.backend.openLater({ kind: "filter", options: { description } }, "observer");
  return new Filter({ native, handle, description });
}
