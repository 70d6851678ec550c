/**
 * Texts that cross to the native side.
 *
 * @module
 */

/** Why `text` cannot cross to the native side as it is; `undefined` if it can. */
export function textFault(text: string): string | undefined {
  if (text.includes("\0")) return "it contains a NUL character";
  return text.isWellFormed() ? undefined : "it contains half of a surrogate pair, which is no character";
}
