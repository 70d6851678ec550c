/**
 * The version of this library, and of the npm packages that carry its native part.
 *
 * @module
 */

/** The same as in `deno.json`, which no published module can read; the gate compares them. */
export const VERSION = "0.1.0";
