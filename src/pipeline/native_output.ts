/**
 * Hands on the frames of sources and filters: natively to targets, and through a tap to each other observer.
 *
 * @module
 */

import { type Deferred, deferred } from "../base/deferred.ts";
import { asError, closedError, errorOf } from "../base/errors.ts";
import type { ColourSpace, Command, ErrorRecord } from "../generated/contract.ts";
import type { Native } from "../native/context.ts";
import { endedError, neverAttachedError, sinkOf } from "./attach.ts";
import { Consumer, MOST_FAILURES } from "./consumer.ts";
import { FailureEvent, ObserverEvent, ObserverFailureEvent, ObserverOverloadEvent } from "./events.ts";
import type { CheckedRequest } from "./frame_request.ts";
import { type FrameOutput, type NativeTarget, outputOf } from "./link.ts";
import type { Observable } from "./observable.ts";
import type { AnyObserver, ObserverStats } from "./observer.ts";
import { type Overload, Tap, type TapOwner } from "./tap.ts";

/** A native observable. */
export interface NativeOutputOwner {
  /** The public object, which dispatches the events about observers. */
  readonly observable: Observable;
  /** The library in which it was opened. */
  readonly native: Native;
  /** Handle of the observable. */
  readonly handle: number;
  /** Name in messages. */
  readonly name: string;
  /** Colour space of its frames, if it is always the same. */
  readonly colour: ColourSpace | undefined;
  /** Whether it waits for slow targets. */
  waitsForTargets(): boolean;
  /** Throws if it takes no observers any more. */
  checkOpen(): void;
  /** Called when the answers of `isActive`, `isAwaited`, `isDrained` or `isEmpty` may have changed. */
  changed(): void;
  /** Whether it still hands on the frames that it holds, though it is being closed, or about to be. */
  handsOnRest(): boolean;
  /** Whether it has made its last frame. */
  hasEnded(): boolean;
  /** Called when the last of its observers was refused or expelled, so that nothing makes it run. */
  noneAttached(error: Error): void;
  /** Called when it could not be started. */
  startFailed(error: unknown): void;
}

/** A target that the native side knows. */
interface Edge {
  readonly target: NativeTarget;
  /** Whether its detachment has been requested natively. */
  isLeaving: boolean;
  /** Settled with its detachment, if that is awaited. */
  departure: Deferred<void> | undefined;
}

/** Sends the native side, once a turn, the difference between the observers that are wanted and those that it has. */
export class NativeOutput implements FrameOutput, TapOwner {
  readonly #owner: NativeOutputOwner;
  readonly #wanted = new Map<AnyObserver, NativeTarget>();
  readonly #edges = new Map<number, Edge>();
  /** Targets that the native side detached at the end of the frames and that have not handed on all of theirs. */
  readonly #draining = new Set<NativeTarget>();
  /** Every target that was ever attached, for its stats. */
  readonly #known = new WeakMap<AnyObserver, NativeTarget>();
  #isScheduled = false;
  #isEnding = false;
  #isStopped = false;
  #failure: Error | undefined;

  /** The output of `owner`. */
  constructor(owner: NativeOutputOwner) {
    this.#owner = owner;
  }

  get name(): string {
    return this.#owner.name;
  }

  get waitsForTargets(): boolean {
    return this.#owner.waitsForTargets();
  }

  /** Whether an observer wants frames, or the last ones are still to come. */
  get isActive(): boolean {
    return this.#wanted.size > 0 || this.#isEnding || !this.isDrained;
  }

