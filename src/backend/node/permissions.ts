/**
 * Asks Node's permission model before native code opens a file, because native code does not.
 *
 * @module
 */

import { resolve } from "node:path";
import process from "node:process";
import { errorOf } from "../../base/errors.ts";

/**
 * Makes sure that the program may read or write `path`; without `--permission` it may.
 *
 * @throws {VideoSourceError | VideoTargetError} With the code `permission_denied`, naming the flag to add.
 */
export function requestPermission(name: "read" | "write", path: string): void {
  // There is none without the flag, nor in its types before Node 20.
  const { permission } = process as { permission?: { has(scope: string, reference?: string): boolean } };
  if (permission === undefined || permission.has(`fs.${name}`, resolve(path))) return;
  throw errorOf(name === "read" ? "source" : "target", {
    code: "permission_denied",
    stage: "options",
    message: `Cannot ${name} ${JSON.stringify(path)}: Node does not allow it; add --allow-fs-${name}=${path}`,
    field: "path",
  });
}
