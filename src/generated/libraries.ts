/**
 * The native libraries that the packages of this version carry.
 *
 * @module
 */

/**
 * The SHA-256, in hexadecimal, of each platform package's library by the name of the package; filled when packages are
 * made, a checkout has none.
 */
export const LIBRARIES: Readonly<Record<string, string>> = {};
