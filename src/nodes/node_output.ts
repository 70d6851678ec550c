/**
 * Hands on the frames of a node.
 *
 * @module
 */

import { asError, errorOf, GiftGrabError, wrongType } from "../base/errors.ts";
import { HEADER_LENGTH } from "../frame/header.ts";
import { describeFrame, frameBytes, inheritTime, releaseFrame } from "../frame/lend.ts";
import { VideoFrame } from "../frame/video_frame.ts";
import { type ErrorRecord, HEADER } from "../generated/contract.ts";
import { neverAttachedError, sinkOf } from "../pipeline/attach.ts";
import { type Attachment, Consumer, MOST_FAILURES } from "../pipeline/consumer.ts";
import { FailureEvent, ObserverEvent, ObserverFailureEvent, ObserverOverloadEvent } from "../pipeline/events.ts";
import type { CheckedRequest } from "../pipeline/frame_request.ts";
import { type FrameOutput, outputOf } from "../pipeline/link.ts";
import type { Observable } from "../pipeline/observable.ts";
import type { AnyObserver, ObserverStats } from "../pipeline/observer.ts";
import type { Overload } from "../pipeline/tap.ts";
import { CalledChild, type Child, type ChildOwner, type FedChild, TapChild, TargetChild } from "./node_children.ts";

/** Hands on the frames that a node emits: natively fed observers first, then the called ones in their order. */
export class NodeOutput implements FrameOutput, ChildOwner {
  readonly #node: Observable;
  readonly #isFed: () => boolean;
  readonly #known = new WeakMap<AnyObserver, Child>();
  /** Settled when the child is gone. */
  readonly #departures = new WeakMap<Child, Promise<void>>();
  readonly #header = new Float64Array(HEADER_LENGTH);
  // Replaced, never changed: a frame on its way goes to the observers that were attached when it came.
  #fed: readonly FedChild[] = [];
  #called: readonly CalledChild[] = [];
  #waitsForTargets = false;

  /** The output of `node`; `isFed` is whether a source or filter is above it. */
  constructor(node: Observable, isFed: () => boolean) {
    this.#node = node;
    this.#isFed = isFed;
  }

  get name(): string {
    return this.#node.constructor.name;
  }

  get waitsForTargets(): boolean {
    return this.#waitsForTargets;
  }

  get isLive(): boolean {
    return this.#isFed();
  }

