/**
 * The version of the npm package that carries the library.
 *
 * @module
 */

/** The same as in `deno.json`, which no published module can read; the gate compares them. */
export const VERSION = "0.1.0";
