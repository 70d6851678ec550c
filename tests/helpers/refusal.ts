/** Errors as this library throws them: a class, a code, the field where one is wrong, and one clear sentence. */

import assert from "node:assert/strict";
import type { ErrorCode } from "../../mod.ts";

/** What an error must be. */
export interface Refusal {
  // deno-lint-ignore no-explicit-any -- constructors of errors take what they like
  readonly is: abstract new (...args: any[]) => Error;
  readonly code: ErrorCode;
  /** `undefined` where no argument is wrong. */
  readonly field?: string;
  /** What the sentence means. */
  readonly says: RegExp;
}

/** An error of this library. */
export type Refused = Error & { readonly code: ErrorCode; readonly field: string | undefined };

/** Asserts that `error` is the one expected, with one sentence without a full stop. */
export function assertRefusal(error: unknown, { is, code, field, says }: Refusal): asserts error is Refused {
  assert.ok(error instanceof is, `${String(error)} is no ${is.name}`);
  const refused = error as Refused;
  assert.deepEqual({ code: refused.code, field: refused.field }, { code, field }, refused.message);
  assert.match(refused.message, says);
  assert.match(refused.message, /^Cannot [^\n]+[^.\n]$/);
}

/** Asserts that `promise` rejects with the error expected, and gives it. */
export async function assertRefused(promise: Promise<unknown>, refusal: Refusal): Promise<Refused> {
  const error = await promise.then((value) => assert.fail(`nothing was refused: ${String(value)}`), (error) => error);
  assertRefusal(error, refusal);
  return error;
}

/** Asserts that `call` throws the error expected. */
export function assertRefusedNow(call: () => unknown, refusal: Refusal): void {
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  assertRefusal(error, refusal);
}
