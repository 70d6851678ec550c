/**
 * Checks of options: names and types here, ranges by the native side.
 *
 * @module
 */

import { type ArgumentError, outOfRange, wrongType } from "./errors.ts";

/** The values that a field takes: a type, one of the listed strings, or an object with fields of its own. */
export type Rule = "string" | "boolean" | "integer" | "number" | "strings" | readonly string[] | Rules;

/** The rule of every field; a field without one is rejected. */
export interface Rules {
  /** The rule for the field of this name. */
  readonly [field: string]: Rule;
}

/**
 * Checks the name and type of every option; returns the options without those that are `undefined`.
 *
 * JSON would turn NaN into null and drop functions, so both are rejected before.
 *
 * @throws {TypeError} For an unknown field, or a value of the wrong type.
 * @throws {RangeError} For a number that is not finite or not an integer, or a word that is not listed.
 */
export function checkedOptions<Options extends object>(options: Options, rules: Rules, prefix = ""): Options {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const name = prefix === "" ? "options" : prefix.slice(0, -1);
    throw wrongType(name, `Cannot use ${name} ${shown(options)}: it must be an object`);
  }
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of entries) {
    const field = prefix + name;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      throw wrongType(field, `Cannot use option "${field}": it is unknown; known are ${Object.keys(rules).join(", ")}`);
    }
    check(field, value, rule);
  }
  return Object.fromEntries(entries) as Options;
}

/**
 * Checks that `value` is one of the listed words.
 *
 * @throws {TypeError} If it is not a string.
 * @throws {RangeError} If it is another word.
 */
export function checkedWord<Word extends string>(field: string, value: Word, words: readonly Word[]): Word {
  check(field, value, words);
  return value;
}

function check(field: string, value: unknown, rule: Rule): void {
  const refuse = (must: string, error: (field: string, message: string) => ArgumentError): ArgumentError =>
    error(field, `Cannot use ${field} ${shown(value)}: it must be ${must}`);
  if (rule === "boolean") {
    if (typeof value !== "boolean") throw refuse("true or false", wrongType);
  } else if (rule === "integer" || rule === "number") {
    if (typeof value !== "number") throw refuse("a number", wrongType);
    if (!Number.isFinite(value)) throw refuse("finite", outOfRange);
    if (rule === "integer" && !(Number.isSafeInteger(value) && value >= 0)) throw refuse("a whole number", outOfRange);
  } else if (rule === "string") {
    if (typeof value !== "string") throw refuse("a string", wrongType);
  } else if (rule === "strings") {
    if (typeof value !== "object" || value === null) throw refuse("an object of strings", wrongType);
    for (const [name, one] of Object.entries(value)) check(`${field}.${name}`, one, "string");
  } else if (isList(rule)) {
    const words = rule.map((word) => JSON.stringify(word)).join(", ");
    if (typeof value !== "string") throw refuse(`one of ${words}`, wrongType);
    if (!rule.includes(value)) throw refuse(`one of ${words}`, outOfRange);
  } else {
    checkedOptions(value as object, rule, `${field}.`);
  }
}

function isList(rule: readonly string[] | Rules): rule is readonly string[] {
  return Array.isArray(rule);
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
