/**
 * Requests: the form in which an observer gets its frames.
 *
 * @module
 */

import type { ColourSpace, FramePolicy, Rational, TapOptions } from "../generated/contract.ts";
import { ColourSpace as Colours } from "../base/codec.ts";
import { outOfRange, wrongType } from "../base/errors.ts";
import { checkedOptions, type Rule } from "../base/options.ts";
import { frameRateOf } from "../base/rational.ts";

/**
 * The form in which an observer gets its frames, and how many. Native threads convert, scale and thin out, once.
 *
 * Without a request an observer gets every frame as the observable makes it.
 */
export interface FrameRequest {
  /** Colour space; by default that of the observable. */
  colour?: ColourSpace;
  /** Width in pixels, 1 to 16384; by default that of the frames, or one that keeps their shape with `height`. */
  width?: number;
  /** Height in pixels, 1 to 16384; by default that of the frames, or one that keeps their shape with `width`. */
  height?: number;
  /** Most frames per second of the source's time; by default all. */
  rate?: number | Rational;
  /**
   * What happens to frames that come faster than the observer takes them.
   *
   * @default "all"
   */
  policy?: FramePolicy;
  /**
   * Frames that may wait under the policy `all`, 1 to 64.
   *
   * @default 8
   */
  queue?: number;
}

/** A request whose names, types and ranges have been checked. */
export type CheckedRequest = Partial<TapOptions>;

const RULES = {
  colour: Object.values(Colours),
  width: "integer",
  height: "integer",
  policy: ["all", "latest"],
  queue: "integer",
} as const satisfies Record<keyof Omit<FrameRequest, "rate">, Rule>;

const RANGES = { width: [1, 16_384], height: [1, 16_384], queue: [1, 64] } as const;

/**
 * Checks a request.
 *
 * @throws {TypeError} For an unknown field, or a value of the wrong type.
 * @throws {RangeError} For a value outside its range.
 */
export function checkedRequest(request: FrameRequest): CheckedRequest {
  if (typeof request !== "object" || request === null) {
    throw wrongType("request", `Cannot use request ${String(request)}: it must be an object`);
  }
  const { rate, ...rest } = request;
  const checked = checkedOptions(rest, RULES);
  for (const [field, [least, most]] of Object.entries(RANGES)) {
    const value = checked[field as keyof typeof RANGES];
    if (value !== undefined && !(value >= least && value <= most)) {
      throw outOfRange(field, `Cannot use ${field} ${value}: it must be ${least} to ${most}`);
    }
  }
  if (checked.policy === "latest" && checked.queue !== undefined) {
    throw outOfRange("queue", `Cannot use queue with policy "latest": only the newest frame waits`);
  }
  return rate === undefined ? checked : { ...checked, rate: frameRateOf(rate, "rate") };
}
