/**
 * The life of an object of the native side: a source, a filter or a writer; not part of the public API.
 *
 * @module
 */

import { type Deferred, deferred } from "../base/deferred.ts";
import { closedError, type Side } from "../base/errors.ts";
import type { ErrorRecord, Event as NativeEvent } from "../generated/contract.ts";
import type { Native } from "../native/context.ts";
import type { Listener } from "../native/pump.ts";
import { DiscontinuityEvent, DiskLowEvent, FailureEvent, OverloadEvent } from "./events.ts";

/** An object that the native side has opened. */
export interface Opened {
  /** The library in which it was opened. */
  readonly native: Native;
  /** Handle of the object. */
  readonly handle: number;
}

/** The events that each kind of object takes by itself. */
export type OwnEvent = Extract<
  NativeEvent,
  { type: "attached" | "detached" | "ended" | "resize" | "room" | "state" | "closed" }
>;

/** The public object behind a lifecycle. */
export interface LifecycleOwner {
  /** Dispatches the events that all kinds have in common. */
  readonly target: EventTarget;
  /** Class of its errors. */
  readonly side: Side;
  /** Name in messages. */
  readonly name: string;
  /** Makes an error of a record of the native side. */
  errorOf(record: ErrorRecord): Error;
  /** Takes an event of the native side. */
  receive(event: OwnEvent): void;
  /** Takes an error of the native side. */
  fail(record: ErrorRecord): void;
  /** Takes the loss of the handle; it must finish the lifecycle. */
  lost(error: unknown): void;
  /** Lets go of all that depends on the handle, which is freed after that; `error` is that of the end. */
  cleanUp(error: Error | undefined): void;
}

/**
 * State of the object.
 *
 * - `open`: it takes observers and frames.
 * - `closing`: it takes nothing new, but has something to detach or to hand on.
 * - `ending`: the native side has been asked to end it.
 * - `closed`: the native side has ended it, or lost it; the handle is freed.
 */
export type LifeState = "open" | "closing" | "ending" | "closed";

/** Takes the events of one handle, and leads it from `open` to `closed`. */
export class Lifecycle<Result> implements Listener {
  readonly native: Native;
  readonly handle: number;
  readonly #owner: LifecycleOwner;
  readonly #end: Deferred<Result> = deferred();
  #awaited: Promise<Result> | undefined;
  #state: LifeState = "open";

  /** Begins the life of an opened object. */
  constructor({ native, handle }: Opened, owner: LifecycleOwner) {
    this.native = native;
    this.handle = handle;
    this.#owner = owner;
    // An end that is not awaited is not an unhandled rejection.
    this.#end.promise.catch(() => {});
    native.adopt(handle, this);
  }

  /** State of the object. */
  get state(): LifeState {
    return this.#state;
  }

  /** Settled with the end; always the same promise, whose rejection is to be handled. */
  get closed(): Promise<Result> {
    return this.#awaited ??= this.#end.promise.then((result) => result);
  }

  /**
   * Makes sure that the object is open.
   *
   * @param action The action in the message.
   * @throws {GiftGrabError} With the code `closed`.
   */
  checkOpen(action: string): void {
    if (this.#state !== "open") throw this.closedError(action);
  }

  /** The error for an action that comes too late. */
  closedError(action: string): Error {
    return closedError(this.#owner.side, `${action} ${this.#owner.name}`);
  }

  /** Keeps the process alive while it is active and not closed. */
  keep(isActive: boolean): void {
    this.native.pump.keep(this, this.#state !== "closed" && isActive);
  }

  /** Takes nothing new from now on. */
  beginClosing(): void {
    if (this.#state === "open") this.#state = "closing";
  }

  /** Asks the native side once, by `request`, to end the object. */
  end(request: () => void): void {
    if (this.#state !== "open" && this.#state !== "closing") return;
    this.#state = "ending";
    try {
      request();
    } catch (error) {
      this.abort(error);
    }
  }

  /** Closes it: the native side has ended it. */
  finish(result: Result): void {
    this.#close(undefined);
    this.#end.resolve(result);
  }

  /** Closes it with an error, with which {@linkcode Lifecycle.closed} rejects. */
  finishWithError(error: Error): void {
    this.#close(error);
    this.#end.reject(error);
  }

  ready(): boolean {
    for (const event of this.native.backend.events(this.handle)) this.#receive(event);
    return false;
  }

  abort(error: unknown): void {
    if (this.#state !== "closed") this.#owner.lost(error);
  }

  #close(error: Error | undefined): void {
    this.#state = "closed";
    this.#owner.cleanUp(error);
    this.native.release(this.handle, this);
  }

  #receive(event: NativeEvent): void {
    const { target } = this.#owner;
    switch (event.type) {
      case "overload":
        target.dispatchEvent(new OverloadEvent(event.stage, event.reason, event.frames));
        break;
      case "disklow":
        target.dispatchEvent(new DiskLowEvent(event.freeBytes));
        break;
      case "discontinuity":
        target.dispatchEvent(new DiscontinuityEvent(event.atSeconds, event.jumpSeconds));
        break;
      case "warning":
        target.dispatchEvent(new FailureEvent("warning", this.#owner.errorOf(event.error)));
        break;
      case "error":
        this.#owner.fail(event.error);
        break;
      default:
        this.#owner.receive(event);
    }
  }
}
