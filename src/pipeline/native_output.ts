/**
 * How sources and filters hand their frames on: natively to targets, and through a tap to each other observer.
 *
 * @module
 */

import { sinkOf, strangerError } from "./attach.ts";
import { Consumer, MOST_FAILURES } from "./consumer.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { asError, errorOf } from "../base/errors.ts";
import { FailureEvent, ObserverEvent, ObserverFailureEvent, ObserverOverloadEvent } from "./events.ts";
import type { ColourSpace, Command, ErrorRecord } from "../generated/contract.ts";
import { type FrameOutput, type NativeTarget, outputOf } from "./link.ts";
import type { Native } from "../native/context.ts";
import type { Observable } from "./observable.ts";
import type { AnyObserver, ObserverStats } from "./observer.ts";
import type { CheckedRequest } from "./frame_request.ts";
import { type Overload, Tap, type TapOwner } from "./tap.ts";

/** A native observable, and what it must be told. */
export interface NativeOutputOwner {
  /** The public object, whose events tell of observers. */
  readonly observable: Observable;
  /** Where it was opened. */
  readonly native: Native;
  /** Its handle. */
  readonly handle: number;
  /** Its name in messages. */
  readonly name: string;
  /** Colour space of its frames, if it is always the same. */
  readonly colour: ColourSpace | undefined;
  /** Whether it waits for slow targets. */
  waitsForTargets(): boolean;
  /** Throws if it takes no observers any more. */
  checkOpen(): void;
  /** Whether it must run, or has handed on everything, may have changed. */
  changed(): void;
  /** The last of its observers could not be attached: nothing makes it run. */
  deserted(error: Error): void;
  /** It could not be started. */
  unstarted(error: unknown): void;
}

/** A target of which native code has been told. */
interface Edge {
  readonly target: NativeTarget;
  /** Whether its detachment has been requested natively. */
  isLeaving: boolean;
  /** Who waits for its detachment. */
  departure: Deferred<void> | undefined;
}

/** Sends native code, once a turn, the difference between the observers that are wanted and those it knows. */
export class NativeOutput implements FrameOutput, TapOwner {
  readonly #owner: NativeOutputOwner;
  readonly #wanted = new Map<AnyObserver, NativeTarget>();
  readonly #edges = new Map<number, Edge>();
  /** Those of whom native code has let go at the end, and who have not handed on all they got. */
  readonly #draining = new Set<NativeTarget>();
  /** Whose figures are told, also when they have left. */
  readonly #known = new WeakMap<AnyObserver, NativeTarget>();
  #isScheduled = false;
  #isEnding = false;
  #isOver = false;
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

  /** Whether somebody wants frames, or waits for the last ones. */
  get isActive(): boolean {
    return this.#wanted.size > 0 || this.#isEnding || !this.isDrained;
  }

