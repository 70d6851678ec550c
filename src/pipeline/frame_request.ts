/**
 * Requests: the form in which an observer gets its frames.
 *
 * @module
 */

import { OPTION_RULES, type Rational, type TapOptions } from "../generated/contract.ts";
import { outOfRange } from "../base/errors.ts";
import { checkedOptions, checkPlain, rulesWithout } from "../base/options.ts";
import { frameRateOf } from "../base/rational.ts";

/**
 * The form in which an observer gets its frames, and how many. Native threads convert, scale and thin out, once.
 *
 * Without a request an observer gets every frame as the observable makes it.
 */
export interface FrameRequest extends Omit<TapOptions, "rate"> {
  /** Most frames per second of the source's time; by default all. */
  rate?: number | Rational | undefined;
  /**
   * Seconds for which the observer may have one frame, 1 to 86400. One whose promise is not settled by then is detached
   * with an `error` event whose code is `timeout`: it would hold up the end of the source, and with `pacing: "asap"` the
   * source itself. Default: 60.
   */
  patienceSeconds?: number | undefined;
}

/** A request whose names, types and ranges have been checked. */
export type CheckedRequest = Partial<TapOptions> & Pick<FrameRequest, "patienceSeconds">;

const RULES = {
  ...rulesWithout(OPTION_RULES.tap, "rate"),
  patienceSeconds: { type: "number", minimum: 1, maximum: 86_400 },
} as const;

/**
 * Checks a request.
 *
 * @throws {TypeError} For an unknown field, or a value of the wrong type.
 * @throws {RangeError} For a value outside its range.
 */
export function checkedRequest(request: FrameRequest): CheckedRequest {
  checkPlain("request", request);
  const { rate, ...rest } = request;
  const checked = checkedOptions(rest, RULES);
  if (checked.policy === "latest" && checked.queue !== undefined) {
    throw outOfRange("queue", `Cannot use queue with policy "latest": only the newest frame waits`);
  }
  return rate === undefined ? checked : { ...checked, rate: frameRateOf(rate, "rate") };
}
