/**
 * Asks Node's permission model before native code opens a file, for native code does not.
 *
 * @module
 */

import { resolve } from "node:path";
import process from "node:process";
import { errorOf } from "../../base/errors.ts";
import type { Access } from "../library.ts";

/**
 * Makes sure that the program may read or write a path; without `--permission` it may.
 *
 * @throws {VideoSourceError | VideoTargetError} With the code `permission_denied` and the flag to add.
 */
export function requestPermission(access: Access, path: string): void {
  // No version that this package supports grants hosts one by one.
  if (access === "net") return;
  // There is none without the flag, nor in its types before Node 20.
  const { permission } = process as { permission?: { has(scope: string, reference?: string): boolean } };
  if (permission === undefined || permission.has(`fs.${access}`, resolve(path))) return;
  throw errorOf(access === "read" ? "source" : "target", {
    code: "permission_denied",
    stage: "options",
    message: `Cannot ${access} ${JSON.stringify(path)}: Node does not allow it; add --allow-fs-${access}=${path}`,
    field: "path",
  });
}
