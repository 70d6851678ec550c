/**
 * The SHA-256 of the native library in each npm platform package, filled when packages are made; a checkout knows none.
 *
 * @module
 */

/** Package name to hexadecimal SHA-256. */
export const LIBRARIES: Readonly<Record<string, string>> = {};
