/**
 * Filters: nodes that run natively.
 *
 * @module
 */

import { asError, errorOf, ObserverError, outOfRange, recordOf, wrongType } from "../base/errors.ts";
import type { FilterStats } from "../generated/contract.ts";
import { openNative } from "../native/context.ts";
import { ClosedEvent, FailureEvent, type ObservableEvents } from "../pipeline/events.ts";
import { Feed } from "../pipeline/feed.ts";
import { Lifecycle, type Opened, type OwnEvent } from "../pipeline/lifecycle.ts";
import { linkOutput, linkTarget, type NativeTarget } from "../pipeline/link.ts";
import { NativeOutput } from "../pipeline/native_output.ts";
import { Observable } from "../pipeline/observable.ts";
import type { NativeSink } from "../pipeline/observer.ts";

/** A filter that the native side has opened. */
export interface OpenedFilter extends Opened {
  /** Description of the graph. */
  readonly description: string;
}

/** The events of a filter by their names. */
export interface FilterEvents extends ObservableEvents {
  /** It has made its last frame, and its observers have seen it. */
  readonly ended: Event;
  /** It is closed. */
  readonly closed: ClosedEvent;
}

/**
 * Changes frames by a graph of FFmpeg's filters, made by {@linkcode createFilter}.
 *
 * It runs on native threads: attach it to a source, and writers and observers to it. When its source ends or is closed,
 * it hands on the frames that it still holds, ends too and is closed. Close it when it is no longer needed.
 */
export class Filter extends Observable<FilterEvents> implements NativeSink<FilterStats> {
  /** The graph, as it was given. */
  readonly description: string;
  readonly #life: Lifecycle<void>;
  readonly #target: NativeTarget;
  readonly #output: NativeOutput;
  /** `over` once the native side has made the last frame, `ended` once no target is attached natively either. */
  #frames: "coming" | "over" | "ended" = "coming";
  /** The last event of the native side, which waits until all frames have been handed on. */
  #last: Extract<OwnEvent, { type: "closed" }> | undefined;
  #final: FilterStats | undefined;

  /** @internal */
  constructor({ native, handle, description }: OpenedFilter) {
    super();
    const name = `filter ${JSON.stringify(description)}`;
    this.description = description;
    this.#life = new Lifecycle({ native, handle }, {
      target: this,
      side: "observer",
      name,
      errorOf: (record) => errorOf("observer", record),
      receive: (event) => this.#receive(event),
      fail: (record) => this.#fail(errorOf("observer", record)),
      lost: (error) => this.#lost(error),
      cleanUp: () => this.#cleanUp(),
    });
    this.#target = {
      handle,
      observer: this,
      name,
      feed: new Feed(native, handle, name, "observer", () => this.#refresh()),
      upstream: undefined,
      isClosed: () => this.#life.state === "closed",
      checkOpen: () => this.#life.checkOpen("attach"),
      fail: (error) => this.#fail(error),
      stats: () => this.stats(),
      drain: () => this.#life.state === "closed" ? undefined : this.#end().catch(() => {}),
    };
    this.#output = new NativeOutput({
      observable: this,
      native,
      handle,
      name,
      colour: undefined,
      waitsForTargets: () => this.#target.upstream?.waitsForTargets ?? false,
      checkOpen: () => this.#life.checkOpen("attach an observer to"),
      changed: () => this.#refresh(),
      handsOnRest: () => this.#isEnding,
      // It is closed at its end, and takes no observer then.
      hasEnded: () => false,
      noneAttached: () => {},
      startFailed: (error) => this.#fail(error),
    });
    linkTarget(this.#target);
    linkOutput(this, this.#output);
  }

  /** Its counts and measurements so far, or the final ones once it is closed. */
  stats(): FilterStats {
    return this.#final ?? this.#life.native.backend.stats(this.#life.handle, "filter");
  }

  /**
   * Detaches it and its observers, and frees its resources; closing twice is the same as closing once.
   *
   * Writers still get the frames that it holds.
   */
  async close(): Promise<void> {
    const { upstream } = this.#target;
    this.#life.beginClosing();
    if (this.#life.state !== "closed") this.#output.stop();
    this.#refresh();
    await upstream?.release(this);
    await this.#end();
  }

  /** Requests the end without waiting for it. */
  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }

  /** The same as {@linkcode Filter.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whether its end has been requested, or that of its source. */
  get #isEnding(): boolean {
    const { state } = this.#life;
    return state === "open" ? this.#target.upstream?.ends(this) ?? false : state !== "closed";
  }

  /** Requests the end; resolves when every frame has been handed on. */
  #end(): Promise<void> {
    this.#life.beginClosing();
    this.#refresh();
    this.#life.end(() => this.#life.native.backend.close(this.#life.handle, "observer"));
    return this.#life.closed;
  }

  /** Ends and closes it when all frames have been handed on; keeps the process alive while an answer is awaited. */
  #refresh(): void {
    if (this.#frames === "over" && this.#output.isEmpty) {
      this.#frames = "ended";
      this.dispatchEvent(new Event("ended"));
    }
    if (this.#last !== undefined && this.#life.state !== "closed" && this.#output.isDrained) {
      const error = this.#last.error && asError(errorOf("observer", this.#last.error));
      this.#life.finish();
      this.dispatchEvent(new ClosedEvent(undefined, error));
    }
    const isAwaited = this.#output.isAwaited || !this.#output.isDrained || this.#target.feed.isWaiting;
    this.#life.keep(this.#life.state !== "open" || isAwaited);
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
      case "room":
        this.#target.feed.room();
        break;
      case "closed":
        this.#last = event;
        this.#refresh();
        break;
    }
  }

  #fail(error: unknown): void {
    const failure = asError(error);
    this.#output.fail(failure);
    this.dispatchEvent(new FailureEvent("error", failure));
  }

  #lost(error: unknown): void {
    const failure = new ObserverError(recordOf(error), { cause: error });
    this.#output.fail(failure);
    if (this.#life.state === "open") this.#life.finish();
    else this.#life.finishWithError(failure);
    this.dispatchEvent(new FailureEvent("error", failure));
    this.dispatchEvent(new ClosedEvent(undefined, failure));
  }

  #cleanUp(): void {
    try {
      this.#final = this.#life.native.backend.stats(this.#life.handle, "filter");
    } catch {
      // The handle is lost, and its stats with it.
    }
    this.#output.close();
    this.#target.feed.abort(this.#life.closedError("append a frame to"));
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