  /** Whether somebody waits for a detachment. */
  get isAwaited(): boolean {
    for (const edge of this.#edges.values()) if (edge.departure !== undefined) return true;
    return false;
  }

  /** Whether everybody of whom native code has let go has handed on all frames. */
  get isDrained(): boolean {
    return this.#draining.size === 0;
  }

  /** Whether nobody is attached natively either. */
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
      // Native code must hear of it before the handle goes.
      if (edge !== undefined) this.#leave(edge);
      this.#stop(target);
    } else if (edge !== undefined) {
      this.#schedule();
    }
    if (edge === undefined) this.#letGo(target);
    this.#owner.changed();
    return edge?.departure?.promise ?? Promise.resolve();
  }

  observerStats(observer: AnyObserver): ObserverStats {
    const target = this.#known.get(observer);
    if (target !== undefined) return target.stats();
    throw strangerError(observer, this);
  }

  *below(): Iterable<FrameOutput> {
    for (const observer of this.#wanted.keys()) {
      const output = outputOf(observer);
      if (output !== undefined) yield output;
    }
  }

  /** Native code gave `handle` its first frame. */
  attached(handle: number): void {
    const edge = this.#edges.get(handle);
    if (edge !== undefined) this.#tell("attached", edge.target);
  }

  /** Native code has let go of `handle`. */
  detached(handle: number): void {
    const edge = this.#edges.get(handle);
    if (edge === undefined) return;
    this.#edges.delete(handle);
    const { target, isLeaving, departure } = edge;
    if (this.#wanted.get(target.observer) !== target) {
      this.#letGo(target);
      this.#tell("detached", target);
    } else if (isLeaving) {
      // Attached again meanwhile.
      this.#schedule();
      this.#tell("detached", target);
    } else {
      // Native code lets its targets go by itself at the end, just before it tells `ended`.
      this.#wanted.delete(target.observer);
      this.#isEnding ||= !target.isClosed();
      this.#drain(target);
    }
    departure?.resolve();
    this.#owner.changed();
  }

  /** Remembers why the frames ended, for those who wait for them. */
  fail(failure: Error): void {
    this.#failure ??= failure;
  }

  /** Calls no observer any more, and asks for nothing more. */
  abandon(): void {
    this.#isOver = true;
    const targets = new Set([...this.#wanted.values(), ...this.#draining]);
    this.#wanted.clear();
    this.#draining.clear();
    for (const target of targets) {
      if (target instanceof Tap) {
        target.stop();
        target.consumer.drop(this.#failure);
      }
      if (!this.#edges.has(target.handle)) this.#letGo(target);
    }
  }

  /** Native code has let go of everybody. */
  close(): void {
    this.abandon();
    for (const { target, departure } of this.#edges.values()) {
      this.#letGo(target);
      departure?.resolve();
    }
    this.#edges.clear();
  }

  failed(tap: Tap, error: unknown, failures: number): void {
    this.#owner.observable.dispatchEvent(new ObserverFailureEvent(asError(error), tap.observer, failures));
    if (failures >= MOST_FAILURES) this.#expel(tap);
  }

  overloaded(tap: Tap, { stage, reason, frames }: Overload): void {
    this.#owner.observable.dispatchEvent(new ObserverOverloadEvent(tap.observer, stage, reason, frames));
  }

  warned(record: ErrorRecord): void {
    this.#owner.observable.dispatchEvent(new FailureEvent("warning", errorOf("observer", record)));
  }

  drained(tap: Tap, error?: unknown): void {
    if (error !== undefined) this.failed(tap, error, 0);
    if (this.#draining.has(tap)) this.#await(tap, tap.consumer.flush(true, this.#failure));
    else this.#expel(tap);
  }

  #openTap(consumer: Consumer, request: CheckedRequest | undefined): Tap {
    const { native, colour } = this.#owner;
    return new Tap(native, { ...(colour && { colour }), ...request }, consumer, this);
  }

  #stop(tap: Tap): void {
    tap.stop();
    tap.consumer.flush(false);
  }

  #expel(tap: Tap): void {
    if (this.#wanted.get(tap.observer) === tap) this.detach(tap.observer).catch(() => {});
  }

  /** What waits for `observer` to be gone, which is no longer wanted. */
  #leaving(observer: AnyObserver): Promise<void> {
    for (const target of this.#draining) {
      if (target.observer !== observer) continue;
      if (target instanceof Tap) this.#stop(target);
      this.#dry(target);
    }
    for (const { target, departure } of this.#edges.values()) {
      if (target.observer === observer && departure !== undefined) return departure.promise;
    }
    return Promise.resolve();
  }

  /** Waits until `target` has handed on what it got. */
  #drain(target: NativeTarget): void {
    this.#draining.add(target);
    if (target instanceof Tap) target.finish();
    else this.#await(target, target.drained());
  }

  #await(target: NativeTarget, rest: Promise<unknown> | undefined): void {
    if (rest === undefined) this.#dry(target);
    else rest.then(() => this.#dry(target));
  }

  #dry(target: NativeTarget): void {
    if (!this.#draining.delete(target)) return;
    this.#letGo(target);
    this.#tell("detached", target);
    this.#owner.changed();
  }

  #letGo(target: NativeTarget): void {
    if (target.upstream === this && this.#wanted.get(target.observer) !== target) target.upstream = undefined;
  }

  #tell(type: "attached" | "detached", { observer }: NativeTarget): void {
    this.#owner.observable.dispatchEvent(new ObserverEvent(type, observer));
  }

  /** Lets the end of the turn tell native code the difference between what is wanted and what it knows. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isOver) this.#reconcile();
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
    // Later, so that what was attached below in the same turn is there for the first frame.
    if (newcomers.length > 0 && this.#edges.size > 0) queueMicrotask(() => this.#start());
    this.#owner.changed();
  }

  #start(): void {
    if (this.#isOver) return;
    try {
      this.#owner.native.backend.command(this.#owner.handle, { call: "start" }, "source");
    } catch (error) {
      this.#owner.unstarted(error);
    }
  }

  #command(command: Command): void {
    this.#owner.native.backend.command(this.#owner.handle, command, "observer");
  }

  #join(target: NativeTarget): void {
    try {
      this.#command({ call: "attach", target: target.handle });
      this.#edges.set(target.handle, { target, isLeaving: false, departure: undefined });
    } catch (error) {
      this.#wanted.delete(target.observer);
      this.#letGo(target);
      if (target instanceof Tap) this.#stop(target);
      else target.fail(error);
      this.#owner.observable.dispatchEvent(new ObserverFailureEvent(asError(error), target.observer, 0));
      if (this.#wanted.size === 0) this.#owner.deserted(asError(error));
    }
  }

  #leave(edge: Edge): void {
    edge.isLeaving = true;
    try {
      this.#command({ call: "detach", target: edge.target.handle });
    } catch (error) {
      this.#edges.delete(edge.target.handle);
      this.#letGo(edge.target);
      edge.departure?.reject(error);
    }
  }
}