  attach(observer: AnyObserver, request: CheckedRequest | undefined): void {
    const sink = sinkOf(observer, request, this);
    if (this.#known.get(observer)?.isAttached) return;
    if (!(sink instanceof Consumer)) {
      sink.upstream = this;
      this.#fed = [...this.#fed, this.#know(new TargetChild(sink))];
    } else if (request !== undefined) {
      this.#fed = [...this.#fed, this.#know(new TapChild(sink, request, this))];
    } else {
      this.#called = [...this.#called, this.#know(new CalledChild(sink, this))];
    }
  }

  async detach(observer: AnyObserver): Promise<void> {
    const child = this.#known.get(observer);
    if (child === undefined) return;
    if (child.isAttached) this.#departures.set(child, this.#leave(child));
    await this.#departures.get(child);
  }

  release(observer: AnyObserver): Promise<void> {
    return this.detach(observer);
  }

  /** A node ends its observers at once. */
  ends(): boolean {
    return false;
  }

  observerStats(observer: AnyObserver): ObserverStats {
    const child = this.#known.get(observer);
    if (child !== undefined) return child.stats();
    throw neverAttachedError(observer, this);
  }

  *below(): Iterable<FrameOutput> {
    for (const { observer } of [...this.#fed, ...this.#called]) {
      const output = outputOf(observer);
      if (output !== undefined) yield output;
    }
  }

  /**
   * Hands on the frame that the node returned for `origin`.
   *
   * @returns A promise if an observer is not done yet; it never rejects.
   * @throws {TypeError} If `emitted` cannot be handed on.
   * @throws {GiftGrabError} With the code `closed` if the frame has ended.
   */
  emit(origin: VideoFrame, emitted: unknown, attachment: Attachment): Promise<void> | undefined {
    this.#waitsForTargets = attachment.waitsForTargets;
    if (emitted === null || this.#fed.length + this.#called.length === 0) return undefined;
    const frame = emitted ?? origin;
    if (!(frame instanceof VideoFrame)) {
      throw wrongType("frame", `Cannot hand on ${String(frame)}: update() must return a frame, null or nothing`);
    }
    let buffer: ArrayBuffer | undefined;
    let data = frameBytes(frame);
    if (frame === origin) {
      const { length } = data;
      describeFrame(frame, this.#header);
      // The node is done with the frame, so its memory can serve the last called observer.
      buffer = releaseFrame(frame);
      if (buffer === undefined) throw transferredError();
      data = new Uint8Array(buffer, 0, length);
    } else {
      inheritTime(frame, origin);
      describeFrame(frame, this.#header);
      this.#complete(origin);
    }
    const waits = this.#feed(data, attachment);
    if (waits === undefined) return this.#show(data, buffer, attachment);
    return waits.then(() => this.#show(data, buffer, attachment));
  }

  /** Hands on everything that observers hold back; see {@linkcode Consumer.flush}. */
  flush(isEnd: boolean, failure?: Error): Promise<unknown> | undefined {
    const rests = [...this.#fed, ...this.#called].map((child) => child.flush(isEnd, failure));
    return rests.some((rest) => rest !== undefined) ? Promise.all(rests) : undefined;
  }

  /** Drops what observers hold back; see {@linkcode Consumer.abort}. */
  abort(failure?: Error): void {
    for (const child of [...this.#fed, ...this.#called]) child.abort(failure);
  }

  failed(child: Child, error: unknown, failures: number): void {
    this.#node.dispatchEvent(new ObserverFailureEvent(asError(error), child.observer, failures));
    if (failures >= MOST_FAILURES) this.#expel(child, asError(error));
  }

  overloaded(child: Child, { stage, reason, frames }: Overload): void {
    this.#node.dispatchEvent(new ObserverOverloadEvent(child.observer, stage, reason, frames));
  }

  warned(record: ErrorRecord): void {
    this.#node.dispatchEvent(new FailureEvent("warning", errorOf("observer", record)));
  }

  #know<C extends Child>(child: C): C {
    this.#known.set(child.observer, child);
    return child;
  }

  async #leave(child: Child): Promise<void> {
    child.isAttached = false;
    this.#fed = this.#fed.filter((one) => one !== child);
    this.#called = this.#called.filter((one) => one !== child);
    await child.leave();
    this.#node.dispatchEvent(new ObserverEvent("detached", child.observer));
  }

  /** Detaches a child because of `error`; what waits for its frames gets that. */
  #expel(child: Child, error: Error): void {
    if (!child.isAttached) return;
    child.abort(error);
    this.detach(child.observer);
  }

  /** Adds values that the native side needs and that a frame with a time of its own may lack. */
  #complete(origin: VideoFrame): void {
    const header = this.#header;
    if ((header[HEADER.sequence] ?? 0) < 0) header[HEADER.sequence] = origin.sequence ?? 0;
    if (header[HEADER.captureMs] === 0) header[HEADER.captureMs] = origin.captureTime ?? 0;
  }

  #feed(data: Uint8Array<ArrayBuffer>, attachment: Attachment): Promise<unknown> | undefined {
    let waits: Promise<void>[] | undefined;
    for (const child of this.#fed) {
      if (!child.isAttached) continue;
      try {
        const wait = child.send(this.#header, data, attachment);
        if (wait === undefined) this.#sent(child);
        else (waits ??= []).push(wait.then(() => this.#sent(child), (error) => this.#refused(child, error)));
      } catch (error) {
        this.#refused(child, error);
      }
    }
    return waits && Promise.all(waits);
  }

  #sent(child: FedChild): void {
    child.failures = 0;
    this.#begin(child);
  }

  #refused(child: FedChild, error: unknown): void {
    if (!child.isAttached) return;
    if (error instanceof GiftGrabError && error.code === "closed") this.#expel(child, error);
    else this.failed(child, error, ++child.failures);
  }

  /** Calls the called observers: the last one with `buffer` if there is one, the others with copies. */
  #show(
    data: Uint8Array<ArrayBuffer>,
    buffer: ArrayBuffer | undefined,
    attachment: Attachment,
  ): Promise<void> | undefined {
    const { pool } = attachment.native;
    const children = this.#called;
    const last = children.at(-1);
    let original = buffer;
    let waits: Promise<void>[] | undefined;
    for (const child of children) {
      if (!child.isAttached) continue;
      this.#begin(child);
      let memory = original;
      if (child === last) original = undefined;
      if (child !== last || memory === undefined) {
        const copy = pool.take(data.length);
        copy.set(data);
        memory = copy.buffer;
      }
      const wait = child.show(memory, this.#header, attachment);
      if (wait !== undefined) (waits ??= []).push(wait);
    }
    pool.put(original);
    return waits && Promise.all(waits).then(() => {});
  }

  #begin(child: Child): void {
    if (child.hasBegun || !child.isAttached) return;
    child.hasBegun = true;
    this.#node.dispatchEvent(new ObserverEvent("attached", child.observer));
  }
}

function transferredError(): Error {
  return errorOf("observer", {
    code: "closed",
    stage: "hub",
    message: "Cannot hand on the frame: its memory was transferred away",
  });
}