  /** Whether a detachment is awaited. */
  get isAwaited(): boolean {
    for (const edge of this.#edges.values()) if (edge.departure !== undefined) return true;
    return false;
  }

  /** Whether every target that the native side detached has handed on all its frames. */
  get isDrained(): boolean {
    return this.#draining.size === 0;
  }

  /** Whether it is drained and no target is attached natively. */
  get isEmpty(): boolean {
    return this.isDrained && this.#edges.size === 0;
  }

  attach(observer: AnyObserver, request: CheckedRequest | undefined): void {
    this.#owner.checkOpen();
    const sink = sinkOf(observer, request, this);
    if (this.#wanted.has(observer)) return;
    const target = sink instanceof Consumer ? this.#openTap(sink, request) : sink;
    target.upstream = this;
    this.#wanted.set(observer, target);
    this.#known.set(observer, target);
    this.#schedule();
  }

  detach(observer: AnyObserver): Promise<void> {
    const target = this.#wanted.get(observer);
    if (target === undefined) return this.#leaving(observer);
    this.#wanted.delete(observer);
    const edge = this.#edges.get(target.handle);
    if (edge !== undefined) edge.departure ??= deferred();
    if (target instanceof Tap) {
      // The native side must be asked before the handle is freed.
      if (edge !== undefined) this.#leave(edge);
      this.#stop(target);
    } else if (edge !== undefined) {
      this.#schedule();
    }
    if (edge === undefined) this.#free(target);
    this.#owner.changed();
    return edge?.departure?.promise ?? Promise.resolve();
  }

  release(observer: AnyObserver): Promise<void> | undefined {
    const target = this.#wanted.get(observer);
    const edge = target && this.#edges.get(target.handle);
    if (edge !== undefined && this.#owner.handsOnRest()) {
      // The native side detaches it after the last frame.
      edge.departure ??= deferred();
      this.#owner.changed();
      return edge.departure.promise;
    }
    // The answer changes nothing: the native side hands nothing on to what is closed.
    this.detach(observer).catch(() => {});
    return undefined;
  }

  ends(observer: AnyObserver): boolean {
    return this.#wanted.has(observer) && (this.#isStopped || this.#owner.handsOnRest());
  }

  observerStats(observer: AnyObserver): ObserverStats {
    const target = this.#known.get(observer);
    if (target !== undefined) return target.stats();
    throw neverAttachedError(observer, this);
  }

  *below(): Iterable<FrameOutput> {
    for (const observer of this.#wanted.keys()) {
      const output = outputOf(observer);
      if (output !== undefined) yield output;
    }
  }

  /** Takes the native side's event that `handle` gets every frame from now on. */
  attached(handle: number): void {
    const edge = this.#edges.get(handle);
    if (edge !== undefined) this.#dispatch("attached", edge.target);
  }

  /** Takes the native side's event that `handle` is detached. */
  detached(handle: number): void {
    const edge = this.#edges.get(handle);
    if (edge === undefined) return;
    this.#edges.delete(handle);
    const { target, isLeaving, departure } = edge;
    if (this.#wanted.get(target.observer) !== target) {
      this.#free(target);
      this.#dispatch("detached", target);
    } else if (this.#isStopped) {
      this.#forget(target);
      this.#dispatch("detached", target);
    } else if (isLeaving) {
      // Attached again meanwhile.
      this.#schedule();
      this.#dispatch("detached", target);
    } else {
      // At the end of the frames the native side detaches every target by itself, just before the event `ended`.
      this.#wanted.delete(target.observer);
      this.#isEnding ||= !target.isClosed();
      this.#drain(target);
    }
    departure?.resolve();
    this.#owner.changed();
  }

  /** Remembers why the frames ended, for observers that wait for them. */
  fail(failure: Error): void {
    this.#failure ??= failure;
  }

  /** Calls no observer any more and sends the native side no more requests; that one detaches its targets itself. */
  stop(): void {
    this.#isStopped = true;
    const targets = new Set([...this.#wanted.values(), ...this.#draining]);
    this.#draining.clear();
    for (const target of targets) {
      if (target instanceof Tap) {
        target.stop();
        target.consumer.end(target.handle);
        target.consumer.abort(this.#failure);
        if (this.#wanted.get(target.observer) === target) this.#wanted.delete(target.observer);
        if (!this.#edges.has(target.handle)) this.#free(target);
      } else if (!this.#edges.has(target.handle)) {
        this.#forget(target);
      }
    }
  }

  /** Stops, and lets go of every target, because the native side has detached them all. */
  close(): void {
    this.stop();
    for (const handle of [...this.#edges.keys()]) this.detached(handle);
  }

  failed(tap: Tap, error: unknown, failures: number): void {
    this.#owner.observable.dispatchEvent(new ObserverFailureEvent(asError(error), tap.observer, failures));
    if (failures >= MOST_FAILURES) this.#expel(tap, asError(error));
  }

  overloaded(tap: Tap, { stage, reason, frames }: Overload): void {
    this.#owner.observable.dispatchEvent(new ObserverOverloadEvent(tap.observer, stage, reason, frames));
  }

  warned(record: ErrorRecord): void {
    this.#warn(errorOf("observer", record));
  }

  drained(tap: Tap, error?: unknown): void {
    const failure = error === undefined ? undefined : asError(error);
    if (failure !== undefined) this.failed(tap, failure, 0);
    tap.consumer.end(tap.handle);
    if (this.#draining.has(tap)) this.#await(tap, tap.consumer.flush(true, this.#failure ?? failure));
    else this.#expel(tap, failure ?? closedError("observer", "hand frames on to an observer"));
  }

  #openTap(consumer: Consumer, request: CheckedRequest | undefined): Tap {
    const { native, colour } = this.#owner;
    const tap = new Tap(native, { ...(colour && { colour }), ...request }, consumer, this);
    consumer.begin(tap.handle);
    return tap;
  }

  #stop(tap: Tap): void {
    tap.stop();
    tap.consumer.end(tap.handle);
    tap.consumer.flush(false);
  }

  /** Detaches a target because of `error`; what waits for its frames gets that. */
  #expel(target: NativeTarget, error: Error): void {
    const isDraining = this.#draining.has(target);
    if (!isDraining && this.#wanted.get(target.observer) !== target) return;
    if (target instanceof Tap) {
      target.consumer.end(target.handle);
      target.consumer.abort(error);
    } else {
      target.fail(error);
    }
    if (isDraining && target instanceof Tap) {
      // The end of the frames waits for it no longer.
      target.stop();
      this.#finish(target);
      return;
    }
    // Refused or not, it gets no further frame, and its own error is the one to report.
    this.detach(target.observer).catch(() => {});
    if (this.#wanted.size === 0) this.#owner.noneAttached(error);
  }

  /** Resolves when `observer`, which is not wanted any more, is gone. */
  #leaving(observer: AnyObserver): Promise<void> {
    for (const target of this.#draining) {
      if (target.observer !== observer) continue;
      if (target instanceof Tap) this.#stop(target);
      this.#finish(target);
    }
    for (const { target, departure } of this.#edges.values()) {
      if (target.observer === observer && departure !== undefined) return departure.promise;
    }
    return Promise.resolve();
  }

  /** Waits until `target` has handed on its frames. */
  #drain(target: NativeTarget): void {
    this.#draining.add(target);
    if (target instanceof Tap) target.finish();
    else this.#await(target, target.drain());
  }

  #await(target: NativeTarget, rest: Promise<unknown> | undefined): void {
    if (rest === undefined) this.#finish(target);
    else rest.then(() => this.#finish(target));
  }

  #finish(target: NativeTarget): void {
    if (!this.#draining.delete(target)) return;
    this.#free(target);
    this.#dispatch("detached", target);
    this.#owner.changed();
  }

  /** Lets go of a target whose observable is closed, which is the end of its frames. */
  #forget(target: NativeTarget): void {
    if (this.#wanted.get(target.observer) === target) this.#wanted.delete(target.observer);
    this.#free(target);
    target.drain();
  }

  /** Lets `target` be attached elsewhere. */
  #free(target: NativeTarget): void {
    if (target.upstream === this && this.#wanted.get(target.observer) !== target) target.upstream = undefined;
  }

  #warn(error: Error): void {
    this.#owner.observable.dispatchEvent(new FailureEvent("warning", error));
  }

  #dispatch(type: "attached" | "detached", { observer }: NativeTarget): void {
    this.#owner.observable.dispatchEvent(new ObserverEvent(type, observer));
  }

  /** Reconciles at the end of the turn. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isStopped) this.#reconcile();
    });
  }

  #reconcile(): void {
    const newcomers = [...this.#wanted.values()].filter((target) => !this.#edges.has(target.handle));
    for (const target of newcomers) this.#join(target);
    for (const edge of [...this.#edges.values()]) {
      if (edge.isLeaving) continue;
      if (this.#wanted.get(edge.target.observer) !== edge.target) {
        this.#leave(edge);
      } else {
        // Detached and attached again in one turn.
        edge.departure?.resolve();
        edge.departure = undefined;
      }
    }
    // Later, so that observers attached below in the same turn get the first frame.
    if (newcomers.length > 0 && this.#edges.size > 0) queueMicrotask(() => this.#start());
    this.#owner.changed();
  }

  #start(): void {
    if (this.#isStopped) return;
    try {
      this.#owner.native.backend.command(this.#owner.handle, { call: "start" }, "source");
    } catch (error) {
      this.#owner.startFailed(error);
      for (const target of [...this.#wanted.values()]) this.#expel(target, asError(error));
    }
  }

  #command(command: Command): void {
    this.#owner.native.backend.command(this.#owner.handle, command, "observer");
  }

  #join(target: NativeTarget): void {
    try {
      this.#command({ call: "attach", target: target.handle });
      this.#edges.set(target.handle, { target, isLeaving: false, departure: undefined });
      if (this.#owner.hasEnded()) this.#warn(endedError(target.observer, this));
    } catch (error) {
      const failure = asError(error);
      this.#expel(target, failure);
      this.#owner.observable.dispatchEvent(new ObserverFailureEvent(failure, target.observer, 0));
    }
  }

  #leave(edge: Edge): void {
    edge.isLeaving = true;
    try {
      this.#command({ call: "detach", target: edge.target.handle });
    } catch (error) {
      this.#edges.delete(edge.target.handle);
      this.#free(edge.target);
      edge.departure?.reject(error);
    }
  }
}
