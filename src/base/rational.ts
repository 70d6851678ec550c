/**
 * Frame rates and timebases as exact ratios.
 *
 * @module
 */

import { LIMITS, type Rational } from "../generated/contract.ts";
import { outOfRange, wrongType } from "./errors.ts";

/** The largest denominator of a quotient that is recognised: that of NTSC's rates. */
const MOST_DENOMINATOR = 1001;

/**
 * The number as its decimal digits are written, 59.94 being 2997/50; or the quotient that it is, such as `60000 / 1001`.
 *
 * @throws {RangeError} Unless it is positive and both terms fit into 31 bits.
 */
export function rationalFromNumber(value: number, field: string): Rational {
  const match = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (match === null) throw refuse(field, value, "it must be a positive number");
  const [, whole = "", fraction = "", exponent = "0"] = match;
  const scale = Number(exponent) - fraction.length;
  const num = BigInt(whole + fraction) * 10n ** BigInt(Math.max(scale, 0));
  const den = 10n ** BigInt(Math.max(-scale, 0));
  if (num === 0n) throw refuse(field, value, "it must be a positive number");
  const divisor = greatestCommonDivisor(num, den);
  if (num / divisor > LIMITS.TERM || den / divisor > LIMITS.TERM) {
    const quotient = quotientOf(value);
    if (quotient !== undefined) return quotient;
    throw refuse(field, value, "it is not a ratio of two 31-bit integers; write { num, den }");
  }
  return { num: Number(num / divisor), den: Number(den / divisor) };
}

/**
 * Checks a frame rate.
 *
 * @throws {TypeError} Unless it is a number or a `Rational`.
 * @throws {RangeError} If its terms or the rate are outside `LIMITS`.
 */
export function frameRateOf(value: number | Rational, field = "frameRate"): Rational {
  const rate = typeof value === "number"
    ? rationalFromNumber(value, field)
    : checkedTerms(value, field, "frame rate", "a number or { num, den }");
  if (rate.num > LIMITS.FRAME_RATE * rate.den) {
    throw refuse(field, value, `it is above ${LIMITS.FRAME_RATE} frames per second`);
  }
  if (rate.den > LIMITS.FRAME_PERIOD * rate.num) {
    throw refuse(field, value, `it is below one frame in ${LIMITS.FRAME_PERIOD} seconds`);
  }
  return rate;
}

/**
 * Checks the frame rate of a recording.
 *
 * @throws {TypeError} Unless it is a number, a `Rational` or `"source"`.
 * @throws {RangeError} If it is another word, or its terms or the rate are outside `LIMITS`.
 */
export function recordingRateOf(value: number | Rational | "source", field = "frameRate"): Rational | "source" {
  if (typeof value !== "string") return frameRateOf(value, field);
  if (value === "source") return value;
  throw refuse(field, value, 'it must be a number, { num, den } or "source"');
}

/**
 * Checks a timebase.
 *
 * @throws {TypeError} Unless it is a `Rational`.
 * @throws {RangeError} If its terms are outside `LIMITS`.
 */
export function timeBaseOf(value: Rational, field = "timeBase"): Rational {
  return checkedTerms(value, field, "timebase", "{ num, den }");
}

/** The nearest floating-point value. */
export function rationalToNumber({ num, den }: Rational): number {
  return num / den;
}

/** The ratio of small integers of which `value` is the nearest floating-point number. */
function quotientOf(value: number): Rational | undefined {
  for (let den = 1; den <= MOST_DENOMINATOR; den++) {
    const num = Math.round(value * den);
    if (num > 0 && num <= LIMITS.TERM && num / den === value) return { num, den };
  }
  return undefined;
}

function checkedTerms(value: Rational, field: string, noun: string, must: string): Rational {
  const { num, den } = (value ?? {}) as Partial<Rational>;
  if (typeof num !== "number" || typeof den !== "number") {
    throw wrongType(field, `Cannot use ${noun} ${shown(value)}: it must be ${must}`);
  }
  if (![num, den].every((term) => Number.isInteger(term) && term > 0 && term <= LIMITS.TERM)) {
    throw refuse(field, value, `both terms must be integers from 1 to ${LIMITS.TERM}`, noun);
  }
  return { num, den };
}

function refuse(field: string, value: number | string | Rational, why: string, noun = "frame rate"): RangeError {
  return outOfRange(field, `Cannot use ${noun} ${shown(value)}: ${why}`);
}

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null && "num" in value && "den" in value) {
    return `${value.num}/${value.den}`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
