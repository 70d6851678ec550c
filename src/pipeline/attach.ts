/**
 * What may be attached to what.
 *
 * @module
 */

import { type Consumer, consumerOf } from "./consumer.ts";
import { errorOf, wrongType } from "../base/errors.ts";
import { leadsTo, type NativeTarget, nativeTarget, type Outlet, outletOf } from "./link.ts";
import type { AnyObserver } from "./observer.ts";
import type { CheckedRequest } from "./frame_request.ts";

/**
 * Who takes the frames that `observer` is to get from `outlet`: native code, or a call.
 *
 * @throws {TypeError} If it is no observer, cannot have a request, or its frames would come round again.
 * @throws {ObserverError} With the code `already_attached` if it gets frames from elsewhere and cannot take both.
 * @throws {GiftGrabError} With the code `closed` if it is closed.
 */
export function takerOf(
  observer: AnyObserver,
  request: CheckedRequest | undefined,
  outlet: Outlet,
): NativeTarget | Consumer {
  const target = nativeTarget(observer);
  const taker = target ?? consumerOf(observer);
  if (taker === undefined) {
    throw wrongType(
      "observer",
      `Cannot attach ${
        nameOf(observer)
      }: it is no observer; give a function, an object with update(), a writer or a filter`,
    );
  }
  if (target !== undefined) {
    if (request !== undefined) {
      const message = `Cannot attach ${target.name} with a request: it takes every frame as it comes`;
      throw wrongType("request", message);
    }
    target.checkOpen();
    checkFree(target, outlet);
  }
  const below = outletOf(observer);
  if (below !== undefined && leadsTo(below, outlet)) {
    const message = `Cannot attach ${nameOf(observer)} to ${outlet.name}: its frames would come round again`;
    throw wrongType("observer", message);
  }
  return taker;
}

/** The error for the figures of an observer that was never there. */
export function strangerError(observer: AnyObserver, outlet: Outlet): Error {
  return wrongType(
    "observer",
    `Cannot read the figures of ${nameOf(observer)}: it was never attached to ${outlet.name}`,
  );
}

function checkFree(target: NativeTarget, outlet: Outlet): void {
  const { upstream } = target;
  const busy = upstream === undefined
    ? target.feed.isWaiting && "frames that were appended to it still wait; await each append() first"
    : upstream !== outlet && "it is attached to another source; await its detach() first";
  if (busy === false) return;
  throw errorOf("observer", {
    code: "already_attached",
    stage: "hub",
    message: `Cannot attach ${target.name} to ${outlet.name}: ${busy}`,
  });
}

function nameOf(observer: unknown): string {
  const known = nativeTarget(observer as object)?.name ?? outletOf(observer as object)?.name;
  if (known !== undefined) return known;
  if (typeof observer === "function") return observer.name === "" ? "a function" : `function ${observer.name}`;
  if (typeof observer !== "object" || observer === null) return String(observer);
  const name: unknown = observer.constructor?.name;
  return typeof name === "string" && name !== "Object" ? `this ${name}` : "this object";
}
