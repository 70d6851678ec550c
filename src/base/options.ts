/**
 * Checks of options before they cross to the native side, which checks them again.
 *
 * @module
 */

import { type ArgumentError, outOfRange, wrongType } from "./errors.ts";
import { textFault } from "./text.ts";

/** The rule of a number, which is in its range where it has one; an integer is whole. */
export interface NumberRule {
  /** Its type. */
  readonly type: "number" | "integer";
  /** The smallest value. */
  readonly minimum?: number;
  /** The largest value. */
  readonly maximum?: number;
}

/** The rule of a field: a type or several, a list of words, an object with given fields, or one with any fields. */
export type Rule =
  | NumberRule
  | { readonly type: "string" }
  | { readonly type: "boolean" }
  | { readonly words: readonly string[] }
  | { readonly fields: Rules }
  | { readonly values: Rule }
  | { readonly types: readonly ("boolean" | "integer" | "string")[] };

/** The rule of every field; a field without one is refused. */
export interface Rules {
  /** The rule for the field of this name. */
  readonly [field: string]: Rule;
}

/** The rules without those of `fields`, which come otherwise than as options. */
export function rulesWithout<R extends Rules, Field extends keyof R>(rules: R, ...fields: Field[]): Omit<R, Field> {
  const entries = Object.entries(rules).filter(([field]) => !fields.includes(field as Field));
  return Object.fromEntries(entries) as Omit<R, Field>;
}

/**
 * The options without those that are `undefined`, every name, type and range checked.
 *
 * JSON would turn NaN into null and drop functions, so they are refused before.
 *
 * @throws {TypeError} For an unknown field, or a value of the wrong type.
 * @throws {RangeError} For a number that is not finite, not an integer or outside its range, an unknown word, or a text with a NUL character
 * or that is not well-formed Unicode.
 */
export function checkedOptions<Options extends object>(options: Options, rules: Rules, prefix = ""): Options {
  checkPlain(prefix === "" ? "options" : prefix.slice(0, -1), options);
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
 * Makes sure that `value` is a plain object: of an array, a map or an instance the fields would be overlooked.
 *
 * @throws {TypeError} If it is not.
 */
export function checkPlain(field: string, value: unknown, must = "an object such as { name: value }"): void {
  if (typeof value === "object" && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    // That of another realm is not this one's.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return;
  }
  throw wrongType(field, `Cannot use ${field} ${shown(value)}: it must be ${must}`);
}

/**
 * The word, if it is one of the listed ones.
 *
 * @throws {TypeError} If it is no string.
 * @throws {RangeError} If it is another word.
 */
export function checkedWord<Word extends string>(field: string, value: Word, words: readonly Word[]): Word {
  check(field, value, { words });
  return value;
}

function check(field: string, value: unknown, rule: Rule): void {
  const refuse = (must: string, error: (field: string, message: string) => ArgumentError): ArgumentError =>
    error(field, `Cannot use ${field} ${shown(value)}: it must be ${must}`);
  if ("words" in rule) {
    const words = rule.words.map((word) => JSON.stringify(word)).join(", ");
    if (typeof value !== "string") throw refuse(`one of ${words}`, wrongType);
    if (!rule.words.includes(value)) throw refuse(`one of ${words}`, outOfRange);
  } else if ("fields" in rule) {
    checkedOptions(value as object, rule.fields, `${field}.`);
  } else if ("values" in rule) {
    checkPlain(field, value, "an object of strings");
    for (const [name, one] of Object.entries(value as object)) check(`${field}.${name}`, one, rule.values);
  } else if ("types" in rule) {
    const type = typeof value === "number" ? "integer" : typeof value;
    const one = rule.types.find((possible) => possible === type);
    if (one === undefined) throw refuse(`one of the types ${rule.types.join(", ")}`, wrongType);
    if (one === "integer" && !Number.isSafeInteger(value)) throw refuse("a whole number", outOfRange);
    if (one === "string") check(field, value, { type: "string" });
  } else if (rule.type === "string") {
    if (typeof value !== "string") throw refuse("a string", wrongType);
    const fault = textFault(value);
    if (fault !== undefined) throw outOfRange(field, `Cannot use ${field} ${shown(value)}: ${fault}`);
  } else if (rule.type === "boolean") {
    if (typeof value !== "boolean") throw refuse("true or false", wrongType);
  } else {
    if (typeof value !== "number") throw refuse("a number", wrongType);
    if (!Number.isFinite(value)) throw refuse("finite", outOfRange);
    if (rule.type === "integer" && !(Number.isSafeInteger(value) && (value >= 0 || (rule.minimum ?? 0) < 0))) {
      throw refuse("a whole number", outOfRange);
    }
    const { minimum = -Infinity, maximum = Infinity } = rule;
    if (value < minimum || value > maximum) throw refuse(`${minimum} to ${maximum}`, outOfRange);
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
