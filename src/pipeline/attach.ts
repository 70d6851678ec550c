/**
 * Which observers may be attached where.
 *
 * @module
 */

import { errorOf, wrongType } from "../base/errors.ts";
import { type Consumer, consumerOf } from "./consumer.ts";
import type { CheckedRequest } from "./frame_request.ts";
import { type FrameOutput, leadsTo, type NativeTarget, nativeTarget, outputOf } from "./link.ts";
import type { AnyObserver } from "./observer.ts";

/**
 * The sink that is to get the frames of `output` for `observer`: a native target, or the consumer that calls it.
 *
 * @throws {TypeError} If it is not an observer, cannot have a request, or its frames would return to it.
 * @throws {ObserverError} With the code `already_attached` if it gets other frames and cannot take both.
 * @throws {GiftGrabError} With the code `closed` if it is closed.
 */
export function sinkOf(
  observer: AnyObserver,
  request: CheckedRequest | undefined,
  output: FrameOutput,
): NativeTarget | Consumer {
  const target = nativeTarget(observer);
  const sink = target ?? consumerOf(observer);
  if (sink === undefined) {
    throw wrongType(
      "observer",
      `Cannot attach ${nameOf(observer)}: it is not an observer; ` +
        "use a function, an object with update(), a writer or a filter",
    );
  }
  if (target !== undefined) {
    if (request !== undefined) {
      const message = `Cannot attach ${target.name} with a request: it takes every frame as it comes`;
      throw wrongType("request", message);
    }
    target.checkOpen();
    checkFree(target, output);
  }
  const below = outputOf(observer);
  if (below !== undefined && leadsTo(below, output)) {
    const message = `Cannot attach ${nameOf(observer)} to ${output.name}: its frames would come round again`;
    throw wrongType("observer", message);
  }
  return sink;
}

/** The error for the stats of an observer that was never attached. */
export function neverAttachedError(observer: AnyObserver, output: FrameOutput): Error {
  return wrongType(
    "observer",
    `Cannot read the stats of ${nameOf(observer)}: it was never attached to ${output.name}`,
  );
}

/** The error for an observer that is attached when there are no frames any more. */
export function endedError(observer: AnyObserver, output: FrameOutput): Error {
  return errorOf("observer", {
    code: "closed",
    stage: "hub",
    message: `Cannot give a frame to ${nameOf(observer)}: ${output.name} has ended`,
  });
}

function checkFree(target: NativeTarget, output: FrameOutput): void {
  const { upstream } = target;
  const busy = upstream === undefined
    ? target.feed.isWaiting && "frames that were appended to it still wait; await each append() first"
    : upstream !== output && "it is attached to another source; await its detach() first";
  if (busy === false) return;
  throw errorOf("observer", {
    code: "already_attached",
    stage: "hub",
    message: `Cannot attach ${target.name} to ${output.name}: ${busy}`,
  });
}

function nameOf(observer: unknown): string {
  const known = nativeTarget(observer as object)?.name ?? outputOf(observer as object)?.name;
  if (known !== undefined) return known;
  if (typeof observer === "function") return observer.name === "" ? "a function" : `function ${observer.name}`;
  if (typeof observer !== "object" || observer === null) return String(observer);
  const name: unknown = observer.constructor?.name;
  return typeof name === "string" && name !== "Object" ? `this ${name}` : "this object";
}
